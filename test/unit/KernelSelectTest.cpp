// Selection: the order, the reasons, and the proof about pairs of weights.
#include "compiler/Kernels/Select.h"
#include "test/unit/KernelContract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

constexpr char fast[] = "dot_u8s8_6x16_avx2", exact[] = "dot_u8s8_6x16_avx2_exact";

/// 8-bit weights of which no more is known than that no pair saturates.
ContractionDesc contraction() {
  ContractionDesc desc;
  desc.run = 64;
  desc.outer = 3;
  desc.hasFeature = [](std::string_view feature) { return feature == "avx2"; };
  desc.worstPair = PairWeight{128, 0, 0, 0};
  return desc;
}

/// Expects the portable code, with `reason` for the last kernel tried.
void expectPortable(const ContractionDesc &desc, const std::string &reason) {
  const Selection selection = selectKernel(desc);
  EXPECT_EQ("portable", selection.kernel);
  ASSERT_EQ(allKernels().size(), selection.rejections.size());
  for (size_t i = 0; i < selection.rejections.size(); ++i)
    EXPECT_EQ(allKernels()[i].name, selection.rejections[i].kernel);
  EXPECT_EQ(reason, selection.rejections.back().reason);
}

/// Why `kernel` was passed over; empty if it was not.
std::string reasonFor(const Selection &selection, std::string_view kernel) {
  for (const Rejection &rejection : selection.rejections)
    if (rejection.kernel == kernel)
      return rejection.reason;
  return {};
}

TEST(KernelSelect, TakesTheFirstThatIsRight) {
  ContractionDesc desc = contraction();
  EXPECT_EQ(fast, selectKernel(desc).kernel);
  EXPECT_EQ(0, selectKernel(desc).widenEvery);
  desc.window = SafeWindow{12, false, 0, 0, 0};
  EXPECT_EQ("dot_u8s8_16_6x16_avx2", selectKernel(desc).kernel);
  EXPECT_EQ(12, selectKernel(desc).widenEvery);
  desc.window->whole = true;
  EXPECT_EQ(0, selectKernel(desc).widenEvery);
  desc.weightRange = WeightRange{-8, 7};
  EXPECT_EQ("dot_u8s4_12x8_avx2", selectKernel(desc).kernel);
  desc.weightRange = WeightRange{-1, 1};
  EXPECT_EQ("dot_u8s2_12x8_avx2", selectKernel(desc).kernel);
  desc.weightsBinary = true;
  EXPECT_EQ("dot_u8s1_12x8_avx2", selectKernel(desc).kernel);
}

// Their sums need no proof, so that weights in a byte never go to another instruction set.
TEST(KernelSelect, TakesTheBestInstructionSet) {
  ContractionDesc desc = contraction();
  desc.worstPair.reset();
  desc.hasFeature = [](std::string_view feature) { return feature == "avx2" || feature == "avxvnni"; };
  EXPECT_EQ("dot_u8s8_12x8_avxvnni", selectKernel(desc).kernel);
  EXPECT_EQ("target has no avx512vnni", reasonFor(selectKernel(desc), "dot_u8s8_24x16_avx512vnni"));
  desc.hasFeature = [](std::string_view feature) { return feature != "avx512bw"; };
  EXPECT_EQ("target has no avx512bw", reasonFor(selectKernel(desc), "dot_u8s8_24x16_avx512vnni"));
  desc.hasFeature = [](std::string_view) { return true; };
  EXPECT_EQ("dot_u8s8_24x16_avx512vnni", selectKernel(desc).kernel);
  EXPECT_EQ(0, selectKernel(desc).widenEvery);
  desc.weightRange = WeightRange{-8, 7};
  EXPECT_EQ("dot_u8s4_24x16_avx512vnni", selectKernel(desc).kernel);
  desc.weightRange = WeightRange{-1, 1};
  desc.weightsBinary = true;
  EXPECT_EQ("dot_u8s1_24x16_avx512vnni", selectKernel(desc).kernel);
  EXPECT_TRUE(selectKernel(desc).rejections.empty());
  // Wider fields lie in shorter units.
  for (const auto &[channels, kernel] : {std::pair<int64_t, const char *>{32, "dot_u8s1_24x16_avx512vnni"},
                                         {16, "dot_u8s2_24x16_avx512vnni"},
                                         {8, "dot_u8s4_24x16_avx512vnni"},
                                         {4, "dot_u8s8_24x16_avx512vnni"}}) {
    desc.tapValues = channels;
    EXPECT_EQ(kernel, selectKernel(desc).kernel) << channels;
  }
}

