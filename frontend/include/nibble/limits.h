// What a machine can do at most, and how near to that a layer can come.
#ifndef NIBBLE_LIMITS_H
#define NIBBLE_LIMITS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nibble {

/// How often one core executes a sequence of instructions, on registers alone.
struct InstructionLimit {
  std::string name; ///< "vpmaddubsw+vpaddw"
  double rate = 0;  ///< Per second, in `unit`.
  std::string unit; ///< "ops" (2 per multiply-accumulate), "lookups" (of vpshufb) or "bits" (counted).
};

/// How fast one core reads from a level of memory.
struct MemoryLimit {
  std::string level;         ///< "L1", "L2", "L3", "DRAM"
  std::int64_t capacity = 0; ///< In bytes; of DRAM, more than there can be.
  double rate = 0;           ///< Bytes per second.
};

struct MachineLimits {
  /// Where they come from: "measured in this process", or the name of the machine of which they are known.
  std::string source;
  std::vector<InstructionLimit> instructions; ///< Empty where nothing is known of the architecture.
  std::vector<MemoryLimit> memory;            ///< From the nearest level on.
};

/// Measures this machine for about so many seconds (at least a tenth), with one thread. Nothing but `source` where
/// there are no loops for its architecture.
MachineLimits measure_limits(double seconds = 0.15);

/// Those of the machine on which the compiler's tables were made; `target` is a target string. Without limits for
/// another architecture than x86-64.
MachineLimits known_limits(std::string_view target);

struct Report;
struct LayerReport;

/// The least time that a layer can take.
struct Bound {
  double nanoseconds = 0; ///< For one image.
  std::string by;         ///< What it is up against: a sequence of instructions, or "L2", ... for reading and writing.
};

/// The longer of two times:
///   arithmetic   2 * macs operations, at the rate of the best sequence that the report's target has for the operands;
///                for kernels that need no proof about the weights, that of exact sums
///   memory       the layer's bytes, each moved once, from the level that holds what it touches in a tile of images
/// Padding and epilogues do not count. `threads` share both ideally. Empty where the report or the limits do not say
/// enough: no bytes, or a contraction for whose operands the target has no known instructions.
std::optional<Bound> bound_of(const Report &report, const LayerReport &layer, const MachineLimits &limits,
                              int threads = 1);

} // namespace nibble

#endif // NIBBLE_LIMITS_H
