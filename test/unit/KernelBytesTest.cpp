// Dot kernels that make bytes of their sums (DotParams::bytes) against a C++ oracle, between forbidden pages.
#include "test/unit/KernelByteResult.h"
#include "test/unit/KernelDotSupport.h"

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
  const double terms = static_cast<double>(params.run * to.outer * params.taps);
  const ByteResultOracle oracle(to, params.tiles, params.rows, kernel.columns, 255 * 128 * std::sqrt(terms));
  constexpr uint8_t untouched = 0x5e;
  return {.shape = describe(params, to.outer) + ", taps " + std::to_string(params.taps) + ", rows of the result " +
                   std::to_string(to.rowStride) + " apart" + (values == Values::Extreme ? ", extreme values" : ""),
          .code = generate(kernel, params),
          .aBytes = operands->aExtent(),
          .placeA = [operands](uint8_t *to) { operands->placeA(to); },
          .b = {b.begin(), b.end()},
          .out = std::vector<uint8_t>(oracle.bytes(), untouched),
          .differs = oracle.differs(operands->oracle(), untouched),
          .constants = oracle.constants(),
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
      params.bTileStride = 4 * stepBytes(kernel(), params.run);
      params.bytes = someByteResult(static_cast<int64_t>(all.size()), params.tiles, kernel().columns);
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
