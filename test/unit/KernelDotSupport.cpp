// What the tests of dot kernels share.
#include "test/unit/KernelDotSupport.h"

#include <cstring>
#include <random>

namespace nibble::kernels::test {

/// The largest sum of positive or of negative parts that a lane of 16 bits gathers, activations being 1.
int64_t Operands::worstWindow() const {
  int64_t worst = 1;
  const int64_t most = params.widenEvery ? params.widenEvery : groups();
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int n = 0; n < kernel.columns; ++n)
      for (const int pair : {0, 2})
        for (const int sign : {1, -1}) {
          int64_t total = 0;
          for (int64_t o = 0; o < outer; ++o) {
            std::vector<int64_t> upTo{0};
            for (int64_t g = 0; g < groups(); ++g) {
              int64_t sum = upTo.back();
              for (int64_t k = g * dotGroup + pair; k < std::min(params.run, g * dotGroup + pair + 2); ++k)
                sum += std::max(0, sign * weight(tile, o, k, n));
              upTo.push_back(sum);
            }
            for (size_t end = 1; end < upTo.size(); ++end)
              worst = std::max(worst, upTo[end] - upTo[end - std::min<int64_t>(end, most)]);
            total += upTo.back();
          }
          if (!params.widenEvery)
            worst = std::max(worst, total);
        }
  return worst;
}

void Operands::fill(Values values, uint32_t seed) {
  std::mt19937 random(seed);
  const auto between = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  const bool extreme = values == Values::Extreme, inWindows = kernel.accumulation == Accumulation::Windows16;
  int low = kernel.weightBits == 1 ? -1 : -(1 << (kernel.weightBits - 1)), high = std::max(1, -low - 1);
  if (inWindows && kernel.weightBits > 1) {
    const int64_t lanes = 2 * (params.widenEvery ? std::min(params.widenEvery, groups()) : groups() * outer);
    const auto bound =
        static_cast<int>(std::max<int64_t>(1, 32767 / std::max<int64_t>(1, lanes) / (extreme ? 1 : 255)));
    low = std::max(low, -bound);
    high = std::min(high, bound);
  }

  w.resize(params.tiles * outer * params.run * kernel.columns);
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int64_t o = 0; o < outer; ++o)
      for (int n = 0; n < kernel.columns; ++n)
        for (int64_t k = 0; k < params.run; ++k) {
          int8_t &value = weight(tile, o, k, n);
          // Whole columns of one sign make the largest sums.
          const int sign = n % 3 == 0 ? 1 : n % 3 == 1 ? -1 : between(0, 1) ? 1 : -1;
          if (kernel.weightBits == 1) {
            value = static_cast<int8_t>(extreme ? sign : 2 * between(0, 1) - 1);
            continue;
          }
          value = static_cast<int8_t>(extreme ? (sign > 0 ? high : low) : between(low, high));
          if (kernel.accumulation != Accumulation::Pairs32)
            continue;
          if (extreme) // An even and an odd one with |w0| + |w1| = 128, split at random.
            value = static_cast<int8_t>(k % 2 == 0 ? sign * between(1, 127) : 0);
          if (k % 2 == 0)
            continue;
          const int8_t before = weight(tile, o, k - 1, n);
          const int least = before < 0 ? -128 - before : -128, most = before > 0 ? std::min(127, 128 - before) : 127;
          value = static_cast<int8_t>(extreme ? (before > 0 ? most : least) : between(least, most));
        }

  activationMax = inWindows ? std::min<int64_t>(255, 32767 / worstWindow()) : 255;
  a.resize(params.rows * outer * params.run);
  const auto max = static_cast<int>(activationMax);
  for (uint8_t &value : a)
    value = static_cast<uint8_t>(extreme ? max * (between(0, 7) != 0) : between(0, max));
}

