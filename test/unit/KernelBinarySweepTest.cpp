// Every look-up kernel against a C++ oracle: lengths, rows, columns, every way to cut a sum into blocks, strides.
#include "test/unit/KernelBinarySupport.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = LookupOperands::Values;

namespace {

class LookupSweep : public LookupRunTest {
protected:
  /// One call; every word of acc and the words around it are compared.
  /// No more than the kernel takes.
  int64_t rowsOf(int64_t rows, int columns) const { return std::min(rows, kernel().maxRows(columns)); }
  void expectOracle(const LookupParams &params, int64_t outer, Values values = Values::Random) {
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    expectOracle(*code, params, outer, values);
  }

  void expectOracle(const LoadedKernel &code, const LookupParams &params, int64_t outer, Values values) {
    const LookupOperands operands(kernel(), params, outer, values);
    // What lies between and behind the taps must not matter.
    std::vector<uint8_t> a(operands.aExtent(), 0xb7);
    operands.placeA(a.data());
    const std::vector<uint8_t> b = operands.packB();
    constexpr int32_t canary = 0x5eed5eed;
    constexpr size_t margin = 16;
    std::vector<int32_t> want(margin, canary);
    const std::vector<int32_t> sums = operands.oracle();
    want.insert(want.end(), sums.begin(), sums.end());
    want.insert(want.end(), margin, canary);
    std::vector<int32_t> got(want.size(), canary);
    code.fn<LookupFn>()(reinterpret_cast<const uint32_t *>(a.data()), b.data(), got.data() + margin, outer);
    ASSERT_EQ(want, got) << describe(params, outer);
  }
};

TEST_P(LookupSweep, EveryLength) {
  constexpr int64_t rows[] = {1, 2, 3, 5, 7};
  for (int64_t channels = 1; channels <= 300; ++channels) {
    const int columns = static_cast<int>(channels % 4 + 1) * lookupColumns;
    const LookupParams params{.rows = rowsOf(rows[channels % 5], columns), .columns = columns, .channels = channels};
    expectOracle(contiguous(kernel(), params, 1), 1);
    if (HasFatalFailure())
      return;
  }
}

TEST_P(LookupSweep, RowsAndColumns) {
  for (int64_t rows = 1; rows <= 14; ++rows)
    for (int columns = lookupColumns; columns <= lookupMaxColumns; columns += lookupColumns)
      for (const int64_t channels : {5, 64, 333}) {
        const LookupParams params{.rows = rowsOf(rows, columns), .columns = columns, .channels = channels};
        for (const Values values : {Values::Random, Values::Extreme})
          expectOracle(contiguous(kernel(), params, 1), 1, values);
        if (HasFatalFailure())
          return;
      }
}

// Taps apart and together, small ones of which a block takes several or several steps, long ones of many blocks.
TEST_P(LookupSweep, OuterStepsTapsAndGaps) {
  for (const int64_t rows : {1, 7})
    for (const int64_t channels : {3, 8, 17, 40, 96, 250, 600})
      for (const int64_t taps : {1, 2, 3, 5, 40})
        for (const int64_t gap : {0, 3}) {
          LookupParams params{
              .rows = rowsOf(rows, 64), .columns = 64, .channels = channels, .taps = taps, .maxOuter = 7};
          params.aTapStride = tapBytes(kernel().elements, channels) + gap;
          if (params.maxOuter * taps * params.aTapStride > kernel().maxBytes())
            continue;
          params.aOuterStride = taps * params.aTapStride + gap;
          params.aRowStride = params.maxOuter * params.aOuterStride + gap;
          for (const int64_t outer : {0, 1, 2, 3, 5, 7})
            expectOracle(contiguousB(kernel(), params, outer), outer);
          if (HasFatalFailure())
            return;
        }
}

// The rows of a convolution: each starts a pixel later, and steps are rows of the image.
TEST_P(LookupSweep, OverlappingRows) {
  for (const int64_t bytes : {1, 4, 9}) {
    const int64_t channels = bytes * 8 / lookupBits(kernel().elements);
    constexpr int64_t width = 11, outer = 3;
    LookupParams params{.rows = width - 2, .columns = 32, .channels = channels, .taps = 3, .maxOuter = outer};
    params.aTapStride = params.aRowStride = bytes;
    params.aOuterStride = width * bytes;
    params = contiguousB(kernel(), params, outer);
    std::vector<uint8_t> image(width * outer * bytes);
    for (size_t i = 0; i < image.size(); ++i) // fields of ternary values: each of 0, 1, 3
      image[i] = static_cast<uint8_t>("\x00\x04\x1d\x37\xc1\x70\x0f"[i % 7]);
    const LookupOperands operands(kernel(), params, outer);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    std::vector<int32_t> together(operands.accWords()), alone(params.columns);
    const std::vector<uint8_t> b = operands.packB();
    code->fn<LookupFn>()(reinterpret_cast<const uint32_t *>(image.data()), b.data(), together.data(), outer);
    LookupParams one = params;
    one.rows = 1;
    const auto single = load(kernel(), one);
    ASSERT_TRUE(single);
    for (int64_t m = 0; m < params.rows; ++m) {
      single->fn<LookupFn>()(reinterpret_cast<const uint32_t *>(image.data() + m * bytes), b.data(), alone.data(),
                             outer);
      ASSERT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + m * params.columns)) << "row " << m;
    }
  }
}

