// What the benchmarks of single kernels share.
#ifndef NIBBLE_TEST_BENCH_KERNELBENCH_H
#define NIBBLE_TEST_BENCH_KERNELBENCH_H

#include "compiler/Kernels/Kernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace nibble::bench {

/// `count` times `value` from a multiple of 64 bytes on, as the compiler's arena has them: sums that straddle cache
/// lines cost up to a tenth of the speed.
template <typename T>
class Aligned {
public:
  Aligned(int64_t count, int value) : bytes(count * sizeof(T) + 64) {
    void *start = bytes.data();
    size_t space = bytes.size();
    first = static_cast<T *>(std::align(64, count * sizeof(T), start, space));
    std::fill_n(first, count, static_cast<T>(value));
  }
  T *data() { return first; }

private:
  std::vector<uint8_t> bytes;
  T *first;
};

/// Executable memory with the kernel for `params`; null, with the error in `state`, where there is none.
class Code {
public:
  Code(benchmark::State &state, const auto &kernel, const auto &params) {
    const kernels::MachineCode code = generate(kernel, params);
    if (!code) {
      state.SkipWithError(code.error.c_str());
      return;
    }
    void *mapped = mmap(nullptr, code.bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
      state.SkipWithError("no memory for the code");
      return;
    }
    memory = mapped;
    size = code.bytes.size();
    std::memcpy(memory, code.bytes.data(), size);
    mprotect(memory, size, PROT_READ | PROT_EXEC);
  }
  ~Code() {
    if (memory)
      munmap(memory, size);
  }
  Code(const Code &) = delete;
  Code &operator=(const Code &) = delete;

  template <typename Fn = kernels::DotFn>
  Fn fn() const {
    return reinterpret_cast<Fn>(memory);
  }

private:
  void *memory = nullptr;
  size_t size = 0;
};

/// Repetitions, of which the least and the largest count.
inline void repeated(benchmark::internal::Benchmark *b) {
  b->Repetitions(15)
      ->ReportAggregatesOnly()
      ->ComputeStatistics("min", [](const std::vector<double> &v) { return *std::ranges::min_element(v); })
      ->ComputeStatistics("max", [](const std::vector<double> &v) { return *std::ranges::max_element(v); });
}

/// The kernels that end in results: depthwise ones, and the requantisation of sums.
void registerResults();

} // namespace nibble::bench

#endif
