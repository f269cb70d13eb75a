// Model::profile: the time of each layer, taken around the parallel regions of the code that run() executes.
#include "frontend/lib/execute/model.h"

#include <algorithm>
#include <chrono>

namespace nibble {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::nano>(to - from).count();
}

/// A nibble_parallel that passes each loop on and adds its time to the layer whose turn it is. The entry runs the steps
/// of the report in their order, once for each tile of images.
class StepClock {
public:
  StepClock(const Report &report, const nibble_parallel *threads)
      : report_(report), threads_(threads), times_(report.layers.size()),
        parallel_{this, threads ? threads->threads : 1, [](void *self, int64_t count, nibble_task task, void *context) {
                    static_cast<StepClock *>(self)->step(count, task, context);
                  }} {}

  const nibble_parallel *parallel() const noexcept { return &parallel_; }
  void start() {
    std::fill(times_.begin(), times_.end(), 0);
    steps_ = 0;
  }
  std::int64_t steps() const noexcept { return steps_; } ///< Since start().
  const std::vector<double> &times() const noexcept { return times_; }

private:
  void step(std::int64_t count, nibble_task task, void *context) {
    const auto start = Clock::now();
    if (threads_)
      threads_->parallel_for(threads_->pool, count, task, context);
    else if (count > 0)
      task(context, 0, count, 0);
    times_[report_.steps[static_cast<std::size_t>(steps_++) % report_.steps.size()].layer] +=
        nanoseconds(start, Clock::now());
  }

  const Report &report_;
  const nibble_parallel *threads_;
  std::vector<double> times_;
  std::int64_t steps_ = 0;
  nibble_parallel parallel_;
};

/// `runs` holds one time for each repetition.
Time timeOf(std::vector<double> runs, std::int64_t images) {
  std::sort(runs.begin(), runs.end());
  const auto count = static_cast<double>(images);
  const std::size_t middle = runs.size() / 2;
  const double median = runs.size() % 2 ? runs[middle] : (runs[middle - 1] + runs[middle]) / 2;
  return {runs.front() / count, median / count};
}

} // namespace

Profile Model::profile(std::span<const Array> inputs, const ProfileOptions &options) const {
  State &s = live(state_, "Model");
  constexpr int most = 1'000'000;
  if (options.repeat < 1 || options.repeat > most)
    throw Error("a profile of " + s.report.name + " needs a repeat of 1 to 1000000, got " +
                std::to_string(options.repeat));
  State::Call call = s.prepare(inputs);
  if (call.batch == 0)
    throw Error("a profile of " + s.report.name + " needs at least one image");
  if (s.report.steps.empty())
    throw Error("the layers of " + s.report.name + " cannot be told apart in its code");

  std::lock_guard lock(s.mutex);
  StepClock clock(s.report, s.threads.parallel());
  const std::int64_t tiles = (call.batch - 1) / s.report.batch_tile + 1,
                     expected = tiles * static_cast<std::int64_t>(s.report.steps.size());
  std::vector<std::vector<double>> layers(s.report.layers.size());
  std::vector<double> total;
  for (int run = -1; run < options.repeat; ++run) { // the first one fills caches and wakes threads
    clock.start();
    const auto start = Clock::now();
    check_status(s.program->run(call.pointers.data(), call.batch, s.arena.bytes().data(), clock.parallel()),
                 s.report.name);
    const double time = nanoseconds(start, Clock::now());
    if (clock.steps() != expected)
      throw Error(s.report.name + " ran " + std::to_string(clock.steps()) + " steps where its report says " +
                  std::to_string(expected) + ": its layers cannot be told apart");
    if (run < 0)
      continue;
    total.push_back(time);
    for (std::size_t i = 0; i < layers.size(); ++i)
      layers[i].push_back(clock.times()[i]);
  }
  Profile profile{call.batch, options.repeat, s.threads.count(), {}, timeOf(total, call.batch)};
  if (options.limits)
    profile.limits = measure_limits();
  for (const std::vector<double> &runs : layers)
    profile.layers.push_back(timeOf(runs, call.batch));
  return profile;
}

Profile Model::profile(const Array &input, const ProfileOptions &options) const {
  return profile(std::span(&input, 1), options);
}

} // namespace nibble
