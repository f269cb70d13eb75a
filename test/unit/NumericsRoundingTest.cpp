// Rounding, clamping and software fma (rules R1.1, R9.1, R9.6).
#include "test/unit/NumericsTestSupport.h"

#include <cmath>

using namespace nibble::reference;
using namespace nibble::numerics_test;

namespace {

TEST(Rounding, EveryHalfIntegerTieGoesToTheEvenNeighbour) {
  for (int64_t k = -(1 << 22); k < (1 << 22); ++k) {
    float tie = static_cast<float>(k) + 0.5f; // exact: 23 bits and one fraction bit
    auto even = static_cast<float>(k % 2 == 0 ? k : k + 1);
    ASSERT_EQ(roundHalfEven(tie), even) << tie;
    ASSERT_EQ(roundHalfEven(static_cast<double>(tie)), even) << tie;
    ASSERT_EQ(roundByMagicConstant(tie), even) << tie;
    float below = std::nextafter(tie, -kInf), above = std::nextafter(tie, kInf);
    if (std::fabs(tie) < 0x1p21f) {
      ASSERT_EQ(roundHalfEven(below), static_cast<float>(k)) << tie;
      ASSERT_EQ(roundHalfEven(above), static_cast<float>(k + 1)) << tie;
    }
  }
}

TEST(Rounding, MagicConstantEqualsRoundHalfEven) {
  auto check = [](uint32_t from, uint32_t to, uint32_t stride) {
    for (uint64_t bits = from; bits <= to; bits += stride)
      for (float x : {floatOf(static_cast<uint32_t>(bits)), -floatOf(static_cast<uint32_t>(bits))})
        ASSERT_EQ(roundByMagicConstant(x), roundHalfEven(x)) << x;
  };
  check(bitsOf(0.25f), bitsOf(4.0f), 1);        // all floats where most ties of small grids lie
  check(0, bitsOf(0x1p22f), 251);               // all magnitudes up to the limit
  check(bitsOf(32000.0f), bitsOf(33000.0f), 1); // the ends of 16-bit grids
  check(bitsOf(65000.0f), bitsOf(0x1.0001p16f), 1);
}

TEST(Rounding, AgreesWithTheProcessorsRounding) {
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 1021) {
    float x = floatOf(static_cast<uint32_t>(bits));
    ASSERT_TRUE(sameBits(roundHalfEven(x), std::nearbyint(x))) << x;
  }
  for (float x : {0.0f, -0.0f, kInf, -kInf, kNan, -0.3f, -0.5f, 0.5f})
    EXPECT_TRUE(sameBits(roundHalfEven(x), std::nearbyint(x))) << x;
}

TEST(Rounding, ClampBeforeRoundingEqualsClampAfter) {
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 4099) {
    float x = floatOf(static_cast<uint32_t>(bits));
    if (x != x)
      continue;
    for (auto [lo, hi] : {std::pair{-7.0f, 7.0f}, {0.0f, 255.0f}, {-128.0f, 127.0f}, {0.0f, 65535.0f}, {-1.0f, 1.0f}})
      ASSERT_EQ(roundHalfEven(clampFloat(x, lo, hi)), std::min(std::max(roundHalfEven(x), lo), hi)) << x;
  }
}

TEST(Rounding, ClampAndReluOfSpecialValues) {
  EXPECT_EQ(clampFloat(kNan, -3.0f, 5.0f), -3.0f);
  EXPECT_EQ(clampFloat(kInf, -3.0f, 5.0f), 5.0f);
  EXPECT_EQ(clampFloat(-kInf, -3.0f, 5.0f), -3.0f);
  EXPECT_TRUE(sameBits(relu(kNan), 0.0f));
  EXPECT_TRUE(sameBits(relu(-0.0f), 0.0f));
  EXPECT_EQ(relu(kInf), kInf);
  EXPECT_EQ(relu(-kInf), 0.0f);
}

void expectSameFma(float a, float b, float c) {
  ASSERT_TRUE(sameBits(softwareFma(a, b, c), std::fma(a, b, c)))
      << std::hexfloat << a << " * " << b << " + " << c << ": " << softwareFma(a, b, c) << ", not "
      << std::fma(a, b, c);
}

TEST(SoftwareFma, EdgePatterns) {
  std::vector<float> edges;
  for (uint32_t exponent :
       {0u, 1u, 2u, 23u, 24u, 25u, 102u, 103u, 126u, 127u, 128u, 150u, 151u, 175u, 253u, 254u, 255u})
    for (uint32_t fraction : {0u, 1u, 2u, 0x400000u, 0x400001u, 0x7ffffeu, 0x7fffffu})
      for (uint32_t sign : {0u, 0x80000000u})
        edges.push_back(floatOf(sign | exponent << 23 | fraction));
  for (float a : edges)
    for (float b : edges)
      for (float c : edges)
        expectSameFma(a, b, c);
}

TEST(SoftwareFma, RandomPatterns) {
  Random random(1);
  for (int i = 0; i < 3'000'000; ++i)
    expectSameFma(floatOf(random()), floatOf(random()), floatOf(random()));
}

TEST(SoftwareFma, CancellationTiesAndSubnormals) {
  Random random(2);
  for (int i = 0; i < 2'000'000; ++i) {
    float a = floatOf((random() & 0x80ffffffu) | 0x3f000000u), b = floatOf((random() & 0x80ffffffu) | 0x3f000000u);
    // Near the product: massive cancellation. Far below it: sticky bits on either side of a tie. Scaled: subnormal
    // results.
    float near = std::nextafter(-(a * b), random() & 1 ? kInf : -kInf);
    float tiny = std::ldexp(floatOf((random() & 0x80ffffffu) | 0x3f000000u), -static_cast<int>(random() % 60));
    for (float c : {near, -(a * b), tiny})
      expectSameFma(a, b, c);
    expectSameFma(std::ldexp(a, -70), std::ldexp(b, -static_cast<int>(random() % 20) - 60), std::ldexp(tiny, -125));
    // Few significant bits: sums that lie exactly on a tie.
    expectSameFma(static_cast<float>(random() % 4096), static_cast<float>(random() % 4096 | 1),
                  std::ldexp(static_cast<float>(random() & 0xffffff), 24));
  }
}

} // namespace
