// Listed kernels: u8 x s8 dot products in 16-bit sums that cannot overflow, exact for all weights, because the weights
// say which groups of k may be summed together.
//
// A kernel is a function of the System V x86-64 ABI,
//
//   void kernel(const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);
//
// that computes, for m < rows and n < 8, over the segments that the call names,
//
//   acc[m * 8 + n] = sum over o < outer, k of a[m * aRowStride + o * aOuterStride + k - firstK] * w[o][k][n]
//
// and overwrites acc (outer <= 0 gives zeros). Sums wrap modulo 2^32.
//
// A run, the k values of an outer step, has `segments` parts of equal length: one, or the taps of a row of a window, of
// which a call may take some. The weights of 8 channels in a segment are a list of groups: 4 neighbouring k values,
// from any k on, times 8 columns. Some groups make a window: their products are added up in 16 bits by vpmaddubsw and
// vpaddw, then to 32 bits. The list is made so that no lane of 16 bits (a pair of k of one column) can overflow:
//
//  - Groups begin where no pair in them can saturate: one k earlier than the first k that is missing, if that helps,
//    with a weight of 0 for what is there already; they cover 3 values then, not 4. Where nothing helps, the part of a
//    weight that is too much goes to a group of its own.
//  - Groups with large weights share a window with groups that have small ones in the same lanes.
//
// b points to an entry of an index of 32-bit numbers, [tile of 8 channels][outer][size][segment] and one behind the
// last: the distance in bytes from the entry to the list of the segment's windows of `window` groups (the first size),
// of `window` - 1 groups, ..., of 1 group. A list ends where that of the next entry begins, so that the lists of one
// size and neighbouring segments are one. A window is a 16-bit number for each of its groups, the k of the group in its
// run, then the weights of each, [8 columns][4]. packListed makes all of it; a call for outer steps from y0 on and
// segments from x0 on gets the entry [tile][y0][0][x0].
//
// With a result in bytes (params.bytes) the last two arguments are (uint8_t *out, const uint8_t *constants), as
// Kernels.h says of dot kernels.
//
// A kernel reads only values of a that belong to the segments, the entries of b and their windows, and writes only acc;
// all else is as Kernels.h says of dot kernels.
#ifndef NIBBLE_COMPILER_KERNELS_LISTED_H
#define NIBBLE_COMPILER_KERNELS_LISTED_H

#include "compiler/Kernels/Kernels.h"

#include <optional>

namespace nibble::kernels {

inline constexpr int listedColumns = 8;
inline constexpr int listedMaxWindow = 3;        ///< Groups in a window.
inline constexpr int64_t listedMaxRun = 1 << 16; ///< k has 16 bits.
inline constexpr int64_t listedEntryBytes = 4;   ///< Of the index.

/// What is baked into the code. Strides are in bytes.
struct ListedParams {
  int rows = 1;
  int64_t aRowStride = 0;   ///< From a row to the next; those of all rows must be reached by 32 bits.
  int64_t aOuterStride = 0; ///< From a run to the next of the same row.
  int window = 2;           ///< The most groups of a window in b.
  int64_t segments = 1;     ///< Of a step that the call takes,
  int64_t stepSegments = 1; ///< of all that a step has in b.
  int64_t firstK = 0;       ///< The k of the first segment, to which a points.
  std::optional<ByteResult> bytes = std::nullopt;
};

struct ListedKernelInfo;
using ListedGenerateFn = Emitted (*)(const ListedKernelInfo &kernel, const ListedParams &params,
                                     std::span<uint8_t> buffer);

struct ListedKernelInfo {
  std::string_view name;
  std::string_view features; ///< Separated by commas.
  int maxRows;
  ListedGenerateFn emit;
};

/// All listed kernels, in the order of Listed.def, which is that of selection.
std::span<const ListedKernelInfo> listedKernels();

/// The kernel of that name, or null.
const ListedKernelInfo *findListedKernel(std::string_view name);

/// Why there is no code for `params`; empty if there is.
std::string listedRefusal(const ListedKernelInfo &kernel, const ListedParams &params);

/// Generates `kernel` for `params`, with a buffer that grows from `initialBytes` as needed. Safe from several threads.
MachineCode generate(const ListedKernelInfo &kernel, const ListedParams &params, size_t initialBytes = 4096);

//===-- Lists ---------------------------------------------------------------------------------------------------===//

/// Weights [channels][outer][run], row-major, and the activations 0..activationMax that they meet.
struct ListedWeights {
  std::span<const int8_t> values;
  int64_t channels = 0, outer = 0, run = 0;
  int64_t segments = 1; ///< Divides run.
  int64_t activationMax = 255;

  constexpr int64_t tiles() const { return (channels + listedColumns - 1) / listedColumns; }
  constexpr int64_t segmentLength() const { return run / segments; }
  constexpr int64_t plainGroups() const { return tiles() * outer * ((run + dotGroup - 1) / dotGroup); }
};

/// Why there is no list of these weights; empty if there is.
std::string listedRefusal(const ListedWeights &weights);

/// How long the lists are.
struct ListedLength {
  int window = 1;      ///< The most groups of a window,
  int64_t windows = 0; ///< windows in all of b,
  int64_t groups = 0;  ///< and their groups;
  int64_t bytes = 0;   ///< of b.
  /// Vector operations for a row: vpmaddubsw for each group, vpaddw between them, vpmaddwd and vpaddd.
  constexpr int64_t operations() const { return 2 * groups + windows; }
};

/// The windows that take the fewest operations. For weights that are not refused.
ListedLength chooseListed(const ListedWeights &weights);

/// b for windows of at most that many groups; empty if it would have 2^31 bytes. For weights that are not refused.
std::vector<uint8_t> packListed(const ListedWeights &weights, int window);

/// The proof, from b itself: what is wrong with it; empty if its groups lie in their segments, add up to the weights,
/// and no 16-bit lane overflows in any window.
std::string checkListed(std::span<const uint8_t> b, const ListedWeights &weights, int window);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_LISTED_H
