// Model::profile: the time of each layer of the code that run() executes.
#include "compiler/Report/Convert.h"
#include "frontend/lib/execute/model.h"

namespace nibble {

Profile Model::profile(std::span<const Array> inputs, const ProfileOptions &options) const {
  State &s = live(state_, "Model");
  constexpr int most = 1'000'000;
  if (options.repeat < 1 || options.repeat > most)
    throw Error("a profile of " + s.report.name + " needs a repeat of 1 to 1000000, got " +
                std::to_string(options.repeat));
  State::Call call = s.prepare(inputs);
  if (call.batch == 0)
    throw Error("a profile of " + s.report.name + " needs at least one image");

  std::lock_guard lock(s.mutex);
  // Nothing may be thrown through the compiler, which has no exceptions.
  const auto once = [&](const nibble_parallel *parallel) -> std::optional<Failure> {
    const std::int32_t status = s.program->run(call.pointers.data(), call.batch, s.arena.bytes().data(), parallel);
    return status == NIBBLE_OK ? std::nullopt
                               : std::optional(Failure{s.report.name + " failed: " + nibble_status_string(status)});
  };
  const Result<report::Profile> times =
      report::measure(s.program->report(), call.batch, options.repeat, s.threads.parallel(), once);
  if (!times)
    throw Error(times.error());
  auto profile = report::convert<Profile>(*times);
  if (options.limits)
    profile.limits = measure_limits();
  return profile;
}

Profile Model::profile(const Array &input, const ProfileOptions &options) const {
  return profile(std::span(&input, 1), options);
}

} // namespace nibble
