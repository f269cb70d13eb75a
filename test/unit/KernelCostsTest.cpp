// Predicted times and the choice by them.
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nibble::kernels;

namespace {

using Predictions = std::vector<std::optional<double>>;

Candidate can(std::string name, int weightBits = 0) {
  Candidate candidate;
  candidate.kernel = std::move(name), candidate.weightBits = weightBits;
  return candidate;
}
Candidate cannot(std::string name, std::string reason) {
  Candidate candidate = can(std::move(name));
  candidate.reason = std::move(reason);
  return candidate;
}

std::string reasonFor(const Selection &selection, std::string_view kernel) {
  for (const Rejection &rejection : selection.rejections)
    if (rejection.kernel == kernel)
      return rejection.reason;
  return "(none)";
}

TEST(KernelCosts, TheFastestIsChosen) {
  std::vector<Candidate> candidates = {cannot("a", "no reason"), can("b"), can("c"), can("d")};
  candidates[2].widenEvery = 7;
  const Selection selection = chooseFastest(candidates, Predictions{1.0, 2000.0, 1500.0, 1600.0});
  EXPECT_EQ("c", selection.kernel);
  EXPECT_EQ(7, selection.widenEvery);
  EXPECT_EQ("predicted 1.50 us", selection.choice);
  ASSERT_EQ(3u, selection.rejections.size());
  EXPECT_EQ("no reason", reasonFor(selection, "a"));
  EXPECT_EQ("predicted 2.00 us; c 1.50 us", reasonFor(selection, "b"));
  EXPECT_EQ("predicted 1.60 us; c 1.50 us", reasonFor(selection, "d"));
}

TEST(KernelCosts, NotesStandBesideTimes) {
  std::vector<Candidate> candidates = {can("a"), can("b")};
  candidates[0].note = "6.00 operations";
  EXPECT_EQ("predicted 200 ns (6.00 operations); b 100 ns",
            reasonFor(chooseFastest(candidates, Predictions{200.0, 100.0}), "a"));
  EXPECT_EQ("predicted 90.0 ns (6.00 operations)", chooseFastest(candidates, Predictions{90.0, 100.0}).choice);
}

TEST(KernelCosts, TheFirstOfNearlyEqualOnesIsChosen) {
  const std::vector<Candidate> candidates = {can("a"), can("b"), can("c")};
  const Selection selection = chooseFastest(candidates, Predictions{106.0, 104.0, 100.0});
  EXPECT_EQ("b", selection.kernel);
  EXPECT_EQ("predicted 106 ns; b 104 ns", reasonFor(selection, "a"));
  EXPECT_EQ("predicted 100 ns; b comes first, with 104 ns", reasonFor(selection, "c"));
}

TEST(KernelCosts, NarrowWeightsMayTakeLonger) {
  const std::vector<Candidate> candidates = {can("two", 2), can("four", 4), can("eight", 8), can("none")};
  Selection selection = chooseFastest(candidates, Predictions{210.0, 190.0, 100.0, 250.0});
  EXPECT_EQ("four", selection.kernel);
  EXPECT_EQ("predicted 210 ns; four 190 ns", reasonFor(selection, "two"));
  EXPECT_EQ("predicted 100 ns; four, whose weights are narrower, 190 ns", reasonFor(selection, "eight"));
  selection = chooseFastest(candidates, Predictions{199.0, 190.0, 100.0, 250.0});
  EXPECT_EQ("two", selection.kernel);
  selection = chooseFastest(candidates, Predictions{199.0, 190.0, 100.0, 90.0}); // no format of weights to compare with
  EXPECT_EQ("none", selection.kernel);
}

// Narrow weights are preferred to the fastest ones, not to what is faster than they are and stands in front of them.
TEST(KernelCosts, NarrowWeightsDoNotDisplaceWhatStandsInFront) {
  const std::vector<Candidate> candidates = {can("front"), can("four", 4), can("eight", 8), can("behind")};
  EXPECT_EQ("front", chooseFastest(candidates, Predictions{150.0, 190.0, 100.0, 120.0}).kernel);
  EXPECT_EQ("four", chooseFastest(candidates, Predictions{250.0, 190.0, 100.0, 120.0}).kernel);
}

TEST(KernelCosts, NearlyAsFastIsNotEnoughForWiderWeights) {
  const std::vector<Candidate> candidates = {can("four", 4), can("two", 2), can("other two", 2)};
  Selection selection = chooseFastest(candidates, Predictions{101.0, 100.0, 99.0});
  EXPECT_EQ("two", selection.kernel);
  EXPECT_EQ("predicted 101 ns; two 100 ns", reasonFor(selection, "four"));
}

// What the chosen one computes with goes with it.
TEST(KernelCosts, MeasuredTimesDecide) {
  std::vector<Candidate> candidates = {can("a"), can("b"), cannot("c", "no reason"), can("d")};
  candidates[1].widenEvery = 2;
  candidates[1].listed = ListedLength{.window = 2, .windows = 18, .groups = 34, .bytes = 1176};
  const Selection selection = chooseMeasured(candidates, Predictions{200.0, 100.0, 50.0, {}}, " (cached)");
  EXPECT_EQ("b", selection.kernel);
  EXPECT_EQ(2, selection.widenEvery);
  ASSERT_TRUE(selection.listed);
  EXPECT_EQ(34, selection.listed->groups);
  EXPECT_EQ("measured 100 ns (cached)", selection.choice);
  EXPECT_EQ("measured 200 ns (cached); b 100 ns", reasonFor(selection, "a"));
  EXPECT_EQ("no reason", reasonFor(selection, "c"));
  EXPECT_EQ("it was not measured", reasonFor(selection, "d"));
}

TEST(KernelCosts, WithoutCostsTheOrderCounts) {
  const std::vector<Candidate> candidates = {cannot("a", "no reason"), can("b"), can("c"), can("d"), can("e")};
  Selection selection = chooseFastest(candidates, Predictions(5));
  EXPECT_EQ("b", selection.kernel);
  EXPECT_EQ("no costs are known for this target; it comes first", selection.choice);
  EXPECT_EQ("no costs are known for this target; b comes first", reasonFor(selection, "c"));

  // As fast as the next one that has costs.
  selection = chooseFastest(candidates, Predictions{{}, {}, 100.0, 90.0, {}});
  EXPECT_EQ("d", selection.kernel);
  EXPECT_EQ("no costs are known; taken to be as fast as c: 100 ns; d 90.0 ns", reasonFor(selection, "b"));
  EXPECT_EQ("no costs are known, and it comes behind d", reasonFor(selection, "e"));
  selection = chooseFastest(candidates, Predictions{{}, {}, 100.0, 100.0, {}});
  EXPECT_EQ("b", selection.kernel);
  EXPECT_EQ("no costs are known; taken to be as fast as c: 100 ns", selection.choice);
}

TEST(KernelCosts, TheOnlyOneNeedsNoCosts) {
  const Selection selection = chooseFastest({cannot("a", "no reason"), can("b")}, Predictions(2));
  EXPECT_EQ("b", selection.kernel);
  EXPECT_EQ("no other kernel takes the layer", selection.choice);
}

TEST(KernelCosts, NoneIsChosenWhereNoneCan) {
  const Selection selection = chooseFastest({cannot("a", "no reason")}, Predictions{1.0});
  EXPECT_EQ("", selection.kernel);
  ASSERT_EQ(1u, selection.rejections.size());
  EXPECT_EQ("no reason", selection.rejections[0].reason);
}

Work layer() {
  Work work;
  work.height = work.width = 14, work.outputs = 64, work.channels = 64, work.rows = work.columns = 3;
  work.borderRows = work.borderColumns = 2;
  return work;
}

constexpr auto hasAll = [](std::string_view) { return true; };
constexpr auto hasNone = [](std::string_view) { return false; };

TEST(KernelCosts, PredictionsFollowTheWork) {
  const double one = *predict(can("dot_u8s8_6x16_avx2"), layer(), hasAll);
  EXPECT_GT(one, 1000);
  EXPECT_LT(one, 1e6);
  Work two = layer();
  two.images = 2;
  EXPECT_NEAR(2 * one, *predict(can("dot_u8s8_6x16_avx2"), two, hasAll), one * 1e-6);
  Work padded = layer(); // 65 channels take 80 columns
  padded.outputs = 65;
  EXPECT_GT(*predict(can("dot_u8s8_6x16_avx2"), padded, hasAll), 1.15 * one);
  Candidate widening = can("dot_u8s8_16_6x16_avx2");
  widening.widenEvery = 2;
  EXPECT_GT(*predict(widening, layer(), hasAll), *predict(can("dot_u8s8_16_6x16_avx2"), layer(), hasAll))
      << "sums that are widened cost more";
  EXPECT_GT(*predict(can("portable_depthwise"), layer(), hasAll), 0);
  EXPECT_FALSE(predict(can("unheard_of"), layer(), hasAll));
}

// Portable code gets faster with the instruction set; a kernel is looked up where it was measured.
TEST(KernelCosts, PredictionsFollowTheTarget) {
  const auto avx2 = [](std::string_view feature) { return feature == "avx2"; };
  EXPECT_GT(*predict(can("portable_i16"), layer(), hasNone), 1.5 * *predict(can("portable_i16"), layer(), avx2));
  EXPECT_TRUE(predict(can("dot_u8s8_24x16_avx512vnni"), layer(), avx2)) << "by the costs of the first level above";
  EXPECT_FALSE(predict(can("portable_scalar"), layer(), hasAll)) << "it was never measured";
  for (const auto &kernel : allKernels())
    EXPECT_TRUE(predict(can(std::string(kernel.name)), layer(), hasAll)) << kernel.name;
  for (const auto &kernel : lookupKernels())
    EXPECT_TRUE(predict(can(std::string(kernel.name)), layer(), hasAll)) << kernel.name;
}

TEST(KernelCosts, TermsCountWhatCallsDo) {
  Work work;
  work.height = 1, work.width = 12, work.outputs = 16, work.channels = 64, work.flat = true;
  const Terms terms = *termsOf("dot_u8s8_6x16_avx2", work, 0); // two calls of 6 rows
  EXPECT_EQ(12 * 16 * 64, terms[Products]);
  EXPECT_EQ(2 * 16 * 64, terms[Weights]);
  EXPECT_EQ(12 * 64, terms[Activations]);
  EXPECT_EQ(0, terms[Widenings]);
  EXPECT_EQ(12 * 16, terms[Results]);
  EXPECT_EQ(2, terms[Calls]);
  EXPECT_EQ(12 * 16 * 4, (*termsOf("dot_u8s8_16_6x16_avx2", work, 4))[Widenings]);
}

// Lists are as long as the weights make them; a call reads those of 8 columns for up to 10 rows.
TEST(KernelCosts, TermsOfLists) {
  Work work;
  work.height = 1, work.width = 12, work.outputs = 16, work.channels = 64, work.flat = true;
  EXPECT_FALSE(termsOf("listed_u8s8_10x8_avx2", work, 2));
  ListedLength length{.window = 2, .windows = 18, .groups = 34, .bytes = 1176};
  const Terms terms = *termsOf("listed_u8s8_10x8_avx2", work, 2, length);
  EXPECT_EQ(12 * (2 * 34 + 18), terms[Products]);
  EXPECT_EQ(2 * 34, terms[Weights]);
  EXPECT_EQ(12 * 34, terms[Activations]);
  EXPECT_EQ(2 * 2, terms[Widenings]);
  EXPECT_EQ(12 * 16, terms[Results]);
  EXPECT_EQ(2 * 2, terms[Calls]);
}

// A row of the table for a kernel that is gone would never be read.
TEST(KernelCosts, TableNamesWhatThereIs) {
  EXPECT_FALSE(costMachine().empty());
  EXPECT_EQ("", costLevels()[0].features);
#define NIBBLE_COST(LEVEL, KERNEL, ...)                                                                                \
  EXPECT_TRUE(termsOf(#KERNEL, layer(), 0, ListedLength())) << #KERNEL;                                                \
  EXPECT_THAT(costLevels(), testing::Contains(testing::Field(&CostLevel::name, #LEVEL)));
#include "compiler/Kernels/Costs.def"
}

TEST(KernelCosts, DurationsHaveThreeDigits) {
  EXPECT_EQ("0.40 ns", durationText(0.4));
  EXPECT_EQ("9.99 ns", durationText(9.99));
  EXPECT_EQ("12.3 ns", durationText(12.34));
  EXPECT_EQ("123 ns", durationText(123.4));
  EXPECT_EQ("1.23 us", durationText(1234));
  EXPECT_EQ("12.3 ms", durationText(12.34e6));
  EXPECT_EQ("5.00 s", durationText(5e9));
}

} // namespace
