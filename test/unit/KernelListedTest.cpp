// Listed kernels: their lists and the proof, every kernel against a loop in C++, its contract (KernelContract.h), and
// what its generator refuses.
#include "compiler/Kernels/Listed.h"
#include "test/unit/KernelByteResult.h"

#include <cmath>
#include <gmock/gmock.h>
#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using testing::HasSubstr;

namespace {

enum class Values { Random, Normal, Extreme, Small };
constexpr Values allValues[] = {Values::Random, Values::Normal, Values::Extreme, Values::Small};

/// Weights of some channels, and b.
struct Lists {
  std::vector<int8_t> values; // [channel][outer][run]
  ListedWeights weights;
  int window;
  std::vector<int8_t> b;

  Lists(Values kind, int64_t channels, int64_t outer, int64_t run, int64_t segments, int window,
        int64_t activationMax = 255)
      : weights{{}, channels, outer, run, segments, activationMax}, window(window) {
    std::mt19937 random(static_cast<uint32_t>(run * 31 + channels));
    std::normal_distribution<float> normal(0, 36);
    for (int64_t i = 0; i < channels * outer * run; ++i) {
      const float n = std::clamp(std::round(normal(random)), -127.f, 127.f);
      const int any = static_cast<int>(random() % 256) - 128, end = any % 2 ? 127 : any % 3 ? -128 : 0;
      values.push_back(static_cast<int8_t>(kind == Values::Normal    ? n
                                           : kind == Values::Random  ? any
                                           : kind == Values::Extreme ? end
                                                                     : any / 8));
    }
    weights.values = values;
    EXPECT_EQ("", listedRefusal(weights));
    const std::vector<uint8_t> bytes = packListed(weights, window);
    EXPECT_EQ("", checkListed(bytes, weights, window));
    b.assign(bytes.begin(), bytes.end());
  }
  Lists(const Lists &) = delete;
  int8_t at(int64_t channel, int64_t o, int64_t k) const {
    return channel < weights.channels ? values[(channel * weights.outer + o) * weights.run + k] : 0;
  }
  /// Where the index entry of a segment lies in b.
  int64_t entry(int64_t tile, int64_t o, int64_t segment) const {
    return ((tile * weights.outer + o) * window * weights.segments + segment) * listedEntryBytes;
  }
};

ListedParams paramsOf(const Lists &lists, int rows, int64_t gap = 3) {
  const int64_t run = lists.weights.run;
  return {.rows = rows,
          .aRowStride = run + gap,
          .aOuterStride = (run + gap) * rows + 1,
          .window = lists.window,
          .segments = lists.weights.segments,
          .stepSegments = lists.weights.segments};
}

/// Activations in memory from row 0's first byte to behind the last one.
std::vector<uint8_t> activations(const ListedParams &p, int64_t outer, int64_t run, int64_t most = 255) {
  std::vector<uint8_t> a(outer ? (p.rows - 1) * p.aRowStride + (outer - 1) * p.aOuterStride + run : 0);
  std::mt19937 random(7);
  for (uint8_t &value : a)
    value = static_cast<uint8_t>(random() % 3 ? most : random() % (most + 1));
  return a;
}

/// acc for segments [first, first + p.segments) of outer steps [y0, y0 + outer), a pointing to the first of them.
std::vector<int32_t> oracle(const Lists &lists, const ListedParams &p, const uint8_t *a, int64_t tile, int64_t y0,
                            int64_t outer) {
  std::vector<int32_t> acc(p.rows * listedColumns);
  const int64_t length = p.segments * lists.weights.segmentLength();
  for (int m = 0; m < p.rows; ++m)
    for (int n = 0; n < listedColumns; ++n)
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t k = 0; k < length; ++k)
          acc[m * listedColumns + n] +=
              a[m * p.aRowStride + o * p.aOuterStride + k] * lists.at(tile * listedColumns + n, y0 + o, p.firstK + k);
  return acc;
}

