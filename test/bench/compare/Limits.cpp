// Loops that do nothing but one sequence of instructions, on enough registers that none waits for another.
#include "test/bench/compare/Limits.h"

#include <nibble/runtime.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <sys/mman.h>

namespace nibble::bench {
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
const Limit limits[] = {
    {"fma", "fma", fma256, twelve * 8 * 2, "ops"},
    {"fma-512", "avx512f", fma512, twelve * 16 * 2, "ops"},
    {"vpmaddubsw+vpmaddwd+vpaddd", "avx2", bytes32, six * 64, "ops"},
    {"vpmaddubsw+vpaddw", "avx2", bytes16, six * 64, "ops"},
    {"vpmaddwd+vpaddd", "avx2", words, six * 32, "ops"},
    {"vpdpbusd-512", "avx512vnni", vnni512, twelve * 128, "ops"},
    {"vpshufb+vpaddb", "avx2", lookup256, six * 32, "lookups"},
    {"xor+vpshufb-count", "avx2", popcount256, six * 256, "bits"},
    {"xor+popcnt", "popcnt", popcount64, 4 * 64, "bits"},
    {"xor+vpopcntq-512", "avx512vpopcntdq", popcount512, six * 512, "bits"},
    {"unpack+fma", "fma", fmaUnpack, six * 8 * 2, "ops"},
};

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
    {Route::TernaryLut, "xor+vpopcntq-512", 1},
    {Route::BinaryLut, "vpshufb+vpaddb", 4 * 2},
    {Route::BinaryLut, "xor+vpopcntq-512", 2},
    {Route::FmaUnpack4, "unpack+fma", 1, "fma"},
};

constexpr double contestantSeconds = 50e-6;

long turnsFor(const Limit &limit, double seconds) {
  constexpr long probe = 20000;
  limit.loop(probe);
  double best = 1;
  for (int i = 0; i < 3; ++i) {
    const double start = now();
    limit.loop(probe);
    best = std::min(best, now() - start);
  }
  return std::max(100L, static_cast<long>(static_cast<double>(probe) * seconds / best));
}

/// Sums of everything; four streams at a time, since one page ends a hardware prefetcher's stream.
void readAll(const std::byte *data, int64_t bytes) {
  const int64_t quarter = bytes / 4;
  const std::byte *a = data, *b = a + quarter, *c = b + quarter, *d = c + quarter, *end = b;
  asm volatile("1:\n vpaddb (%0), %%ymm0, %%ymm0\n vpaddb 32(%0), %%ymm1, %%ymm1\n"
               "vpaddb (%1), %%ymm2, %%ymm2\n vpaddb 32(%1), %%ymm3, %%ymm3\n"
               "vpaddb (%2), %%ymm4, %%ymm4\n vpaddb 32(%2), %%ymm5, %%ymm5\n"
               "vpaddb (%3), %%ymm6, %%ymm6\n vpaddb 32(%3), %%ymm7, %%ymm7\n"
               "add $64, %0\n add $64, %1\n add $64, %2\n add $64, %3\n cmp %4, %0\n jb 1b\n vzeroupper"
               : "+&r"(a), "+&r"(b), "+&r"(c), "+&r"(d)
               : "r"(end)
               : "cc", "memory", ALL_REGISTERS);
}
void readOnce(const std::byte *data, int64_t bytes) {
  const std::byte *end = data + bytes;
  asm volatile("1:\n vpaddb (%0), %%ymm0, %%ymm0\n vpaddb 32(%0), %%ymm1, %%ymm1\n vpaddb 64(%0), %%ymm2, %%ymm2\n"
               "vpaddb 96(%0), %%ymm3, %%ymm3\n vpaddb 128(%0), %%ymm4, %%ymm4\n vpaddb 160(%0), %%ymm5, %%ymm5\n"
               "vpaddb 192(%0), %%ymm6, %%ymm6\n vpaddb 224(%0), %%ymm7, %%ymm7\n"
               "add $256, %0\n cmp %1, %0\n jb 1b\n vzeroupper"
               : "+&r"(data)
               : "r"(end)
               : "cc", "memory", ALL_REGISTERS);
}

constexpr int64_t readMost = int64_t(256) << 20;

/// Memory of whole pages, in large ones where the system gives them.
struct Unmap {
  size_t bytes;
  void operator()(std::byte *p) const { munmap(p, bytes); }
};
using Memory = std::unique_ptr<std::byte, Unmap>;

Memory memoryOf(int64_t bytes) {
  const auto size = static_cast<size_t>(bytes);
  void *p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    throw std::bad_alloc();
  madvise(p, size, MADV_HUGEPAGE);
  std::memset(p, 1, size);
  return Memory(static_cast<std::byte *>(p), Unmap{size});
}

