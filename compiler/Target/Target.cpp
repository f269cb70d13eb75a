// Parsing and printing of target strings, and the facts that follow from them.
#include "compiler/Target/Target.h"
#include "compiler/Support/Spelling.h"
#include "compiler/Target/FeatureTable.h"
#include <algorithm>
#include <cstdlib>
#include <optional>

namespace nibble {
using namespace target_detail;
namespace {

struct Alias {
  std::string_view spelling;
  Arch arch;
};
constexpr Alias aliases[] = {
    {"x86_64", Arch::x86_64},
    {"x86_64-unknown-linux-gnu", Arch::x86_64},
    {"x86_64-pc-linux-gnu", Arch::x86_64},
    {"aarch64", Arch::aarch64},
    {"arm64", Arch::aarch64},
    {"aarch64-unknown-linux-gnu", Arch::aarch64},
    {"riscv64", Arch::riscv64},
    {"riscv64-unknown-linux-gnu", Arch::riscv64},
    {"wasm32-unknown-unknown", Arch::wasm32},
};

/// Levels of the x86-64 psABI, of which we know these features.
struct Level {
  std::string_view spelling;
  Mask features;
};
constexpr Level levels[] = {
    {"x86-64", 0},
    {"x86-64-v2", closure(bit(Feature::sse42))},
    {"x86-64-v3", closure(bit(Feature::avx2))},
    {"x86-64-v4",
     closure(bit(Feature::avx512bw) | bit(Feature::avx512cd) | bit(Feature::avx512dq) | bit(Feature::avx512vl))},
};

constexpr std::string_view bigEndian[] = {"aarch64_be", "armeb",     "thumbeb", "m68k",    "mips",  "mips64",
                                          "powerpc",    "powerpc64", "ppc",     "ppc64",   "s390x", "systemz",
                                          "sparc",      "sparc64",   "sparcv9", "sparcv8", "hppa",  "mipsn32"};

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 64)) + "'"; }

std::string join(std::span<const std::string_view> names, std::string_view prefix) {
  std::string text;
  for (std::string_view name : names)
    text += (text.empty() ? "" : " ") + std::string(prefix) + std::string(name);
  return text;
}

/// "; did you mean X? known: A B C", or "; known: A B C" when none is near.
std::string suggestions(std::string_view name, std::span<const std::string_view> known, std::string_view prefix) {
  std::string_view near = nearestSpelling(name, known);
  std::string question = near.empty() ? ";" : "; did you mean " + quoted(std::string(prefix) + std::string(near)) + "?";
  return question + " known: " + join(known, prefix);
}

Result<Arch> parseTriple(std::string_view text) {
  std::vector<std::string_view> known = {"native"};
  for (const ArchInfo &entry : archTable) {
    if (text == entry.triple)
      return entry.arch;
    known.push_back(entry.triple);
  }
  for (const Alias &alias : aliases)
    if (text == alias.spelling)
      return alias.arch;
  std::string_view arch = text.substr(0, text.find('-'));
  if (std::find(std::begin(bigEndian), std::end(bigEndian), arch) != std::end(bigEndian))
    return Failure{"target " + quoted(text) +
                   " is big-endian, which is not supported: packed layouts are little-endian" +
                   ". known: " + join(known, "")};
  if (text.empty())
    return Failure{"the target is empty; known: " + join(known, "")};
  return Failure{"unknown target " + quoted(text) + suggestions(text, known, "")};
}

