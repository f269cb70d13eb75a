// Lists of groups of weights whose products can be summed in 16 bits (Listed.h).
#include "compiler/Kernels/Listed.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace nibble::kernels {
namespace {

constexpr int groupBytes = listedColumns * dotGroup, lanes = groupBytes / 2;

/// Sums of positive parts in each lane, then of negative ones, for activations of 1.
using Reach = std::array<int16_t, 2 * lanes>;

struct Group {
  int64_t k = 0; ///< In the segment or the run.
  std::array<int8_t, groupBytes> weights = {};
  Reach reach = {};
  int64_t weight = 0; ///< A measure of how hard it is to find others that fit.
};

/// What a lane may gather at most: a sum of positive parts, and of negative ones.
struct Most {
  int positive, negative;
  explicit Most(int64_t activationMax)
      : positive(static_cast<int>(32767 / activationMax)), negative(static_cast<int>(32768 / activationMax)) {}
  bool allows(int w0, int w1) const {
    return std::max(w0, 0) + std::max(w1, 0) <= positive && std::max(-w0, 0) + std::max(-w1, 0) <= negative;
  }
  bool allows(const Reach &sum) const {
    bool good = true;
    for (int lane = 0; lane < lanes; ++lane)
      good &= sum[lane] <= positive && sum[lanes + lane] <= negative;
    return good;
  }
};

Reach reachOf(std::span<const int8_t, groupBytes> weights) {
  Reach reach;
  for (int lane = 0; lane < lanes; ++lane) {
    const int8_t w0 = weights[2 * lane], w1 = weights[2 * lane + 1];
    reach[lane] = static_cast<int16_t>(std::max<int>(w0, 0) + std::max<int>(w1, 0));
    reach[lanes + lane] = static_cast<int16_t>(std::max<int>(-w0, 0) + std::max<int>(-w1, 0));
  }
  return reach;
}

Reach plus(const Reach &a, const Reach &b) {
  Reach sum;
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] = static_cast<int16_t>(a[i] + b[i]);
  return sum;
}

/// The weights of 8 channels in one segment.
using Segment = std::vector<std::array<int8_t, listedColumns>>;

Segment segmentOf(const ListedWeights &weights, int64_t tile, int64_t outer, int64_t segment) {
  Segment values(weights.segmentLength(), std::array<int8_t, listedColumns>{});
  const int64_t first = tile * listedColumns, last = std::min(first + listedColumns, weights.channels);
  for (int64_t c = first; c < last; ++c) {
    const int8_t *from = &weights.values[(c * weights.outer + outer) * weights.run + segment * weights.segmentLength()];
    for (size_t k = 0; k < values.size(); ++k)
      values[k][c - first] = from[k];
  }
  return values;
}

/// The groups of a segment, none of which saturates alone: as few as possible, by dynamic programming from the end.
class Cover {
public:
  Cover(const Segment &values, const Most &most) : values(values), most(most), best(values.size() + 1) {
    const auto length = static_cast<int64_t>(values.size());
    saturates.resize(length);
    for (int64_t k = 0; k + 1 < length; ++k)
      for (int n = 0; n < listedColumns; ++n)
        saturates[k] |= !most.allows(values[k][n], values[k + 1][n]);
    best[length].groups = 0;
    for (int64_t k = length - 1; k >= 0; --k)
      for (int64_t from = std::min(k, length - dotGroup); from >= std::max<int64_t>(0, k - dotGroup + 1); --from)
        for (int64_t end = from + dotGroup; end > k; --end) {
          const bool whole = !((k <= from && end >= from + 2 && saturates[from]) ||
                               (k <= from + 2 && end == from + dotGroup && saturates[from + 2]));
          const int64_t groups = best[end].groups + (whole ? 1 : 2);
          if (groups < best[k].groups)
            best[k] = {groups, from, end};
        }
    for (int64_t k = 0; k < length; k = best[k].end)
      add(k, best[k].from, best[k].end);
  }

  std::vector<Group> groups; ///< In the order of k. Those without weights are left out.

private:
  struct Step {
    int64_t groups = INT64_MAX, from = 0, end = 0; ///< A group at `from` that covers what comes before `end`.
  };

  void add(int64_t k, int64_t from, int64_t end) {
    Group group, rest;
    group.k = rest.k = from;
    for (int64_t i = k; i < end; ++i)
      for (int n = 0; n < listedColumns; ++n)
        group.weights[n * dotGroup + (i - from)] = values[i][n];
    for (int lane = 0; lane < lanes; ++lane)
      for (const int sign : {1, -1}) {
        const int w0 = sign * group.weights[2 * lane], w1 = sign * group.weights[2 * lane + 1];
        const int excess = std::max(w0, 0) + std::max(w1, 0) - (sign > 0 ? most.positive : most.negative);
        if (excess <= 0)
          continue;
        // The larger of two weights of at most 128 is no less than what is too much of their sum.
        const int larger = 2 * lane + (w1 > w0);
        rest.weights[larger] = static_cast<int8_t>(sign * excess);
        group.weights[larger] = static_cast<int8_t>(group.weights[larger] - sign * excess);
      }
    for (Group *g : {&group, &rest}) {
      g->reach = reachOf(g->weights);
      for (const int16_t sum : g->reach)
        g->weight += sum * sum;
      if (g->weight)
        groups.push_back(*g);
    }
  }

