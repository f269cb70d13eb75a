// Rounding, clamping and fused multiply-add: the primitives of rules R1, R8 and R9.
#include "compiler/Reference/Rounding.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace nibble::reference {
namespace {

template <typename Real>
Real nearestEven(Real x) {
  Real whole = std::trunc(x);
  Real rest = std::fabs(x - whole); // exact; NaN for NaN and infinities
  bool isOdd = std::fmod(whole, Real(2)) != 0;
  if (rest > Real(0.5) || (rest == Real(0.5) && isOdd))
    whole += std::copysign(Real(1), x);
  return whole;
}

} // namespace

float roundHalfEven(float x) { return nearestEven(x); }
double roundHalfEven(double x) { return nearestEven(x); }

float roundByMagicConstant(float x) {
  const float magic = 0x1.8p+23f;
  return (x + magic) - magic;
}

float clampFloat(float x, float lo, float hi) {
  float v = x > lo ? x : lo;
  return v < hi ? v : hi;
}

float relu(float x) { return x > 0.0f ? x : 0.0f; }

float softwareFma(float a, float b, float c) {
  // 24 + 24 significant bits fit the 53 of a double: the product is exact.
  double product = static_cast<double>(a) * static_cast<double>(b);
  double addend = c;
  // Two-sum (Knuth): sum + error is exactly product + addend.
  double sum = product + addend;
  double part = sum - product;
  double error = (product - (sum - part)) + (addend - part);
  // Round to odd: an inexact sum with an even last bit moves to the neighbour on the error's side, which is odd. The
  // final rounding to f32 then sees on which side of a tie the exact value lies (53 >= 2 * 24 + 2 bits, so it is
  // right). Infinities and NaN give a NaN error, for which neither comparison holds.
  int64_t bits = std::bit_cast<int64_t>(sum);
  bool isInexact = error < 0.0 || error > 0.0;
  if (isInexact && (bits & 1) == 0)
    bits += (error > 0.0) == (sum > 0.0) ? 1 : -1;
  return static_cast<float>(std::bit_cast<double>(bits));
}

} // namespace nibble::reference