/// The bit of one ",+feature" piece, or ",-feature" where that is `removable`.
Result<Mask> parseFeature(std::string_view piece, Arch arch, bool removable = false) {
  std::string where = " of target " + std::string(info(arch).triple);
  std::vector<std::string_view> known = featureNames(arch);
  if (piece.starts_with('-') && !removable)
    return Failure{"feature " + quoted(piece) + where +
                   ": features are added to the baseline, not removed; leave it out instead"};
  if (!piece.starts_with('+') && !piece.starts_with('-'))
    return Failure{"feature " + quoted(piece) + where + " must start with '+'" + suggestions(piece, known, "+")};
  std::string_view name = piece.substr(1);
  for (const FeatureInfo &entry : featureTable)
    if (entry.name == name) {
      if (entry.arch == arch)
        return bit(entry.feature);
      return Failure{"feature " + quoted(piece) + " belongs to " + std::string(info(entry.arch).triple) + ", not to " +
                     std::string(info(arch).triple) + ". known: " + join(known, "+")};
    }
  if (name == "relaxed-simd")
    return Failure{"feature '+relaxed-simd' is not supported: its 8-bit products differ between engines. known: " +
                   join(known, "+")};
  return Failure{"unknown feature " + quoted(piece) + where + suggestions(name, known, piece.substr(0, 1))};
}

/// `mask` without a feature and all that imply it.
Mask without(Mask mask, Mask feature) {
  for (const FeatureInfo &entry : featureTable)
    if (closure(bit(entry.feature)) & feature)
      mask &= ~bit(entry.feature);
  return mask;
}

/// What stands in front of the first comma: an architecture and its features.
struct Base {
  Arch arch;
  Mask features;
};
Result<Base> parseBase(std::string_view text) {
  for (const Level &level : levels)
    if (text == level.spelling)
      return Base{Arch::x86_64, level.features};
  Result<Arch> arch = parseTriple(text);
  if (!arch)
    return Failure{arch.error()};
  return Base{*arch, info(*arch).baseline};
}

} // namespace

std::vector<std::string_view> featureNames(Arch arch) {
  std::vector<std::string_view> names;
  for (const FeatureInfo &entry : featureTable)
    if (entry.arch == arch)
      names.push_back(entry.name);
  return names;
}

Result<Target> Target::parse(std::string_view text) {
  std::size_t comma = text.find(',');
  std::string_view triple = text.substr(0, comma);
  if (triple == "native") {
    Result<Target> machine = readHost();
    if (machine && comma != std::string_view::npos && text.find(",+", comma) == std::string_view::npos)
      return capped(*machine, text);
    if (machine && comma != std::string_view::npos)
      return Failure{"target " + quoted(text) +
                     ": 'native' already has every feature of this machine; to choose features "
                     "write " +
                     quoted(std::string(host().triple()) + std::string(text.substr(comma)))};
    return machine;
  }
  Result<Base> base = parseBase(triple);
  if (!base)
    return Failure{base.error()};
  Mask mask = base->features;
  while (comma != std::string_view::npos) {
    text.remove_prefix(comma + 1);
    comma = text.find(',');
    Result<Mask> feature = parseFeature(text.substr(0, comma), base->arch);
    if (!feature)
      return Failure{feature.error()};
    mask |= *feature;
  }
  return Target(base->arch, closure(mask));
}

Result<Target> Target::capped(const Target &machine, std::string_view cap) {
  if (cap.empty())
    return machine;
  std::string_view rest = cap;
  std::size_t comma = rest.find(',');
  Base base{machine.architecture, machine.features};
  if (rest.substr(0, comma) != "native") {
    Result<Base> parsed = parseBase(rest.substr(0, comma));
    if (!parsed)
      return Failure{parsed.error() + " x86-64 x86-64-v2 x86-64-v3 x86-64-v4"};
    base = *parsed;
  }
  if (base.arch != machine.architecture)
    return Failure{quoted(cap) + " is for " + std::string(info(base.arch).triple) + ", but this machine is " +
                   std::string(machine.triple())};
  Mask removed = 0;
  while (comma != std::string_view::npos) {
    rest.remove_prefix(comma + 1);
    comma = rest.find(',');
    Result<Mask> feature = parseFeature(rest.substr(0, comma), base.arch, /*removable=*/true);
    if (!feature)
      return Failure{feature.error()};
    (rest.front() == '-' ? removed : base.features) |= *feature;
  }
  return Target(base.arch, without(closure(base.features) & machine.features, removed) | info(base.arch).baseline);
}

static const char *capVariable = "NIBBLE_CPU";

