// u8 x s8/s4/s2/s1 dot kernels for AVX2 and AVX-512 BW with 16-bit sums in registers, widened to 32 bits after a window
// of groups.
//
// A product of 32 bytes costs one vpmaddubsw and one vpaddw, against vpmaddubsw + vpmaddwd + vpaddd with 32-bit sums.
// The first products of a window start its sums without an addition. Narrow weights are unpacked once for all rows. A
// nibble of 4 bits holds w + 8: mask and subtraction. A nibble of 2 or 4 narrower fields is an index of vpshufb, whose
// table gives the value of one of them: cheaper than shift, mask and sign extension for each field. What counts is the
// number of vector operations, as four ports serve them all: 2.5, 1.75 and 1.4 for 8 columns and 4 k at 4, 2 and 1
// bits, beside 24 for the products of 12 rows. Rows go in twos, multiplications before additions; that order is
// measurably better for the choice of ports.
#include "compiler/Kernels/x64/DotEmitter.h"
#include "compiler/Kernels/x64/Generators.h"

#include <algorithm>
#include <array>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Ymm;

class WindowsEmitter : public DotEmitter {
public:
  WindowsEmitter(const DotParams &params, const DotShape &shape, std::span<uint8_t> buffer);

private:
  // A window's code is written out up to this many groups, else it is a loop inside the loop over windows.
  static constexpr int writtenOut = 16;

  void begin() override;
  void unit(int index, const Unit &unit) override;
  void run(const Run &run) override;
  void end() override;
  void tables() override;

  int64_t unitsPerWindow(int64_t all) const;
  void widen(bool toAcc, int64_t offset = 0);
  void scaleSums(bool areWide);
  void loadNibbles(const Ymm &dst, int tile, int index, int vector, int nibble);
  void loadWeights(const Ymm &dst, int tile, int index, int chunk);
  void loadActivations(const Ymm &dst, const Ymm &scratch, int row, int group, int bytes);

  bool isNarrow() const { return shape.weightBits < 8; }
  bool usesTables() const { return shape.weightBits < 4; }
  int fieldsPerNibble() const { return 4 / shape.weightBits; }

  // Several tiles and one row: the activations of a unit are broadcast once for all tiles.
  bool sharesActivations() const { return params.rows == 1 && params.tiles > 1; }

  const Ymm x = vectors.take(), y = vectors.take(), b0 = vectors.take();
  std::optional<Ymm> b1;    // with two vectors of columns
  std::optional<Ymm> index; // of the tables: the nibbles of a vector
  std::vector<Ymm> shared;  // activations, by group of the unit
  // With shared activations nibbles stay biased: what the bias of 8 adds to every sum is summed once for all tiles. It
  // wraps as the sums do, so their difference is right.
  std::optional<Ymm> biasSum;
  std::optional<Ymm> nibbleMask, bias, ones; // in memory where no register is left
  std::array<std::optional<Ymm>, 4> fieldTables;
  std::optional<Xbyak::Reg64> windows; // the counter of the loop over windows

  Xbyak::Label maskAt, biasAt, onesAt, tailMaskAt;
  std::array<Xbyak::Label, 4> fieldsAt;
};

WindowsEmitter::WindowsEmitter(const DotParams &params, const DotShape &shape, std::span<uint8_t> buffer)
    : DotEmitter(params, shape, buffer) {
  if (shape.vectors == 2)
    b1 = vectors.take();
  if (usesTables())
    index = vectors.take();
  if (isNarrow())
    nibbleMask = vectors.takeIfSpare(0);
  if (sharesActivations())
    for (int group = 0; group < unitGroups; ++group)
      if (const auto reg = vectors.takeIfSpare(0))
        shared.push_back(*reg);
  if (usesTables())
    for (int field = 0; field < fieldsPerNibble(); ++field)
      fieldTables[field] = vectors.takeIfSpare(0);
  else if (isNarrow()) {
    bias = vectors.takeIfSpare(0);
    if (bias && static_cast<int>(shared.size()) == unitGroups)
      biasSum = vectors.takeIfSpare(0);
  }
  ones = vectors.takeIfSpare(0);
  const int64_t groups = (params.run + dotGroup - 1) / dotGroup, all = (groups + unitGroups - 1) / unitGroups;
  if (params.widenEvery && unitsPerWindow(all) * unitGroups > writtenOut && all > unitsPerWindow(all))
    windows = takeScalar();
}

/// Windows of nearly equal length, none longer than allowed.
int64_t WindowsEmitter::unitsPerWindow(int64_t all) const {
  const int64_t most = std::clamp<int64_t>(params.widenEvery / unitGroups, 1, all), count = (all + most - 1) / most;
  return (all + count - 1) / count;
}

void WindowsEmitter::begin() {
  if (nibbleMask)
    load(*nibbleMask, ptr[rip + maskAt]);
  if (bias)
    load(*bias, ptr[rip + biasAt]);
  for (size_t field = 0; field < fieldTables.size(); ++field)
    if (fieldTables[field])
      load(*fieldTables[field], ptr[rip + fieldsAt[field]]);
  if (ones)
    load(*ones, ptr[rip + onesAt]);
  zeroSums();
  if (biasSum)
    zero(*biasSum);
  if ((params.widenEvery || params.scaled) && !params.addsToAcc)
    storeSums();
}

