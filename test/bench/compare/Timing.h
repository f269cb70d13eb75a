// Interleaved measurement of several programs that compute the same.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace nibble::bench {

struct Times {
  std::vector<double> seconds; ///< One per repetition.
  double min() const;
  double median() const;
};

/// One of the programs that are measured in turn.
struct Contestant {
  std::string name;
  /// Runs once; the harness takes the time.
  std::function<void()> run;
  /// Before each run, not timed.
  std::function<void()> prepare = {};
  /// For programs in another process: after the last repetition, the times of all runs as they measured them
  /// themselves. May throw.
  std::function<std::vector<double>()> ownTimes = {};
  Times times = {};
  std::vector<size_t> timed = {}; ///< Which runs `times` are of.
  size_t runs = 0;
  bool paired = false;    ///< Each timed run has one in front that is not.
  std::string error = {}; ///< Why there are no times.
};

struct TimingOptions {
  double seconds = 0.6; ///< Of all contestants together; at least `least` repetitions take place all the same.
  int repeat = 0;       ///< Repetitions; 0: as many as fit the time.
  int least = 3, most = 400;
};

double now();

/// Warms each contestant up, then runs them in turn: one repetition is one timed run of each. In front of it comes a
/// run that is not timed, unless a run takes long: what fits a cache is in the cache, as when a program runs alone. A
/// contestant that throws drops out with its message.
void interleave(std::vector<Contestant *> contestants, const TimingOptions &options);

} // namespace nibble::bench
