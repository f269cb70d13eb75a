// Look-up kernels: products of values of one or two bits, four bits of both operands at a time; and kernels that count
// bits of whole words of binary or ternary values.
//
// A kernel is a function of the System V x86-64 ABI,
//
//   void kernel(const uint32_t *a, const uint8_t *b, int32_t *acc, int64_t outer);
//
// that computes, for m < rows and n < columns,
//
//   acc[m * columns + n] = sum over o < outer, t < taps, c < channels of a[m][o][t][c] * w[n][o][t][c]
//
// and overwrites acc; outer <= 0 gives zeros, and outer must not exceed maxOuter. Every sum is exact: no proof about
// the weights is needed. Operands are (rules R3 and R4 of docs/spec.md)
//
//   Binary    one bit an element: 0 is +1, 1 is -1, so that the sum is K - 2 * popcount(a xor w), K = outer * taps *
//             channels;
//   Ternary   two bits an element in two's complement: 0, +1 or -1. The code of -2 counts as 0;
//   TwoBits   two bits an element: 0..3 in a, -2..1 in two's complement in b.
//
// a: the elements of (m, o, t) are fields of successive bytes, element 0 in the lowest bits of the first, at the byte
// offset m * aRowStride + o * aOuterStride + t * aTapStride; tapBytes() of them are read and nothing else. Unused bits
// of the last byte must be 0. These are the bytes of layout::bitsAlongLastDim, ternaryAlongLastDim and
// fieldsAlongLastDim with 32-bit words, each row of which is a tap.
//
// b: layout::lookupTile or layout::countTile, that is blocks of 32 columns; inside a block the bytes of (o, t) follow
// one another in order:
//   Nibbles   64 bytes for each byte of a: first those that meet its low four bits, one for each column, then those
//             that meet the high four bits. A byte holds four bits; the upper four are 0. Twice the size, and the form
//             that is fastest for more than two rows.
//   Packed    32 bytes for each byte of a: one for each column, with the same bits. For products of few rows, which
//             the width of memory limits.
//   Words     for each four bytes of a tap, of which the last may exist in part, words of 32 bits for each column. For
//             Binary 128 bytes, the signs, filled up with zeros; for Ternary 256, as ternaryWords() makes them.
// Block n / 32 starts at (n / 32) * bColumnStride, step o at o * bOuterStride; inside a step taps are contiguous. A
// window that hangs over a border is computed with pointers moved to its first tap, a smaller outer, and a kernel
// generated for fewer taps.
//
// No operand needs any alignment beyond that of its type; b and acc at multiples of 64 are 10 % faster. acc should be
// small enough to stay in the nearest cache: 12 to 24 rows of 128 columns are best where there is a choice. A kernel
// reads only the named bytes of a, only whole blocks of b, and writes only acc, which serves it as scratch before it
// holds the result. It keeps the callee-saved registers and mxcsr, clears the upper vector halves, uses 128 bytes of
// stack, and neither allocates nor calls anything. Its code is position independent.
#ifndef NIBBLE_COMPILER_KERNELS_BINARY_H
#define NIBBLE_COMPILER_KERNELS_BINARY_H

#include "compiler/Kernels/Kernels.h"