/// For a message.
std::string describe(const ListedParams &p) {
  return std::to_string(p.rows) + " rows, strides " + std::to_string(p.aRowStride) + " and " +
         std::to_string(p.aOuterStride) + ", windows of " + std::to_string(p.window) + ", " +
         std::to_string(p.segments) + " segments";
}
std::string describe(const ListedParams &p, int64_t run, int64_t outer) {
  return describe(p) + ", run " + std::to_string(run) + ", outer " + std::to_string(outer);
}

class ListedCode : public KernelFixture<ListedKernelInfo> {
protected:
  KernelCase caseFor(const ListedParams &params) const { return caseOf(kernel(), params, describe(params)); }
  /// Everything that code depends on; for two runs, which are only strides to it.
  std::vector<KernelCase> cases() const {
    std::vector<KernelCase> all;
    for (int window = 1; window <= listedMaxWindow; ++window)
      for (int rows = 1; rows <= kernel().maxRows; ++rows)
        for (const int64_t segments : {1, 3})
          for (const int64_t run : {12, 513})
            all.push_back(caseFor({.rows = rows,
                                   .aRowStride = run + 3,
                                   .aOuterStride = (run + 3) * rows + 1,
                                   .window = window,
                                   .segments = segments,
                                   .stepSegments = segments}));
    return all;
  }
};

class ListedRun : public KernelRunFixture<ListedKernelInfo> {
protected:
  /// All tiles of `lists` with the words around acc.
  void expectOracle(const Lists &lists, const ListedParams &params, int64_t outer) {
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    const std::vector<uint8_t> a = activations(params, outer, lists.weights.run, lists.weights.activationMax);
    constexpr int32_t canary = 0x5eed5eed;
    for (int64_t tile = 0; tile < lists.weights.tiles(); ++tile) {
      std::vector<int32_t> want = oracle(lists, params, a.data(), tile, 0, outer);
      want.insert(want.begin(), 3, canary);
      want.insert(want.end(), 3, canary);
      std::vector<int32_t> got(want.size(), canary);
      code->fn()(a.data(), lists.b.data() + lists.entry(tile, 0, 0), got.data() + 3, outer);
      ASSERT_EQ(want, got) << describe(params, lists.weights.run, outer) << ", tile " << tile;
    }
  }
  /// The first tile.
  KernelCall call(const Lists &lists, const ListedParams &params, int64_t outer) const {
    ListedParams touching = params; // the runs of all rows and steps, one after the other
    const int64_t run = touching.aRowStride = lists.weights.run;
    touching.aOuterStride = run * params.rows;
    const std::vector<uint8_t> a = activations(touching, outer, run);
    return {.shape = describe(params, run, outer),
            .code = generate(kernel(), params),
            .aBytes = static_cast<size_t>(
                outer ? (params.rows - 1) * params.aRowStride + (outer - 1) * params.aOuterStride + run : 0),
            .placeA =
                [=](uint8_t *to) {
                  for (int64_t o = 0; o < outer; ++o)
                    for (int64_t m = 0; m < params.rows; ++m)
                      std::copy_n(a.data() + (o * params.rows + m) * run, run,
                                  to + m * params.aRowStride + o * params.aOuterStride);
                },
            .b = {lists.b.begin(), lists.b.end()},
            .out = std::vector<uint8_t>(params.rows * listedColumns * sizeof(int32_t)),
            .differs = differsFrom(oracle(lists, touching, a.data(), 0, 0, outer)),
            .outer = outer};
  }
  /// The same with a result in bytes.
  KernelCall bytesCall(const Lists &lists, ListedParams params, const ByteResult &to) const {
    KernelCall call = this->call(lists, params, to.outer);
    params.bytes = to;
    call.code = generate(kernel(), params);
    ListedParams touching = params;
    touching.aRowStride = lists.weights.run, touching.aOuterStride = lists.weights.run * params.rows;
    const std::vector<uint8_t> a = activations(touching, to.outer, lists.weights.run);
    const ByteResultOracle oracleOfBytes(to, 1, params.rows, listedColumns, 255.0 * 32 * lists.weights.run);
    constexpr uint8_t untouched = 0x5e;
    call.out.assign(oracleOfBytes.bytes(), untouched);
    call.differs = oracleOfBytes.differs(oracle(lists, touching, a.data(), 0, 0, to.outer), untouched);
    call.constants = oracleOfBytes.constants();
    call.isRounded = true;
    return call;
  }
};

