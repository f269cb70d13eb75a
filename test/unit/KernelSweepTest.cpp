// Every kernel of the manifest against a C++ oracle, over rows, runs with every tail, outer counts, strides and values.
#include "test/unit/KernelDotSupport.h"

#include "compiler/Kernels/Select.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = Operands::Values;

namespace {

/// 1..70 and some longer ones.
std::vector<int64_t> runs() {
  std::vector<int64_t> all;
  for (int64_t run = 1; run <= 70; ++run)
    all.push_back(run);
  for (const int64_t run : {97, 127, 128, 131, 257, 387})
    all.push_back(run);
  return all;
}

/// Runs one case and compares every word of acc and the words around it. No operand is aligned.
void expectOracle(const KernelInfo &kernel, const LoadedKernel &code, const DotParams &params, int64_t outer,
                  Values values) {
  SCOPED_TRACE(describe(params, outer));
  Operands operands(kernel, params, outer);
  operands.fill(values, static_cast<uint32_t>(params.run * 100 + outer * 10 + params.rows));
  // What lies between and behind the runs must not matter.
  std::vector<uint8_t> a(operands.aExtent(), 0xb7);
  operands.placeA(a.data());
  std::vector<int8_t> b = operands.packB();
  b.insert(b.begin(), 3, 0x55);

  constexpr int32_t canary = 0x5eed5eed;
  constexpr size_t margin = 17;
  std::vector<int32_t> want(margin, canary);
  std::vector<int32_t> sums = operands.oracle();
  if (params.addsToAcc)
    for (int32_t &sum : sums)
      sum += canary;
  want.insert(want.end(), sums.begin(), sums.end());
  want.insert(want.end(), margin, canary);
  std::vector<int32_t> got(want.size(), canary);
  code.fn()(a.data(), b.data() + 3, got.data() + margin, outer);
  ASSERT_EQ(want, got) << describe(params, outer) << ", " << (values == Values::Extreme ? "extreme" : "random")
                       << " values up to " << operands.activationMax;
}

class KernelSweep : public KernelRunTest {};

TEST_P(KernelSweep, AgreesWithOracle) {
  for (int rows = 1; rows <= kernel().maxRows; ++rows)
    for (const int64_t run : runs())
      for (const int64_t widenEvery : windowsOf(kernel())) {
        // Rows inside a wider image: the outer stride is the larger one; then rows far apart with touching runs.
        const int64_t gap = run % 2 ? 0 : 5;
        DotParams wide{rows, run + gap, (run + gap) * rows + gap, run};
        wide.widenEvery = widenEvery;
        DotParams far{rows, (run + gap) * 9 + 1, run + gap, run};
        far.widenEvery = widenEvery;
        for (const DotParams &params : {wide, far}) {
          const auto code = load(kernel(), params);
          ASSERT_TRUE(code);
          for (const int64_t outer : {0, 1, 2, 5})
            for (const Values values : {Values::Random, Values::Extreme}) {
              expectOracle(kernel(), *code, params, outer, values);
              if (HasFatalFailure())
                return;
            }
        }
      }
}

TEST_P(KernelSweep, LongRuns) {
  for (const int64_t run : {2304, 4608, 10007})
    for (const int64_t widenEvery : windowsOf(kernel())) {
      DotParams params{kernel().maxRows, run, run * kernel().maxRows, run};
      params.widenEvery = widenEvery;
      const auto code = load(kernel(), params);
      ASSERT_TRUE(code);
      for (const Values values : {Values::Random, Values::Extreme})
        expectOracle(kernel(), *code, params, 3, values);
    }
}

// Several tiles of columns in one call, contiguous and with a gap, for every number of rows that allows it.
TEST_P(KernelSweep, Tiles) {
  for (int rows = 1; rows <= kernel().maxRows; ++rows)
    for (int tiles = 2; tiles <= kernel().maxRows / rows; ++tiles)
      for (const int64_t run : {1, 3, 6, 31, 32, 67, 130})
        for (const int64_t widenEvery : windowsOf(kernel()))
          for (const int64_t gap : {0, 7}) {
            constexpr int64_t outer = 2;
            DotParams params{rows, run, rows * run, run};
            params.widenEvery = widenEvery;
            params.tiles = tiles;
            params.bTileStride = outer * stepBytes(kernel(), run) + gap;
            const auto code = load(kernel(), params);
            ASSERT_TRUE(code);
            for (const Values values : {Values::Random, Values::Extreme})
              ASSERT_NO_FATAL_FAILURE(expectOracle(kernel(), *code, params, outer, values));
          }
}

// Tiles so far apart that their weights are prefetched, also behind the last of them.
TEST_P(KernelSweep, DistantTiles) {
  for (const int tiles : {2, 8})
    for (const int64_t run : {5, 64, 131})
      for (const int64_t widenEvery : windowsOf(kernel())) {
        if (tiles > kernel().maxRows)
          continue;
        DotParams params{1, 0, run, run};
        params.widenEvery = widenEvery;
        params.tiles = tiles;
        params.bTileStride = (int64_t(1) << 20) / tiles + 3;
        const auto code = load(kernel(), params);
        ASSERT_TRUE(code);
        ASSERT_NO_FATAL_FAILURE(expectOracle(kernel(), *code, params, 2, Values::Random));
      }
}

TEST_P(KernelSweep, AddsToAcc) {
  for (int rows = 1; rows <= kernel().maxRows; ++rows)
    for (const int64_t run : {1, 15, 64, 130})
      for (const int64_t widenEvery : windowsOf(kernel())) {
        DotParams params{rows, run, rows * run, run};
        params.widenEvery = widenEvery;
        params.addsToAcc = true;
        params.tiles = kernel().maxRows / rows;
        params.bTileStride = 3 * stepBytes(kernel(), run);
        const auto code = load(kernel(), params);
        ASSERT_TRUE(code);
        for (const int64_t outer : {0, 1, 3})
          ASSERT_NO_FATAL_FAILURE(expectOracle(kernel(), *code, params, outer, Values::Extreme));
      }
}

// Runs that do not follow one another: taps of a dilated window, or of some of the channels.
TEST_P(KernelSweep, Taps) {
  for (const int rows : {1, 2, kernel().maxRows})
    for (const int64_t run : {1, 4, 7, 16, 33, 64, 130})
      for (const int64_t widenEvery : windowsOf(kernel()))
        for (const int64_t taps : {2, 3})
          for (const int64_t outer : {0, 1, 3}) {
            DotParams params{rows, run + 1, 0, run};
            params.widenEvery = widenEvery;
            params.tiles = kernel().maxRows / rows;
            params.taps = taps;
            params.aTapStride = (run + 1) * rows;
            params.aOuterStride = params.aTapStride * taps + 5;
            params.bTileStride = outer * taps * stepBytes(kernel(), run);
            const auto code = load(kernel(), params);
            ASSERT_TRUE(code);
            SCOPED_TRACE(describe(params, outer));
            Operands operands(kernel(), params, outer * taps); // each tap is a step of the oracle
            operands.fill(Values::Extreme, static_cast<uint32_t>(run));
            std::vector<uint8_t> a(outer * params.aOuterStride + rows * params.aRowStride, 0xb7);
            for (int64_t m = 0; m < rows; ++m)
              for (int64_t step = 0; step < outer * taps; ++step)
                for (int64_t k = 0; k < run; ++k)
                  a[m * params.aRowStride + step / taps * params.aOuterStride + step % taps * params.aTapStride + k] =
                      operands.a[(m * outer * taps + step) * run + k];
            const std::vector<int8_t> b = operands.packB();
            std::vector<int32_t> got(operands.accWords(), 0x5eed);
            code->fn()(a.data(), b.data(), got.data(), outer);
            ASSERT_EQ(operands.oracle(), got);
          }
}

TEST_P(KernelSweep, OuterStrideOfB) {
  for (const int64_t run : {3, 16, 33, 96})
    for (const int64_t widenEvery : windowsOf(kernel())) {
      DotParams params{2, run, 2 * run, run};
      params.widenEvery = widenEvery;
      params.bOuterStride = stepBytes(kernel(), run) + 50;
      const auto code = load(kernel(), params);
      ASSERT_TRUE(code);
      for (const Values values : {Values::Random, Values::Extreme})
        ASSERT_NO_FATAL_FAILURE(expectOracle(kernel(), *code, params, 3, values));
    }
}

// A window of the taps of a padded convolution: fewer steps, a shorter run, and a start inside the same b.
TEST_P(KernelSweep, WindowsOfTaps) {
  constexpr int64_t kh = 3, kw = 3;
  const int64_t unit = dotGroup * kernel().unitGroups();
  for (const int64_t channels : {unit, 3 * unit})
    for (const int64_t widenEvery : windowsOf(kernel())) {
      DotParams whole{3, kw * channels, 3 * kw * channels, kw * channels};
      whole.widenEvery = widenEvery;
      Operands all(kernel(), whole, kh);
      all.fill(Values::Random, 21);
      const std::vector<int8_t> b = all.packB();
      for (int64_t y0 = 0; y0 < kh; ++y0)
        for (int64_t x0 = 0; x0 < kw; ++x0)
          for (int64_t taps = 1; taps <= kw - x0; ++taps) {
            DotParams params = whole;
            params.run = taps * channels;
            params.aRowStride = params.run;
            params.aOuterStride = 3 * params.run;
            params.bOuterStride = stepBytes(kernel(), whole.run);
            Operands part(kernel(), params, kh - y0);
            part.w.resize(part.outer * params.run * kernel().columns);
            part.a.resize(params.rows * part.outer * params.run);
            for (size_t i = 0; i < part.a.size(); ++i)
              part.a[i] = static_cast<uint8_t>(i * 29 % (all.activationMax + 1));
            for (int64_t o = 0; o < part.outer; ++o)
              for (int64_t k = 0; k < params.run; ++k)
                for (int n = 0; n < kernel().columns; ++n)
                  part.weight(0, o, k, n) = all.weight(0, y0 + o, x0 * channels + k, n);
            std::vector<uint8_t> a(part.aExtent());
            part.placeA(a.data());
            const auto code = load(kernel(), params);
            ASSERT_TRUE(code);
            std::vector<int32_t> got(part.accWords());
            const int64_t start = y0 * params.bOuterStride + stepBytes(kernel(), x0 * channels);
            code->fn()(a.data(), b.data() + start, got.data(), part.outer);
            ASSERT_EQ(part.oracle(), got) << describe(params, part.outer) << ", from " << y0 << ", " << x0;
          }
    }
}

// Overlapping rows are what a convolution reads: row m starts inside row m - 1.
TEST_P(KernelSweep, OverlappingRowsAndRuns) {
  for (const int64_t run : {3, 9, 27, 48}) {
    const DotParams params{kernel().maxRows, 3, 1, run};
    constexpr int64_t outer = 4;
    Operands operands(kernel(), params, outer);
    operands.fill(Values::Random, 7);
    std::vector<uint8_t> image((params.rows - 1) * 3 + outer - 1 + run);
    for (size_t i = 0; i < image.size(); ++i)
      image[i] = static_cast<uint8_t>((i * 37 + 11) % (operands.activationMax + 1));
    for (int m = 0; m < params.rows; ++m)
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < run; ++k)
          operands.a[(m * outer + o) * run + k] = image[m * 3 + o + k];
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(operands.accWords());
    code->fn()(image.data(), operands.packB().data(), got.data(), outer);
    EXPECT_EQ(operands.oracle(), got) << "run " << run;
  }
}

