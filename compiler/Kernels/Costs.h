// How long kernels will take for a layer, predicted from a table of measurements (Costs.def), and the choice of the
// fastest. Nothing is measured when compiling: a prediction depends on the layer and the target alone.
//
// A prediction is a sum of six terms, counted from the layer's shape and the way in which the kernel cuts it into
// calls, each times a cost in picoseconds that nibble-costs has fitted to measured layers:
//
//   products      multiply-accumulates, with the columns and values of k that only fill blocks
//   weights       weights that are read and unpacked, once for the rows of a call
//   activations   activations that are read, once for the columns of a call
//   widenings     16-bit sums that are widened (Windows16 kernels), or sums of bytes (look-ups)
//   results       sums that are finished: zero point, requantisation, store
//   calls         calls of a kernel; for portable code, one
//
// Of listed kernels the products are vector operations, weights groups of a call, widenings lists that a call begins.
//
// Costs differ for products of one row (GEMV), for which kernels run other code, and from feature level to feature
// level, since the portable code around a generated kernel does.
#ifndef NIBBLE_COMPILER_KERNELS_COSTS_H
#define NIBBLE_COMPILER_KERNELS_COSTS_H

#include "compiler/Kernels/Select.h"

#include <array>

namespace nibble::kernels {

/// What a layer asks of whatever kernel computes it.
struct Work {
  int64_t images = 1, height = 1, width = 1; ///< Of the result.
  int64_t outputs = 1;                       ///< Channels of the result.
  int64_t rows = 1, columns = 1;             ///< Of the window.
  int64_t channels = 1;                      ///< Of a tap: those of the input divided by the groups.
  int64_t groups = 1;                        ///< Of channels; each is a product of its own.
  int64_t stride = 1;                        ///< Columns from one window to the next.
  int64_t borderRows = 0, borderColumns = 0; ///< Of the result, whose windows reach over the border.
  bool flat = false;                         ///< All pixels lie at the same distance: 1 x 1 windows, linear layers.

  int64_t pixels() const { return images * height * width; }
  /// Calls that compute all pixels if a line of n of them takes split(n).
  template <typename Split>
  int64_t calls(Split split) const {
    if (flat)
      return split(pixels());
    const int64_t down = height - borderRows, across = width - borderColumns;
    return images * (height * split(across) + borderColumns * (split(down) + borderRows));
  }
};

enum CostTerm { Products, Weights, Activations, Widenings, Results, Calls, costTerms };
using Terms = std::array<double, costTerms>;

/// How many of each term the kernel has for `work`; nothing for a name that is not known, or a listed kernel without
/// lists. `widenEvery` and `listed` are those of the candidate (Select.h).
std::optional<Terms> termsOf(std::string_view kernel, const Work &work, int64_t widenEvery,
                             const std::optional<ListedLength> &listed = std::nullopt);

/// Whether the kernel computes one row at a time for `work`.
bool isOneRow(const Work &work);

/// A set of target features for which kernels were measured.
struct CostLevel {
  std::string_view name;
  std::string_view features; ///< Of x86-64, separated by commas.
};
std::span<const CostLevel> costLevels();

/// The machine whose measurements Costs.def holds.
std::string_view costMachine();

/// Nanoseconds for a candidate, by the costs of the last level that the target has all features of and for which the
/// kernel was measured; if there is none, by those of the first level above. Empty: the kernel was never measured.
std::optional<double> predict(const Candidate &candidate, const Work &work,
                              const std::function<bool(std::string_view)> &hasFeature);

/// The fastest of the candidates that can compute the layer, where `predicted` (one for each, in nanoseconds; empty:
/// not known) says how fast they are. There are two exceptions. One that stands earlier is preferred if it is
/// `nearlyEqual`, which is what the table can tell; one whose weights are narrower in memory even if it takes
/// `narrowWeights` longer, because it leaves caches and memory to others, unless one in front of it whose weights do
/// not count is faster. A candidate without a prediction is taken to be as fast as the next one behind it that has one,
/// because manifests are ordered by speed; where nobody has one, the first is taken. Every other candidate gets a
/// reason. An empty kernel: none can.
Selection chooseFastest(const std::vector<Candidate> &candidates, std::span<const std::optional<double>> predicted);

inline constexpr double nearlyEqual = 0.05, narrowWeights = 1;

/// The one of the candidates that can compute the layer that took the least time when it was measured; those without a
/// time are passed over. `note` follows each time: " (cached)". An empty kernel: none can, or none has a time.
Selection chooseMeasured(const std::vector<Candidate> &candidates, std::span<const std::optional<double>> measured,
                         std::string_view note);

/// "12.1 us", three digits.
std::string durationText(double nanoseconds);

} // namespace nibble::kernels

#endif // NIBBLE_COMPILER_KERNELS_COSTS_H
