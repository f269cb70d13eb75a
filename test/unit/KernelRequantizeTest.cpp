// The kernel that makes bytes of sums against a loop in C++, its contract (KernelContract.h), and what is refused.
#include "compiler/Kernels/Requantize.h"
#include "test/unit/KernelContract.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;

namespace {

std::string describe(const RequantizeParams &p) {
  return std::to_string(p.rows) + " x " + std::to_string(p.stored) + " of " + std::to_string(p.columns) + ", " +
         std::to_string(p.rowStride) + " apart, " + std::to_string(p.offset) + " into " + std::to_string(p.low) + ".." +
         std::to_string(p.high) + (p.hasCorrection ? ", corrected" : "");
}

enum class Values { Random, Extreme, Ties };

/// The operands of one call, seeded.
class Call {
public:
  Call(const RequantizeParams &params, Values values) : params(params) {
    std::mt19937 random(static_cast<uint32_t>(params.rows * 977 + params.columns * 31 + params.rowStride));
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random() % (2 * static_cast<uint64_t>(bound))) - bound;
    };
    const bool isExtreme = values == Values::Extreme;
    for (int i = 0; i < params.rows * params.columns; ++i)
      sums.push_back(static_cast<int32_t>(isExtreme ? (i % 2 ? INT32_MAX - i : INT32_MIN + i) : below(100000)));
    for (int n = 0; n < params.stored; ++n) {
      if (params.hasCorrection) // of extreme sums it wraps
        correction.push_back(static_cast<int32_t>(isExtreme ? (n % 4 < 2 ? 1 << 20 : -(1 << 20)) : below(50000)));
      multiplier.push_back(values == Values::Ties ? (n % 2 ? 0.5f : -0.25f)
                           : isExtreme            ? (n % 3 - 1) * 0.9375f
                                                  : static_cast<float>(below(1000)) / (1 << 17));
      bias.push_back(static_cast<float>(below(400)) / 2);
    }
  }

  std::vector<uint8_t> constants() const { return packRequantize(params.columns, correction, multiplier, bias); }
  /// Up to the last sum that is wanted.
  size_t readBytes() const { return ((params.rows - 1) * params.columns + params.stored) * sizeof(int32_t); }
  size_t outBytes() const { return static_cast<size_t>((params.rows - 1) * params.rowStride + params.stored); }
  uint8_t result(int m, int n) const {
    const uint32_t sum = static_cast<uint32_t>(sums[m * params.columns + n]) +
                         (params.hasCorrection ? static_cast<uint32_t>(correction[n]) : 0);
    const float y = std::fma(static_cast<float>(static_cast<int32_t>(sum)), multiplier[n], bias[n]);
    return static_cast<uint8_t>(std::clamp<int64_t>(std::llrint(y) + params.offset, params.low, params.high));
  }
  /// The first difference between `out` and what it should be; empty if there is none.
  std::string check(const uint8_t *out) const {
    for (int m = 0; m < params.rows; ++m)
      for (int n = 0; n < params.stored; ++n)
        if (out[m * params.rowStride + n] != result(m, n))
          return "row " + std::to_string(m) + ", column " + std::to_string(n) + " is " +
                 std::to_string(out[m * params.rowStride + n]) + ", not " + std::to_string(result(m, n)) + ": " +
                 describe(params);
    return {};
  }

  const RequantizeParams params;
  std::vector<int32_t> sums, correction;
  std::vector<float> multiplier, bias;
};

/// All numbers of rows with dense and sparse results, and every constant that may be in the code or not.
std::vector<RequantizeParams> shapes() {
  std::vector<RequantizeParams> all;
  for (int rows = 1; rows <= 24; ++rows)
    for (const auto &[columns, stored] : {std::pair(8, 8), std::pair(16, 16), std::pair(16, 8)})
      for (const int64_t apart : {0, 5, 128}) {
        RequantizeParams p{.rows = rows, .columns = columns, .stored = stored, .rowStride = stored + apart};
        p.hasCorrection = (rows + apart) % 2;
        all.push_back(p);
        p.offset = rows % 2 ? 128 : -128, p.low = rows % 3 * 5, p.high = 255 - rows % 5;
        all.push_back(p);
      }
  all.push_back({.rows = requantizeMaxRows, .columns = 16, .stored = 16, .rowStride = 40});
  return all;
}

class RequantizeCode : public KernelFixture<RequantizeKernelInfo> {
protected:
  KernelCase caseFor(const RequantizeParams &params) const { return caseOf(kernel(), params, describe(params)); }
  std::vector<KernelCase> cases() const {
    std::vector<KernelCase> all;
    for (const RequantizeParams &params : shapes())
      all.push_back(caseFor(params));
    return all;
  }
};

class RequantizeRun : public KernelRunFixture<RequantizeKernelInfo> {
protected:
  /// One call; what lies around the result and between its rows must stay.
  void expectOracle(const RequantizeParams &params, Values values) {
    const Call call(params, values);
    const auto code = load(kernel(), params);
    ASSERT_TRUE(code);
    const std::vector<uint8_t> constants = call.constants();
    constexpr uint8_t canary = 0x5e;
    constexpr size_t margin = 64;
    std::vector<uint8_t> out(call.outBytes() + 2 * margin, canary);
    code->fn<RequantizeFn>()(call.sums.data(), constants.data(), out.data() + margin, 0);
    ASSERT_EQ("", call.check(out.data() + margin));
    for (size_t i = 0; i < out.size(); ++i) {
      const int64_t at = static_cast<int64_t>(i) - static_cast<int64_t>(margin);
      const bool isResult = at >= 0 && at < static_cast<int64_t>(call.outBytes()) &&
                            (params.rows == 1 || at % params.rowStride < params.stored);
      if (!isResult) {
        ASSERT_EQ(canary, out[i]) << "byte " << at << " is no result: " << describe(params);
      }
    }
  }

