// Selection: the order, the reasons, and the proof about pairs of weights.
#include "compiler/Kernels/Select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

using namespace nibble::kernels;

namespace {

constexpr char fast[] = "dot_u8s8_6x16_avx2", exact[] = "dot_u8s8_6x16_avx2_exact";

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

TEST(KernelSelect, TakesTheFirstThatIsRight) {
  const Selection selection = selectKernel(contraction());
  EXPECT_EQ(fast, selection.kernel);
  EXPECT_TRUE(selection.rejections.empty());
}

TEST(KernelSelect, SaysWhyTheFastOneIsWrong) {
  ContractionDesc desc = contraction();
  desc.worstPair = PairWeight{131, 5, 0, 12};
  Selection selection = selectKernel(desc);
  EXPECT_EQ(exact, selection.kernel);
  ASSERT_EQ(1u, selection.rejections.size());
  EXPECT_EQ(fast, selection.rejections[0].kernel);
  EXPECT_EQ("weights of channel 5 can saturate a 16-bit pair sum: 255 * 131 > 32767", selection.rejections[0].reason);

  desc.activationBits = 7; // 127 * 256 < 32768: nothing can saturate
  desc.worstPair->sum = 256;
  EXPECT_EQ(fast, selectKernel(desc).kernel);

  desc.worstPair.reset();
  selection = selectKernel(desc);
  EXPECT_EQ(exact, selection.kernel);
  EXPECT_EQ("weights are not known, so that a 16-bit pair sum may saturate", selection.rejections.at(0).reason);
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
  desc.skipsPaddedTaps = true;
  expectPortable(desc, "zero point 3 needs a correction that differs from position to position where padded taps are "
                       "skipped");
  desc.activationZeroPoint = 0;
  EXPECT_EQ(fast, selectKernel(desc).kernel);
}

TEST(KernelSelect, RegistryHasUniqueNamesAndFeatures) {
  std::set<std::string_view> names;
  for (const KernelInfo &kernel : allKernels()) {
    EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name;
    EXPECT_FALSE(kernel.features.empty()) << kernel.name;
    EXPECT_EQ(&kernel, findKernel(kernel.name));
  }
  EXPECT_EQ(nullptr, findKernel("dot_u8s8_6x16_avx"));
}

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

TEST(KernelAsm, OneDirectivePerSixteenBytes) {
  std::vector<uint8_t> bytes(18);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 15);
  EXPECT_EQ(".byte 0x00,0x0f,0x1e,0x2d,0x3c,0x4b,0x5a,0x69,0x78,0x87,0x96,0xa5,0xb4,0xc3,0xd2,0xe1\n.byte 0xf0,0xff",
            bytesToAsm(bytes));
  EXPECT_EQ("", bytesToAsm({}));
}

} // namespace
