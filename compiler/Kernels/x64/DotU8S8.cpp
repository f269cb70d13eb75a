// u8 x s8 dot kernels for AVX2: up to 6 rows of a against 16 columns of b, all sums in registers.
#include "compiler/Kernels/x64/Emitter.h"
#include "compiler/Kernels/x64/Generators.h"

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Ymm;

// k groups per turn of the inner loop: 4 keep displacements of a in one byte and the loop's own cost below 3 %.
constexpr int unroll = 4;
constexpr int groupBytes = dotColumns * dotGroup; // of b
constexpr int vectorBytes = 32;

std::string check(const DotParams &params) {
  if (params.rows < 1 || params.rows > dotMaxRows)
    return "rows must be 1.." + std::to_string(dotMaxRows) + ", not " + std::to_string(params.rows);
  if (params.run < 1)
    return "the run must have at least one value, not " + std::to_string(params.run);
  return {};
}

/// The loops, pointers and stores. A subclass adds the arithmetic of one group: 4 values of k for all rows and columns.
class DotEmitter : public Emitter {
public:
  DotEmitter(const DotParams &params, std::span<uint8_t> buffer) : Emitter(buffer), params(params) {
    for (int i = 0; i < 2 * params.rows; ++i)
      sums.push_back(vectors.take());
  }
  ~DotEmitter() override = default;

  Emitted emit();

protected:
  /// Sets the registers and labels that group() uses.
  virtual void prepare() = 0;
  /// Adds group `index`, counted from the pointers, of which the first `bytes` values exist.
  virtual void group(int index, int bytes) = 0;
  /// Data behind the code, read relative to rip.
  virtual void tables() {}

  Xbyak::Address bAt(int index, int half) { return ptr[arg1 + index * groupBytes + half * vectorBytes]; }
  void broadcast(const Ymm &dst, const Ymm &scratch, int row, int index, int bytes);

  const DotParams params;
  std::vector<Ymm> sums; // [row][half of the columns]

private:
  RegExp rowAddress(int row) const;
  void oneRun();

  // Rows 0..2 are reached from a, rows 3..5 from a3 = a + 3 * stride: any stride, one-byte displacements.
  const Reg64 a = arg0, b = arg1, acc = arg2, outer = arg3;
  const Reg64 stride = scalars.take(), a3 = scalars.take(), count = scalars.take(), scratch = scalars.take();
};

RegExp DotEmitter::rowAddress(int row) const {
  const Reg64 &base = row < 3 ? a : a3;
  return row % 3 == 0 ? RegExp(base) : base + stride * (row % 3);
}

/// dst = 4 values of k, repeated. Values that do not exist are never read; their place holds copies of existing ones,
/// which meet the zeros in b. 3 bytes: the first two as words, the third in the odd words.
void DotEmitter::broadcast(const Ymm &dst, const Ymm &scratch, int row, int index, int bytes) {
  const RegExp from = rowAddress(row) + index * dotGroup;
  switch (bytes) {
  case 1:
    vpbroadcastb(dst, ptr[from]);
    break;
  case 2:
    vpbroadcastw(dst, ptr[from]);
    break;
  case 3:
    vpbroadcastw(dst, ptr[from]);
    vpbroadcastb(scratch, ptr[from + 2]);
    vpblendw(dst, dst, scratch, 0xaa);
    break;
  default:
    vpbroadcastd(dst, ptr[from]);
  }
}

/// One outer step: the run, then the pointers set to the next run.
void DotEmitter::oneRun() {
  const int64_t full = params.run / dotGroup;
  const int tail = static_cast<int>(params.run % dotGroup);
  // A loop of one turn is no loop.
  const int64_t turns = full >= 2 * unroll ? full / unroll : 0;
  const int rest = static_cast<int>(full - turns * unroll);
  const bool usesA3 = params.rows > 3;

  if (turns) {
    Xbyak::Label loop;
    mov(count, static_cast<uint64_t>(turns));
    padTo(32);
    place(loop);
    for (int i = 0; i < unroll; ++i)
      group(i, dotGroup);
    add(a, unroll * dotGroup);
    if (usesA3)
      add(a3, unroll * dotGroup);
    add(b, unroll * groupBytes);
    dec(count);
    jnz(loop, T_NEAR);
  }
  for (int i = 0; i < rest; ++i)
    group(i, dotGroup);
  if (tail)
    group(rest, tail);

  const uint64_t passed = static_cast<uint64_t>(turns) * unroll * dotGroup;
  const int64_t toNext = static_cast<int64_t>(static_cast<uint64_t>(params.aOuterStride) - passed);
  advance(a, toNext, scratch);
  if (usesA3)
    advance(a3, toNext, scratch);
  advance(b, (rest + (tail ? 1 : 0)) * groupBytes, scratch);
}

