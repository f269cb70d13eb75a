// Microkernels: the list of them, and the machine code of one for a given shape.
//
// A kernel is a function of the System V x86-64 ABI,
//
//   void kernel(const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);
//
// that computes, for t < tiles, m < rows and n < columns,
//
//   acc[(t * rows + m) * columns + n] = sum over o < outer, p < taps, k < run of
//       a[m * aRowStride + o * aOuterStride + p * aTapStride + k] * w[t][o][p][k][n]
//
// and overwrites acc (outer <= 0 gives zeros), or adds that to it (params.addsToAcc). a holds stored activations
// 0..maxActivation; whoever calls it corrects a zero point. The sum wraps modulo 2^32: it is exact whenever the final
// value fits, which rule R5 of docs/spec.md has proved beforehand, and for kernels with other Accumulation than Exact32
// if their own proof (Select.h) holds as well.
//
// b holds w as [outer][taps][ceil(groups / unit)][columns][4] bytes of unit = 8 / weightBits fields, with groups =
// ceil(run / 4): field g % unit of the byte at [g / unit][n][k] is step k of group g and column n. Fields of 8 bits are
// two's complement, those of 4 and 2 bits hold w + 8 and w + 2, those of 1 bit are signs (0 = +1, 1 = -1). Fields where
// k >= run stand for zero; those of one bit may hold anything. layout::dotTile declares it. No operand needs any
// alignment, but multiples of 64 bytes for b and acc are up to a tenth faster.
//
// With group scales (params.scaled, rule R7.5 of docs/spec.md) an outer step is a group of k, and acc holds f32:
//
//   acc[(t * rows + m) * columns + n] = fma(f32(sum over k < run of a[...] * w[t][o][k][n] + c[t][o][n]), s[t][o][n],
//   acc[...])
//
// over o in order, from +0 or from what is there (params.addsToAcc). Behind the fields of each outer step b holds s,
// then c, of 4 bytes for each column. As many elements behind acc are scratch memory of the kernel.
//
// With a result in bytes (params.bytes) the last two arguments are others,
//
//   void kernel(const uint8_t *a, const int8_t *b, uint8_t *out, const uint8_t *constants);
//
// outer is params.bytes->outer, and the sums become what Requantize.h says of sums, in place of acc: row m of tile t
// begins at out + m * rowStride + t * tileStride. The constants of tile t, a block of the kernel's columns, begin
// t * tileStride columns behind those of the first.
//
// A window of the taps of a padded convolution is a call with the same b: fewer outer steps, a shorter run, and a
// pointer into b, with bOuterStride = stepBytes(kernel, whole run). Its first k must be a multiple of 4 * unit, and
// where it ends before the whole run, its length a multiple of 4 (then no weight but its own meets an activation).
//
// A kernel reads only the named bytes of a (nothing between two runs, nothing behind the last) and whole units of b,
// writes only acc, keeps the callee-saved registers and mxcsr, clears the upper vector halves, uses no stack beyond 8
// bytes for each register that it saves, and neither allocates nor calls anything. Its code is position independent;
// align the function to 64 bytes for speed.
#ifndef NIBBLE_COMPILER_KERNELS_KERNELS_H
#define NIBBLE_COMPILER_KERNELS_KERNELS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nibble::kernels {

using DotFn = void (*)(const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);

inline constexpr int dotMaxRows = 6;       ///< Of the AVX2 kernels with 32-bit sums.
inline constexpr int dotColumns = 16;      ///< Of the AVX2 kernels with 32-bit sums, and of what the proofs look at.
inline constexpr int dotGroup = 4;         ///< k values that lie together in b.
inline constexpr int dotVectorColumns = 8; ///< Columns of one AVX2 vector of b.
inline constexpr int dotMaxTiles = 24;     ///< No kernel has more rows, so none more tiles.

inline constexpr int64_t maxByteStride = 1 << 25; ///< From a row of bytes to the next: displacements fit 32 bits.

/// How sums become bytes; what the constants are says Requantize.h.
struct ByteResult {
  int64_t outer = 1;                   ///< At least 0.
  int64_t rowStride = 0;               ///< 0..maxByteStride, in bytes; unused with one row.
  int64_t tileStride = 0;              ///< 0..2^20, in bytes, a multiple of the columns; unused with one tile.
  bool hasCorrection = true;           ///< Else it is 0, and not in the constants.
  int offset = 0, low = 0, high = 255; ///< |offset| <= 1024, 0 <= low <= high <= 255.
};