TEST_P(LookupSweep, NegativeStrides) {
  for (const int64_t channels : {20, 300}) {
    LookupParams forward{.rows = rowsOf(8, 64), .columns = 64, .channels = channels, .taps = 2, .maxOuter = 3};
    forward = contiguous(kernel(), forward, 3);
    const LookupOperands extent(kernel(), forward, 3);
    LookupParams backward = forward;
    backward.aRowStride = -forward.aRowStride;
    backward.aOuterStride = -forward.aOuterStride;
    backward.aTapStride = -forward.aTapStride;
    const LookupOperands operands(kernel(), backward, 3);
    std::vector<uint8_t> a(extent.aExtent());
    uint8_t *first = a.data() + (forward.rows - 1) * forward.aRowStride + 2 * forward.aOuterStride + forward.aTapStride;
    operands.placeA(first);
    const auto code = load(kernel(), backward);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(operands.accWords());
    code->fn<LookupFn>()(reinterpret_cast<const uint32_t *>(first), operands.packB().data(), got.data(), 3);
    EXPECT_EQ(operands.oracle(), got);
  }
}

// The taps of a window that lie inside the image: pointers at the first, fewer taps, the strides of the whole b.
TEST_P(LookupSweep, PartOfAWindow) {
  constexpr int64_t outer = 3, taps = 4, first = 1;
  for (const int64_t channels : {12, 64, 500}) {
    LookupParams whole{.rows = rowsOf(5, 96), .columns = 96, .channels = channels, .taps = taps, .maxOuter = outer};
    whole = contiguous(kernel(), whole, outer);
    const int64_t bytes = tapBytes(kernel().elements, channels);
    LookupParams part = whole;
    part.taps = 2;
    const LookupOperands operands(kernel(), part, outer - 1);
    // The rest of b holds other weights, all of one sign.
    const std::vector<uint8_t> inside = operands.packB();
    std::vector<uint8_t> b(static_cast<size_t>(3 * whole.bColumnStride), 0x05);
    const int64_t tap = lookupBlockBytes(kernel().elements, kernel().weights, bytes), partStep = part.taps * tap;
    for (int64_t block = 0; block < 3; ++block)
      for (int64_t o = 0; o + 1 < outer; ++o)
        std::copy_n(inside.begin() + (block * (outer - 1) + o) * partStep, partStep,
                    b.begin() + block * whole.bColumnStride + (o + 1) * whole.bOuterStride + first * tap);
    std::vector<uint8_t> a(operands.aExtent());
    operands.placeA(a.data());
    const auto code = load(kernel(), part);
    ASSERT_TRUE(code);
    std::vector<int32_t> got(operands.accWords());
    code->fn<LookupFn>()(reinterpret_cast<const uint32_t *>(a.data()), b.data() + whole.bOuterStride + first * tap,
                         got.data(), outer - 1);
    EXPECT_EQ(operands.oracle(), got) << describe(part, outer - 1);
  }
}

// As many bytes as a kernel takes, in one step and in as many as there may be: look-ups count to the ends of 16 bits.
TEST_P(LookupSweep, LongestSums) {
  const int64_t perByte = 8 / lookupBits(kernel().elements);
  const int64_t most = kernel().maxBytes();
  for (const int64_t maxOuter : {int64_t(1), most}) {
    const LookupParams params = {.rows = 2, .columns = 32, .channels = most / maxOuter * perByte, .maxOuter = maxOuter};
    for (const Values values : {Values::Random, Values::Extreme})
      expectOracle(contiguous(kernel(), params, maxOuter), maxOuter, values);
  }
}

TEST_P(LookupSweep, NegativeOuterGivesZeros) {
  const LookupParams params = contiguous(kernel(), {.rows = 3, .columns = 64, .channels = 8}, 1);
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  std::vector<int32_t> got(3 * 64, 1);
  code->fn<LookupFn>()(nullptr, nullptr, got.data(), -1);
  EXPECT_EQ(std::vector<int32_t>(got.size(), 0), got);
}

// The fourth code of two bits is no ternary value; it must not spill into neighbouring sums.
TEST_P(LookupSweep, CodeOfMinusTwoCountsAsZero) {
  if (kernel().elements != LookupElements::Ternary)
    return; // one bit has no such code, and of other values it is one
  const LookupParams params = contiguous(kernel(), {.rows = 1, .columns = 32, .channels = 400}, 1);
  const auto code = load(kernel(), params);
  ASSERT_TRUE(code);
  const LookupOperands operands(kernel(), params, 1);
  const std::vector<uint8_t> a(100, 0xaa);
  std::vector<int32_t> got(32, 1);
  code->fn<LookupFn>()(reinterpret_cast<const uint32_t *>(a.data()), operands.packB().data(), got.data(), 1);
  EXPECT_EQ(std::vector<int32_t>(32, 0), got);
}

INSTANTIATE_TEST_SUITE_P(Manifest, LookupSweep, ::testing::ValuesIn(lookupKernels().begin(), lookupKernels().end()),
                         kernelName);

} // namespace
