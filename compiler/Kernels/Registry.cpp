// The list of kernels, made from the manifest, and the driver of their generators.
#include "compiler/Kernels/Kernels.h"

#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/Generators.h"

namespace nibble::kernels {

static constexpr KernelInfo registry[] = {
#define NIBBLE_KERNEL(NAME, FEATURES, ACCUMULATION, WEIGHT_BITS, MAX_ACTIVATION, ROWS, COLUMNS, GENERATOR)             \
  {#NAME, FEATURES, Accumulation::ACCUMULATION, WEIGHT_BITS, MAX_ACTIVATION, ROWS, COLUMNS, GENERATOR},
#include "compiler/Kernels/Manifest.def"
};

std::span<const KernelInfo> allKernels() { return registry; }

const KernelInfo *findKernel(std::string_view name) { return findByName(allKernels(), name); }

std::optional<std::string_view> featuresOf(std::string_view name) {
  std::optional<std::string_view> features;
  const auto take = [&](const auto *kernel) {
    if (kernel)
      features = kernel->features;
  };
  take(findKernel(name));
  take(findLookupKernel(name));
  take(findListedKernel(name));
  take(findDepthwiseKernel(name));
  take(findRequantizeKernel(name));
  return features;
}

MachineCode generate(const KernelInfo &kernel, const DotParams &params, size_t initialBytes) {
  return generateCode(kernel.name, initialBytes,
                      [&](std::span<uint8_t> buffer) { return kernel.emit(params, buffer); });
}

std::string bytesToAsm(std::span<const uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 5 + bytes.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += i % 16 == 0 ? (i ? "\n.byte " : ".byte ") : ",";
    text += "0x";
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

} // namespace nibble::kernels