std::string Target::capText() {
  const char *cap = std::getenv(capVariable);
  return cap && *cap ? " (" + std::string(capVariable) + "=" + std::string(std::string_view(cap).substr(0, 64)) + ")"
                     : "";
}

Target Target::baseline(Arch arch) { return {arch, info(arch).baseline}; }

Target Target::host() {
  Result<Target> machine = readHost();
  return machine ? *machine : baseline(hostArch());
}

Result<Target> Target::readHost() {
  Arch arch = hostArch();
  Mask probed = probeHostFeatures() | info(arch).baseline;
  // A feature counts only with all that it implies: an AVX2 machine without FMA is not `avx2` here.
  Mask mask = info(arch).baseline;
  for (const FeatureInfo &entry : featureTable)
    if (entry.arch == arch && (closure(bit(entry.feature)) & ~probed) == 0)
      mask |= bit(entry.feature);
  const char *cap = std::getenv(capVariable);
  Result<Target> machine = capped(Target(arch, mask), cap ? cap : "");
  if (!machine)
    return Failure{"the environment variable " + std::string(capVariable) + " is not understood: " + machine.error()};
  return machine;
}

bool Target::has(std::string_view name) const {
  return std::any_of(featureTable.begin(), featureTable.end(),
                     [&](const FeatureInfo &entry) { return entry.name == name && has(entry.feature); });
}

std::string_view Target::triple() const { return info(architecture).triple; }

std::string Target::str() const {
  Mask implied = info(architecture).baseline;
  for (const FeatureInfo &entry : featureTable)
    if (has(entry.feature))
      implied |= closure(entry.implies);
  std::vector<std::string_view> maximal;
  for (const FeatureInfo &entry : featureTable)
    if (has(entry.feature) && !(implied & bit(entry.feature)))
      maximal.push_back(entry.name);
  std::sort(maximal.begin(), maximal.end());
  std::string text(triple());
  for (std::string_view name : maximal)
    text += ",+" + std::string(name);
  return text;
}

bool Target::hasFma() const {
  switch (architecture) {
  case Arch::x86_64:
    return has(Feature::fma);
  case Arch::aarch64:
  case Arch::riscv64:
    return true;
  case Arch::wasm32:
    break;
  }
  return false;
}

int Target::vectorBits() const {
  switch (architecture) {
  case Arch::x86_64:
    return has(Feature::avx512f) ? 512 : has(Feature::avx2) ? 256 : 128;
  case Arch::aarch64:
    return 128;
  case Arch::riscv64:
    return has(Feature::zvl256b) ? 256 : has(Feature::v) ? 128 : 64;
  case Arch::wasm32:
    break;
  }
  return has(Feature::simd128) ? 128 : 64;
}

int Target::vectorRegisters() const {
  switch (architecture) {
  case Arch::x86_64:
    return has(Feature::avx512f) ? 32 : 16;
  case Arch::aarch64:
  case Arch::riscv64:
    return 32;
  case Arch::wasm32:
    break;
  }
  return 16;
}

std::string Target::llvmTriple() const { return std::string(info(architecture).llvmTriple); }
std::string Target::llvmCpu() const { return std::string(info(architecture).llvmCpu); }
std::string Target::llvmAbi() const { return std::string(info(architecture).llvmAbi); }

std::string Target::llvmFeatures() const {
  std::string text(info(architecture).llvmBaseline);
  for (const FeatureInfo &entry : featureTable)
    if (has(entry.feature))
      text += (text.empty() ? "+" : ",+") + std::string(entry.name);
  return text;
}

std::string Target::whyNotOn(const Target &machine) const {
  if (architecture != machine.architecture)
    return "this machine is " + std::string(machine.triple()) + ", not " + std::string(triple());
  std::string missing;
  for (const FeatureInfo &entry : featureTable)
    if (has(entry.feature) && !machine.has(entry.feature))
      missing += (missing.empty() ? "" : ", ") + std::string(entry.name);
  return missing.empty() ? "" : "this machine has no " + missing;
}

} // namespace nibble
