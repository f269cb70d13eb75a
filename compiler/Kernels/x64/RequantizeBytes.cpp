// Bytes of 32-bit sums (Requantize.h), for AVX2 and FMA: four vectors of 8 sums at a time become 32 bytes.
//
// A vector costs three conversions and products and a load; packing costs four operations for four of them. One by one,
// as code for any result does it, a vector costs as much to pack as to compute. Vectors of 512 bits would be no faster
// where they count as two, and their narrowing moves (vpmovdb) are slower than packing.
#include "compiler/Kernels/Requantize.h"
#include "compiler/Kernels/x64/Emitter.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>
#include <array>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::Ymm;

class RequantizeEmitter final : public Emitter {
public:
  RequantizeEmitter(const RequantizeParams &params, std::span<uint8_t> buffer)
      : Emitter(buffer), params(params), inRow(params.stored / requantizeBlock) {
    const auto take = [&](std::vector<Ymm> &registers, int count) {
      while (count-- > 0)
        registers.push_back(vectors.take());
    };
    take(corrections, params.hasCorrection ? inRow : 0);
    take(multipliers, inRow);
    take(biases, inRow);
    take(values, together);
  }

  Emitted emit() {
    enterFunction();
    int at = 0;
    const auto next = [&](const Ymm &to) { vmovups(to, ptr[constants + vectorBytes * at++]); };
    for (int v = 0; v < inRow; ++v) {
      if (params.hasCorrection)
        next(corrections[v]);
      next(multipliers[v]);
      next(biases[v]);
    }
    vmovdqu(order, ptr[rip + orderAt]);
    const int all = params.rows * inRow;
    for (int first = 0; first < all; first += together)
      bytes(first, std::min(together, all - first));
    leaveFunction();
    tables();
    return finish();
  }

private:
  static constexpr int vectorBytes = 32, together = 4;

  /// What becomes of `count` vectors of sums from number `first` on.
  void bytes(int first, int count) {
    for (int i = 0; i < count; ++i) {
      const Ymm &value = values[i];
      const int row = (first + i) / inRow, v = (first + i) % inRow;
      const auto from = ptr[sums + row * params.columns * static_cast<int>(sizeof(int32_t)) + v * vectorBytes];
      if (params.hasCorrection)
        vpaddd(value, corrections[v], from);
      params.hasCorrection ? vcvtdq2ps(value, value) : vcvtdq2ps(value, from);
      vfmadd213ps(value, multipliers[v], biases[v]);
      vcvtps2dq(value, value);
    }
    // Whatever lies in place of those that do not exist is not stored.
    const Ymm &packed = values[0], &upper = values[2];
    vpackssdw(packed, packed, values[1]);
    if (count > 2)
      vpackssdw(upper, upper, values[3]);
    if (params.offset) {
      vpaddsw(packed, packed, ptr[rip + offsetsAt]);
      if (count > 2)
        vpaddsw(upper, upper, ptr[rip + offsetsAt]);
    }
    vpackuswb(packed, packed, upper);
    if (params.low > 0)
      vpmaxub(packed, packed, ptr[rip + lowsAt]);
    if (params.high < 255)
      vpminub(packed, packed, ptr[rip + highsAt]);
    // Packing works in halves of a vector: four bytes of each of the four, then the other four.
    vpermd(packed, order, packed);
    store(first, count);
  }

  void store(int first, int count) {
    const auto place = [&](int piece) {
      const int row = (first + piece) / inRow, v = (first + piece) % inRow;
      return ptr[out + static_cast<int>(row * params.rowStride + v * requantizeBlock)];
    };
    const Ymm &all = values[0];
    const Xmm low(all.getIdx()), high(values[1].getIdx());
    if (count == together && params.rowStride == params.stored)
      return vmovdqu(place(0), all);
    if (inRow == 2) {
      vmovdqu(place(0), low);
      if (count > 2)
        vextracti128(place(2), all, 1);
      return;
    }
    if (count > 2)
      vextracti128(high, all, 1);
    for (int piece = 0; piece < count; ++piece) {
      const Xmm &half = piece < 2 ? low : high;
      piece % 2 ? vmovhps(place(piece), half) : vmovq(place(piece), half);
    }
  }

  void tables() {
    padTo(vectorBytes);
    const auto table = [&](Xbyak::Label &label, const auto &value) {
      place(label);
      for (int i = 0; i < vectorBytes; ++i)
        db(value(i));
    };
    table(orderAt, [](int i) { return i % 4 ? 0 : i / 4 % 2 * 4 + i / 8; });
    const auto same = [&](Xbyak::Label &label, int value, int size) {
      table(label, [&](int i) { return (static_cast<uint32_t>(value) >> (8 * (i % size))) & 255; });
    };
    if (params.offset)
      same(offsetsAt, params.offset, 2);
    if (params.low > 0)
      same(lowsAt, params.low, 1);
    if (params.high < 255)
      same(highsAt, params.high, 1);
  }

  const RequantizeParams params;
  const int inRow; // Vectors of a row: 1 or 2.
  const Xbyak::Reg64 sums = arg0, constants = arg1, out = arg2;
  const Ymm order = vectors.take();
  std::vector<Ymm> corrections, multipliers, biases, values;
  Xbyak::Label orderAt, offsetsAt, lowsAt, highsAt;
};

} // namespace

Emitted emitRequantizeBytes(const RequantizeParams &params, std::span<uint8_t> buffer) {
  if (std::string refusal = requantizeRefusal(params); !refusal.empty())
    return {0, false, std::move(refusal)};
  if (buffer.empty())
    return {0, true, {}};
  return RequantizeEmitter(params, buffer).emit();
}

} // namespace nibble::kernels::x64
