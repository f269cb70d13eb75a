// Every kernel of the manifest against a C++ oracle, over rows, runs with every tail, outer counts, strides and values.
#include "test/unit/KernelTestSupport.h"

#include "compiler/Kernels/Select.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = Operands::Values;

namespace {

constexpr int64_t runs[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 12, 13, 15, 16, 17, 19,  20,  23,  29, 31,
                            32, 33, 34, 35, 36, 47, 48, 49, 61, 63, 64, 65, 66, 67, 97, 127, 128, 131, 257};

/// Runs one case and compares every word of acc and the words around it.
void expectOracle(const KernelInfo &kernel, const LoadedKernel &code, const DotParams &params, int64_t outer,
                  Values values) {
  Operands operands(params, outer);
  operands.fill(kernel, values, static_cast<uint32_t>(params.run * 100 + outer * 10 + params.rows));
  // What lies between and behind the runs must not matter.
  std::vector<uint8_t> a(operands.aExtent(), 0xb7);
  operands.placeA(a.data());
  const std::vector<int8_t> b = operands.packB();

  constexpr int32_t canary = 0x5eed5eed;
  constexpr size_t margin = 16;
  std::vector<int32_t> want(margin, canary);
  const std::vector<int32_t> sums = operands.oracle();
  want.insert(want.end(), sums.begin(), sums.end());
  want.insert(want.end(), margin, canary);
  std::vector<int32_t> got(want.size(), canary);
  code.fn()(a.data(), b.data(), got.data() + margin, outer);
  ASSERT_EQ(want, got) << "rows " << params.rows << ", run " << params.run << ", outer " << outer << ", strides "
                       << params.aRowStride << " and " << params.aOuterStride << ", "
                       << (values == Values::Extreme ? "extreme" : "random") << " values";
}

class KernelSweep : public KernelRunTest {};

TEST_P(KernelSweep, AgreesWithOracle) {
  for (int rows = 1; rows <= dotMaxRows; ++rows)
    for (const int64_t run : runs)
      for (const int64_t gap : {0, 5}) {
        // Rows inside a wider image: the outer stride is the larger one; then rows far apart with touching runs.
        const DotParams wide{rows, run + gap, (run + gap) * rows + gap, run};
        const DotParams far{rows, (run + gap) * 9 + 1, run + gap, run};
        for (const DotParams &params : {wide, far}) {
          const auto code = load(kernel(), params);
          ASSERT_TRUE(code);
          for (const int64_t outer : {0, 1, 2, 3, 9})
            for (const Values values : {Values::Random, Values::Extreme}) {
              expectOracle(kernel(), *code, params, outer, values);
              if (HasFatalFailure())
                return;
            }
        }
      }
}

TEST_P(KernelSweep, LongRuns) {
  for (const int64_t run : {2304, 4608, 10007}) {
    const DotParams params{dotMaxRows, run, run * dotMaxRows, run};
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    for (const Values values : {Values::Random, Values::Extreme})
      expectOracle(kernel(), *code, params, 3, values);
  }
}

// Overlapping rows are what a convolution reads: row m starts inside row m - 1.
TEST_P(KernelSweep, OverlappingRowsAndRuns) {
  for (const int64_t run : {3, 9, 27, 48}) {
    const DotParams params{dotMaxRows, 3, 1, run};
    constexpr int64_t outer = 4;
    std::vector<uint8_t> image((dotMaxRows - 1) * 3 + outer - 1 + run);
    for (size_t i = 0; i < image.size(); ++i)
      image[i] = static_cast<uint8_t>(i * 37 + 11);
    Operands operands(params, outer);
    operands.fill(kernel(), Values::Random, 7);
    for (int m = 0; m < params.rows; ++m)
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < run; ++k)
          operands.a[(m * outer + o) * run + k] = image[m * 3 + o + k];
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(params.rows * dotColumns);
    code->fn()(image.data(), operands.packB().data(), got.data(), outer);
    EXPECT_EQ(operands.oracle(), got) << "run " << run;
  }
}

TEST_P(KernelSweep, NegativeStrides) {
  const DotParams forward{5, 40, 300, 37};
  Operands operands(forward, 3);
  operands.fill(kernel(), Values::Random, 3);
  std::vector<uint8_t> a(operands.aExtent());
  // Turned round: row 0 and step 0 lie last.
  operands.params.aRowStride = -forward.aRowStride;
  operands.params.aOuterStride = -forward.aOuterStride;
  uint8_t *first = a.data() + 4 * forward.aRowStride + 2 * forward.aOuterStride;
  operands.placeA(first);
  const auto code = load(kernel(), operands.params);
  ASSERT_TRUE(code);
  std::vector<int32_t> got(forward.rows * dotColumns);
  code->fn()(first, operands.packB().data(), got.data(), 3);
  EXPECT_EQ(operands.oracle(), got);
}

// The sum is defined modulo 2^32, so that a correction added afterwards can bring it back into range.
TEST_P(KernelSweep, SumsWrap) {
  constexpr int64_t run = 8, outer = 70000;
  const DotParams params{1, 0, 0, run}; // one run, read again and again
  Operands operands(params, outer);
  operands.a.assign(outer * run, 255);
  operands.w.resize(outer * run * dotColumns);
  for (size_t i = 0; i < operands.w.size(); ++i) // 64 + 64 = 128: the largest pair of one sign
    operands.w[i] = i % dotColumns % 2 ? -64 : 64;
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  const std::vector<uint8_t> a(run, 255);
  std::vector<int32_t> got(dotColumns);
  code->fn()(a.data(), operands.packB().data(), got.data(), outer);
  EXPECT_EQ(operands.oracle(), got);
}

TEST_P(KernelSweep, NegativeOuterGivesZeros) {
  const DotParams params{3, 8, 8, 8};
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  std::vector<int32_t> got(params.rows * dotColumns, 1);
  code->fn()(nullptr, nullptr, got.data(), -1);
  EXPECT_EQ(std::vector<int32_t>(got.size(), 0), got);
}

// The reason for the pair rule: one step beyond the proof, a kernel that relies on it is wrong, and one that does not
// is right.
TEST_P(KernelSweep, PairRuleIsSharp) {
  for (const int beyond : {0, 1}) {
    const DotParams params{1, 2, 2, 2};
    Operands operands(params, 1);
    operands.a = {255, 255};
    operands.w.assign(2 * dotColumns, 64);
    operands.w[5] += static_cast<int8_t>(beyond);
    const std::vector<int8_t> b = operands.packB();
    const auto worst = worstPair(b, 1, 1, 2);
    ASSERT_TRUE(worst);
    EXPECT_EQ(pairSaturates(*worst, 255), beyond == 1);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(dotColumns);
    code->fn()(operands.a.data(), b.data(), got.data(), 1);
    const bool mayBeWrong = beyond && kernel().pairRule == PairRule::MustNotSaturate;
    EXPECT_EQ(operands.oracle() == got, !mayBeWrong) << "beyond the bound by " << beyond;
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelSweep, ::testing::ValuesIn(allKernels().begin(), allKernels().end()),
                         kernelName);

} // namespace
