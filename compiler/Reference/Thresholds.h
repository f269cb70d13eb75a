// Rule R8.9: integer thresholds that equal a requantisation over the whole reachable accumulator range.
#pragma once
#include "compiler/Reference/Accumulator.h"
#include "compiler/Reference/Quantize.h"
#include "compiler/Support/Result.h"

#include <cstdint>
#include <vector>

namespace nibble::reference {

/// q(acc) = base + step * (number of points t with acc >= t). The points ascend. A point at range.lo is always passed,
/// one at range.hi + 1 never, so the table may be used for accumulators inside the range only.
struct Thresholds {
  int32_t base = 0;
  int32_t step = 1;
  std::vector<int64_t> points;

  int32_t operator()(int64_t acc) const;
};

/// Replaces requantize(acc, M, B, bounds): bounds.qmax - bounds.qmin points, found by binary search over `range` with
/// the very fma that they replace. A negative M gives step -1. Fails for more than 7 steps (3 bits) or if M or B is not
/// finite.
Result<Thresholds> gridThresholds(float multiplier, float offset, Grid bounds, AccumulatorRange range);

/// Replaces toSign(fma(f32(acc), M, B), bounds): one point, step +-2 (none when the bounds decide).
Result<Thresholds> signThresholds(float multiplier, float offset, AccumulatorRange range, Grid bounds = {-1, 1});

} // namespace nibble::reference
