// Interleaved measurement.
#include "test/bench/compare/Timing.h"

#include <algorithm>
#include <stdexcept>
#include <time.h>

namespace nibble::bench {

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double Times::min() const { return *std::min_element(seconds.begin(), seconds.end()); }

double Times::median() const {
  std::vector<double> sorted = seconds;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

// Runs that are not longer than this come in pairs: in more time than this any cache is filled anew.
static constexpr double pairedSeconds = 5e-3;

/// Gives the time of one run, or drops the contestant.
static double runOnce(Contestant &contestant) {
  double start = now();
  try {
    if (contestant.prepare)
      contestant.prepare();
    start = now();
    contestant.run();
    ++contestant.runs;
  } catch (const std::exception &error) {
    contestant.error = error.what();
  }
  return now() - start;
}

/// Of the times that a contestant measured itself, those of the timed runs.
static void takeOwnTimes(Contestant &contestant) {
  try {
    const std::vector<double> all = contestant.ownTimes();
    if (all.size() != contestant.runs)
      throw std::runtime_error("it ran " + std::to_string(contestant.runs) + " times and measured " +
                               std::to_string(all.size()));
    contestant.times.seconds.clear();
    for (size_t run : contestant.timed)
      contestant.times.seconds.push_back(all[run]);
  } catch (const std::exception &error) {
    contestant.error = error.what();
  }
}

void interleave(std::vector<Contestant *> contestants, const TimingOptions &options) {
  auto dropFailed = [&] { std::erase_if(contestants, [](Contestant *c) { return !c->error.empty(); }); };
  double round = 0; // of the second warm-up: the first one pays for page faults and lazy preparation
  for (int warmUp = 0; warmUp < 2; ++warmUp) {
    round = 0;
    for (Contestant *contestant : contestants) {
      const double time = runOnce(*contestant);
      contestant->paired = time < pairedSeconds;
      round += contestant->paired ? 2 * time : time;
    }
    dropFailed();
  }
  int repetitions = options.repeat;
  if (repetitions <= 0)
    repetitions = static_cast<int>(std::clamp(options.seconds / std::max(round, 1e-9),
                                              static_cast<double>(options.least), static_cast<double>(options.most)));
  for (int i = 0; i < repetitions; ++i) {
    for (Contestant *contestant : contestants) {
      if (contestant->paired)
        runOnce(*contestant);
      contestant->timed.push_back(contestant->runs);
      contestant->times.seconds.push_back(runOnce(*contestant));
    }
    dropFailed();
  }
  for (Contestant *contestant : contestants)
    if (contestant->ownTimes)
      takeOwnTimes(*contestant);
}

} // namespace nibble::bench
