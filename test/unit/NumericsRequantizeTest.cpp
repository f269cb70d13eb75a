// Accumulators, requantisation and thresholds (rules R5 to R8), against integer arithmetic on the bits of M and B.
#include "test/unit/NumericsTestSupport.h"

#include <cmath>

using namespace nibble::reference;
using namespace nibble::numerics_test;

namespace {

/// A multiplier or offset of either sign: a random significand, 2^exponent with exponent in [from, to].
float randomFloat(Random &random, int from, int to) {
  float value = 1.0f + static_cast<float>(random() & 0x7fffff) * 0x1p-23f;
  int exponent = from + static_cast<int>(random() % static_cast<uint32_t>(to - from + 1));
  return std::ldexp(random() & 1 ? value : -value, exponent);
}

TEST(Products, All256x256Int8ProductsAreExact) {
  for (int x = -128; x <= 127; ++x)
    for (int w = -128; w <= 127; ++w) {
      std::vector<float> a{static_cast<float>(x)}, b{static_cast<float>(w)};
      ASSERT_EQ(contract(a, b), static_cast<float>(x * w));
      ASSERT_EQ(requantize(x * w, 1.0f / 64, 0.5f, {-128, 127}), exactRequantize(x * w, 1.0f / 64, 0.5f, -128, 127));
      ASSERT_EQ(requantize((x + 128) * w, 0.01f, -3.0f, {-128, 127}),
                exactRequantize((x + 128) * w, 0.01f, -3.0f, -128, 127));
    }
}

TEST(Requantize, WholeReachableRanges) {
  Random random(11);
  // 3x3x3 at u8 x s8, 3x3x16 at u4 x s4, 64 at s8 x ternary; offsets and multipliers of both signs.
  struct Case {
    int64_t reach;
    Grid grid;
  };
  for (Case c :
       {Case{27 * 255 * 127, {0, 255}}, {144 * 15 * 7, {0, 15}}, {64 * 128, {-128, 127}}, {64 * 128, {-32768, 32767}}})
    for (int i = 0; i < (c.reach > 100'000 ? 4 : 60); ++i) {
      int scale = std::ilogb(static_cast<float>(c.grid.qmax) / static_cast<float>(c.reach));
      float m = randomFloat(random, scale - 2, scale + 3), b = randomFloat(random, -20, 8);
      for (int64_t acc = -c.reach; acc <= c.reach; ++acc)
        ASSERT_EQ(requantize(acc, m, b, c.grid), exactRequantize(acc, m, b, c.grid.qmin, c.grid.qmax))
            << acc << " * " << m << " + " << b;
    }
}

TEST(Requantize, TiesAndLargeAccumulators) {
  Random random(12);
  for (int64_t acc = -70'000; acc <= 70'000; ++acc) // M = 1/2: every odd accumulator is a tie
    ASSERT_EQ(requantize(acc, 0.5f, 0.0f, {-32768, 32767}), exactRequantize(acc, 0.5f, 0.0f, -32768, 32767));
  for (int i = 0; i < 1'000'000; ++i) { // above 2^24 f32(acc) rounds, ties included
    auto acc = static_cast<int32_t>(random());
    if (i % 2)
      acc &= ~0x3f;
    float m = randomFloat(random, -30, -20), b = randomFloat(random, -20, 8);
    ASSERT_EQ(requantize(acc, m, b, {-128, 127}), exactRequantize(acc, m, b, -128, 127)) << acc;
    ASSERT_TRUE(toWide(scaleAccumulator(acc, m, b)) == exactFma(acc, m, b)) << acc;
    ASSERT_EQ(toSign(scaleAccumulator(acc, m, b)), exactFma(acc, m, b) < 0 ? -1 : 1);
  }
}

TEST(Requantize, EndsOfI32AndOverflowSaturate) {
  for (int64_t acc : {int64_t(INT32_MIN), int64_t(INT32_MAX)}) {
    EXPECT_EQ(requantize(acc, 3e38f, 0.0f, {0, 255}), acc < 0 ? 0 : 255);
    EXPECT_EQ(requantize(acc, -3e38f, 3e38f, {0, 255}), acc < 0 ? 255 : 0);
  }
  EXPECT_EQ(requantize(5, 0.0f, 1.5f, {0, 255}), 2);
  EXPECT_EQ(requantize(5, 0.0f, -0.0f, {0, 255}), 0);
  EXPECT_EQ(toSign(-1.0f, {1, 1}), 1);
  EXPECT_EQ(toSign(1.0f, {-1, -1}), -1);
}

TEST(Requantize, ResidualAddsOneFma) {
  Random random(13);
  for (int i = 0; i < 500'000; ++i) {
    auto acc = static_cast<int32_t>(random()) >> 12;
    auto res = static_cast<int32_t>(random() % 511) - 255;
    float m = randomFloat(random, -24, -8), b = randomFloat(random, -10, 6), r = randomFloat(random, -8, 1);
    Wide v = roundToFloat(Wide(res) * toWide(r) + exactFma(acc, m, b));
    Wide q = shiftHalfEven(v, kFraction);
    int64_t expected = static_cast<int64_t>(q < 0 ? Wide(0) : q > 255 ? Wide(255) : q);
    float scaled = scaleAccumulator(acc, m, b, static_cast<float>(res), r);
    ASSERT_TRUE(toWide(scaled) == v) << acc << " " << res; // the float before rounding too
    ASSERT_EQ(toGrid(scaled, {0, 255}), expected);
  }
}

TEST(RequantizeFixed, PublishedExamples) {
  FixedMultiplier a = *fixedMultiplier(.0123), b = *fixedMultiplier(.75);
  EXPECT_EQ(a.mantissa, 1690499128);
  EXPECT_EQ(a.shift, -6);
  EXPECT_EQ(b.mantissa, 1610612736);
  EXPECT_EQ(b.shift, 0);
  Grid wide{-100'000, 100'000};
  for (auto [acc, q] : {std::pair{1000, 12}, {12345, 152}, {-12345, -152}, {-19959, -245}})
    EXPECT_EQ(requantizeFixed(acc, a, 0, wide), q);
  EXPECT_EQ(requantizeFixed(2, b, 0, wide), 2);   // 1.5
  EXPECT_EQ(requantizeFixed(-2, b, 0, wide), -1); // -1.5, halves towards +inf
  EXPECT_EQ(requantizeFixed(-12345, a, 200, {0, 255}), 48);
}

TEST(RequantizeFixed, AgreesWithExactFloor) {
  Random random(14);
  for (int i = 0; i < 500'000; ++i) {
    double m = std::ldexp(1.0 + static_cast<double>(random()) * 0x1p-32, static_cast<int>(random() % 40) - 33);
    if (random() & 1)
      m = -m;
    FixedMultiplier fixed = *fixedMultiplier(m);
    ASSERT_LE(std::fabs(std::ldexp(fixed.mantissa, fixed.shift - 31) - m),
              std::fabs(m) < 0x1p-32 ? 0x1p-32 : std::fabs(m) * 0x1p-31);
    auto acc = static_cast<int32_t>(random());
    // floor(acc * mantissa / 2^right + 1/2) in units of 2^-62.
    Wide exact = (Wide(acc) * fixed.mantissa << (fixed.shift + 31)) + (Wide(1) << 61);
    int64_t expected = static_cast<int64_t>(exact >> 62);
    ASSERT_EQ(requantizeFixed(acc, fixed, 0, {-128, 127}), std::clamp<int64_t>(expected, -128, 127));
  }
  EXPECT_EQ(fixedMultiplier(0.0)->mantissa, 0);
  EXPECT_EQ(fixedMultiplier(1e-30)->mantissa, 0);
  EXPECT_EQ(fixedMultiplier(std::nextafter(1.0, 0.0))->mantissa, 1 << 30); // the mantissa rounds up to 1.0
  for (double bad : {0x1p30, -0x1p31, HUGE_VAL, std::nan("")})
    EXPECT_FALSE(fixedMultiplier(bad));
}

TEST(Accumulator, RangeIsExact) {
  Random random(15);
  for (int i = 0; i < 300; ++i) { // every activation vector of 4 values from a 3-bit grid with zero point 2
    std::vector<int32_t> w(4);
    for (int32_t &value : w)
      value = static_cast<int32_t>(random() % 15) - 7;
    AccumulatorRange range = accumulatorRange(w, -2, 5);
    int64_t lo = 0, hi = 0, lowestPart = 0, highestPart = 0;
    for (int code = 0; code < 4096; ++code) {
      int64_t sum = 0;
      for (int k = 0; k < 4; ++k) {
        sum += w[k] * ((code >> (3 * k) & 7) - 2);
        lowestPart = std::min(lowestPart, sum), highestPart = std::max(highestPart, sum);
      }
      lo = std::min(lo, sum), hi = std::max(hi, sum);
    }
    ASSERT_EQ(range.lo, lo);
    ASSERT_EQ(range.hi, hi);
    ASSERT_LE(range.lo, lowestPart); // partial sums stay inside
    ASSERT_GE(range.hi, highestPart);
  }
}

TEST(Accumulator, LimitsOfEachWidth) {
  EXPECT_TRUE((AccumulatorRange{INT32_MIN, INT32_MAX}.fits(32)));
  EXPECT_FALSE((AccumulatorRange{0, int64_t(INT32_MAX) + 1}.fits(32)));
  EXPECT_FALSE((AccumulatorRange{int64_t(INT32_MIN) - 1, 0}.fits(32)));
  EXPECT_TRUE((AccumulatorRange{-32768, 32767}.fits(16)));
  EXPECT_TRUE((AccumulatorRange{INT64_MIN, INT64_MAX}.fits(64)));
  // 255 * 127 * k fits i32 up to k = 66311.
  EXPECT_TRUE(accumulatorRange(std::vector<int32_t>(66311, 127), 0, 255).fits(32));
  EXPECT_FALSE(accumulatorRange(std::vector<int32_t>(66312, 127), 0, 255).fits(32));
}

TEST(Accumulator, SaturatingPairs) {
  for (int w0 = -128; w0 <= 127; ++w0)
    for (int w1 = -128; w1 <= 127; ++w1) {
      int worst = 0;
      for (int x0 : {0, 255})
        for (int x1 : {0, 255})
          worst = std::max(worst, std::abs(x0 * w0 + x1 * w1));
      ASSERT_EQ(pairCannotSaturate(w0, w1), worst <= 32767) << w0 << " " << w1;
    }
}

TEST(Contraction, ChunksAreExactInFloat) {
  EXPECT_EQ(exactChunk(255, 127), 518);
  EXPECT_EQ(exactChunk(15, 7), 159783);
  EXPECT_EQ(exactChunk(65535, 32767), 0);
  EXPECT_EQ(exactChunk(0, 0), 1 << 24);
  auto length = static_cast<std::size_t>(exactChunk(255, 127));
  std::vector<float> x(length, 255.0f), w(length, 127.0f);
  EXPECT_EQ(static_cast<int64_t>(contract(x, w)), static_cast<int64_t>(length) * 255 * 127);
  for (int i = 0; i < 3; ++i) // three chunks as one: sums above 2^24 are rounded
    x.insert(x.end(), length, 255.0f), w.insert(w.end(), length, 127.0f);
  EXPECT_NE(static_cast<int64_t>(contract(x, w)), static_cast<int64_t>(x.size()) * 255 * 127);
  EXPECT_NEAR(contractionValue(1000, .1f, .2f), 20.0, 1e-5);
}

TEST(Thresholds, EqualTheFmaOverTheWholeRange) {
  Random random(16);
  for (int i = 0; i < 400; ++i) {
    Grid grid = std::vector<Grid>{{0, 1}, {0, 3}, {0, 7}, {-1, 1}, {-4, 3}, {-3, 3}, {-1, 0}, {2, 2}}[random() % 8];
    AccumulatorRange range{-static_cast<int64_t>(random() % 9000), static_cast<int64_t>(random() % 9000)};
    float m = randomFloat(random, -16, -3), b = randomFloat(random, -10, 4);
    if (i % 10 == 0)
      m = 0.0f;
    if (i % 10 == 1)
      m = std::ldexp(m < 0 ? -1.0f : 1.0f, -4), b = 0.5f; // ties
    Thresholds table = *gridThresholds(m, b, grid, range), signs = *signThresholds(m, b, range);
    ASSERT_EQ(table.points.size(), static_cast<std::size_t>(grid.qmax - grid.qmin));
    ASSERT_TRUE(std::is_sorted(table.points.begin(), table.points.end()));
    for (int64_t acc = range.lo; acc <= range.hi; ++acc) {
      ASSERT_EQ(table(acc), exactRequantize(acc, m, b, grid.qmin, grid.qmax)) << acc << " " << m << " " << b;
      ASSERT_EQ(signs(acc), exactFma(acc, m, b) < 0 ? -1 : 1) << acc << " " << m << " " << b;
    }
  }
}

TEST(Thresholds, StepPointsOfTheFullI32Range) {
  Random random(17);
  AccumulatorRange range{INT32_MIN, INT32_MAX};
  for (int i = 0; i < 2000; ++i) {
    float m = randomFloat(random, -30, -4), b = randomFloat(random, -10, 4);
    Thresholds table = *gridThresholds(m, b, {0, 7}, range);
    std::vector<int64_t> probes{INT32_MIN, INT32_MAX, 0};
    for (int64_t point : table.points)
      for (int64_t d : {-2, -1, 0, 1})
        probes.push_back(std::clamp<int64_t>(point + d, INT32_MIN, INT32_MAX));
    for (int64_t acc : probes)
      ASSERT_EQ(table(acc), exactRequantize(acc, m, b, 0, 7)) << acc << " " << m << " " << b;
  }
}

TEST(Thresholds, DegenerateChannels) {
  AccumulatorRange range{-100, 100};
  EXPECT_THAT(gridThresholds(0.0f, 1.0f, {0, 3}, range)->points, testing::ElementsAre(-100, 101, 101));
  EXPECT_THAT(gridThresholds(1e-6f, 9.0f, {0, 3}, range)->points, testing::ElementsAre(-100, -100, -100));
  EXPECT_THAT(signThresholds(1e-6f, -9.0f, range)->points, testing::ElementsAre(101));
  EXPECT_THAT(signThresholds(1.0f, 0.0f, range)->points, testing::ElementsAre(0)); // sign(0) = +1
  EXPECT_THAT(signThresholds(-1.0f, 0.0f, range)->points, testing::ElementsAre(1));
  EXPECT_TRUE(signThresholds(1.0f, 0.0f, range, {1, 1})->points.empty());
  EXPECT_FALSE(gridThresholds(1.0f, 0.0f, {0, 8}, range));
  EXPECT_FALSE(gridThresholds(kNan, 0.0f, {0, 3}, range));
  EXPECT_FALSE(signThresholds(1.0f, kInf, range));
}

TEST(Thresholds, PublishedBinaryExamples) {
  // Larq Compute Engine: y = (K - 2 n) g + b for n differing bits; the output is -1 iff n > tau. For g < 0 its filter
  // is flipped, n -> K - n.
  struct Example {
    int k;
    float g, b;
    int tau;
    bool flipped;
  };
  for (Example e : {Example{27, .5f, 1.2f, 14, false}, {27, -.5f, 1.2f, 14, true}, {64, .25f, -3.0f, 26, false}}) {
    Thresholds table = *signThresholds(e.g, e.b, {-e.k, e.k});
    for (int n = 0; n <= e.k; ++n) {
      int flippedCount = e.flipped ? e.k - n : n;
      EXPECT_EQ(table(e.k - 2 * n), flippedCount > e.tau ? -1 : 1) << e.k << " " << n;
    }
  }
}

} // namespace
