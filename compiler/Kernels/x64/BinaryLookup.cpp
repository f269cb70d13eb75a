// Look-up kernels for AVX2 and AVX-512 BW. For each value of four bits of a there is a table of 16 bytes: the sums of
// products with each combination of four bits of weights, plus a bias that makes them 0..4 (0..18 of two bits). vpshufb
// looks four bits up in 32 columns at once; with AVX-512 the lower half of a vector looks up the lower four bits of a
// byte, the upper half the upper ones, each half in a table of its own, and both are added up at the end.
//
// Sums grow in bytes for at most 31 bytes of a (7 of two bits; twice as many in halves), then in 16 bits in acc itself:
// of the 128 bytes that 32 columns have there, the first 64 (with AVX-512 all) hold the sums of the even columns and
// those of the odd ones. So the loop over such blocks of k lies outside of that over rows, and a block of b stays in
// the nearest cache while all rows pass.
#include "compiler/Kernels/x64/BinaryLookup.h"

#include "compiler/Kernels/x64/Emitter.h"

#include <algorithm>
#include <utility>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Label;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr int tableBytes = 16;       // for one value of four bits
constexpr int blockColumnBytes = 32; // of b: four or eight bits of each column of a block
constexpr int accBytes = lookupColumns * sizeof(int32_t);
constexpr int unroll = 4; // bytes of a per turn of the innermost loop
constexpr int saved = 6;  // callee-saved registers

/// Rows that are computed together: the sums of rows x columns take 12 registers, with AVX-512 24, or leave room for
/// the unpacked form.
int tileRows(const LookupKernelInfo &kernel, const LookupParams &params) {
  const int vectors = params.columns / lookupColumns;
  if (kernel.isWide())
    return kernel.weights == LookupWeights::Packed && vectors > 3 ? 5 : 6;
  if (kernel.weights == LookupWeights::Packed)
    return vectors > 2 ? 2 : 3;
  return std::min(6, 12 / vectors);
}

/// The sum of products of four bits of a with four bits of w, made non-negative.
int tableEntry(LookupElements elements, unsigned a, unsigned w) {
  if (elements == LookupElements::Binary)
    return __builtin_popcount(a ^ w);
  static constexpr int ternary[] = {0, 1, 0, -1}, weight[] = {0, 1, -2, -1};
  const auto product = [&](unsigned x, unsigned y) {
    return elements == LookupElements::Ternary ? ternary[x] * ternary[y] : static_cast<int>(x) * weight[y];
  };
  return lookupEntries(elements).bias + product(a & 3, w & 3) + product(a >> 2, w >> 2);
}

/// Turns of the innermost loop for `length` bytes of a; a loop of one turn is no loop.
int64_t turnsOf(int64_t length) { return length >= 2 * unroll ? length / unroll : 0; }

/// Strides may be any number: these wrap.
int64_t times(int64_t stride, int64_t count) {
  return static_cast<int64_t>(static_cast<uint64_t>(stride) * static_cast<uint64_t>(count));
}
int64_t minus(int64_t stride, int64_t passed) {
  return static_cast<int64_t>(static_cast<uint64_t>(stride) - static_cast<uint64_t>(passed));
}

/// Part of an outer step whose sums fit bytes: `taps` runs of `bytes` bytes of a.
struct Block {
  int64_t repeat; ///< So many of them follow one another.
  int64_t taps, bytes;
  int64_t aAdvance; ///< Of a, from one to the next.
};

class LookupEmitter final : public Emitter {
public:
  LookupEmitter(const LookupKernelInfo &kernel, const LookupParams &params, std::span<uint8_t> buffer)
      : Emitter(buffer), kernel(kernel), params(params), vectorCount(params.columns / lookupColumns),
        rowsPerTile(static_cast<int>(std::min<int64_t>(tileRows(kernel, params), params.rows))), wide(kernel.isWide()),
        packed(kernel.weights == LookupWeights::Packed), blockBytes(kernel.bytesBeforeWidening()),
        stepB(packed ? blockColumnBytes : 2 * blockColumnBytes) {
    plan();
    if (wide)
      vectors = RegPool<Ymm>::ofWider<Xbyak::Zmm>(32);
    for (int i = 0; i < rowsPerTile * vectorCount; ++i)
      sums.push_back(vectors.take());
    temp = vectors.take();
    for (int i = 0; i < (packed ? tablesOfRow() * rowsPerTile : 1); ++i)
      tables.push_back(vectors.take());
    const int kept = packed ? 3 : vectorCount; // packed: low half, high half (or counts of bits to shift), mask
    while (static_cast<int>(spare.size()) < kept)
      if (std::optional<Ymm> reg = vectors.takeIfSpare(0))
        spare.push_back(*reg);
      else
        break;
  }

