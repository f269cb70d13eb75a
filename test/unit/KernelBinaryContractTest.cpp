// The contract of every look-up kernel (KernelContract.h), and what its generator refuses.
#include "test/unit/KernelBinarySupport.h"
#include "test/unit/KernelContract.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

/// Shapes that reach every branch of the generator, with gaps between rows, steps and taps.
std::vector<LookupParams> shapes(const LookupKernelInfo &kernel) {
  std::vector<LookupParams> all;
  int columns = 0;
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13})
    for (const int64_t taps : {1, 3})
      for (const int64_t channels : {1, 16, 57, 256, 515})
        for (const int64_t gap : {0, 5}) {
          columns = columns % lookupMaxColumns + lookupColumns;
          LookupParams params{.rows = std::min(rows, kernel.maxRows(columns)),
                              .columns = columns,
                              .channels = channels,
                              .taps = taps,
                              .maxOuter = 3};
          params.aTapStride = tapBytes(kernel.elements, channels) + gap;
          params.aOuterStride = taps * params.aTapStride + gap;
          params.aRowStride = 3 * params.aOuterStride + gap;
          all.push_back(contiguousB(kernel, params, 3));
        }
  return all;
}

class LookupCode : public LookupTest {
protected:
  KernelCase caseFor(const LookupParams &params) const {
    return caseOf(kernel(), params, describe(params, params.maxOuter));
  }
  std::vector<KernelCase> cases() const {
    std::vector<KernelCase> all;
    for (const LookupParams &params : shapes(kernel()))
      all.push_back(caseFor(params));
    return all;
  }
};

class LookupContract : public LookupRunTest {
protected:
  /// b holds `outer` steps and no more.
  KernelCall call(LookupParams params, int64_t outer) const {
    params = contiguousB(kernel(), params, outer);
    const auto operands = std::make_shared<LookupOperands>(kernel(), params, outer);
    return {.shape = describe(params, outer),
            .code = generate(kernel(), params),
            .aBytes = operands->aExtent(),
            .placeA = [operands](uint8_t *to) { operands->placeA(to); },
            .b = operands->packB(),
            .out = std::vector<uint8_t>(operands->accWords() * sizeof(int32_t)),
            .differs = differsFrom(operands->oracle()),
            .outer = outer};
  }
};

TEST_P(LookupCode, BytesDoNotDependOnTheAddress) { expectSameBytesAtAnyAddress(cases()); }
TEST_P(LookupCode, GrowsItsBufferAndNeverTruncates) { expectWholeCodeOrNone(cases().back()); }
TEST_P(LookupCode, TwoThreadsAtOnce) { expectSameFromTwoThreads(cases()); }

TEST_P(LookupCode, RefusesImpossibleShapes) {
  const auto error = [&](const LookupParams &params) {
    std::string reason = refusalOf(caseFor(params));
    EXPECT_EQ(lookupRefusal(kernel(), params), reason);
    return reason;
  };
  const std::string rows = std::to_string(kernel().maxRows(32)), bytes = std::to_string(kernel().maxBytes());
  EXPECT_EQ("rows must be 1.." + rows + ", not 0", error({.rows = 0, .channels = 8}));
  EXPECT_EQ("rows must be 1.." + rows + ", not 4097", error({.rows = 4097, .channels = 8}));
  EXPECT_NE("", error({.rows = kernel().maxRows(96) + 1, .columns = 96, .channels = 8}));
  EXPECT_EQ("columns must be 32..128, not 16 in steps of 32", error({.columns = 16, .channels = 8}));
  EXPECT_EQ("columns must be 32..128, not 160 in steps of 32", error({.columns = 160, .channels = 8}));
  EXPECT_NE("", error({.channels = 0}));
  EXPECT_NE("", error({.channels = INT64_MAX}));
  EXPECT_EQ("taps must be 1.." + bytes + ", not 0", error({.channels = 8, .taps = 0}));
  EXPECT_NE("", error({.channels = 8, .taps = INT64_MAX}));
  EXPECT_EQ("the outer steps must be 1.." + bytes + ", not -1", error({.channels = 8, .maxOuter = -1}));
  const int64_t half = kernel().maxBytes() / 2 + 1;
  EXPECT_EQ("a sum over " + std::to_string(2 * half) + " bytes of activations" +
                (kernel().counts() ? "" : " may exceed 16 bits") + "; the kernel takes " + bytes,
            error({.channels = 16 / lookupBits(kernel().elements), .maxOuter = half, .bOuterStride = 256}));
  if (kernel().counts())
    EXPECT_EQ("the steps of b must not lie at one place", error({.channels = 8, .maxOuter = 2}));
  EXPECT_NE("", error({.channels = 8, .bColumnStride = (1 << 26) + 1}));
  EXPECT_NE("", error({.channels = 8, .bColumnStride = INT64_MIN}));
}

TEST_P(LookupCode, StridesBeyond32Bits) {
  for (const int64_t stride : {int64_t(1) << 31, -(int64_t(1) << 31) - 1, INT64_MAX, INT64_MIN})
    for (const int64_t channels : {8, 700})
      EXPECT_TRUE(generate(kernel(), {.rows = 9,
                                      .channels = channels,
                                      .taps = 3,
                                      .maxOuter = 3,
                                      .aRowStride = stride,
                                      .aTapStride = stride,
                                      .aOuterStride = stride,
                                      .bColumnStride = 1 << 26,
                                      .bOuterStride = stride}));
}

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(LookupContract, KeepsTheCallersState) {
  for (const LookupParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 3})
      ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(params, outer)));
}

TEST_P(LookupContract, StaysInsideItsOperands) {
  for (const LookupParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 1, 3})
      ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(params, outer)));
}

TEST_P(LookupContract, ReadsNothingBetweenTheTaps) {
  constexpr int64_t taps = 2, outer = 2;
  for (const int64_t channels : {1, 8, 63, 200, 777}) {
    LookupParams params{.rows = std::min<int64_t>(7, kernel().maxRows(64)),
                        .columns = 64,
                        .channels = channels,
                        .taps = taps,
                        .maxOuter = outer};
    params.aTapStride = forbiddenStride();
    params.aOuterStride = taps * params.aTapStride;
    params.aRowStride = outer * params.aOuterStride;
    ASSERT_NO_FATAL_FAILURE(expectNothingReadBetween(call(params, outer), tapBytes(kernel().elements, channels)));
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, LookupCode, ::testing::ValuesIn(lookupKernels().begin(), lookupKernels().end()),
                         kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, LookupContract, ::testing::ValuesIn(lookupKernels().begin(), lookupKernels().end()),
                         kernelName);

TEST(LookupRegistry, UniqueNamesAndFeatures) { expectRegistry(lookupKernels(), findLookupKernel, "lookup_b1b1"); }

} // namespace
