// "Did you mean": the known name nearest to a misspelt one.
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace nibble {

/// Levenshtein distance: insertions, deletions and replacements of one character that turn `a` into `b`.
inline std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
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