  Emitted emit();

private:
  // Words of the stack frame.
  enum Slot { RowTiles, Repeats, Taps, Group, GroupLeft, OuterA, OuterB, BlockA, TileA, BlockB, Slots };
  Xbyak::Address slot(Slot which) { return qword[rsp + 8 * which]; }

  void plan();
  void eachOuterStep();
  void block(const Block &block);
  void tile(const Block &block, int rows);
  void runOf(int64_t bytes, int rows);
  void step(int index, int rows);
  void loadTable(const Ymm &table, int row, int at, int half);
  void loadTables(const Ymm &table, int row, int at);
  int tablesOfRow() const { return wide ? 1 : 2; }
  void load(const Ymm &to, const Xbyak::Address &from) { wide ? vmovdqu32(to, from) : vmovdqu(to, from); }
  void store(const Xbyak::Address &to, const Ymm &from) { wide ? vmovdqu32(to, from) : vmovdqu(to, from); }
  void clear(const Ymm &reg) { wide ? vpxord(reg, reg, reg) : vpxor(reg, reg, reg); }
  void setAll(const Ymm &reg) { wide ? vpternlogd(reg, reg, reg, 0xff) : vpcmpeqw(reg, reg, reg); }
  void mask(const Ymm &to, const Ymm &from, const Ymm &by) { wide ? vpandd(to, from, by) : vpand(to, from, by); }
  void stepNibbles(int index, int rows);
  void stepPacked(int index, int rows);
  void flush(int rows);
  void finishSums();
  template <typename Body>
  void counted(Slot which, int64_t turns, Body body);
  void movePointers(int rows, int64_t aDelta, int64_t bDelta);

  RegExp rowAddress(int row) const {
    const Reg64 &base = row < 3 ? a : a3;
    return row % 3 == 0 ? RegExp(base) : base + stride * (row % 3);
  }
  Xbyak::Address bAt(int index, int half, int vector) {
    return ptr[b + index * stepB + half * blockColumnBytes + vector * static_cast<int>(params.bColumnStride)];
  }

  const LookupKernelInfo &kernel;
  const LookupParams params;
  const int vectorCount, rowsPerTile;
  const bool wide; // vectors of 64 bytes
  const bool packed;
  const int blockBytes; // of a
  const int stepB;      // bytes of b for one byte of a

  std::vector<Block> blocks;   // of one outer step, or of one tap if splitTaps
  bool splitTaps = false;      // taps are so long that each is several blocks
  int64_t group = 1;           // outer steps in a block
  int64_t taps = 1, bytes = 1; // of an outer step, after runs that touch were joined

  std::vector<Ymm> sums, tables, spare; // sums: [row][vector of columns]
  Ymm temp;
  const Reg64 a = arg0, b = arg1, acc = arg2, outer = arg3;
  const Reg64 tableBase = r8, stride = r9, a3 = r10, count = r14, scratch = rax;
  const Reg64 index[6] = {rax, r11, rbx, rbp, r12, r13};
  const Reg64 callee[saved] = {rbx, rbp, r12, r13, r14, r15};
  const Xbyak::Opmask upperHalf = k1; // of a wide vector, in 32-bit elements
  Label tableLabel;
};

/// Cuts an outer step into blocks of at most blockBytes, as equal as multiples of the unrolling allow.
void LookupEmitter::plan() {
  taps = params.taps;
  bytes = tapBytes(kernel.elements, params.channels);
  if (params.aTapStride == bytes)
    bytes *= std::exchange(taps, 1);

  if (bytes > blockBytes) {
    splitTaps = taps > 1;
    const int64_t pieces = (bytes + blockBytes - 1) / blockBytes;
    int64_t size = (bytes + pieces - 1) / pieces;
    if (turnsOf(blockBytes))
      size = std::min<int64_t>(size + unroll - 1, blockBytes) / unroll * unroll;
    blocks.push_back({bytes / size, 1, size, size});
    if (bytes % size)
      blocks.push_back({1, 1, bytes % size, bytes % size});
    return;
  }
  const int64_t most = blockBytes / bytes, pieces = (taps + most - 1) / most, size = (taps + pieces - 1) / pieces;
  blocks.push_back({taps / size, size, bytes, times(params.aTapStride, size)});
  if (taps % size)
    blocks.push_back({1, taps % size, bytes, times(params.aTapStride, taps % size)});
  if (pieces == 1 && taps * bytes <= blockBytes / 2 && params.maxOuter > 1) {
    const int64_t fit = blockBytes / (taps * bytes), groups = (params.maxOuter + fit - 1) / fit;
    group = (params.maxOuter + groups - 1) / groups;
  }
}

