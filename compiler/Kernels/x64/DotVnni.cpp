// u8 x s8/s4/s2/s1 dot kernels of vpdpbusd, which adds four products to a 32-bit sum: nothing can saturate or overflow.
//
// A product of a whole vector is one instruction, for which only two of four ports serve (one 512-bit product a cycle).
// Unpacking of narrow weights goes to the others, so it is free as long as several rows share it: mask, shift and
// subtraction for 4 bits, and for 2 and 1 bits a nibble is the index of vpshufb, whose table gives one of its fields.
// Tiles of columns go in twos, so that an activation that was broadcast meets two vectors.
//
// One row shares nothing. There, fields are multiplied where they lie in their byte: a mask parts field g of bits b,
// which is the weight times 2^(b * g), and each field has sums of its own that are shifted down at the end of the run.
// The sums of the highest field stay below 255 * 128 * run, which limits the run. Except for the highest field a mask
// gives unsigned numbers, weights plus a bias. Its share of the sums is that of the activations alone: one product a
// unit for all tiles, whose lanes are the groups.
#include "compiler/Kernels/x64/DotEmitter.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>
#include <array>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

class VnniEmitter : public DotEmitter {
public:
  VnniEmitter(const DotParams &params, const DotShape &shape, Xbyak::PreferredEncoding encoding,
              std::span<uint8_t> buffer);

private:
  // 255 * 128 * run < 2^31.
  static constexpr int64_t longestInPlace = 65536;

  void begin() override;
  void unit(int index, const Unit &unit) override;
  void run(const Run &run) override;
  void end() override;
  void tables() override;

  void multiplyInPlace(int index, const Unit &unit);
  void settle();
  void loadWeights(int slot, int tile, int index, int group);
  void loadActivations(const Ymm &dst, const Ymm &scratch, int group, int row, int bytes);
  const Ymm &selectField(int tile, int field);

  void multiply(const Ymm &sum, const Ymm &a, const Xbyak::Operand &w) { vpdpbusd(sum, a, w, encoding); }

  int bits() const { return shape.weightBits; }
  bool isNarrow() const { return bits() < 8; }
  bool usesTables() const { return bits() < 4; }
  int fieldsPerNibble() const { return 4 / bits(); }

  /// What a mask leaves of field g is 2^(bits * g) * (weight + bias()), but for the highest field: two's complement,
  /// or minus 128 where a sign is set. Of signs it is (1 - weight) / 2 instead.
  int bias() const { return bits() == 4 ? 8 : bits() == 2 ? 2 : 1; }
  bool isBiased(int field) const { return bits() == 1 || field + 1 < unitGroups; }
  /// Inverting the highest bit of the highest field takes its bias away.
  bool flips(int field) const { return bits() > 1 && field == unitGroups - 1; }
  int maskOf(int field) const { return ((1 << bits()) - 1) << (bits() * field); }

  /// A vector that repeats a byte, in a register where one is left, else in memory.
  struct Constant {
    std::optional<Ymm> reg;
    Xbyak::Label at;
  };
  void takeConstant(Constant &constant) { constant.reg = vectors.takeIfSpare(0); }
  void loadConstant(const Constant &constant) {
    if (constant.reg)
      load(*constant.reg, ptr[rip + constant.at]);
  }
  template <typename Use>
  void with(const Constant &constant, Use use) {
    if (constant.reg)
      use(*constant.reg);
    else
      use(ptr[rip + constant.at]);
  }

  const Xbyak::PreferredEncoding encoding;
  bool inPlace = false;
  std::optional<Ymm> x, y; // activations; the second for what tails need
  std::vector<Ymm> weights, indices;

  // Unpacking.
  Constant nibbleMask, nibbleBias;
  std::array<Constant, 4> fieldTables;

  // In place.
  std::vector<Ymm> raw;                    // by tile
  std::vector<std::vector<Ymm>> fieldSums; // [field][tile]; the lowest field's are `sums`
  std::optional<Ymm> biasSum;
  std::array<Constant, 8> fieldMasks;
  Constant flip, biasFactor;

  Xbyak::Label tailMaskAt, oneLaneAt;
};

