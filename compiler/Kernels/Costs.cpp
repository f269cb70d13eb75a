// Predicted times of kernels.
#include "compiler/Kernels/Costs.h"

#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Depthwise.h"

#include <algorithm>
#include <cstdio>

namespace nibble::kernels {
namespace {

constexpr CostLevel levels[] = {
#define NIBBLE_COST_LEVEL(NAME, FEATURES) {#NAME, FEATURES},
#include "compiler/Kernels/Costs.def"
};

struct Cost {
  std::string_view level, kernel;
  bool oneRow;
  Terms picoseconds;
};

constexpr Cost costs[] = {
#define NIBBLE_COST(LEVEL, KERNEL, ONE_ROW, ...) {#LEVEL, #KERNEL, ONE_ROW, {__VA_ARGS__}},
#include "compiler/Kernels/Costs.def"
};

constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

double number(int64_t n) { return static_cast<double>(n); }

/// The part of its taps that a window at a border sees, on the average, along one dimension: half of the window hangs
/// over at most.
double shareAtBorder(int64_t taps) { return 1 - number(taps / 2 + 1) / number(2 * taps); }

/// The same of all windows. Taps of the padding are skipped.
double shareOfTaps(const Work &work) {
  auto along = [](int64_t all, int64_t border, int64_t taps) {
    return all ? 1 - number(border) / number(all) * (1 - shareAtBorder(taps)) : 1;
  };
  return along(work.height, work.borderRows, work.rows) * along(work.width, work.borderColumns, work.columns);
}

/// Sums that the portable code around a kernel finishes: 8 channels at a time.
double resultsOf(const Work &work) { return number(work.pixels() * roundUp(work.outputs, 8)); }

Terms dotTerms(const KernelInfo &kernel, const Work &work, int64_t widenEvery) {
  const int64_t unit = int64_t(dotGroup) * kernel.unitGroups(), run = work.columns * work.channels;
  const int64_t k = work.rows * roundUp(run, unit), tiles = ceilDiv(work.outputs, kernel.columns);
  int64_t mostTiles = 1;
  const int64_t calls = work.calls([&](int64_t line) {
    const Blocking blocking = blockingFor(kernel, line, tiles, /*aRowStride=*/0);
    mostTiles = std::max<int64_t>(mostTiles, blocking.tiles);
    return ceilDiv(line, blocking.rows);
  });
  const double steps = number(k) * shareOfTaps(work), columns = number(tiles * kernel.columns),
               pixels = number(work.pixels()), tileCalls = number(ceilDiv(tiles, mostTiles));
  const double widenings = widenEvery ? number(work.rows * ceilDiv(ceilDiv(run, dotGroup), widenEvery)) : 0;
  return {pixels * columns * steps,
          number(calls) * columns * steps,
          pixels * steps * tileCalls,
          pixels * columns * widenings,
          resultsOf(work),
          number(calls) * tileCalls};
}

/// A call takes the lists of 8 columns; what it reads of them serves all its rows.
Terms listedTerms(const ListedKernelInfo &kernel, const Work &work, const ListedLength &length) {
  const double share = shareOfTaps(work), pixels = number(work.pixels()),
               calls = number(work.calls([&](int64_t line) { return ceilDiv(line, kernel.maxRows); })),
               tiles = number(ceilDiv(work.outputs, listedColumns)), groups = number(length.groups) * share;
  return {pixels * number(length.operations()) * share,
          calls * groups,
          pixels * groups,
          calls * tiles * number(work.rows),
          resultsOf(work),
          calls * tiles};
}

/// Rows of a call are looped over inside; 3 to 6 of them share tables and weights in registers.
Terms lookupTerms(const LookupKernelInfo &kernel, const Work &work) {
  const int64_t blocks = ceilDiv(work.outputs, lookupColumns),
                mostBlocks = isOneRow(work) ? lookupMaxColumns / lookupColumns : kernel.bestBlocks(),
                blocksOfCall = std::min(blocks, mostBlocks),
                rowsOfCall = kernel.counts() ? countMaxBlocks / blocksOfCall : 24,
                rowsTogether = kernel.counts() ? rowsOfCall : 3;
  const int64_t ofTap = tapBytes(kernel.elements, work.channels),
                bytes = work.rows * work.columns * (kernel.counts() ? roundUp(ofTap, 4) : ofTap);
  const double k = number(bytes * 8 / lookupBits(kernel.elements)) * shareOfTaps(work),
               columns = number(blocks * lookupColumns), pixels = number(work.pixels()),
               shares = number(ceilDiv(blocks, mostBlocks)),
               together = number(work.calls([&](int64_t line) { return ceilDiv(line, rowsTogether); })),
               calls = number(work.calls([&](int64_t line) { return ceilDiv(line, rowsOfCall); }));
  const double widenings =
      kernel.counts() ? 0 : number(work.rows * ceilDiv(work.columns * ofTap, kernel.bytesBeforeWidening()));
  return {pixels * columns * k,         together * columns * k, pixels * k * shares,
          pixels * columns * widenings, resultsOf(work),        calls * shares};
}

/// The rows of each column that the windows reach are interleaved. Up to half a block of channels takes half the time.
Terms depthwiseTerms(const Work &work) {
  const double columns = number(roundUp(work.outputs, depthwiseBlock / 2)), pixels = number(work.pixels()),
               taps = number(work.rows * work.columns), lines = number(work.images * work.height);
  return {pixels * columns * taps,
          lines * columns * taps,
          (pixels * number(work.stride) + lines * number(work.columns)) * columns * number(work.rows),
          0,
          resultsOf(work),
          lines};
}

/// Tiles of up to 6 pixels x 16 channels; `step` values of a tap go together. The last tile of a line is a whole one.
/// Where up to three images have one pixel each, it has a tile of one row and more channels; the last of more images
/// one of 4 rows if it has no more (Contraction.cpp).
Terms portableTerms(const Work &work, int64_t step) {
  constexpr int64_t rows = 6, restRows = 4, columns = 16, mostSingles = 3;
  constexpr double single = 0.25; // of the time of a tile; measured 0.15 (binary) to 0.33 (f32)
  const int64_t down = work.height - work.borderRows, across = work.width - work.borderColumns;
  const bool hasSingles = work.groups == 1 && work.images <= mostSingles;
  auto split = [&](int64_t pixelsOfImage) {
    if (hasSingles && pixelsOfImage == 1)
      return number(work.images) * single;
    const double tiles = number(ceilDiv(work.images * pixelsOfImage, rows));
    const int64_t left = work.images % rows;
    const bool hasRest = work.groups == 1 && work.flat && pixelsOfImage == 1 && left > 0 && left <= restRows;
    return hasRest ? tiles - 1 + number(restRows) / number(rows) : tiles;
  };
  const double blocks = number(ceilDiv(work.outputs, columns)), atRow = shareAtBorder(work.rows),
               atColumn = shareAtBorder(work.columns);
  double tiles = split(work.height * work.width), whole = tiles; // of these, what they compute
  if (!work.flat) {
    const double inner = split(down * across), top = number(work.borderRows) * split(across),
                 side = number(work.borderColumns) * split(down),
                 corner = number(work.borderRows * work.borderColumns) * split(1);
    tiles = inner + top + side + corner;
    whole = inner + top * atRow + side * atColumn + corner * atRow * atColumn;
  }
  const double k = number(work.rows * work.columns * roundUp(work.channels, step)) * whole * blocks,
               calls = tiles * blocks;
  return {k * rows * columns, k * columns, k * rows, 0, calls * rows * columns, 1};
}

Terms portableDepthwiseTerms(const Work &work) {
  return {resultsOf(work) * number(work.rows * work.columns) * shareOfTaps(work),
          0,
          0,
          0,
          resultsOf(work),
          number(work.images * work.height)};
}

bool hasAll(std::string_view features, const std::function<bool(std::string_view)> &has) {
  while (!features.empty()) {
    const std::string_view feature = features.substr(0, features.find(','));
    if (!has || !has(feature))
      return false;
    features.remove_prefix(std::min(features.size(), feature.size() + 1));
  }
  return true;
}

} // namespace

std::span<const CostLevel> costLevels() { return levels; }

std::string_view costMachine() {
#define NIBBLE_COST_MACHINE(TEXT) return TEXT;
#include "compiler/Kernels/Costs.def"
}

bool isOneRow(const Work &work) { return work.pixels() == 1; }

namespace {

/// Of one of the groups of `work`, whose outputs are those of the group alone.
std::optional<Terms> termsOfGroup(std::string_view kernel, const Work &work, int64_t widenEvery,
                                  const std::optional<ListedLength> &listed) {
  if (const KernelInfo *dot = findKernel(kernel))
    return dotTerms(*dot, work, widenEvery);
  if (const ListedKernelInfo *lists = findListedKernel(kernel))
    return listed ? std::optional(listedTerms(*lists, work, *listed)) : std::nullopt;
  if (const LookupKernelInfo *lookup = findLookupKernel(kernel))
    return lookupTerms(*lookup, work);
  if (kernel == "portable_binary")
    return portableTerms(work, 32);
  if (kernel == "portable_i16")
    return portableTerms(work, 2);
  if (kernel == "portable_f32")
    return portableTerms(work, 1);
  return std::nullopt;
}

} // namespace

std::optional<Terms> termsOf(std::string_view kernel, const Work &work, int64_t widenEvery,
                             const std::optional<ListedLength> &listed) {
  if (findDepthwiseKernel(kernel))
    return depthwiseTerms(work);
  if (kernel == "portable_depthwise")
    return portableDepthwiseTerms(work);
  Work group = work;
  group.outputs = work.outputs / work.groups;
  std::optional<Terms> terms = termsOfGroup(kernel, group, widenEvery, listed);
  if (terms)
    for (double &term : *terms)
      term *= number(work.groups);
  return terms;
}

std::optional<double> predict(const Candidate &candidate, const Work &work,
                              const std::function<bool(std::string_view)> &hasFeature) {
  const Cost *found = nullptr;
  for (const CostLevel &level : levels) {
    const bool reached = hasAll(level.features, hasFeature);
    if (!reached && found)
      continue;
    for (const Cost &cost : costs) // those of one row, if there are any, behind the others
      if (cost.level == level.name && cost.kernel == candidate.kernel && (!cost.oneRow || isOneRow(work)))
        found = &cost;
  }
  const std::optional<Terms> terms = termsOf(candidate.kernel, work, candidate.widenEvery, candidate.listed);
  if (!found || !terms)
    return std::nullopt;
  double picoseconds = 0;
  for (int i = 0; i < costTerms; ++i)
    picoseconds += (*terms)[i] * found->picoseconds[i];
  return picoseconds / 1000;
}

std::string durationText(double nanoseconds) {
  const double scale = nanoseconds < 999.5 ? 1 : nanoseconds < 999.5e3 ? 1e3 : nanoseconds < 999.5e6 ? 1e6 : 1e9;
  const char *unit = scale == 1 ? "ns" : scale == 1e3 ? "us" : scale == 1e6 ? "ms" : "s";
  const double value = nanoseconds / scale;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit);
  return text;
}

