// Dot kernels that make bytes of their sums (DotParams::bytes) against a C++ oracle, between forbidden pages.
#include "compiler/Kernels/Requantize.h"
#include "test/unit/KernelContract.h"
#include "test/unit/KernelDotSupport.h"

#include <algorithm>
#include <cmath>
#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = Operands::Values;

namespace {

/// `params.bytes` holds what differs from call to call. Steps of several taps are as many steps for the oracle.
KernelCall call(const KernelInfo &kernel, const DotParams &params, Values values) {
  const ByteResult to = *params.bytes;
  DotParams ofTaps = params;
  if (params.taps > 1)
    ofTaps.taps = 1, ofTaps.aOuterStride = params.aTapStride;
  const auto operands = std::make_shared<Operands>(kernel, ofTaps, to.outer * params.taps);
  operands->fill(values, static_cast<uint32_t>(params.run * 10 + to.outer));
  const std::vector<int8_t> b = operands->packB();
  // Tiles are as far apart in the constants as in the result.
  std::mt19937 random(static_cast<uint32_t>(params.rows * 100 + params.run));
  const int64_t channels = (params.tiles - 1) * to.tileStride + kernel.columns;
  std::vector<int32_t> correction;
  std::vector<float> multiplier, bias;
  const float step = 40.0f / static_cast<float>(255 * 128 * std::sqrt(params.run * to.outer * params.taps + 1.0));
  for (int64_t n = 0; n < channels; ++n) {
    if (to.hasCorrection)
      correction.push_back(static_cast<int32_t>(random() % 20001) - 10000);
    multiplier.push_back(n % 3 ? static_cast<float>(random() % 1000) * step / 250 : -0.5f); // ties
    bias.push_back(static_cast<float>(random() % 400) / 2);
  }
  std::vector<uint8_t> out(static_cast<size_t>((params.rows - 1) * to.rowStride + channels), 0x5e), want = out;
  const std::vector<int32_t> sums = operands->oracle();
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int row = 0; row < params.rows; ++row)
      for (int n = 0; n < kernel.columns; ++n) {
        const int64_t c = tile * to.tileStride + n;
        const auto sum =
            static_cast<int32_t>(static_cast<uint32_t>(sums[(tile * params.rows + row) * kernel.columns + n]) +
                                 static_cast<uint32_t>(to.hasCorrection ? correction[c] : 0));
        const float y = std::fma(static_cast<float>(sum), multiplier[c], bias[c]);
        want[row * to.rowStride + c] =
            static_cast<uint8_t>(std::clamp<int64_t>(std::llrint(y) + to.offset, to.low, to.high));
      }
  const auto differs = [want](const uint8_t *got) -> std::string {
    for (size_t i = 0; i < want.size(); ++i)
      if (got[i] != want[i])
        return "byte " + std::to_string(i) + " is " + std::to_string(got[i]) + ", not " + std::to_string(want[i]);
    return {};
  };
  return {.shape = describe(params, to.outer) + ", taps " + std::to_string(params.taps) + ", rows of the result " +
                   std::to_string(to.rowStride) + " apart" + (values == Values::Extreme ? ", extreme values" : ""),
          .code = generate(kernel, params),
          .aBytes = operands->aExtent(),
          .placeA = [operands](uint8_t *to) { operands->placeA(to); },
          .b = {b.begin(), b.end()},
          .out = std::move(out),
          .differs = differs,
          .constants = packRequantize(kernel.columns, correction, multiplier, bias),
          .isRounded = true};
}

class KernelBytes : public KernelRunTest {
protected:
  void SetUp() override {
    if (!kernel().storesBytes())
      GTEST_SKIP() << "the kernel has no result in bytes";
    KernelRunTest::SetUp();
  }

  /// Every shape of the sweep, with results dense and apart and all constants that may be in the code or not.
  std::vector<DotParams> cases() const {
    std::vector<DotParams> all;
    for (DotParams params : shapes(kernel())) {
      const auto n = static_cast<int64_t>(all.size());
      ByteResult to{.outer = n % 4 == 3 ? 0 : n % 4 + 1, .hasCorrection = n % 3 != 0};
      to.tileStride = kernel().columns * (n % 2 + 1);
      to.rowStride = (params.tiles - 1) * to.tileStride + kernel().columns + n % 5 * 3;
      if (n % 2)
        to.offset = n % 4 < 2 ? 128 : -128, to.low = static_cast<int>(n % 7), to.high = static_cast<int>(255 - n % 11);
      params.bTileStride = 4 * stepBytes(kernel(), params.run);
      params.bytes = to;
      all.push_back(params);
    }
    return all;
  }
};

