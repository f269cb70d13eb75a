// Static memory planning: greedy by size and by first use.
#include "compiler/Tile/MemoryPlan.h"
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace nibble {
namespace {

constexpr int64_t maxTotal = int64_t{1} << 61;
constexpr int64_t maxAlignment = int64_t{1} << 30;

int64_t roundUp(int64_t value, int64_t alignment) { return (value + alignment - 1) & ~(alignment - 1); }
int64_t reserved(const PlanBuffer &buffer) { return roundUp(buffer.bytes, buffer.alignment); }

std::optional<std::string> check(std::span<const PlanBuffer> buffers) {
  std::set<int64_t> ids;
  int64_t sum = 0;
  for (const PlanBuffer &buffer : buffers) {
    std::string name = "buffer " + std::to_string(buffer.id);
    if (!ids.insert(buffer.id).second)
      return name + " comes twice";
    if (buffer.alignment <= 0 || (buffer.alignment & (buffer.alignment - 1)) != 0 || buffer.alignment > maxAlignment)
      return name + ": alignment " + std::to_string(buffer.alignment) + " is not a power of two up to 2^30";
    if (buffer.bytes < 0)
      return name + " has " + std::to_string(buffer.bytes) + " bytes";
    if (buffer.lastUse < buffer.firstUse)
      return name + ": last use " + std::to_string(buffer.lastUse) + " is before first use " +
             std::to_string(buffer.firstUse);
    // With the most that alignment can add before and behind the buffer, so that no offset overflows later.
    sum += std::min(buffer.bytes, maxTotal) + 2 * buffer.alignment;
    if (sum > maxTotal)
      return name + " brings the sum of all sizes above 2^61 bytes";
  }
  return std::nullopt;
}

bool liveTogether(const PlanBuffer &a, const PlanBuffer &b) {
  return a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
}

/// Places the buffers in this sequence, each at the lowest offset that is free during its life; returns the arena's
/// size.
int64_t place(std::span<const PlanBuffer> buffers, std::span<const std::size_t> sequence,
              std::vector<int64_t> &offsets) {
  struct Placed {
    int64_t begin, end;
    std::size_t buffer;
    bool operator<(const Placed &other) const { return begin < other.begin; }
  };
  std::vector<Placed> placed; // sorted by offset
  offsets.assign(buffers.size(), 0);
  int64_t arena = 0;
  for (std::size_t i : sequence) {
    const PlanBuffer &buffer = buffers[i];
    if (buffer.bytes == 0)
      continue;
    int64_t size = reserved(buffer), offset = 0;
    for (const Placed &other : placed) {
      if (!liveTogether(buffer, buffers[other.buffer]))
        continue;
      if (other.begin >= offset + size)
        break; // the gap before `other` is wide enough, and all later ones begin behind it
      offset = std::max(offset, roundUp(other.end, buffer.alignment));
    }
    Placed entry{offset, offset + size, i};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), entry), entry);
    offsets[i] = offset;
    arena = std::max(arena, entry.end);
  }
  return arena;
}

int64_t largestLiveSum(std::span<const PlanBuffer> buffers) {
  // Change of the live sum at a position; a buffer lives through its last use, so it leaves at the position after.
  std::map<int64_t, int64_t> arrivals, departures;
  for (const PlanBuffer &buffer : buffers) {
    arrivals[buffer.firstUse] += reserved(buffer);
    departures[buffer.lastUse] += reserved(buffer);
  }
  int64_t live = 0, most = 0;
  auto leaving = departures.begin();
  for (const auto &[position, bytes] : arrivals) {
    for (; leaving != departures.end() && leaving->first < position; ++leaving)
      live -= leaving->second;
    live += bytes;
    most = std::max(most, live);
  }
  return most;
}

} // namespace

Result<MemoryPlan> planMemory(std::span<const PlanBuffer> buffers) {
  if (std::optional<std::string> error = check(buffers))
    return Failure{"memory plan: " + *error};
  std::vector<std::size_t> bySize(buffers.size());
  std::iota(bySize.begin(), bySize.end(), std::size_t{0});
  std::vector<std::size_t> byFirstUse = bySize;
  auto size = [&](std::size_t i) { return -reserved(buffers[i]); };
  std::sort(bySize.begin(), bySize.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(size(a), buffers[a].firstUse, buffers[a].id) <
           std::tuple(size(b), buffers[b].firstUse, buffers[b].id);
  });
  std::sort(byFirstUse.begin(), byFirstUse.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(buffers[a].firstUse, size(a), buffers[a].id) <
           std::tuple(buffers[b].firstUse, size(b), buffers[b].id);
  });

  MemoryPlan plan;
  std::vector<int64_t> other;
  plan.bytes = place(buffers, bySize, plan.offsets);
  if (int64_t bytes = place(buffers, byFirstUse, other); bytes < plan.bytes) {
    plan.bytes = bytes;
    plan.offsets = std::move(other);
  }
  plan.lowerBound = largestLiveSum(buffers);
  for (const PlanBuffer &buffer : buffers)
    plan.maxAlignment = std::max(plan.maxAlignment, buffer.alignment);
  return plan;
}

} // namespace nibble
