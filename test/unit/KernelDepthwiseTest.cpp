// Every depthwise kernel against a loop in C++, its contract (KernelContract.h), and what its generator refuses.
#include "compiler/Kernels/Depthwise.h"
#include "test/unit/KernelContract.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

constexpr auto sums = DepthwiseResult::Sums, bytes = DepthwiseResult::Bytes;

/// A row of an image of `width` columns, padded as much as keeps its size with stride 1.
DepthwiseParams shape(int64_t channels, int rows, int columns, int stride, int64_t width, DepthwiseResult result) {
  DepthwiseParams p{.channels = channels, .windowRows = rows, .windowColumns = columns, .stride = stride};
  p.before = (columns - 1) / 2;
  p.inputs = width;
  p.outputs = (width + 2 * p.before - columns) / stride + 1;
  p.lastRow = rows;
  p.pixelStride = channels;
  p.aRowStride = width * channels;
  p.result = result;
  p.zero = 7;
  if (result == bytes)
    p.offset = 3, p.low = 10, p.high = 250;
  return p;
}

bool isPossible(const DepthwiseParams &p) { return p.outputs > 0 && depthwiseRefusal(p).empty(); }

/// For a message.
std::string describe(const DepthwiseParams &params) {
  const auto n = [](int64_t v) { return std::to_string(v); };
  return n(params.channels) + " channels, " + n(params.windowRows) + " x " + n(params.windowColumns) + ", stride " +
         n(params.stride) + ", rows " + n(params.firstRow) + ".." + n(params.lastRow) + ", " + n(params.before) +
         " before " + n(params.inputs) + ", " + n(params.outputs) + " outputs" +
         (params.result == bytes ? " of bytes" : "");
}

/// The values of one call, seeded. Extreme: the largest sums of both signs.
class Call {
public:
  Call(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, bool extreme = false)
      : params(params), kernel(kernel) {
    std::mt19937 random(static_cast<uint32_t>(params.channels * 31 + params.inputs * 7 + params.windowRows));
    const int64_t rows = params.lastRow - params.firstRow, window = int64_t(params.windowRows) * params.windowColumns;
    for (int64_t i = 0; i < rows * params.inputs * params.channels; ++i)
      pixels.push_back(static_cast<uint8_t>(extreme ? 255 : random()));
    for (int64_t i = 0; i < params.channels * window; ++i)
      weights.push_back(static_cast<int8_t>(extreme ? (i / window % 2 ? -128 : 127) : random()));
    // Smaller ones where halves of them would not fit.
    const auto fits = [&](int64_t c) { return halvesFit(std::span(weights).subspan(c * window, window), 255); };
    for (int64_t c = 0; c < params.channels && kernel.products == DepthwiseProducts::Halves; ++c)
      while (!fits(c))
        for (int64_t t = 0; t < window; ++t)
          weights[c * window + t] /= 2;
    for (int64_t c = 0; c < params.channels; ++c) {
      start.push_back(static_cast<int32_t>(random() % 60000) - 30000);
      multiplier.push_back(static_cast<float>(random() % 256 - 64.0) / 65536);
      bias.push_back(static_cast<float>(random() % 512) / 2); // halves: ties
    }
  }

