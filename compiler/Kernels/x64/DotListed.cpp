// Listed kernels for AVX2 (Listed.h): up to 10 rows of a against 8 columns of b.
//
// A window of g groups costs 2 g + 1 vector operations for each row: g vpmaddubsw, g - 1 vpaddw, vpmaddwd by ones,
// vpaddd. The k of a group comes from memory, so that its rows are reached from one pointer with displacements.
#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/x64/Emitter.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

class ListedEmitter final : public Emitter {
public:
  ListedEmitter(const ListedParams &params, std::span<uint8_t> buffer) : Emitter(buffer), params(params) {
    for (int row = 0; row < params.rows; ++row)
      sums.push_back(vectors.take());
    for (int g = 0; g < params.window; ++g) {
      weights.push_back(vectors.takeIfSpare(0));
      values.push_back(takeScalar());
    }
    z = vectors.takeIfSpare(0);
    if (params.bytes) {
      outer = takeScalar();
      result = bytesOf(*params.bytes);
    }
  }

  Emitted emit() {
    Xbyak::Label step, done;
    enterFunction();
    vpcmpeqw(ones, ones, ones);
    vpsrlw(ones, ones, 15);
    for (const Ymm &sum : sums)
      vpxor(sum, sum, sum);
    if (params.bytes)
      mov(outer, static_cast<uint64_t>(params.bytes->outer));
    test(outer, outer);
    jle(done, T_NEAR);

    place(step);
    oneStep();
    advance(a, params.aOuterStride, list);
    advance(index, params.window * params.stepSegments * listedEntryBytes, list);
    dec(outer);
    jnz(step, T_NEAR);

    place(done);
    if (params.bytes)
      storeBytes({sums, 1, params.rows, 1, vectorBytes, *params.bytes, acc, /*constants=*/arg3}, result);
    else
      for (size_t row = 0; row < sums.size(); ++row)
        vmovdqu(ptr[acc + row * vectorBytes], sums[row]);
    leaveFunction();
    if (params.bytes)
      placeTables(result, vectorBytes);
    return finish();
  }

private:
  static constexpr int vectorBytes = 32;

  /// The lists of the call's segments, a size after the other.
  void oneStep() {
    for (int groups = params.window; groups > 0; --groups) {
      Xbyak::Label window, next;
      const int64_t first = (params.window - groups) * params.stepSegments * listedEntryBytes;
      const auto from = static_cast<int>(first), behind = static_cast<int>(first + params.segments * listedEntryBytes);
      movsxd(list, dword[index + from]);
      movsxd(end, dword[index + behind]);
      lea(list, ptr[list + index + from]);
      lea(end, ptr[end + index + behind]);
      cmp(list, end);
      jae(next, T_NEAR);
      padTo(32);
      place(window);
      oneWindow(groups);
      cmp(list, end);
      jb(window, T_NEAR);
      place(next);
    }
  }

  void oneWindow(int groups) {
    for (int g = 0; g < groups; ++g) {
      movzx(values[g].cvt32(), word[list + 2 * g]);
      add(values[g], a);
      if (weights[g])
        vmovdqu(*weights[g], ptr[list + 2 * groups + g * vectorBytes]);
    }
    // Two rows at a time where there is a register for it, all multiplications before they are widened: measurably
    // better for the choice of ports.
    const int step = z ? 2 : 1;
    for (int row = 0; row < params.rows; row += step) {
      const int last = std::min(row + step, params.rows);
      for (int r = row; r < last; ++r)
        shortSum(r == row ? x : *z, r, groups);
      for (int r = row; r < last; ++r)
        vpmaddwd(r == row ? x : *z, r == row ? x : *z, ones);
      for (int r = row; r < last; ++r)
        vpaddd(sums[r], sums[r], r == row ? x : *z);
    }
    add(list, groups * (2 + vectorBytes));
  }

  /// to = the 16-bit sums of a row over the groups of the window.
  void shortSum(const Ymm &to, int row, int groups) {
    const auto load = [&](const Ymm &value, int g) {
      vpbroadcastd(value, ptr[values[g] + static_cast<int>(row * params.aRowStride - params.firstK)]);
    };
    const auto multiply = [&](const Ymm &value, int g) {
      if (weights[g])
        vpmaddubsw(value, value, *weights[g]);
      else
        vpmaddubsw(value, value, ptr[list + 2 * groups + g * vectorBytes]);
    };
    load(to, 0);
    if (groups == 2 && z) {
      load(y, 1);
      multiply(to, 0);
      multiply(y, 1);
      vpaddw(to, to, y);
      return;
    }
    multiply(to, 0);
    for (int g = 1; g < groups; ++g) {
      load(y, g);
      multiply(y, g);
      vpaddw(to, to, y);
    }
  }

  const ListedParams params;
  const Xbyak::Reg64 a = arg0, index = arg1, acc = arg2, list = takeScalar(), end = takeScalar();
  Xbyak::Reg64 outer = arg3;
  Bytes result;
  const Ymm ones = vectors.take(), x = vectors.take(), y = vectors.take();
  std::optional<Ymm> z; // as x, for a second row
  std::vector<Ymm> sums;
  std::vector<std::optional<Ymm>> weights; // of a group of the window; in memory where no register is left
  std::vector<Xbyak::Reg64> values;        // where the values of a group lie in row 0
};

} // namespace

Emitted emitListed(const ListedKernelInfo &kernel, const ListedParams &params, std::span<uint8_t> buffer) {
  if (std::string reason = listedRefusal(kernel, params); !reason.empty())
    return {0, false, std::move(reason)};
  if (buffer.empty())
    return {0, true, {}};
  return ListedEmitter(params, buffer).emit();
}

} // namespace nibble::kernels::x64
