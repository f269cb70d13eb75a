// Dot kernels with group scales (rule R7.5) against a C++ oracle, between forbidden pages.
#include "test/unit/KernelContract.h"
#include "test/unit/KernelDotSupport.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = Operands::Values;

namespace {

/// Scales and corrections of every tile, outer step and column.
struct Scales {
  Scales(const Operands &operands, uint32_t seed) {
    std::mt19937 random(seed);
    const size_t count = operands.params.tiles * operands.outer * operands.kernel.columns;
    for (size_t i = 0; i < count; ++i) {
      factors.push_back(std::ldexp(static_cast<float>(random() % 0xffffff + 1), -24 - static_cast<int>(random() % 9)));
      corrections.push_back(static_cast<int32_t>(random() % 200001) - 100000);
    }
  }
  std::vector<float> factors;
  std::vector<int32_t> corrections;
};

/// packB leaves room behind the fields of each step.
std::vector<int8_t> packWithScales(const Operands &operands, const Scales &scales) {
  std::vector<int8_t> b = operands.packB();
  const DotParams &params = operands.params;
  const int64_t columns = operands.kernel.columns, fields = stepBytes(operands.kernel, params.run);
  const int64_t needed = (params.tiles - 1) * params.bTileStride + operands.outer * params.bOuterStride;
  b.resize(std::max<size_t>(b.size(), needed));
  for (int64_t tile = 0; tile < params.tiles; ++tile)
    for (int64_t o = 0; o < operands.outer; ++o) {
      int8_t *at = b.data() + tile * params.bTileStride + o * params.bOuterStride + fields;
      const int64_t first = (tile * operands.outer + o) * columns;
      std::memcpy(at, &scales.factors[first], columns * 4);
      std::memcpy(at + columns * 4, &scales.corrections[first], columns * 4);
    }
  b.resize(needed);
  return b;
}

/// acc as R7.5 says, from `start`.
std::vector<float> oracle(const Operands &operands, const Scales &scales, float start) {
  const DotParams &params = operands.params;
  std::vector<float> acc;
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int row = 0; row < params.rows; ++row)
      for (int n = 0; n < operands.kernel.columns; ++n) {
        float v = start;
        for (int64_t o = 0; o < operands.outer; ++o) {
          const size_t at = (tile * operands.outer + o) * operands.kernel.columns + n;
          int64_t sum = scales.corrections[at];
          for (int64_t k = 0; k < params.run; ++k)
            sum += int64_t(operands.a[(row * operands.outer + o) * params.run + k]) * operands.weight(tile, o, k, n);
          v = std::fma(static_cast<float>(sum), scales.factors[at], v);
        }
        acc.push_back(v);
      }
  return acc;
}

/// acc begins with `start` everywhere. Bits are compared.
KernelCall call(const KernelInfo &kernel, const DotParams &params, int64_t outer, Values values) {
  const auto operands = std::make_shared<Operands>(kernel, params, outer);
  operands->fill(values, static_cast<uint32_t>(params.run * 10 + outer));
  const Scales scales(*operands, static_cast<uint32_t>(params.rows));
  const std::vector<int8_t> b = packWithScales(*operands, scales);
  constexpr float start = 0.375f;
  const std::vector<float> acc(operands->accWords() * 2, start);
  std::vector<uint8_t> out(acc.size() * sizeof(float));
  std::memcpy(out.data(), acc.data(), out.size());
  std::vector<int32_t> want;
  for (const float value : oracle(*operands, scales, params.addsToAcc ? start : 0.0f))
    want.push_back(std::bit_cast<int32_t>(value));
  return {.shape = describe(params, outer) + (params.addsToAcc ? ", added to acc" : "") +
                   (values == Values::Extreme ? ", extreme values" : ""),
          .code = generate(kernel, params),
          .aBytes = operands->aExtent(),
          .placeA = [operands](uint8_t *to) { operands->placeA(to); },
          .b = {b.begin(), b.end()},
          .out = std::move(out),
          .differs = differsFrom(std::move(want)),
          .outer = outer,
          .isRounded = true};
}

class KernelScaled : public KernelRunTest {
protected:
  DotParams paramsFor(int rows, int tiles, int64_t run, int64_t outer) const {
    DotParams params{rows, run * outer, run, run};
    params.scaled = true;
    params.bOuterStride = scaledStepBytes(kernel(), run);
    params.tiles = tiles;
    params.bTileStride = outer * params.bOuterStride;
    return params;
  }
};

TEST_P(KernelScaled, AgreesWithOracle) {
  if (!kernel().scalesGroups()) {
    const MachineCode code = generate(kernel(), paramsFor(1, 1, 16, 1));
    EXPECT_TRUE(code.error.ends_with("the kernel has no group scales")) << code.error;
    return;
  }
  const int most = kernel().maxRows;
  for (const auto &[rows, tiles] : std::initializer_list<std::pair<int, int>>{
           {1, 1}, {1, 2}, {1, std::min(most, 8)}, {2, 1}, {most / 2, 2}, {most - 1, 1}, {most, 1}})
    for (const int64_t run : {16, 32, 48, 128, 256})
      for (const int64_t widenEvery : windowsOf(kernel()))
        for (const int64_t outer : {0, 1, 3})
          for (const bool adds : {false, true}) {
            DotParams params = paramsFor(rows, tiles, run, outer);
            params.widenEvery = widenEvery;
            params.addsToAcc = adds;
            for (const Values values : {Values::Random, Values::Extreme})
              ASSERT_NO_FATAL_FAILURE(expectInsideOperands(call(kernel(), params, outer, values)));
          }
}

TEST_P(KernelScaled, KeepsTheCallersState) {
  if (!kernel().scalesGroups())
    GTEST_SKIP() << "the kernel has no group scales";
  for (const int rows : {1, 2, kernel().maxRows})
    for (const int64_t run : {16, 48, 256})
      for (const int64_t widenEvery : windowsOf(kernel())) {
        DotParams params = paramsFor(rows, kernel().maxRows / rows, run, 3);
        params.widenEvery = widenEvery;
        ASSERT_NO_FATAL_FAILURE(expectCallersStateKept(call(kernel(), params, 3, Values::Random)));
      }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelScaled, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