/// `turns` times the body, counted in memory.
template <typename Body>
void LookupEmitter::counted(Slot which, int64_t turns, Body body) {
  if (turns <= 1) {
    if (turns == 1)
      body();
    return;
  }
  Label again;
  mov(slot(which), static_cast<uint32_t>(turns));
  place(again);
  body();
  dec(slot(which));
  jnz(again, T_NEAR);
}

void LookupEmitter::movePointers(int rows, int64_t aDelta, int64_t bDelta) {
  advance(a, aDelta, count);
  if (rows > 3)
    advance(a3, aDelta, count);
  advance(b, bDelta, count);
}

/// Broadcasts the table for four bits of the byte of a that is `at` behind the pointer of `row`.
void LookupEmitter::loadTable(const Ymm &table, int row, int at, int half) {
  const Reg64 &offset = index[row];
  movzx(offset.cvt32(), byte[rowAddress(row) + at]);
  if (half == 0) {
    shl(offset.cvt32(), 4);
    movzx(offset.cvt32(), offset.cvt8());
  } else {
    and_(offset.cvt32(), 0xf0);
  }
  static_assert(tableBytes == 1 << 4);
  vbroadcasti128(table, ptr[tableBase + offset]);
}

/// The same for both halves of a wide vector.
void LookupEmitter::loadTables(const Ymm &table, int row, int at) {
  const Reg64 &offset = index[row];
  const Xbyak::Zmm both(table.getIdx());
  movzx(offset.cvt32(), byte[rowAddress(row) + at]);
  shl(offset.cvt32(), 4);
  movzx(offset.cvt32(), offset.cvt8());
  vbroadcasti32x4(both, ptr[tableBase + offset]);
  movzx(offset.cvt32(), byte[rowAddress(row) + at]);
  and_(offset.cvt32(), 0xf0);
  vbroadcasti32x4(both | upperHalf, ptr[tableBase + offset]);
}

/// One byte of a, `index` behind the pointers, for all columns.
void LookupEmitter::step(int at, int rows) {
  if (packed)
    stepPacked(at, rows);
  else
    stepNibbles(at, rows);
}

void LookupEmitter::stepNibbles(int at, int rows) {
  // Weights that more than one row uses are loaded once, as far as registers go; the others are operands in memory.
  const int kept = rows > 1 ? static_cast<int>(spare.size()) : 0;
  for (int half = 0; half < tablesOfRow(); ++half) {
    for (int v = 0; v < kept; ++v)
      load(spare[v], bAt(at, half, v));
    for (int row = 0; row < rows; ++row) {
      if (wide)
        loadTables(tables[0], row, at);
      else
        loadTable(tables[0], row, at, half);
      for (int v = 0; v < vectorCount; ++v) {
        if (v < kept)
          vpshufb(temp, tables[0], spare[v]);
        else
          vpshufb(temp, tables[0], bAt(at, half, v));
        const Ymm &sum = sums[row * vectorCount + v];
        vpaddb(sum, sum, temp);
      }
    }
  }
}

void LookupEmitter::stepPacked(int at, int rows) {
  const Ymm &low = spare[0], &high = spare[1], &mask = spare[2];
  if (wide) {
    for (int row = 0; row < rows; ++row)
      loadTables(tables[row], row, at);
    for (int v = 0; v < vectorCount; ++v) {
      vbroadcasti64x4(Xbyak::Zmm(low.getIdx()), bAt(at, 0, v));
      vpsrlvw(low, low, spare[1]);
      vpandd(low, low, mask);
      for (int row = 0; row < rows; ++row) {
        const Ymm &sum = sums[row * vectorCount + v];
        vpshufb(temp, tables[row], low);
        vpaddb(sum, sum, temp);
      }
    }
    return;
  }
  for (int row = 0; row < rows; ++row)
    for (int half = 0; half < 2; ++half)
      loadTable(tables[2 * row + half], row, at, half);
  for (int v = 0; v < vectorCount; ++v) {
    vmovdqu(low, bAt(at, 0, v));
    vpsrlw(high, low, 4);
    vpand(low, low, mask);
    vpand(high, high, mask);
    for (int row = 0; row < rows; ++row) {
      const Ymm &sum = sums[row * vectorCount + v];
      vpshufb(temp, tables[2 * row], low);
      vpaddb(sum, sum, temp);
      vpshufb(temp, tables[2 * row + 1], high);
      vpaddb(sum, sum, temp);
    }
  }
}

