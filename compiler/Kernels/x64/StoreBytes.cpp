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

  const int partBytes = store.vectorBytes / static_cast<int>(sizeof(int32_t));
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
      const auto place = [&](int row, int part) {
        return store.out + static_cast<int>(tile * to.tileStride + row * to.rowStride + part * partBytes);
      };
      if (!isWide) {
        storeParts(sums[first], bias, first, count, store.vectors, place);
        continue;
      }
      // Registers beyond 15 need AVX-512 VL for all but the extraction.
      for (int i = 0; i < count; ++i)
        vextracti32x4(ptr[place((first + i) / store.vectors, (first + i) % store.vectors)],
                      Xbyak::Zmm(sums[first].getIdx()), i);
    }
  }
}

} // namespace nibble::kernels::x64