TEST_P(KernelBytes, AgreesWithOracle) {
  for (const DotParams &params : cases())
    ASSERT_NO_FATAL_FAILURE(
        expectInsideOperands(call(kernel(), params, params.run % 2 ? Values::Extreme : Values::Random)));
}

// All scalar registers are taken: pointers for as many rows as there are, and three counters.
TEST_P(KernelBytes, StepsOfSeveralTaps) {
  for (const int rows : {1, 2, kernel().maxRows / 2, kernel().maxRows})
    for (const int64_t run : {4, 7, 64}) {
      DotParams params{.rows = rows, .aRowStride = 700, .aOuterStride = 3 * (run + 5), .run = run};
      params.tiles = kernel().maxRows / rows > 1 ? 2 : 1;
      params.taps = 3, params.aTapStride = run + 5;
      params.bTileStride = 2 * 3 * stepBytes(kernel(), run);
      params.bytes = ByteResult{
          .outer = 2, .rowStride = 2 * kernel().columns + 9, .tileStride = kernel().columns, .low = 1, .high = 254};
      ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(kernel(), params, Values::Random)));
      ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(kernel(), params, Values::Random)));
    }
}

TEST_P(KernelBytes, KeepsTheCallersState) {
  for (const DotParams &params : cases())
    if (params.run <= 16)
      ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(kernel(), params, Values::Random)));
}

class KernelBytesCode : public KernelTest {};

TEST_P(KernelBytesCode, RefusesImpossibleResults) {
  const auto error = [&](const ByteResult &to, auto change) {
    DotParams params{.rows = 1, .run = 64};
    params.bytes = to;
    change(params);
    return refusalOf(caseOf(kernel(), params, "a result in bytes"));
  };
  const auto nothing = [](DotParams &) {};
  if (!kernel().storesBytes()) {
    EXPECT_EQ("the kernel has no result in bytes", error({}, nothing));
    return;
  }
  EXPECT_EQ("the outer steps must be 0..9223372036854775807, not -1", error({.outer = -1}, nothing));
  EXPECT_EQ("the row stride must be 0..33554432, not -1", error({.rowStride = -1}, nothing));
  EXPECT_NE("", error({.rowStride = INT64_MAX}, nothing));
  EXPECT_NE("", error({.tileStride = kernel().columns / 2}, nothing)) << "no block of constants begins there";
  EXPECT_NE("", error({.tileStride = int64_t(1) << 40}, nothing));
  EXPECT_EQ("the offset must be -1024..1024, not -1025", error({.offset = -1025}, nothing));
  EXPECT_EQ("the lower bound must be 0..255, not 256", error({.low = 256}, nothing));
  EXPECT_EQ("the upper bound must be 9..255, not 8", error({.low = 9, .high = 8}, nothing));
  const std::string both = "a result in bytes takes neither group scales nor sums of earlier values";
  EXPECT_EQ(both, error({}, [](DotParams &params) { params.addsToAcc = true; }));
  EXPECT_EQ(both, error({}, [](DotParams &params) { params.scaled = true; }));
}

TEST_P(KernelBytesCode, BytesDoNotDependOnTheAddress) {
  if (!kernel().storesBytes())
    GTEST_SKIP() << "the kernel has no result in bytes";
  std::vector<KernelCase> cases;
  for (int rows = 1; rows <= kernel().maxRows; ++rows) {
    DotParams params{.rows = rows, .run = 33};
    params.bytes = ByteResult{.rowStride = 48, .offset = rows % 3, .low = rows % 2, .high = 255 - rows % 2};
    cases.push_back(caseOf(kernel(), params, std::to_string(rows) + " rows"));
  }
  expectSameBytesAtAnyAddress(cases);
  expectWholeCodeOrNone(cases.back());
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelBytes, ::testing::ValuesIn(testedKernels()), kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, KernelBytesCode, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
