// Depthwise kernels: a row of output pixels of a convolution with one weight for each channel and tap.
//
// A kernel is a function of the System V x86-64 ABI,
//
//   void kernel(const uint8_t *a, const uint8_t *b, void *out, uint8_t *line);
//
// that computes, for x < outputs and c < channels,
//
//   sum[x][c] = start[c] + sum over y < windowRows, t < windowColumns of pixel(y, x * stride + t)[c] * w[c][y][t]
//
// where pixel(y, j) is the pixel at a + (y - firstRow) * aRowStride + (j - before) * pixelStride if firstRow <= y <
// lastRow and before <= j < before + inputs, and else padding: `zero` in all channels. a holds stored activations
// 0..255; with start[c] = -zero * sum of w[c] a zero point is corrected everywhere, whatever is padding. Sums wrap
// modulo 2^32 and nothing saturates on the way: they are exact for all weights whenever they fit, as rule R5 of
// docs/spec.md has proved; kernels with DepthwiseProducts::Halves need the proof of halvesFit besides.
//
// What becomes of the sums:
//   Sums   out is int32_t [outputs][channels rounded up to 32]; the places behind the last channel hold anything.
//   Bytes  out is uint8_t, pixels pixelStride bytes apart: clamp(round(fma(float(sum), multiplier[c], bias[c])) +
//          offset, low, high). Rounds as mxcsr says, which compiled code sets to nearest, ties to even. Right if
//          the result of the fma is between -2^31 and 2^31 - 128, for which the caller vouches.
//
// b is what packDepthwise makes: for each block of 32 channels, groups of taps whose products one instruction adds up,
// then start, then multiplier and bias for Bytes. `line` is scratch of lineBytes() bytes: each column of the input, its
// rows interleaved, which several outputs read; best at a multiple of 64 bytes and small enough for the nearest cache.
// b and line need no alignment.
//
// A kernel reads only existing pixels, of those only the `channels` bytes, and b; it writes only out (Bytes: only the
// channels of its pixels) and line. It keeps the callee-saved registers and mxcsr, clears the upper vector halves, uses
// no stack, and neither allocates nor calls anything. Its code is position independent.
#ifndef NIBBLE_COMPILER_KERNELS_DEPTHWISE_H
#define NIBBLE_COMPILER_KERNELS_DEPTHWISE_H

#include "compiler/Kernels/Kernels.h"

namespace nibble::kernels {

using DepthwiseFn = void (*)(const uint8_t *a, const uint8_t *b, void *out, uint8_t *line);

/// What one instruction multiplies and adds up in each lane.
enum class DepthwiseProducts {
  Quads,  ///< Four bytes in 32 bits: vpdpbusd.
  Halves, ///< Two bytes in 16 bits: vpmaddubsw, once for each half of the weights (splitWeight), which must fit.
  Pairs   ///< Two bytes, widened to 16 bits, in 32: vpmaddwd.
};
enum class DepthwiseResult { Sums, Bytes };

inline constexpr int depthwiseBlock = 32;     ///< Channels of a record of b.
inline constexpr int depthwiseMaxWindow = 16; ///< Rows or columns.
inline constexpr int64_t depthwiseMaxOutputs = 1 << 16;
inline constexpr int64_t depthwiseMaxStride = 1 << 25; ///< In bytes, so that displacements fit 32 bits.

/// What is baked into the code. Strides are in bytes.
struct DepthwiseParams {
  int64_t channels = 0;                    ///< At least 1.
  int64_t outputs = 1;                     ///< 1..depthwiseMaxOutputs pixels of one row of the result.
  int windowRows = 1, windowColumns = 1;   ///< 1..depthwiseMaxWindow each.
  int stride = 1;                          ///< Columns from one window to the next, 1..depthwiseMaxWindow.
  int firstRow = 0, lastRow = 1;           ///< The rows of the window that exist; none where they are equal.
  int64_t before = 0;                      ///< Columns of padding in front, fewer than windowColumns.
  int64_t inputs = 1;                      ///< Columns that exist; after them at most windowColumns more are read.
  int64_t aRowStride = 0, pixelStride = 0; ///< 0..depthwiseMaxStride.
  int zero = 0;                            ///< A padded value, 0..255.
  bool hasStart = true;                    ///< Else start is taken as 0 and not read.
  DepthwiseResult result = DepthwiseResult::Sums;
  int offset = 0, low = 0, high = 255; ///< Of Bytes: |offset| <= 1024, 0 <= low <= high <= 255.

  /// Columns of input and padding that the windows span.
  constexpr int64_t columns() const { return (outputs - 1) * stride + windowColumns; }
  constexpr int64_t blocks() const { return (channels + depthwiseBlock - 1) / depthwiseBlock; }
};

/// w = 16 * high + low with -8 <= low <= 7 and -8 <= high <= 8: the largest product of a byte of activations with one
/// of them is 2,040, so that 16 bits hold sums of 16 taps whatever the weights are.
struct WeightHalves {
  int8_t low, high;
};
constexpr WeightHalves splitWeight(int8_t w) {
  const int low = ((w + 8) & 15) - 8;
  return {static_cast<int8_t>(low), static_cast<int8_t>((w - low) / 16)};
}
/// Whether the sums of both halves of a channel's weights fit 16 bits, for activations 0..maxActivation.
bool halvesFit(std::span<const int8_t> weights, int64_t maxActivation);

/// Rows of the window that are interleaved: `rows` of them, and of `span` neighbouring columns, fill a lane. Slot k of
/// a lane is row k % height and column k / height.
struct DepthwiseRows {
  int first, rows;
  int height; ///< `rows` rounded up to a power of two.
  int span;   ///< Columns of a lane.
  int groups; ///< Lanes for all columns of the window.
};
std::vector<DepthwiseRows> depthwiseRows(DepthwiseProducts products, int windowRows, int windowColumns);

struct DepthwiseKernelInfo;
using DepthwiseGenerateFn = Emitted (*)(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params,
                                        std::span<uint8_t> buffer);

struct DepthwiseKernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  DepthwiseProducts products;
  DepthwiseGenerateFn emit;
};

/// Bytes of `line`, and those of a block of 32 channels in b.
int64_t lineBytes(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params);
int64_t recordBytes(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params);

/// For each channel, row-major. `multiplier` and `bias` are for Bytes.
struct DepthwiseConstants {
  std::span<const int8_t> weights; ///< [channels][windowRows][windowColumns]
  std::span<const int32_t> start;
  std::span<const float> multiplier, bias;
};
/// b. Channels behind the last are 0.
std::vector<uint8_t> packDepthwise(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params,
                                   const DepthwiseConstants &constants);

/// All depthwise kernels, in the order of Depthwise.def, which is that of selection.
std::span<const DepthwiseKernelInfo> depthwiseKernels();

/// The kernel of that name, or null.
const DepthwiseKernelInfo *findDepthwiseKernel(std::string_view name);

/// Why there is no code for `params`; empty if there is.
std::string depthwiseRefusal(const DepthwiseParams &params);

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, size_t initialBytes = 16384);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_DEPTHWISE_H