TEST_P(KernelSweep, NegativeStrides) {
  const DotParams forward{5, 40, 300, 37};
  Operands operands(kernel(), forward, 3);
  operands.fill(Values::Random, 3);
  std::vector<uint8_t> a(operands.aExtent());
  // Turned round: row 0 and step 0 lie last.
  operands.params.aRowStride = -forward.aRowStride;
  operands.params.aOuterStride = -forward.aOuterStride;
  uint8_t *first = a.data() + 4 * forward.aRowStride + 2 * forward.aOuterStride;
  operands.placeA(first);
  const auto code = load(kernel(), operands.params);
  ASSERT_TRUE(code);
  std::vector<int32_t> got(operands.accWords());
  code->fn()(first, operands.packB().data(), got.data(), 3);
  EXPECT_EQ(operands.oracle(), got);
}

// The sum is defined modulo 2^32, so that a correction added afterwards can bring it back into range.
TEST_P(KernelSweep, SumsWrap) {
  constexpr int64_t run = 8, outer = 70000;
  DotParams params{1, 0, 0, run}; // one run, read again and again
  if (kernel().accumulation == Accumulation::Windows16)
    params.widenEvery = kernel().unitGroups();
  Operands operands(kernel(), params, outer);
  operands.a.assign(outer * run, 255);
  operands.w.resize(outer * run * kernel().columns);
  // 64 + 64 = 128: the largest pair of one sign. Narrower weights do not reach the wrap.
  const int weight = kernel().weightBits == 8 ? 64 : 1;
  for (size_t i = 0; i < operands.w.size(); ++i)
    operands.w[i] = static_cast<int8_t>(i % kernel().columns % 2 ? -weight : weight);
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  const std::vector<uint8_t> a(run, 255);
  std::vector<int32_t> got(operands.accWords());
  code->fn()(a.data(), operands.packB().data(), got.data(), outer);
  EXPECT_EQ(operands.oracle(), got);
}

