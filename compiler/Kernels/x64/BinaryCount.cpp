// Binary products for AVX-512 VPOPCNTDQ: the bits in which 32 values of a row and of a column differ, counted in the
// column's lane. A sum is K - 2 * count.
//
// Three operations on a vector of 16 columns make 512 products; on Zen 4, whose units have 256 bits, in 1.5 cycles. The
// walk over taps, steps and rows is that of the dot kernels, for which 32 bits are the four bytes of a group.
#include "compiler/Kernels/x64/BinaryLookup.h"
#include "compiler/Kernels/x64/DotEmitter.h"

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

class CountEmitter final : public DotEmitter {
public:
  static constexpr int bytes = 64; ///< Of a vector.
  static constexpr DotShape kernelShape{8, countMaxBlocks, lookupColumns * dotGroup / bytes, bytes};

  CountEmitter(const LookupParams &lookup, const DotParams &params, std::span<uint8_t> buffer)
      : DotEmitter(params, kernelShape, buffer), valuesOfStep(lookup.taps * lookup.channels), products(takeScalar()) {}

private:
  void begin() override;
  void unit(int index, const Unit &unit) override;
  void end() override;
  /// Adds the bits of `differ`, which is lost.
  void addCount(const Ymm &differ, const Ymm &sum) {
    vpopcntd(differ, differ);
    vpaddd(sum, sum, differ);
  }

  const int64_t valuesOfStep;
  const Xbyak::Reg64 products; ///< K
  const Ymm x = vectors.take(), w0 = vectors.take(), w1 = vectors.take(), y0 = vectors.take(), y1 = vectors.take();
};

void CountEmitter::begin() {
  xor_(count, count);
  mov(products, outer);
  test(outer, outer);
  cmovle(products, count);
  imul(products, products, static_cast<int>(valuesOfStep));
  zeroSums();
}

void CountEmitter::unit(int index, const Unit &unit) {
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

void CountEmitter::end() {
  vpbroadcastd(x, products.cvt32());
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int row = 0; row < params.rows; ++row)
      for (int half : {0, 1}) {
        const Ymm &count = sum(tile, row, half);
        vpaddd(count, count, count);
        vpsubd(count, x, count);
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
  return CountEmitter(lookup, params, buffer).emit();
}

} // namespace nibble::kernels::x64