  /// From the first byte to behind the last.
  size_t extent() const {
    const int64_t rows = params.lastRow - params.firstRow;
    if (!rows || !params.inputs)
      return 0;
    return static_cast<size_t>((rows - 1) * params.aRowStride + (params.inputs - 1) * params.pixelStride +
                               params.channels);
  }
  void placePixels(uint8_t *to) const {
    const uint8_t *from = pixels.data();
    for (int64_t y = 0; y < params.lastRow - params.firstRow; ++y)
      for (int64_t x = 0; x < params.inputs; ++x, from += params.channels)
        std::memcpy(to + y * params.aRowStride + x * params.pixelStride, from, params.channels);
  }
  std::vector<uint8_t> packed() const { return packDepthwise(kernel, params, {weights, start, multiplier, bias}); }
  int32_t sum(int64_t x, int64_t c) const {
    int32_t all = params.hasStart ? start[c] : 0;
    for (int y = 0; y < params.windowRows; ++y)
      for (int t = 0; t < params.windowColumns; ++t) {
        const int64_t j = x * params.stride + t - params.before;
        const bool exists = y >= params.firstRow && y < params.lastRow && j >= 0 && j < params.inputs;
        const int q = exists ? pixels[((y - params.firstRow) * params.inputs + j) * params.channels + c] : params.zero;
        all += q * weights[(c * params.windowRows + y) * params.windowColumns + t];
      }
    return all;
  }
  /// What a kernel stores of an output.
  int32_t result(int64_t x, int64_t c) const {
    if (params.result == sums)
      return sum(x, c);
    const float y = std::fma(static_cast<float>(sum(x, c)), multiplier[c], bias[c]);
    return std::clamp(static_cast<int>(std::nearbyint(y)) + params.offset, params.low, params.high);
  }
  size_t outBytes() const {
    if (params.result == sums)
      return static_cast<size_t>(params.outputs * params.blocks() * depthwiseBlock * 4);
    return static_cast<size_t>((params.outputs - 1) * params.pixelStride + params.channels);
  }
  /// The first difference between `out` and what it should be; empty if there is none.
  std::string check(const uint8_t *out) const {
    for (int64_t x = 0; x < params.outputs; ++x)
      for (int64_t c = 0; c < params.channels; ++c) {
        int32_t got;
        if (params.result == sums)
          std::memcpy(&got, out + (x * params.blocks() * depthwiseBlock + c) * 4, 4);
        else
          got = out[x * params.pixelStride + c];
        if (got != result(x, c))
          return "output " + std::to_string(x) + ", channel " + std::to_string(c) + " is " + std::to_string(got) +
                 ", not " + std::to_string(result(x, c)) + ": " + describe(params);
      }
    return {};
  }

  const DepthwiseParams params;

private:
  const DepthwiseKernelInfo &kernel;
  std::vector<uint8_t> pixels; ///< [row][column][channel]
  std::vector<int8_t> weights; ///< [channel][row][column]
  std::vector<int32_t> start;
  std::vector<float> multiplier, bias;
};

/// Shapes that reach every branch: windows of all remainders, strides, loops and none, tails, missing rows.
std::vector<DepthwiseParams> shapes() {
  std::vector<DepthwiseParams> all;
  int64_t channels = 0;
  for (const int window : {1, 2, 3, 4, 5, 7})
    for (const int stride : {1, 2, 3})
      for (const int64_t width : {1, 2, 5, 9, 16})
        for (const DepthwiseResult result : {sums, bytes}) {
          channels = channels % 67 + 11;
          DepthwiseParams p = shape(channels, window, window, stride, width, result);
          if (!isPossible(p))
            continue;
          all.push_back(p);
          p.firstRow = std::min(1, window - 1);
          p.aRowStride += 3;
          all.push_back(p);
        }
  return all;
}

class DepthwiseCode : public KernelFixture<DepthwiseKernelInfo> {
protected:
  KernelCase caseFor(const DepthwiseParams &params) const { return caseOf(kernel(), params, describe(params)); }
  std::vector<KernelCase> cases() const {
    std::vector<KernelCase> all;
    for (const DepthwiseParams &params : shapes())
      all.push_back(caseFor(params));
    return all;
  }
};

class DepthwiseRun : public KernelRunFixture<DepthwiseKernelInfo> {
protected:
  /// One call; what lies around the result, between its pixels and behind the line must stay.
  void expectOracle(const DepthwiseParams &params, bool extreme = false) {
    const Call call(kernel(), params, extreme);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<uint8_t> a(call.extent(), 0xb7);
    call.placePixels(a.data());
    const std::vector<uint8_t> b = call.packed();
    constexpr uint8_t canary = 0x5e;
    constexpr size_t margin = 64;
    std::vector<uint8_t> out(call.outBytes() + 2 * margin, canary), line(lineBytes(kernel(), params) + margin, canary);
    code->fn<DepthwiseFn>()(a.data(), b.data(), out.data() + margin, line.data());
    ASSERT_EQ("", call.check(out.data() + margin));
    for (size_t i = 0; i < margin; ++i) {
      ASSERT_EQ(canary, out[i]) << "before the result: " << describe(params);
      ASSERT_EQ(canary, out[out.size() - 1 - i]) << "behind the result: " << describe(params);
      ASSERT_EQ(canary, line[line.size() - 1 - i]) << "behind the line: " << describe(params);
    }
    if (params.result == bytes)
      for (int64_t x = 0; x + 1 < params.outputs; ++x)
        for (int64_t c = params.channels; c < params.pixelStride; ++c)
          ASSERT_EQ(canary, out[margin + x * params.pixelStride + c]) << "between pixels: " << describe(params);
  }

