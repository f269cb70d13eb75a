// CPU features by their LLVM names: cpuid and xgetbv on x86-64, the auxiliary vector on AArch64.
#include <nibble/runtime.h>

#include <sched.h>
#include <string.h>

int32_t nibble_cpu_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
#endif
  return 1;
}

#if defined(__x86_64__)
#include <cpuid.h>

namespace {

enum Register : uint8_t { eax, ebx, ecx, edx };
// Which registers the operating system must save: none beyond the baseline, ymm, or the AVX-512 state.
enum State : uint8_t { baseline, ymm, zmm };

struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  uint8_t bit;
  State state;
};

constexpr uint32_t extended = 0x80000001;

constexpr Feature features[] = {
    {"cmov", 1, 0, edx, 15, baseline},
    {"sse", 1, 0, edx, 25, baseline},
    {"sse2", 1, 0, edx, 26, baseline},
    {"sse3", 1, 0, ecx, 0, baseline},
    {"pclmul", 1, 0, ecx, 1, baseline},
    {"ssse3", 1, 0, ecx, 9, baseline},
    {"cx16", 1, 0, ecx, 13, baseline},
    {"sse4.1", 1, 0, ecx, 19, baseline},
    {"sse4.2", 1, 0, ecx, 20, baseline},
    {"movbe", 1, 0, ecx, 22, baseline},
    {"popcnt", 1, 0, ecx, 23, baseline},
    {"aes", 1, 0, ecx, 25, baseline},
    {"fma", 1, 0, ecx, 12, ymm},
    {"avx", 1, 0, ecx, 28, ymm},
    {"f16c", 1, 0, ecx, 29, ymm},
    {"bmi", 7, 0, ebx, 3, baseline},
    {"avx2", 7, 0, ebx, 5, ymm},
    {"bmi2", 7, 0, ebx, 8, baseline},
    {"adx", 7, 0, ebx, 19, baseline},
    {"sha", 7, 0, ebx, 29, baseline},
    {"gfni", 7, 0, ecx, 8, baseline},
    {"vaes", 7, 0, ecx, 9, ymm},
    {"vpclmulqdq", 7, 0, ecx, 10, ymm},
    {"avx512f", 7, 0, ebx, 16, zmm},
    {"avx512dq", 7, 0, ebx, 17, zmm},
    {"avx512ifma", 7, 0, ebx, 21, zmm},
    {"avx512cd", 7, 0, ebx, 28, zmm},
    {"avx512bw", 7, 0, ebx, 30, zmm},
    {"avx512vl", 7, 0, ebx, 31, zmm},
    {"avx512vbmi", 7, 0, ecx, 1, zmm},
    {"avx512vbmi2", 7, 0, ecx, 6, zmm},
    {"avx512vnni", 7, 0, ecx, 11, zmm},
    {"avx512bitalg", 7, 0, ecx, 12, zmm},
    {"avx512vpopcntdq", 7, 0, ecx, 14, zmm},
    {"avx512fp16", 7, 0, edx, 23, zmm},
    {"avxvnni", 7, 1, eax, 4, ymm},
    {"avx512bf16", 7, 1, eax, 5, zmm},
    {"avxifma", 7, 1, eax, 23, ymm},
    {"avxvnniint8", 7, 1, edx, 4, ymm},
    {"avxvnniint16", 7, 1, edx, 10, ymm},
    {"lzcnt", extended, 0, ecx, 5, baseline},
    {"sse4a", extended, 0, ecx, 6, baseline},
};

bool savesState(State state) {
  if (state == baseline)
    return true;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) // OSXSAVE: xgetbv may be used
    return false;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  uint32_t needed = state == ymm ? 0x6 : 0xe6;
  return (low & needed) == needed;
}

} // namespace

int nibble_cpu_has(const char *feature) {
  if (!feature)
    return 0;
  for (const Feature &f : features) {
    if (strcmp(f.name, feature) != 0)
      continue;
    uint32_t r[4];
    // A subleaf that does not exist would give the bits of another one.
    if (f.subleaf && (!__get_cpuid_count(f.leaf, 0, &r[0], &r[1], &r[2], &r[3]) || r[0] < f.subleaf))
      return 0;
    if (!__get_cpuid_count(f.leaf, f.subleaf, &r[0], &r[1], &r[2], &r[3]))
      return 0;
    return (r[f.reg] >> f.bit & 1) && savesState(f.state);
  }
  return 0;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

int nibble_cpu_has(const char *feature) {
  // Bits of the kernel's AArch64 ABI (asm/hwcap.h), written out because older headers lack the newer ones.
  static const struct {
    const char *name;
    uint64_t word; // AT_HWCAP or AT_HWCAP2
    uint8_t bit;
  } features[] = {
      {"fp-armv8", AT_HWCAP, 0}, {"neon", AT_HWCAP, 1},  {"fullfp16", AT_HWCAP, 10}, {"dotprod", AT_HWCAP, 20},
      {"sve", AT_HWCAP, 22},     {"sve2", AT_HWCAP2, 1}, {"i8mm", AT_HWCAP2, 13},    {"bf16", AT_HWCAP2, 14},
  };
  if (!feature)
    return 0;
  for (const auto &f : features)
    if (strcmp(f.name, feature) == 0)
      return getauxval(f.word) >> f.bit & 1;
  return 0;
}

#else

int nibble_cpu_has(const char *feature) {
  (void)feature;
  return 0;
}

#endif
