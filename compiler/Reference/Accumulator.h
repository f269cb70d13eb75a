// Rules R5 and R7: what an integer accumulator can reach, and the exact products of grid values.
#pragma once

#include <cstdint>
#include <span>

namespace nibble::reference {

/// R5.1: the smallest and the largest value of one accumulator.
struct AccumulatorRange {
  int64_t lo = 0;
  int64_t hi = 0;

  /// R5.2: no partial sum, in any order and with any taps skipped, leaves the signed integers of this many bits.
  bool fits(int bits) const;
};

/// R5.1: lo = sum of min(0, w * xmin, w * xmax), hi likewise with max. `weights` are qw - zw of one output channel;
/// [xmin, xmax] is qx - zx over the whole activation grid, so xmin <= 0 <= xmax ({-1, +1} for binary).
AccumulatorRange accumulatorRange(std::span<const int32_t> weights, int32_t xmin, int32_t xmax);

/// R5.3: a saturating 16-bit sum of two u8 x s8 products cannot saturate. xmax: the largest activation, at most 255.
bool pairCannotSaturate(int32_t w0, int32_t w1, int32_t xmax = 255);

/// R7.3: the longest chunk of k whose f32 sum of products is exact: floor(2^24 / (maxX * maxW)), where a zero factor
/// counts as 1. 0 means that not even one product is known to be exact in f32.
int64_t exactChunk(int64_t maxAbsX, int64_t maxAbsW);

/// R7.2: f32(acc) * (sx * sw): the value of a contraction of two grids, one rounding for each operation.
float contractionValue(int64_t acc, float sx, float sw);

} // namespace nibble::reference
