// The time of each layer, taken around the parallel regions of the code.
#include "compiler/Report/Profile.h"
#include "compiler/Emit/Call.h"
#include <algorithm>
#include <chrono>

namespace nibble::report {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::nano>(to - from).count();
}

/// A nibble_parallel that passes each loop on and adds its time to the layer whose turn it is. The entry runs the steps
/// of the report in their order, once for each tile of images.
class StepClock {
public:
  StepClock(const Model &model, const nibble_parallel *threads)
      : model(model), threads(threads), layers(model.layers.size()),
        own{this, threads ? threads->threads : 1, [](void *self, int64_t count, nibble_task task, void *context) {
              static_cast<StepClock *>(self)->step(count, task, context);
            }} {}

  const nibble_parallel *parallel() const { return &own; }
  void start() {
    std::fill(layers.begin(), layers.end(), 0);
    count = 0;
  }
  int64_t steps() const { return count; } ///< Since start().
  const std::vector<double> &times() const { return layers; }

private:
  void step(int64_t items, nibble_task task, void *context) {
    const auto begin = Clock::now();
    if (threads)
      threads->parallel_for(threads->pool, items, task, context);
    else if (items > 0)
      task(context, 0, items, 0);
    layers[model.steps[static_cast<size_t>(count++) % model.steps.size()].layer] += nanoseconds(begin, Clock::now());
  }

  const Model &model;
  const nibble_parallel *threads;
  std::vector<double> layers;
  int64_t count = 0;
  nibble_parallel own;
};

} // namespace

Time timeOf(std::vector<double> runs, int64_t images) {
  std::sort(runs.begin(), runs.end());
  const auto count = static_cast<double>(images);
  const size_t middle = runs.size() / 2;
  const double median = runs.size() % 2 ? runs[middle] : (runs[middle - 1] + runs[middle]) / 2;
  return {runs.front() / count, median / count};
}

Result<Profile> measure(const Model &model, int64_t images, int repeat, const nibble_parallel *threads,
                        const Call &call) {
  if (model.steps.empty() || model.batch < 1)
    return Failure{"the layers of " + model.name + " cannot be told apart in its code"};
  StepClock clock(model, threads);
  const int64_t tiles = (images - 1) / model.batch + 1, expected = tiles * static_cast<int64_t>(model.steps.size());
  std::vector<std::vector<double>> layers(model.layers.size());
  std::vector<double> total;
  for (int run = -1; run < repeat; ++run) { // the first one fills caches and wakes threads
    clock.start();
    const auto start = Clock::now();
    if (std::optional<Failure> failure = call(clock.parallel()))
      return *failure;
    const double time = nanoseconds(start, Clock::now());
    if (clock.steps() != expected)
      return Failure{model.name + " ran " + std::to_string(clock.steps()) + " steps where its report says " +
                     std::to_string(expected) + ": its layers cannot be told apart"};
    if (run < 0)
      continue;
    total.push_back(time);
    for (size_t i = 0; i < layers.size(); ++i)
      layers[i].push_back(clock.times()[i]);
  }
  Profile profile{images, repeat, clock.parallel()->threads, {}, timeOf(std::move(total), images)};
  for (std::vector<double> &runs : layers)
    profile.layers.push_back(timeOf(std::move(runs), images));
  return profile;
}

} // namespace nibble::report