TEST(KernelSelect, SaysWhyNarrowOnesAreWrong) {
  ContractionDesc desc = contraction();
  Selection selection = selectKernel(desc);
  EXPECT_EQ("weights are not binary; the kernel's fields of 1 bit hold +1 and -1",
            reasonFor(selection, "dot_u8s1_12x8_avx2"));
  EXPECT_EQ("weights are not known, so that they may not fit the kernel's fields of 2 bits",
            reasonFor(selection, "dot_u8s2_12x8_avx2"));
  EXPECT_EQ("weights are not known, so that a 16-bit sum may overflow", reasonFor(selection, "dot_u8s8_16_6x16_avx2"));

  desc.weightRange = WeightRange{-8, 5};
  desc.window = SafeWindow{1, false, 37, 2, 12};
  selection = selectKernel(desc);
  EXPECT_EQ(fast, selection.kernel);
  EXPECT_EQ("weights reach from -8 to 5; the kernel's fields of 2 bits hold -2 to 1",
            reasonFor(selection, "dot_u8s2_12x8_avx2"));
  EXPECT_EQ("weights of channel 37 can overflow a 16-bit sum of 2 groups of 4 steps; the kernel needs 2",
            reasonFor(selection, "dot_u8s4_12x8_avx2"));

  desc.window->groups = 8;
  desc.tapValues = 12;
  selection = selectKernel(desc);
  EXPECT_EQ("dot_u8s8_16_6x16_avx2", selection.kernel);
  EXPECT_EQ("12 values of a tap are not a multiple of the 8 that lie together in the kernel's weights",
            reasonFor(selection, "dot_u8s4_12x8_avx2"));
  desc.tapValues = 16;
  EXPECT_EQ("dot_u8s4_12x8_avx2", selectKernel(desc).kernel);
}

TEST(KernelSelect, SaysWhyTheFastOneIsWrong) {
  ContractionDesc desc = contraction();
  desc.worstPair = PairWeight{131, 5, 0, 12};
  Selection selection = selectKernel(desc);
  EXPECT_EQ(exact, selection.kernel);
  EXPECT_EQ("weights of channel 5 can saturate a 16-bit pair sum: 255 * 131 > 32767", reasonFor(selection, fast));

  desc.activationBits = 7; // 127 * 256 < 32768: nothing can saturate
  desc.worstPair->sum = 256;
  EXPECT_EQ(fast, selectKernel(desc).kernel);

  desc.worstPair.reset();
  selection = selectKernel(desc);
  EXPECT_EQ(exact, selection.kernel);
  EXPECT_EQ("weights are not known, so that a 16-bit pair sum may saturate", reasonFor(selection, fast));
}

TEST(KernelSelect, SaysWhyNoneFits) {
  ContractionDesc desc = contraction();
  desc.hasFeature = [](std::string_view) { return false; };
  expectPortable(desc, "target has no avx2");
  desc.hasFeature = nullptr;
  expectPortable(desc, "target has no avx2");
  desc = contraction();
  desc.activationSigned = true;
  expectPortable(desc, "activations are signed; the kernel multiplies unsigned bytes");
  desc = contraction();
  desc.activationBits = 16;
  expectPortable(desc, "activations have 16 bits; the kernel takes 1 to 8");
  desc = contraction();
  desc.weightBits = 9;
  expectPortable(desc, "weights have 9 bits; the kernel takes 1 to 8");
  desc = contraction();
  desc.run = 0;
  expectPortable(desc, "the contraction is empty");
  desc = contraction();
  desc.activationBits = 4;
  desc.activationZeroPoint = 16;
  expectPortable(desc, "zero point 16 lies outside the activations' range 0..15");
  desc = contraction();
  desc.activationZeroPoint = 3;
  EXPECT_EQ(fast, selectKernel(desc).kernel);
  desc.tapValues = 6;
  expectPortable(desc, "6 values of a tap are not a multiple of the 4 that lie together in the kernel's weights");
}

