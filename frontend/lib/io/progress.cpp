// Progress: the bar is Boost's, the lines are ours.
#include <nibble/progress.h>

#include <algorithm>
#include <boost/timer/progress_display.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace nibble {

using Clock = std::chrono::steady_clock;

static bool isTerminal(const std::ostream &stream) {
  return (&stream == &std::cerr && ::isatty(STDERR_FILENO)) || (&stream == &std::cout && ::isatty(STDOUT_FILENO));
}

static std::string seconds(double s) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f s", s);
  return text;
}

struct Progress::State {
  std::string label, message = {};
  std::int64_t total, done = 0;
  Mode mode;
  double interval;
  std::ostream &stream;
  Clock::time_point start = Clock::now(), lastLine = start;
  std::optional<boost::timer::progress_display> bar = {};
  bool finished = false;

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

  void line() {
    double time = elapsed();
    stream << label << ": " << done * 100 / total << " %, " << seconds(time);
    if (done > 0 && done < total)
      stream << ", " << seconds(time / static_cast<double>(done) * static_cast<double>(total - done)) << " left";
    if (!message.empty())
      stream << ", " << message;
    stream << '\n' << std::flush;
    lastLine = Clock::now();
  }
};

Progress::Progress(std::string label, std::int64_t total, const Options &options) {
  std::ostream &stream = options.stream ? *options.stream : std::cerr;
  Mode mode = options.mode;
  if (mode == Mode::automatic)
    mode = isTerminal(stream) ? Mode::bar : Mode::lines;
  // The bar's library multiplies by 50 in double; percents here multiply by 100 in 64 bits.
  total = std::clamp<std::int64_t>(total, 1, INT64_MAX / 100);
  state_.reset(new State{
      .label = std::move(label), .total = total, .mode = mode, .interval = options.interval, .stream = stream});
  if (mode == Mode::bar)
    state_->bar.emplace(static_cast<unsigned long>(total), stream, state_->label + "\n");
}

Progress::Progress(Progress &&) noexcept = default;

Progress &Progress::operator=(Progress &&other) noexcept {
  state_.swap(other.state_);
  return *this;
}

Progress::~Progress() {
  // Work that was left early leaves half a bar behind; only a full one ends its own line.
  if (state_ && state_->bar && state_->done < state_->total)
    state_->stream << '\n' << std::flush;
}

void Progress::advance(std::int64_t steps, const std::string &message) {
  if (!state_ || state_->finished)
    return;
  State &s = *state_;
  if (!message.empty())
    s.message = message;
  steps = std::clamp<std::int64_t>(steps, 0, s.total - s.done);
  s.done += steps;
  if (s.bar && steps > 0)
    *s.bar += static_cast<unsigned long>(steps);
  else if (s.mode == Mode::lines && s.done < s.total &&
           std::chrono::duration<double>(Clock::now() - s.lastLine).count() >= s.interval)
    s.line();
}

void Progress::finish(const std::string &message) {
  if (!state_ || state_->finished)
    return;
  advance(state_->total - state_->done, message);
  State &s = *state_;
  s.finished = true;
  if (s.bar)
    s.stream << (s.message.empty() ? "" : s.message + ", ") << seconds(s.elapsed()) << '\n' << std::flush;
  else if (s.mode == Mode::lines)
    s.line();
}

} // namespace nibble
