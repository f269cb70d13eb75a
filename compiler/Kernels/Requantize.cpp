// The registry and the operands of the kernel that makes bytes of sums.
#include "compiler/Kernels/Requantize.h"
#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>
#include <cstring>

namespace nibble::kernels {

static constexpr RequantizeKernelInfo registry[] = {
#define NIBBLE_REQUANTIZE_KERNEL(NAME, FEATURES, GENERATOR) {#NAME, FEATURES, GENERATOR},
#include "compiler/Kernels/Requantize.def"
};

std::span<const RequantizeKernelInfo> requantizeKernels() { return registry; }

const RequantizeKernelInfo *findRequantizeKernel(std::string_view name) {
  return findByName(requantizeKernels(), name);
}

std::string requantizeRefusal(const RequantizeParams &params) {
  return outsideLimits({{"rows", params.rows, 1, requantizeMaxRows},
                        {"columns", params.columns, requantizeStep, requantizeMaxColumns, requantizeStep},
                        {"stored columns", params.stored, requantizeStep, params.columns, requantizeStep},
                        {"the row stride", params.rowStride, 0, maxByteStride},
                        {"the offset", params.offset, -1024, 1024},
                        {"the lower bound", params.low, 0, 255},
                        {"the upper bound", params.high, params.low, 255}});
}

std::string bytesRefusal(const ByteResult &result, int columns) {
  return outsideLimits({{"the outer steps", result.outer, 0, INT64_MAX},
                        {"the row stride", result.rowStride, 0, maxByteStride},
                        {"the tile stride", result.tileStride, 0, 1 << 20, columns},
                        {"the offset", result.offset, -1024, 1024},
                        {"the lower bound", result.low, 0, 255},
                        {"the upper bound", result.high, result.low, 255}});
}

std::vector<uint8_t> packRequantize(int columns, std::span<const int32_t> correction, std::span<const float> multiplier,
                                    std::span<const float> bias) {
  const size_t block = columns, blocks = (multiplier.size() + block - 1) / block;
  std::vector<uint8_t> bytes(blocks * block * requantizeColumnBytes(!correction.empty()));
  uint8_t *to = bytes.data();
  const auto put = [&](const auto &values, size_t first) {
    const size_t count = std::min(block, values.size() - first);
    std::memcpy(to, values.data() + first, count * sizeof(values[0]));
    to += block * sizeof(values[0]);
  };
  for (size_t first = 0; first < multiplier.size(); first += block) {
    if (!correction.empty())
      put(correction, first);
    put(multiplier, first);
    put(bias, first);
  }
  return bytes;
}

MachineCode generate(const RequantizeKernelInfo &kernel, const RequantizeParams &params, size_t initialBytes) {
  return generateCode(kernel.name, initialBytes,
                      [&](std::span<uint8_t> buffer) { return kernel.emit(params, buffer); });
}

} // namespace nibble::kernels
