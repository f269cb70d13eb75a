// exp, log, tanh, erf and rsqrt (rule R10) against double precision, with the bounds that docs/spec.md states.
#include "test/unit/NumericsTestSupport.h"

#include <cmath>

using namespace nibble;
using namespace nibble::numerics_test;

namespace {

/// Error in units of the last place of an f32 result near the exact value `exact`.
double ulpError(float got, double exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::fabs(got - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

/// Sweeps all bit patterns of both signs in steps of a prime; NaN results must be canonical, zeros and infinities
/// exact.
template <typename Got, typename Exact>
void sweep(Got got, Exact exact, double bound) {
  double worst = 0;
  float worstAt = 0;
  for (uint64_t pattern = 0; pattern <= 0xffffffffu; pattern += 499) {
    float x = floatOf(static_cast<uint32_t>(pattern)), y = got(x);
    double expected = exact(static_cast<double>(x));
    if (std::isnan(expected)) {
      ASSERT_EQ(bitsOf(y), 0x7fc00000u) << x;
      continue;
    }
    auto rounded = static_cast<float>(expected);
    ASSERT_EQ(std::signbit(y), std::signbit(rounded)) << x;
    if (std::isinf(y) || std::isinf(rounded) || expected == 0) {
      ASSERT_EQ(bitsOf(y), bitsOf(rounded)) << x;
      continue;
    }
    double error = ulpError(y, expected);
    if (error > worst)
      worst = error, worstAt = x;
  }
  EXPECT_LT(worst, bound) << std::hexfloat << worstAt;
}

TEST(Functions, Exp) {
  sweep([](float x) { return reference::exp(x); }, [](double x) { return std::exp(x); }, 0.90);
}
TEST(Functions, Log) {
  sweep([](float x) { return reference::log(x); }, [](double x) { return std::log(x); }, 0.88);
}
TEST(Functions, Tanh) {
  sweep([](float x) { return reference::tanh(x); }, [](double x) { return std::tanh(x); }, 1.38);
}
TEST(Functions, Erf) {
  sweep([](float x) { return reference::erf(x); }, [](double x) { return std::erf(x); }, 1.11);
}
TEST(Functions, Rsqrt) {
  sweep([](float x) { return reference::rsqrt(x); }, [](double x) { return 1.0 / std::sqrt(x); }, 1.50);
}

/// Every float of an interval where the error is largest.
TEST(Functions, DenseAroundTheWorstCases) {
  auto dense = [](auto got, auto exact, float from, float to, double bound) {
    for (uint32_t bits = bitsOf(from); bits <= bitsOf(to); ++bits)
      ASSERT_LT(ulpError(got(floatOf(bits)), exact(double(floatOf(bits)))), bound) << floatOf(bits);
  };
  dense([](float x) { return reference::exp(x); }, [](double x) { return std::exp(x); }, 5.0f, 6.0f, 0.90);
  dense([](float x) { return reference::log(x); }, [](double x) { return std::log(x); }, 0.6f, 0.7f, 0.88);
  dense([](float x) { return reference::tanh(x); }, [](double x) { return std::tanh(x); }, 0.6f, 0.7f, 1.38);
  dense([](float x) { return reference::erf(x); }, [](double x) { return std::erf(x); }, 0.9f, 1.1f, 1.11);
}

TEST(Functions, SpecialValues) {
  EXPECT_EQ(reference::exp(0.0f), 1.0f);
  EXPECT_EQ(reference::exp(-0.0f), 1.0f);
  EXPECT_EQ(reference::exp(-kInf), 0.0f);
  EXPECT_EQ(reference::exp(kInf), kInf);
  EXPECT_EQ(reference::exp(0x1.62e43p+6f), kInf); // the first above log(FLT_MAX)
  EXPECT_LT(reference::exp(0x1.62e42ep+6f), kInf);
  EXPECT_TRUE(sameBits(reference::log(1.0f), 0.0f));
  EXPECT_EQ(reference::log(0.0f), -kInf);
  EXPECT_EQ(reference::log(-0.0f), -kInf);
  EXPECT_EQ(reference::log(kInf), kInf);
  EXPECT_EQ(bitsOf(reference::log(-1.0f)), 0x7fc00000u);
  EXPECT_TRUE(sameBits(reference::tanh(-0.0f), -0.0f));
  EXPECT_TRUE(sameBits(reference::erf(-0.0f), -0.0f));
  EXPECT_EQ(reference::tanh(-kInf), -1.0f);
  EXPECT_EQ(reference::erf(kInf), 1.0f);
  EXPECT_EQ(reference::rsqrt(-0.0f), -kInf);
  EXPECT_EQ(bitsOf(reference::rsqrt(-1.0f)), 0x7fc00000u);
  for (float nan : {kNan, -kNan, floatOf(0x7f800001u)})
    for (auto f : {reference::exp, reference::log, reference::tanh, reference::erf, reference::rsqrt})
      EXPECT_EQ(bitsOf(f(nan)), 0x7fc00000u);
}

TEST(Functions, OddFunctionsAreOdd) {
  for (uint32_t bits = 0; bits < 0x7f800000u; bits += 10007) {
    float x = floatOf(bits);
    ASSERT_TRUE(sameBits(reference::tanh(-x), -reference::tanh(x)));
    ASSERT_TRUE(sameBits(reference::erf(-x), -reference::erf(x)));
  }
}

} // namespace