  KernelCall call(const DepthwiseParams &params) const {
    const auto values = std::make_shared<Call>(kernel(), params);
    return {.shape = describe(params),
            .code = generate(kernel(), params),
            .aBytes = values->extent(),
            .placeA = [values](uint8_t *to) { values->placePixels(to); },
            .b = values->packed(),
            .out = std::vector<uint8_t>(values->outBytes()),
            .differs = [values](const uint8_t *out) { return values->check(out); },
            .scratchBytes = static_cast<size_t>(lineBytes(kernel(), params)),
            .isRounded = params.result == bytes};
  }
};

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(DepthwiseRun, KeepsTheCallersState) {
  for (const DepthwiseParams &params : shapes())
    ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(params)));
}

TEST_P(DepthwiseRun, EveryTailOfChannels) {
  for (int64_t channels = 1; channels <= 97; ++channels)
    for (const DepthwiseResult result : {sums, bytes}) {
      expectOracle(shape(channels, 3, 3, 1, 5, result));
      expectOracle(shape(channels, 5, 5, 2, 7, result));
      if (HasFatalFailure())
        return;
    }
}

TEST_P(DepthwiseRun, EveryWindowStrideAndWidth) {
  for (int rows = 1; rows <= 7; ++rows)
    for (int columns = 1; columns <= 7; ++columns)
      for (const int stride : {1, 2, 3})
        for (const int64_t width : {1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 29})
          for (const int64_t channels : {6, 35}) {
            const DepthwiseParams p = shape(channels, rows, columns, stride, width, width % 2 ? sums : bytes);
            if (isPossible(p))
              expectOracle(p);
            if (HasFatalFailure())
              return;
          }
  expectOracle(shape(33, depthwiseMaxWindow, depthwiseMaxWindow, 1, 20, bytes));
}

// Padding in front, behind, above and below, in all amounts; images narrower than the window; no row at all.
TEST_P(DepthwiseRun, Padding) {
  for (const int window : {2, 3, 5})
    for (int first = 0; first <= window; ++first)
      for (int last = first; last <= window; ++last)
        for (int64_t before = 0; before < window; ++before)
          for (int64_t inputs = 1; inputs <= 6; ++inputs) {
            DepthwiseParams p = shape(19, window, window, 1, inputs, bytes);
            p.firstRow = first, p.lastRow = last, p.before = before;
            for (p.outputs = 1; p.outputs <= before + inputs; ++p.outputs)
              if (isPossible(p))
                expectOracle(p);
            if (HasFatalFailure())
              return;
          }
}

TEST_P(DepthwiseRun, ExtremeValuesBoundsAndOffsets) {
  for (const DepthwiseResult result : {sums, bytes})
    for (const int window : {3, 5}) {
      DepthwiseParams p = shape(40, window, window, 1, 9, result);
      p.zero = 255;
      expectOracle(p, true);
    }
  for (const DepthwiseResult result : {sums, bytes}) {
    DepthwiseParams p = shape(40, 3, 3, 1, 9, result);
    p.hasStart = false;
    expectOracle(p);
  }
  for (const auto &[offset, low, high] :
       std::vector<std::tuple<int, int, int>>{{0, 0, 255}, {128, 0, 255}, {-128, 0, 15}, {0, 128, 255}, {1024, 7, 7}}) {
    DepthwiseParams p = shape(40, 3, 3, 1, 9, bytes);
    p.offset = offset, p.low = low, p.high = high;
    expectOracle(p);
  }
}

// A share of the channels of a pixel: the others are neither read nor written.
TEST_P(DepthwiseRun, SharesOfChannels) {
  for (const int64_t channels : {5, 32, 50, 96}) {
    DepthwiseParams p = shape(channels, 3, 3, 1, 10, bytes);
    p.pixelStride = channels + 41;
    p.aRowStride = 10 * p.pixelStride + 13;
    expectOracle(p);
  }
}

TEST_P(DepthwiseRun, StaysInsideItsOperands) {
  for (const DepthwiseParams &params : shapes())
    ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(params)));
}

TEST_P(DepthwiseRun, ReadsNothingBetweenPixels) {
  for (const int64_t channels : {1, 3, 7, 12, 16, 23, 31, 32, 45, 64}) {
    DepthwiseParams params = shape(channels, 3, 3, 1, 6, sums);
    params.pixelStride = forbiddenStride();
    params.aRowStride = params.inputs * params.pixelStride;
    ASSERT_NO_FATAL_FAILURE(expectNothingReadBetween(call(params), channels));
  }
}

