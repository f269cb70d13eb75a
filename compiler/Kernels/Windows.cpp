// The proof that sums of 16 bits suffice: how many groups of k may be added before one could overflow.
#include "compiler/Kernels/Select.h"

#include <algorithm>
#include <array>

namespace nibble::kernels {
namespace {

/// What the positive and the negative weights of a 16-bit lane in one group can add at most, for activations of 1.
struct Reach {
  int positive = 0, negative = 0;
};

/// A lane is a pair of neighbouring k values of one column: the low or the high one of the group.
Reach reachOf(const int8_t *pair) {
  return {std::max<int>(pair[0], 0) + std::max<int>(pair[1], 0),
          std::max<int>(-pair[0], 0) + std::max<int>(-pair[1], 0)};
}

/// Positive parts never shrink a sum, so the longest safe window is one less than the shortest that overflows, which
/// two pointers find: `first` follows `last` as far as the window still overflows.
class Lane {
public:
  explicit Lane(int64_t activationMax) : most{32767 / activationMax, 32768 / activationMax} {}

  void beginRun(int64_t groups) {
    reach.clear();
    reach.reserve(groups);
    window = {0, 0};
    first = {0, 0};
  }

  /// Adds the next group of the run; calls shorter(side, begin, length) for each window that overflows.
  template <typename Visit>
  void add(Reach next, Visit shorter) {
    reach.push_back({next.positive, next.negative});
    for (size_t side = 0; side < 2; ++side) {
      window[side] += reach.back()[side];
      total[side] += reach.back()[side];
      while (window[side] > most[side]) {
        shorter(first[side], static_cast<int64_t>(reach.size()) - first[side]);
        window[side] -= reach[first[side]++][side];
      }
    }
  }

  bool totalFits() const { return total[0] <= most[0] && total[1] <= most[1]; }

private:
  std::array<int64_t, 2> most, window = {0, 0}, total = {0, 0}, first = {0, 0}; // [positive, negative]
  std::vector<std::array<int, 2>> reach;
};

} // namespace

std::optional<SafeWindow> safeWindow(std::span<const int8_t> packed, int64_t tiles, int64_t outer, int64_t run,
                                     int64_t activationMax) {
  if (tiles < 0 || outer < 0 || run < 1 || activationMax < 1 ||
      static_cast<int64_t>(packed.size()) != tiles * packedBytes(outer, run))
    return std::nullopt;
  const int64_t groups = (run + dotGroup - 1) / dotGroup;
  SafeWindow safe{groups, true, 0, 0, 0};
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int n = 0; n < dotColumns; ++n)
      for (int pair = 0; pair < dotGroup; pair += 2) {
        Lane lane(activationMax);
        for (int64_t o = 0; o < outer; ++o) {
          lane.beginRun(groups);
          for (int64_t g = 0; g < groups; ++g) {
            const int64_t at = (((tile * outer + o) * groups + g) * dotColumns + n) * dotGroup + pair;
            lane.add(reachOf(packed.data() + at), [&](int64_t begin, int64_t length) {
              if (length - 1 < safe.groups)
                safe = {length - 1, false, tile * dotColumns + n, o, begin * dotGroup};
            });
          }
        }
        safe.whole &= lane.totalFits();
      }
  return safe;
}

} // namespace nibble::kernels