/// `length` successive bytes of a. The pointers pass whole turns of the loop only.
void LookupEmitter::runOf(int64_t length, int rows) {
  const int64_t turns = turnsOf(length);
  if (turns) {
    Label loop;
    mov(count.cvt32(), static_cast<uint32_t>(turns));
    padTo(32);
    place(loop);
    for (int i = 0; i < unroll; ++i)
      step(i, rows);
    add(a, unroll);
    if (rows > 3)
      add(a3, unroll);
    add(b, unroll * stepB);
    dec(count.cvt32());
    jnz(loop, T_NEAR);
  }
  for (int64_t i = turns * unroll; i < length; ++i)
    step(static_cast<int>(i - turns * unroll), rows);
}

/// Adds the sums of bytes to those of 16 bits: even and odd columns apart.
void LookupEmitter::flush(int rows) {
  const Ymm &evenOnly = tables[0];
  const int odd = wide ? accBytes / 2 : accBytes / 4;
  setAll(evenOnly);
  vpsrlw(evenOnly, evenOnly, 8);
  for (int i = 0; i < rows * vectorCount; ++i) {
    mask(temp, sums[i], evenOnly);
    vpaddw(temp, temp, ptr[acc + i * accBytes]);
    store(ptr[acc + i * accBytes], temp);
    vpsrlw(sums[i], sums[i], 8);
    vpaddw(sums[i], sums[i], ptr[acc + i * accBytes + odd]);
    store(ptr[acc + i * accBytes + odd], sums[i]);
  }
}

/// One block for `rows` rows. It leaves a and b anywhere.
void LookupEmitter::tile(const Block &part, int rows) {
  for (int i = 0; i < rows * vectorCount; ++i)
    clear(sums[i]);
  if (packed) {
    setAll(spare[2]);
    vpsrlw(spare[2], spare[2], 12);
    vpackuswb(spare[2], spare[2], spare[2]);
    if (wide) { // 16-bit elements of the upper half are shifted by 4
      mov(scratch.cvt32(), 0x00040004);
      vpbroadcastd(Xbyak::Zmm(spare[1].getIdx()) | upperHalf | T_z, scratch.cvt32());
    }
  }
  if (rows > 3) {
    lea(a3, ptr[a + stride * 2]);
    add(a3, stride);
  }
  if (group == 1 && part.taps == 1) {
    runOf(part.bytes, rows);
  } else {
    Label again;
    const int64_t done = turnsOf(part.bytes) * unroll;
    if (group > 1) {
      mov(scratch, slot(Group));
      mov(slot(GroupLeft), scratch);
      place(again);
    }
    counted(Taps, part.taps, [&] {
      runOf(part.bytes, rows);
      movePointers(rows, minus(params.aTapStride, done), (part.bytes - done) * stepB);
    });
    if (group > 1) {
      movePointers(rows, minus(params.aOuterStride, times(params.aTapStride, part.taps)),
                   minus(params.bOuterStride, part.taps * part.bytes * stepB));
      dec(slot(GroupLeft));
      jnz(again, T_NEAR);
    }
  }
  flush(rows);
}

/// One block for all rows; then a and b at the next.
void LookupEmitter::block(const Block &part) {
  const auto next = [&](int rows) {
    mov(slot(TileA), a);
    tile(part, rows);
    mov(a, slot(TileA));
    mov(b, slot(BlockB));
    advance(a, times(params.aRowStride, rows), count);
    add(acc, rows * vectorCount * accBytes);
  };
  mov(slot(BlockA), a);
  mov(slot(BlockB), b);
  counted(RowTiles, params.rows / rowsPerTile, [&] { next(rowsPerTile); });
  if (const int rest = static_cast<int>(params.rows % rowsPerTile))
    next(rest);
  mov(a, slot(BlockA));
  sub(acc, static_cast<uint32_t>(params.rows * vectorCount * accBytes));
  advance(a, part.aAdvance, count);
  advance(b, part.taps * part.bytes * stepB, count);
}