/// Shapes that reach every branch of the generator.
template <typename Visit>
void forShapes(const ListedKernelInfo &kernel, Visit visit) {
  for (int window = 1; window <= listedMaxWindow; ++window)
    for (const int64_t segments : {1, 3})
      for (const int64_t run : {12, 60, 513}) {
        const Lists lists(run == 60 ? Values::Random : Values::Normal, 8, 3, run, segments, window);
        for (const int rows : {1, 2, 3, kernel.maxRows - 1, kernel.maxRows})
          visit(lists, paramsOf(lists, rows));
      }
}

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(ListedRun, KeepsTheCallersState) {
  forShapes(kernel(), [&](const Lists &lists, const ListedParams &params) {
    ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(lists, params, 2)));
  });
}

TEST_P(ListedRun, AgreesWithOracle) {
  for (int window = 1; window <= listedMaxWindow; ++window)
    for (const Values kind : allValues) {
      for (int64_t run = 4; run <= 40; ++run) {
        const Lists lists(kind, 8, 5, run, 1, window);
        for (int rows = 1; rows <= kernel().maxRows; ++rows)
          for (const int64_t outer : {0, 1, 5})
            ASSERT_NO_FATAL_FAILURE(expectOracle(lists, paramsOf(lists, rows), outer));
      }
      for (const int64_t run : {97, 257, 1024, 1531, 4608}) {
        const Lists lists(kind, 19, 2, run, 1, window);
        for (const int rows : {1, 2, 7, kernel().maxRows})
          ASSERT_NO_FATAL_FAILURE(expectOracle(lists, paramsOf(lists, rows), 2));
      }
    }
}

// A window of the taps of a padded convolution: fewer steps and segments of the same b.
TEST_P(ListedRun, WindowsOfTaps) {
  constexpr int64_t kh = 3, kw = 3;
  for (const int64_t channels : {4, 5, 24})
    for (int window = 1; window <= listedMaxWindow; ++window) {
      const Lists lists(Values::Random, 12, kh, kw * channels, kw, window);
      for (int64_t y0 = 0; y0 < kh; ++y0)
        for (int64_t x0 = 0; x0 < kw; ++x0)
          for (int64_t taps = 1; taps <= kw - x0; ++taps) {
            ListedParams params = paramsOf(lists, 3);
            params.segments = taps;
            params.firstK = x0 * channels;
            const auto code = load(kernel(), params);
            ASSERT_TRUE(code);
            const std::vector<uint8_t> a = activations(params, kh - y0, taps * channels);
            for (int64_t tile = 0; tile < lists.weights.tiles(); ++tile) {
              std::vector<int32_t> got(3 * listedColumns);
              code->fn()(a.data(), lists.b.data() + lists.entry(tile, y0, x0), got.data(), kh - y0);
              ASSERT_EQ(oracle(lists, params, a.data(), tile, y0, kh - y0), got)
                  << channels << " channels, from " << y0 << ", " << x0 << ", " << taps << " taps";
            }
          }
    }
}

TEST_P(ListedRun, OverlappingAndNegativeStrides) {
  const Lists lists(Values::Normal, 8, 3, 50, 1, 2);
  const std::vector<uint8_t> image = activations({.rows = 1}, 1, 400);
  for (const auto &[row, step] : {std::pair<int64_t, int64_t>{3, 7}, {-3, 7}, {0, 0}, {20, -20}, {-30, -10}}) {
    ListedParams params{.rows = 6, .aRowStride = row, .aOuterStride = step, .window = 2};
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(6 * listedColumns);
    code->fn()(image.data() + 180, lists.b.data(), got.data(), 3);
    EXPECT_EQ(oracle(lists, params, image.data() + 180, 0, 0, 3), got) << row << ", " << step;
  }
}