TEST_P(DepthwiseCode, BytesDoNotDependOnTheAddress) { expectSameBytesAtAnyAddress(cases()); }
TEST_P(DepthwiseCode, GrowsItsBufferAndNeverTruncates) {
  expectWholeCodeOrNone(caseFor(shape(40, 3, 3, 1, 20, bytes)));
}
TEST_P(DepthwiseCode, TwoThreadsAtOnce) { expectSameFromTwoThreads(cases()); }

TEST_P(DepthwiseCode, RefusesImpossibleShapes) {
  const auto error = [&](auto change) {
    DepthwiseParams params = shape(8, 3, 3, 1, 8, bytes);
    change(params);
    std::string reason = refusalOf(caseFor(params));
    EXPECT_EQ(depthwiseRefusal(params), reason);
    return reason;
  };
  EXPECT_EQ("channels must be 1..33554432, not 0", error([](DepthwiseParams &p) { p.channels = 0; }));
  EXPECT_EQ("outputs must be 1..65536, not 0", error([](DepthwiseParams &p) { p.outputs = 0; }));
  EXPECT_EQ("rows of the window must be 1..16, not 17", error([](DepthwiseParams &p) { p.windowRows = 17; }));
  EXPECT_EQ("columns of the window must be 1..16, not 0", error([](DepthwiseParams &p) { p.windowColumns = 0; }));
  EXPECT_EQ("the stride must be 1..16, not 0", error([](DepthwiseParams &p) { p.stride = 0; }));
  EXPECT_EQ("the last row must be 0..3, not 4", error([](DepthwiseParams &p) { p.lastRow = 4; }));
  EXPECT_EQ("the first row must be 0..3, not -1", error([](DepthwiseParams &p) { p.firstRow = -1; }));
  EXPECT_EQ("columns of padding in front must be 0..2, not 3", error([](DepthwiseParams &p) { p.before = 3; }));
  EXPECT_NE("", error([](DepthwiseParams &p) { p.inputs = 6; })) << "more padding behind than a window has columns";
  EXPECT_NE("", error([](DepthwiseParams &p) { p.inputs = INT64_MAX; }));
  EXPECT_NE("", error([](DepthwiseParams &p) { p.aRowStride = -1; }));
  EXPECT_NE("", error([](DepthwiseParams &p) { p.pixelStride = int64_t(1) << 40; }));
  EXPECT_EQ("the padded value must be 0..255, not 256", error([](DepthwiseParams &p) { p.zero = 256; }));
  EXPECT_NE("", error([](DepthwiseParams &p) { p.offset = 1025; }));
  EXPECT_EQ("the upper bound must be 10..255, not 9", error([](DepthwiseParams &p) { p.high = 9; }));
}

const auto all = ::testing::ValuesIn(testedDepthwiseKernels());
INSTANTIATE_TEST_SUITE_P(Manifest, DepthwiseCode, all, kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, DepthwiseRun, all, kernelName);

TEST(DepthwiseHalves, SplitAndFit) {
  for (int w = -128; w <= 127; ++w) {
    const auto [low, high] = splitWeight(static_cast<int8_t>(w));
    EXPECT_EQ(w, 16 * high + low);
    EXPECT_TRUE(low >= -8 && low <= 7 && high >= -8 && high <= 8) << w;
  }
  // 16 taps of any weight; one more is too much where all have the largest half.
  for (const int w : {-128, -8, 127, 8})
    EXPECT_TRUE(halvesFit(std::vector<int8_t>(16, static_cast<int8_t>(w)), 255)) << w;
  EXPECT_FALSE(halvesFit(std::vector<int8_t>(17, -128), 255));
  EXPECT_FALSE(halvesFit(std::vector<int8_t>(17, 127), 255));
  EXPECT_FALSE(halvesFit(std::vector<int8_t>(17, -8), 255));
  EXPECT_TRUE(halvesFit(std::vector<int8_t>(17, -8), 240));
  // What counts are sums of one sign.
  std::vector<int8_t> both(32, -128);
  std::fill_n(both.begin(), 16, int8_t(127));
  EXPECT_TRUE(halvesFit(both, 255));
}

TEST(DepthwiseRegistry, UniqueNamesAndFeatures) {
  expectRegistry(depthwiseKernels(), findDepthwiseKernel, "depthwise_u8s8");
}

} // namespace
