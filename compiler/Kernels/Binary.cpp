// The list of look-up kernels, what they refuse, and the driver of their generator.
#include "compiler/Kernels/Binary.h"

#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/BinaryLookup.h"

namespace nibble::kernels {

static constexpr LookupKernelInfo registry[] = {
#define NIBBLE_LOOKUP_KERNEL(NAME, FEATURES, ELEMENTS, WEIGHTS, GENERATOR)                                             \
  {#NAME, FEATURES, LookupElements::ELEMENTS, LookupWeights::WEIGHTS, GENERATOR},
#include "compiler/Kernels/Binary.def"
};

// Far above any kernel: a generator that asks for more is at fault.
static constexpr size_t maxCodeBytes = 1 << 18;
static constexpr int64_t maxColumnStride = 1 << 26; // so that displacements fit 32 bits

std::span<const LookupKernelInfo> lookupKernels() { return registry; }

const LookupKernelInfo *findLookupKernel(std::string_view name) {
  for (const LookupKernelInfo &kernel : registry)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

std::string lookupRefusal(const LookupKernelInfo &kernel, const LookupParams &params) {
  const auto outside = [](const char *what, int64_t value, int64_t low, int64_t high) {
    return std::string(what) + " must be " + std::to_string(low) + ".." + std::to_string(high) + ", not " +
           std::to_string(value);
  };
  if (params.columns < lookupColumns || params.columns > lookupMaxColumns || params.columns % lookupColumns)
    return outside("columns", params.columns, lookupColumns, lookupMaxColumns) + " in steps of 32";
  if (params.rows < 1 || params.rows > kernel.maxRows(params.columns))
    return outside("rows", params.rows, 1, kernel.maxRows(params.columns));
  const int64_t maxBytes = kernel.maxBytes(), maxChannels = maxBytes * (8 / lookupBits(kernel.elements));
  if (params.channels < 1 || params.channels > maxChannels)
    return outside("channels", params.channels, 1, maxChannels);
  if (params.taps < 1 || params.taps > maxBytes)
    return outside("taps", params.taps, 1, maxBytes);
  if (params.maxOuter < 1 || params.maxOuter > maxBytes)
    return outside("the outer steps", params.maxOuter, 1, maxBytes);
  // Each factor is at most 2^24: three of them do not fit 64 bits, two do.
  const int64_t ofTaps = params.taps * tapBytes(kernel.elements, params.channels);
  const int64_t bytes = ofTaps > maxBytes ? ofTaps : params.maxOuter * ofTaps;
  if (bytes > maxBytes)
    return "a sum over " + std::to_string(bytes) + " bytes of activations may exceed " +
           (kernel.counts() ? "32" : "16") + " bits; the kernel takes " + std::to_string(maxBytes);
  if (kernel.counts() && params.maxOuter > 1 && params.bOuterStride == 0)
    return "the steps of b must not lie at one place";
  if (params.bColumnStride < -maxColumnStride || params.bColumnStride > maxColumnStride)
    return outside("the column stride", params.bColumnStride, -maxColumnStride, maxColumnStride);
  return {};
}

MachineCode generate(const LookupKernelInfo &kernel, const LookupParams &params, size_t initialBytes) {
  if (std::string refusal = lookupRefusal(kernel, params); !refusal.empty())
    return {{}, "kernel " + std::string(kernel.name) + ": " + refusal};
  return generateCode(
      kernel.name, initialBytes, [&](std::span<uint8_t> buffer) { return kernel.emit(kernel, params, buffer); },
      maxCodeBytes);
}

} // namespace nibble::kernels