Emitted DotEmitter::emit() {
  Xbyak::Label step, done;
  for (const Ymm &sum : sums)
    vpxor(sum, sum, sum);
  test(outer, outer);
  jle(done, T_NEAR);
  prepare();
  if (params.rows > 1)
    mov(stride, static_cast<uint64_t>(params.aRowStride));
  if (params.rows > 3) {
    lea(a3, ptr[a + stride * 2]);
    add(a3, stride);
  }
  place(step);
  oneRun();
  dec(outer);
  jnz(step, T_NEAR);

  place(done);
  for (size_t i = 0; i < sums.size(); ++i)
    vmovdqu(ptr[acc + i * vectorBytes], sums[i]);
  vzeroupper();
  ret();
  tables();
  return finish();
}

/// Products of unsigned and signed bytes, added in pairs to 16 bits, in pairs to 32 bits, to the sum.
class PairsEmitter final : public DotEmitter {
public:
  using DotEmitter::DotEmitter;

private:
  void prepare() override {
    vpcmpeqw(ones, ones, ones);
    vpsrlw(ones, ones, 15);
  }

  void group(int index, int bytes) override {
    vmovdqu(b0, bAt(index, 0));
    if (b1)
      vmovdqu(*b1, bAt(index, 1));
    for (int row = 0; row < params.rows; ++row) {
      broadcast(x, y, row, index, bytes);
      vpmaddubsw(y, x, b0);
      if (b1)
        vpmaddubsw(x, x, *b1);
      else
        vpmaddubsw(x, x, bAt(index, 1));
      vpmaddwd(y, y, ones);
      vpmaddwd(x, x, ones);
      vpaddd(sums[2 * row], sums[2 * row], y);
      vpaddd(sums[2 * row + 1], sums[2 * row + 1], x);
    }
  }

  const Ymm ones = vectors.take(), b0 = vectors.take(), x = vectors.take(), y = vectors.take();
  // With six rows nothing is left: the second half of b is then an operand in memory.
  const std::optional<Ymm> b1 = vectors.takeIfSpare(0);
};

/// Even and odd bytes become the 16-bit lanes of two passes, so that a column's products meet in its own 32-bit lane.
/// As many multiplications as the fast route, but twice its additions.
class ExactEmitter final : public DotEmitter {
public:
  using DotEmitter::DotEmitter;

private:
  void prepare() override {
    if (mask) {
      vpcmpeqw(*mask, *mask, *mask);
      vpsrlw(*mask, *mask, 8);
    }
  }

  void group(int index, int bytes) override {
    for (const bool odd : {false, true}) {
      vmovdqu(b0, bAt(index, 0));
      vmovdqu(b1, bAt(index, 1));
      if (!odd) {
        vpsllw(b0, b0, 8);
        vpsllw(b1, b1, 8);
      }
      vpsraw(b0, b0, 8);
      vpsraw(b1, b1, 8);
      for (int row = 0; row < params.rows; ++row) {
        broadcast(x, y, row, index, bytes);
        if (odd)
          vpsrlw(x, x, 8);
        else if (mask)
          vpand(x, x, *mask);
        else
          vpand(x, x, ptr[rip + maskTable]);
        vpmaddwd(y, x, b0);
        vpmaddwd(x, x, b1);
        vpaddd(sums[2 * row], sums[2 * row], y);
        vpaddd(sums[2 * row + 1], sums[2 * row + 1], x);
      }
    }
  }

  void tables() override {
    if (mask)
      return;
    padTo(vectorBytes);
    place(maskTable);
    for (int i = 0; i < vectorBytes / 2; ++i)
      dw(0x00ff);
  }

  const Ymm b0 = vectors.take(), b1 = vectors.take(), x = vectors.take(), y = vectors.take();
  const std::optional<Ymm> mask = vectors.takeIfSpare(0);
  Xbyak::Label maskTable;
};

template <typename Kind>
Emitted emitDot(const DotParams &params, std::span<uint8_t> buffer) {
  if (std::string error = check(params); !error.empty())
    return {0, false, std::move(error)};
  if (buffer.empty())
    return {0, true, {}};
  return Kind(params, buffer).emit();
}

} // namespace

Emitted emitDotU8S8Pairs(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<PairsEmitter>(params, buffer);
}

Emitted emitDotU8S8Exact(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<ExactEmitter>(params, buffer);
}

} // namespace nibble::kernels::x64