/// What is baked into the code of a dot kernel. Strides are in bytes and may be any number, negative ones included.
struct DotParams {
  int rows = dotMaxRows;    ///< Rows of a and acc, 1..kernel.maxRows; rows * tiles is at most that, too.
  int64_t aRowStride = 0;   ///< From a row to the next; unused with one row.
  int64_t aOuterStride = 0; ///< From a run to the next of the same row.
  int64_t run = 0;          ///< Contiguous k values per tap of an outer step, >= 1.
  int64_t bOuterStride = 0; ///< Of b, from an outer step to the next; 0: contiguous, taps * stepBytes(kernel, run).
  /// Accumulation::Windows16 only: groups of 4 k (in one run) after which the 16-bit sums are added to 32-bit ones, at
  /// least kernel.unitGroups(); 0: once, at the very end. At most what SafeWindow in Select.h allows.
  int64_t widenEvery = 0;
  bool addsToAcc = false;  ///< acc holds the sums of earlier k values, or a correction, which are kept.
  int tiles = 1;           ///< Tiles of columns per call: several for few rows, so that a is read once for them.
  int64_t bTileStride = 0; ///< Of b, from a tile to the next; unused with one. |.| <= 2^31 / dotMaxTiles.
  bool scaled = false;     ///< Group scales: kernel.scalesGroups() only, and one tap.
  int64_t taps = 1;        ///< Of an outer step, each a run of its own: where these do not follow one another in a.
  int64_t aTapStride = 0;  ///< From a tap to the next; unused with one.
  std::optional<ByteResult> bytes = std::nullopt; ///< kernel.storesBytes() only; neither with addsToAcc nor scaled.
};

/// Bytes of b for `outer` steps of `run` values and one tile of 16 columns at 8 bits.
constexpr int64_t packedBytes(int64_t outer, int64_t run) {
  return outer * ((run + dotGroup - 1) / dotGroup) * dotColumns * dotGroup;
}

/// What one run of a generator reports. Exactly one holds: size > 0, tooSmall, or an error message.
struct Emitted {
  size_t size = 0;       ///< Bytes written at the start of the buffer.
  bool tooSmall = false; ///< The buffer's content is worthless; try again with a larger one.
  std::string error;
};

/// Writes the code into `buffer`. The bytes do not depend on the buffer's address or earlier content.
using GenerateFn = Emitted (*)(const DotParams &params, std::span<uint8_t> buffer);

/// How the products of a kernel are summed, and so which proof about the weights it needs (Select.h).
enum class Accumulation {
  Exact32,  ///< In 32 bits: right for all weights.
  Pairs32,  ///< Pairs in 16 bits, then in 32: no pair may leave 16 bits (pairSaturates).
  Windows16 ///< In 16 bits over widenEvery groups, then in 32: no window of so many groups may leave 16 (safeWindow).
};

struct KernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  Accumulation accumulation;
  int weightBits;    ///< Of a field of b: 8, 4, 2 or 1.
  int maxActivation; ///< The largest stored activation.
  int maxRows;
  int columns; ///< Of a tile: a multiple of 8.
  GenerateFn emit;

  /// The groups whose fields share the bytes of b.
  constexpr int unitGroups() const { return 8 / weightBits; }
  constexpr int64_t unitBytes() const { return int64_t(columns) * dotGroup; }
  /// Whether the generator takes DotParams::scaled.
  constexpr bool scalesGroups() const {
    return accumulation == Accumulation::Windows16 || features.find("vnni") != std::string_view::npos;
  }
  /// Whether the generator takes DotParams::bytes: it keeps the sums in registers.
  constexpr bool storesBytes() const { return accumulation != Accumulation::Windows16; }
  /// What DotParams::scaled and bytes need beside `features`; empty if nothing.
  constexpr std::string_view featureOfScales() const { return features.starts_with("avx512") ? "" : "fma"; }
};

/// Bytes of b for one tap of `run` values and one tile of the kernel's columns.
constexpr int64_t stepBytes(const KernelInfo &kernel, int64_t run) {
  const int64_t unit = int64_t(dotGroup) * kernel.unitGroups();
  return (run + unit - 1) / unit * kernel.unitBytes();
}

/// The same with group scales: `run` is a group.
constexpr int64_t scaledStepBytes(const KernelInfo &kernel, int64_t run) {
  return stepBytes(kernel, run) + 2 * kernel.columns * int64_t(sizeof(float));
}

/// All kernels, in the order in which selection tries them.
std::span<const KernelInfo> allKernels();

/// The kernel of that name, or null.
const KernelInfo *findKernel(std::string_view name);

/// What a kernel of any family needs, separated by commas; nothing if there is no kernel of that name.
std::optional<std::string_view> featuresOf(std::string_view name);

/// Code, or the reason why there is none.
struct MachineCode {
  std::vector<uint8_t> bytes;
  std::string error;
  explicit operator bool() const { return error.empty(); }
};

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const KernelInfo &kernel, const DotParams &params, size_t initialBytes = 8192);

/// The assembler text (`.byte` lines) that stands for `bytes`: the body of a naked function in LLVM's inline assembly.
std::string bytesToAsm(std::span<const uint8_t> bytes);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_KERNELS_H
