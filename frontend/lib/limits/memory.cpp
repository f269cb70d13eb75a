// Rates of reading memory.
#include "frontend/lib/limits/loops.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>
#include <sys/mman.h>

namespace nibble::limits {
namespace {

#if defined(__x86_64__)
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
               : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}
void readOnce(const std::byte *data, int64_t bytes) {
  const std::byte *end = data + bytes;
  asm volatile("1:\n vpaddb (%0), %%ymm0, %%ymm0\n vpaddb 32(%0), %%ymm1, %%ymm1\n vpaddb 64(%0), %%ymm2, %%ymm2\n"
               "vpaddb 96(%0), %%ymm3, %%ymm3\n vpaddb 128(%0), %%ymm4, %%ymm4\n vpaddb 160(%0), %%ymm5, %%ymm5\n"
               "vpaddb 192(%0), %%ymm6, %%ymm6\n vpaddb 224(%0), %%ymm7, %%ymm7\n"
               "add $256, %0\n cmp %1, %0\n jb 1b\n vzeroupper"
               : "+&r"(data)
               : "r"(end)
               : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

constexpr Read allReads[] = {readOnce, readAll};
#endif

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

#if defined(__x86_64__)
std::span<const Read> reads() { return allReads; }
#else
std::span<const Read> reads() { return {}; }
#endif

Pages::Pages(std::int64_t bytes) : bytes_(bytes) {
  void *memory =
      mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::bad_alloc();
  madvise(memory, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
  std::memset(memory, 1, static_cast<std::size_t>(bytes));
  data_ = static_cast<std::byte *>(memory);
}
Pages::~Pages() { munmap(data_, static_cast<std::size_t>(bytes_)); }

double bandwidth_of(const std::byte *data, std::int64_t bytes, double time) {
  double best = 0;
  for (const Read read : reads()) {
    read(data, bytes);
    const double start = seconds();
    read(data, bytes);
    const double once = std::max(seconds() - start, 1e-8);
    const int passes = static_cast<int>(std::clamp(100e-6 / once, 1.0, 1000.0));
    const int repetitions = static_cast<int>(std::clamp(time / 2 / (once * passes), 3.0, 200.0));
    for (int i = 0; i < repetitions; ++i) {
      const double begin = seconds();
      for (int p = 0; p < passes; ++p)
        read(data, bytes);
      best = std::max(best, static_cast<double>(bytes) * passes / (seconds() - begin));
    }
  }
  return best;
}

std::vector<Level> levels(std::int64_t most) {
  const std::int64_t l1 = cacheSize(1, 32 << 10), l2 = cacheSize(2, 512 << 10), l3 = cacheSize(3, 16 << 20);
  // Half of a cache surely stays there; of the last level, which is shared, 4 MiB.
  std::vector<Level> found = {{"L1", l1, l1 / 2},
                              {"L2", l2, l2 / 2},
                              {"L3", l3, std::min<std::int64_t>(std::max<std::int64_t>(4 << 20, 2 * l2), l3 / 2)},
                              {"DRAM", INT64_MAX, most}};
  for (Level &level : found)
    level.bytes = std::min(level.bytes, most) & ~std::int64_t(1023);
  return found;
}

} // namespace nibble::limits
