// The least time of a layer.
#include <nibble/limits.h>
#include <nibble/report.h>

#include <algorithm>
#include <array>

namespace nibble {
namespace {

/// What a layer multiplies, as far as instructions differ.
enum class Route { float32, words, exact_bytes, bytes, short_sums, two_bits, ternary, binary };

/// A sequence that computes products of a route: operations (2 per multiply-accumulate) for each unit of its work.
struct Use {
  Route route;
  std::string_view instructions;
  double operations;
};

// Sums of bytes of two-bit products must be widened now and then, which is left out of their bound.
// Ternary by population count: one of the places where both are not zero, one of those where the signs differ.
constexpr std::array uses = {
    Use{Route::float32, "fma", 1},
    Use{Route::float32, "fma-512", 1},
    Use{Route::words, "vpmaddwd+vpaddd", 1},
    Use{Route::exact_bytes, "vpmaddwd+vpaddd", 1},
    Use{Route::exact_bytes, "vpdpbusd-512", 1},
    Use{Route::bytes, "vpmaddubsw+vpmaddwd+vpaddd", 1},
    Use{Route::bytes, "vpdpbusd-512", 1},
    Use{Route::short_sums, "vpmaddubsw+vpaddw", 1},
    Use{Route::short_sums, "vpdpbusd-512", 1},
    Use{Route::two_bits, "vpshufb+vpaddb", 2 * 2},
    Use{Route::two_bits, "vpshufb+vpaddb-512", 2 * 2},
    Use{Route::two_bits, "vpdpbusd-512", 1},
    Use{Route::ternary, "vpshufb+vpaddb", 2 * 2},
    Use{Route::ternary, "vpshufb+vpaddb-512", 2 * 2},
    Use{Route::ternary, "xor+vpopcntq-512", 1},
    Use{Route::binary, "vpshufb+vpaddb", 4 * 2},
    Use{Route::binary, "vpshufb+vpaddb-512", 4 * 2},
    Use{Route::binary, "xor+vpopcntq-512", 2},
};

/// What a target must have for a sequence.
std::string_view feature_of(std::string_view instructions) {
  if (instructions == "fma")
    return "fma";
  if (instructions == "fma-512")
    return "avx512f";
  if (instructions == "vpshufb+vpaddb-512")
    return "avx512bw";
  if (instructions == "vpdpbusd-512")
    return "avx512vnni";
  return instructions == "xor+vpopcntq-512" ? "avx512vpopcntdq" : "avx2";
}

/// Target strings name features that imply others.
bool has(std::string_view target, std::string_view feature) {
  const auto names = [&](std::string_view name) {
    const std::string flag = ",+" + std::string(name);
    const std::size_t at = target.find(flag);
    return at != target.npos && (at + flag.size() == target.size() || target[at + flag.size()] == ',');
  };
  if (names(feature))
    return true;
  const bool wide = target.find(",+avx512") != target.npos;
  if (feature == "avx512f")
    return wide;
  if (feature == "avx512bw")
    return names("avx512vbmi") || names("avx512bitalg") || names("avx512bf16");
  return (feature == "avx2" || feature == "fma") && (wide || names("avx2") || target.find(",+avxvnni") != target.npos);
}

/// Bits of an integer format; 1 for binary, 2 for ternary, 32 for f32.
int bits_of(std::string_view type) {
  if (type == "binary" || type == "ternary")
    return type == "binary" ? 1 : 2;
  int bits = 0;
  for (const char c : type.substr(std::min<std::size_t>(1, type.size())))
    bits = c >= '0' && c <= '9' ? std::min(bits * 10 + (c - '0'), 64) : bits;
  return bits;
}

Route route_of(const LayerReport &layer) {
  if (layer.input_type == "f32" || layer.weight_type == "f32")
    return Route::float32;
  const auto ternary = [](std::string_view type) { return type == "binary" || type == "ternary" || type == "u1"; };
  if (layer.input_type == "binary" && layer.weight_type == "binary")
    return Route::binary;
  if (ternary(layer.input_type) && ternary(layer.weight_type))
    return Route::ternary;
  const int input = bits_of(layer.input_type), weight = bits_of(layer.weight_type);
  if (input <= 2 && weight <= 2)
    return Route::two_bits;
  if (input > 8 || weight > 8)
    return Route::words;
  // Weights for which only exact sums are right, and those of 8 bits that 16-bit sums hold for a while.
  if (layer.kernel.ends_with("_exact"))
    return Route::exact_bytes;
  return std::min(input, weight) <= 4 || layer.kernel.find("u8s8_16_") != layer.kernel.npos ? Route::short_sums
                                                                                            : Route::bytes;
}

} // namespace

std::optional<Bound> bound_of(const Report &report, const LayerReport &layer, const MachineLimits &limits,
                              int threads) {
  if (layer.bytes_read < 0 || limits.memory.empty())
    return std::nullopt;
  Bound bound;
  if (layer.macs > 0) {
    double rate = 0;
    for (const Use &use : uses)
      for (const InstructionLimit &limit : limits.instructions)
        if (use.route == route_of(layer) && limit.name == use.instructions &&
            has(report.target, feature_of(use.instructions)) && limit.rate * use.operations > rate) {
          rate = limit.rate * use.operations;
          bound.by = limit.name;
        }
    if (rate <= 0)
      return std::nullopt;
    bound.nanoseconds = 2e9 * static_cast<double>(layer.macs) / rate;
  }
  const auto images = static_cast<double>(std::max<std::int64_t>(report.batch_tile, 1)),
             moved = static_cast<double>(layer.bytes_read + layer.bytes_written),
             constants = static_cast<double>(std::max<std::int64_t>(layer.constant_bytes, 0));
  const auto holds = [&](const MemoryLimit &level) {
    return moved * images + constants <= static_cast<double>(level.capacity);
  };
  auto level = std::find_if(limits.memory.begin(), limits.memory.end(), holds);
  if (level == limits.memory.end())
    level = std::prev(level);
  if (level->rate <= 0)
    return std::nullopt;
  const double reading = 1e9 * (moved + constants / images) / level->rate;
  if (reading > bound.nanoseconds)
    bound = {reading, level->level};
  bound.nanoseconds /= std::max(threads, 1);
  return bound;
}

} // namespace nibble
