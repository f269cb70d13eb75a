// The choice of a kernel for a contraction, with the reason why each faster one was passed over.
#ifndef NIBBLE_COMPILER_KERNELS_SELECT_H
#define NIBBLE_COMPILER_KERNELS_SELECT_H

#include "compiler/Kernels/Listed.h"

#include <functional>
#include <optional>

namespace nibble::kernels {

/// The pair of adjacent weights (k even and k + 1, as they lie in b) whose products can add up to most:
/// sum = max(w0+ + w1+, w0- + w1-) with the positive and the negative parts taken apart (rule R5 of docs/spec.md).
struct PairWeight {
  int64_t sum = 0; ///< 0..256.
  int64_t channel = 0;
  int64_t outer = 0; ///< The outer step,
  int64_t k = 0;     ///< and the even k within its run, of the first such pair.
};

/// Looks at every pair of `packed`, laid out as [tiles][outer][ceil(run / 4)][16][4] with zero pads; channel = 16 *
/// tile + n. The size must be tiles * packedBytes(outer, run), else the result is empty.
std::optional<PairWeight> worstPair(std::span<const int8_t> packed, int64_t tiles, int64_t outer, int64_t run);

/// Whether vpmaddubsw saturates for some activations in 0..activationMax = 2^bits - 1. Exact: activationMax * sum =
/// 32768 has no solution with sum <= 256, so the lower bound of 16 bits needs no case of its own.
constexpr bool pairSaturates(const PairWeight &worst, int64_t activationMax) {
  return activationMax * worst.sum > 32767;
}

/// How long 16-bit sums of products may grow for the actual weights (rule R5 of docs/spec.md). A lane sums the products
/// of one pair of neighbouring k values of one column over consecutive groups of 4 k; its final value must fit, while
/// wrapping on the way to it does no harm. Exact: the ends of every lane's range are taken by activations 0 and
/// activationMax that follow the signs of the weights, so with one group more some input overflows (unless `groups` is
/// the whole run).
struct SafeWindow {
  int64_t groups = 0;  ///< Any so many consecutive groups of one run are safe; 0: a single pair can saturate.
  bool whole = false;  ///< All products of a column, over all outer steps, are safe: no widening before the end.
  int64_t channel = 0; ///< Where the shortest window that is not safe begins, if groups is shorter than the run:
  int64_t outer = 0;   ///< the outer step,
  int64_t k = 0;       ///< and the first k within its run.
};

/// Looks at every lane of `packed`, laid out as for worstPair. Windows that start anywhere in a run are covered, so the
/// result holds for calls on a part of the taps as well. Empty for a wrong size, run < 1 or activationMax < 1.
std::optional<SafeWindow> safeWindow(std::span<const int8_t> packed, int64_t tiles, int64_t outer, int64_t run,
                                     int64_t activationMax);

/// Whether the taps of a row of the window are runs of their own (DotParams::taps), because other values lie between
/// them: other channels, or columns.
constexpr bool tapsLieApart(int64_t windowColumns, int64_t groups, int64_t columnDilation) {
  return windowColumns > 1 && (groups > 1 || columnDilation > 1);
}

/// Why the sums of `kernel` may be wrong for `packed`, laid out as for worstPair, with activations 0..activationMax and
/// sums that are widened after widenEvery groups (0: after all outer steps, or after each of them if they are
/// `scaled`); empty if they cannot. The proof that goes with Accumulation.
std::string unsafeSums(const KernelInfo &kernel, std::span<const int8_t> packed, int64_t tiles, int64_t outer,
                       int64_t run, int64_t activationMax, int64_t widenEvery, bool scaled);

/// Rows and tiles of columns of one call, at most kernel.maxRows together.
struct Blocking {
  int rows = 1, tiles = 1;
};

inline constexpr int mostTilesOfCall = 8;

/// The fastest blocking for `rows` rows that lie `aRowStride` bytes apart and at most `tiles` tiles. Of more than
/// mostTilesOfCall tiles it takes a divisor of that number. Rows a multiple of
/// 4096 bytes apart share the 8 ways of one set of the first-level cache, so that more than 6 of them would evict one
/// another at every line (a third of the speed): a caller that can choose pads such rows by 384 bytes, which spreads 12
/// of them evenly. Rows that do not fit that cache together (26 KiB leave room for weights) are best cut into blocks of
/// k, of which each passes all columns and adds to what they have (DotParams::addsToAcc).
Blocking blockingFor(const KernelInfo &kernel, int64_t rows, int64_t tiles, int64_t aRowStride);

/// The smallest and the largest weight.
struct WeightRange {
  int64_t min = 0, max = 0;
};

/// What selection knows of a contraction. The stored operands are q (not q - zero point) and w.
struct ContractionDesc {
  int activationBits = 8;
  bool activationSigned = false;
  /// The kernel sums stored q * w; whoever calls it adds -zeroPoint * (sum of w over the taps that were visited).
  int64_t activationZeroPoint = 0;
  int64_t tapValues = 0;      ///< k values of a tap, where a run has several: each lies in whole units of its own.
  int weightBits = 8;         ///< Of the signed grid.
  bool weightsBinary = false; ///< All are +1 or -1.
  std::optional<WeightRange> weightRange; ///< Of the actual weights; empty if they are not known.
  int64_t run = 0;
  int64_t outer = 0;
  bool groupScales = false; ///< An outer step is a group of k with a scale of its own (DotParams::scaled).
  std::function<bool(std::string_view)> hasFeature; ///< Of the target; an empty function means that it has none.
  std::optional<PairWeight> worstPair;              ///< Of the actual weights; empty if they are not known.
  std::optional<SafeWindow> window;                 ///< Of the actual weights and activations; likewise.
};

struct Rejection {
  std::string kernel;
  std::string reason; ///< A sentence for the report, such as "target has no avx2".
};

struct Selection {
  std::string kernel;                 ///< A name of the manifest, or "portable".
  int64_t widenEvery = 0;             ///< DotParams::widenEvery for it; of a listed kernel the most groups of a window.
  std::optional<ListedLength> listed; ///< Of a listed kernel.
  std::vector<Rejection> rejections;
  std::string choice; ///< Why this one, for the report, such as "predicted 12.1 us"; may be empty.
};

/// A kernel that was looked at for a contraction.
struct Candidate {
  std::string kernel;
  std::string reason;                                ///< Why it cannot compute the contraction; empty if it can.
  int64_t widenEvery = 0;                            ///< As in Selection.
  int weightBits = 0;                                ///< Of a weight in memory; 0: does not count in a choice.
  std::optional<ListedLength> listed = std::nullopt; ///< Of a listed kernel that can.
  std::string note = {};                             ///< What the report says beside a predicted time.
};

/// All kernels of the manifest, in its order.
std::vector<Candidate> candidatesFor(const ContractionDesc &desc);

/// Walks the kernels in their order to the first that is right for `desc`. How fast they are is the matter of Costs.h.
Selection selectKernel(const ContractionDesc &desc);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_SELECT_H