  const Segment &values;
  const Most most;
  std::vector<uint8_t> saturates; // the pair k, k + 1 in some column
  std::vector<Step> best;         // from k on
};

/// Groups that share a window, by their numbers.
using Window = std::vector<int>;

/// Puts at most `window` groups at a time together: result [size - 1] has the windows of that size. Groups are taken in
/// blocks of neighbours, whose activations stay in the first-level cache; of a block the heaviest group that is left
/// begins a window, and the heaviest that fit join it.
std::vector<std::vector<Window>> windowsOf(const std::vector<Group> &groups, int window, const Most &most) {
  constexpr int64_t mostOfBlock = 176;
  const auto all = static_cast<int64_t>(groups.size()), blocks = (all + mostOfBlock - 1) / mostOfBlock;
  std::vector<std::vector<Window>> bySize(window); // less one
  for (int64_t block = 0; block < blocks; ++block) {
    std::vector<int> left;
    for (int64_t i = block * all / blocks; i < (block + 1) * all / blocks; ++i)
      left.push_back(static_cast<int>(i));
    std::sort(left.begin(), left.end(), [&](int i, int j) {
      return groups[i].weight != groups[j].weight ? groups[i].weight > groups[j].weight : i < j;
    });
    std::vector<std::vector<Window>> formed(window);
    while (!left.empty()) {
      Window members;
      Reach sum = {};
      size_t kept = 0;
      for (const int i : left) {
        const Reach with = plus(sum, groups[i].reach);
        if (static_cast<int>(members.size()) < window && (members.empty() || most.allows(with))) {
          members.push_back(i);
          sum = with;
        } else {
          left[kept++] = i;
        }
      }
      left.resize(kept);
      std::sort(members.begin(), members.end());
      formed[members.size() - 1].push_back(std::move(members));
    }
    // In the order of k again: activations that are not near yet then come one after the other.
    for (int size = 0; size < window; ++size) {
      std::sort(formed[size].begin(), formed[size].end());
      bySize[size].insert(bySize[size].end(), formed[size].begin(), formed[size].end());
    }
  }
  return bySize;
}

/// Calls visit(the groups of each segment) for all runs in the order of the index; k is that of the run.
template <typename Visit>
void forEachRun(const ListedWeights &weights, const Most &most, Visit visit) {
  for (int64_t tile = 0; tile < weights.tiles(); ++tile)
    for (int64_t o = 0; o < weights.outer; ++o) {
      std::vector<std::vector<Group>> segments;
      for (int64_t s = 0; s < weights.segments; ++s) {
        const Segment values = segmentOf(weights, tile, o, s);
        segments.push_back(Cover(values, most).groups);
        for (Group &group : segments.back())
          group.k += s * weights.segmentLength();
      }
      visit(segments);
    }
}

template <typename T>
void put(std::vector<uint8_t> &bytes, size_t at, T value) {
  std::memcpy(&bytes[at], &value, sizeof value); // x86-64 is little-endian; so are the targets
}

template <typename T>
T get(std::span<const uint8_t> bytes, size_t at) {
  T value;
  std::memcpy(&value, &bytes[at], sizeof value);
  return value;
}

constexpr int64_t windowBytes(int groups) { return groups * (2 + groupBytes); }

int64_t entriesOf(const ListedWeights &weights, int window) {
  return weights.tiles() * weights.outer * weights.segments * window;
}

} // namespace

std::string listedRefusal(const ListedWeights &weights) {
  if (weights.activationMax < 1 || weights.activationMax > 255)
    return "activations reach " + std::to_string(weights.activationMax) + "; the kernel takes 1 to 255";
  if (weights.run > listedMaxRun)
    return "a run of " + std::to_string(weights.run) + " values; the kernel takes " + std::to_string(listedMaxRun);
  if (weights.run < 1 || weights.outer < 1 || weights.channels < 1 || weights.segments < 1 ||
      weights.run % weights.segments || weights.segmentLength() < dotGroup)
    return "lists are made of parts of at least " + std::to_string(dotGroup) + " values";
  return {};
}