TEST(KernelSelect, Blocking) {
  const KernelInfo &narrow = *findKernel("dot_u8s4_12x8_avx2"), &bytes = *findKernel(fast);
  const auto expect = [](Blocking got, int rows, int tiles) {
    EXPECT_EQ(rows, got.rows);
    EXPECT_EQ(tiles, got.tiles);
  };
  expect(blockingFor(narrow, 100, 8, 2304), 12, 1);
  expect(blockingFor(narrow, 100, 8, 4096), 6, 2); // rows that share a set of the cache
  expect(blockingFor(narrow, 100, 1, -8192), 6, 1);
  expect(blockingFor(narrow, 100, 8, 4096 + 64), 12, 1);
  expect(blockingFor(narrow, 100, 8, 32), 12, 1); // neighbours in a line
  expect(blockingFor(narrow, 1, 20, 4096), 1, 8);
  expect(blockingFor(*findKernel("dot_u8s2_12x8_avx2"), 1, 20, 4096), 1, 4);
  expect(blockingFor(narrow, 5, 8, 100), 5, 2);
  expect(blockingFor(bytes, 100, 8, 64), 6, 1);
  expect(blockingFor(bytes, 1, 3, 64), 1, 3);
  expect(blockingFor(narrow, 14, 8, 100), 7, 1); // two calls of 7, not 12 and 2
  const KernelInfo &vnni = *findKernel("dot_u8s8_24x16_avx512vnni");
  expect(blockingFor(vnni, 100, 8, 64), 12, 2);
  expect(blockingFor(vnni, 100, 1, 64), 20, 1);
  expect(blockingFor(vnni, 100, 8, 4096), 6, 2);
  expect(blockingFor(vnni, 14, 8, 64), 7, 2);
  expect(blockingFor(vnni, 1, 20, 64), 1, 4);
  expect(blockingFor(*findKernel("dot_u8s4_24x16_avx512vnni"), 1, 20, 64), 1, 8);
  expect(blockingFor(*findKernel("dot_u8s2_24x16_avx512vnni"), 1, 20, 64), 1, 4);
  expect(blockingFor(*findKernel("dot_u8s1_24x16_avx512vnni"), 1, 20, 64), 1, 2);
  expect(blockingFor(*findKernel("dot_u8s1_12x8_avxvnni"), 1, 20, 64), 1, 1);
}

// Callers cut columns into shares of mostTilesOfCall tiles, or several.
TEST(KernelSelect, ManyTilesAreCutEvenly) {
  for (const KernelInfo &kernel : allKernels())
    for (int64_t rows = 1; rows <= 30; ++rows)
      for (const int64_t tiles : {8, 9, 100})
        for (const int64_t stride : {64, 4096}) {
          const Blocking blocking = blockingFor(kernel, rows, tiles, stride);
          EXPECT_EQ(0, mostTilesOfCall % blocking.tiles) << kernel.name << ", rows " << rows;
          EXPECT_LE(blocking.rows * blocking.tiles, kernel.maxRows) << kernel.name << ", rows " << rows;
          EXPECT_LE(blocking.rows, rows);
        }
}

TEST(KernelSelect, RegistryHasUniqueNamesAndFeatures) { expectRegistry(allKernels(), findKernel, "dot_u8s8_6x16_avx"); }

/// Whether a pair leaves 16 bits for the activations at the corners of the range.
bool saturatesByTrial(int w0, int w1, int max) {
  for (const int a0 : {0, max})
    for (const int a1 : {0, max})
      if (const int sum = a0 * w0 + a1 * w1; sum > 32767 || sum < -32768)
        return true;
  return false;
}

TEST(KernelPairs, ProofAgreesWithTrialForAllPairs) {
  std::vector<int8_t> packed(packedBytes(1, 2));
  for (const int bits : {1, 2, 3, 4, 5, 6, 7, 8})
    for (int w0 = -128; w0 <= 127; ++w0)
      for (int w1 = -128; w1 <= 127; ++w1) {
        packed[0] = static_cast<int8_t>(w0);
        packed[1] = static_cast<int8_t>(w1);
        const auto worst = worstPair(packed, 1, 1, 2);
        const int max = (1 << bits) - 1;
        ASSERT_EQ(saturatesByTrial(w0, w1, max), pairSaturates(*worst, max)) << w0 << " " << w1 << " max " << max;
      }
}

TEST(KernelPairs, FindsTheWorstPairAndWhereItIs) {
  constexpr int64_t tiles = 3, outer = 2, run = 7;
  std::vector<int8_t> packed(tiles * packedBytes(outer, run));
  const auto at = [&](int64_t channel, int64_t o, int64_t k) -> int8_t & {
    return packed[(((channel / 16 * outer + o) * 2 + k / 4) * 16 + channel % 16) * 4 + k % 4];
  };
  at(3, 0, 1) = 100; // k 1 and 2 are neighbours, but no pair
  at(3, 0, 2) = 100;
  at(4, 1, 0) = 127; // opposite signs do not add up
  at(4, 1, 1) = -128;
  at(37, 1, 4) = -70;
  at(37, 1, 5) = -61;
  at(38, 1, 4) = 131 - 61; // as large, but later
  at(38, 1, 5) = 61;
  const auto worst = worstPair(packed, tiles, outer, run);
  ASSERT_TRUE(worst);
  EXPECT_EQ(131, worst->sum);
  EXPECT_EQ(37, worst->channel);
  EXPECT_EQ(1, worst->outer);
  EXPECT_EQ(4, worst->k);
  EXPECT_TRUE(pairSaturates(*worst, 255));
  EXPECT_FALSE(pairSaturates(*worst, 127));
}

TEST(KernelPairs, RefusesAWrongSize) {
  const std::vector<int8_t> packed(packedBytes(2, 5) - 1);
  EXPECT_FALSE(worstPair(packed, 1, 2, 5));
  EXPECT_EQ(0, worstPair({}, 0, 2, 5)->sum);
}

