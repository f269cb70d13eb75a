// Rates of instruction sequences on registers alone, and of reading memory: what a machine can do at most.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nibble::limits {

/// A loop of independent instructions.
struct Loop {
  const char *name;    ///< "vpmaddubsw+vpaddw"
  const char *feature; ///< As nibble_cpu_has takes it.
  void (*run)(long turns);
  double work_per_turn; ///< In `unit`.
  const char *unit;     ///< "ops" (2 per multiply-accumulate), "lookups", "bits"
};

/// All that there are for this architecture, also those that this CPU cannot run.
std::span<const Loop> all_loops();
bool runs_here(const Loop &loop);
/// Turns that take about so many seconds.
long turns_for(const Loop &loop, double time);

/// A clock, in seconds.
double seconds();

/// Reading an array again and again.
struct Level {
  std::string name;      ///< "L1", "L2", "L3", "DRAM"
  std::int64_t capacity; ///< Bytes that fit this level; of DRAM, all that memory holds.
  std::int64_t bytes;    ///< Size of the array that is read.
};

/// The levels of this machine; of DRAM, `most` bytes are read.
std::vector<Level> levels(std::int64_t most);

/// The ways to read `bytes`, a multiple of 1024, once: in one stream and in four.
using Read = void (*)(const std::byte *data, std::int64_t bytes);
std::span<const Read> reads();

/// Bytes per second of the better way, measured for about so many seconds.
double bandwidth_of(const std::byte *data, std::int64_t bytes, double time);

/// Memory with something in it, in large pages where the system has some; given back by the destructor. Throws
/// std::bad_alloc.
class Pages {
public:
  explicit Pages(std::int64_t bytes);
  ~Pages();
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  const std::byte *data() const { return data_; }

private:
  std::byte *data_;
  std::int64_t bytes_;
};

} // namespace nibble::limits
