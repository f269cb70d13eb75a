// Rules R5 and R7: what an integer accumulator can reach, and the exact products of grid values.
#include "compiler/Reference/Accumulator.h"

#include <algorithm>

namespace nibble::reference {

bool AccumulatorRange::fits(int bits) const {
  int64_t max = static_cast<int64_t>((uint64_t(1) << (bits - 1)) - 1);
  return lo >= -max - 1 && hi <= max;
}

AccumulatorRange accumulatorRange(std::span<const int32_t> weights, int32_t xmin, int32_t xmax) {
  AccumulatorRange range;
  for (int64_t w : weights) {
    range.lo += std::min({int64_t(0), w * xmin, w * xmax});
    range.hi += std::max({int64_t(0), w * xmin, w * xmax});
  }
  return range;
}

bool pairCannotSaturate(int32_t w0, int32_t w1, int32_t xmax) {
  int64_t positive = int64_t(std::max(w0, 0)) + std::max(w1, 0);
  int64_t negative = int64_t(std::max(-w0, 0)) + std::max(-w1, 0);
  return xmax * std::max(positive, negative) <= 32767;
}

int64_t exactChunk(int64_t maxAbsX, int64_t maxAbsW) {
  return (int64_t(1) << 24) / (std::max<int64_t>(maxAbsX, 1) * std::max<int64_t>(maxAbsW, 1));
}

float contractionValue(int64_t acc, float sx, float sw) { return static_cast<float>(acc) * (sx * sw); }

} // namespace nibble::reference
