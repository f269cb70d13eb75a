// Rule R8.5 to R8.8: folding everything between a contraction and the next quantiser into M, B, R, lo and hi.
#pragma once
#include "compiler/Reference/Quantize.h"
#include "compiler/Support/Result.h"

#include <limits>

namespace nibble::reference {

/// The constants of one channel of `nibble.requantize`. All finite, but for the bounds of a float result.
struct FrozenChannel {
  float multiplier = 0.0f; ///< M
  float offset = 0.0f;     ///< B, zero point included
  float residual = 0.0f;   ///< R, 0 without a residual
  float lo = -std::numeric_limits<float>::infinity();
  float hi = std::numeric_limits<float>::infinity();

  Grid bounds() const { return {static_cast<int32_t>(lo), static_cast<int32_t>(hi)}; }
};

/// One channel of the chain y = clamp(a * acc + r * residual + d, lo, hi), held in double. Each step applies to y, in
/// graph order, and costs one double rounding for each operation that its formula shows.
class FrozenChain {
public:
  /// R8.5: a contraction: a = sx * sw (exact in double).
  static FrozenChain contraction(float sx, float sw);
  /// R8.5: average pooling of a grid: a = s / n.
  static FrozenChain average(float s, int64_t count);

  /// y + b: d = d + b.
  void add(float b);
  /// y * g: a = a * g, d = d * g.
  void multiply(float g);
  /// g = gamma / sqrt(variance + epsilon); a = a * g, d = (d - mean) * g + beta.
  void batchNorm(float gamma, float beta, float mean, float variance, float epsilon);
  /// The larger of y and 0: only the bounds change.
  void relu() { clip(0.0f, std::numeric_limits<float>::infinity()); }
  /// y clamped to [lo, hi]: only the bounds change.
  void clip(float lo, float hi);
  /// y + s * residual. False (and no change) if y is already bounded or already has a residual: that needs a step of
  /// its own.
  [[nodiscard]] bool addResidual(float s);

  /// R8.6: M = f32(a / s), R = f32(r / s), B = f32(d / s + z); bounds rounded to the grid. Fails if one is not finite.
  Result<FrozenChannel> toGrid(QuantParams next, Grid grid) const;
  /// R8.7: M = f32(a), R = f32(r), B = f32(d), bounds f32.
  Result<FrozenChannel> toFloat() const;
  /// R8.8: as toFloat, with bounds sign(lo) and sign(hi).
  Result<FrozenChannel> toSign() const;

private:
  explicit FrozenChain(double scale) : a(scale) {}
  /// y -> (y - shift) * g + b; the bounds too, swapped for negative g.
  void map(double shift, double g, double b);

  double a, d = 0.0, r = 0.0;
  double lo = -std::numeric_limits<double>::infinity(), hi = std::numeric_limits<double>::infinity();
  bool hasResidual = false;
};

} // namespace nibble::reference
