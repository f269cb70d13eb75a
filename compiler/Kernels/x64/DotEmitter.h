// What the dot kernels share: pointers, loops over k and outer steps, and the walk over tiles of columns.
#ifndef NIBBLE_COMPILER_KERNELS_X64_DOTEMITTER_H
#define NIBBLE_COMPILER_KERNELS_X64_DOTEMITTER_H

#include "compiler/Kernels/x64/Emitter.h"

namespace nibble::kernels::x64 {

inline constexpr int vectorBytes = 32; ///< Of AVX2.

/// What a generator fixes, as its line of the manifest says.
struct DotShape {
  int weightBits;
  int maxRows;
  int vectors; ///< In a tile.
  int vectorBytes = x64::vectorBytes;
  int planes = 1; ///< Vectors of b for each vector of sums.

  constexpr KernelInfo info() const {
    return {{}, {}, {}, weightBits, 0, maxRows, vectors * vectorBytes / dotGroup, nullptr};
  }
};

/// The value of field `field` of a nibble with fields of `bits` bits: biased, or a sign.
constexpr int fieldValue(int nibble, int field, int bits) {
  const int raw = (nibble >> (field * bits)) & ((1 << bits) - 1);
  return bits == 1 ? 1 - 2 * raw : raw - (1 << (bits - 1));
}

/// A unit is what the vectors of b that share fields hold: unitGroups groups. The run is a sequence of units, of which
/// the last may be partial. A subclass adds the arithmetic of a unit and says what happens to the sums.
class DotEmitter : public Emitter {
public:
  DotEmitter(const DotParams &params, const DotShape &shape, std::span<uint8_t> buffer);
  ~DotEmitter() override = default;

  /// Why there is no kernel of this shape for `params`, or nothing.
  static std::string check(const DotParams &params, const DotShape &shape);
  Emitted emit();

protected:
  /// How much of a unit exists, and whether its products start the sums instead of being added.
  struct Unit {
    int groups;    ///< 1..unitGroups
    int lastBytes; ///< Values of the last of them, 1..4.
    bool first = false;
  };
  /// The part of a run that has whole units only, and the partial unit behind it, if there is one.
  struct Run {
    int64_t whole;
    Unit rest; ///< groups = 0: nothing
  };

  /// Before the loops: sets sums, registers and labels. Zeros (or acc as it was), where outer <= 0, must come out
  /// of begin() and end().
  virtual void begin() = 0;
  /// Emits unit number `index` from the pointers.
  virtual void unit(int index, const Unit &unit) = 0;
  /// Emits all units of one run: the default is one loop over them.
  virtual void run(const Run &run) { units(run.whole, run.rest, false, true); }
  virtual void end() = 0;
  /// Data behind the code, read relative to rip.
  virtual void tables() {}

  /// `whole` units, in a loop if they are many and `loops`, and `rest`; the very first starts the sums if `first`.
  void units(int64_t whole, const Unit &rest, bool first, bool loops);
  /// A loop of `turns` >= 2 turns that passes over the units that one call of `body` emits.
  template <typename Body>
  void loop(const Xbyak::Reg64 &counter, int64_t turns, Body body) {
    flush();
    Xbyak::Label again;
    mov(counter, static_cast<uint64_t>(turns));
    padTo(32);
    place(again);
    body();
    flush();
    dec(counter);
    jnz(again, T_NEAR);
  }

  Xbyak::Address bAt(int tile, int index, int vector) {
    return ptr[arg1 + static_cast<int>(tile * params.bTileStride + index * unitBytes + vector * shape.vectorBytes)];
  }
  /// dst = 4 values of k of a group, repeated, of which `bytes` exist. Others are never read. In wide vectors their
  /// place holds 0; else it holds copies of existing ones, which meet the zeros in b, and three bytes need `scratch`.
  void broadcast(const Xbyak::Ymm &dst, const Xbyak::Ymm &scratch, int row, int group, int bytes);
  const Xbyak::Ymm &sum(int tile, int row, int half) const {
    return sums[(tile * params.rows + row) * shape.vectors + half];
  }
  /// The rows of a at group `group` from the pointers.
  Xbyak::RegExp activationsAt(int row, int group) const { return rowAddress(row) + group * dotGroup; }
  bool isWide() const { return shape.vectorBytes > x64::vectorBytes; }
  void load(const Xbyak::Ymm &to, const Xbyak::Address &from);
  void store(const Xbyak::Address &to, const Xbyak::Ymm &from);
  void bitAnd(const Xbyak::Ymm &dst, const Xbyak::Ymm &a, const Xbyak::Operand &b) {
    isWide() ? vpandd(dst, a, b) : vpand(dst, a, b);
  }
  int tailBytes() const { return static_cast<int>(params.run % dotGroup); }
  void zero(const Xbyak::Ymm &reg);
  /// fma(f32(total + correction), scale, acc) to acc, for sum number `i` of an outer step whose units are all emitted.
  /// Both registers are lost.
  void scaleSum(size_t i, const Xbyak::Ymm &total, const Xbyak::Ymm &scale);
  /// Makes bytes of the sums, where params.bytes says so, and stores them; all vector registers are lost.
  void storeBytes();
  void zeroSums();
  void loadSums();
  void storeSums();

  const DotParams params;
  const DotShape shape;
  const int unitGroups, unitBytes;
  std::vector<Xbyak::Ymm> sums; // [tile][row][half of the columns]
  // Rows 0..2 are reached from a, 3..5 from a + 3 * stride, ...: any stride, one-byte displacements.
  std::vector<Xbyak::Reg64> bases;
  const Xbyak::Reg64 b = arg1, acc = arg2; ///< With params.bytes acc is where they go.
  Xbyak::Reg64 outer = arg3;
  std::optional<Xbyak::Reg64> stride, tapsLeft;
  Xbyak::Reg64 count; ///< Of the innermost loop; free between loops.

private:
  Xbyak::RegExp rowAddress(int row) const;
  /// Masks of the values that exist of the last group, for broadcast(): wide vectors only.
  void setTailMasks();
  void oneStep();
  void advanceAll(int64_t aStep, int64_t aPassed, int64_t bStep, int64_t bPassed);
  /// Of the weights behind the unit that is emitted next.
  void prefetch();
  /// Sets the pointers to the next unit to be emitted.
  void flush();

  Bytes result;
  int64_t pending = 0; ///< Units emitted since the pointers were moved last.
};

/// Runs the emitter Kind, which has a static shape, unless the parameters are impossible.
template <typename Kind>
Emitted emitDot(const DotParams &params, std::span<uint8_t> buffer) {
  std::string error = DotEmitter::check(params, Kind::kernelShape);
  if (error.empty())
    error = Kind::checkMore(params);
  if (!error.empty())
    return {0, false, std::move(error)};
  if (buffer.empty())
    return {0, true, {}};
  return Kind(params, buffer).emit();
}

} // namespace nibble::kernels::x64

#endif // NIBBLE_COMPILER_KERNELS_X64_DOTEMITTER_H
