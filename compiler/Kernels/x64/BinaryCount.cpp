// Binary and ternary products for AVX-512 VPOPCNTDQ. The walk over taps, steps and rows is that of the dot kernels, for
// which 32 bits are the four bytes of a group.
//
// Binary: the bits in which 32 values of a row and of a column differ, counted in the column's lane. A sum is
// K - 2 * count. Three operations on a vector of 16 columns make 512 products; on Zen 4, whose units have 256 bits, in
// 1.5 cycles.
//
// Ternary: two bits of each of 16 values become such that as many are set as the product is, plus 1. A sum is
// count - K. Of a the two bits are first made to say +1 and -1, which takes two operations for all columns; then the
// weight + 1 inverts the bit of -1, and - 1 that of + 1, while 0 masks both and sets one. That is vpternlogd with two
// words of weights (ternaryWords()). Two blocks of columns share what is made of a.
#include "compiler/Kernels/x64/BinaryLookup.h"
#include "compiler/Kernels/x64/DotEmitter.h"

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

/// What both have in common: K, and counts in registers.
class CountEmitter : public DotEmitter {
public:
  static constexpr int bytes = 64; ///< Of a vector.
  static constexpr int halves = lookupColumns * dotGroup / bytes;

protected:
  CountEmitter(int64_t valuesOfStep, int planes, const DotParams &params, std::span<uint8_t> buffer)
      : DotEmitter(params, {8, countMaxBlocks, halves, bytes, planes}, buffer), valuesOfStep(valuesOfStep),
        products(takeScalar()) {}

  void begin() override;
  void end() override;
  /// count = the sum, where `k` holds K.
  virtual void finishCount(const Ymm &count, const Ymm &k) = 0;
  /// Adds the bits of `ones`, which is lost.
  void addCount(const Ymm &ones, const Ymm &sum) {
    vpopcntd(ones, ones);
    vpaddd(sum, sum, ones);
  }

private:
  const int64_t valuesOfStep;
  const Xbyak::Reg64 products; ///< K

protected:
  const Ymm x = vectors.take();
};

class BinaryCount final : public CountEmitter {
public:
  BinaryCount(const LookupParams &lookup, const DotParams &params, std::span<uint8_t> buffer)
      : CountEmitter(lookup.taps * lookup.channels, 1, params, buffer) {}

private:
  void unit(int index, const Unit &unit) override;
  void finishCount(const Ymm &count, const Ymm &k) override {
    vpaddd(count, count, count);
    vpsubd(count, k, count);
  }

  const Ymm w0 = vectors.take(), w1 = vectors.take(), y0 = vectors.take(), y1 = vectors.take();
};

class TernaryCount final : public CountEmitter {
public:
  /// What fills the last word of a tap counts as a product of 0.
  TernaryCount(const LookupParams &lookup, const DotParams &params, std::span<uint8_t> buffer)
      : CountEmitter(lookup.taps * ((lookup.channels + perWord - 1) / perWord * perWord), 2, params, buffer) {
    while (params.rows > 1 && static_cast<int>(flips.size()) < params.tiles * halves)
      if (std::optional<Ymm> reg = vectors.takeIfSpare(0))
        flips.push_back(*reg);
      else
        break;
  }

private:
  static constexpr int perWord = 16;

  void begin() override;
  void unit(int index, const Unit &unit) override;
  void finishCount(const Ymm &count, const Ymm &k) override { vpsubd(count, count, k); }

  const Ymm low = vectors.take(), y = vectors.take(); ///< low: 01 in each two bits
  std::vector<Ymm> flips; ///< Of the first vectors of columns: those that rows share in registers.
};

void CountEmitter::begin() {
  xor_(count, count);
  mov(products, outer);
  test(outer, outer);
  cmovle(products, count);
  imul(products, products, static_cast<int>(valuesOfStep));
  zeroSums();
}

