// Rule R8.9: integer thresholds that equal a requantisation over the whole reachable accumulator range.
#include "compiler/Reference/Thresholds.h"
#include "compiler/Reference/Requantize.h"

#include <cmath>

namespace nibble::reference {
namespace {

/// The smallest acc in the range for which the predicate holds, or range.hi + 1. It holds from some acc on.
template <typename Predicate>
int64_t firstWhere(AccumulatorRange range, Predicate predicate) {
  int64_t lo = range.lo, hi = range.hi + 1;
  while (lo < hi) {
    int64_t middle = lo + (hi - lo) / 2;
    if (predicate(middle))
      hi = middle;
    else
      lo = middle + 1;
  }
  return lo;
}

/// f is monotone in acc: conversion to f32, fma, clamp and rounding all are. It takes the values lo, lo + stride, ...
/// hi.
template <typename Function>
Result<Thresholds> stepPoints(Function f, float multiplier, float offset, Grid bounds, int32_t stride,
                              AccumulatorRange range) {
  if (!std::isfinite(multiplier) || !std::isfinite(offset))
    return Failure{"a requantisation needs a finite multiplier and offset"};
  Thresholds result;
  bool descends = multiplier < 0.0f;
  result.base = descends ? bounds.qmax : bounds.qmin;
  result.step = descends ? -stride : stride;
  for (int32_t level = bounds.qmin + stride; level <= bounds.qmax; level += stride) {
    int32_t fallen = bounds.qmax + bounds.qmin - level; // for a descending f: hi - stride, hi - 2 * stride, ... lo
    result.points.push_back(
        firstWhere(range, [&](int64_t acc) { return descends ? f(acc) <= fallen : f(acc) >= level; }));
  }
  return result;
}

} // namespace

int32_t Thresholds::operator()(int64_t acc) const {
  int32_t q = base;
  for (int64_t point : points)
    q += acc >= point ? step : 0;
  return q;
}

Result<Thresholds> gridThresholds(float multiplier, float offset, Grid bounds, AccumulatorRange range) {
  if (bounds.qmax - bounds.qmin > 7)
    return Failure{"thresholds replace a requantisation to at most 3 bits"};
  return stepPoints([&](int64_t acc) { return requantize(acc, multiplier, offset, bounds); }, multiplier, offset,
                    bounds, 1, range);
}

Result<Thresholds> signThresholds(float multiplier, float offset, AccumulatorRange range, Grid bounds) {
  return stepPoints([&](int64_t acc) { return toSign(scaleAccumulator(acc, multiplier, offset), bounds); }, multiplier,
                    offset, bounds, 2, range);
}

} // namespace nibble::reference
