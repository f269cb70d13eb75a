// Cycles for 32 results of the kernels that make results themselves: depthwise layers, and bytes of sums.
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Kernels/Requantize.h"
#include "test/bench/KernelBench.h"

#include <chrono>
#include <cstdio>

using namespace nibble::kernels;

namespace nibble::bench {

#if defined(__x86_64__)
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Cycles per second of this moment: additions that wait for each other take one each.
double measureClock() {
  constexpr int64_t turns = 20000, each = 16;
  double best = 1;
  for (int i = 0; i < 20; ++i) {
    int64_t left = turns, sum = 0;
    const double start = now();
    asm volatile("1:\n"
                 ".rept 16\n"
                 "add $1, %1\n"
                 ".endr\n"
                 "dec %0\n"
                 "jnz 1b\n"
                 : "+r"(left), "+r"(sum)
                 :
                 : "cc");
    best = std::min(best, now() - start);
  }
  return turns * each / best;
}

bool runsHere(std::string_view features) {
  const auto has = [&](const char *name) { return features.find(name) != features.npos; };
  return __builtin_cpu_supports("avx2") &&
         (!has("avx512vnni") || (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl"))) &&
         (!has("avxvnni") || __builtin_cpu_supports("avxvnni"));
}

void count(benchmark::State &state, double results, double clock) {
  const auto perRun = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["GResults/s"] = benchmark::Counter(results / 1e9, perRun);
  state.counters["cycles_for_32"] = benchmark::Counter(
      results / 32 / clock, perRun | benchmark::Counter::kInvert); // seconds * clock / (results / 32)
}

/// A row of outputs of a layer with small weights and without zero point, in bytes; borders are padded.
void runDepthwise(benchmark::State &state, const DepthwiseKernelInfo &kernel) {
  const int64_t window = state.range(0);
  DepthwiseParams p{.channels = state.range(2), .outputs = state.range(1)};
  p.windowRows = p.windowColumns = p.lastRow = static_cast<int>(window);
  p.before = window / 2, p.inputs = p.outputs;
  p.pixelStride = p.channels, p.aRowStride = p.outputs * p.channels;
  p.hasStart = false, p.result = DepthwiseResult::Bytes;
  const Code code(state, kernel, p);
  if (!code.fn())
    return;
  const std::vector<int8_t> weights(p.channels * window * window, 3);
  const std::vector<int32_t> start(p.channels, 0);
  const std::vector<float> multiplier(p.channels, 0.01f), bias(p.channels, 0.5f);
  const std::vector<uint8_t> packed = packDepthwise(kernel, p, {weights, start, multiplier, bias});
  Aligned<uint8_t> a(window * p.aRowStride, 3), out(p.outputs * p.channels, 0), line(lineBytes(kernel, p), 0),
      b(static_cast<int64_t>(packed.size()), 0);
  std::ranges::copy(packed, b.data());
  const double clock = measureClock();
  for (auto _ : state) {
    code.fn<DepthwiseFn>()(a.data(), b.data(), out.data(), line.data());
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(p.outputs * p.channels), clock);
}

void runRequantize(benchmark::State &state, const RequantizeKernelInfo &kernel) {
  RequantizeParams p{.rows = static_cast<int>(state.range(0)), .columns = static_cast<int>(state.range(1))};
  p.stored = p.columns, p.rowStride = 64, p.hasCorrection = state.range(2);
  const Code code(state, kernel, p);
  if (!code.fn())
    return;
  const std::vector<int32_t> correction(p.hasCorrection ? p.columns : 0, 5);
  const std::vector<float> multiplier(p.columns, 0.01f), bias(p.columns, 0.5f);
  const std::vector<uint8_t> packed = packRequantize(p.columns, correction, multiplier, bias);
  Aligned<int32_t> sums(p.rows * p.columns, 1000);
  Aligned<uint8_t> out(p.rows * p.rowStride, 0), constants(static_cast<int64_t>(packed.size()), 0);
  std::ranges::copy(packed, constants.data());
  const double clock = measureClock();
  for (auto _ : state) {
    code.fn<RequantizeFn>()(sums.data(), constants.data(), out.data(), 0);
    benchmark::ClobberMemory();
  }
  count(state, p.rows * p.columns, clock);
}

} // namespace

void registerResults() {
  const auto isMissing = [](const auto &kernel) {
    if (runsHere(kernel.features))
      return false;
    std::printf("%s: this machine has no %s\n", std::string(kernel.name).c_str(), std::string(kernel.features).c_str());
    return true;
  };
  for (const DepthwiseKernelInfo &kernel : depthwiseKernels())
    if (!isMissing(kernel))
      for (const auto &[window, outputs, channels] : {std::tuple<int64_t, int64_t, int64_t>{3, 56, 128}, {5, 14, 480}})
        benchmark::RegisterBenchmark(std::string(kernel.name).c_str(), runDepthwise, kernel)
            ->ArgNames({"window", "outputs", "channels"})
            ->Args({window, outputs, channels})
            ->Apply(repeated);
  for (const RequantizeKernelInfo &kernel : requantizeKernels())
    if (!isMissing(kernel))
      for (const int64_t columns : {8, 16})
        for (const int64_t corrected : {0, 1})
          benchmark::RegisterBenchmark(std::string(kernel.name).c_str(), runRequantize, kernel)
              ->ArgNames({"rows", "columns", "corrected"})
              ->Args({24, columns, corrected})
              ->Apply(repeated);
}
#else
void registerResults() {}
#endif

} // namespace nibble::bench