void BinaryCount::unit(int index, const Unit &unit) {
  if (params.rows == 1) { // nothing shares the weights
    broadcast(x, x, 0, index, unit.lastBytes);
    for (int tile = 0; tile < params.tiles; ++tile)
      for (int half : {0, 1}) {
        const Ymm &y = half ? y1 : y0;
        vpxord(y, x, bAt(tile, index, half));
        addCount(y, sum(tile, 0, half));
      }
    return;
  }
  for (int tile = 0; tile < params.tiles; ++tile) {
    load(w0, bAt(tile, index, 0));
    load(w1, bAt(tile, index, 1));
    for (int row = 0; row < params.rows; ++row) {
      broadcast(x, x, row, index, unit.lastBytes);
      vpxord(y0, x, w0);
      vpxord(y1, x, w1);
      addCount(y0, sum(tile, row, 0));
      addCount(y1, sum(tile, row, 1));
    }
  }
}

void TernaryCount::begin() {
  CountEmitter::begin();
  mov(count.cvt32(), 0x55555555);
  vpbroadcastd(low, count.cvt32());
}

void TernaryCount::unit(int index, const Unit &unit) {
  constexpr uint8_t firstXorBoth = 0x78, maskThenFlip = 0x6a; // x ^ (y & z); (x & y) ^ z
  const auto mask = [&](int i) { return bAt(i / halves, index, i % halves); };
  const auto flip = [&](int i) { return bAt(i / halves, index, halves + i % halves); };
  for (size_t i = 0; i < flips.size(); ++i)
    load(flips[i], flip(static_cast<int>(i)));
  for (int row = 0; row < params.rows; ++row) {
    broadcast(x, x, row, index, unit.lastBytes);
    // 00, 01 and 11 become 00, 01 and 10. The code of -2 becomes 11, whose product is 0, too.
    vpsrld(y, x, 1);
    vpternlogd(x, y, low, firstXorBoth);
    for (int i = 0; i < params.tiles * halves; ++i) {
      load(y, mask(i)); // a load is free where a move between registers is an operation
      if (i < static_cast<int>(flips.size()))
        vpternlogd(y, x, flips[i], maskThenFlip);
      else
        vpternlogd(y, x, flip(i), maskThenFlip);
      addCount(y, sum(i / halves, row, i % halves));
    }
  }
}

void CountEmitter::end() {
  vpbroadcastd(x, products.cvt32());
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int row = 0; row < params.rows; ++row)
      for (int half : {0, 1}) {
        const Ymm &count = sum(tile, row, half);
        finishCount(count, x);
        store(ptr[acc + ((row * params.tiles + tile) * 2 + half) * bytes], count);
      }
}

} // namespace

Emitted emitCount(const LookupKernelInfo &kernel, const LookupParams &lookup, std::span<uint8_t> buffer) {
  if (std::string error = lookupRefusal(kernel, lookup); !error.empty())
    return {0, false, std::move(error)};
  const int64_t run = tapBytes(kernel.elements, lookup.channels);
  DotParams params{.rows = static_cast<int>(lookup.rows),
                   .aRowStride = lookup.aRowStride,
                   .aOuterStride = lookup.aOuterStride,
                   .run = run,
                   .bOuterStride = lookup.bOuterStride,
                   .tiles = lookup.columns / lookupColumns,
                   .bTileStride = lookup.bColumnStride,
                   .taps = lookup.taps,
                   .aTapStride = lookup.aTapStride};
  // Taps that touch in both operands are one run.
  if (params.taps > 1 && run == lookup.aTapStride && run % dotGroup == 0)
    params.run *= params.taps, params.taps = 1;
  if (buffer.empty())
    return {0, true, {}};
  return kernel.elements == LookupElements::Ternary ? TernaryCount(lookup, params, buffer).emit()
                                                    : BinaryCount(lookup, params, buffer).emit();
}

} // namespace nibble::kernels::x64
