// What the machine can do at most: rates of instruction sequences on registers alone, and of reading memory.
#pragma once
#include "frontend/lib/limits/loops.h"
#include "test/bench/compare/Case.h"
#include "test/bench/compare/Timing.h"

#include <span>

namespace nibble::bench {

using Limit = limits::Loop;

/// Limits that this CPU can run; without `wide` those of AVX2 alone.
std::vector<const Limit *> limitsOfCpu(bool wide);

/// A way to compute products of operands, as a use of a limit.
struct RouteLimit {
  const Limit *limit;
  double opsPerWork; ///< Operations (2 per multiply-accumulate) that one unit of the limit's work stands for.
  double perRow;     ///< The part of the work's time that each row needs; the rest is done once for all rows.
  /// Operations per second at this rate of work.
  double boundOf(double rate, int64_t rows) const {
    return rate * opsPerWork / (perRow + (1 - perRow) / static_cast<double>(rows));
  }
};
/// The ways that this CPU has for a route.
std::vector<RouteLimit> limitsOf(Route route, bool wide);

/// A short run of a limit, to be measured beside kernels.
Contestant contestantOf(const Limit &limit);
/// Work per second at the shortest of its runs.
double rateOf(const Limit &limit, const Times &times);

/// Reading an array again and again.
struct Bandwidth {
  std::string level; ///< "L1", "L2", "L3", "DRAM"
  int64_t capacity;  ///< Bytes that fit this level; of DRAM, all that memory holds.
  int64_t bytes;     ///< Size of the array that was read.
  double bytesPerSecond;
};
/// L1, L2, L3 and DRAM, measured now. `seconds` for all together.
std::vector<Bandwidth> measureBandwidths(double seconds);
/// Reads `bytes` once, in each of the ways that measureBandwidths tries.
std::vector<Contestant> readersOf(double bytes);

/// The first level that holds `bytes`.
const Bandwidth &levelOf(std::span<const Bandwidth> levels, double bytes);

} // namespace nibble::bench
