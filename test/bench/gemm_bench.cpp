// Compiled f32 matrix products beside OpenBLAS, interleaved in one run on one thread: ratios, not absolute numbers.
//
//   taskset -c 1 gemm_bench [M N K]
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Emit/Jit.h"
#include "compiler/Graph/Passes.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Target/Target.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <algorithm>
#include <cblas.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace mlir;

extern "C" void openblas_set_num_threads(int);

namespace {

using Entry = int32_t(const float *, float *, int64_t, void *, const void *);

double seconds(llvm::function_ref<void()> work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

} // namespace

int main(int argc, char **argv) {
  int64_t M = argc > 3 ? std::strtoll(argv[1], nullptr, 10) : 512,
          N = argc > 3 ? std::strtoll(argv[2], nullptr, 10) : 512,
          K = argc > 3 ? std::strtoll(argv[3], nullptr, 10) : 512;
  DialectRegistry registry;
  nibble::registerDialects(registry);
  nibble::registerPasses();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto size = [](int64_t v) { return std::to_string(v); };
  std::string x = "tensor<?x" + size(K) + "xf32>", w = "tensor<" + size(N) + "x" + size(K) + "xf32>",
              y = "tensor<?x" + size(N) + "xf32>";
  std::string text = "func.func @product(%x: " + x + " {nibble.name = \"x\"}) -> (" + y +
                     " {nibble.name = \"y\"}) {\n%w = nibble.param @w : " + w + "\n%y = nibble.linear %x, %w : (" + x +
                     ", " + w + ") -> " + y + "\nreturn %y : " + y + "\n}";
  auto module = parseSourceString<ModuleOp>(text, &context);
  auto run = [&](const std::string &pipeline) {
    PassManager manager(&context);
    return module && succeeded(parsePassPipeline(pipeline, manager)) && succeeded(manager.run(*module));
  };
  if (!run("nibble-bind-weights{seed=1},nibble-to-packed{target=native},nibble-to-tiled{target=native batch-tile=" +
           size(M) + "},nibble-lower-to-kernels{target=native},nibble-plan-memory"))
    return 1;
  auto entries = nibble::readEntries(*module);
  if (failed(entries) || !run("nibble-to-llvm{target=native}"))
    return 1;
  auto jit = nibble::JitModule::create(*module, nibble::Target::host());
  if (!jit) {
    std::fprintf(stderr, "%s\n", jit.error().c_str());
    return 1;
  }
  auto *product = (*jit)->function<Entry>("product");
  auto floats = [](int64_t n) {
    return static_cast<float *>(std::aligned_alloc(64, static_cast<size_t>(n * 4 + 127) / 64 * 64));
  };
  float *a = floats(M * K), *b = floats(N * K), *c = floats(M * N), *d = floats(M * N);
  void *arena = std::aligned_alloc(64, static_cast<size_t>(entries->front().arenaBytes(1) + 127) / 64 * 64);
  for (int64_t i = 0; i < M * K; ++i)
    a[i] = static_cast<float>(i % 17) / 17;
  for (int64_t i = 0; i < N * K; ++i)
    b[i] = static_cast<float>(i % 13) / 13;
  openblas_set_num_threads(1);
  std::vector<double> ours, blas;
  for (int repeat = 0; repeat < 50; ++repeat) {
    ours.push_back(seconds([&] { product(a, c, M, arena, nullptr); }));
    blas.push_back(seconds([&] {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(M), static_cast<int>(N),
                  static_cast<int>(K), 1, a, static_cast<int>(K), b, static_cast<int>(K), 0, d, static_cast<int>(N));
    }));
  }
  double flops = 2.0 * static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K) / 1e9;
  double o = *std::min_element(ours.begin(), ours.end()), p = *std::min_element(blas.begin(), blas.end());
  std::printf("f32 %lld x %lld x %lld, one thread: Nibble %.1f GFLOP/s (median %.1f), OpenBLAS %.1f (median %.1f), "
              "ratio of minima %.2f, of medians %.2f\n",
              static_cast<long long>(M), static_cast<long long>(N), static_cast<long long>(K), flops / o,
              flops / median(ours), flops / p, flops / median(blas), p / o, median(blas) / median(ours));
  return 0;
}
