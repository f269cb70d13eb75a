// Rules R1 to R4: grids, uniform, binary and ternary quantisers.
#pragma once
#include "compiler/Support/Result.h"

#include <cstdint>
#include <span>

namespace nibble::reference {

/// R2: the integers qmin..qmax, 0 included unless the grid is that of a binary value.
struct Grid {
  int32_t qmin;
  int32_t qmax;
  bool operator==(const Grid &) const = default;
};

/// R2.1: bits in 1..8 or 16. Narrow drops the lowest value of a signed grid; it is refused for unsigned and 1-bit
/// grids.
Result<Grid> gridOf(int bits, bool isSigned, bool isNarrow);

/// R1.5: a positive normal finite scale; anything else becomes one. 0, negative numbers and NaN give 1, positive
/// subnormals 2^-126, +inf the largest finite f32.
float legalScale(float scale);
bool isLegalScale(float scale);

/// Scale and zero point of a uniform quantiser: value = (q - zeroPoint) * scale.
struct QuantParams {
  float scale;
  int32_t zeroPoint;
};

/// R1.4: a range of values; it always contains 0.
struct Range {
  float min = 0.0f;
  float max = 0.0f;
};

/// R1.4: [min(0, values), max(0, values)] by comparisons, which skip NaN. The order of the values does not matter.
Range rangeOf(std::span<const float> values);

/// R1.8: the running range after one more batch: the batch's if none was seen, else fma(momentum, end, (1 - momentum) *
/// batch) for each end.
Range updateRange(Range running, float seen, Range batch, float momentum);

enum class Symmetry { Symmetric, Asymmetric };

/// R1.6, R1.7: scale and zero point from a range. Fails for a symmetric grid without a positive value (1 bit signed).
Result<QuantParams> paramsOf(Range range, Grid grid, Symmetry symmetry);

/// R1.2: clamp(roundHalfEven(x / s) + z, qmin, qmax); NaN gives z.
int32_t quantize(float x, QuantParams params, Grid grid);

/// R1.3: f32(q - z) * s.
float dequantize(int32_t q, QuantParams params);

/// R1.9, clipped straight-through estimator: does the gradient pass at x? qmin - z <= x / s <= qmax - z, before
/// rounding.
bool passesGradient(float x, QuantParams params, Grid grid);

/// R3.1: -1 for x < 0, else +1: both zeros and NaN give +1.
int32_t sign(float x);

/// R3.5: |x| <= 1, the clipped straight-through estimator of sign.
bool signPassesGradient(float x);

/// R3.2: K - 2 * popcount(a xor b). Bit k of word k / 32 holds element k, 0 for +1 and 1 for -1; bits from K on are
/// ignored.
int32_t binaryDot(std::span<const uint32_t> a, std::span<const uint32_t> b, int64_t count);

enum class TernaryRule { Mean, Median, Fixed };

/// R4.2: the scale g. Mean: R9 sum of |w| / n. Median: the lower middle of |w|. Both at least 1e-5. Fixed: the given
/// scale.
float ternaryScale(std::span<const float> weights, TernaryRule rule, float fixedScale = 1.0f);

/// R4.1: clamp(roundHalfEven(w / g), -1, 1); NaN gives 0.
int32_t ternarize(float weight, float scale);

} // namespace nibble::reference
