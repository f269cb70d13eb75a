// Dot kernels with group scales (rule R7.5) against a C++ oracle, between guard pages.
#include "test/unit/KernelTestSupport.h"

#include <bit>
#include <cmath>
#include <cstring>

using namespace nibble::kernels;
using namespace nibble::kernels::test;
using Values = Operands::Values;
using Against = GuardedMemory::Against;

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

std::vector<uint32_t> bitsOf(std::span<const float> values) {
  std::vector<uint32_t> bits;
  for (float v : values)
    bits.push_back(std::bit_cast<uint32_t>(v));
  return bits;
}

void expectOracle(const KernelInfo &kernel, const LoadedKernel &code, const DotParams &params, int64_t outer,
                  Values values) {
  SCOPED_TRACE(describe(params, outer));
  Operands operands(kernel, params, outer);
  operands.fill(values, static_cast<uint32_t>(params.run * 10 + outer));
  const Scales scales(operands, static_cast<uint32_t>(params.rows));
  const std::vector<int8_t> packed = packWithScales(operands, scales);
  for (const Against side : {Against::LowerGuard, Against::UpperGuard}) {
    GuardedMemory a(operands.aExtent(), side), b(packed.size(), side), acc(operands.accWords() * 8, side);
    operands.placeA(a.data());
    std::copy(packed.begin(), packed.end(), b.data());
    auto *sums = reinterpret_cast<float *>(acc.data());
    constexpr float start = 0.375f;
    std::fill_n(sums, operands.accWords() * 2, start);
    EXPECT_EQ(callGuarded(code.fn(), a.data(), reinterpret_cast<const int8_t *>(b.data()),
                          reinterpret_cast<int32_t *>(sums), outer),
              "");
    ASSERT_EQ(bitsOf({sums, operands.accWords()}), bitsOf(oracle(operands, scales, params.addsToAcc ? start : 0.0f)));
  }
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
            const auto code = load(kernel(), params);
            ASSERT_TRUE(code);
            for (const Values values : {Values::Random, Values::Extreme})
              ASSERT_NO_FATAL_FAILURE(expectOracle(kernel(), *code, params, outer, values));
          }
}

INSTANTIATE_TEST_SUITE_P(Manifest, KernelScaled, ::testing::ValuesIn(testedKernels()), kernelName);

} // namespace