VnniEmitter::VnniEmitter(const DotParams &params, const DotShape &shape, Xbyak::PreferredEncoding encoding,
                         std::span<uint8_t> buffer)
    : DotEmitter(params, shape, buffer), encoding(encoding) {
  const int registers = isWide() ? 32 : 16;
  x = vectors.take();
  inPlace = params.rows == 1 && isNarrow() && !params.bytes && params.run <= longestInPlace &&
            params.tiles * (unitGroups + 1) + 3 <= registers;
  if (inPlace) {
    // x, y and biasSum are among the first 16 registers, which AVX2 code can name.
    y = vectors.take();
    biasSum = vectors.take();
    fieldSums.push_back(sums);
    for (int field = 1; field < unitGroups; ++field) {
      fieldSums.emplace_back();
      for (int tile = 0; tile < params.tiles; ++tile)
        fieldSums.back().push_back(vectors.take());
    }
    for (int tile = 0; tile < params.tiles; ++tile)
      raw.push_back(vectors.take());
    if (bits() > 1)
      takeConstant(flip);
    takeConstant(biasFactor);
    for (int field = 0; field < unitGroups; ++field)
      takeConstant(fieldMasks[field]);
    return;
  }
  if (!isWide() && tailBytes() == 3)
    y = vectors.take();
  // The second tile of two needs as many registers as the first; constants may lie in memory instead.
  weights.push_back(vectors.take());
  if (usesTables())
    indices.push_back(vectors.take());
  const size_t forATile = usesTables() ? 2 : 1;
  if (auto second = params.tiles > 1 ? vectors.takeIfSpare(forATile - 1) : std::nullopt) {
    weights.push_back(*second);
    if (usesTables())
      indices.push_back(vectors.take());
  }
  if (isNarrow())
    takeConstant(nibbleMask);
  if (usesTables())
    for (int field = 0; field < fieldsPerNibble(); ++field)
      takeConstant(fieldTables[field]);
  else if (isNarrow())
    takeConstant(nibbleBias);
}

void VnniEmitter::begin() {
  for (const Constant *constant : {&nibbleMask, &nibbleBias, &flip, &biasFactor})
    loadConstant(*constant);
  for (const Constant &table : fieldTables)
    loadConstant(table);
  for (const Constant &mask : fieldMasks)
    loadConstant(mask);
  const bool inMemory = inPlace || params.scaled;
  if (params.addsToAcc && !inMemory) {
    loadSums();
    return;
  }
  zeroSums();
  if (inMemory && !params.addsToAcc)
    storeSums();
}

/// One-bit fields have no zero for the values that do not exist: those of a are made zero instead.
void VnniEmitter::loadActivations(const Ymm &dst, const Ymm &scratch, int group, int row, int bytes) {
  broadcast(dst, scratch, row, group, bytes);
  if (bytes < dotGroup && bits() == 1 && !isWide())
    vpand(dst, dst, ptr[rip + tailMaskAt]);
}

/// weights[slot] = the weights of a tile and group. Groups are asked for in order.
void VnniEmitter::loadWeights(int slot, int tile, int index, int group) {
  const Ymm &dst = weights[slot];
  const Xbyak::Address from = bAt(tile, index, 0);
  if (!isNarrow()) {
    load(dst, from);
    return;
  }
  const int nibble = group / fieldsPerNibble(), field = group % fieldsPerNibble();
  const Ymm &nibbles = usesTables() ? indices[slot] : dst;
  if (field == 0 && nibble == 0 && nibbleMask.reg) {
    bitAnd(nibbles, *nibbleMask.reg, from);
  } else if (field == 0) {
    load(nibbles, from);
    if (nibble == 1)
      vpsrlw(nibbles, nibbles, 4);
    with(nibbleMask, [&](const auto &mask) { bitAnd(nibbles, nibbles, mask); });
  }
  if (!usesTables()) {
    with(nibbleBias, [&](const auto &bias) { vpsubb(dst, dst, bias); });
  } else if (const Constant &table = fieldTables[field]; table.reg) {
    vpshufb(dst, *table.reg, nibbles);
  } else {
    load(dst, ptr[rip + table.at]);
    vpshufb(dst, dst, nibbles);
  }
}

