// What the machine offers that this process runs on.
#include "compiler/Target/FeatureTable.h"
#if defined(__linux__) && (defined(__aarch64__) || defined(__riscv))
#include <sys/auxv.h>
#endif

namespace nibble::target_detail {

#if defined(__x86_64__)
Arch hostArch() { return Arch::x86_64; }

Mask probeHostFeatures() {
  // The built-in also asks the operating system whether it saves the wide registers.
  __builtin_cpu_init();
  Mask mask = 0;
#define NIBBLE_PROBE(feature, name)                                                                                    \
  if (__builtin_cpu_supports(name))                                                                                    \
  mask |= bit(Feature::feature)
  NIBBLE_PROBE(ssse3, "ssse3");
  NIBBLE_PROBE(sse41, "sse4.1");
  NIBBLE_PROBE(sse42, "sse4.2");
  NIBBLE_PROBE(popcnt, "popcnt");
  NIBBLE_PROBE(avx, "avx");
  NIBBLE_PROBE(f16c, "f16c");
  NIBBLE_PROBE(fma, "fma");
  NIBBLE_PROBE(avx2, "avx2");
  NIBBLE_PROBE(avxvnni, "avxvnni");
  NIBBLE_PROBE(avxvnniint8, "avxvnniint8");
  NIBBLE_PROBE(avx512f, "avx512f");
  NIBBLE_PROBE(avx512cd, "avx512cd");
  NIBBLE_PROBE(avx512bw, "avx512bw");
  NIBBLE_PROBE(avx512dq, "avx512dq");
  NIBBLE_PROBE(avx512vl, "avx512vl");
  NIBBLE_PROBE(avx512vnni, "avx512vnni");
  NIBBLE_PROBE(avx512vbmi, "avx512vbmi");
  NIBBLE_PROBE(avx512bitalg, "avx512bitalg");
  NIBBLE_PROBE(avx512vpopcntdq, "avx512vpopcntdq");
  NIBBLE_PROBE(avx512bf16, "avx512bf16");
#undef NIBBLE_PROBE
  return mask;
}

#elif defined(__aarch64__) && !defined(__AARCH64EB__)
Arch hostArch() { return Arch::aarch64; }

Mask probeHostFeatures() {
  Mask mask = 0;
#if defined(__linux__) // bits of the kernel's arm64 interface, asm/hwcap.h
  constexpr unsigned long hwcapAsimdDotProduct = 1ul << 20, hwcap2I8mm = 1ul << 13;
  if (getauxval(AT_HWCAP) & hwcapAsimdDotProduct)
    mask |= bit(Feature::dotprod);
  if (getauxval(AT_HWCAP2) & hwcap2I8mm)
    mask |= bit(Feature::i8mm);
#endif
  return mask;
}

#elif defined(__riscv) && __riscv_xlen == 64
Arch hostArch() { return Arch::riscv64; }

Mask probeHostFeatures() {
#if defined(__linux__) // one bit per single-letter extension
  if (getauxval(AT_HWCAP) & (1ul << ('v' - 'a')))
    return bit(Feature::v);
#endif
  return 0;
}

#elif defined(__wasm32__)
Arch hostArch() { return Arch::wasm32; }

Mask probeHostFeatures() {
#if defined(__wasm_simd128__)
  return bit(Feature::simd128);
#else
  return 0;
#endif
}

#else
#error "Nibble runs on x86-64, AArch64 (little-endian), 64-bit RISC-V and wasm32."
#endif

} // namespace nibble::target_detail
