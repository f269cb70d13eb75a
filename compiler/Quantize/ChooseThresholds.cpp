// nibble-choose-thresholds: integer comparisons instead of the fma of binary requantisations (R8.9).
#include "compiler/Graph/RequireStage.h"
#include "compiler/Quantize/AccumulatorRanges.h"
#include "compiler/Quantize/Passes.h"
#include "compiler/Reference/Thresholds.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_CHOOSETHRESHOLDS
#include "compiler/Quantize/Passes.h.inc"

namespace {

constexpr reference::AccumulatorRange kAllIntegers{INT32_MIN, INT32_MAX};

struct Comparison {
  int64_t threshold;
  int32_t flip;
};

/// -1 where (acc ^ flip) < threshold, for every acc of the range.
std::optional<Comparison> comparisonOf(float multiplier, float offset, reference::Grid bounds,
                                       reference::AccumulatorRange range) {
  auto points = reference::signThresholds(multiplier, offset, range, bounds);
  if (!points)
    return std::nullopt;
  if (points->points.empty()) // the bounds decide: always -1, or never
    return Comparison{points->base < 0 ? range.hi + 1 : range.lo, 0};
  int64_t point = points->points.front();
  // acc >= t is -1 for a negative multiplier: ~acc <= ~t, that is ~acc < -t.
  return points->step > 0 ? Comparison{point, 0} : Comparison{-point, -1};
}

void choose(RequantizeOp op) {
  if (op.getResidual() || op.getThresholds() || op.getProfile() != RequantProfile::Float ||
      !op.getInput().getType().getElementType().isInteger(32) ||
      !isa<BinaryType>(op.getResult().getType().getElementType()))
    return;
  std::optional<std::vector<reference::AccumulatorRange>> ranges;
  if (auto contraction = op.getInput().getDefiningOp<ContractionOpInterface>())
    ranges = accumulatorRanges(contraction);
  auto at = [](ArrayRef<float> values, size_t c) { return values[values.size() == 1 ? 0 : c]; };
  SmallVector<int32_t> thresholds, flips;
  for (int64_t c = 0; c < op.getResult().getType().getShape().back(); ++c) {
    reference::Grid bounds{at(op.getLo(), c) < 0.0f ? -1 : 1, at(op.getHi(), c) < 0.0f ? -1 : 1};
    auto comparison =
        comparisonOf(at(op.getMultiplier(), c), at(op.getBias(), c), bounds, ranges ? (*ranges)[c] : kAllIntegers);
    // A channel that is -1 for all 2^32 accumulators has no 32-bit threshold: the fma stays.
    if (!comparison || comparison->threshold != static_cast<int32_t>(comparison->threshold))
      return;
    thresholds.push_back(static_cast<int32_t>(comparison->threshold));
    flips.push_back(comparison->flip);
  }
  op.setThresholds(thresholds);
  op.setFlips(flips);
}

struct ChooseThresholdsPass : impl::ChooseThresholdsBase<ChooseThresholdsPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-choose-thresholds", Needs::Quantized)))
      return signalPassFailure();
    getOperation().walk(choose);
  }
};

} // namespace
} // namespace nibble
