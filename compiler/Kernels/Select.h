// The choice of a kernel for a contraction, with the reason why each faster one was passed over.
#ifndef NIBBLE_COMPILER_KERNELS_SELECT_H
#define NIBBLE_COMPILER_KERNELS_SELECT_H

#include "compiler/Kernels/Kernels.h"

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

/// What selection knows of a contraction. The stored operands are q (not q - zero point) and w.
struct ContractionDesc {
  int activationBits = 8;
  bool activationSigned = false;
  /// The kernel sums q * w; whoever calls it adds -zeroPoint * (sum of w over the taps that were visited).
  int64_t activationZeroPoint = 0;
  /// Padded taps are left out instead of being stored: which taps are visited then depends on the position.
  bool skipsPaddedTaps = false;
  int weightBits = 8; ///< Signed, stored one to a byte.
  int64_t run = 0;
  int64_t outer = 0;
  std::function<bool(std::string_view)> hasFeature; ///< Of the target; an empty function means that it has none.
  std::optional<PairWeight> worstPair;              ///< Of the actual weights; empty if they are not known.
};

struct Rejection {
  std::string kernel;
  std::string reason; ///< A sentence for the report, such as "target has no avx2".
};

struct Selection {
  std::string kernel; ///< A name of the manifest, or "portable".
  std::vector<Rejection> rejections;
};

/// Walks the kernels, fastest first, to the first that is right for `desc`.
Selection selectKernel(const ContractionDesc &desc);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_SELECT_H
