// Grids, uniform, binary and ternary quantisers (rules R1 to R4).
#include "test/unit/NumericsTestSupport.h"

#include <cfloat>
#include <cmath>

using namespace nibble::reference;
using namespace nibble::numerics_test;
using testing::ElementsAre;

namespace {

std::vector<int32_t> quantizeAll(std::vector<float> values, QuantParams params, Grid grid) {
  std::vector<int32_t> q;
  q.reserve(values.size());
  for (float x : values)
    q.push_back(quantize(x, params, grid));
  return q;
}

TEST(Grid, BoundsOfEveryWidth) {
  EXPECT_EQ(*gridOf(8, true, true), (Grid{-127, 127}));
  EXPECT_EQ(*gridOf(8, true, false), (Grid{-128, 127}));
  EXPECT_EQ(*gridOf(8, false, false), (Grid{0, 255}));
  EXPECT_EQ(*gridOf(2, true, true), (Grid{-1, 1}));
  EXPECT_EQ(*gridOf(1, true, false), (Grid{-1, 0}));
  EXPECT_EQ(*gridOf(1, false, false), (Grid{0, 1}));
  EXPECT_EQ(*gridOf(16, false, false), (Grid{0, 65535}));
  EXPECT_EQ(*gridOf(16, true, true), (Grid{-32767, 32767}));
  for (int bits : {-1, 0, 9, 15, 17, 32})
    EXPECT_FALSE(gridOf(bits, true, false)) << bits;
  EXPECT_THAT(gridOf(1, true, true).error(), testing::HasSubstr("sign"));
  EXPECT_THAT(gridOf(4, false, true).error(), testing::HasSubstr("signed"));
}

TEST(Quantize, EveryTieOfEveryGrid) {
  for (int bits : {1, 2, 3, 4, 5, 6, 7, 8, 16})
    for (bool isSigned : {false, true})
      for (float scale : {1.0f, 0.25f, 0x1p-20f, 0x1p+60f})
        for (int32_t where : {0, 1, 2, 3}) {
          Grid grid = *gridOf(bits, isSigned, false);
          int32_t z = grid.qmin + (grid.qmax - grid.qmin) * where / 3;
          for (int32_t k = grid.qmin - z - 3; k <= grid.qmax - z + 3; ++k) {
            int32_t even = (k % 2 == 0 ? k : k + 1) + z;
            ASSERT_EQ(quantize((static_cast<float>(k) + 0.5f) * scale, {scale, z}, grid),
                      std::clamp(even, grid.qmin, grid.qmax));
          }
        }
}

TEST(Quantize, CodesSurviveARoundTrip) {
  Random random(3);
  for (int bits : {1, 2, 3, 4, 5, 6, 7, 8, 16})
    for (bool isSigned : {false, true})
      for (int i = 0; i < 8; ++i) {
        Grid grid = *gridOf(bits, isSigned, false);
        float scale = std::ldexp(1.0f + static_cast<float>(random() & 0x7fffff) * 0x1p-23f,
                                 static_cast<int>(random() % 200) - 110);
        QuantParams params{
            scale, grid.qmin + static_cast<int32_t>(random() % static_cast<uint32_t>(grid.qmax - grid.qmin + 1))};
        for (int32_t q = grid.qmin; q <= grid.qmax; ++q)
          ASSERT_EQ(quantize(dequantize(q, params), params, grid), q) << scale;
      }
}

TEST(Quantize, SpecialValues) {
  Grid u8 = *gridOf(8, false, false);
  EXPECT_THAT(quantizeAll({kNan, -kNan, kInf, -kInf, 0.0f, -0.0f, 1e38f, -1e38f}, {1e-3f, 7}, u8),
              ElementsAre(7, 7, 255, 0, 7, 7, 255, 0));
  // x / s overflows to infinity: saturates.
  EXPECT_THAT(quantizeAll({FLT_MAX, -FLT_MAX}, {FLT_MIN, 7}, u8), ElementsAre(255, 0));
}

TEST(Quantize, TrueDivisionKeepsEveryTie) {
  // (k - 1/2) * m divided by m is exactly a tie; a product with the rounded reciprocal of m misses some of them.
  for (int m = 3; m < 2000; m += 2)
    for (int k = 1; k < 256; ++k) {
      float divisor = static_cast<float>(m) * 0x1p-12f;
      ASSERT_EQ(quantize((static_cast<float>(k) - 0.5f) * divisor, {divisor, 0}, {0, 255}), k % 2 ? k - 1 : k)
          << divisor;
    }
}

TEST(Quantize, PublishedExamples) {
  EXPECT_THAT(quantizeAll({-1.25f, -.25f, 0, .25f, .3f, 1.9f, 10, 200}, {.5f, 3}, {0, 255}), // ONNX QuantizeLinear
              ElementsAre(1, 3, 3, 3, 4, 7, 23, 255));
  EXPECT_THAT(quantizeAll({-5, -2.6f, -.25f, .25f, .75f, 1.2f, 9}, {.5f, 0}, {-4, 3}), // QONNX, 3 bits
              ElementsAre(-4, -4, 0, 0, 2, 2, 3));
  EXPECT_THAT(quantizeAll({-1.3f, -.2f, .1f, .45f, .8f, 2.0f}, {.25f, 0}, {-4, 3}), // LSQ
              ElementsAre(-4, -1, 0, 2, 3, 3));
  EXPECT_THAT(quantizeAll({1, -2, .5f, 3}, {3.0f / 127.0f, 0}, {-127, 127}), ElementsAre(42, -85, 21, 127)); // BitNet
}

TEST(Quantize, GradientMask) {
  QuantParams params{.25f, 0};
  Grid grid{-4, 3};
  for (auto [x, passes] : {std::pair{-1.0f, true},
                           {-1.01f, false},
                           {.75f, true},
                           {.76f, false},
                           {0.0f, true},
                           {kNan, false},
                           {kInf, false},
                           {-kInf, false}})
    EXPECT_EQ(passesGradient(x, params, grid), passes) << x;
  EXPECT_TRUE(passesGradient(-1.5f, {.5f, 3}, {0, 255}));
  EXPECT_FALSE(passesGradient(-1.6f, {.5f, 3}, {0, 255}));
}

TEST(Scale, WorkedExamples) {
  Grid s4 = *gridOf(4, true, true), u8 = *gridOf(8, false, false), s8 = *gridOf(8, true, false);
  std::vector<float> weights{0.35f, -0.7f, 0.1f};
  QuantParams symmetric = *paramsOf(rangeOf(weights), s4, Symmetry::Symmetric);
  EXPECT_EQ(symmetric.scale, 0.7f / 7.0f);
  EXPECT_THAT(quantizeAll(weights, symmetric, s4), ElementsAre(4, -7, 1));
  QuantParams asymmetric = *paramsOf({-1.0f, 3.0f}, u8, Symmetry::Asymmetric);
  EXPECT_EQ(asymmetric.scale, 4.0f / 255.0f);
  EXPECT_EQ(asymmetric.zeroPoint, 64); // 63.75
  EXPECT_EQ(paramsOf({-1.0f, 3.0f}, s8, Symmetry::Asymmetric)->zeroPoint, -64);
  QuantParams positive = *paramsOf({2.0f, 6.0f}, u8, Symmetry::Asymmetric); // widened to [0, 6]
  EXPECT_EQ(positive.scale, 6.0f / 255.0f);
  EXPECT_EQ(positive.zeroPoint, 0);
  EXPECT_EQ(paramsOf({-6.0f, -2.0f}, u8, Symmetry::Asymmetric)->zeroPoint, 255);
  QuantParams relu = *paramsOf({-5.0f, 3.0f}, u8, Symmetry::Symmetric); // unsigned: the negative side is cut
  EXPECT_EQ(relu.scale, 3.0f / 255.0f);
  EXPECT_EQ(relu.zeroPoint, 0);
  EXPECT_EQ(paramsOf({-5.0f, -3.0f}, u8, Symmetry::Symmetric)->scale, 1.0f);
  EXPECT_FALSE(paramsOf({-1.0f, 1.0f}, Grid{-1, 0}, Symmetry::Symmetric));
  EXPECT_EQ(paramsOf({-1.0f, 1.0f}, Grid{-1, 0}, Symmetry::Asymmetric)->scale, 2.0f);
}

TEST(Scale, DegenerateRangesGiveLegalScales) {
  EXPECT_EQ(legalScale(0.0f), 1.0f);
  EXPECT_EQ(legalScale(-0.0f), 1.0f);
  EXPECT_EQ(legalScale(-2.0f), 1.0f);
  EXPECT_EQ(legalScale(kNan), 1.0f);
  EXPECT_EQ(legalScale(FLT_MIN / 2), FLT_MIN);
  EXPECT_EQ(legalScale(0x1p-149f), FLT_MIN);
  EXPECT_EQ(legalScale(kInf), FLT_MAX);
  EXPECT_EQ(legalScale(0.3f), 0.3f);
  for (float bad : {0.0f, -0.0f, -1.0f, kNan, kInf, FLT_MIN / 2})
    EXPECT_FALSE(isLegalScale(bad));
  std::vector<float> odd{kNan, -kInf, 1.0f, kInf, -0.0f}, none, zero{0.0f, -0.0f}, nans{kNan, kNan};
  Range range = rangeOf(odd);
  EXPECT_EQ(range.min, -kInf);
  EXPECT_EQ(range.max, kInf);
  for (auto &values : {odd, none, zero, nans})
    for (Grid grid : {Grid{0, 255}, Grid{-7, 7}, Grid{-128, 127}, Grid{0, 1}})
      for (Symmetry symmetry : {Symmetry::Symmetric, Symmetry::Asymmetric}) {
        QuantParams params = *paramsOf(rangeOf(values), grid, symmetry);
        EXPECT_TRUE(isLegalScale(params.scale));
        EXPECT_GE(params.zeroPoint, grid.qmin);
        EXPECT_LE(params.zeroPoint, grid.qmax);
      }
  EXPECT_EQ(paramsOf(rangeOf(zero), Grid{-7, 7}, Symmetry::Symmetric)->scale, 1.0f);
  for (float max : {FLT_MAX, FLT_MIN, 0x1p-149f, 1e-40f})
    for (float min : {-FLT_MAX, -FLT_MIN, 0.0f})
      EXPECT_TRUE(isLegalScale(paramsOf({min, max}, Grid{0, 255}, Symmetry::Asymmetric)->scale));
}

TEST(Scale, ZeroIsAlwaysOnTheGrid) {
  Random random(4);
  for (int i = 0; i < 200'000; ++i) {
    float a = std::ldexp(static_cast<float>(random() % 20001) - 10000.0f, static_cast<int>(random() % 40) - 20);
    float b = std::ldexp(static_cast<float>(random() % 20001) - 10000.0f, static_cast<int>(random() % 40) - 20);
    QuantParams params = *paramsOf({std::min(a, b), std::max(a, b)}, Grid{0, 255}, Symmetry::Asymmetric);
    ASSERT_EQ(dequantize(quantize(0.0f, params, Grid{0, 255}), params), 0.0f);
  }
}

TEST(Scale, RunningRange) {
  Range range = updateRange({}, 0.0f, {-2.0f, 6.0f}, 0.75f);
  EXPECT_EQ(range.min, -2.0f);
  EXPECT_EQ(range.max, 6.0f);
  range = updateRange(range, 1.0f, {-4.0f, 2.0f}, 0.75f);
  EXPECT_EQ(range.min, -2.5f);
  EXPECT_EQ(range.max, 5.0f);
}

TEST(Binary, SignOfSpecialValues) {
  for (float x : {0.0f, -0.0f, kNan, -kNan, kInf, 1e-45f})
    EXPECT_EQ(sign(x), 1) << x;
  EXPECT_EQ(sign(-kInf), -1);
  EXPECT_EQ(sign(-1e-45f), -1);
  EXPECT_TRUE(signPassesGradient(-1.0f));
  EXPECT_FALSE(signPassesGradient(1.0001f));
  EXPECT_FALSE(signPassesGradient(kNan));
  uint32_t word = 0, bit = 0;
  for (float x : {.3f, -.2f, 0.0f, -0.0f, 1.5f, -2.0f, -.1f, 4.0f})
    word |= static_cast<uint32_t>(sign(x) < 0) << bit++;
  EXPECT_EQ(word, 0x62u); // LceQuantize
}

TEST(Binary, DotEqualsSumOfProducts) {
  Random random(5);
  for (int64_t count : {1, 2, 31, 32, 33, 63, 64, 65, 131}) {
    std::vector<uint32_t> a((count + 31) / 32), b(a.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      a[i] = random(), b[i] = random(); // bits beyond the count are noise
    int32_t sum = 0;
    for (int64_t k = 0; k < count; ++k)
      sum += (a[k / 32] >> (k % 32) & 1 ? -1 : 1) * (b[k / 32] >> (k % 32) & 1 ? -1 : 1);
    EXPECT_EQ(binaryDot(a, b, count), sum);
  }
}

TEST(Ternary, PublishedExample) {
  std::vector<float> w{.9f, -.05f, .4f, -1.2f, .02f, .6f, -.3f, .1f};
  float mean = ternaryScale(w, TernaryRule::Mean), median = ternaryScale(w, TernaryRule::Median);
  EXPECT_NEAR(mean, .44625f, 1e-7);
  EXPECT_EQ(median, .3f); // the lower middle of an even count
  for (float scale : {mean, median}) {
    std::vector<int32_t> t;
    t.reserve(w.size());
    for (float x : w)
      t.push_back(ternarize(x, scale));
    EXPECT_THAT(t, ElementsAre(1, 0, 1, -1, 0, 1, -1, 0));
  }
  std::vector<int32_t> acc{0, 0};
  for (int k = 0; k < 4; ++k)
    for (int row : {0, 1})
      acc[row] += ternarize(w[4 * row + k], mean) *
                  quantize(std::vector{1.0f, -2.0f, .5f, 3.0f}[k], {3.0f / 127.0f, 0}, {-127, 127});
  EXPECT_THAT(acc, ElementsAre(-64, -106));
  EXPECT_NEAR(contractionValue(acc[1], 3.0f / 127.0f, mean), -1.117382, 1e-6);
}

TEST(Ternary, TiesNanAndDegenerateTensors) {
  EXPECT_EQ(ternarize(.5f, 1.0f), 0);
  EXPECT_EQ(ternarize(-.5f, 1.0f), 0);
  EXPECT_EQ(ternarize(.50001f, 1.0f), 1);
  EXPECT_EQ(ternarize(kNan, 1.0f), 0);
  EXPECT_EQ(ternarize(-kInf, 1.0f), -1);
  std::vector<float> zero(5, 0.0f), nans{kNan, 1.0f}, infinite{kInf, 1.0f, 1.0f}, single{-3.0f};
  for (TernaryRule rule : {TernaryRule::Mean, TernaryRule::Median})
    EXPECT_EQ(ternaryScale(zero, rule), 1e-5f);
  EXPECT_EQ(ternaryScale(nans, TernaryRule::Mean), 1e-5f);
  EXPECT_EQ(ternaryScale(nans, TernaryRule::Median), 1.0f); // NaN sorts last
  EXPECT_EQ(ternaryScale(infinite, TernaryRule::Mean), FLT_MAX);
  EXPECT_EQ(ternaryScale(single, TernaryRule::Median), 3.0f);
  EXPECT_EQ(ternaryScale(single, TernaryRule::Fixed, 0.1f), 0.1f);
}

} // namespace