/// dst = the nibbles of a vector of b, low or high ones, one to a byte.
void WindowsEmitter::loadNibbles(const Ymm &dst, int tile, int index, int vector, int nibble) {
  if (nibble == 0 && nibbleMask) {
    bitAnd(dst, *nibbleMask, bAt(tile, index, vector));
    return;
  }
  load(dst, bAt(tile, index, vector));
  if (nibble == 1)
    vpsrlw(dst, dst, 4);
  if (nibbleMask)
    bitAnd(dst, dst, *nibbleMask);
  else
    bitAnd(dst, dst, ptr[rip + maskAt]);
}

/// dst = the weights of a vector of columns and 4 k: chunk number `chunk` of a unit. Chunks are asked for in order.
void WindowsEmitter::loadWeights(const Ymm &dst, int tile, int index, int chunk) {
  if (!isNarrow()) {
    load(dst, bAt(tile, index, chunk));
    return;
  }
  const int vector = chunk / (2 * fieldsPerNibble()), inVector = chunk % (2 * fieldsPerNibble());
  const int nibble = inVector / fieldsPerNibble(), field = inVector % fieldsPerNibble();
  if (!usesTables()) {
    loadNibbles(dst, tile, index, vector, nibble);
    if (biasSum)
      return;
    if (bias)
      vpsubb(dst, dst, *bias);
    else
      vpsubb(dst, dst, ptr[rip + biasAt]);
    return;
  }
  if (field == 0)
    loadNibbles(*this->index, tile, index, vector, nibble);
  if (fieldTables[field]) {
    vpshufb(dst, *fieldTables[field], *this->index);
  } else {
    load(dst, ptr[rip + fieldsAt[field]]);
    vpshufb(dst, dst, *this->index);
  }
}

/// One-bit fields have no zero for the values that do not exist: those of a are made zero instead.
void WindowsEmitter::loadActivations(const Ymm &dst, const Ymm &scratch, int row, int group, int bytes) {
  broadcast(dst, scratch, row, group, bytes);
  if (shape.weightBits == 1 && bytes < dotGroup && !isWide())
    bitAnd(dst, dst, ptr[rip + tailMaskAt]);
}

void WindowsEmitter::unit(int index, const Unit &unit) {
  const auto bytesOf = [&](int group) { return group == unit.groups - 1 ? unit.lastBytes : dotGroup; };
  for (int group = 0; group < std::min<int>(shared.size(), unit.groups); ++group)
    loadActivations(shared[group], x, 0, index * unitGroups + group, bytesOf(group));
  if (biasSum)
    for (int group = 0; group < unit.groups; ++group) {
      const bool starts = unit.first && group == 0;
      vpmaddubsw(starts ? *biasSum : y, shared[group], *bias);
      if (!starts)
        vpaddw(*biasSum, *biasSum, y);
    }

  // Two products at a time: of two rows, or of the two halves of one. Three bytes take y to be loaded.
  struct Product {
    Ymm to, a, weights, sum;
  };
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int group = 0; group < unit.groups; ++group) {
      loadWeights(b0, tile, index, group * shape.vectors);
      if (b1)
        loadWeights(*b1, tile, index, group * shape.vectors + 1);
      const bool isShared = group < static_cast<int>(shared.size()), starts = unit.first && group == 0;
      const int bytes = bytesOf(group), step = b1 || (bytes == 3 && !isWide()) ? 1 : 2;
      for (int row = 0; row < params.rows; row += step) {
        const auto load = [&](const Ymm &to, int row) {
          if (!isShared)
            loadActivations(to, y, row, index * unitGroups + group, bytes);
          return isShared ? shared[group] : to;
        };
        std::vector<Product> products;
        const Ymm a = load(x, row);
        if (b1)
          products.push_back({y, a, *b1, sum(tile, row, 1)});
        products.push_back({x, a, b0, sum(tile, row, 0)});
        if (step == 2 && row + 1 < params.rows)
          products.push_back({y, load(y, row + 1), b0, sum(tile, row + 1, 0)});
        for (const Product &p : products)
          vpmaddubsw(starts ? p.sum : p.to, p.a, p.weights);
        if (!starts)
          for (const Product &p : products)
            vpaddw(p.sum, p.sum, p.to);
      }
    }
}

/// Adds the 16-bit sums to acc, or stores them there; or as far behind it. The next window starts them again.
void WindowsEmitter::widen(bool toAcc, int64_t offset) {
  for (size_t i = 0; i < sums.size(); ++i) {
    const Ymm &wide = i % 2 ? y : x;
    if (biasSum)
      vpsubw(sums[i], sums[i], *biasSum);
    if (ones)
      vpmaddwd(wide, sums[i], *ones);
    else
      vpmaddwd(wide, sums[i], ptr[rip + onesAt]);
    const Xbyak::Address to = ptr[acc + static_cast<int>(i * shape.vectorBytes + offset)];
    if (toAcc)
      vpaddd(wide, wide, to);
    store(to, wide);
  }
}

