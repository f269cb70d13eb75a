// Rule R8.5 to R8.8: folding everything between a contraction and the next quantiser into M, B, R, lo and hi.
#include "compiler/Reference/Freeze.h"
#include "compiler/Reference/Rounding.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nibble::reference {
namespace {

Result<FrozenChannel> checked(FrozenChannel channel) {
  if (!std::isfinite(channel.multiplier) || !std::isfinite(channel.offset) || !std::isfinite(channel.residual))
    return Failure{"the folded scale or offset of a channel is not a finite f32; look for NaN, infinities or a zero "
                   "variance with a zero epsilon in its batch norm, bias and scales"};
  return channel;
}

} // namespace

FrozenChain FrozenChain::contraction(float sx, float sw) {
  return FrozenChain(static_cast<double>(sx) * static_cast<double>(sw));
}

FrozenChain FrozenChain::average(float s, int64_t count) {
  return FrozenChain(static_cast<double>(s) / static_cast<double>(count));
}

void FrozenChain::map(double shift, double g, double b) {
  a = a * g;
  r = r * g;
  d = (d - shift) * g + b;
  // A factor of 0 makes y constant; infinite bounds must not turn into NaN.
  lo = g == 0.0 ? b : (lo - shift) * g + b;
  hi = g == 0.0 ? b : (hi - shift) * g + b;
  if (g < 0.0)
    std::swap(lo, hi);
}

void FrozenChain::add(float b) { map(0.0, 1.0, b); }

void FrozenChain::multiply(float g) { map(0.0, g, 0.0); }

void FrozenChain::batchNorm(float gamma, float beta, float mean, float variance, float epsilon) {
  double deviation = std::sqrt(static_cast<double>(variance) + static_cast<double>(epsilon));
  map(mean, static_cast<double>(gamma) / deviation, beta);
}

void FrozenChain::clip(float newLo, float newHi) {
  lo = std::min(std::max<double>(lo, newLo), static_cast<double>(newHi));
  hi = std::min(std::max<double>(hi, newLo), static_cast<double>(newHi));
}

bool FrozenChain::addResidual(float s) {
  if (hasResidual || !std::isinf(lo) || !std::isinf(hi))
    return false;
  hasResidual = true;
  r = s;
  return true;
}

Result<FrozenChannel> FrozenChain::toGrid(QuantParams next, Grid grid) const {
  double s = next.scale, z = next.zeroPoint;
  auto bound = [&](double y) {
    return static_cast<float>(std::clamp<double>(roundHalfEven(y / s + z), grid.qmin, grid.qmax));
  };
  return checked(
      {static_cast<float>(a / s), static_cast<float>(d / s + z), static_cast<float>(r / s), bound(lo), bound(hi)});
}

Result<FrozenChannel> FrozenChain::toFloat() const {
  return checked({static_cast<float>(a), static_cast<float>(d), static_cast<float>(r), static_cast<float>(lo),
                  static_cast<float>(hi)});
}

Result<FrozenChannel> FrozenChain::toSign() const {
  auto signOf = [](double y) { return y < 0.0 ? -1.0f : 1.0f; };
  return checked({static_cast<float>(a), static_cast<float>(d), static_cast<float>(r), signOf(lo), signOf(hi)});
}

} // namespace nibble::reference
