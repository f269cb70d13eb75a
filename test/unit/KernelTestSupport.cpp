// What the tests of all families of kernels share.
#include "test/unit/KernelTestSupport.h"

#include "compiler/Kernels/x64/DepthwiseLine.h"
#include "compiler/Kernels/x64/Generators.h"

#include <cstring>
#include <map>
#include <sys/mman.h>

namespace nibble::kernels::test {

std::string whyNotHere(std::string_view features, std::string_view name) {
#if defined(__x86_64__)
  // Each feature that a manifest names needs a line here; an unknown one must not pass as present.
  while (!features.empty()) {
    const std::string_view feature = features.substr(0, features.find(','));
    const bool present = (feature == "avx2" && __builtin_cpu_supports("avx2")) ||
                         (feature == "fma" && __builtin_cpu_supports("fma")) ||
                         (feature == "avxvnni" && __builtin_cpu_supports("avxvnni")) ||
                         (feature == "avx512bw" && __builtin_cpu_supports("avx512bw")) ||
                         (feature == "avx512vpopcntdq" && __builtin_cpu_supports("avx512vpopcntdq")) ||
                         (feature == "avx512vl" && __builtin_cpu_supports("avx512vl")) ||
                         (feature == "avx512vnni" && __builtin_cpu_supports("avx512vnni"));
    if (!present)
      return "this machine has no " + std::string(feature) + ": " + std::string(name) + " was not run";
    features.remove_prefix(std::min(features.size(), feature.size() + 1));
  }
  return {};
#else
  return "this machine is no x86-64: " + std::string(name) + " was not run";
#endif
}

const std::vector<KernelInfo> &testedKernels() {
  static const std::vector<KernelInfo> kernels = [] {
    std::vector<KernelInfo> all(allKernels().begin(), allKernels().end());
    static const std::map<std::string_view, std::pair<const char *, GenerateFn>> twins = {
        {"dot_u8s1_12x8_avxvnni", {"dot_u8s1_12x8_avxvnni_evex", x64::emitDotVnni256Evex<1>}},
        {"dot_u8s2_12x8_avxvnni", {"dot_u8s2_12x8_avxvnni_evex", x64::emitDotVnni256Evex<2>}},
        {"dot_u8s4_12x8_avxvnni", {"dot_u8s4_12x8_avxvnni_evex", x64::emitDotVnni256Evex<4>}},
        {"dot_u8s8_12x8_avxvnni", {"dot_u8s8_12x8_avxvnni_evex", x64::emitDotVnni256Evex<8>}},
    };
    for (const KernelInfo &kernel : allKernels())
      if (const auto twin = twins.find(kernel.name); twin != twins.end()) {
        all.push_back(kernel);
        all.back().name = twin->second.first;
        all.back().features = "avx512vnni,avx512vl";
        all.back().emit = twin->second.second;
      }
    return all;
  }();
  return kernels;
}

const std::vector<DepthwiseKernelInfo> &testedDepthwiseKernels() {
  static const std::vector<DepthwiseKernelInfo> kernels = [] {
    std::vector<DepthwiseKernelInfo> all(depthwiseKernels().begin(), depthwiseKernels().end());
    all.push_back(*findDepthwiseKernel("depthwise_u8s8_avxvnni"));
    all.back().name = "depthwise_u8s8_avxvnni_evex";
    all.back().features = "avx512vnni,avx512vl";
    all.back().emit = x64::emitDepthwise256Evex;
    return all;
  }();
  return kernels;
}

void *mapPages(size_t bytes, int protection) {
  void *memory = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    abort();
  }
  return memory;
}

LoadedKernel::LoadedKernel(std::span<const uint8_t> bytes)
    : memory(mapPages(lead + bytes.size(), PROT_READ | PROT_WRITE)), size(lead + bytes.size()) {
  std::memcpy(static_cast<uint8_t *>(memory) + lead, bytes.data(), bytes.size());
  mprotect(memory, size, PROT_READ | PROT_EXEC);
}

LoadedKernel::~LoadedKernel() { munmap(memory, size); }

std::unique_ptr<LoadedKernel> load(const MachineCode &code) {
  if (!code) {
    ADD_FAILURE() << code.error;
    return nullptr;
  }
  return std::make_unique<LoadedKernel>(code.bytes);
}

} // namespace nibble::kernels::test