TEST_P(KernelSweep, NegativeOuterGivesZeros) {
  for (const int64_t widenEvery : windowsOf(kernel())) {
    DotParams params{3, 8, 8, 8};
    params.widenEvery = widenEvery;
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(params.rows * kernel().columns, 1);
    code->fn()(nullptr, nullptr, got.data(), -1);
    EXPECT_EQ(std::vector<int32_t>(got.size(), 0), got);
  }
}

// The reason for the rule about pairs: one step beyond the proof, a kernel that relies on it is wrong, and one that
// does not is right.
TEST_P(KernelSweep, PairRuleIsSharp) {
  if (kernel().weightBits < 8)
    GTEST_SKIP() << "pairs of " << kernel().weightBits << "-bit weights never saturate";
  for (const int beyond : {0, 1}) {
    const DotParams params{1, 2, 2, 2};
    Operands operands(kernel(), params, 1);
    operands.a = {255, 255};
    operands.w.assign(2 * kernel().columns, 64);
    operands.w[5] += static_cast<int8_t>(beyond);
    const std::vector<int8_t> b = operands.packB();
    std::vector<int8_t> proved = b;
    proved.resize(packedBytes(1, 2)); // the proofs look at tiles of 16 columns
    const auto worst = worstPair(proved, 1, 1, 2);
    const auto window = safeWindow(proved, 1, 1, 2, 255);
    ASSERT_TRUE(worst && window);
    EXPECT_EQ(pairSaturates(*worst, 255), beyond == 1);
    EXPECT_EQ(window->groups, 1 - beyond);
    EXPECT_EQ(window->whole, beyond == 0);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(kernel().columns);
    code->fn()(operands.a.data(), b.data(), got.data(), 1);
    const bool mayBeWrong = beyond && kernel().accumulation != Accumulation::Exact32;
    EXPECT_EQ(operands.oracle() == got, !mayBeWrong) << "beyond the bound by " << beyond;
  }
}