std::vector<int8_t> Operands::packB() const {
  const int bits = kernel.weightBits, lanes = kernel.columns * dotGroup;
  const int64_t unit = kernel.unitGroups(), units = (groups() + unit - 1) / unit;
  const int64_t between = params.tiles > 1 ? params.bTileStride : 0;
  std::vector<int8_t> packed((params.tiles - 1) * between + (outer ? (outer - 1) * stepStride() : 0) +
                             (outer ? stepBytes(kernel, params.run) : 0));
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t e = 0; e < units * unit * kernel.columns * dotGroup; ++e) {
        const int64_t g = e / (kernel.columns * dotGroup), k = g * dotGroup + e % dotGroup;
        const int n = static_cast<int>(e / dotGroup % kernel.columns);
        const int value = k < params.run ? weight(tile, o, k, n) : bits == 1 ? -1 : 0;
        const int field = bits == 1 ? value < 0 : bits == 8 ? value & 0xff : value + (1 << (bits - 1));
        const int64_t byte = tile * between + o * stepStride() + g / unit * lanes + e % lanes;
        packed[byte] = static_cast<int8_t>(packed[byte] | field << (g % unit * bits));
      }
  return packed;
}

void Operands::placeA(uint8_t *to) const {
  if (params.run == 0)
    return;
  for (int row = 0; row < params.rows; ++row)
    for (int64_t o = 0; o < outer; ++o)
      std::memcpy(to + row * params.aRowStride + o * params.aOuterStride, &a[(row * outer + o) * params.run],
                  params.run);
}

size_t Operands::aExtent() const {
  return outer == 0 ? 0 : (params.rows - 1) * params.aRowStride + (outer - 1) * params.aOuterStride + params.run;
}

std::vector<int32_t> Operands::oracle() const {
  std::vector<int32_t> acc(accWords());
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int m = 0; m < params.rows; ++m) {
      std::vector<uint32_t> sums(kernel.columns); // wrap, as the contract says
      const uint8_t *row = a.data() + m * outer * params.run;
      const int8_t *weights = w.data() + tile * outer * params.run * kernel.columns;
      for (int64_t i = 0; i < outer * params.run; ++i)
        for (int n = 0; n < kernel.columns; ++n)
          sums[n] += static_cast<uint32_t>(row[i] * weights[i * kernel.columns + n]);
      for (int n = 0; n < kernel.columns; ++n)
        acc[(tile * params.rows + m) * kernel.columns + n] = static_cast<int32_t>(sums[n]);
    }
  return acc;
}

std::vector<int64_t> windowsOf(const KernelInfo &kernel) {
  if (kernel.accumulation != Accumulation::Windows16)
    return {0};
  const int64_t unit = kernel.unitGroups();
  return {0, unit, 3 * unit + 1, 40, INT64_MAX};
}

std::vector<DotParams> shapes(const KernelInfo &kernel) {
  std::vector<DotParams> all;
  const int64_t unit = dotGroup * kernel.unitGroups();
  for (const int64_t widenEvery : windowsOf(kernel))
    for (const int64_t run :
         {int64_t(1), int64_t(2), int64_t(3), int64_t(4), int64_t(7), int64_t(16), int64_t(27), int64_t(32),
          int64_t(33), int64_t(50), int64_t(63), int64_t(128), unit * 13, int64_t(513)}) {
      DotParams params{kernel.maxRows, run + 3, kernel.maxRows * (run + 3) + 2, run};
      params.widenEvery = widenEvery;
      params.bTileStride = 3 * stepBytes(kernel, run);
      for (params.rows = 1; params.rows <= kernel.maxRows; ++params.rows)
        all.push_back(params);
      for (params.rows = 1; params.rows <= 3; ++params.rows)
        for (params.tiles = 2; params.tiles <= kernel.maxRows / params.rows; params.tiles *= 2)
          all.push_back(params);
    }
  return all;
}

std::string describe(const DotParams &params, int64_t outer) {
  return "rows " + std::to_string(params.rows) + ", tiles " + std::to_string(params.tiles) + ", run " +
         std::to_string(params.run) + ", outer " + std::to_string(outer) + ", strides " +
         std::to_string(params.aRowStride) + " and " + std::to_string(params.aOuterStride) + ", widened every " +
         std::to_string(params.widenEvery);
}

} // namespace nibble::kernels::test
