// Random numbers: the known answers of Random123, the documented contract of each draw, and the quality of the normal.
#include <nibble/error.h>
#include <nibble/random.h>

#include "frontend/lib/io/normal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace nibble;

namespace {

using Block = std::array<std::uint32_t, 4>;

// kat_vectors of Random123 1.14, philox4x32 10.
TEST(Philox, knownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t f = 0xffffffff;
  EXPECT_EQ(philox4x32({f, f, f, f}, {f, f}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, countersAndStreams) {
  constexpr std::uint64_t seed = 0x123456789abcdef0, stream = 0xfedcba9876543210;
  Random random(seed, stream);
  for (std::uint32_t block = 0; block < 3; ++block)
    for (std::uint32_t word : philox4x32({block, 0, 0x76543210, 0xfedcba98}, {0x9abcdef0, 0x12345678}))
      EXPECT_EQ(random.next(), word);
  Random uniform(7), words(7);
  for (int i = 0; i < 1000; ++i) {
    float u = uniform.uniform();
    EXPECT_EQ(u, static_cast<float>(words.next() >> 8) / 16777216.0f);
    EXPECT_TRUE(u >= 0 && u < 1);
  }
}

TEST(Random, boundedIntegers) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i)
    ++counts[random.below(7)];
  double chi = 0;
  for (int c : counts)
    chi += (c - 10000.0) * (c - 10000.0) / 10000.0;
  EXPECT_LT(chi, 22.5); // 6 degrees of freedom, p = 0.001
  for (std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{0xffffffff}, std::uint64_t{1} << 32,
                              (std::uint64_t{1} << 32) + 1, std::uint64_t{3} << 40, ~std::uint64_t{0}})
    for (int i = 0; i < 1000; ++i)
      EXPECT_LT(random.below(bound), bound);
  EXPECT_THROW(random.below(0), Error);
  // A bound of 2^32 passes the words on; 3 * 2^30 rejects a quarter of them.
  Random a(5), b(5);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(a.below(std::uint64_t{1} << 32), b.next());
  std::array<int, 3> thirds{};
  for (int i = 0; i < 30000; ++i)
    ++thirds[a.below(std::uint64_t{3} << 30) >> 30];
  for (int c : thirds)
    EXPECT_NEAR(c, 10000, 330);
}

TEST(Random, permutations) {
  for (std::int64_t count : {0, 1, 2, 100}) {
    std::vector<std::int64_t> order = permutation(count, 3), sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (std::int64_t i = 0; i < count; ++i)
      EXPECT_EQ(sorted[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(order, permutation(count, 3));
  }
  EXPECT_NE(permutation(100, 3), permutation(100, 4));
  EXPECT_NE(permutation(100, 3), permutation(100, 3, 1));
  EXPECT_THROW(permutation(-1, 0), Error);
  // Fisher-Yates as documented, drawn again by hand.
  std::vector<std::int64_t> expected(10);
  std::iota(expected.begin(), expected.end(), 0);
  Random random(9, 4);
  for (std::size_t i = 9; i > 0; --i)
    std::swap(expected[i], expected[random.below(i + 1)]);
  EXPECT_EQ(permutation(10, 9, 4), expected);
  // All 24 orders of 4 are equally likely.
  std::array<int, 256> seen{};
  for (std::uint64_t seed = 0; seed < 24000; ++seed) {
    std::vector<std::int64_t> p = permutation(4, seed);
    ++seen[static_cast<std::size_t>(p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3])];
  }
  double chi = 0;
  int orders = 0;
  for (int c : seen)
    if (c) {
      ++orders;
      chi += (c - 1000.0) * (c - 1000.0) / 1000.0;
    }
  EXPECT_EQ(orders, 24);
  EXPECT_LT(chi, 49.7); // 23 degrees of freedom, p = 0.001
}

TEST(Normal, logarithm) {
  double x = 0x1p-60;
  for (int i = 0; i < 6000; ++i, x *= 1.0081) // up to about 1e3
    EXPECT_NEAR(io::portableLog(x), std::log(x), 4e-16 * std::max(0.25, std::fabs(std::log(x)))) << x;
  EXPECT_EQ(io::portableLog(1.0), 0.0);
}

TEST(Normal, quantiles) {
  // The values of Wichura's paper, and two of every table.
  EXPECT_NEAR(io::normalQuantile(0.25), -0.6744897501960817, 1e-15);
  EXPECT_NEAR(io::normalQuantile(0.001), -3.090232306167814, 1e-14);
  EXPECT_NEAR(io::normalQuantile(1e-20), -9.262340089798408, 1e-14);
  EXPECT_NEAR(io::normalQuantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_EQ(io::normalQuantile(0.5), 0.0);
  double p = 0x1p-33;
  for (int i = 0; i < 2200; ++i, p *= 1.01) { // up to about 0.38
    double z = io::normalQuantile(p);
    EXPECT_NEAR(std::erfc(-z / std::sqrt(2.0)) / 2 / p, 1.0, 1e-13) << p;
  }
  for (std::uint32_t w : {0u, 1u, 12345u, 0x3fffffffu, 0x7fffffffu})
    EXPECT_EQ(io::normalQuantile((w + 0.5) * 0x1p-32), -io::normalQuantile((~w + 0.5) * 0x1p-32));
  EXPECT_LT(io::normalQuantile((0xffffffff + 0.5) * 0x1p-32), 6.4);
}

// These bits hold on every platform and every compiler.
TEST(Normal, sameBitsEverywhere) {
  Random random(2024, 1);
  std::uint64_t hash = 14695981039346656037u; // FNV-1a over the bits
  double sum = 0, squares = 0;
  constexpr int count = 100000;
  for (int i = 0; i < count; ++i) {
    float x = random.normal();
    sum += x;
    squares += double(x) * x;
    hash = (hash ^ std::bit_cast<std::uint32_t>(x)) * 1099511628211u;
  }
  EXPECT_NEAR(sum / count, 0, 0.012);
  EXPECT_NEAR(squares / count, 1, 0.018);
  EXPECT_EQ(hash, 6420668894410659849u); // computed independently in Python
}

} // namespace
