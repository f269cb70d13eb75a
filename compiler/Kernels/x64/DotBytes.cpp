// How dot kernels make bytes of the sums in their registers (DotParams::bytes; Requantize.h).
#include "compiler/Kernels/Requantize.h"
#include "compiler/Kernels/x64/DotEmitter.h"

#include <algorithm>

namespace nibble::kernels::x64 {

using Xbyak::Ymm;

void DotEmitter::storeBytes() {
  const ByteResult &to = *params.bytes;
  const Xbyak::Reg64 constants = arg3;
  // Whatever the products needed beside the sums is free now. Zmm is a Ymm that knows its width.
  std::vector<Ymm> spare;
  for (int i = 0; spare.size() < 2; ++i)
    if (std::ranges::none_of(sums, [&](const Ymm &sum) { return sum.getIdx() == i; }))
      spare.push_back(isWide() ? Ymm(Xbyak::Zmm(i)) : Ymm(i));
  const Ymm &multiplier = spare[0], &bias = spare[1], &order = multiplier;

  for (int tile = 0; tile < params.tiles; ++tile) {
    const int64_t firstConstant = tile * to.tileStride * requantizeColumnBytes(to.hasCorrection);
    // A kind of constants after the other, each as long as a unit of b: 4 bytes for each column.
    const auto constantAt = [&](int kind, int vector) {
      return ptr[constants + static_cast<int>(firstConstant + kind * unitBytes + vector * shape.vectorBytes)];
    };
    const int multipliers = to.hasCorrection ? 1 : 0;
    for (int vector = 0; vector < shape.vectors; ++vector) {
      load(multiplier, constantAt(multipliers, vector));
      load(bias, constantAt(multipliers + 1, vector));
      for (int row = 0; row < params.rows; ++row) {
        const Ymm &value = sum(tile, row, vector);
        if (to.hasCorrection)
          vpaddd(value, value, constantAt(0, vector));
        vcvtdq2ps(value, value);
        vfmadd213ps(value, multiplier, bias);
        vcvtps2dq(value, value);
      }
    }
    load(order, ptr[rip + result.order]);
    const int all = params.rows * shape.vectors;
    for (int first = 0; first < all; first += 4) {
      const int count = std::min(4, all - first);
      const std::span<const Ymm> values(&sum(tile, 0, 0) + first, static_cast<size_t>(count));
      packBytes(values, order, result);
      storeParts(values[0], bias, tile, first, count);
    }
  }
}

/// The parts of `packed`, vectors first..first + count - 1 of a tile, go to their rows.
void DotEmitter::storeParts(const Ymm &packed, const Ymm &scratch, int tile, int first, int count) {
  const int columns = shape.vectorBytes / static_cast<int>(sizeof(int32_t));
  const auto place = [&](int part) {
    const int row = (first + part) / shape.vectors, vector = (first + part) % shape.vectors;
    return ptr[acc +
               static_cast<int>(tile * params.bytes->tileStride + row * params.bytes->rowStride + vector * columns)];
  };
  const Xbyak::Xmm low(packed.getIdx()), high(scratch.getIdx());
  if (isWide()) { // registers beyond 15 need AVX-512 VL for all but the extraction
    for (int part = 0; part < count; ++part)
      vextracti32x4(place(part), Xbyak::Zmm(packed.getIdx()), part);
    return;
  }
  if (shape.vectors == 2) { // a row is two parts
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
