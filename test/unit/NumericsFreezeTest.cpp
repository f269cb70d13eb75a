// Freezing (rules R8.5 to R8.8): the folded constants against the chain evaluated step by step in double.
#include "test/unit/NumericsTestSupport.h"

#include <cmath>

using namespace nibble::reference;
using namespace nibble::numerics_test;

namespace {

TEST(Freeze, WorkedExample) {
  // s_x = 1/2, s_w = 1/4, bias 1, batch norm gamma 2, beta 1, mean 3, variance 4 - epsilon, relu, next scale 1/8, zero
  // point 3.
  FrozenChain chain = FrozenChain::contraction(.5f, .25f);
  chain.add(1.0f);
  chain.batchNorm(2.0f, 1.0f, 3.0f, 3.75f, .25f);
  chain.relu();
  FrozenChannel c = *chain.toGrid({.125f, 3}, {0, 255});
  EXPECT_EQ(c.multiplier, 1.0f); // 1/8 * 1 / (1/8)
  EXPECT_EQ(c.offset, -5.0f);    // ((1 - 3) * 1 + 1) / (1/8) + 3
  EXPECT_EQ(c.residual, 0.0f);
  EXPECT_EQ(c.bounds(), (Grid{3, 255}));
}

TEST(Freeze, MatchesTheFormulaBitForBit) {
  Random random(21);
  auto uniform = [&](double lo, double hi) { return static_cast<float>(lo + (hi - lo) * (random() * 0x1p-32)); };
  for (int i = 0; i < 20'000; ++i) {
    float sx = uniform(1e-4, 1), sw = uniform(1e-5, .1), bias = uniform(-2, 2), gamma = uniform(-2, 2),
          beta = uniform(-1, 1);
    float mean = uniform(-3, 3), variance = uniform(0, 9), eps = 1e-3f, s = uniform(1e-3, 1);
    auto z = static_cast<int32_t>(random() % 256);
    FrozenChain chain = FrozenChain::contraction(sx, sw);
    chain.add(bias);
    chain.batchNorm(gamma, beta, mean, variance, eps);
    FrozenChannel c = *chain.toGrid({s, z}, {0, 255});
    double g = double(gamma) / std::sqrt(double(variance) + double(eps));
    ASSERT_TRUE(sameBits(c.multiplier, static_cast<float>(double(sx) * double(sw) * g / double(s))));
    ASSERT_TRUE(
        sameBits(c.offset, static_cast<float>(((double(bias) - double(mean)) * g + double(beta)) / double(s) + z)));
    ASSERT_EQ(c.bounds(), (Grid{0, 255}));
  }
}

/// relu6 between bias and batch norm, then clip: checked against the real-valued chain away from ties.
TEST(Freeze, BoundsFollowTheChain) {
  Random random(22);
  auto uniform = [&](double lo, double hi) { return static_cast<float>(lo + (hi - lo) * (random() * 0x1p-32)); };
  int compared = 0;
  for (int i = 0; i < 2000; ++i) {
    float bias = uniform(-2, 2), gamma = i % 20 ? uniform(-2, 2) : 0.0f, beta = uniform(-1, 1), mean = uniform(-3, 3);
    float variance = uniform(.1, 9), low = uniform(-2, 0), high = uniform(0, 3), s = .02f;
    FrozenChain chain = FrozenChain::contraction(.01f, .02f);
    chain.add(bias);
    chain.clip(0.0f, 6.0f);
    chain.batchNorm(gamma, beta, mean, variance, 1e-3f);
    chain.clip(low, high);
    chain.multiply(-1.5f);
    FrozenChannel c = *chain.toGrid({s, 100}, {0, 255});
    FrozenChannel real = *chain.toFloat(), binary = *chain.toSign();
    ASSERT_LE(c.lo, c.hi);
    for (int64_t acc = -40'000; acc <= 40'000; acc += 797) {
      double y = double(.01f) * double(.02f) * double(acc) + bias;
      y = std::clamp(y, 0.0, 6.0);
      y = (y - mean) * (gamma / std::sqrt(double(variance) + double(1e-3f))) + beta;
      y = -1.5 * std::clamp(y, double(low), double(high));
      double u = y / s + 100;
      float v = scaleAccumulator(acc, real.multiplier, real.offset);
      ASSERT_NEAR(clampFloat(v, real.lo, real.hi), y, 1e-5);
      if (std::fabs(y) > 1e-5) {
        ASSERT_EQ(toSign(v, binary.bounds()), y < 0 ? -1 : 1);
      }
      if (std::fabs(u - std::floor(u) - .5) < 1e-3)
        continue;
      ++compared;
      ASSERT_EQ(requantize(acc, c.multiplier, c.offset, c.bounds()), std::clamp(std::nearbyint(u), 0.0, 255.0));
    }
  }
  EXPECT_GT(compared, 100'000);
}

TEST(Freeze, ReluAfterTheAffinePartIsExact) {
  // Clamping q to z equals relu before the quantiser, for every accumulator.
  for (int32_t z : {0, 7, 128})
    for (int64_t acc = -3000; acc <= 3000; ++acc) {
      FrozenChain chain = FrozenChain::contraction(.03f, .7f);
      chain.add(.11f);
      FrozenChannel plain = *chain.toGrid({.31f, z}, {0, 255});
      chain.relu();
      FrozenChannel relu = *chain.toGrid({.31f, z}, {0, 255});
      int32_t q = requantize(acc, plain.multiplier, plain.offset, plain.bounds());
      ASSERT_EQ(requantize(acc, relu.multiplier, relu.offset, relu.bounds()), std::max(q, z));
    }
}

TEST(Freeze, Residual) {
  FrozenChain chain = FrozenChain::contraction(.5f, .5f);
  ASSERT_TRUE(chain.addResidual(.125f));
  EXPECT_FALSE(chain.addResidual(.125f));
  chain.relu();
  FrozenChannel c = *chain.toGrid({.25f, 2}, {0, 15});
  EXPECT_EQ(c.multiplier, 1.0f);
  EXPECT_EQ(c.residual, .5f);
  EXPECT_EQ(c.offset, 2.0f);
  EXPECT_EQ(c.bounds(), (Grid{2, 15}));
  FrozenChain bounded = FrozenChain::contraction(.5f, .5f);
  bounded.relu();
  EXPECT_FALSE(bounded.addResidual(1.0f));
}

TEST(Freeze, SignBehindABoundIsConstant) {
  FrozenChain chain = FrozenChain::contraction(.5f, .5f);
  EXPECT_EQ(chain.toSign()->bounds(), (Grid{-1, 1}));
  chain.relu();
  EXPECT_EQ(chain.toSign()->bounds(), (Grid{1, 1}));
  chain.add(-3.0f);
  EXPECT_EQ(chain.toSign()->bounds(), (Grid{-1, 1}));
  chain.clip(-5.0f, -1.0f);
  EXPECT_EQ(chain.toSign()->bounds(), (Grid{-1, -1}));
}

TEST(Freeze, AveragePooling) {
  FrozenChannel c = *FrozenChain::average(.5f, 4).toGrid({.25f, 0}, {0, 255});
  EXPECT_EQ(c.multiplier, .5f);
  EXPECT_EQ(c.offset, 0.0f);
}

TEST(Freeze, NonFiniteConstantsAreRefused) {
  FrozenChain zeroVariance = FrozenChain::contraction(1.0f, 1.0f);
  zeroVariance.batchNorm(1.0f, 0.0f, 0.0f, 0.0f, 0.0f);
  EXPECT_FALSE(zeroVariance.toGrid({1.0f, 0}, {0, 255}));
  FrozenChain nan = FrozenChain::contraction(1.0f, 1.0f);
  nan.add(kNan);
  EXPECT_THAT(nan.toFloat().error(), testing::HasSubstr("finite"));
  FrozenChain huge = FrozenChain::contraction(1e30f, 1e30f);
  EXPECT_FALSE(huge.toSign());
}

} // namespace
