// What all x86-64 generators share: the buffer, the register pools, the error check, and a few address-free idioms.
#ifndef NIBBLE_COMPILER_KERNELS_X64_EMITTER_H
#define NIBBLE_COMPILER_KERNELS_X64_EMITTER_H

#include "compiler/Kernels/Kernels.h"
#include "compiler/Kernels/x64/RegPool.h"

#include <span>
#include <xbyak/xbyak.h>

namespace nibble::kernels::x64 {

/// Writes System V x86-64 code into a plain buffer. The pools hold only registers that the callee may destroy, so that
/// nothing is saved, unless a generator asks for more scalars. The four argument registers are not in a pool.
class Emitter : protected Xbyak::CodeGenerator {
public:
  /// `buffer` must not be empty: Xbyak takes a null pointer as a request for executable memory of its own.
  explicit Emitter(std::span<uint8_t> buffer);

  /// The outcome, to be asked for once, after the last instruction.
  Emitted finish();

protected:
  const Xbyak::Reg64 arg0 = rdi, arg1 = rsi, arg2 = rdx, arg3 = rcx;
  RegPool<Xbyak::Reg64> scalars{0, 8, 9, 10, 11}; // rax, r8..r11
  RegPool<Xbyak::Ymm> vectors{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  /// A scalar register: one of the pool, or else one that the callee must preserve: enterFunction() saves it,
  /// leaveFunction() restores it.
  Xbyak::Reg64 takeScalar();
  void enterFunction();
  /// Clears the upper vector halves and returns.
  void leaveFunction();

  /// Places a label, in place of Xbyak's L, which after an overflow patches the jumps to it behind the end of the
  /// buffer.
  void place(Xbyak::Label &label);

  /// Pads to a multiple of `bytes` from the start of the code. Xbyak's align() looks at the address instead, which
  /// would make the code depend on where the buffer lies.
  void padTo(size_t bytes);

  /// reg += delta, for any delta; `scratch` is used where it does not fit an immediate.
  void advance(const Xbyak::Reg64 &reg, int64_t delta, const Xbyak::Reg64 &scratch);

  /// How 32-bit integers become bytes: an offset, and bounds. The labels are those of placeTables().
  struct Bytes {
    int offset = 0, low = 0, high = 255;
    Xbyak::Label order, offsets, lows, highs;
  };
  /// Packs up to four vectors of 32-bit integers into the first of them, a part of it for each, in their order; all
  /// are lost. `order` holds what lies at bytes.order. Parts of which there is no vector may hold anything.
  void packBytes(std::span<const Xbyak::Ymm> values, const Xbyak::Ymm &order, const Bytes &bytes);
  /// Sums in registers and where their bytes go (ByteResult): [tile][row][vector], of vectorBytes each.
  struct ByteStore {
    std::span<const Xbyak::Ymm> sums;
    int tiles, rows, vectors, vectorBytes;
    ByteResult to;
    Xbyak::Reg64 out, constants;
  };
  /// Stores the parts of a vector that packBytes made, `count` of 8 bytes from number `first` on. Rows have `inRow`
  /// parts, 1 or 2, and place(row, part) is where one goes. `scratch` is lost.
  template <typename Place>
  void storeParts(const Xbyak::Ymm &packed, const Xbyak::Ymm &scratch, int first, int count, int inRow, Place place) {
    const auto to = [&](int i) { return ptr[place((first + i) / inRow, (first + i) % inRow)]; };
    const Xbyak::Xmm low(packed.getIdx()), high(scratch.getIdx());
    if (inRow == 2) {
      vmovdqu(to(0), low);
      if (count > 2)
        vextracti128(to(2), packed, 1);
      return;
    }
    if (count > 2)
      vextracti128(high, packed, 1);
    for (int i = 0; i < count; ++i) {
      const Xbyak::Xmm &half = i < 2 ? low : high;
      i % 2 ? vmovhps(to(i), half) : vmovq(to(i), half);
    }
  }
  static Bytes bytesOf(const ByteResult &result) { return {result.offset, result.low, result.high, {}, {}, {}, {}}; }
  /// Makes bytes of the sums and stores them; all vector registers are lost.
  void storeBytes(const ByteStore &store, const Bytes &bytes);
  void placeTables(Bytes &bytes, int vectorBytes);

private:
  std::vector<Xbyak::Reg64> pushed; // by enterFunction()
  using CodeGenerator::L;
};

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_EMITTER_H