  KernelCall call(const RequantizeParams &params) const {
    const auto values = std::make_shared<Call>(params, Values::Random);
    return {.shape = describe(params),
            .code = generate(kernel(), params),
            .aBytes = values->readBytes(),
            .placeA = [values](uint8_t *to) { std::memcpy(to, values->sums.data(), values->readBytes()); },
            .b = values->constants(),
            .out = std::vector<uint8_t>(values->outBytes()),
            .differs = [values](const uint8_t *out) { return values->check(out); },
            .isRounded = true};
  }
};

// First of those that run: a spoilt register makes the caller, not the kernel, fail.
TEST_P(RequantizeRun, KeepsTheCallersState) {
  for (const RequantizeParams &params : shapes())
    ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(params)));
}

TEST_P(RequantizeRun, EveryShape) {
  for (const RequantizeParams &params : shapes())
    for (const Values values : {Values::Random, Values::Extreme, Values::Ties})
      ASSERT_NO_FATAL_FAILURE(expectOracle(params, values));
}

TEST_P(RequantizeRun, OffsetsAndBounds) {
  for (const auto &[offset, low, high] : std::vector<std::tuple<int, int, int>>{
           {0, 0, 255}, {128, 0, 255}, {-128, 0, 15}, {0, 128, 255}, {1024, 7, 7}, {-1024, 0, 0}, {3, 255, 255}})
    for (const Values values : {Values::Random, Values::Extreme, Values::Ties})
      ASSERT_NO_FATAL_FAILURE(expectOracle(
          {.rows = 7, .columns = 16, .stored = 16, .rowStride = 21, .offset = offset, .low = low, .high = high},
          values));
}

TEST_P(RequantizeRun, StaysInsideItsOperands) {
  for (const RequantizeParams &params : shapes())
    ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(params)));
}

TEST_P(RequantizeCode, BytesDoNotDependOnTheAddress) { expectSameBytesAtAnyAddress(cases()); }
TEST_P(RequantizeCode, GrowsItsBufferAndNeverTruncates) {
  expectWholeCodeOrNone(
      caseFor({.rows = 24, .columns = 16, .stored = 16, .rowStride = 64, .offset = 1, .low = 2, .high = 3}));
}
TEST_P(RequantizeCode, TwoThreadsAtOnce) { expectSameFromTwoThreads(cases()); }

TEST_P(RequantizeCode, RefusesImpossibleShapes) {
  const auto error = [&](const RequantizeParams &params) {
    std::string reason = refusalOf(caseFor(params));
    EXPECT_EQ(requantizeRefusal(params), reason);
    return reason;
  };
  EXPECT_EQ("rows must be 1..64, not 0", error({.rows = 0}));
  EXPECT_EQ("rows must be 1..64, not 65", error({.rows = 65}));
  EXPECT_EQ("columns must be 8..16, not 12 in steps of 8", error({.columns = 12}));
  EXPECT_EQ("columns must be 8..16, not 24 in steps of 8", error({.columns = 24}));
  EXPECT_EQ("stored columns must be 8..8, not 16 in steps of 8", error({.columns = 8, .stored = 16}));
  EXPECT_EQ("stored columns must be 8..16, not 4 in steps of 8", error({.columns = 16, .stored = 4}));
  EXPECT_EQ("the row stride must be 0..33554432, not -1", error({.rowStride = -1}));
  EXPECT_NE("", error({.rowStride = INT64_MAX}));
  EXPECT_EQ("the offset must be -1024..1024, not 1025", error({.offset = 1025}));
  EXPECT_EQ("the lower bound must be 0..255, not -1", error({.low = -1}));
  EXPECT_EQ("the upper bound must be 9..255, not 8", error({.low = 9, .high = 8}));
}

INSTANTIATE_TEST_SUITE_P(All, RequantizeCode, ::testing::ValuesIn(requantizeKernels()), kernelName);
INSTANTIATE_TEST_SUITE_P(All, RequantizeRun, ::testing::ValuesIn(requantizeKernels()), kernelName);

TEST(RequantizeRegistry, UniqueNamesAndFeatures) {
  expectRegistry(requantizeKernels(), findRequantizeKernel, "requantize_bytes");
}

TEST(RequantizeConstants, BlocksOfEight) {
  const std::vector<int32_t> correction(9, 7);
  const std::vector<float> multiplier(9, 2), bias(9, 3);
  const auto words = [](const std::vector<uint8_t> &bytes) {
    std::vector<int32_t> words(bytes.size() / 4);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
  };
  const int32_t two = 0x40000000, three = 0x40400000;
  const std::vector<int32_t> with = words(packRequantize(8, correction, multiplier, bias));
  ASSERT_EQ(48u, with.size());
  EXPECT_EQ(std::vector<int32_t>({7, 7, two, two, three, three, 7, 0, two, 0, three, 0}),
            std::vector<int32_t>({with[0], with[7], with[8], with[15], with[16], with[23], with[24], with[25], with[32],
                                  with[33], with[40], with[41]}));
  const std::vector<int32_t> without = words(packRequantize(8, {}, multiplier, bias));
  ASSERT_EQ(32u, without.size());
  EXPECT_EQ(std::vector<int32_t>({two, three, two, 0, three}),
            std::vector<int32_t>({without[0], without[8], without[16], without[17], without[24]}));
  EXPECT_EQ(96u, packRequantize(8, correction, multiplier, bias).size() / 2);
  EXPECT_EQ(192u, packRequantize(16, correction, multiplier, bias).size());
  EXPECT_EQ(12, requantizeColumnBytes(true));
  EXPECT_EQ(8, requantizeColumnBytes(false));
}

} // namespace