// Every window of every lane tried out, on small random weights.
TEST(KernelWindows, ProofAgreesWithTrial) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 400; ++trial) {
    const int64_t run = 1 + random() % 60, outer = 1 + random() % 3, groups = (run + 3) / 4;
    const int64_t max = 1 + random() % 255, bits = 2 + random() % 7, tiles = 1 + random() % 2;
    std::vector<int8_t> packed(tiles * packedBytes(outer, run));
    for (size_t i = 0; i < packed.size(); ++i)
      if (static_cast<int64_t>(i / 64 % groups * 4 + i % 4) < run)
        packed[i] = static_cast<int8_t>(static_cast<int>(random() % (1u << bits)) - (1 << (bits - 1)));
    // For each length, whether some window of it overflows with the worst activations.
    std::vector<bool> overflows(groups + 1);
    bool wholeOverflows = false;
    for (int64_t lane = 0; lane < tiles * 32; ++lane) {
      int64_t low = 0, high = 0;
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t begin = 0; begin < groups; ++begin) {
          int64_t sums[2] = {0, 0};
          for (int64_t g = begin; g < groups; ++g) {
            for (int i = 0; i < 2; ++i) {
              const int8_t w =
                  packed[(((lane / 32 * outer + o) * groups + g) * 16 + lane % 32 / 2) * 4 + lane % 2 * 2 + i];
              sums[w > 0] += w * max;
              if (begin == 0)
                (w > 0 ? high : low) += w * max;
            }
            if (sums[1] > 32767 || sums[0] < -32768)
              overflows[g - begin + 1] = true;
          }
        }
      wholeOverflows |= high > 32767 || low < -32768;
    }
    int64_t longest = 0;
    while (longest < groups && !overflows[longest + 1])
      ++longest;
    const auto safe = safeWindow(packed, tiles, outer, run, max);
    ASSERT_TRUE(safe);
    EXPECT_EQ(longest, safe->groups) << "trial " << trial;
    EXPECT_EQ(!wholeOverflows, safe->whole) << "trial " << trial;
  }
}

TEST(KernelWindows, SaysWhereTheShortestUnsafeOneIs) {
  constexpr int64_t tiles = 2, outer = 2, run = 40;
  std::vector<int8_t> packed(tiles * packedBytes(outer, run));
  const auto at = [&](int64_t channel, int64_t o, int64_t k) -> int8_t & {
    return packed[(((channel / 16 * outer + o) * 10 + k / 4) * 16 + channel % 16) * 4 + k % 4];
  };
  EXPECT_EQ(10, safeWindow(packed, tiles, outer, run, 255)->groups);
  EXPECT_TRUE(safeWindow(packed, tiles, outer, run, 255)->whole);
  at(20, 1, 8) = at(20, 1, 12) = 64; // groups 2 and 3: 128 is the most
  at(20, 1, 14) = 100;               // the other lane
  at(20, 1, 17) = -100;
  auto safe = safeWindow(packed, tiles, outer, run, 255);
  EXPECT_EQ(10, safe->groups);
  EXPECT_TRUE(safe->whole);
  at(20, 1, 25) = 1; // 64 + 64 + 1 in groups 2..6
  safe = safeWindow(packed, tiles, outer, run, 255);
  EXPECT_EQ(4, safe->groups);
  EXPECT_FALSE(safe->whole);
  EXPECT_EQ(20, safe->channel);
  EXPECT_EQ(1, safe->outer);
  EXPECT_EQ(8, safe->k);
  at(20, 1, 25) = 0;
  at(20, 0, 0) = 1; // in another outer step: only the whole sum is unsafe
  safe = safeWindow(packed, tiles, outer, run, 255);
  EXPECT_EQ(10, safe->groups);
  EXPECT_FALSE(safe->whole);
}

TEST(KernelWindows, RefusesWhatIsNoContraction) {
  const std::vector<int8_t> packed(packedBytes(2, 5));
  EXPECT_TRUE(safeWindow(packed, 1, 2, 5, 255));
  EXPECT_FALSE(safeWindow(packed, 2, 2, 5, 255));
  EXPECT_FALSE(safeWindow(packed, 1, 2, 0, 255));
  EXPECT_FALSE(safeWindow(packed, 1, 2, 5, 0));
}

TEST(KernelAsm, OneDirectivePerSixteenBytes) {
  std::vector<uint8_t> bytes(18);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 15);
  EXPECT_EQ(".byte 0x00,0x0f,0x1e,0x2d,0x3c,0x4b,0x5a,0x69,0x78,0x87,0x96,0xa5,0xb4,0xc3,0xd2,0xe1\n.byte 0xf0,0xff",
            bytesToAsm(bytes));
  EXPECT_EQ("", bytesToAsm({}));
}

} // namespace
