// The limits of the machine as contestants, and which of them bounds which operands.
#include "test/bench/compare/Limits.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace nibble::bench {
namespace {

struct RouteUse {
  Route route;
  const char *limit;
  double opsPerWork;
  const char *perRow = nullptr; ///< The limit that is the part which each row needs; null: all of it.
};
// Ternary by population count: one of the places where both are not zero, one of those where the signs differ.
const RouteUse uses[] = {
    {Route::Fma, "fma", 1},
    {Route::Fma, "fma-512", 1},
    {Route::Byte, "vpmaddubsw+vpaddw", 1},
    {Route::Byte, "vpdpbusd-512", 1},
    {Route::ExactByte, "vpmaddwd+vpaddd", 1},
    {Route::ExactByte, "vpdpbusd-512", 1},
    {Route::ShortSum, "vpmaddubsw+vpaddw", 1},
    {Route::ShortSum, "vpdpbusd-512", 1},
    {Route::TernaryLut, "vpshufb+vpaddb", 2 * 2},
    {Route::TernaryLut, "vpshufb+vpaddb-512", 2 * 2},
    {Route::TernaryLut, "xor+vpopcntq-512", 1},
    {Route::TwoBitLut, "vpshufb+vpaddb", 2 * 2},
    {Route::TwoBitLut, "vpshufb+vpaddb-512", 2 * 2},
    {Route::BinaryLut, "vpshufb+vpaddb", 4 * 2},
    {Route::BinaryLut, "vpshufb+vpaddb-512", 4 * 2},
    {Route::BinaryLut, "xor+vpopcntq-512", 2},
    {Route::FmaUnpack4, "unpack+fma", 1, "fma"},
    {Route::FmaUnpack4, "unpack+fma-512", 1, "fma-512"},
};

constexpr double contestantSeconds = 50e-6;
constexpr int64_t readMost = int64_t(256) << 20;

/// Memory to read, made at the first call.
const std::byte *readMemory() {
  static const limits::Pages memory(readMost);
  return memory.data();
}

} // namespace

std::vector<const Limit *> limitsOfCpu(bool wide) {
  std::vector<const Limit *> found;
  for (const Limit &limit : limits::all_loops())
    if (limits::runs_here(limit) && (wide || !std::strstr(limit.feature, "512")))
      found.push_back(&limit);
  return found;
}

// The number of turns is measured once per limit.
static long contestantTurns(const Limit &limit) {
  static std::vector<long> turns(limits::all_loops().size());
  long &known = turns[static_cast<size_t>(&limit - limits::all_loops().data())];
  if (!known)
    known = limits::turns_for(limit, contestantSeconds);
  return known;
}

/// The rate of one limit over that of another, measured in turns, so that what disturbs one disturbs both.
static double ratioOf(const Limit &limit, const Limit &other) {
  double best[2] = {1e9, 1e9};
  for (int round = 0; round < 40; ++round)
    for (int i = 0; i < 2; ++i) {
      const Limit &loop = i ? other : limit;
      const double start = limits::seconds();
      loop.run(contestantTurns(loop));
      best[i] = std::min(best[i], limits::seconds() - start);
    }
  auto workOf = [](const Limit &loop) { return static_cast<double>(contestantTurns(loop)) * loop.work_per_turn; };
  return workOf(limit) / best[0] / (workOf(other) / best[1]);
}

std::vector<RouteLimit> limitsOf(Route route, bool wide) {
  const std::vector<const Limit *> all = limitsOfCpu(wide);
  auto find = [&](const char *name) {
    const auto at = std::find_if(all.begin(), all.end(), [&](auto *l) { return std::strcmp(l->name, name) == 0; });
    return at == all.end() ? nullptr : *at;
  };
  std::vector<RouteLimit> found;
  for (const RouteUse &use : uses) {
    const Limit *limit = use.route == route ? find(use.limit) : nullptr;
    if (!limit)
      continue;
    const Limit *part = use.perRow ? find(use.perRow) : nullptr;
    found.push_back({limit, use.opsPerWork, part ? std::min(ratioOf(*limit, *part), 1.0) : 1});
  }
  return found;
}

Contestant contestantOf(const Limit &limit) {
  const long turns = contestantTurns(limit);
  return {limit.name, [&limit, turns] { limit.run(turns); }};
}

double rateOf(const Limit &limit, const Times &times) {
  return static_cast<double>(contestantTurns(limit)) * limit.work_per_turn / times.min();
}

std::vector<Bandwidth> measureBandwidths(double seconds) {
  const std::vector<limits::Level> all = limits::levels(readMost);
  std::vector<Bandwidth> found;
  for (const limits::Level &level : all)
    found.push_back({level.name, level.capacity, level.bytes,
                     limits::bandwidth_of(readMemory(), level.bytes, seconds / static_cast<double>(all.size()))});
  return found;
}

std::vector<Contestant> readersOf(double bytes) {
  const auto size = std::clamp<int64_t>(static_cast<int64_t>(bytes) & ~int64_t(1023), 1024, readMost);
  std::vector<Contestant> readers;
  // Each has memory of its own, which the others do not bring nearer.
  for (const limits::Read read : limits::reads())
    readers.push_back({"read", [=, memory = std::make_shared<limits::Pages>(size)] { read(memory->data(), size); }});
  return readers;
}

const Bandwidth &levelOf(std::span<const Bandwidth> levels, double bytes) {
  for (const Bandwidth &level : levels)
    if (bytes <= static_cast<double>(level.capacity))
      return level;
  return levels.back();
}

} // namespace nibble::bench
