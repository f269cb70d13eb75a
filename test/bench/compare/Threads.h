// Several threads beside one: the same compiled layer on the runtime's thread pool, and what that many threads can do.
#pragma once
#include "test/bench/compare/Measure.h"

namespace nibble::bench {

/// A line of the result: one case on one thread and on several.
struct ThreadRow {
  std::string op, operands, shape, kernel;
  int threads = 2;
  double gop = 0;
  std::optional<double> oneSeconds, seconds, medianSeconds; ///< On one thread; on all.
  double loopSpeedup = 0;                                   ///< Of a loop on registers alone.
  double readSeconds = 0; ///< In which all threads together read as many bytes as the case has.
  bool exact = false;     ///< The last run on all threads has the bits of the interpreter.
  double checked = 0;     ///< Share of the outputs that was compared.
  std::string error;      ///< Why there are no times.

  double speedup() const { return *oneSeconds / *seconds; }
  /// Of the rate at which all threads together read.
  double ofBandwidth() const { return readSeconds / *seconds; }
};

/// Empty for a case that one thread computes in less than `leastSeconds`.
std::optional<ThreadRow> measureThreads(const Case &c, const Machine &machine, const MeasureOptions &options,
                                        int threads, double leastSeconds);

std::string threadTableHead(int threads);
std::string threadTableLine(const ThreadRow &row);
/// Writes the rows to `path` and the machine to machine.json beside it; throws std::runtime_error.
void writeThreadJson(const std::string &path, const std::vector<ThreadRow> &rows, const Machine &machine);

} // namespace nibble::bench
