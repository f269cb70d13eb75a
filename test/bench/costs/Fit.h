// Costs that fit measured times.
#ifndef NIBBLE_TEST_BENCH_COSTS_FIT_H
#define NIBBLE_TEST_BENCH_COSTS_FIT_H

#include "compiler/Kernels/Costs.h"

#include <string>
#include <vector>

namespace nibble::bench {

struct Sample {
  kernels::Terms terms;
  double picoseconds;
  std::string what;
};

struct Fitted {
  kernels::Terms costs{};
  double meanError = 0, worstError = 0; ///< Shares of the measured time.
  /// (predicted - measured) / measured
  double errorOf(const Sample &sample) const;
};

/// The costs, none below zero, with the least sum of squares of relative errors.
Fitted fit(const std::vector<Sample> &samples);

/// The parts of Costs.def.
std::string costsHead(const std::string &machine);
std::string costsLine(std::string_view level, const std::string &kernel, bool oneRow, const Fitted &fitted);
std::string costsTail();

} // namespace nibble::bench

#endif