ListedLength chooseListed(const ListedWeights &weights) {
  std::array<ListedLength, listedMaxWindow> lengths;
  for (int i = 0; i < listedMaxWindow; ++i)
    lengths[i].window = i + 1;
  const Most most(weights.activationMax);
  forEachRun(weights, most, [&](const std::vector<std::vector<Group>> &segments) {
    for (ListedLength &length : lengths)
      for (const std::vector<Group> &groups : segments) {
        length.groups += static_cast<int64_t>(groups.size());
        for (const auto &windows : windowsOf(groups, length.window, most))
          length.windows += static_cast<int64_t>(windows.size());
      }
  });
  for (ListedLength &length : lengths)
    length.bytes = (entriesOf(weights, length.window) + 1) * listedEntryBytes + length.groups * windowBytes(1);
  // A loop that ends costs about as much as a few operations for each of ten rows, and windows of more groups, whose
  // activations lie further apart, about 5 %.
  const int64_t runs = weights.tiles() * weights.outer;
  constexpr int64_t loopOperations = 3;
  const auto cost = [&](const ListedLength &length) {
    return (length.operations() + loopOperations * runs * length.window) * (100 + 5 * length.window);
  };
  return *std::min_element(lengths.begin(), lengths.end(),
                           [&](const ListedLength &a, const ListedLength &b) { return cost(a) < cost(b); });
}

std::vector<uint8_t> packListed(const ListedWeights &weights, int window) {
  const int64_t entries = entriesOf(weights, window);
  std::vector<uint8_t> b((entries + 1) * listedEntryBytes);
  const auto setEntry = [&](int64_t entry) {
    const int64_t at = entry * listedEntryBytes;
    put(b, at, static_cast<int32_t>(static_cast<int64_t>(b.size()) - at));
  };
  const auto fits = [&] { return b.size() <= INT32_MAX; };
  int64_t entry = 0;
  const Most most(weights.activationMax);
  forEachRun(weights, most, [&](const std::vector<std::vector<Group>> &segments) {
    if (!fits())
      return;
    std::vector<std::vector<std::vector<Window>>> bySize; // [segment][size - 1]
    bySize.reserve(segments.size());
    for (const std::vector<Group> &groups : segments)
      bySize.push_back(windowsOf(groups, window, most));
    for (int size = window; size > 0; --size)
      for (size_t s = 0; s < segments.size(); ++s) {
        setEntry(entry++);
        for (const Window &members : bySize[s][size - 1]) {
          const size_t at = b.size();
          b.resize(at + windowBytes(size));
          for (int i = 0; i < size; ++i) {
            const Group &group = segments[s][members[i]];
            put(b, at + 2 * i, static_cast<uint16_t>(group.k));
            std::copy(group.weights.begin(), group.weights.end(), b.begin() + at + 2 * size + i * groupBytes);
          }
        }
      }
  });
  if (!fits())
    return {};
  setEntry(entries);
  return b;
}

std::string checkListed(std::span<const uint8_t> b, const ListedWeights &weights, int window) {
  const int64_t entries = entriesOf(weights, window), size = static_cast<int64_t>(b.size());
  if (size < (entries + 1) * listedEntryBytes)
    return "b is shorter than its index";
  const Most most(weights.activationMax);
  const auto startOf = [&](int64_t entry) {
    return entry * listedEntryBytes + get<int32_t>(b, entry * listedEntryBytes);
  };
  if (startOf(0) != (entries + 1) * listedEntryBytes || startOf(entries) != size)
    return "b does not begin or end where its index says";
  for (int64_t number = 0; number < entries / window; ++number) {
    const std::string where = "segment " + std::to_string(number) + " of b ";
    const int64_t segment = number % weights.segments, o = number / weights.segments % weights.outer,
                  tile = number / weights.segments / weights.outer, firstK = segment * weights.segmentLength();
    std::vector<std::array<int, listedColumns>> sums(weights.segmentLength(), std::array<int, listedColumns>{});
    for (int groups = window; groups > 0; --groups) {
      const int64_t entry = ((tile * weights.outer + o) * window + window - groups) * weights.segments + segment,
                    begin = startOf(entry), end = startOf(entry + 1);
      if (begin < startOf(0) || end < begin || end > size || (end - begin) % windowBytes(groups))
        return where + "lies outside b or is not made of windows";
      for (int64_t at = begin; at < end; at += windowBytes(groups)) {
        Reach sum = {};
        for (int i = 0; i < groups; ++i) {
          const int64_t k = get<uint16_t>(b, at + 2 * i) - firstK;
          if (k < 0 || k + dotGroup > weights.segmentLength())
            return where + "has a group outside its values";
          std::array<int8_t, groupBytes> group;
          std::memcpy(group.data(), &b[at + 2 * groups + i * groupBytes], groupBytes);
          sum = plus(sum, reachOf(group));
          for (int j = 0; j < groupBytes; ++j)
            sums[k + j % dotGroup][j / dotGroup] += group[j];
        }
        if (!most.allows(sum))
          return where + "has a window that can overflow 16 bits";
      }
    }
    const Segment values = segmentOf(weights, tile, o, segment);
    for (size_t k = 0; k < sums.size(); ++k)
      if (!std::equal(sums[k].begin(), sums[k].end(), values[k].begin()))
        return where + "does not add up to the weights";
  }
  return {};
}

} // namespace nibble::kernels
