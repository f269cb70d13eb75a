// Rules R6 and R8: from an accumulator to the next value.
#include "compiler/Reference/Requantize.h"
#include "compiler/Reference/Rounding.h"

#include <algorithm>
#include <cmath>

namespace nibble::reference {

float scaleAccumulator(int64_t acc, float multiplier, float offset) {
  return std::fma(static_cast<float>(acc), multiplier, offset);
}

float scaleAccumulator(int64_t acc, float multiplier, float offset, float residual, float residualMultiplier) {
  return std::fma(residual, residualMultiplier, scaleAccumulator(acc, multiplier, offset));
}

int32_t toGrid(float v, Grid bounds) {
  return static_cast<int32_t>(
      roundHalfEven(clampFloat(v, static_cast<float>(bounds.qmin), static_cast<float>(bounds.qmax))));
}

int32_t toSign(float v, Grid bounds) { return std::clamp(sign(v), bounds.qmin, bounds.qmax); }

int32_t requantize(int64_t acc, float multiplier, float offset, Grid bounds) {
  return toGrid(scaleAccumulator(acc, multiplier, offset), bounds);
}

Result<FixedMultiplier> fixedMultiplier(double multiplier) {
  if (!(std::fabs(multiplier) < 0x1p30))
    return Failure{"a fixed-point multiplier must be finite and below 2^30 in magnitude; use the float profile"};
  if (multiplier == 0.0)
    return FixedMultiplier{};
  int shift = 0;
  double mantissa = std::round(std::frexp(multiplier, &shift) * 0x1p31);
  if (std::fabs(mantissa) == 0x1p31) {
    mantissa /= 2;
    ++shift;
  }
  // A right shift above 62 leaves nothing of a product below 2^62.
  if (shift < -31)
    return FixedMultiplier{};
  return FixedMultiplier{static_cast<int32_t>(mantissa), shift};
}

int32_t requantizeFixed(int32_t acc, FixedMultiplier multiplier, int32_t zeroPoint, Grid bounds) {
  int right = 31 - multiplier.shift;
  int64_t product = static_cast<int64_t>(acc) * multiplier.mantissa;
  int64_t scaled = (product + (int64_t(1) << (right - 1))) >> right;
  return static_cast<int32_t>(std::clamp<int64_t>(scaled + zeroPoint, bounds.qmin, bounds.qmax));
}

} // namespace nibble::reference
