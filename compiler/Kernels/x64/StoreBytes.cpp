// How kernels make bytes of the sums in their registers (ByteResult; Requantize.h).
#include "compiler/Kernels/Requantize.h"
#include "compiler/Kernels/x64/Emitter.h"

#include <algorithm>

namespace nibble::kernels::x64 {

using Xbyak::Ymm;

// Vectors that are packed together.
static constexpr int together = 4;

void Emitter::storeBytes(const ByteStore &store, const Bytes &bytes) {
  const bool isWide = store.vectorBytes > 32;
  const ByteResult &to = store.to;
  // Whatever the products needed beside the sums is free now. Zmm is a Ymm that knows its width.
  std::vector<Ymm> spare;
  for (int i = 0; spare.size() < 2; ++i)
    if (std::ranges::none_of(store.sums, [&](const Ymm &sum) { return sum.getIdx() == i; }))
      spare.push_back(isWide ? Ymm(Xbyak::Zmm(i)) : Ymm(i));
  const Ymm &multiplier = spare[0], &bias = spare[1], &order = multiplier;

  const int inTile = store.rows * store.vectors, kindBytes = store.vectors * store.vectorBytes;
  for (int tile = 0; tile < store.tiles; ++tile) {
    const std::span<const Ymm> sums = store.sums.subspan(static_cast<size_t>(tile) * inTile, inTile);
    const int64_t firstConstant = tile * to.tileStride * requantizeColumnBytes(to.hasCorrection);
    // Corrections, multipliers and biases, each for all columns of the tile.
    const auto constantAt = [&](int kind, int vector) {
      return ptr[store.constants + static_cast<int>(firstConstant + kind * kindBytes + vector * store.vectorBytes)];
    };
    const int multipliers = to.hasCorrection ? 1 : 0;
    for (int vector = 0; vector < store.vectors; ++vector) {
      vmovups(multiplier, constantAt(multipliers, vector));
      vmovups(bias, constantAt(multipliers + 1, vector));
      for (int row = 0; row < store.rows; ++row) {
        const Ymm &value = sums[row * store.vectors + vector];
        if (to.hasCorrection)
          vpaddd(value, value, constantAt(0, vector));
        vcvtdq2ps(value, value);
        vfmadd213ps(value, multiplier, bias);
        vcvtps2dq(value, value);
      }
    }
    vmovups(order, ptr[rip + bytes.order]);
    for (int first = 0; first < inTile; first += together) {
      const int count = std::min(together, inTile - first);
      packBytes(sums.subspan(first, count), order, bytes);
      storeParts(store, sums[first], bias, tile, first, count);
    }
  }
}

/// The parts of `packed`, vectors first..first + count - 1 of a tile, go to their rows.
void Emitter::storeParts(const ByteStore &store, const Ymm &packed, const Ymm &scratch, int tile, int first,
                         int count) {
  const int columns = store.vectorBytes / static_cast<int>(sizeof(int32_t));
  const auto place = [&](int part) {
    const int row = (first + part) / store.vectors, vector = (first + part) % store.vectors;
    return ptr[store.out + static_cast<int>(tile * store.to.tileStride + row * store.to.rowStride + vector * columns)];
  };
  const Xbyak::Xmm low(packed.getIdx()), high(scratch.getIdx());
  if (store.vectorBytes > 32) { // registers beyond 15 need AVX-512 VL for all but the extraction
    for (int part = 0; part < count; ++part)
      vextracti32x4(place(part), Xbyak::Zmm(packed.getIdx()), part);
    return;
  }
  if (store.vectors == 2) { // a row is two parts
    vmovdqu(place(0), low);
    if (count > 2)
      vextracti128(place(2), packed, 1);
    return;
  }
  if (count > 2)
    vextracti128(high, packed, 1);
  for (int part = 0; part < count; ++part) {
    const Xbyak::Xmm &half = part < 2 ? low : high;
    part % 2 ? vmovhps(place(part), half) : vmovq(place(part), half);
  }
}

} // namespace nibble::kernels::x64
