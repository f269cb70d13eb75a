// Bytes of 32-bit sums (Requantize.h), for AVX2 and FMA: four vectors of 8 sums at a time become 32 bytes.
//
// A vector costs two conversions, a product and a load; packing costs four operations for four of them. One by one, as
// code for any result does it, a vector costs as many operations to pack as to compute.
#include "compiler/Kernels/Requantize.h"
#include "compiler/Kernels/x64/Emitter.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>
#include <array>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

class RequantizeEmitter final : public Emitter {
public:
  RequantizeEmitter(const RequantizeParams &params, std::span<uint8_t> buffer)
      : Emitter(buffer), params(params), inRow(params.stored / requantizeStep) {
    const auto take = [&](std::vector<Ymm> &registers, int count) {
      while (count-- > 0)
        registers.push_back(vectors.take());
    };
    take(corrections, params.hasCorrection ? inRow : 0);
    take(multipliers, inRow);
    take(biases, inRow);
    take(values, together);
    result.offset = params.offset, result.low = params.low, result.high = params.high;
  }

  Emitted emit() {
    enterFunction();
    // Of all columns of the sums, wanted or not.
    int at = 0;
    for (const std::vector<Ymm> *part : {&corrections, &multipliers, &biases}) {
      for (size_t v = 0; v < part->size(); ++v)
        vmovups((*part)[v], ptr[constants + at + static_cast<int>(v) * vectorBytes]);
      at += part->empty() ? 0 : params.columns * static_cast<int>(sizeof(float));
    }
    vmovdqu(order, ptr[rip + result.order]);
    const int all = params.rows * inRow;
    for (int first = 0; first < all; first += together)
      bytes(first, std::min(together, all - first));
    leaveFunction();
    placeTables(result, vectorBytes);
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
    packBytes(std::span(values).first(count), order, result);
    store(first, count);
  }

  void store(int first, int count) {
    const auto place = [&](int row, int part) {
      return out + static_cast<int>(row * params.rowStride + part * requantizeStep);
    };
    if (count == together && params.rowStride == params.stored) // rows lie side by side
      vmovdqu(ptr[place(first / inRow, 0)], values[0]);
    else
      storeParts(values[0], values[1], first, count, inRow, place);
  }

  const RequantizeParams params;
  const int inRow; // Vectors of a row: 1 or 2.
  const Xbyak::Reg64 sums = arg0, constants = arg1, out = arg2;
  const Ymm order = vectors.take();
  std::vector<Ymm> corrections, multipliers, biases, values;
  Bytes result;
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
