// nibble::Progress: how far long work has come, as a bar on a terminal and as plain lines elsewhere.
#ifndef NIBBLE_PROGRESS_H
#define NIBBLE_PROGRESS_H

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

namespace nibble {

/// Reports progress on one piece of work of a known number of steps:
///
///   Progress progress("training small_cnn", steps);
///   for (...) progress.advance(1, "loss 0.41");
///   progress.finish("validation 91.2 %");
///
/// On a terminal: the label, a bar from 0 to 100 %, and at the end a line with the last message and the seconds taken.
/// Elsewhere: one line at most every `interval` seconds, and one at the end: "training small_cnn: 40 %, 12.3 s, 18.5 s
/// left, loss 0.41". Not for use by several threads at once.
class Progress {
public:
  enum class Mode {
    automatic, ///< A bar if the stream is standard output or error and a terminal, else lines.
    bar,
    lines,
    silent,
  };
  struct Options {
    Mode mode = Mode::automatic;
    double interval = 5;            ///< Least number of seconds between two lines.
    std::ostream *stream = nullptr; ///< Standard error if null; must outlive this object.
  };

  /// `total` steps; a total below 1 counts as 1.
  Progress(std::string label, std::int64_t total, const Options &options);
  Progress(std::string label, std::int64_t total) : Progress(std::move(label), total, Options{}) {}
  /// Ends the bar's line if finish() was not called.
  ~Progress();
  Progress(Progress &&) noexcept;
  Progress &operator=(Progress &&) noexcept;

  /// `steps` more steps are done (steps beyond the total and negative ones are ignored). A message replaces the one
  /// before it.
  void advance(std::int64_t steps = 1, const std::string &message = {});
  /// All work is done: shows 100 %, the message (or the last one) and the time taken. Later calls do nothing.
  void finish(const std::string &message = {});

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace nibble

#endif // NIBBLE_PROGRESS_H