namespace nibble::kernels {

using LookupFn = void (*)(const uint32_t *a, const uint8_t *b, int32_t *acc, int64_t outer);

enum class LookupElements { Binary, Ternary, TwoBits };
enum class LookupWeights { Nibbles, Packed, Words };

inline constexpr int lookupColumns = 32;     ///< Columns of a block of b.
inline constexpr int lookupMaxColumns = 128; ///< Of one call.
inline constexpr int64_t lookupMaxRows = 4096;
inline constexpr int64_t countMaxBytes = 1 << 16; ///< Counts of 32 bits would take more; so many are tested.
/// Rows times blocks of columns of a call that counts: its sums are in registers.
inline constexpr int64_t countMaxBlocks = 12;

constexpr int lookupBits(LookupElements elements) { return elements == LookupElements::Binary ? 1 : 2; }
/// The entries of tables for four bits are 0..most: counts, or sums of two products plus a bias.
struct LookupEntries {
  int bias, most;
};
constexpr LookupEntries lookupEntries(LookupElements elements) {
  switch (elements) {
  case LookupElements::Binary:
    return {0, 4};
  case LookupElements::Ternary:
    return {2, 4};
  case LookupElements::TwoBits:
    break;
  }
  return {12, 18};
}
/// Bytes of a that a sum of look-ups may span: it has 16 bits, and two entries for each byte.
constexpr int64_t lookupMaxBytes(LookupElements elements) { return 65535 / (2 * lookupEntries(elements).most); }

/// What is baked into the code. Strides are in bytes.
struct LookupParams {
  int64_t rows = 1;       ///< 1..LookupKernelInfo::maxRows; look-ups loop over them: more are better than more calls.
  int columns = 32;       ///< A multiple of 32, at most lookupMaxColumns.
  int64_t channels = 0;   ///< Elements of a tap, at least 1.
  int64_t taps = 1;       ///< At least 1.
  int64_t maxOuter = 1;   ///< Most outer steps; maxOuter * taps * tapBytes <= LookupKernelInfo::maxBytes.
  int64_t aRowStride = 0; ///< Any number, as the next two.
  int64_t aTapStride = 0; ///< tapBytes makes one run of all taps of a step, which is fastest.
  int64_t aOuterStride = 0;
  int64_t bColumnStride = 0; ///< From a block of columns to the next; |bColumnStride| <= 2^26.
  int64_t bOuterStride = 0;  ///< Any number; for Words not 0 where there are several steps.
};

/// Bytes of a that hold the elements of one tap.
constexpr int64_t tapBytes(LookupElements elements, int64_t channels) {
  return channels / (8 / lookupBits(elements)) + (channels % (8 / lookupBits(elements)) != 0);
}

/// Bytes of b for one block of columns and the `bytes` bytes of a tap.
constexpr int64_t lookupBlockBytes(LookupElements elements, LookupWeights weights, int64_t bytes) {
  if (weights == LookupWeights::Words)
    bytes = (bytes + 3) / 4 * (elements == LookupElements::Ternary ? 8 : 4);
  return bytes * lookupColumns * (weights == LookupWeights::Nibbles ? 2 : 1);
}

/// The Words of ternary weights that lie as layout::countTile(rank, 2) says: for each four bytes of a tap a word for
/// each column that has both bits of a value where its weight is not 0, then a word for each column that has 10 for the
/// weight +1 and 01 for -1 and 0.
std::vector<uint8_t> ternaryWords(std::span<const uint8_t> fields);

struct LookupKernelInfo;
using LookupGenerateFn = Emitted (*)(const LookupKernelInfo &kernel, const LookupParams &params,
                                     std::span<uint8_t> buffer);

struct LookupKernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  LookupElements elements;
  LookupWeights weights;
  int vectorBytes; ///< 32 or 64.
  LookupGenerateFn emit;

  constexpr bool counts() const { return weights == LookupWeights::Words; }
  constexpr bool isWide() const { return vectorBytes == 64; }
  /// Bytes of a whose look-ups are summed in bytes; then in 16 bits. A lane has both look-ups of a byte of a, or one.
  constexpr int bytesBeforeWidening() const { return 255 / ((isWide() ? 1 : 2) * lookupEntries(elements).most); }
  /// Blocks of columns of a call of several rows, at which a kernel is fastest.
  constexpr int bestBlocks() const {
    return !counts() ? lookupMaxColumns / lookupColumns : elements == LookupElements::Ternary ? 2 : 1;
  }
  constexpr int64_t maxRows(int columns) const {
    return counts() ? countMaxBlocks * lookupColumns / columns : lookupMaxRows;
  }
  /// Of a weight, in memory.
  constexpr int weightBits() const {
    return static_cast<int>(lookupBlockBytes(elements, weights, 4) * lookupBits(elements) / (4 * lookupColumns));
  }
  /// Of a, in a sum.
  constexpr int64_t maxBytes() const { return counts() ? countMaxBytes : lookupMaxBytes(elements); }
};

/// All look-up kernels, in the order of Binary.def.
std::span<const LookupKernelInfo> lookupKernels();

/// The kernel of that name, or null.
const LookupKernelInfo *findLookupKernel(std::string_view name);

/// Why there is no code for `params`; empty if there is.
std::string lookupRefusal(const LookupKernelInfo &kernel, const LookupParams &params);

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const LookupKernelInfo &kernel, const LookupParams &params, size_t initialBytes = 16384);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_BINARY_H
