// Static memory planning: offsets in one arena for buffers whose life times are known. Plain C++: no MLIR.
//
// Method: greedy by size and greedy by first use (in the manner of Y. Pisarchyk, J. Lee, "Efficient Memory Management
// for Deep Neural Net Inference", 2020, section 5, "offset calculation"): buffers are placed one after the other,
// largest first or first used first, each at the lowest offset where it overlaps no buffer placed before that lives at
// the same time. The smaller of the two plans is returned. Finding the best plan is NP-hard; `lowerBound` says how far
// away it can be at most.
#pragma once
#include "compiler/Support/Result.h"
#include <cstdint>
#include <span>
#include <vector>

namespace nibble {

struct PlanBuffer {
  int64_t id = 0;         ///< for messages, and to break ties: unique
  int64_t bytes = 0;      ///< >= 0; a buffer of 0 bytes gets offset 0 and is in no one's way
  int64_t alignment = 64; ///< of the offset: a power of two up to 2^30; the arena must be aligned to maxAlignment
  int64_t firstUse = 0;   ///< position of the first operation that writes it
  int64_t lastUse = 0;    ///< position of the last operation that reads it, inclusive; >= firstUse
};

struct MemoryPlan {
  std::vector<int64_t> offsets; ///< in bytes, in the order of the input
  int64_t bytes = 0;            ///< of the arena
  int64_t lowerBound = 0;       ///< no plan is smaller: max over positions of the sum of the live buffers
  int64_t maxAlignment = 1;     ///< of the buffers
};

/// Every buffer takes its size rounded up to its alignment, in the plan and in the lower bound. The result depends only
/// on the set of buffers, not on their sequence. Time O(n^2). Error: a negative size, an alignment that is no power of
/// two up to 2^30, a last use before the first, an id used twice, or a sum of sizes above 2^61.
Result<MemoryPlan> planMemory(std::span<const PlanBuffer> buffers);

} // namespace nibble
