// Depthwise kernels for AVX2, AVX-VNNI and AVX-512 VNNI. A block of 32 channels is computed for all outputs before the
// next:
//
//   1. Each column of the input is interleaved once and put into `line`: its rows side by side, so that the four bytes
//      (or two words) of a lane are taps of one channel. What does not exist is padding, which costs nothing later.
//   2. Sums of several outputs at a time are read from there with the weights, and finished in registers.
//
// Both are done for a few outputs at a time, so that the processor has loads, shuffles and products to do at once.
//
// vpunpck works in halves of 128 bits, so that lanes of the four vectors of a block are in another order than channels
// (packDepthwise knows it); vpackssdw and vpackuswb at the end undo just that.
#include "compiler/Kernels/x64/DepthwiseLine.h"

#include "compiler/Kernels/x64/Emitter.h"

#include <algorithm>
#include <map>

namespace nibble::kernels::x64 {
namespace {

using Xbyak::Label;
using Xbyak::Reg64;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr int vectorBytes = 32, halfBytes = 16;
constexpr int blockVectors = 4;                            // of sums
constexpr int sumBytes = depthwiseBlock * sizeof(int32_t); // of an output

class DepthwiseEmitter final : public Emitter {
public:
  /// The encoding of vpdpbusd; `wide`: with 32 registers.
  DepthwiseEmitter(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, bool wide,
                   Xbyak::PreferredEncoding encoding, std::span<uint8_t> buffer)
      : Emitter(buffer), params(params), encoding(encoding), wide(wide),
        quads(kernel.products == DepthwiseProducts::Quads), halves(kernel.products == DepthwiseProducts::Halves),
        bytes(params.result == DepthwiseResult::Bytes),
        sets(depthwiseRows(kernel.products, params.windowRows, params.windowColumns)),
        entryBytes((halves ? 2 : blockVectors) * vectorBytes),
        columnBytes(static_cast<int64_t>(sets.size()) * entryBytes), record(recordBytes(kernel, params)),
        together(wide ? 4 : 3) {
    for (const DepthwiseRows &set : sets)
      groups += set.groups, widest = std::max(widest, set.span),
                            lastColumn = std::max(lastColumn, (set.groups - 1) * set.span);
  }

  Emitted emit();

private:
  void block(int channels);
  // Interleaving.
  void interleave(int64_t first, int64_t end, int channels);
  void column(int64_t entry, int64_t aColumn, int64_t lineColumn, int channels);
  void loadPixel(const Ymm &to, const RegExp &from, int channels);
  void loadPart(const Xmm &to, const RegExp &from, int count);
  // Sums.
  void outputs(int count, int64_t chunk, int channels);
  void addQuads(int count);
  void addPairs(int count);
  void addHalves(int count);
  void finishSums(int count);
  void finishBytes(int count, int channels);
  void storePart(const Xmm &from, RegExp to, int count);

  Ymm sum(int output, int vector) const { return Ymm(output * blockVectors + vector); }
  /// Group g, or what follows the groups, of a vector of b.
  Xbyak::Address bAt(int group, int vector) { return ptr[b + (group * blockVectors + vector) * vectorBytes]; }
  Xbyak::Address lineAt(int64_t column, size_t set, int vector) {
    return ptr[at +
               static_cast<int>(column * columnBytes + static_cast<int64_t>(set) * entryBytes + vector * vectorBytes)];
  }
  int64_t chunkColumns() const { return int64_t(together) * params.stride; }
  int64_t chunkBytes() const { return together * (bytes ? params.pixelStride : params.blocks() * sumBytes); }
  /// Columns that the outputs before number x need.
  int64_t needed(int64_t x) const { return (x - 1) * params.stride + lastColumn + 1; }
  bool exists(int64_t column) const {
    return column >= params.before && column < params.before + params.inputs && column < params.columns();
  }

  const DepthwiseParams params;
  const Xbyak::PreferredEncoding encoding;
  const bool wide, quads, halves, bytes;
  const std::vector<DepthwiseRows> sets;
  const int entryBytes; // Of `line`: one column and one set of rows.
  const int64_t columnBytes, record;
  const int together; // Outputs.
  int groups = 0, widest = 1;
  int lastColumn = 0;      // The last that an output reads, counted from the first of its window.
  int used = blockVectors; // Vectors of the current block that hold channels.
  // What the pointers have passed: columns of the input by `from`, chunks of outputs by `at` and `to`.
  int64_t passedColumns = 0, passedChunks = 0;
  int64_t firstColumn = 0, firstByte = 0; // Of the current outputs, from the pointers.