/// Adds the sums of an outer step to acc: 16-bit ones from registers, or 32-bit ones from behind acc.
void WindowsEmitter::scaleSums(bool areWide) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (areWide) {
      load(x, ptr[acc + static_cast<int>((sums.size() + i) * shape.vectorBytes)]);
    } else {
      if (biasSum)
        vpsubw(sums[i], sums[i], *biasSum);
      if (ones)
        vpmaddwd(x, sums[i], *ones);
      else
        vpmaddwd(x, sums[i], ptr[rip + onesAt]);
    }
    scaleSum(i, x, y);
  }
}

void WindowsEmitter::run(const Run &run) {
  if (!params.widenEvery) {
    units(run.whole, run.rest, params.scaled, true);
    if (params.scaled)
      scaleSums(false);
    return;
  }
  // With group scales the 32-bit sums of an outer step lie behind acc.
  const int64_t offset = params.scaled ? static_cast<int64_t>(sums.size()) * shape.vectorBytes : 0;
  if (params.scaled) {
    zero(x);
    for (size_t i = 0; i < sums.size(); ++i)
      store(ptr[acc + static_cast<int>(i * shape.vectorBytes + offset)], x);
  }
  const int64_t all = run.whole + (run.rest.groups ? 1 : 0), window = unitsPerWindow(all);
  const int64_t full = run.whole / window;
  const auto one = [&](int64_t whole, const Unit &rest, bool loops) {
    units(whole, rest, true, loops);
    widen(true, offset);
  };
  if (full > 1)
    loop(windows ? *windows : count, full, [&] { one(window, {}, windows.has_value()); });
  else if (full == 1)
    one(window, {}, true);
  if (const int64_t left = run.whole - full * window; left || run.rest.groups)
    one(left, run.rest, true);
  if (params.scaled)
    scaleSums(true);
}

void WindowsEmitter::end() {
  if (!params.widenEvery && !params.scaled)
    widen(params.addsToAcc);
}

void WindowsEmitter::tables() {
  const auto words = [&](Xbyak::Label &label, uint16_t word) {
    place(label);
    for (int i = 0; i < shape.vectorBytes / 2; ++i)
      dw(word);
  };
  padTo(shape.vectorBytes);
  words(onesAt, 1);
  if (!isNarrow())
    return;
  words(maskAt, 0x0f0f);
  if (!usesTables()) {
    words(biasAt, 0x0808);
    return;
  }
  for (int field = 0; field < fieldsPerNibble(); ++field) {
    place(fieldsAt[field]);
    for (int i = 0; i < shape.vectorBytes; ++i)
      db(static_cast<uint8_t>(fieldValue(i % 16, field, shape.weightBits)));
  }
  const int tail = tailBytes();
  if (shape.weightBits == 1 && tail && !isWide()) {
    place(tailMaskAt);
    for (int i = 0; i < shape.vectorBytes / dotGroup; ++i)
      dd((1u << (8 * tail)) - 1);
  }
}

template <int bits, int rows, int columnVectors, int bytes = x64::vectorBytes>
class Windows final : public WindowsEmitter {
public:
  static constexpr DotShape kernelShape{bits, rows, columnVectors, bytes};
  static_assert(bits == 8 || columnVectors == 1, "the nibbles of a vector are shared by consecutive groups only");
  static std::string checkMore(const DotParams &params) {
    constexpr int unit = kernelShape.info().unitGroups();
    if (params.bytes)
      return "the kernel has no result in bytes";
    if (params.widenEvery != 0 && params.widenEvery < unit)
      return "sums are widened after " + std::to_string(unit) + " groups or more, or at the end (0), not after " +
             std::to_string(params.widenEvery);
    return {};
  }
  Windows(const DotParams &params, std::span<uint8_t> buffer) : WindowsEmitter(params, kernelShape, buffer) {}
};

} // namespace

Emitted emitDotU8S8Windows(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Windows<8, 6, 2>>(params, buffer);
}

template <int bits>
Emitted emitDotWindows512(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Windows<bits, 24, 1, 64>>(params, buffer);
}
template Emitted emitDotWindows512<8>(const DotParams &params, std::span<uint8_t> buffer);
template Emitted emitDotWindows512<4>(const DotParams &params, std::span<uint8_t> buffer);
template Emitted emitDotWindows512<2>(const DotParams &params, std::span<uint8_t> buffer);
template Emitted emitDotWindows512<1>(const DotParams &params, std::span<uint8_t> buffer);

Emitted emitDotU8S4(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Windows<4, 12, 1>>(params, buffer);
}

Emitted emitDotU8S2(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Windows<2, 12, 1>>(params, buffer);
}

Emitted emitDotU8S1(const DotParams &params, std::span<uint8_t> buffer) {
  return emitDot<Windows<1, 12, 1>>(params, buffer);
}

} // namespace nibble::kernels::x64