TEST_P(ListedRun, SumsWrapAndNegativeOuterGivesZeros) {
  const Lists lists(Values::Extreme, 8, 70000, 4, 1, 3);
  ListedParams params{.rows = 1, .window = 3}; // one run, read again and again
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  const std::vector<uint8_t> a(4, 255);
  std::vector<int32_t> got(listedColumns), want(listedColumns);
  code->fn()(a.data(), lists.b.data(), got.data(), 70000);
  for (int n = 0; n < listedColumns; ++n) {
    uint32_t sum = 0;
    for (int64_t o = 0; o < 70000; ++o)
      for (int64_t k = 0; k < 4; ++k)
        sum += static_cast<uint32_t>(255 * lists.at(n, o, k));
    want[n] = static_cast<int32_t>(sum);
  }
  EXPECT_EQ(want, got);
  code->fn()(nullptr, nullptr, got.data(), -1);
  EXPECT_EQ(std::vector<int32_t>(listedColumns, 0), got);
}

// One group more in a window than the proof allows is wrong: the kernel relies on it.
TEST_P(ListedRun, TheProofIsSharp) {
  Lists lists(Values::Small, 8, 1, 8, 1, 2);
  std::fill(lists.values.begin(), lists.values.end(), int8_t(32));
  for (const int beyond : {0, 1}) {
    lists.values[0] = static_cast<int8_t>(32 + beyond);
    std::vector<uint8_t> b = packListed(lists.weights, 2);
    if (beyond) { // as if both groups could share a window
      lists.values[0] = 32;
      b = packListed(lists.weights, 2);
      const size_t weights = 3 * listedEntryBytes + 2 * 2; // behind the index and the two k
      const auto k0 = b[3 * listedEntryBytes] == 0 ? 0 : 32;
      ASSERT_EQ(32, b[weights + k0]);
      b[weights + k0] = 33;
      lists.values[0] = 33;
      EXPECT_EQ("segment 0 of b has a window that can overflow 16 bits", checkListed(b, lists.weights, 2));
    }
    const ListedParams params = paramsOf(lists, 1);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    const std::vector<uint8_t> a(8, 255);
    std::vector<int32_t> got(listedColumns);
    code->fn()(a.data(), reinterpret_cast<const int8_t *>(b.data()), got.data(), 1);
    EXPECT_EQ(oracle(lists, params, a.data(), 0, 0, 1) == got, !beyond);
  }
}

TEST_P(ListedRun, StaysInsideItsOperands) {
  forShapes(kernel(), [&](const Lists &lists, const ListedParams &params) {
    for (const int64_t outer : {0, 1, 3})
      ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(lists, params, outer)));
  });
}

TEST_P(ListedRun, StoresBytes) {
  int64_t n = 0;
  forShapes(kernel(), [&](const Lists &lists, const ListedParams &params) {
    for (int i = 0; i < 5; ++i, ++n) {
      ByteResult to = someByteResult(n, 1, listedColumns);
      to.outer = std::min<int64_t>(to.outer, 3);
      const KernelCall call = bytesCall(lists, params, to);
      ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call));
      ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call));
    }
  });
}

TEST_P(ListedRun, ReadsNothingBetweenTheRuns) {
  forShapes(kernel(), [&](const Lists &lists, ListedParams params) {
    params.aOuterStride = forbiddenStride(), params.aRowStride = 2 * forbiddenStride();
    ASSERT_NO_FATAL_FAILURE(expectNothingReadBetween(call(lists, params, 2), lists.weights.run));
  });
}

TEST_P(ListedCode, BytesDoNotDependOnTheAddress) { expectSameBytesAtAnyAddress(cases()); }
TEST_P(ListedCode, GrowsItsBufferAndNeverTruncates) {
  expectWholeCodeOrNone(
      caseFor({.rows = 7, .aRowStride = 200, .window = 3, .segments = 2, .stepSegments = 3, .firstK = 9}));
}
TEST_P(ListedCode, TwoThreadsAtOnce) { expectSameFromTwoThreads(cases()); }

