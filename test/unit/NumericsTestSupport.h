// Exact integer arithmetic that shares no code with compiler/Reference, and bit-level comparison.
#pragma once
#include "compiler/Reference/Numerics.h"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace nibble::numerics_test {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The same 32-bit sequence everywhere for one seed (splitmix64).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint32_t operator()() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
  }

private:
  uint64_t state;
};

inline uint32_t bitsOf(float x) { return std::bit_cast<uint32_t>(x); }
inline float floatOf(uint32_t bits) { return std::bit_cast<float>(bits); }
/// Equal bits, where all NaNs are one value.
inline bool sameBits(float a, float b) { return bitsOf(a) == bitsOf(b) || (a != a && b != b); }

/// A fixed-point number in units of 2^-kFraction, wide enough for 31-bit accumulators times an f32 in [2^-30, 2^10].
using Wide = __int128;
inline constexpr int kFraction = 54;

/// round half to even of value / 2^shift, for shift >= 0.
inline Wide shiftHalfEven(Wide value, int shift) {
  if (shift == 0)
    return value;
  Wide down = value >> shift; // floor
  Wide rest = value - (down << shift), half = Wide(1) << (shift - 1);
  return down + (rest > half || (rest == half && (down & 1)) ? 1 : 0);
}

/// Rounds to 24 significant bits, half to even: what a normal f32 result keeps.
inline Wide roundToFloat(Wide value) {
  Wide magnitude = value < 0 ? -value : value;
  int bits = 0;
  while (magnitude >> bits)
    ++bits;
  int shift = bits > 24 ? bits - 24 : 0;
  Wide rounded = shiftHalfEven(magnitude, shift) << shift;
  return value < 0 ? -rounded : rounded;
}

/// A finite f32 as significand * 2^exponent.
struct Parts {
  int64_t significand;
  int exponent;
};
inline Parts partsOf(float x) {
  uint32_t bits = bitsOf(x);
  int field = static_cast<int>((bits >> 23) & 255);
  int64_t significand = (bits & 0x7fffff) | (field ? 0x800000 : 0);
  return {bits >> 31 ? -significand : significand, (field ? field : 1) - 150};
}

/// x in units of 2^-kFraction; x must be a multiple of that.
inline Wide toWide(float x) {
  Parts parts = partsOf(x);
  int shift = parts.exponent + kFraction;
  return shift >= 0 ? Wide(parts.significand) << shift : Wide(parts.significand) >> -shift;
}

/// fma(f32(acc), M, B) in units of 2^-kFraction, from integers only. M and B must be multiples of 2^-kFraction.
inline Wide exactFma(int64_t acc, float multiplier, float offset) {
  Wide product = roundToFloat(acc) * toWide(multiplier);
  return roundToFloat(product + toWide(offset));
}

/// clamp(roundHalfEven(fma(f32(acc), M, B)), lo, hi) from integers only; rounds before it clamps.
inline int64_t exactRequantize(int64_t acc, float multiplier, float offset, int64_t lo, int64_t hi) {
  Wide q = shiftHalfEven(exactFma(acc, multiplier, offset), kFraction);
  return static_cast<int64_t>(q < lo ? Wide(lo) : q > hi ? Wide(hi) : q);
}

} // namespace nibble::numerics_test
