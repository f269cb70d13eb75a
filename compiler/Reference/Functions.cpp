// Rule R10 on plain floats.
#include "compiler/Reference/Functions.h"

#include <bit>
#include <cmath>

namespace nibble::reference {
namespace {

/// The operations of Functions<> on one float.
struct ScalarOps {
  using Float = float;
  using Int = int32_t;
  using Bool = bool;

  Float constant(float value) { return value; }
  Int constantInt(int32_t value) { return value; }
  Float add(Float a, Float b) { return a + b; }
  Float sub(Float a, Float b) { return a - b; }
  Float mul(Float a, Float b) { return a * b; }
  Float div(Float a, Float b) { return a / b; }
  Float fma(Float a, Float b, Float c) { return std::fma(a, b, c); }
  Float sqrt(Float a) { return std::sqrt(a); }
  Float abs(Float a) { return std::fabs(a); }
  Int addInt(Int a, Int b) { return static_cast<Int>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
  Int subInt(Int a, Int b) { return static_cast<Int>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b)); }
  Int andInt(Int a, Int b) { return a & b; }
  Int orInt(Int a, Int b) { return a | b; }
  Int shiftLeft(Int a, int n) { return static_cast<Int>(static_cast<uint32_t>(a) << n); }
  Int shiftRight(Int a, int n) { return a >> n; }
  Float intToFloat(Int a) { return static_cast<float>(a); }
  Int bitsOf(Float a) { return std::bit_cast<Int>(a); }
  Float floatOf(Int a) { return std::bit_cast<Float>(a); }
  Bool less(Float a, Float b) { return a < b; }
  Bool isNan(Float a) { return a != a; }
  Float select(Bool condition, Float a, Float b) { return condition ? a : b; }
};

template <typename Function>
float evaluate(Function function) {
  ScalarOps ops;
  return function(Functions<ScalarOps>(ops));
}

} // namespace

float exp(float x) {
  return evaluate([&](auto f) { return f.exp(x); });
}
float log(float x) {
  return evaluate([&](auto f) { return f.log(x); });
}
float tanh(float x) {
  return evaluate([&](auto f) { return f.tanh(x); });
}
float erf(float x) {
  return evaluate([&](auto f) { return f.erf(x); });
}
float rsqrt(float x) {
  return evaluate([&](auto f) { return f.rsqrt(x); });
}

} // namespace nibble::reference