// And for the rule about windows: what safeWindow allows is right, a unit more is wrong.
TEST_P(KernelSweep, WindowRuleIsSharp) {
  if (kernel().accumulation != Accumulation::Windows16)
    GTEST_SKIP() << "the kernel has no 16-bit sums";
  const int activation = kernel().weightBits == 8 ? 15 : 255;
  const int low = kernel().weightBits == 1 ? -1 : -(1 << (kernel().weightBits - 1)), high = std::max(1, -low - 1);
  for (const int weight : {low, high}) {
    // Long enough to see where the sums overflow; the proof looks at 8-bit weights in tiles of 16.
    constexpr int64_t probe = 4 * 1200;
    const std::vector<int8_t> same(packedBytes(1, probe), static_cast<int8_t>(weight));
    const int64_t safe = safeWindow(same, 1, 1, probe, activation)->groups;
    ASSERT_LT(safe, probe / 4);
    const int64_t unit = kernel().unitGroups(), beyond = (safe / unit + 1) * unit; // windows are whole units
    for (const int64_t widenEvery : {safe, beyond}) {
      DotParams params{1, 0, 0, dotGroup * beyond};
      params.widenEvery = widenEvery;
      Operands operands(kernel(), params, 1);
      operands.a.assign(params.run, static_cast<uint8_t>(activation));
      operands.w.assign(params.run * kernel().columns, static_cast<int8_t>(weight));
      const auto code = load(kernel(), params);
      ASSERT_TRUE(code);
      std::vector<int32_t> got(operands.accWords());
      code->fn()(operands.a.data(), operands.packB().data(), got.data(), 1);
      EXPECT_EQ(operands.oracle() == got, widenEvery == safe) << describe(params, 1) << ", weights " << weight;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelSweep, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