void LookupEmitter::eachOuterStep() {
  Label again;
  place(again);
  mov(slot(OuterA), a);
  mov(slot(OuterB), b);
  if (group > 1) {
    mov(scratch.cvt32(), static_cast<uint32_t>(group));
    cmp(scratch, outer);
    cmovg(scratch, outer);
    mov(slot(Group), scratch);
  }
  // Blocks of a tap that is split do not use the slot of taps, which the loop around them may then have.
  counted(Taps, splitTaps ? taps : 1, [&] {
    for (const Block &part : blocks)
      counted(Repeats, part.repeat, [&] { block(part); });
    if (splitTaps)
      advance(a, minus(params.aTapStride, bytes), count);
  });
  mov(a, slot(OuterA));
  mov(b, slot(OuterB));
  advance(a, times(params.aOuterStride, group), count);
  advance(b, times(params.bOuterStride, group), count);
  sub(outer, static_cast<uint32_t>(group));
  jg(again, T_NEAR);
}

/// From counts of 16 bits to the results. The offset is in scratch.
void LookupEmitter::finishSums() {
  const Ymm offset(15), even(0), odd(1), first(2), second(3);
  Label loop;
  vmovd(Xmm(15), scratch.cvt32());
  vpbroadcastd(offset, Xmm(15));
  mov(count.cvt32(), static_cast<uint32_t>(params.rows * vectorCount));
  padTo(32);
  place(loop);
  const int quarterBytes = accBytes / 4;
  vmovdqu(even, ptr[acc]);
  if (wide) { // the halves together are still less than 2^16
    vmovdqu(odd, ptr[acc + 2 * quarterBytes]);
    vpaddw(even, even, ptr[acc + quarterBytes]);
    vpaddw(odd, odd, ptr[acc + 3 * quarterBytes]);
  } else {
    vmovdqu(odd, ptr[acc + quarterBytes]);
  }
  vpunpcklwd(first, even, odd);  // columns 0..7 and 16..23
  vpunpckhwd(second, even, odd); // columns 8..15 and 24..31
  for (int quarter = 0; quarter < 4; ++quarter) {
    const Ymm &from = quarter % 2 ? second : first, words(4 + quarter);
    if (quarter >= 2)
      vextracti128(Xmm(from.getIdx()), from, 1);
    vpmovzxwd(words, Xmm(from.getIdx()));
    if (kernel.elements == LookupElements::Binary) {
      vpaddd(words, words, words);
      vpsubd(words, offset, words);
    } else {
      vpaddd(words, words, offset);
    }
    vmovdqu(ptr[acc + quarter * quarterBytes], words);
  }
  add(acc, accBytes);
  dec(count.cvt32());
  jnz(loop, T_NEAR);
}

Emitted LookupEmitter::emit() {
  Label zeros, finished;
  for (const Reg64 &reg : callee)
    push(reg);
  sub(rsp, 8 * Slots);
  lea(tableBase, ptr[rip + tableLabel]);
  mov(stride, static_cast<uint64_t>(params.aRowStride));

  if (wide) {
    mov(scratch.cvt32(), 0xff00);
    kmovw(upperHalf, scratch.cvt32());
  }

  // The sums of 16 bits start at 0.
  const Ymm &zero = temp;
  clear(zero);
  mov(scratch, acc);
  mov(count.cvt32(), static_cast<uint32_t>(params.rows * vectorCount));
  place(zeros);
  store(ptr[scratch], zero);
  store(ptr[scratch + (wide ? accBytes / 2 : accBytes / 4)], zero);
  add(scratch, accBytes);
  dec(count.cvt32());
  jnz(zeros, T_NEAR);

  xor_(r15d, r15d);
  test(outer, outer);
  jle(finished, T_NEAR);
  // What a count is taken from: K for binary operands, the biases for others.
  const int64_t perOuter = kernel.elements == LookupElements::Binary
                               ? params.taps * params.channels
                               : -taps * bytes * 2 * lookupEntries(kernel.elements).bias;
  imul(r15d, outer.cvt32(), static_cast<int>(perOuter));
  eachOuterStep();

  place(finished);
  mov(scratch, r15);
  finishSums();
  add(rsp, 8 * Slots);
  for (int i = saved - 1; i >= 0; --i)
    pop(callee[i]);
  vzeroupper();
  ret();

  padTo(2 * tableBytes);
  place(tableLabel);
  for (unsigned value = 0; value < 16; ++value)
    for (unsigned w = 0; w < 16; ++w)
      db(static_cast<uint8_t>(tableEntry(kernel.elements, value, w)));
  return finish();
}

} // namespace

Emitted emitLookup(const LookupKernelInfo &kernel, const LookupParams &params, std::span<uint8_t> buffer) {
  if (std::string refusal = lookupRefusal(kernel, params); !refusal.empty())
    return {0, false, std::move(refusal)};
  if (buffer.empty())
    return {0, true, {}};
  return LookupEmitter(kernel, params, buffer).emit();
}

} // namespace nibble::kernels::x64
