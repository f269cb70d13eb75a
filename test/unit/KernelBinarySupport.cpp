// What the tests of look-up kernels share.
#include "test/unit/KernelBinarySupport.h"

#include "compiler/Layout/Layout.h"

#include <random>

namespace nibble::kernels::test {

LookupOperands::LookupOperands(const LookupKernelInfo &kernel, const LookupParams &params, int64_t outer, Values values)
    : params(params), kernel(kernel), outer(outer), perRow(outer * params.taps * params.channels),
      a(params.rows * perRow), w(params.columns * perRow) {
  std::mt19937 random(static_cast<uint32_t>(params.rows * 7 + params.channels * 31 + outer));
  struct Range {
    int min, max, step;
  };
  const auto draw = [&](std::vector<int8_t> &to, const Range &range, int64_t period) {
    for (size_t i = 0; i < to.size(); ++i) {
      const int count = (range.max - range.min) / range.step + 1;
      const int extreme = i / perRow % period == 1 ? range.min : range.max;
      to[i] = static_cast<int8_t>(
          values == Values::Extreme ? extreme : range.min + static_cast<int>(random() % count) * range.step);
    }
  };
  const bool binary = kernel.elements == LookupElements::Binary, twoBits = kernel.elements == LookupElements::TwoBits;
  draw(a, twoBits ? Range{0, 3, 1} : Range{-1, 1, binary ? 2 : 1}, 2);
  draw(w, twoBits ? Range{-2, 1, 1} : Range{-1, 1, binary ? 2 : 1}, 3);
}

void LookupOperands::placeA(uint8_t *to) const {
  const int bits = lookupBits(kernel.elements), perByte = 8 / bits;
  const int8_t *value = a.data();
  for (int64_t m = 0; m < params.rows; ++m)
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t t = 0; t < params.taps; ++t) {
        uint8_t *at = to + m * params.aRowStride + o * params.aOuterStride + t * params.aTapStride;
        std::fill_n(at, tapBytes(kernel.elements, params.channels), uint8_t(0));
        for (int64_t c = 0; c < params.channels; ++c, ++value) {
          const int field = bits == 1 ? *value < 0 : *value & 3;
          at[c / perByte] |= static_cast<uint8_t>(field << (c % perByte * bits));
        }
      }
}

size_t LookupOperands::aExtent() const {
  if (outer == 0)
    return 0;
  return static_cast<size_t>((params.rows - 1) * params.aRowStride + (outer - 1) * params.aOuterStride +
                             (params.taps - 1) * params.aTapStride + tapBytes(kernel.elements, params.channels));
}

std::vector<uint8_t> LookupOperands::packB() const {
  if (outer == 0)
    return {};
  const auto layout = kernel.counts()
                          ? layout::countTile(4, lookupBits(kernel.elements))
                          : layout::lookupTile(4, lookupBits(kernel.elements), kernel.weights == LookupWeights::Packed);
  const int64_t shape[] = {params.columns, outer, params.taps, params.channels};
  const std::vector<int64_t> values(w.begin(), w.end());
  auto packed = layout::pack(layout, values, shape);
  if (!packed) {
    ADD_FAILURE() << packed.error();
    return {};
  }
  return kernel.counts() && kernel.elements == LookupElements::Ternary ? ternaryWords(*packed) : *packed;
}

std::vector<int32_t> LookupOperands::oracle() const {
  std::vector<int32_t> acc;
  for (int64_t m = 0; m < params.rows; ++m)
    for (int64_t n = 0; n < params.columns; ++n) {
      int32_t sum = 0;
      for (int64_t k = 0; k < perRow; ++k)
        sum += a[m * perRow + k] * w[n * perRow + k];
      acc.push_back(sum);
    }
  return acc;
}

std::string describe(const LookupParams &params, int64_t outer) {
  return "rows " + std::to_string(params.rows) + ", columns " + std::to_string(params.columns) + ", outer " +
         std::to_string(outer) + " of " + std::to_string(params.maxOuter) + ", taps " + std::to_string(params.taps) +
         ", channels " + std::to_string(params.channels) + ", strides " + std::to_string(params.aRowStride) + " " +
         std::to_string(params.aOuterStride) + " " + std::to_string(params.aTapStride);
}

LookupParams contiguousB(const LookupKernelInfo &kernel, LookupParams params, int64_t outer) {
  params.bOuterStride =
      params.taps * lookupBlockBytes(kernel.elements, kernel.weights, tapBytes(kernel.elements, params.channels));
  params.bColumnStride = outer * params.bOuterStride;
  return params;
}

LookupParams contiguous(const LookupKernelInfo &kernel, LookupParams params, int64_t outer) {
  params.aTapStride = tapBytes(kernel.elements, params.channels);
  params.aOuterStride = params.taps * params.aTapStride;
  params.aRowStride = params.maxOuter * params.aOuterStride;
  return contiguousB(kernel, params, outer);
}

} // namespace nibble::kernels::test
