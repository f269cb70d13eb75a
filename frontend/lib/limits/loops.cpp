// Loops that do nothing but one sequence of instructions, on enough registers that none waits for another.
#include "frontend/lib/limits/loops.h"

#include <nibble/runtime.h>

#include <algorithm>
#include <chrono>

namespace nibble::limits {
#if defined(__x86_64__)
namespace {

#define ALL_REGISTERS                                                                                                  \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
      "xmm14", "xmm15"

/// A loop over `body` for each of the registers in `registers`; registers 13 to 15 hold operands (zero, zero, ones).
#define LIMIT_LOOP(function, registers, body)                                                                          \
  void function(long turns) {                                                                                          \
    asm volatile("vpxor %%xmm13, %%xmm13, %%xmm13\n vpxor %%xmm14, %%xmm14, %%xmm14\n"                                 \
                 "vpcmpeqd %%ymm15, %%ymm15, %%ymm15\n 1:\n .irp r," registers "\n" body "\n .endr\n"                  \
                 "dec %0\n jnz 1b\n vzeroupper"                                                                        \
                 : "+r"(turns)                                                                                         \
                 :                                                                                                     \
                 : "cc", ALL_REGISTERS);                                                                               \
  }

#define TWELVE "0,1,2,3,4,5,6,7,8,9,10,11"
#define SIX "0,1,2,3,4,5"
constexpr double twelve = 12, six = 6;

LIMIT_LOOP(fma256, TWELVE, "vfmadd231ps %%ymm13, %%ymm14, %%ymm\\r")
LIMIT_LOOP(fma512, TWELVE, "vfmadd231ps %%zmm13, %%zmm14, %%zmm\\r")
LIMIT_LOOP(bytes32, SIX,
           "vpmaddubsw %%ymm13, %%ymm14, %%ymm12\n vpmaddwd %%ymm12, %%ymm15, %%ymm12\n"
           "vpaddd %%ymm12, %%ymm\\r, %%ymm\\r")
LIMIT_LOOP(bytes16, SIX, "vpmaddubsw %%ymm13, %%ymm14, %%ymm12\n vpaddw %%ymm12, %%ymm\\r, %%ymm\\r")
LIMIT_LOOP(words, SIX, "vpmaddwd %%ymm13, %%ymm14, %%ymm12\n vpaddd %%ymm12, %%ymm\\r, %%ymm\\r")
LIMIT_LOOP(vnni512, TWELVE, "vpdpbusd %%zmm13, %%zmm14, %%zmm\\r")
LIMIT_LOOP(lookup256, SIX, "vpshufb %%ymm13, %%ymm14, %%ymm12\n vpaddb %%ymm12, %%ymm\\r, %%ymm\\r")
LIMIT_LOOP(lookup512, SIX, "vpshufb %%zmm13, %%zmm14, %%zmm12\n vpaddb %%zmm12, %%zmm\\r, %%zmm\\r")
LIMIT_LOOP(popcount256, SIX,
           "vpxor %%ymm13, %%ymm14, %%ymm11\n vpand %%ymm11, %%ymm15, %%ymm12\n vpsrlw $4, %%ymm11, %%ymm11\n"
           "vpand %%ymm11, %%ymm15, %%ymm11\n vpshufb %%ymm12, %%ymm14, %%ymm12\n vpshufb %%ymm11, %%ymm14, %%ymm11\n"
           "vpaddb %%ymm11, %%ymm12, %%ymm12\n vpaddb %%ymm12, %%ymm\\r, %%ymm\\r")
LIMIT_LOOP(popcount512, SIX,
           "vpxorq %%zmm13, %%zmm14, %%zmm12\n vpopcntq %%zmm12, %%zmm12\n vpaddq %%zmm12, %%zmm\\r, %%zmm\\r")
// 8 weights of 4 bits in the low bits of a mantissa: shift, mask, exponent; the constant part of the sum is added
// later.
LIMIT_LOOP(fmaUnpack, SIX,
           "vpsrld $4, %%ymm13, %%ymm12\n vpand %%ymm12, %%ymm14, %%ymm12\n vpor %%ymm12, %%ymm14, %%ymm12\n"
           "vfmadd231ps %%ymm12, %%ymm13, %%ymm\\r")

// The same for 16 weights: one vpternlogd masks them and inserts the exponent.
LIMIT_LOOP(fmaUnpack512, SIX,
           "vpsrld $4, %%zmm13, %%zmm12\n vpternlogd $0xea, %%zmm13, %%zmm14, %%zmm12\n"
           "vfmadd231ps %%zmm12, %%zmm13, %%zmm\\r")

/// xor and population count in general registers; the xor reads its operand from memory.
void popcount64(long turns) {
  static const long zeros[4] = {};
  asm volatile("1:\n .irp r,8,9,10,11\n mov (%1), %%rax\n xor %%rcx, %%rax\n popcnt %%rax, %%rax\n"
               "add %%rax, %%r\\r\n .endr\n dec %0\n jnz 1b"
               : "+&r"(turns)
               : "r"(zeros)
               : "cc", "rax", "rcx", "r8", "r9", "r10", "r11");
}

// A multiply-accumulate of one pair is 2 operations: 32 bytes are 64.
const Loop loops[] = {
    {"fma", "fma", fma256, twelve * 8 * 2, "ops"},
    {"fma-512", "avx512f", fma512, twelve * 16 * 2, "ops"},
    {"vpmaddubsw+vpmaddwd+vpaddd", "avx2", bytes32, six * 64, "ops"},
    {"vpmaddubsw+vpaddw", "avx2", bytes16, six * 64, "ops"},
    {"vpmaddwd+vpaddd", "avx2", words, six * 32, "ops"},
    {"vpdpbusd-512", "avx512vnni", vnni512, twelve * 128, "ops"},
    {"vpshufb+vpaddb", "avx2", lookup256, six * 32, "lookups"},
    {"vpshufb+vpaddb-512", "avx512bw", lookup512, six * 64, "lookups"},
    {"xor+vpshufb-count", "avx2", popcount256, six * 256, "bits"},
    {"xor+popcnt", "popcnt", popcount64, 4 * 64, "bits"},
    {"xor+vpopcntq-512", "avx512vpopcntdq", popcount512, six * 512, "bits"},
    {"unpack+fma", "fma", fmaUnpack, six * 8 * 2, "ops"},
    {"unpack+fma-512", "avx512f", fmaUnpack512, six * 16 * 2, "ops"},
};

} // namespace

std::span<const Loop> all_loops() { return loops; }
#else
std::span<const Loop> all_loops() { return {}; }
#endif

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

bool runs_here(const Loop &loop) { return nibble_cpu_has(loop.feature) != 0; }

long turns_for(const Loop &loop, double time) {
  constexpr long probe = 20000;
  loop.run(probe);
  double best = 1;
  for (int i = 0; i < 3; ++i) {
    const double start = seconds();
    loop.run(probe);
    best = std::min(best, seconds() - start);
  }
  return std::max(100L, static_cast<long>(static_cast<double>(probe) * time / best));
}

} // namespace nibble::limits