Selection chooseFastest(const std::vector<Candidate> &candidates, std::span<const std::optional<double>> predicted) {
  const size_t none = candidates.size();
  // From the end, so that one without costs finds the next one that has some.
  std::vector<size_t> like(candidates.size(), none); // whose prediction counts
  for (size_t i = candidates.size(), last = none; i-- > 0;)
    if (candidates[i].reason.empty())
      last = like[i] = predicted[i] ? i : last;
  const auto time = [&](size_t i) { return *predicted[like[i]]; };

  const auto isNarrower = [&](size_t i, size_t than) {
    return candidates[i].weightBits && candidates[i].weightBits < candidates[than].weightBits;
  };
  const auto fastestWhere = [&](auto &&where) {
    size_t fastest = none;
    for (size_t i = 0; i < candidates.size(); ++i)
      if (like[i] != none && where(i) && (fastest == none || time(i) < time(fastest)))
        fastest = i;
    return fastest;
  };
  size_t chosen = none;
  if (const size_t fastest = fastestWhere([](size_t) { return true; }); fastest != none) {
    size_t narrowest = fastest; // the first of the narrowest weights that are worth it
    for (size_t i = 0; i < candidates.size(); ++i)
      if (like[i] != none && isNarrower(i, narrowest) && time(i) <= time(fastest) * (1 + narrowWeights))
        narrowest = i;
    // Where narrow weights displace the fastest, so may kernels in front of them whose weights do not count.
    const auto fits = [&](size_t i) {
      return narrowest == fastest || candidates[i].weightBits == candidates[narrowest].weightBits ||
             (!candidates[i].weightBits && i < narrowest);
    };
    // Of those that are nearly as fast the first, unless its weights are wider.
    const size_t best = fastestWhere(fits);
    for (size_t i = candidates.size(); i-- > 0;)
      if (like[i] != none && fits(i) && !isNarrower(best, i) && time(i) <= time(best) * (1 + nearlyEqual))
        chosen = i;
  } else { // nothing is known of any
    for (size_t i = candidates.size(); i-- > 0;)
      if (candidates[i].reason.empty())
        chosen = i;
  }

  Selection selection;
  if (chosen == none) {
    for (const Candidate &candidate : candidates)
      selection.rejections.push_back({candidate.kernel, candidate.reason});
    return selection;
  }
  const bool known = like[chosen] != none;
  const auto prediction = [&](size_t i) {
    const std::string &note = candidates[i].note;
    const std::string text = durationText(time(i)) + (note.empty() ? "" : " (" + note + ")");
    return like[i] == i ? "predicted " + text
                        : "no costs are known; taken to be as fast as " + candidates[like[i]].kernel + ": " + text;
  };
  selection.kernel = candidates[chosen].kernel;
  selection.widenEvery = candidates[chosen].widenEvery;
  selection.listed = candidates[chosen].listed;
  const auto legal = std::count_if(candidates.begin(), candidates.end(), [](auto &c) { return c.reason.empty(); });
  selection.choice = known        ? prediction(chosen)
                     : legal == 1 ? "no other kernel takes the layer"
                                  : "no costs are known for this target; it comes first";
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::string reason = candidates[i].reason;
    if (i == chosen)
      continue;
    if (reason.empty() && like[i] == none)
      reason = known ? "no costs are known, and it comes behind " + selection.kernel
                     : "no costs are known for this target; " + selection.kernel + " comes first";
    else if (reason.empty())
      reason = prediction(i) + "; " + selection.kernel +
               (time(i) >= time(chosen) ? " "
                : isNarrower(chosen, i) ? ", whose weights are narrower, "
                                        : " comes first, with ") +
               durationText(time(chosen));
    selection.rejections.push_back({candidates[i].kernel, std::move(reason)});
  }
  return selection;
}

Selection chooseMeasured(const std::vector<Candidate> &candidates, std::span<const std::optional<double>> measured,
                         std::string_view note) {
  const auto hasTime = [&](size_t i) { return candidates[i].reason.empty() && measured[i]; };
  size_t chosen = candidates.size();
  for (size_t i = 0; i < candidates.size(); ++i)
    if (hasTime(i) && (chosen == candidates.size() || *measured[i] < *measured[chosen]))
      chosen = i;
  Selection selection;
  if (chosen == candidates.size())
    return selection;
  const auto text = [&](size_t i) { return "measured " + durationText(*measured[i]) + std::string(note); };
  selection.kernel = candidates[chosen].kernel;
  selection.widenEvery = candidates[chosen].widenEvery;
  selection.listed = candidates[chosen].listed;
  selection.choice = text(chosen);
  for (size_t i = 0; i < candidates.size(); ++i)
    if (i != chosen)
      selection.rejections.push_back(
          {candidates[i].kernel, hasTime(i) ? text(i) + "; " + selection.kernel + " " + durationText(*measured[chosen])
                                 : candidates[i].reason.empty() ? "it was not measured"
                                                                : candidates[i].reason});
  return selection;
}

} // namespace nibble::kernels
