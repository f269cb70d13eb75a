// Rates of the kernels of the manifest, in 10^9 operations (a multiplication and an addition are two) per second,
// beside the peak of vpmaddubsw + vpmaddwd + vpaddd measured at the same moment. Pin it: taskset -c 1 kernels_bench
#include "compiler/Kernels/Kernels.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sys/mman.h>

using namespace nibble::kernels;

#if defined(__x86_64__)
namespace {

constexpr int peakSteps = 12; // independent sums
constexpr double peakOps = peakSteps * 32 * 2;

/// `turns` times 12 independent multiply-accumulates of 32 bytes, in registers alone.
void peakLoop(int64_t turns) {
  asm volatile(R"(
    vpcmpeqd %%ymm14, %%ymm14, %%ymm14
    vpsrlw $15, %%ymm14, %%ymm14
    vpxor %%ymm13, %%ymm13, %%ymm13
    vpxor %%ymm12, %%ymm12, %%ymm12
  1:
    .irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    vpmaddubsw %%ymm12, %%ymm13, %%ymm15
    vpmaddwd %%ymm14, %%ymm15, %%ymm15
    vpaddd %%ymm15, %%ymm\sum, %%ymm\sum
    .endr
    dec %0
    jnz 1b
    vzeroupper
  )"
               : "+r"(turns)
               :
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                 "xmm12", "xmm13", "xmm14", "xmm15");
}

/// The best of a few short stretches, in operations per second.
double measurePeak() {
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    constexpr int64_t turns = 100000;
    const auto start = std::chrono::steady_clock::now();
    peakLoop(turns);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, turns * peakOps / seconds.count());
  }
  return best;
}

void runKernel(benchmark::State &state, const KernelInfo &kernel) {
  const DotParams params{static_cast<int>(state.range(0)), state.range(1), state.range(1), state.range(1)};
  constexpr int64_t outer = 1;
  const MachineCode code = generate(kernel, params);
  void *memory = mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!code || code.bytes.size() > 1 << 16 || memory == MAP_FAILED) {
    state.SkipWithError(code.error.empty() ? "no memory for the code" : code.error.c_str());
    return;
  }
  std::memcpy(memory, code.bytes.data(), code.bytes.size());
  mprotect(memory, 1 << 16, PROT_READ | PROT_EXEC);
  const auto fn = reinterpret_cast<DotFn>(memory);

  const std::vector<uint8_t> a(params.rows * params.run, 3);
  const std::vector<int8_t> b(packedBytes(outer, params.run), 1);
  std::vector<int32_t> acc(params.rows * dotColumns);
  const double peak = measurePeak();
  for (auto _ : state) {
    fn(a.data(), b.data(), acc.data(), outer);
    benchmark::ClobberMemory();
  }
  const double ops = 2.0 * params.rows * dotColumns * static_cast<double>(params.run) * outer;
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GOP/s"] = benchmark::Counter(ops / 1e9, rate);
  state.counters["peak_GOP/s"] = peak / 1e9;
  state.counters["of_peak"] = benchmark::Counter(ops / peak, rate);
  munmap(memory, 1 << 16);
}

double smallest(const std::vector<double> &v) { return *std::min_element(v.begin(), v.end()); }
double largest(const std::vector<double> &v) { return *std::max_element(v.begin(), v.end()); }

} // namespace

int main(int argc, char **argv) {
  if (!__builtin_cpu_supports("avx2")) {
    std::fprintf(stderr, "kernels_bench: this machine has no avx2\n");
    return 1;
  }
  for (const KernelInfo &kernel : allKernels())
    benchmark::RegisterBenchmark(std::string(kernel.name).c_str(), runKernel, kernel)
        ->ArgNames({"rows", "run"})
        ->ArgsProduct({{dotMaxRows}, {512, 2304}})
        ->Repetitions(15)
        ->ReportAggregatesOnly()
        ->ComputeStatistics("min", smallest)
        ->ComputeStatistics("max", largest);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
#else
int main() {
  std::fprintf(stderr, "kernels_bench: this machine is no x86-64\n");
  return 1;
}
#endif
