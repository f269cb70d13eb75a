// Rule R10: exp, log, tanh, erf and rsqrt, each one fixed sequence of operations for interpreter and code generator.
//
// `Functions<Ops>` states every function once, in terms of the operations of `Ops`. The interpreter instantiates it
// with plain floats (Functions.cpp); the code generator with an `Ops` that emits arith operations on scalars or
// vectors, so both run the same sequence and give the same bits. `Ops` provides
//   types      Float (f32), Int (i32), Bool
//   constants  constant(float), constantInt(int32_t)
//   float      add sub mul div fma sqrt: one IEEE rounding each; abs
//   integers   addInt subInt andInt orInt shiftLeft(Int, n) shiftRight(Int, n) (arithmetic), intToFloat
//   bits       bitsOf(Float) -> Int, floatOf(Int) -> Float
//   choice     less(Float, Float) -> Bool (false for NaN), isNan(Float), select(Bool, Float, Float)
#pragma once

#include <cstdint>
#include <limits>

namespace nibble::reference {

/// A quiet NaN with the bits 0x7fc00000: what the functions of R10 return whenever the result is a NaN.
inline constexpr float kCanonicalNan = std::numeric_limits<float>::quiet_NaN();

template <typename Ops>
class Functions {
public:
  using Float = typename Ops::Float;
  using Int = typename Ops::Int;

  explicit Functions(Ops &ops) : o(ops) {}

  /// R10.2, error below 0.90 ulp. exp(NaN) = NaN, exp(-inf) = +0, overflow gives +inf.
  Float exp(Float x) {
    // Outside [-104, 89] the result is 0 or inf already, and the scaling below stays in range.
    Float v = clamp(x, -104.0f, 89.0f);
    // Adding 1.5 * 2^23 rounds v / ln 2 to the nearest integer n, half to even, and leaves n in the low bits.
    Float shifted = o.fma(v, f(0x1.715476p+0f), f(kMagic));
    Float n = o.sub(shifted, f(kMagic));
    Float r = o.fma(n, f(-0x1.62e400p-1f), v); // ln 2 in two parts; n * high part is exact
    r = o.fma(n, f(-0x1.7f7d1cp-20f), r);
    Float p = horner(r, {0x1.68510ap-10f, 0x1.123bd0p-7f, 0x1.555b98p-5f, 0x1.55548ep-3f, 0x1.fffff8p-2f, 1.0f, 1.0f});
    // 2^n in two factors, each a normal number: only the last product rounds.
    Int k = o.subInt(o.bitsOf(shifted), o.bitsOf(f(kMagic)));
    Int half = o.shiftRight(k, 1);
    Float y = o.mul(o.mul(p, powerOfTwo(half)), powerOfTwo(o.subInt(k, half)));
    return o.select(o.isNan(x), f(kCanonicalNan), y);
  }

  /// R10.3, error below 0.88 ulp. log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf; subnormal arguments are exact
  /// inputs.
  Float log(Float x) {
    auto isSmall = o.less(x, f(0x1p-126f));
    Float v = o.select(isSmall, o.mul(x, f(0x1p+23f)), x);
    // v = m * 2^e with m in [2/3, 4/3).
    Int offset = o.subInt(o.bitsOf(v), i(0x3f2aaaab));
    Int e = o.shiftRight(offset, 23);
    Float m = o.floatOf(o.subInt(o.bitsOf(v), o.shiftLeft(e, 23)));
    Float n = o.add(o.intToFloat(e), o.select(isSmall, f(-23.0f), f(0.0f)));
    Float t = o.sub(m, f(1.0f)); // exact
    Float p = horner(t, {-0x1.064012p-3f, 0x1.1ef172p-3f, -0x1.f3e7fap-4f, 0x1.1eb6fap-3f, -0x1.5595c4p-3f,
                         0x1.99d27cp-3f, -0x1.ffff20p-3f, 0x1.5555p-2f, -0.5f});
    Float log1p = o.add(t, o.fma(o.mul(t, t), p, o.mul(n, f(0x1.7f7d1cp-20f))));
    Float y = o.fma(n, f(0x1.62e400p-1f), log1p);
    y = o.select(o.less(x, f(kInfinity)), y, x); // +inf; NaN is replaced below
    y = o.select(o.less(f(0.0f), x), y, o.select(o.less(x, f(0.0f)), f(kCanonicalNan), f(-kInfinity)));
    return o.select(o.isNan(x), f(kCanonicalNan), y);
  }

