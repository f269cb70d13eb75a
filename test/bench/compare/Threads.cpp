// Measurement of one case on one thread and on several.
#include "test/bench/compare/Threads.h"
#include "test/bench/compare/Ours.h"

#include <nibble/runtime.h>

#include <algorithm>
#include <stdexcept>

namespace nibble::bench {
namespace {

class Team {
public:
  explicit Team(int threads) {
    if (nibble_thread_pool_create(threads, &pool) != NIBBLE_OK)
      throw std::runtime_error("cannot start " + std::to_string(threads) + " threads");
  }
  ~Team() { nibble_thread_pool_destroy(pool); }
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  nibble_parallel parallel() const { return nibble_thread_pool_parallel(pool); }
  /// Calls `work` with each thread's number at the same time.
  template <typename Work>
  void all(const Work &work) const {
    const nibble_parallel team = parallel();
    team.parallel_for(
        team.pool, team.threads,
        [](void *context, int64_t begin, int64_t end, int32_t) {
          for (int64_t i = begin; i < end; ++i)
            (*static_cast<const Work *>(context))(i);
        },
        const_cast<Work *>(&work));
  }

private:
  nibble_thread_pool *pool = nullptr;
};

} // namespace

std::optional<ThreadRow> measureThreads(const Case &c, const Machine &machine, const MeasureOptions &options,
                                        int threads, double leastSeconds) {
  ThreadRow row{c.op(), c.operands.name, c.shape.str(), {}, threads, c.gop(), {}, {}, {}, 0, 0, false, 0, {}};
  const std::vector<RouteLimit> routes = limitsOf(c.operands.route, machine.wide);
  // A case that is short at a twentieth of the bound is not worth compiling.
  double fastest = 0;
  for (const auto &[limit, rate] : machine.limits)
    for (const RouteLimit &route : routes)
      if (limit == route.limit)
        fastest = std::max(fastest, route.boundOf(rate, c.shape.rows()));
  if (20e9 * c.gop() < fastest * leastSeconds)
    return std::nullopt;
  try {
    const Data data = makeData(c);
    const Team team(threads);
    Network network(c, data, machine.target, threads);
    row.kernel = network.kernel();
    network.withLayer([&](const Network::Layer &layer) {
      Contestant one{"1", layer.run}, all{"all", [&] { layer.runOn(team.parallel()); }};
      one.prepare = all.prepare = layer.prepare;
      Contestant loop = contestantOf(*routes.front().limit);
      Contestant loopOfAll{"loop", [&] { team.all([&](int64_t) { loop.run(); }); }};
      std::vector<Contestant *> contestants = {&one};
      interleave(contestants, {.repeat = 3});
      if (one.times.min() < leastSeconds)
        return;
      one.times = {};
      std::vector<std::vector<Contestant>> parts;
      for (int t = 0; t < threads; ++t)
        parts.push_back(readersOf(c.bytes() / threads));
      std::vector<Contestant> readers;
      for (size_t way = 0; way < parts.front().size(); ++way)
        readers.push_back({"read", [&, way] { team.all([&](int64_t t) { parts[t][way].run(); }); }});
      contestants = {&loop, &loopOfAll, &one};
      for (Contestant &reader : readers)
        contestants.push_back(&reader);
      contestants.push_back(&all); // last: it is what the check sees
      interleave(contestants, options.timing);
      for (const Contestant *contestant : contestants)
        if (!contestant->error.empty())
          throw std::runtime_error(contestant->error);
      row.oneSeconds = one.times.min();
      row.seconds = all.times.min();
      row.medianSeconds = all.times.median();
      row.loopSpeedup = threads * loop.times.min() / loopOfAll.times.min();
      row.readSeconds = readers.front().times.min();
      for (const Contestant &reader : readers)
        row.readSeconds = std::min(row.readSeconds, reader.times.min());
    });
    if (!row.seconds)
      return std::nullopt;
    row.checked = network.check(options.checkedMacs);
    row.exact = true;
  } catch (const std::exception &error) {
    row.error = oneLine(error.what());
  }
  return row;
}

} // namespace nibble::bench