void VnniEmitter::unit(int index, const Unit &unit) {
  if (inPlace)
    return multiplyInPlace(index, unit);
  const int slots = static_cast<int>(weights.size());
  for (int tile = 0; tile < params.tiles; tile += slots)
    for (int group = 0; group < unit.groups; ++group) {
      const int bytes = group == unit.groups - 1 ? unit.lastBytes : dotGroup;
      const auto activations = [&](int row) {
        loadActivations(*x, y.value_or(*x), index * unitGroups + group, row, bytes);
      };
      if (params.rows == 1 && !isNarrow()) { // weights straight from memory, all tiles at once
        if (tile > 0)
          return;
        activations(0);
        for (int t = 0; t < params.tiles; ++t)
          multiply(sum(t, 0, 0), *x, bAt(t, index, 0));
        continue;
      }
      const int here = std::min(slots, params.tiles - tile);
      for (int slot = 0; slot < here; ++slot)
        loadWeights(slot, tile + slot, index, group);
      for (int row = 0; row < params.rows; ++row) {
        activations(row);
        for (int slot = 0; slot < here; ++slot)
          multiply(sum(tile + slot, row, 0), *x, weights[slot]);
      }
    }
}

/// What the mask leaves of a field of a tile. The highest field is the last that is asked for.
const Ymm &VnniEmitter::selectField(int tile, int field) {
  const Ymm &from = raw[tile], &to = flips(field) ? from : *y;
  if (flips(field)) // not by vpternlogd, which competes with vpdpbusd on Zen 4
    with(flip, [&](const auto &bit) { isWide() ? vpxord(from, from, bit) : vpxor(from, from, bit); });
  with(fieldMasks[field], [&](const auto &mask) { bitAnd(to, from, mask); });
  return to;
}

void VnniEmitter::multiplyInPlace(int index, const Unit &unit) {
  for (int tile = 0; tile < params.tiles; ++tile)
    load(raw[tile], bAt(tile, index, 0));
  const bool isWhole = unit.groups == unitGroups && unit.lastBytes == dotGroup;
  if (isWhole) {
    const Xbyak::Address from = ptr[activationsAt(0, index * unitGroups)];
    if (unitGroups == 2)
      vmovq(Xbyak::Xmm(y->getIdx()), from);
    else if (unitGroups == 4)
      vmovdqu(Xbyak::Xmm(y->getIdx()), from);
    else
      vmovdqu(Ymm(y->getIdx()), from);
    with(biasFactor, [&](const auto &factor) { multiply(*biasSum, *y, factor); });
  }
  for (int field = 0; field < unit.groups; ++field) {
    loadActivations(*x, *y, index * unitGroups + field, 0, field == unit.groups - 1 ? unit.lastBytes : dotGroup);
    if (!isWhole && isBiased(field))
      multiply(*biasSum, *x, ptr[rip + oneLaneAt]);
    for (int tile = 0; tile < params.tiles; ++tile)
      multiply(fieldSums[field][tile], *x, selectField(tile, field));
  }
}

/// Adds the fields' sums, without their scale and bias, to acc.
void VnniEmitter::settle() {
  // The sum of the lanes of biasSum, of which no more than 8 are used, in all of them.
  const Xbyak::Xmm low(biasSum->getIdx()), other(y->getIdx());
  vextracti128(other, Ymm(biasSum->getIdx()), 1);
  vpaddd(low, low, other);
  for (const int order : {0x4e, 0xb1}) {
    vpshufd(other, low, order);
    vpaddd(low, low, other);
  }
  vpbroadcastd(*biasSum, low);
  for (int tile = 0; tile < params.tiles; ++tile) {
    const Ymm &total = sums[tile];
    for (int field = 1; field < unitGroups; ++field) {
      const Ymm &sum = fieldSums[field][tile];
      vpsrad(sum, sum, bits() * field);
      if (bits() == 1 && field == unitGroups - 1) // the sign of the byte: -128 where it is set
        vpsubd(total, total, sum);
      else
        vpaddd(total, total, sum);
    }
    if (bits() == 1) { // 1 - 2 * (1 - w) / 2
      vpaddd(total, total, total);
      vpsubd(total, *biasSum, total);
    } else {
      vpsubd(total, total, *biasSum);
    }
    if (params.scaled) {
      scaleSum(tile, total, *x);
      continue;
    }
    vpaddd(total, total, ptr[acc + tile * shape.vectorBytes]);
    store(ptr[acc + tile * shape.vectorBytes], total);
  }
}

