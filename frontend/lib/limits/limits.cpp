// Measured limits of this machine, and those that are known.
#include "frontend/lib/limits/loops.h"

#include <nibble/limits.h>

#include <algorithm>

namespace nibble {

MachineLimits measure_limits(double seconds) {
  MachineLimits limits{"measured in this process", {}, {}};
  const double time = std::clamp(seconds, 0.1, 60.0);
  // In turns, so that a moment in which the machine is slow does not hit one of them alone.
  struct Turn {
    const limits::Loop *loop;
    long turns;
    double best;
  };
  constexpr int runs = 20;
  std::vector<Turn> turns;
  for (const limits::Loop &loop : limits::all_loops())
    if (limits::runs_here(loop))
      turns.push_back({&loop, 0, 1e9});
  const double share = time / 3 / runs / static_cast<double>(std::max<std::size_t>(turns.size(), 1));
  for (int run = 0; run < runs; ++run)
    for (Turn &turn : turns) {
      if (run == 0)
        turn.turns = limits::turns_for(*turn.loop, share);
      const double start = limits::seconds();
      turn.loop->run(turn.turns);
      turn.best = std::min(turn.best, limits::seconds() - start);
    }
  for (const Turn &turn : turns)
    limits.instructions.push_back(
        {turn.loop->name, static_cast<double>(turn.turns) * turn.loop->work_per_turn / turn.best, turn.loop->unit});
  if (limits::reads().empty())
    return limits;
  constexpr std::int64_t most = std::int64_t(96) << 20; // more than the caches of a core hold
  const limits::Pages pages(most);
  const std::vector<limits::Level> levels = limits::levels(most);
  for (const limits::Level &level : levels)
    limits.memory.push_back(
        {level.name, level.capacity,
         limits::bandwidth_of(pages.data(), level.bytes, time * 2 / 3 / static_cast<double>(levels.size()))});
  return limits;
}

MachineLimits known_limits(std::string_view target) {
  MachineLimits limits;
  if (!target.starts_with("x86_64-"))
    return limits;
#define NIBBLE_KNOWN_MACHINE(TEXT) limits.source = TEXT;
#define NIBBLE_KNOWN_INSTRUCTIONS(NAME, RATE, UNIT) limits.instructions.push_back({NAME, RATE, UNIT});
#define NIBBLE_KNOWN_MEMORY(LEVEL, CAPACITY, RATE) limits.memory.push_back({LEVEL, CAPACITY, RATE});
#include "frontend/lib/limits/known.def"
  return limits;
}

} // namespace nibble
