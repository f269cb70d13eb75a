// The list of look-up kernels, what they refuse, and the driver of their generator.
#include "compiler/Kernels/Binary.h"

#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/BinaryLookup.h"

#include <cstring>

namespace nibble::kernels {

static constexpr LookupKernelInfo registry[] = {
#define NIBBLE_LOOKUP_KERNEL(NAME, FEATURES, ELEMENTS, WEIGHTS, VECTOR_BYTES, GENERATOR)                               \
  {#NAME, FEATURES, LookupElements::ELEMENTS, LookupWeights::WEIGHTS, VECTOR_BYTES, GENERATOR},
#include "compiler/Kernels/Binary.def"
};

// Far above any kernel: a generator that asks for more is at fault.
static constexpr size_t maxCodeBytes = 1 << 18;
static constexpr int64_t maxColumnStride = 1 << 26; // so that displacements fit 32 bits

std::span<const LookupKernelInfo> lookupKernels() { return registry; }

const LookupKernelInfo *findLookupKernel(std::string_view name) { return findByName(lookupKernels(), name); }

std::string lookupRefusal(const LookupKernelInfo &kernel, const LookupParams &params) {
  if (std::string reason = outsideLimits({{"columns", params.columns, lookupColumns, lookupMaxColumns, lookupColumns}});
      !reason.empty())
    return reason;
  const int64_t maxBytes = kernel.maxBytes(), maxChannels = maxBytes * (8 / lookupBits(kernel.elements));
  if (std::string reason = outsideLimits({{"rows", params.rows, 1, kernel.maxRows(params.columns)},
                                          {"channels", params.channels, 1, maxChannels},
                                          {"taps", params.taps, 1, maxBytes},
                                          {"the outer steps", params.maxOuter, 1, maxBytes}});
      !reason.empty())
    return reason;
  const int64_t bytes = params.maxOuter * params.taps * tapBytes(kernel.elements, params.channels);
  if (bytes > maxBytes)
    return "a sum over " + std::to_string(bytes) + " bytes of activations" +
           (kernel.counts() ? "" : " may exceed 16 bits") + "; the kernel takes " + std::to_string(maxBytes);
  if (kernel.counts() && params.maxOuter > 1 && params.bOuterStride == 0)
    return "the steps of b must not lie at one place";
  return outsideLimits({{"the column stride", params.bColumnStride, -maxColumnStride, maxColumnStride}});
}

std::vector<uint8_t> ternaryWords(std::span<const uint8_t> fields) {
  constexpr size_t words = lookupColumns, bytes = words * sizeof(uint32_t);
  constexpr uint32_t low = 0x55555555; // of each two bits
  std::vector<uint8_t> made(fields.size() / bytes * bytes * 2);
  for (size_t block = 0; block < fields.size() / bytes; ++block)
    for (size_t column = 0; column < words; ++column) {
      uint32_t weights = 0;
      std::memcpy(&weights, &fields[block * bytes + column * sizeof weights], sizeof weights);
      const uint32_t some = weights & low, plus = some & ~(weights >> 1);
      const uint32_t mask = some * 3, flips = (plus * 3) ^ low;
      uint8_t *to = &made[2 * block * bytes + column * sizeof weights];
      std::memcpy(to, &mask, sizeof mask);
      std::memcpy(to + bytes, &flips, sizeof flips);
    }
  return made;
}

MachineCode generate(const LookupKernelInfo &kernel, const LookupParams &params, size_t initialBytes) {
  return generateCode(
      kernel.name, initialBytes, [&](std::span<uint8_t> buffer) { return kernel.emit(kernel, params, buffer); },
      maxCodeBytes);
}

} // namespace nibble::kernels