void VnniEmitter::run(const Run &run) {
  if (inPlace) {
    for (const std::vector<Ymm> &field : fieldSums)
      for (const Ymm &sum : field)
        zero(sum);
    zero(*biasSum);
  } else if (params.scaled) {
    zeroSums();
  }
  units(run.whole, run.rest, false, true);
  if (inPlace)
    settle();
  else if (params.scaled)
    for (size_t i = 0; i < sums.size(); ++i)
      scaleSum(i, sums[i], *x);
}

void VnniEmitter::end() {
  if (params.bytes)
    storeBytes();
  else if (!inPlace && !params.scaled)
    storeSums();
}

void VnniEmitter::tables() {
  padTo(shape.vectorBytes);
  const auto bytes = [&](Xbyak::Label &label, auto value) {
    place(label);
    for (int i = 0; i < shape.vectorBytes; ++i)
      db(static_cast<uint8_t>(value(i)));
  };
  const auto same = [&](Constant &constant, int value) { bytes(constant.at, [&](int) { return value; }); };
  if (bits() == 1 && tailBytes() && !isWide())
    bytes(tailMaskAt, [&](int i) { return i % dotGroup < tailBytes() ? 0xff : 0; });
  if (inPlace) {
    same(flip, 0x80);
    bytes(biasFactor.at, [&](int i) { return i / dotGroup < unitGroups && isBiased(i / dotGroup) ? bias() : 0; });
    bytes(oneLaneAt, [&](int i) { return i < dotGroup ? bias() : 0; });
    for (int field = 0; field < unitGroups; ++field)
      same(fieldMasks[field], maskOf(field));
    return;
  }
  if (!isNarrow())
    return;
  same(nibbleMask, 0x0f);
  if (!usesTables()) {
    same(nibbleBias, bias());
    return;
  }
  for (int field = 0; field < fieldsPerNibble(); ++field)
    bytes(fieldTables[field].at, [&](int i) { return fieldValue(i % 16, field, bits()); });
}

template <int width, bool wide, Xbyak::PreferredEncoding form>
class Vnni final : public VnniEmitter {
public:
  static constexpr DotShape kernelShape{width, wide ? 24 : 12, 1, wide ? 64 : 32};
  static std::string checkMore(const DotParams &params) {
    return params.widenEvery ? "the kernel has no 16-bit sums to widen" : "";
  }
  Vnni(const DotParams &params, std::span<uint8_t> buffer) : VnniEmitter(params, kernelShape, form, buffer) {}
};

} // namespace

template <int bits>
Emitted emitDotVnni512(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Vnni<bits, true, Xbyak::EvexEncoding>>(params, buffer);
}

template <int bits>
Emitted emitDotVnni256(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Vnni<bits, false, Xbyak::VexEncoding>>(params, buffer);
}

template <int bits>
Emitted emitDotVnni256Evex(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Vnni<bits, false, Xbyak::EvexEncoding>>(params, buffer);
}

#define NIBBLE_INSTANTIATE(BITS)                                                                                       \
  template Emitted emitDotVnni512<BITS>(const DotParams &params, std::span<uint8_t> buffer);                           \
  template Emitted emitDotVnni256<BITS>(const DotParams &params, std::span<uint8_t> buffer);                           \
  template Emitted emitDotVnni256Evex<BITS>(const DotParams &params, std::span<uint8_t> buffer);
NIBBLE_INSTANTIATE(8)
NIBBLE_INSTANTIATE(4)
NIBBLE_INSTANTIATE(2)
NIBBLE_INSTANTIATE(1)
#undef NIBBLE_INSTANTIATE

} // namespace nibble::kernels::x64
