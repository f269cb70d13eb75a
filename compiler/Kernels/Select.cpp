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

/// Windows of fewer groups cost more than they save: measured on 6 x 16 sums of 8-bit weights.
static constexpr int64_t leastWindow = 2;

static std::string plural(int64_t n, const char *what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

/// Why fields of the kernel's width cannot hold the weights; empty if they can.
static std::string fieldReason(const KernelInfo &kernel, const ContractionDesc &desc) {
  if (kernel.weightBits == 8 || (kernel.weightBits == 1 && desc.weightsBinary))
    return {};
  const std::string fields = "the kernel's fields of " + plural(kernel.weightBits, "bit");
  if (kernel.weightBits == 1)
    return "weights are not binary; " + fields + " hold +1 and -1";
  if (!desc.weightRange)
    return "weights are not known, so that they may not fit " + fields;
  const int64_t min = -(int64_t(1) << (kernel.weightBits - 1)), max = -min - 1;
  if (desc.weightRange->min < min || desc.weightRange->max > max)
    return "weights reach from " + std::to_string(desc.weightRange->min) + " to " +
           std::to_string(desc.weightRange->max) + "; " + fields + " hold " + std::to_string(min) + " to " +
           std::to_string(max);
  return {};
}

/// Why the kernel's sums may overflow for these weights; empty if they cannot.
static std::string sumReason(const KernelInfo &kernel, const ContractionDesc &desc, int64_t activationMax) {
  switch (kernel.accumulation) {
  case Accumulation::Exact32:
    return {};
  case Accumulation::Pairs32:
    if (!desc.worstPair)
      return "weights are not known, so that a 16-bit pair sum may saturate";
    if (pairSaturates(*desc.worstPair, activationMax))
      return "weights of channel " + std::to_string(desc.worstPair->channel) +
             " can saturate a 16-bit pair sum: " + std::to_string(activationMax) + " * " +
             std::to_string(desc.worstPair->sum) + " > 32767";
    return {};
  case Accumulation::Windows16:
    if (!desc.window)
      return "weights are not known, so that a 16-bit sum may overflow";
    if (const int64_t least = std::max<int64_t>(leastWindow, kernel.unitGroups());
        !desc.window->whole && desc.window->groups < least)
      return "weights of channel " + std::to_string(desc.window->channel) + " can overflow a 16-bit sum of " +
             plural(desc.window->groups + 1, "group") + " of 4 steps; the kernel needs " + std::to_string(least);
  }
  return {};
}

/// Why `kernel` cannot compute `desc`; empty if it can.
static std::string rejectionReason(const KernelInfo &kernel, const ContractionDesc &desc) {
  if (const std::string_view feature = missingFeature(kernel.features, desc); !feature.empty())
    return "target has no " + std::string(feature);
  if (desc.groupScales && !kernel.scalesGroups())
    return "weights have group scales, which the kernel does not take";
  if (const std::string_view feature = kernel.featureOfScales();
      desc.groupScales && !missingFeature(feature, desc).empty())
    return "target has no " + std::string(feature) + ", which group scales need";
  if (desc.activationSigned)
    return "activations are signed; the kernel multiplies unsigned bytes";
  if (desc.activationBits < 1 || desc.activationBits > 8)
    return "activations have " + std::to_string(desc.activationBits) + " bits; the kernel takes 1 to 8";
  if (desc.weightBits < 1 || desc.weightBits > 8)
    return "weights have " + std::to_string(desc.weightBits) + " bits; the kernel takes 1 to 8";
  if (desc.run < 1 || desc.outer < 1)
    return "the contraction is empty";
  const int64_t activationMax = (int64_t(1) << desc.activationBits) - 1;
  if (activationMax > kernel.maxActivation)
    return "activations reach " + std::to_string(activationMax) + "; the kernel takes at most " +
           std::to_string(kernel.maxActivation);
  if (desc.activationZeroPoint < 0 || desc.activationZeroPoint > activationMax)
    return "zero point " + std::to_string(desc.activationZeroPoint) + " lies outside the activations' range 0.." +
           std::to_string(activationMax);
  if (std::string reason = fieldReason(kernel, desc); !reason.empty())
    return reason;
  if (const int64_t unit = int64_t(dotGroup) * kernel.unitGroups(); desc.tapValues % unit)
    return plural(desc.tapValues, "value") + " of a tap are not a multiple of the " + std::to_string(unit) +
           " that lie together in the kernel's weights";
  return sumReason(kernel, desc, activationMax);
}

std::string unsafeSums(const KernelInfo &kernel, std::span<const int8_t> packed, int64_t tiles, int64_t outer,
                       int64_t run, int64_t activationMax, int64_t widenEvery, bool scaled) {
  if (kernel.accumulation == Accumulation::Pairs32) {
    const std::optional<PairWeight> worst = worstPair(packed, tiles, outer, run);
    if (!worst || pairSaturates(*worst, activationMax))
      return "its weights can saturate a 16-bit pair sum";
  } else if (kernel.accumulation == Accumulation::Windows16) {
    const std::optional<SafeWindow> window = safeWindow(packed, tiles, outer, run, activationMax);
    const int64_t all = (run + dotGroup - 1) / dotGroup;
    const bool safe =
        window &&
        (window->whole || (widenEvery ? window->groups >= std::min(widenEvery, all) : scaled && window->groups >= all));
    if (!safe)
      return "its weights can overflow the 16-bit sums of widen_every = " + std::to_string(widenEvery);
  }
  return {};
}

std::vector<Candidate> candidatesFor(const ContractionDesc &desc) {
  std::vector<Candidate> candidates;
  for (const KernelInfo &kernel : allKernels()) {
    Candidate &candidate = candidates.emplace_back(Candidate{std::string(kernel.name), rejectionReason(kernel, desc)});
    candidate.weightBits = kernel.weightBits;
    // Sums of groups end with each outer step.
    const bool isWhole =
        desc.window && (desc.window->whole || (desc.groupScales && desc.window->groups * dotGroup >= desc.run));
    if (candidate.reason.empty() && kernel.accumulation == Accumulation::Windows16 && !isWhole)
      candidate.widenEvery = desc.window->groups;
  }
  return candidates;
}

Selection selectKernel(const ContractionDesc &desc) {
  Selection selection;
  for (Candidate &candidate : candidatesFor(desc)) {
    if (candidate.reason.empty()) {
      selection.kernel = std::move(candidate.kernel);
      selection.widenEvery = candidate.widenEvery;
      return selection;
    }
    selection.rejections.push_back({std::move(candidate.kernel), std::move(candidate.reason)});
  }
  selection.kernel = "portable";
  return selection;
}

static bool usesVnni(const KernelInfo &kernel) {
  return kernel.features.starts_with("avx512vnni") || kernel.features.starts_with("avxvnni");
}

/// One row shares its activations among tiles; more of them only lengthen the code, unless something else is shared:
/// the bias of 4 bits, and with vpdpbusd of all narrow fields, each of which has a sum of its own then. Weights in
/// whole bytes come from memory faster in four streams than in eight.
static int64_t tilesOfARow(const KernelInfo &kernel) {
  if (usesVnni(kernel) && kernel.weightBits < 8)
    return std::min(mostTilesOfCall, kernel.maxRows * 2 / 3 / kernel.unitGroups());
  return kernel.weightBits == 4 ? mostTilesOfCall : mostTilesOfCall / 2;
}

Blocking blockingFor(const KernelInfo &kernel, int64_t rows, int64_t tiles, int64_t aRowStride) {
  constexpr int64_t setBytes = 4096, line = 64, rowsInASet = 6;
  const int64_t offset = ((aRowStride % setBytes) + setBytes) % setBytes;
  const bool isFar = aRowStride > line || aRowStride < -line;
  const bool collides = isFar && (offset < line || offset > setBytes - line);
  // Where there are registers for it, rows of two tiles: each activation that is broadcast then meets two vectors.
  const int twoTiles = usesVnni(kernel) && tiles > 1 ? kernel.maxRows / 2 : kernel.maxRows;
  const int64_t mostRows = collides ? std::min<int64_t>(rowsInASet, twoTiles) : twoTiles;
  // As few calls as possible, all of about the same size.
  const int64_t whole = std::max<int64_t>(rows, 1), calls = (whole + mostRows - 1) / mostRows;
  Blocking blocking;
  blocking.rows = static_cast<int>((whole + calls - 1) / calls);
  const int64_t most = std::min<int64_t>(kernel.maxRows / blocking.rows, blocking.rows == 1 ? tilesOfARow(kernel) : 2);
  blocking.tiles = static_cast<int>(std::clamp<int64_t>(tiles, 1, most));
  return blocking;
}

} // namespace nibble::kernels
