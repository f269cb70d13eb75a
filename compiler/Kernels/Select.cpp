// The choice of a kernel for a contraction.
#include "compiler/Kernels/Select.h"

#include <algorithm>

namespace nibble::kernels {

std::optional<PairWeight> worstPair(std::span<const int8_t> packed, int64_t tiles, int64_t outer, int64_t run) {
  if (tiles < 0 || outer < 0 || run < 0 || static_cast<int64_t>(packed.size()) != tiles * packedBytes(outer, run))
    return std::nullopt;
  PairWeight worst;
  const int8_t *pair = packed.data();
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t group = 0; group < run; group += dotGroup)
        for (int n = 0; n < dotColumns; ++n)
          for (int64_t k = group; k < group + dotGroup; k += 2, pair += 2) {
            const int positive = std::max<int>(pair[0], 0) + std::max<int>(pair[1], 0);
            const int negative = std::max<int>(-pair[0], 0) + std::max<int>(-pair[1], 0);
            if (const int sum = std::max(positive, negative); sum > worst.sum)
              worst = {sum, tile * dotColumns + n, o, k};
          }
  return worst;
}

/// The first of the comma-separated `features` that the target lacks, or an empty view.
static std::string_view missingFeature(std::string_view features, const ContractionDesc &desc) {
  while (!features.empty()) {
    const std::string_view feature = features.substr(0, features.find(','));
    if (!desc.hasFeature || !desc.hasFeature(feature))
      return feature;
    features.remove_prefix(std::min(features.size(), feature.size() + 1));
  }
  return {};
}

/// Why `kernel` cannot compute `desc`; empty if it can.
static std::string rejectionReason(const KernelInfo &kernel, const ContractionDesc &desc) {
  if (const std::string_view feature = missingFeature(kernel.features, desc); !feature.empty())
    return "target has no " + std::string(feature);
  if (desc.activationSigned)
    return "activations are signed; the kernel multiplies unsigned bytes";
  if (desc.activationBits < 1 || desc.activationBits > 8)
    return "activations have " + std::to_string(desc.activationBits) + " bits; the kernel takes 1 to 8";
  if (desc.weightBits < 1 || desc.weightBits > 8)
    return "weights have " + std::to_string(desc.weightBits) + " bits; the kernel takes 1 to 8";
  if (desc.run < 1 || desc.outer < 1)
    return "the contraction is empty";
  const int64_t activationMax = (int64_t(1) << desc.activationBits) - 1;
  if (desc.activationZeroPoint < 0 || desc.activationZeroPoint > activationMax)
    return "zero point " + std::to_string(desc.activationZeroPoint) + " lies outside the activations' range 0.." +
           std::to_string(activationMax);
  if (desc.activationZeroPoint != 0 && desc.skipsPaddedTaps)
    return "zero point " + std::to_string(desc.activationZeroPoint) +
           " needs a correction that differs from position to position where padded taps are skipped";
  if (kernel.pairRule == PairRule::AnyWeights)
    return {};
  if (!desc.worstPair)
    return "weights are not known, so that a 16-bit pair sum may saturate";
  if (pairSaturates(*desc.worstPair, activationMax))
    return "weights of channel " + std::to_string(desc.worstPair->channel) +
           " can saturate a 16-bit pair sum: " + std::to_string(activationMax) + " * " +
           std::to_string(desc.worstPair->sum) + " > 32767";
  return {};
}

Selection selectKernel(const ContractionDesc &desc) {
  Selection selection;
  for (const KernelInfo &kernel : allKernels()) {
    std::string reason = rejectionReason(kernel, desc);
    if (reason.empty()) {
      selection.kernel = kernel.name;
      return selection;
    }
    selection.rejections.push_back({std::string(kernel.name), std::move(reason)});
  }
  selection.kernel = "portable";
  return selection;
}

} // namespace nibble::kernels
