// The list of listed kernels, what they refuse, and the driver of their generators.
#include "compiler/Kernels/Listed.h"

#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/Generators.h"

namespace nibble::kernels {

static constexpr ListedKernelInfo registry[] = {
#define NIBBLE_LISTED_KERNEL(NAME, FEATURES, ROWS, GENERATOR) {#NAME, FEATURES, ROWS, GENERATOR},
#include "compiler/Kernels/Listed.def"
};

std::span<const ListedKernelInfo> listedKernels() { return registry; }

const ListedKernelInfo *findListedKernel(std::string_view name) { return findByName(listedKernels(), name); }

std::string listedRefusal(const ListedKernelInfo &kernel, const ListedParams &params) {
  constexpr int64_t farthest = int64_t(1) << 30;
  if (std::string reason = outsideLimits({{"rows", params.rows, 1, kernel.maxRows},
                                          {"the groups of a window", params.window, 1, listedMaxWindow},
                                          {"the segments of a step", params.stepSegments, 1, listedMaxRun},
                                          {"the segments of a call", params.segments, 1, params.stepSegments},
                                          {"the first k", params.firstK, 0, listedMaxRun - 1}});
      !reason.empty())
    return reason;
  if (const int64_t most = farthest / kernel.maxRows;
      params.rows > 1 && (params.aRowStride > most || params.aRowStride < -most))
    return "rows lie " + std::to_string(params.aRowStride) + " bytes apart; the kernel reaches " + std::to_string(most);
  return params.bytes ? bytesRefusal(*params.bytes, listedColumns) : "";
}

MachineCode generate(const ListedKernelInfo &kernel, const ListedParams &params, size_t initialBytes) {
  return generateCode(kernel.name, initialBytes,
                      [&](std::span<uint8_t> buffer) { return kernel.emit(kernel, params, buffer); });
}

} // namespace nibble::kernels
