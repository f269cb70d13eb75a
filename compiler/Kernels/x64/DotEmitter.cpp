// The loops and pointers of the dot kernels.
#include "compiler/Kernels/x64/DotEmitter.h"

#include "compiler/Kernels/Generate.h"

#include <algorithm>

namespace nibble::kernels::x64 {

using Xbyak::RegExp;
using Xbyak::Ymm;

// k groups per turn of the inner loop: 8 keep displacements of a in one byte and the loop's own cost below 2 %.
static constexpr int unrollGroups = 8;
static constexpr int rowsPerBase = 3;
// Tiles that lie far apart are streams from beyond the second-level cache: what comes so many bytes later is fetched.
static constexpr int64_t farBytes = 1 << 20, fetchedAhead = 256, lineBytes = 64;

std::string DotEmitter::check(const DotParams &params, const DotShape &shape) {
  if (params.rows < 1 || params.rows > shape.maxRows)
    return "rows must be 1.." + std::to_string(shape.maxRows) + ", not " + std::to_string(params.rows);
  if (params.tiles < 1 || params.tiles > shape.maxRows / params.rows)
    return "tiles must be 1.." + std::to_string(shape.maxRows / params.rows) + " for " + std::to_string(params.rows) +
           " rows, not " + std::to_string(params.tiles);
  if (params.run < 1)
    return "the run must have at least one value, not " + std::to_string(params.run);
  if (params.taps < 1 || (params.taps > 1 && params.scaled))
    return "an outer step must have " + std::string(params.scaled ? "one tap" : "at least one tap") + ", not " +
           std::to_string(params.taps);
  if (const auto &bytes = params.bytes) {
    if (params.scaled || params.addsToAcc)
      return "a result in bytes takes neither group scales nor sums of earlier values";
    if (std::string reason = bytesRefusal(*bytes, shape.info().columns); !reason.empty())
      return reason;
  }
  constexpr int64_t farthest = INT32_MAX / dotMaxTiles;
  if (params.tiles > 1 && (params.bTileStride > farthest || params.bTileStride < -farthest))
    return "tiles of b lie " + std::to_string(params.bTileStride) + " bytes apart; the kernel reaches " +
           std::to_string(farthest);
  return {};
}

DotEmitter::DotEmitter(const DotParams &params, const DotShape &shape, std::span<uint8_t> buffer)
    : Emitter(buffer), params(params), shape(shape), unitGroups(shape.info().unitGroups()),
      unitBytes(static_cast<int>(shape.info().unitBytes()) * shape.planes) {
  if (isWide())
    vectors = RegPool<Ymm>::ofWider<Xbyak::Zmm>(32);
  for (int i = 0; i < params.tiles * params.rows * shape.vectors; ++i)
    sums.push_back(vectors.take());
  bases.push_back(arg0);
  if (params.rows > 1)
    stride = takeScalar();
  for (int row = rowsPerBase; row < params.rows; row += rowsPerBase)
    bases.push_back(takeScalar());
  if (params.taps > 1)
    tapsLeft = takeScalar();
  count = takeScalar();
  if (params.bytes) {
    outer = takeScalar();
    result = bytesOf(*params.bytes);
  }
}

RegExp DotEmitter::rowAddress(int row) const {
  const int step = row % rowsPerBase;
  const Xbyak::Reg64 &base = bases[row / rowsPerBase];
  return step == 0 ? RegExp(base) : base + *stride * step;
}

void DotEmitter::setTailMasks() {
  if (!isWide() || !tailBytes())
    return;
  // Mask bits for bytes, or for words.
  constexpr uint64_t firstByte = 0x1111111111111111, thirdByte = 4 * firstByte, firstWord = 0x55555555;
  mov(count, tailBytes() == 1 ? firstByte : firstWord);
  kmovq(k1, count);
  if (tailBytes() == 3) {
    mov(count, thirdByte);
    kmovq(k2, count);
  }
}

// Three bytes: the first two as words, the third in the odd words.
void DotEmitter::broadcast(const Ymm &dst, const Ymm &scratch, int row, int group, int bytes) {
  const RegExp from = activationsAt(row, group);
  if (isWide() && bytes < dotGroup) {
    if (bytes == 1)
      vpbroadcastb(dst | k1 | T_z, ptr[from]);
    else
      vpbroadcastw(dst | k1 | T_z, ptr[from]);
    if (bytes == 3)
      vpbroadcastb(dst | k2, ptr[from + 2]);
    return;
  }
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

void DotEmitter::flush() {
  if (!pending)
    return;
  for (const Xbyak::Reg64 &base : bases)
    add(base, static_cast<uint32_t>(pending * unitGroups * dotGroup));
  add(b, static_cast<uint32_t>(pending * unitBytes));
  pending = 0;
}

void DotEmitter::prefetch() {
  const int64_t from = pending * unitBytes;
  if (params.rows > 1 || params.tiles * std::abs(params.bTileStride) < farBytes || from % lineBytes)
    return;
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int64_t line = from; line < from + unitBytes; line += lineBytes)
      prefetcht0(ptr[b + static_cast<int>(tile * params.bTileStride + line + fetchedAhead)]);
}

void DotEmitter::units(int64_t whole, const Unit &rest, bool first, bool loops) {
  const auto one = [&](Unit unit) {
    unit.first = first;
    first = false;
    prefetch();
    this->unit(static_cast<int>(pending++), unit);
  };
  const Unit full{unitGroups, dotGroup};
  if (first && whole) {
    one(full);
    --whole;
  }
  // A loop of one turn is no loop.
  const int64_t unroll = std::max(1, unrollGroups / unitGroups);
  if (const int64_t turns = whole / unroll; loops && turns > 1) {
    loop(count, turns, [&] {
      for (int64_t i = 0; i < unroll; ++i)
        one(full);
    });
    whole -= turns * unroll;
  }
  for (; whole > 0; --whole)
    one(full);
  if (rest.groups)
    one(rest);
}

/// One outer step: its runs, then the pointers set to the first run of the next.
void DotEmitter::oneStep() {
  const int64_t groups = (params.run + dotGroup - 1) / dotGroup;
  const int lastBytes = static_cast<int>(params.run - (groups - 1) * dotGroup);
  Run run{groups / unitGroups, {static_cast<int>(groups % unitGroups), lastBytes}};
  if (!run.rest.groups && lastBytes != dotGroup)
    run = {run.whole - 1, {unitGroups, lastBytes}};
  Xbyak::Label tap;
  if (tapsLeft) {
    mov(*tapsLeft, static_cast<uint64_t>(params.taps));
    place(tap);
  }
  this->run(run);

  const int64_t all = run.whole + (run.rest.groups ? 1 : 0), passed = all - pending;
  const int64_t tapBytes =
      (all + (params.scaled ? 2 : 0)) * unitBytes; // a unit is 4 bytes for each column, as scales are
  const int64_t stepBytes = params.bOuterStride ? params.bOuterStride : params.taps * tapBytes;
  pending = 0;
  if (!tapsLeft) {
    advanceAll(params.aOuterStride, passed * unitGroups * dotGroup, stepBytes, passed * unitBytes);
    return;
  }
  advanceAll(params.aTapStride, passed * unitGroups * dotGroup, tapBytes, passed * unitBytes);
  dec(*tapsLeft);
  jnz(tap, T_NEAR);
  // As in advanceAll: strides of any size wrap.
  const auto aPassed =
      static_cast<int64_t>(static_cast<uint64_t>(params.taps) * static_cast<uint64_t>(params.aTapStride));
  advanceAll(params.aOuterStride, aPassed, stepBytes, params.taps * tapBytes);
}

/// Moves the pointers by steps, less what they have moved already.
void DotEmitter::advanceAll(int64_t aStep, int64_t aPassed, int64_t bStep, int64_t bPassed) {
  // Where the strides do not fit 64 bits, the sum wraps as addresses do.
  const auto less = [](int64_t step, int64_t passed) {
    return static_cast<int64_t>(static_cast<uint64_t>(step) - static_cast<uint64_t>(passed));
  };
  for (const Xbyak::Reg64 &base : bases)
    advance(base, less(aStep, aPassed), count);
  advance(b, less(bStep, bPassed), count);
}

void DotEmitter::load(const Ymm &to, const Xbyak::Address &from) {
  if (isWide())
    vmovdqu32(to, from);
  else
    vmovdqu(to, from);
}

void DotEmitter::store(const Xbyak::Address &to, const Ymm &from) {
  if (isWide())
    vmovdqu32(to, from);
  else
    vmovdqu(to, from);
}

void DotEmitter::zero(const Ymm &reg) {
  if (isWide())
    vpxord(reg, reg, reg);
  else
    vpxor(reg, reg, reg);
}

void DotEmitter::scaleSum(size_t i, const Ymm &total, const Ymm &scale) {
  const int tile = static_cast<int>(i / (params.rows * shape.vectors)), vector = static_cast<int>(i % shape.vectors);
  const int columnVectors = unitBytes / shape.vectorBytes;
  const Xbyak::Address to = ptr[acc + i * shape.vectorBytes];
  load(scale, bAt(tile, static_cast<int>(pending), vector));
  vpaddd(total, total, bAt(tile, static_cast<int>(pending), columnVectors + vector));
  vcvtdq2ps(total, total);
  vfmadd213ps(total, scale, to);
  store(to, total);
}

void DotEmitter::storeBytes() {
  Emitter::storeBytes(
      {sums, params.tiles, params.rows, shape.vectors, shape.vectorBytes, *params.bytes, acc, /*constants=*/arg3},
      result);
}

void DotEmitter::zeroSums() {
  for (const Ymm &sum : sums)
    zero(sum);
}

void DotEmitter::loadSums() {
  for (size_t i = 0; i < sums.size(); ++i)
    load(sums[i], ptr[acc + i * shape.vectorBytes]);
}

void DotEmitter::storeSums() {
  for (size_t i = 0; i < sums.size(); ++i)
    store(ptr[acc + i * shape.vectorBytes], sums[i]);
}

Emitted DotEmitter::emit() {
  Xbyak::Label step, done;
  enterFunction();
  setTailMasks();
  begin();
  if (params.bytes)
    mov(outer, static_cast<uint64_t>(params.bytes->outer));
  test(outer, outer);
  jle(done, T_NEAR);
  if (stride)
    mov(*stride, static_cast<uint64_t>(params.aRowStride));
  for (size_t i = 1; i < bases.size(); ++i) {
    lea(bases[i], ptr[bases[i - 1] + *stride * 2]);
    add(bases[i], *stride);
  }
  place(step);
  oneStep();
  dec(outer);
  jnz(step, T_NEAR);

  place(done);
  end();
  leaveFunction();
  tables();
  if (params.bytes)
    placeTables(result, shape.vectorBytes);
  return finish();
}

} // namespace nibble::kernels::x64