TEST_P(ListedCode, RefusesImpossibleShapes) {
  const std::string most = std::to_string(kernel().maxRows);
  const auto error = [&](auto change) {
    ListedParams params{.rows = 2, .aRowStride = 4};
    change(params);
    std::string reason = refusalOf(caseFor(params));
    EXPECT_EQ(listedRefusal(kernel(), params), reason);
    return reason;
  };
  EXPECT_EQ("rows must be 1.." + most + ", not 0", error([](ListedParams &p) { p.rows = 0; }));
  EXPECT_EQ("rows must be 1.." + most + ", not 24", error([](ListedParams &p) { p.rows = 24; }));
  EXPECT_EQ("the groups of a window must be 1..3, not 4", error([](ListedParams &p) { p.window = 4; }));
  EXPECT_EQ("the segments of a step must be 1..65536, not 0", error([](ListedParams &p) { p.stepSegments = 0; }));
  EXPECT_EQ("the segments of a call must be 1..1, not 2", error([](ListedParams &p) { p.segments = 2; }));
  EXPECT_EQ("the first k must be 0..65535, not -1", error([](ListedParams &p) { p.firstK = -1; }));
  EXPECT_EQ("the upper bound must be 9..255, not 8",
            error([](ListedParams &p) { p.bytes = ByteResult{.low = 9, .high = 8}; }));
  for (const int64_t stride : {int64_t(1) << 31, -(int64_t(1) << 31), INT64_MAX, INT64_MIN})
    EXPECT_THAT(error([&](ListedParams &p) { p.aRowStride = stride; }), HasSubstr("bytes apart; the kernel reaches"));
  // Runs may lie anywhere; one row has no stride.
  for (const int64_t stride : {int64_t(1) << 40, INT64_MIN})
    EXPECT_TRUE(generate(kernel(), {.rows = 1, .aRowStride = stride, .aOuterStride = stride}));
}

const auto all = ::testing::ValuesIn(listedKernels().begin(), listedKernels().end());
INSTANTIATE_TEST_SUITE_P(Manifest, ListedCode, all, kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, ListedRun, all, kernelName);

TEST(ListedWeights, Refusals) {
  const std::vector<int8_t> values(64);
  EXPECT_EQ("", listedRefusal({values, 2, 4, 8, 2}));
  EXPECT_EQ("lists are made of parts of at least 4 values", listedRefusal({values, 2, 4, 8, 4}));
  EXPECT_EQ("lists are made of parts of at least 4 values", listedRefusal({values, 2, 4, 8, 3}));
  EXPECT_EQ("lists are made of parts of at least 4 values", listedRefusal({values, 0, 4, 8}));
  EXPECT_EQ("a run of 65540 values; the kernel takes 65536", listedRefusal({values, 1, 1, 65540}));
  EXPECT_EQ("activations reach 256; the kernel takes 1 to 255", listedRefusal({values, 2, 4, 8, 1, 256}));
}

/// The length for `window`, counted from b.
int64_t groupsIn(const std::vector<uint8_t> &b, const ListedWeights &weights, int window) {
  const int64_t entries = weights.tiles() * weights.outer * weights.segments * window + 1;
  return (static_cast<int64_t>(b.size()) - entries * listedEntryBytes) / (2 + listedColumns * dotGroup);
}

TEST(ListedWeights, PlainGroupsWhereNothingSaturates) {
  // A group of weights w fills 2 w of the 128 that a lane holds.
  constexpr int64_t run = 240;
  const std::vector<int8_t> small(8 * run, 20), medium(8 * run, 32), large(8 * run, 64);
  const auto chosen = [](const std::vector<int8_t> &values) { return chooseListed({values, 8, 1, run}); };
  EXPECT_EQ(3, chosen(small).window);
  EXPECT_EQ(60, chosen(small).groups);
  EXPECT_EQ(20, chosen(small).windows);
  EXPECT_EQ(140, chosen(small).operations());
  EXPECT_EQ(2, chosen(medium).window);
  EXPECT_EQ(30, chosen(medium).windows);
  EXPECT_EQ(1, chosen(large).window);
  EXPECT_EQ(60, chosen(large).windows);
  const ListedWeights weights{small, 8, 1, run};
  const std::vector<uint8_t> b = packListed(weights, 3);
  EXPECT_EQ(groupsIn(b, weights, 3), 60);
  EXPECT_EQ(chosen(small).bytes, static_cast<int64_t>(b.size()));
}

