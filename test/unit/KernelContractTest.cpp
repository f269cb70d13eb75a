// The contract of every dot kernel (KernelContract.h), and what its generator refuses.
#include "test/unit/KernelContract.h"
#include "test/unit/KernelDotSupport.h"

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

class KernelCode : public KernelTest {
protected:
  KernelCase caseFor(const DotParams &params) const { return caseOf(kernel(), params, describe(params, 0)); }
  std::vector<KernelCase> cases() const {
    std::vector<KernelCase> all;
    for (const DotParams &params : shapes(kernel()))
      all.push_back(caseFor(params));
    return all;
  }
};

class KernelContract : public KernelRunTest {
protected:
  KernelCall call(const DotParams &params, int64_t outer) const {
    const auto operands = std::make_shared<Operands>(kernel(), params, outer);
    operands->fill(Operands::Values::Random, 11);
    const std::vector<int8_t> b = operands->packB();
    return {.shape = describe(params, outer),
            .code = generate(kernel(), params),
            .aBytes = operands->aExtent(),
            .placeA = [operands](uint8_t *to) { operands->placeA(to); },
            .b = {b.begin(), b.end()},
            .out = std::vector<uint8_t>(operands->accWords() * sizeof(int32_t)),
            .differs = differsFrom(operands->oracle()),
            .outer = outer};
  }
};

TEST_P(KernelCode, BytesDoNotDependOnTheAddress) { expectSameBytesAtAnyAddress(cases()); }
TEST_P(KernelCode, GrowsItsBufferAndNeverTruncates) { expectWholeCodeOrNone(caseFor({6, 64, 400, 63})); }
TEST_P(KernelCode, TwoThreadsAtOnce) { expectSameFromTwoThreads(cases()); }

TEST_P(KernelCode, RefusesImpossibleShapes) {
  const std::string most = std::to_string(kernel().maxRows);
  const auto error = [&](const DotParams &params) { return refusalOf(caseFor(params)); };
  EXPECT_EQ("rows must be 1.." + most + ", not 0", error({0, 4, 4, 4}));
  EXPECT_EQ("rows must be 1.." + most + ", not 25", error({25, 4, 4, 4}));
  EXPECT_EQ("the run must have at least one value, not 0", error({6, 4, 4, 0}));
  DotParams params{2, 4, 4, 4};
  params.tiles = kernel().maxRows / 2 + 1;
  EXPECT_EQ("tiles must be 1.." + std::to_string(kernel().maxRows / 2) + " for 2 rows, not " +
                std::to_string(params.tiles),
            error(params));
  params.tiles = 2;
  params.bTileStride = int64_t(1) << 31;
  EXPECT_EQ("tiles of b lie 2147483648 bytes apart; the kernel reaches 89478485", error(params));
  params.tiles = 1; // the stride is then unused
  EXPECT_EQ("", generate(kernel(), params).error);
  params.widenEvery = -1;
  EXPECT_EQ(kernel().accumulation == Accumulation::Windows16
                ? "sums are widened after " + std::to_string(kernel().unitGroups()) +
                      " groups or more, or at the end (0), not after -1"
                : "the kernel has no 16-bit sums to widen",
            error(params));
}

TEST_P(KernelCode, StridesBeyond32Bits) {
  for (const int64_t stride : {int64_t(1) << 31, -(int64_t(1) << 31) - 1, INT64_MAX, INT64_MIN})
    for (const int64_t widenEvery : windowsOf(kernel())) {
      DotParams params{kernel().maxRows, stride, stride, 100, stride};
      params.widenEvery = widenEvery;
      EXPECT_TRUE(generate(kernel(), params)) << stride;
    }
}

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(KernelContract, KeepsTheCallersState) {
  for (const DotParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 2})
      ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(params, outer)));
}

TEST_P(KernelContract, StaysInsideItsOperands) {
  for (const DotParams &params : shapes(kernel()))
    for (const int64_t outer : {0, 1, 3})
      ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(params, outer)));
}

TEST_P(KernelContract, ReadsNothingBetweenTheRuns) {
  constexpr int64_t outer = 2;
  for (DotParams params : shapes(kernel())) {
    params.aOuterStride = forbiddenStride();
    params.aRowStride = outer * forbiddenStride();
    ASSERT_NO_FATAL_FAILURE(expectNothingReadBetween(call(params, outer), params.run));
  }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelCode, ::testing::ValuesIn(testedKernels()), kernelName);
INSTANTIATE_TEST_SUITE_P(Manifest, KernelContract, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