  const Reg64 a = arg0, b = arg1, out = arg2, line = arg3;
  const Reg64 from = rax, at = r8, count = r9, to = r10, blockCount = r11;
  const Ymm padding{13}, nothing{14};
  Label paddings, factors, offsets, lows, highs;
};

/// The first `count` < 16 bytes, others 0.
void DepthwiseEmitter::loadPart(const Xmm &to, const RegExp &from, int count) {
  int done = count >= 8 ? 8 : count >= 4 ? 4 : 0;
  if (done == 8)
    vmovq(to, ptr[from]);
  else if (done == 4)
    vmovd(to, ptr[from]);
  else
    vpxor(to, to, to);
  if (count - done >= 4) {
    vpinsrd(to, to, ptr[from + done], done / 4);
    done += 4;
  }
  if (count - done >= 2) {
    vpinsrw(to, to, ptr[from + done], done / 2);
    done += 2;
  }
  if (count > done)
    vpinsrb(to, to, ptr[from + done], done);
}

void DepthwiseEmitter::loadPixel(const Ymm &to, const RegExp &from, int channels) {
  const Xmm low(to.getIdx()), high(15);
  if (channels == depthwiseBlock)
    return vmovdqu(to, ptr[from]);
  if (channels < halfBytes)
    return loadPart(low, from, channels);
  vmovdqu(low, ptr[from]);
  if (channels == halfBytes)
    return;
  loadPart(high, from + halfBytes, channels - halfBytes);
  vinserti128(to, to, high, 1);
}

void DepthwiseEmitter::storePart(const Xmm &from, RegExp to, int count) {
  for (const int size : {8, 4, 2, 1}) {
    if (count < size)
      continue;
    if (size == 8)
      vmovq(ptr[to], from);
    else if (size == 4)
      vmovd(ptr[to], from);
    else if (size == 2)
      vpextrw(ptr[to], from, 0);
    else
      vpextrb(ptr[to], from, 0);
    count -= size;
    to = to + size;
    if (count)
      vpsrldq(from, from, size);
  }
}

/// Number `entry` of the columns from the first window on: pixels aColumn columns behind `from`, to where `at` stands
/// plus lineColumn columns.
void DepthwiseEmitter::column(int64_t entry, int64_t aColumn, int64_t lineColumn, int channels) {
  for (size_t s = 0; s < sets.size(); ++s) {
    const DepthwiseRows &set = sets[s];
    // Slots without a tap may hold anything.
    Ymm source[4] = {padding, padding, padding, padding};
    bool isPadding = true;
    for (int slot = 0; slot < set.height * set.span; ++slot) {
      const int row = slot % set.height, right = slot / set.height, y = set.first + row;
      if (row >= set.rows || y < params.firstRow || y >= params.lastRow || !exists(entry + right))
        continue;
      source[slot] = Ymm(slot);
      loadPixel(
          source[slot],
          from + static_cast<int>((y - params.firstRow) * params.aRowStride + (aColumn + right) * params.pixelStride),
          channels);
      isPadding = false;
    }
    const auto store = [&](int vector, const Ymm &value) { vmovdqu(lineAt(lineColumn, s, vector), value); };
    if (isPadding && quads) {
      for (int v = 0; v < used; ++v)
        store(v, padding);
      continue;
    }
    const Ymm low(4), high(5), low2(6), high2(7), value(8);
    vpunpcklbw(low, source[0], source[1]);
    vpunpckhbw(high, source[0], source[1]);
    if (halves) {
      store(0, low);
      if (used > 2)
        store(1, high);
      continue;
    }
    if (quads) {
      vpunpcklbw(low2, source[2], source[3]);
      vpunpckhbw(high2, source[2], source[3]);
    }
    for (int v = 0; v < used; ++v) {
      const Ymm &x = v < 2 ? low : high, &y = v < 2 ? low2 : high2;
      const Ymm result(value.getIdx() + v);
      if (quads && v % 2 == 0)
        vpunpcklwd(result, x, y);
      else if (quads)
        vpunpckhwd(result, x, y);
      else if (v % 2 == 0)
        vpunpcklbw(result, x, nothing);
      else
        vpunpckhbw(result, x, nothing);
      store(v, result);
    }
  }
}

/// Columns first..end-1.
void DepthwiseEmitter::interleave(int64_t first, int64_t end, int channels) {
  if (first >= end)
    return;
  vmovdqu(padding, ptr[rip + paddings]);
  if (!quads && !halves)
    vpxor(nothing, nothing, nothing);
  for (int64_t e = first; e < end; ++e)
    column(e, e - params.before - passedColumns, e - passedChunks * chunkColumns(), channels);
}

/// The columns of `line` that outputs 0..count-1 read of each set, with the pairs of output and group that do.
static std::map<std::pair<size_t, int64_t>, std::vector<std::pair<int, int>>>
readersOf(const std::vector<DepthwiseRows> &sets, int stride, int count) {
  std::map<std::pair<size_t, int64_t>, std::vector<std::pair<int, int>>> readers;
  int group = 0;
  for (size_t s = 0; s < sets.size(); ++s)
    for (int g = 0; g < sets[s].groups; ++g, ++group)
      for (int u = 0; u < count; ++u)
        readers[{s, int64_t(u) * stride + g * sets[s].span}].push_back({u, group});
  return readers;
}

// Weights of a vector stay in registers, columns are loaded once for all outputs that see them.
void DepthwiseEmitter::addQuads(int count) {
  // 16..31, or 12..15, which hold enough weights for 3 x 3.
  const int firstFree = wide ? 16 : 12, kept = wide ? 12 : 3, turning = wide ? 4 : 1;
  const auto load = [&](const Ymm &to, const Xbyak::Address &place) {
    wide ? vmovdqu32(to, place) : vmovdqu(to, place);
  };
  const auto readers = readersOf(sets, params.stride, count);
  int next = 0;
  for (int v = 0; v < used; ++v)
    for (int first = 0; first < groups; first += kept) {
      const int last = std::min(first + kept, groups);
      for (int g = first; g < last; ++g)
        load(Ymm(firstFree + g - first), bAt(g, v));
      for (const auto &[column, users] : readers) {
        const Ymm value(firstFree + kept + next % turning);
        bool isLoaded = false;
        for (const auto &[output, group] : users) {
          if (group < first || group >= last)
            continue;
          if (!isLoaded)
            load(value, lineAt(firstColumn + column.second, column.first, v));
          isLoaded = true;
          vpdpbusd(sum(output, v), value, Ymm(firstFree + group - first), encoding);
        }
        next += isLoaded;
      }
    }
}

// Weights are loaded once for all outputs; columns are operands in memory.
void DepthwiseEmitter::addPairs(int count) {
  const Ymm weights(12);
  int next = 0;
  for (int v = 0; v < used; ++v) {
    int group = 0;
    for (size_t s = 0; s < sets.size(); ++s)
      for (int g = 0; g < sets[s].groups; ++g, ++group) {
        vmovdqu(weights, bAt(group, v));
        for (int u = 0; u < count; ++u) {
          const Ymm product(13 + next++ % 3);
          vpmaddwd(product, weights, lineAt(firstColumn + int64_t(u) * params.stride + g * sets[s].span, s, v));
          vpaddd(sum(u, v), sum(u, v), product);
        }
      }
  }
}

// Sums of 16 bits of both halves of the weights, then 16 * high + low, which is a sum of products again. vpunpck puts
// the channels into the order of the other kernels.
void DepthwiseEmitter::addHalves(int count) {
  const Ymm low(12), high(13), value(14), product(15);
  for (int part = 0; 2 * part < used; ++part) {
    int group = 0;
    for (size_t s = 0; s < sets.size(); ++s)
      for (int g = 0; g < sets[s].groups; ++g, ++group) {
        vmovdqu(low, bAt(group, 2 * part));
        vmovdqu(high, bAt(group, 2 * part + 1));
        for (int u = 0; u < count; ++u) {
          const Ymm lows = sum(u, 2 * part), highs = sum(u, 2 * part + 1);
          vmovdqu(value, lineAt(firstColumn + int64_t(u) * params.stride + g * sets[s].span, s, part));
          if (!group) {
            vpmaddubsw(lows, value, low);
            vpmaddubsw(highs, value, high);
            continue;
          }
          vpmaddubsw(product, value, low);
          vpmaddubsw(value, value, high);
          vpaddw(lows, lows, product);
          vpaddw(highs, highs, value);
        }
      }
    vmovdqu(value, ptr[rip + factors]);
    for (int u = 0; u < count; ++u) {
      const Ymm first = sum(u, 2 * part), second = sum(u, 2 * part + 1);
      vpunpcklwd(product, first, second);
      vpunpckhwd(second, first, second);
      vpmaddwd(first, product, value);
      vpmaddwd(second, second, value);
      if (!params.hasStart)
        continue;
      vpaddd(first, first, bAt(groups, 2 * part));
      vpaddd(second, second, bAt(groups, 2 * part + 1));
    }
  }
}

void DepthwiseEmitter::finishSums(int count) {
  const Ymm value(wide ? 16 : 15);
  for (int u = 0; u < count; ++u)
    for (int part = 0; part < blockVectors; ++part) {
      const Ymm one = sum(u, part % 2 * 2), two = sum(u, part % 2 * 2 + 1);
      const auto place = ptr[to + static_cast<int>(firstByte + u * params.blocks() * sumBytes + part * vectorBytes)];
      if (wide) {
        vshufi32x4(value, one, two, part < 2 ? 0 : 3);
        vmovdqu32(place, value);
      } else {
        vperm2i128(value, one, two, part < 2 ? 0x20 : 0x31);
        vmovdqu(place, value);
      }
    }
}

void DepthwiseEmitter::finishBytes(int count, int channels) {
  const Ymm multiplier(wide ? 16 : 14), bias(wide ? 17 : 15);
  for (int v = 0; v < used; ++v) {
    vmovups(multiplier, bAt(groups + 1, v));
    vmovups(bias, bAt(groups + 2, v));
    for (int u = 0; u < count; ++u) {
      vcvtdq2ps(sum(u, v), sum(u, v));
      vfmadd213ps(sum(u, v), multiplier, bias);
      vcvtps2dq(sum(u, v), sum(u, v));
    }
  }
  for (int u = 0; u < count; ++u) {
    const Ymm value = sum(u, 0), upper = sum(u, 2);
    vpackssdw(value, value, sum(u, 1));
    vpackssdw(upper, upper, sum(u, 3));
    if (params.offset) {
      vpaddsw(value, value, ptr[rip + offsets]);
      vpaddsw(upper, upper, ptr[rip + offsets]);
    }
    vpackuswb(value, value, upper);
    if (params.low > 0)
      vpmaxub(value, value, ptr[rip + lows]);
    if (params.high < 255)
      vpminub(value, value, ptr[rip + highs]);
    const RegExp place = to + static_cast<int>(firstByte + u * params.pixelStride);
    const Xmm half(value.getIdx());
    if (channels == depthwiseBlock) {
      vmovdqu(ptr[place], value);
    } else if (channels < halfBytes) {
      storePart(half, place, channels);
    } else {
      vmovdqu(ptr[place], half);
      if (channels > halfBytes) {
        vextracti128(half, value, 1);
        storePart(half, place + halfBytes, channels - halfBytes);
      }
    }
  }
}

/// `count` outputs from the first of a chunk on.
void DepthwiseEmitter::outputs(int count, int64_t chunk, int channels) {
  firstColumn = (chunk - passedChunks) * chunkColumns();
  firstByte = (chunk - passedChunks) * chunkBytes();
  for (int v = 0; v < used && !halves; ++v) {
    if (params.hasStart)
      vmovdqu(sum(0, v), bAt(groups, v));
    else
      vpxor(sum(0, v), sum(0, v), sum(0, v));
    for (int u = 1; u < count; ++u)
      vmovdqa(sum(u, v), sum(0, v));
  }
  if (halves)
    addHalves(count);
  else if (quads)
    addQuads(count);
  else
    addPairs(count);
  if (bytes)
    finishBytes(count, channels);
  else
    finishSums(count);
}

void DepthwiseEmitter::block(int channels) {
  used = channels < halfBytes ? (channels + 3) / 4 : blockVectors;
  passedColumns = passedChunks = 0;
  mov(from, a);
  mov(at, line);
  mov(to, out);
  int64_t done = 0;
  const auto chunk = [&](int64_t k, int count) {
    const int64_t end = needed(k * together + count);
    interleave(done, end, channels);
    done = std::max(done, end);
    outputs(count, k, channels);
  };
  // Chunks whose columns lie inside the image, with all their neighbours, are alike.
  const int64_t chunks = params.outputs / together;
  const int64_t inside = std::min(params.before + params.inputs, params.columns()) - (widest - 1);
  int64_t k = 0;
  while (k < chunks && needed(k * together) < params.before)
    chunk(k, together), ++k;
  int64_t turns = 0;
  while (k + turns < chunks && needed((k + turns + 1) * together) <= inside)
    ++turns;
  if (turns > 1) {
    // What the first of them needs beside its own.
    interleave(done, needed(k * together), channels);
    done = needed(k * together);
    add(at, static_cast<uint32_t>(k * chunkColumns() * columnBytes));
    add(to, static_cast<uint32_t>(k * chunkBytes()));
    passedChunks = k;
    Label again;
    mov(count.cvt32(), static_cast<uint32_t>(turns));
    padTo(32);
    place(again);
    chunk(k, together);
    add(from, static_cast<uint32_t>(chunkColumns() * params.pixelStride));
    add(at, static_cast<uint32_t>(chunkColumns() * columnBytes));
    add(to, static_cast<uint32_t>(chunkBytes()));
    dec(count.cvt32());
    jnz(again, T_NEAR);
    passedColumns = turns * chunkColumns();
    passedChunks += turns;
    k += turns;
    done = needed(k * together);
  }
  for (; k < chunks; ++k)
    chunk(k, together);
  if (const int rest = static_cast<int>(params.outputs % together))
    chunk(k, rest);
}

Emitted DepthwiseEmitter::emit() {
  const int64_t whole = params.channels / depthwiseBlock;
  const int tail = static_cast<int>(params.channels % depthwiseBlock);
  if (whole) {
    Label again;
    if (whole > 1)
      mov(blockCount.cvt32(), static_cast<uint32_t>(whole));
    place(again);
    block(depthwiseBlock);
    if (whole > 1 || tail) {
      add(a, depthwiseBlock);
      add(b, static_cast<uint32_t>(record));
      add(out, bytes ? depthwiseBlock : sumBytes);
    }
    if (whole > 1) {
      dec(blockCount.cvt32());
      jnz(again, T_NEAR);
    }
  }
  if (tail)
    block(tail);
  leaveFunction();
  padTo(vectorBytes);
  const auto table = [&](Label &label, const auto &value, size_t size) {
    place(label);
    for (size_t i = 0; i < vectorBytes; i += size)
      for (size_t k = 0; k < size; ++k)
        db((static_cast<uint32_t>(value) >> (8 * k)) & 255);
  };
  table(paddings, params.zero, 1);
  if (halves)
    table(factors, 1 | 16 << 16, 4);
  if (bytes) {
    table(offsets, params.offset, 2);
    table(lows, params.low, 1);
    table(highs, params.high, 1);
  }
  return finish();
}

Emitted emitLine(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, bool wide,
                 Xbyak::PreferredEncoding encoding, std::span<uint8_t> buffer) {
  if (std::string refusal = depthwiseRefusal(params); !refusal.empty())
    return {0, false, std::move(refusal)};
  if (buffer.empty())
    return {0, true, {}};
  return DepthwiseEmitter(kernel, params, wide, encoding, buffer).emit();
}

} // namespace

Emitted emitDepthwise(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer) {
  return emitLine(kernel, params, false, Xbyak::VexEncoding, buffer);
}

Emitted emitDepthwise256Evex(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params,
                             std::span<uint8_t> buffer) {
  return emitLine(kernel, params, false, Xbyak::EvexEncoding, buffer);
}

Emitted emitDepthwise512(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, std::span<uint8_t> buffer) {
  return emitLine(kernel, params, true, Xbyak::EvexEncoding, buffer);
}

} // namespace nibble::kernels::x64
