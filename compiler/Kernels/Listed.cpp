// The list of listed kernels, what they refuse, and the driver of their generators.
#include "compiler/Kernels/Listed.h"

#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>

namespace nibble::kernels {

static constexpr ListedKernelInfo registry[] = {
#define NIBBLE_LISTED_KERNEL(NAME, FEATURES, ROWS, GENERATOR) {#NAME, FEATURES, ROWS, GENERATOR},
#include "compiler/Kernels/Listed.def"
};

std::span<const ListedKernelInfo> listedKernels() { return registry; }

const ListedKernelInfo *findListedKernel(std::string_view name) {
  for (const ListedKernelInfo &kernel : registry)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

static std::string outside(const char *what, int64_t low, int64_t high, int64_t value) {
  if (value >= low && value <= high)
    return {};
  return std::string(what) + " must be " + std::to_string(low) + ".." + std::to_string(high) + ", not " +
         std::to_string(value);
}

std::string listedRefusal(const ListedKernelInfo &kernel, const ListedParams &params) {
  constexpr int64_t farthest = int64_t(1) << 30;
  for (const std::string &reason : {outside("rows", 1, kernel.maxRows, params.rows),
                                    outside("the groups of a window", 1, listedMaxWindow, params.window),
                                    outside("the segments of a step", 1, listedMaxRun, params.stepSegments),
                                    outside("the segments of a call", 1, params.stepSegments, params.segments),
                                    outside("the first k", 0, listedMaxRun - 1, params.firstK)})
    if (!reason.empty())
      return reason;
  if (const int64_t most = farthest / kernel.maxRows;
      params.rows > 1 && (params.aRowStride > most || params.aRowStride < -most))
    return "rows lie " + std::to_string(params.aRowStride) + " bytes apart; the kernel reaches " + std::to_string(most);
  return {};
}

MachineCode generate(const ListedKernelInfo &kernel, const ListedParams &params, size_t initialBytes) {
  return generateCode(kernel.name, initialBytes,
                      [&](std::span<uint8_t> buffer) { return kernel.emit(kernel, params, buffer); });
}

} // namespace nibble::kernels