/// Bytes per second of the better of both ways to read.
double bandwidthOf(const std::byte *data, int64_t bytes, double seconds) {
  double best = 0;
  for (auto *read : {readOnce, readAll}) {
    read(data, bytes);
    const double start = now();
    read(data, bytes);
    const double once = std::max(now() - start, 1e-8);
    const int passes = static_cast<int>(std::clamp(100e-6 / once, 1.0, 1000.0));
    const int repetitions = static_cast<int>(std::clamp(seconds / 2 / (once * passes), 3.0, 200.0));
    for (int i = 0; i < repetitions; ++i) {
      const double begin = now();
      for (int p = 0; p < passes; ++p)
        read(data, bytes);
      best = std::max(best, static_cast<double>(bytes) * passes / (now() - begin));
    }
  }
  return best;
}

/// Bytes of the data cache of that level, as the kernel says (the C library's numbers are wrong on virtual machines).
int64_t cacheSize(int level, int64_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::string type;
    int found = 0;
    int64_t kilobytes = 0;
    std::ifstream(folder + "level") >> found;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "size") >> kilobytes; // "32K"
    if (found == level && type != "Instruction" && kilobytes > 0)
      return kilobytes << 10;
  }
  return otherwise;
}

} // namespace

std::vector<const Limit *> limitsOfCpu(bool wide) {
  std::vector<const Limit *> found;
  for (const Limit &limit : limits)
    if (nibble_cpu_has(limit.feature) && (wide || !std::strstr(limit.feature, "512")))
      found.push_back(&limit);
  return found;
}

// The number of turns is measured once per limit.
static long contestantTurns(const Limit &limit) {
  static long turns[std::size(limits)] = {};
  long &known = turns[&limit - limits];
  if (!known)
    known = turnsFor(limit, contestantSeconds);
  return known;
}

std::vector<RouteLimit> limitsOf(Route route, bool wide) {
  const std::vector<const Limit *> all = limitsOfCpu(wide);
  auto find = [&](const char *name) {
    const auto at = std::find_if(all.begin(), all.end(), [&](auto *l) { return std::strcmp(l->name, name) == 0; });
    return at == all.end() ? nullptr : *at;
  };
  auto roughRate = [](const Limit &limit) { return static_cast<double>(contestantTurns(limit)) * limit.workPerTurn; };
  std::vector<RouteLimit> found;
  for (const RouteUse &use : uses) {
    const Limit *limit = use.route == route ? find(use.limit) : nullptr;
    if (!limit)
      continue;
    const Limit *part = use.perRow ? find(use.perRow) : nullptr;
    found.push_back({limit, use.opsPerWork, part ? std::min(roughRate(*limit) / roughRate(*part), 1.0) : 1});
  }
  return found;
}

Contestant contestantOf(const Limit &limit) {
  const long turns = contestantTurns(limit);
  return {limit.name, [&limit, turns] { limit.loop(turns); }};
}

double rateOf(const Limit &limit, const Times &times) {
  return static_cast<double>(contestantTurns(limit)) * limit.workPerTurn / times.min();
}

std::vector<Bandwidth> measureBandwidths(double seconds) {
  const int64_t l1 = cacheSize(1, 32 << 10), l2 = cacheSize(2, 512 << 10), l3 = cacheSize(3, 16 << 20);
  // Half of a cache surely stays there; of the last level, which is shared, 4 MiB.
  std::vector<Bandwidth> levels = {{"L1", l1, l1 / 2, 0},
                                   {"L2", l2, l2 / 2, 0},
                                   {"L3", l3, std::min<int64_t>(std::max<int64_t>(4 << 20, 2 * l2), l3 / 2), 0},
                                   {"DRAM", INT64_MAX, readMost, 0}};
  const Memory memory = memoryOf(readMost);
  for (Bandwidth &level : levels)
    level.bytesPerSecond =
        bandwidthOf(memory.get(), level.bytes & ~int64_t(1023), seconds / static_cast<double>(levels.size()));
  return levels;
}

std::vector<Contestant> readersOf(double bytes) {
  const auto size = std::clamp<int64_t>(static_cast<int64_t>(bytes) & ~int64_t(1023), 1024, readMost);
  std::vector<Contestant> readers;
  // Each has memory of its own, which the others do not bring nearer.
  for (auto *read : {readOnce, readAll})
    readers.push_back({"read", [=, memory = std::shared_ptr(memoryOf(size))] { read(memory.get(), size); }});
  return readers;
}

const Bandwidth &levelOf(std::span<const Bandwidth> levels, double bytes) {
  for (const Bandwidth &level : levels)
    if (bytes <= static_cast<double>(level.capacity))
      return level;
  return levels.back();
}

} // namespace nibble::bench
