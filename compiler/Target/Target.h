// Targets of the compiler: one string, such as "x86_64-linux-gnu,+avx2", parsed and printed canonically. Plain C++: no
// LLVM.
//
//   target   = "native" { ",-" feature } | ( triple | level ) { ",+" feature }
//   level    = x86-64 | x86-64-v2 | x86-64-v3 | x86-64-v4       (x86_64-linux-gnu with the features of that level)
//   triple   = x86_64-linux-gnu | aarch64-linux-gnu | riscv64-linux-gnu | wasm32     (and the usual longer spellings)
//   feature  = x86_64:  ssse3 sse4.1 sse4.2 popcnt avx f16c fma avx2 avxvnni avxvnniint8 avx512f avx512cd avx512bw
//   avx512dq
//                       avx512vl avx512vnni avx512vbmi avx512bitalg avx512vpopcntdq avx512bf16
//              aarch64: neon dotprod i8mm        riscv64: zbb v zvbb zvl256b        wasm32: simd128
//
// Features form a lattice: each stands for itself and all that it implies, by processor history or by our definition
// (`+avx2` means avx2, fma and f16c: rule R9). What the triple guarantees (sse2, neon, f and d) needs no name. The
// canonical string lists the maximal features, sorted by name, so equal targets have equal strings. All targets are
// little-endian.
#pragma once
#include "compiler/Support/Result.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nibble {

enum class Arch { x86_64, aarch64, riscv64, wasm32 };

// clang-format off
enum class Feature {
  // x86_64
  ssse3, sse41, sse42, popcnt, avx, f16c, fma, avx2, avxvnni, avxvnniint8,
  avx512f, avx512cd, avx512bw, avx512dq, avx512vl, avx512vnni, avx512vbmi, avx512bitalg, avx512vpopcntdq, avx512bf16,
  // aarch64
  neon, dotprod, i8mm,
  // riscv64
  zbb, v, zvbb, zvl256b,
  // wasm32
  simd128
};
// clang-format on

class Target {
public:
  /// Error: names the unknown piece, what is known, and the nearest spelling. "native" is readHost().
  static Result<Target> parse(std::string_view text);
  /// The machine this process runs on, with every known feature that its CPU and operating system offer, except those
  /// that the environment variable NIBBLE_CPU takes away (capped()). Error: the variable's value is not understood.
  static Result<Target> readHost();
  /// readHost(), or after an error the baseline of its architecture.
  static Target host();
  /// `machine` without the features that `cap` does not have: "native" or a triple or level, then ",+" and ",-"
  /// features in any order; "-" also takes away what implies the feature. Empty: the machine. A cap adds nothing.
  static Result<Target> capped(const Target &machine, std::string_view cap);
  /// " (NIBBLE_CPU=...)" for messages about what this machine has; empty where it is not set.
  static std::string capText();
  /// A triple without optional features.
  static Target baseline(Arch arch);

  Arch arch() const { return architecture; }
  bool has(Feature feature) const { return features >> static_cast<unsigned>(feature) & 1; }
  /// By the name in a target string, without '+'. False for names that are not known.
  bool has(std::string_view name) const;
  /// The canonical string; parse(str()) gives an equal target.
  std::string str() const;
  /// The triple alone, for example "x86_64-linux-gnu".
  std::string_view triple() const;

  /// Hardware fused multiply-add on f32. Without it the compiler uses its own software fma, and says so (rule R9).
  bool hasFma() const;
  /// Width of the integer vectors, in bits; 64 (one scalar register) where the target has no vectors.
  int vectorBits() const;
  /// Vector registers that code may use (wasm32: what the engines' x86-64 code has).
  int vectorRegisters() const;
  /// Cache sizes that tiling assumes, the same for all CPUs of an architecture: compiling for "native" must not depend
  /// on more of the machine than its features.
  int64_t l1Bytes() const { return 32 * 1024; }
  int64_t l2Bytes() const { return 256 * 1024; }

  /// For llvm::TargetMachine: "x86_64-unknown-linux-gnu", "x86-64", "+ssse3,+sse4.1,..." with all implied features, and
  /// the ABI name for TargetOptions (riscv64: "lp64d"; otherwise empty).
  std::string llvmTriple() const;
  std::string llvmCpu() const;
  std::string llvmFeatures() const;
  std::string llvmAbi() const;

  /// Whether code for this target runs on `machine`: same architecture, and no feature that it lacks.
  bool runsOn(const Target &machine) const {
    return architecture == machine.architecture && (features & ~machine.features) == 0;
  }
  bool runsOnHost() const { return runsOn(host()); }
  /// Why not, for an error message, for example "this machine has no avx512vnni"; empty if runsOn(machine).
  std::string whyNotOn(const Target &machine) const;

  friend bool operator==(const Target &, const Target &) = default;

private:
  Target(Arch arch, uint64_t features) : architecture(arch), features(features) {}
  Arch architecture;
  uint64_t features; // closed under implication; one bit per Feature
};

/// Names of an architecture's features, in the order of enum Feature.
std::vector<std::string_view> featureNames(Arch arch);

} // namespace nibble
