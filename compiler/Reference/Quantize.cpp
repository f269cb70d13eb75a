// Rules R1 to R4: grids, uniform, binary and ternary quantisers.
#include "compiler/Reference/Quantize.h"
#include "compiler/Reference/Reduce.h"
#include "compiler/Reference/Rounding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace nibble::reference {

Result<Grid> gridOf(int bits, bool isSigned, bool isNarrow) {
  if ((bits < 1 || bits > 8) && bits != 16)
    return Failure{"a uniform quantiser has 1 to 8 or 16 bits, not " + std::to_string(bits)};
  if (!isSigned) {
    if (isNarrow)
      return Failure{"only a signed grid can be narrow; drop narrow() or use a signed quantiser"};
    return Grid{0, (1 << bits) - 1};
  }
  if (isNarrow && bits == 1)
    return Failure{"a narrow 1-bit grid holds only 0; use sign for {-1, +1}"};
  int32_t half = 1 << (bits - 1);
  return Grid{isNarrow ? 1 - half : -half, half - 1};
}

float legalScale(float scale) {
  if (!(scale > 0.0f))
    return 1.0f;
  return clampFloat(scale, std::numeric_limits<float>::min(), std::numeric_limits<float>::max());
}

bool isLegalScale(float scale) { return std::isnormal(scale) && scale > 0.0f; }

Range rangeOf(std::span<const float> values) {
  Range range;
  for (float x : values) {
    range.min = x < range.min ? x : range.min;
    range.max = x > range.max ? x : range.max;
  }
  return range;
}

Range updateRange(Range running, float seen, Range batch, float momentum) {
  if (seen == 0.0f)
    return batch;
  float rate = 1.0f - momentum;
  return {std::fma(momentum, running.min, rate * batch.min), std::fma(momentum, running.max, rate * batch.max)};
}

Result<QuantParams> paramsOf(Range range, Grid grid, Symmetry symmetry) {
  auto qmin = static_cast<float>(grid.qmin), qmax = static_cast<float>(grid.qmax);
  if (symmetry == Symmetry::Asymmetric) {
    float lo = range.min < 0.0f ? range.min : 0.0f;
    float hi = range.max > 0.0f ? range.max : 0.0f;
    float scale = legalScale((hi - lo) / (qmax - qmin));
    float zero = roundHalfEven(clampFloat(qmin - lo / scale, qmin, qmax));
    return QuantParams{scale, static_cast<int32_t>(zero)};
  }
  if (grid.qmax < 1)
    return Failure{"a symmetric grid needs a positive value; a signed 1-bit quantiser must be asymmetric, or use sign"};
  float negative = grid.qmin < 0 ? std::fabs(range.min) : 0.0f;
  float positive = range.max > 0.0f ? range.max : 0.0f;
  float bound = negative > positive ? negative : positive;
  return QuantParams{legalScale(bound / qmax), 0};
}

int32_t quantize(float x, QuantParams params, Grid grid) {
  float t = x / params.scale;
  if (std::isnan(t))
    return params.zeroPoint;
  // Clamping before rounding gives the same integer (R1.2) and keeps the conversion in range.
  auto lo = static_cast<float>(grid.qmin - params.zeroPoint), hi = static_cast<float>(grid.qmax - params.zeroPoint);
  return static_cast<int32_t>(roundHalfEven(clampFloat(t, lo, hi))) + params.zeroPoint;
}

float dequantize(int32_t q, QuantParams params) { return static_cast<float>(q - params.zeroPoint) * params.scale; }

bool passesGradient(float x, QuantParams params, Grid grid) {
  float t = x / params.scale;
  return static_cast<float>(grid.qmin - params.zeroPoint) <= t && t <= static_cast<float>(grid.qmax - params.zeroPoint);
}

int32_t sign(float x) { return x < 0.0f ? -1 : 1; }

bool signPassesGradient(float x) { return std::fabs(x) <= 1.0f; }

int32_t binaryDot(std::span<const uint32_t> a, std::span<const uint32_t> b, int64_t count) {
  int64_t different = 0;
  for (int64_t k = 0; k < count; ++k)
    different += ((a[k / 32] ^ b[k / 32]) >> (k % 32)) & 1;
  return static_cast<int32_t>(count - 2 * different);
}

float ternaryScale(std::span<const float> weights, TernaryRule rule, float fixedScale) {
  if (rule == TernaryRule::Fixed || weights.empty())
    return legalScale(fixedScale);
  std::vector<float> magnitudes;
  for (float w : weights)
    magnitudes.push_back(std::fabs(w));
  float measure;
  if (rule == TernaryRule::Mean) {
    measure = rowSum(magnitudes) / static_cast<float>(magnitudes.size());
  } else {
    // The bits of numbers without a sign are ordered as the numbers are; a NaN is larger than all.
    auto middle = magnitudes.begin() + static_cast<std::ptrdiff_t>((magnitudes.size() - 1) / 2);
    std::nth_element(magnitudes.begin(), middle, magnitudes.end(),
                     [](float a, float b) { return std::bit_cast<uint32_t>(a) < std::bit_cast<uint32_t>(b); });
    measure = *middle;
  }
  return legalScale(measure > 1e-5f ? measure : 1e-5f);
}

int32_t ternarize(float weight, float scale) { return quantize(weight, {scale, 0}, {-1, 1}); }

} // namespace nibble::reference