TEST(ListedWeights, GroupsAreMovedOrSplit) {
  // A pair that saturates in the middle of a run: the group behind begins one k earlier, and one more is needed.
  std::vector<int8_t> values(16, 1);
  values[8] = values[9] = 127;
  EXPECT_EQ(5, chooseListed({values, 1, 1, 16}).groups);
  // At the very beginning nothing can be moved: the excess has a group of its own.
  std::vector<int8_t> first(4, 1);
  first[0] = first[1] = 127;
  const ListedWeights weights{first, 1, 1, 4};
  EXPECT_EQ(2, chooseListed(weights).groups);
  EXPECT_EQ("", checkListed(packListed(weights, 1), weights, 1));
  // Activations of 7 bits never saturate a pair.
  EXPECT_EQ(1, chooseListed({first, 1, 1, 4, 1, 127}).groups);
  // -128 twice is the one pair that both signs could not have.
  std::vector<int8_t> lowest(8 * 8, -128);
  const ListedWeights low{lowest, 8, 1, 8};
  for (int window = 1; window <= listedMaxWindow; ++window)
    EXPECT_EQ("", checkListed(packListed(low, window), low, window));
  // Weights of 0 need nothing.
  const std::vector<int8_t> zeros(64, 0);
  EXPECT_EQ(0, chooseListed({zeros, 8, 1, 8}).groups);
}

TEST(ListedWeights, TypicalWeightsNeedFewerOperationsThanPairs) {
  const auto perGroup = [](float sigma) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal(0, sigma);
    std::vector<int8_t> values(16 * 2304);
    for (int8_t &value : values)
      value = static_cast<int8_t>(std::clamp(std::round(normal(random)), -127.f, 127.f));
    const ListedWeights weights{values, 16, 1, 2304};
    return static_cast<double>(chooseListed(weights).operations()) / static_cast<double>(weights.plainGroups());
  };
  EXPECT_LT(perGroup(26), 2.4);  // one scale per tensor
  EXPECT_LT(perGroup(36), 2.65); // one per channel
}

TEST(ListedWeights, TheProofFindsFaults) {
  Lists lists(Values::Normal, 11, 2, 36, 3, 2);
  std::vector<uint8_t> good(lists.b.begin(), lists.b.end());
  const auto wrong = [&](size_t at, int change, size_t drop = 0) {
    std::vector<uint8_t> b = good;
    b[at] = static_cast<uint8_t>(b[at] + change);
    b.resize(b.size() - drop);
    return checkListed(b, lists.weights, 2);
  };
  const size_t first = (2 * 2 * 3 * 2 + 1) * listedEntryBytes; // the first list
  EXPECT_EQ("", wrong(0, 0));
  EXPECT_EQ("b does not begin or end where its index says", wrong(0, 1));
  EXPECT_EQ("b does not begin or end where its index says", wrong(0, 0, 1));
  EXPECT_EQ("b is shorter than its index", checkListed({good.data(), first - 1}, lists.weights, 2));
  EXPECT_EQ("segment 0 of b lies outside b or is not made of windows", wrong(listedEntryBytes, 2));
  EXPECT_EQ("segment 0 of b has a group outside its values", wrong(first, 100));
  EXPECT_THAT(wrong(first + 5, 1), HasSubstr("segment 0 of b "));
  EXPECT_THAT(wrong(good.size() - 1, 1), HasSubstr("does not add up to the weights"));
}

TEST(ListedRegistry, UniqueNamesAndFeatures) { expectRegistry(listedKernels(), findListedKernel, "listed_u8s8"); }

} // namespace
