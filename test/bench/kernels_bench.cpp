// Rates of the kernels of the manifest, in 10^9 operations (a multiplication and an addition are two) per second,
// beside their bounds, measured at the same moment: a loop of the same multiplications and additions that touches
// registers alone, and for products of one row the rate at which as many bytes as the weights have are read. Pin it:
// taskset -c 1 kernels_bench
#include "compiler/Kernels/Kernels.h"
#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/Select.h"
#include "test/bench/KernelBench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <sys/mman.h>

using namespace nibble::bench;
using namespace nibble::kernels;

#if defined(__x86_64__)
namespace {

constexpr int peakSteps = 12; // independent sums

// `turns` times 12 independent steps in registers alone; ymm15 holds the product, ymm14 ones.
#define NIBBLE_PEAK_LOOP(NAME, STEP)                                                                                   \
  void NAME(int64_t turns) {                                                                                           \
    asm volatile("vpcmpeqw %%ymm14, %%ymm14, %%ymm14\n"                                                                \
                 "vpsrlw $15, %%ymm14, %%ymm14\n"                                                                      \
                 "vpxor %%ymm13, %%ymm13, %%ymm13\n"                                                                   \
                 "vpxor %%ymm12, %%ymm12, %%ymm12\n"                                                                   \
                 "1:\n"                                                                                                \
                 ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n" STEP ".endr\n"                                     \
                 "dec %0\n"                                                                                            \
                 "jnz 1b\n"                                                                                            \
                 "vzeroupper\n"                                                                                        \
                 : "+r"(turns)                                                                                         \
                 :                                                                                                     \
                 : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",      \
                   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                                                       \
  }

NIBBLE_PEAK_LOOP(words, "vpmaddwd %%ymm12, %%ymm13, %%ymm15\n"
                        "vpaddd %%ymm15, %%ymm\\sum, %%ymm\\sum\n")
NIBBLE_PEAK_LOOP(pairs, "vpmaddubsw %%ymm12, %%ymm13, %%ymm15\n"
                        "vpmaddwd %%ymm14, %%ymm15, %%ymm15\n"
                        "vpaddd %%ymm15, %%ymm\\sum, %%ymm\\sum\n")
NIBBLE_PEAK_LOOP(windows, "vpmaddubsw %%ymm12, %%ymm13, %%ymm15\n"
                          "vpaddw %%ymm15, %%ymm\\sum, %%ymm\\sum\n")

#define NIBBLE_VNNI_LOOP(NAME, STEP)                                                                                   \
  void NAME(int64_t turns) {                                                                                           \
    asm volatile("vpxor %%xmm13, %%xmm13, %%xmm13\n"                                                                   \
                 "vpxor %%xmm12, %%xmm12, %%xmm12\n"                                                                   \
                 "1:\n"                                                                                                \
                 ".irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n" STEP ".endr\n"                                     \
                 "dec %0\n"                                                                                            \
                 "jnz 1b\n"                                                                                            \
                 "vzeroupper\n"                                                                                        \
                 : "+r"(turns)                                                                                         \
                 :                                                                                                     \
                 : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",      \
                   "xmm11", "xmm12", "xmm13");                                                                         \
  }

NIBBLE_VNNI_LOOP(vnni512, "vpdpbusd %%zmm12, %%zmm13, %%zmm\\sum\n")
NIBBLE_VNNI_LOOP(vnni256, "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm\\sum\n")

bool has(const KernelInfo &kernel, std::string_view feature) { return kernel.features.find(feature) != feature.npos; }

/// Whether this machine can run the kernel.
bool runsHere(const KernelInfo &kernel) {
  if (has(kernel, "avx512vnni"))
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
  if (has(kernel, "avx512bw"))
    return __builtin_cpu_supports("avx512bw");
  return has(kernel, "avxvnni") ? __builtin_cpu_supports("avxvnni") : __builtin_cpu_supports("avx2");
}

/// Products that one step of the loop stands for, in bytes or words of a vector.
struct Mix {
  void (*loop)(int64_t turns);
  int products;
};

Mix mixOf(const KernelInfo &kernel) {
  if (has(kernel, "avx512vnni"))
    return {vnni512, 64};
  if (has(kernel, "avxvnni"))
    return {vnni256, 32};
  switch (kernel.accumulation) {
  case Accumulation::Exact32:
    return {words, 16};
  case Accumulation::Pairs32:
    return {pairs, 32};
  case Accumulation::Windows16:
    break;
  }
  return {windows, 32};
}

double secondsOf(const auto &work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The best of a few short stretches, in operations per second.
double measurePeak(const Mix &mix) {
  constexpr int64_t turns = 20000;
  double best = 1;
  for (int i = 0; i < 20; ++i)
    best = std::min(best, secondsOf([&] { mix.loop(turns); }));
  return turns * peakSteps * mix.products * 2.0 / best;
}

/// Bytes per second at which `bytes` are read, the best of a few passes.
double measureRead(const int8_t *begin, int64_t size) {
  double best = 1;
  const auto halves = [&](const int8_t *from, const int8_t *end) {
    asm volatile("1:\n"
                 ".irp at, 0, 32, 64, 96, 128, 160, 192, 224\n"
                 "vmovdqu \\at(%0), %%ymm0\n"
                 ".endr\n"
                 "add $256, %0\n"
                 "cmp %1, %0\n"
                 "jb 1b\n"
                 "vzeroupper\n"
                 : "+r"(from)
                 : "r"(end)
                 : "cc", "memory", "xmm0");
  };
  const auto lines = [&](const int8_t *from, const int8_t *end) {
    asm volatile("1:\n"
                 ".irp at, 0, 64, 128, 192\n"
                 "vmovdqu32 \\at(%0), %%zmm0\n"
                 ".endr\n"
                 "add $256, %0\n"
                 "cmp %1, %0\n"
                 "jb 1b\n"
                 "vzeroupper\n"
                 : "+r"(from)
                 : "r"(end)
                 : "cc", "memory", "xmm0");
  };
  const bool wide = __builtin_cpu_supports("avx512f");
  for (int i = 0; i < 20; ++i) {
    best = std::min(best, secondsOf([&] { halves(begin, begin + size / 256 * 256); }));
    if (wide)
      best = std::min(best, secondsOf([&] { lines(begin, begin + size / 256 * 256); }));
  }
  return static_cast<double>(size) / best;
}

/// All rows that the kernel has against 64 columns. Rows that are too long for the first-level cache are cut into
/// blocks of k, of which each passes all columns before the next begins and adds to what they have.
void runKernel(benchmark::State &state, const KernelInfo &kernel) {
  const int64_t run = state.range(0), stride = run + state.range(2), tiles = 64 / kernel.columns;
  const Blocking blocking = blockingFor(kernel, kernel.maxRows, tiles, stride);
  constexpr int64_t nearBytes = 26 * 1024; // of 32 KiB; weights pass by
  const int64_t parts = (blocking.rows * run + nearBytes - 1) / nearBytes, block = (run / parts + 31) / 32 * 32;
  DotParams params{blocking.rows, stride, stride, run};
  params.widenEvery = state.range(1);
  params.tiles = blocking.tiles;
  params.bTileStride = stepBytes(kernel, run);

  struct Part {
    std::unique_ptr<Code> code;
    int64_t aStart, bStart;
  };
  std::vector<Part> calls;
  for (int64_t from = 0; from < run; from += block) {
    params.run = std::min(block, run - from);
    params.addsToAcc = from > 0;
    calls.push_back({std::make_unique<Code>(state, kernel, params), from, stepBytes(kernel, from)});
    if (!calls.back().code->fn())
      return;
  }
  Aligned<uint8_t> a(blocking.rows * stride, 3);
  const int64_t bBytes = tiles * params.bTileStride;
  Aligned<int8_t> b(bBytes, 0x11);
  Aligned<int32_t> acc(blocking.rows * 64, 0);
  const double peak = measurePeak(mixOf(kernel));
  for (auto _ : state) {
    for (const Part &part : calls)
      for (int64_t tile = 0; tile < tiles; tile += params.tiles)
        part.code->fn()(a.data() + part.aStart, b.data() + tile * params.bTileStride + part.bStart,
                        acc.data() + tile * blocking.rows * kernel.columns, 1);
    benchmark::ClobberMemory();
  }
  const double ops = 2.0 * static_cast<double>(blocking.rows * 64) * static_cast<double>(run);
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["rows"] = blocking.rows;
  state.counters["GOP/s"] = benchmark::Counter(ops / 1e9, rate);
  state.counters["bound_GOP/s"] = peak / 1e9;
  state.counters["of_bound"] = benchmark::Counter(ops / peak, rate);
}

/// One row against a square matrix. The bound is the tighter of arithmetic and reading the weights.
void runGemv(benchmark::State &state, const KernelInfo &kernel) {
  const int64_t run = state.range(0), tiles = run / kernel.columns;
  DotParams params{1, 0, 0, run};
  params.widenEvery = state.range(1);
  params.tiles = blockingFor(kernel, 1, tiles, run).tiles;
  params.bTileStride = stepBytes(kernel, run);
  const Code code(state, kernel, params);
  if (!code.fn())
    return;
  Aligned<uint8_t> a(run, 3);
  const int64_t bBytes = tiles * params.bTileStride;
  Aligned<int8_t> b(bBytes, 0x11);
  Aligned<int32_t> acc(run, 0);
  const double ops = 2.0 * static_cast<double>(run * run), bytes = static_cast<double>(bBytes);
  const double byOps = ops / measurePeak(mixOf(kernel)), byRead = bytes / measureRead(b.data(), bBytes),
               bound = std::max(byOps, byRead);
  for (auto _ : state) {
    for (int64_t tile = 0; tile + params.tiles <= tiles; tile += params.tiles)
      code.fn()(a.data(), b.data() + tile * params.bTileStride, acc.data() + tile * kernel.columns, 1);
    benchmark::ClobberMemory();
  }
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GOP/s"] = benchmark::Counter(ops / 1e9, rate);
  state.counters["GB/s"] = benchmark::Counter(bytes / 1e9, rate);
  state.counters["bound_GOP/s"] = ops / bound / 1e9;
  state.counters["by_read"] = byRead > byOps;
  state.counters["of_bound"] = benchmark::Counter(bound, rate);
}

/// All rows of a listed kernel against 64 columns of weights that are normal, with one scale per tensor (the largest of
/// a million is 127) or one per channel.
void runListed(benchmark::State &state, const ListedKernelInfo &kernel) {
  constexpr int64_t columns = 64;
  const int64_t run = state.range(0), stride = run + state.range(2);
  std::vector<int8_t> values(columns * run);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int64_t c = 0; c < columns; ++c) {
    std::vector<double> w(run);
    double most = state.range(1) ? 0 : 4.8;
    for (double &value : w) {
      value = normal(random);
      most = state.range(1) ? std::max(most, std::abs(value)) : most;
    }
    for (int64_t k = 0; k < run; ++k)
      values[c * run + k] = static_cast<int8_t>(std::clamp(std::round(w[k] / most * 127), -127.0, 127.0));
  }
  const ListedWeights weights{values, columns, 1, run};
  const ListedLength length = chooseListed(weights);
  const std::vector<uint8_t> lists = packListed(weights, length.window);
  KernelInfo like{};
  like.weightBits = 8, like.maxRows = kernel.maxRows, like.columns = listedColumns;
  ListedParams params;
  params.rows = blockingFor(like, kernel.maxRows, 1, stride).rows;
  params.aRowStride = stride;
  params.window = length.window;
  const Code code(state, kernel, params);
  if (!code.fn())
    return;
  Aligned<uint8_t> a(params.rows * stride, 3);
  Aligned<int8_t> b(static_cast<int64_t>(lists.size()), 0);
  std::copy(lists.begin(), lists.end(), b.data());
  Aligned<int32_t> acc(params.rows * listedColumns, 0);
  const double peak = measurePeak({windows, 32});
  for (auto _ : state) {
    for (int64_t tile = 0; tile < weights.tiles(); ++tile)
      code.fn()(a.data(), b.data() + tile * length.window * listedEntryBytes, acc.data(), 1);
    benchmark::ClobberMemory();
  }
  const double ops = 2.0 * static_cast<double>(params.rows * columns) * static_cast<double>(run);
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["rows"] = params.rows;
  state.counters["window"] = length.window;
  state.counters["operations"] = static_cast<double>(length.operations()) / static_cast<double>(weights.plainGroups());
  state.counters["GOP/s"] = benchmark::Counter(ops / 1e9, rate);
  state.counters["bound_GOP/s"] = peak / 1e9;
  state.counters["of_bound"] = benchmark::Counter(ops / peak, rate);
}

/// The lengths of windows that weights of this width usually allow: for narrow activations (no widening), for 8-bit
/// activations and typical weights, and the least.
std::vector<int64_t> windowsOf(const KernelInfo &kernel) {
  if (kernel.accumulation != Accumulation::Windows16)
    return {0};
  switch (kernel.weightBits) {
  case 8:
    return {0, 8, 4, 2};
  case 4:
    return {0, 24, 16, 8};
  default:
    return {0, 64, 32};
  }
}

} // namespace

int main(int argc, char **argv) {
  if (!__builtin_cpu_supports("avx2")) {
    std::fprintf(stderr, "kernels_bench: this machine has no avx2\n");
    return 1;
  }
  for (const KernelInfo &kernel : allKernels()) {
    if (!runsHere(kernel)) {
      std::printf("%s: this machine has no %s\n", std::string(kernel.name).c_str(),
                  std::string(kernel.features).c_str());
      continue;
    }
    const std::string name(kernel.name);
    // pad: bytes between rows. Rows 4096 bytes apart collide in the cache; see blockingFor.
    for (const auto &[run, pad] : {std::pair<int64_t, int64_t>{512, 0}, {2304, 0}, {4096, 0}, {4096, 384}})
      for (const int64_t widenEvery : windowsOf(kernel))
        benchmark::RegisterBenchmark(name.c_str(), runKernel, kernel)
            ->ArgNames({"run", "widen", "pad"})
            ->Args({run, widenEvery, pad})
            ->Apply(repeated);
    for (const int64_t run : {1024, 4096}) // weights in the second-level cache, and in the third
      benchmark::RegisterBenchmark((name + "/gemv").c_str(), runGemv, kernel)
          ->ArgNames({"run", "widen"})
          ->Args({run, windowsOf(kernel)[windowsOf(kernel).size() > 1 ? 1 : 0]})
          ->Apply(repeated);
  }
  for (const ListedKernelInfo &kernel : listedKernels())
    for (const auto &[run, pad] : {std::pair<int64_t, int64_t>{128, 0}, {512, 0}, {2304, 0}, {4096, 0}, {4096, 384}})
      for (const int64_t perChannel : {0, 1})
        benchmark::RegisterBenchmark(std::string(kernel.name).c_str(), runListed, kernel)
            ->ArgNames({"run", "channel", "pad"})
            ->Args({run, perChannel, pad})
            ->Apply(repeated);
  registerResults();
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
