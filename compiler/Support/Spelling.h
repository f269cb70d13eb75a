// "Did you mean": the known name nearest to a misspelt one.
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nibble {

/// Insertions, deletions, replacements of one character and exchanges of two neighbours that turn `a` into `b`, no part
/// of the text edited twice (Damerau's distance in its restricted form, "optimal string alignment").
inline std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, row(b.size() + 1), next(b.size() + 1); // for two, one and no characters of `a` less
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j] + (a[i] != b[j]), row[j + 1] + 1, next[j] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before = row;
    std::swap(row, next);
  }
  return row.back();
}

/// The first of the nearest candidates, or an empty view when none is near enough to be a misspelling: more than half
/// of the longer name would have to change. Names longer than 64 characters have no nearest spelling.
inline std::string_view nearestSpelling(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t bestDistance = 65;
  if (name.size() > 64)
    return best;
  for (std::string_view candidate : candidates) {
    std::size_t distance = editDistance(name, candidate);
    if (distance < bestDistance && 2 * distance <= std::max(name.size(), candidate.size())) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

} // namespace nibble