  /// R10.4, error below 1.38 ulp. Odd: tanh(-0) = -0; tanh(+-inf) = +-1.
  Float tanh(Float x) {
    Float t = o.abs(x);
    Float s = o.mul(t, t);
    Float p = horner(s, {-0x1.758e7ap-8f, 0x1.521192p-6f, -0x1.b8389cp-5f, 0x1.110704p-3f, -0x1.555532p-2f});
    Float small = o.fma(o.mul(s, p), t, t);
    Float big = o.sub(f(1.0f), o.div(f(2.0f), o.add(exp(o.add(t, t)), f(1.0f))));
    return withSignOf(x, o.select(o.less(t, f(0.625f)), small, big));
  }

  /// R10.5, error below 1.11 ulp. Odd: erf(-0) = -0; erf(+-inf) = +-1.
  Float erf(Float x) {
    Float t = o.abs(x);
    Float s = o.mul(t, t);
    Float p = horner(s, {0x1.67f750p-14f, -0x1.ad3986p-11f, 0x1.550d82p-8f, -0x1.b81346p-6f, 0x1.ce2e16p-4f,
                         -0x1.812742p-2f, 0x1.06eba8p-3f});
    Float small = o.fma(p, t, t);
    Float c = o.select(o.less(t, f(4.0f)), t, f(4.0f));
    Float q = horner(
        c, {0x1.bfcf1cp-13f, -0x1.a4e9b4p-9f, 0x1.76d7c2p-6f, -0x1.af14fep-4f, -0x1.457e88p-1f, -0x1.0730a6p-3f});
    Float big = o.sub(f(1.0f), exp(o.fma(q, c, o.sub(f(0.0f), c)))); // q*c - c = log(1 - erf(c))
    return withSignOf(x, o.select(o.less(t, f(0.93f)), small, big));
  }

  /// R10.6: two correctly rounded operations. rsqrt(+-0) = +-inf, rsqrt(inf) = +0, rsqrt(x < 0) = NaN.
  Float rsqrt(Float x) {
    Float y = o.div(f(1.0f), o.sqrt(x));
    return o.select(o.isNan(y), f(kCanonicalNan), y);
  }

private:
  static constexpr float kMagic = 0x1.8p+23f;
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  Float f(float value) { return o.constant(value); }
  Int i(int32_t value) { return o.constantInt(value); }

  /// R9.6 for NaN too: a NaN becomes `lo`.
  Float clamp(Float x, float lo, float hi) {
    Float v = o.select(o.less(f(lo), x), x, f(lo));
    return o.select(o.less(v, f(hi)), v, f(hi));
  }

  /// Coefficients from the highest power down, one fma each.
  template <std::size_t N>
  Float horner(Float x, const float (&coefficients)[N]) {
    Float p = f(coefficients[0]);
    for (std::size_t k = 1; k < N; ++k)
      p = o.fma(p, x, f(coefficients[k]));
    return p;
  }

  /// 2^k for -126 <= k <= 127.
  Float powerOfTwo(Int k) { return o.floatOf(o.shiftLeft(o.addInt(k, i(127)), 23)); }

  /// Gives `magnitude` (never negative) the sign bit of x; a NaN x gives the canonical NaN.
  Float withSignOf(Float x, Float magnitude) {
    Int sign = o.andInt(o.bitsOf(x), i(INT32_MIN));
    return o.select(o.isNan(x), f(kCanonicalNan), o.floatOf(o.orInt(o.bitsOf(magnitude), sign)));
  }

  Ops &o;
};

/// The functions on plain floats, as the interpreter calls them.
float exp(float x);
float log(float x);
float tanh(float x);
float erf(float x);
float rsqrt(float x);

} // namespace nibble::reference
