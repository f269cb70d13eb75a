// The lattice of features as data, private to compiler/Target.
#pragma once
#include "compiler/Target/Target.h"
#include <array>

namespace nibble::target_detail {

using Mask = uint64_t;
constexpr Mask bit(Feature feature) { return Mask{1} << static_cast<unsigned>(feature); }

struct FeatureInfo {
  Feature feature;
  Arch arch;
  std::string_view name; // LLVM's name too
  Mask implies;          // directly; the closure follows from the table
};

// Ordered as enum Feature.
inline constexpr std::array<FeatureInfo, 28> featureTable = {{
    {Feature::ssse3, Arch::x86_64, "ssse3", 0},
    {Feature::sse41, Arch::x86_64, "sse4.1", bit(Feature::ssse3)},
    {Feature::sse42, Arch::x86_64, "sse4.2", bit(Feature::sse41) | bit(Feature::popcnt)},
    {Feature::popcnt, Arch::x86_64, "popcnt", 0},
    {Feature::avx, Arch::x86_64, "avx", bit(Feature::sse42)},
    {Feature::f16c, Arch::x86_64, "f16c", bit(Feature::avx)},
    {Feature::fma, Arch::x86_64, "fma", bit(Feature::avx)},
    {Feature::avx2, Arch::x86_64, "avx2", bit(Feature::fma) | bit(Feature::f16c)}, // rule R9
    {Feature::avxvnni, Arch::x86_64, "avxvnni", bit(Feature::avx2)},
    {Feature::avxvnniint8, Arch::x86_64, "avxvnniint8", bit(Feature::avxvnni)},
    {Feature::avx512f, Arch::x86_64, "avx512f", bit(Feature::avx2)},
    {Feature::avx512cd, Arch::x86_64, "avx512cd", bit(Feature::avx512f)},
    {Feature::avx512bw, Arch::x86_64, "avx512bw", bit(Feature::avx512f)},
    {Feature::avx512dq, Arch::x86_64, "avx512dq", bit(Feature::avx512f)},
    {Feature::avx512vl, Arch::x86_64, "avx512vl", bit(Feature::avx512f)},
    {Feature::avx512vnni, Arch::x86_64, "avx512vnni", bit(Feature::avx512f)},
    {Feature::avx512vbmi, Arch::x86_64, "avx512vbmi", bit(Feature::avx512bw)},
    {Feature::avx512bitalg, Arch::x86_64, "avx512bitalg", bit(Feature::avx512bw)},
    {Feature::avx512vpopcntdq, Arch::x86_64, "avx512vpopcntdq", bit(Feature::avx512f)},
    {Feature::avx512bf16, Arch::x86_64, "avx512bf16", bit(Feature::avx512bw)},
    {Feature::neon, Arch::aarch64, "neon", 0},
    {Feature::dotprod, Arch::aarch64, "dotprod", bit(Feature::neon)},
    {Feature::i8mm, Arch::aarch64, "i8mm", bit(Feature::dotprod)}, // every CPU with i8mm has dotprod
    {Feature::zbb, Arch::riscv64, "zbb", 0},
    {Feature::v, Arch::riscv64, "v", 0},
    {Feature::zvbb, Arch::riscv64, "zvbb", bit(Feature::v)},
    {Feature::zvl256b, Arch::riscv64, "zvl256b", bit(Feature::v)},
    {Feature::simd128, Arch::wasm32, "simd128", 0},
}};

constexpr const FeatureInfo &info(Feature feature) { return featureTable[static_cast<std::size_t>(feature)]; }

/// `mask` and everything it implies.
constexpr Mask closure(Mask mask) {
  for (Mask before = 0; before != mask;) {
    before = mask;
    for (const FeatureInfo &entry : featureTable)
      if (mask & bit(entry.feature))
        mask |= entry.implies;
  }
  return mask;
}

constexpr bool tableIsConsistent() {
  for (std::size_t i = 0; i < featureTable.size(); ++i) {
    if (featureTable[i].feature != static_cast<Feature>(i))
      return false;
    for (const FeatureInfo &other : featureTable)
      if ((featureTable[i].implies & bit(other.feature)) && other.arch != featureTable[i].arch)
        return false;
    if (closure(featureTable[i].implies) & bit(featureTable[i].feature))
      return false; // a cycle
  }
  return true;
}
static_assert(tableIsConsistent());

struct ArchInfo {
  Arch arch;
  std::string_view triple;
  std::string_view llvmTriple, llvmCpu, llvmAbi;
  std::string_view llvmBaseline; // features that LLVM's CPU does not include but the triple guarantees
  Mask baseline;
};

// Ordered as enum Arch.
inline constexpr std::array<ArchInfo, 4> archTable = {{
    {Arch::x86_64, "x86_64-linux-gnu", "x86_64-unknown-linux-gnu", "x86-64", "", "", 0},
    {Arch::aarch64, "aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "generic", "", "", bit(Feature::neon)},
    {Arch::riscv64, "riscv64-linux-gnu", "riscv64-unknown-linux-gnu", "generic-rv64", "lp64d", "+m,+a,+f,+d,+c", 0},
    {Arch::wasm32, "wasm32", "wasm32-unknown-unknown", "generic", "", "", 0},
}};

constexpr const ArchInfo &info(Arch arch) { return archTable[static_cast<std::size_t>(arch)]; }

/// The host's features as the hardware and the operating system report them, not yet filtered by implication.
Mask probeHostFeatures();
Arch hostArch();

} // namespace nibble::target_detail
