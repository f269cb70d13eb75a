// Reductions, batch statistics, softmax, loss and pooling (rules R9.1 to R9.5).
#include "test/unit/NumericsTestSupport.h"

#include <cmath>

using namespace nibble;
using namespace nibble::numerics_test;
using reference::rowSum;

namespace {

std::vector<float> randomValues(std::size_t count, uint32_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float &x : values)
    x = std::ldexp(static_cast<float>(static_cast<int32_t>(random())), -31 + static_cast<int>(random() % 12));
  return values;
}

/// The pairwise tree written recursively: the left subtree holds the largest power of two of blocks below the count.
float tree(const std::vector<float> &blocks, std::size_t from, std::size_t count) {
  if (count == 1)
    return blocks[from];
  std::size_t left = 1;
  while (2 * left < count)
    left *= 2;
  return tree(blocks, from, left) + tree(blocks, from + left, count - left);
}

TEST(Reduce, PairwiseEqualsTheRecursiveTree) {
  for (std::size_t count = 1; count <= 70; ++count) {
    std::vector<float> blocks = randomValues(count, static_cast<uint32_t>(count));
    ASSERT_TRUE(sameBits(reference::pairwiseSum(blocks), tree(blocks, 0, count))) << count;
  }
  EXPECT_TRUE(sameBits(reference::pairwiseSum({}), 0.0f));
}

TEST(Reduce, BlocksOf256Rows) {
  for (std::size_t count : {0, 1, 255, 256, 257, 511, 512, 513, 1279, 1281}) {
    std::vector<float> values = randomValues(count, 7), blocks;
    for (std::size_t begin = 0; begin < count; begin += 256) {
      float acc = 0.0f;
      for (std::size_t i = begin; i < std::min(begin + 256, count); ++i)
        acc += values[i];
      blocks.push_back(acc);
    }
    ASSERT_TRUE(sameBits(rowSum(values), count ? tree(blocks, 0, blocks.size()) : 0.0f)) << count;
  }
  // The order matters: three blocks are (0 + 1) + 2.
  std::vector<float> values(768, 0.0f);
  values[0] = 0x1p24f, values[256] = 1.0f, values[512] = 1.0f;
  EXPECT_EQ(rowSum(values), 0x1p24f);
  values[512] = 0.0f, values[257] = 1.0f;
  EXPECT_EQ(rowSum(values), 0x1p24f + 2.0f);
  std::vector<float> negativeZero{-0.0f};
  EXPECT_TRUE(sameBits(rowSum(negativeZero), 0.0f)); // 0 + -0
}

TEST(Reduce, WeightGradientUsesFma) {
  std::vector<float> a(300, 1.0f + 0x1p-23f), b(300, 1.0f - 0x1p-23f);
  float first = 0, second = 0;
  for (int i = 0; i < 256; ++i)
    first = std::fma(a[i], b[i], first);
  for (int i = 256; i < 300; ++i)
    second = std::fma(a[i], b[i], second);
  EXPECT_TRUE(sameBits(reference::rowDot(a, b), first + second));
  float sequential = 0;
  for (int i = 0; i < 300; ++i)
    sequential = std::fma(a[i], b[i], sequential);
  EXPECT_TRUE(sameBits(reference::contract(a, b), sequential));
  // 1 - (1 + 2^-13)(1 - 2^-13) = 2^-26 survives only if the product is not rounded.
  std::vector<float> x{1.0f, 1.0f + 0x1p-13f}, y{1.0f, 0x1p-13f - 1.0f};
  EXPECT_EQ(reference::contract(x, y), 0x1p-26f);
  EXPECT_EQ(reference::rowDot(x, y), 0x1p-26f);
}

TEST(Reduce, BatchStatistics) {
  std::vector<float> values{1.0f, 2.0f, 3.0f, 4.0f};
  reference::Statistics s = reference::batchStatistics(values);
  EXPECT_EQ(s.mean, 2.5f);
  EXPECT_EQ(s.variance, 1.25f); // divided by n, not n - 1
  std::vector<float> constant(1000, 0.1f);
  EXPECT_NEAR(reference::batchStatistics(constant).variance, 0.0, 1e-12);
  for (uint32_t seed = 0; seed < 20; ++seed) { // bit for bit: a rounded square, then a plain addition
    std::vector<float> some = randomValues(200, seed);
    float sum = 0, squares = 0;
    for (float x : some)
      sum += x;
    float mean = sum / 200.0f;
    for (float x : some) {
      float square = (x - mean) * (x - mean);
      squares += square;
    }
    ASSERT_TRUE(sameBits(reference::batchStatistics(some).variance, squares / 200.0f)) << seed;
  }
  std::vector<float> wide = randomValues(5000, 9);
  double mean = 0, variance = 0;
  for (float x : wide)
    mean += x / 5000.0;
  for (float x : wide)
    variance += (x - mean) * (x - mean) / 5000.0;
  s = reference::batchStatistics(wide);
  EXPECT_NEAR(s.mean, mean, std::sqrt(variance) * 1e-6);
  EXPECT_NEAR(s.variance, variance, variance * 1e-6);
}

TEST(Softmax, SumsToOneAndMatchesDouble) {
  std::vector<float> x{1.0f, -2.0f, 0.5f, 3.0f, 3.0f}, p(5);
  reference::softmax(x, p);
  double sum = 0;
  for (float v : x)
    sum += std::exp(double(v));
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(p[i], std::exp(double(x[i])) / sum, 1e-7);
    EXPECT_NEAR(reference::crossEntropy(x, i), std::log(sum) - x[i], 1e-6);
  }
  std::vector<float> huge{1e30f, -1e30f}, two(2);
  reference::softmax(huge, two);
  EXPECT_EQ(two[0], 1.0f);
  EXPECT_EQ(two[1], 0.0f);
  EXPECT_EQ(reference::crossEntropy(huge, 0), 0.0f);
  std::vector<float> uniform(10, 4.0f);
  EXPECT_TRUE(sameBits(reference::crossEntropy(uniform, 3), reference::log(10.0f)));
}

TEST(Pooling, MaximumAndAverage) {
  using reference::maxTap;
  EXPECT_EQ(maxTap(std::vector{1.0f, 3.0f, 3.0f, 2.0f}), 1u); // the first maximal tap
  EXPECT_EQ(maxTap(std::vector{0.0f, -0.0f}), 0u);
  EXPECT_EQ(maxTap(std::vector{-0.0f, 0.0f}), 0u);
  EXPECT_EQ(maxTap(std::vector{1.0f, kNan, 2.0f}), 2u); // a later NaN never wins
  EXPECT_EQ(maxTap(std::vector{kNan, 5.0f}), 0u);       // a first NaN stays
  EXPECT_EQ(maxTap(std::vector{-kInf, -kInf, -1.0f}), 2u);
  EXPECT_EQ(reference::averageOfTaps(std::vector{1.0f, 2.0f, 4.0f}), 7.0f * (1.0f / 3.0f));
  EXPECT_EQ(reference::averageOfGrid(7, .5f, 3), 7.0f * (.5f / 3.0f));
}

} // namespace
