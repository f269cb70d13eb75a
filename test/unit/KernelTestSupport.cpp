// What the kernel tests share.
#include "test/unit/KernelTestSupport.h"

#include "compiler/Kernels/x64/DepthwiseLine.h"
#include "compiler/Kernels/x64/Generators.h"

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

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

static void *map(size_t bytes, int protection) {
  void *memory = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    perror("mmap");
    abort();
  }
  return memory;
}

LoadedKernel::LoadedKernel(std::span<const uint8_t> bytes)
    : memory(map(lead + bytes.size(), PROT_READ | PROT_WRITE)), size(lead + bytes.size()) {
  std::memcpy(static_cast<uint8_t *>(memory) + lead, bytes.data(), bytes.size());
  mprotect(memory, size, PROT_READ | PROT_EXEC);
}

LoadedKernel::~LoadedKernel() { munmap(memory, size); }

size_t GuardedMemory::pageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

GuardedMemory::GuardedMemory(size_t size, Against side) : bytes(size) {
  const size_t page = pageBytes();
  const size_t inner = (size + page - 1) / page * page;
  mappedBytes = inner + 2 * page;
  mapping = map(mappedBytes, PROT_NONE);
  uint8_t *first = static_cast<uint8_t *>(mapping) + page;
  if (inner)
    mprotect(first, inner, PROT_READ | PROT_WRITE);
  start = side == Against::LowerGuard ? first : first + inner - size;
}

GuardedMemory::~GuardedMemory() { munmap(mapping, mappedBytes); }

/// The largest sum of positive or of negative parts that a lane of 16 bits gathers, activations being 1.
int64_t Operands::worstWindow() const {
  int64_t worst = 1;
  const int64_t most = params.widenEvery ? params.widenEvery : groups();
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int n = 0; n < kernel.columns; ++n)
      for (const int pair : {0, 2})
        for (const int sign : {1, -1}) {
          int64_t total = 0;
          for (int64_t o = 0; o < outer; ++o) {
            std::vector<int64_t> upTo{0};
            for (int64_t g = 0; g < groups(); ++g) {
              int64_t sum = upTo.back();
              for (int64_t k = g * dotGroup + pair; k < std::min(params.run, g * dotGroup + pair + 2); ++k)
                sum += std::max(0, sign * weight(tile, o, k, n));
              upTo.push_back(sum);
            }
            for (size_t end = 1; end < upTo.size(); ++end)
              worst = std::max(worst, upTo[end] - upTo[end - std::min<int64_t>(end, most)]);
            total += upTo.back();
          }
          if (!params.widenEvery)
            worst = std::max(worst, total);
        }
  return worst;
}

void Operands::fill(Values values, uint32_t seed) {
  std::mt19937 random(seed);
  const auto between = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  const bool extreme = values == Values::Extreme, inWindows = kernel.accumulation == Accumulation::Windows16;
  int low = kernel.weightBits == 1 ? -1 : -(1 << (kernel.weightBits - 1)), high = std::max(1, -low - 1);
  if (inWindows && kernel.weightBits > 1) {
    const int64_t lanes = 2 * (params.widenEvery ? std::min(params.widenEvery, groups()) : groups() * outer);
    const auto bound =
        static_cast<int>(std::max<int64_t>(1, 32767 / std::max<int64_t>(1, lanes) / (extreme ? 1 : 255)));
    low = std::max(low, -bound);
    high = std::min(high, bound);
  }

  w.resize(params.tiles * outer * params.run * kernel.columns);
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int64_t o = 0; o < outer; ++o)
      for (int n = 0; n < kernel.columns; ++n)
        for (int64_t k = 0; k < params.run; ++k) {
          int8_t &value = weight(tile, o, k, n);
          // Whole columns of one sign make the largest sums.
          const int sign = n % 3 == 0 ? 1 : n % 3 == 1 ? -1 : between(0, 1) ? 1 : -1;
          if (kernel.weightBits == 1) {
            value = static_cast<int8_t>(extreme ? sign : 2 * between(0, 1) - 1);
            continue;
          }
          value = static_cast<int8_t>(extreme ? (sign > 0 ? high : low) : between(low, high));
          if (kernel.accumulation != Accumulation::Pairs32)
            continue;
          if (extreme) // An even and an odd one with |w0| + |w1| = 128, split at random.
            value = static_cast<int8_t>(k % 2 == 0 ? sign * between(1, 127) : 0);
          if (k % 2 == 0)
            continue;
          const int8_t before = weight(tile, o, k - 1, n);
          const int least = before < 0 ? -128 - before : -128, most = before > 0 ? std::min(127, 128 - before) : 127;
          value = static_cast<int8_t>(extreme ? (before > 0 ? most : least) : between(least, most));
        }

  activationMax = inWindows ? std::min<int64_t>(255, 32767 / worstWindow()) : 255;
  a.resize(params.rows * outer * params.run);
  const auto max = static_cast<int>(activationMax);
  for (uint8_t &value : a)
    value = static_cast<uint8_t>(extreme ? max * (between(0, 7) != 0) : between(0, max));
}

std::vector<int8_t> Operands::packB() const {
  const int bits = kernel.weightBits, lanes = kernel.columns * dotGroup;
  const int64_t unit = kernel.unitGroups(), units = (groups() + unit - 1) / unit;
  const int64_t between = params.tiles > 1 ? params.bTileStride : 0;
  std::vector<int8_t> packed((params.tiles - 1) * between + (outer ? (outer - 1) * stepStride() : 0) +
                             (outer ? stepBytes(kernel, params.run) : 0));
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t e = 0; e < units * unit * kernel.columns * dotGroup; ++e) {
        const int64_t g = e / (kernel.columns * dotGroup), k = g * dotGroup + e % dotGroup;
        const int n = static_cast<int>(e / dotGroup % kernel.columns);
        const int value = k < params.run ? weight(tile, o, k, n) : bits == 1 ? -1 : 0;
        const int field = bits == 1 ? value < 0 : bits == 8 ? value & 0xff : value + (1 << (bits - 1));
        const int64_t byte = tile * between + o * stepStride() + g / unit * lanes + e % lanes;
        packed[byte] = static_cast<int8_t>(packed[byte] | field << (g % unit * bits));
      }
  return packed;
}

void Operands::placeA(uint8_t *to) const {
  if (params.run == 0)
    return;
  for (int row = 0; row < params.rows; ++row)
    for (int64_t o = 0; o < outer; ++o)
      std::memcpy(to + row * params.aRowStride + o * params.aOuterStride, &a[(row * outer + o) * params.run],
                  params.run);
}

size_t Operands::aExtent() const {
  return outer == 0 ? 0 : (params.rows - 1) * params.aRowStride + (outer - 1) * params.aOuterStride + params.run;
}

std::vector<int32_t> Operands::oracle() const {
  std::vector<int32_t> acc(accWords());
  for (int tile = 0; tile < params.tiles; ++tile)
    for (int m = 0; m < params.rows; ++m) {
      std::vector<uint32_t> sums(kernel.columns); // wrap, as the contract says
      const uint8_t *row = a.data() + m * outer * params.run;
      const int8_t *weights = w.data() + tile * outer * params.run * kernel.columns;
      for (int64_t i = 0; i < outer * params.run; ++i)
        for (int n = 0; n < kernel.columns; ++n)
          sums[n] += static_cast<uint32_t>(row[i] * weights[i * kernel.columns + n]);
      for (int n = 0; n < kernel.columns; ++n)
        acc[(tile * params.rows + m) * kernel.columns + n] = static_cast<int32_t>(sums[n]);
    }
  return acc;
}

std::vector<int64_t> windowsOf(const KernelInfo &kernel) {
  if (kernel.accumulation != Accumulation::Windows16)
    return {0};
  const int64_t unit = kernel.unitGroups();
  return {0, unit, 3 * unit + 1, 40, INT64_MAX};
}

std::vector<DotParams> shapes(const KernelInfo &kernel) {
  std::vector<DotParams> all;
  const int64_t unit = dotGroup * kernel.unitGroups();
  for (const int64_t widenEvery : windowsOf(kernel))
    for (const int64_t run :
         {int64_t(1), int64_t(2), int64_t(3), int64_t(4), int64_t(7), int64_t(16), int64_t(27), int64_t(32),
          int64_t(33), int64_t(50), int64_t(63), int64_t(128), unit * 13, int64_t(513)}) {
      DotParams params{kernel.maxRows, run + 3, kernel.maxRows * (run + 3) + 2, run};
      params.widenEvery = widenEvery;
      params.bTileStride = 3 * stepBytes(kernel, run);
      for (params.rows = 1; params.rows <= kernel.maxRows; ++params.rows)
        all.push_back(params);
      for (params.rows = 1; params.rows <= 3; ++params.rows)
        for (params.tiles = 2; params.tiles <= kernel.maxRows / params.rows; params.tiles *= 2)
          all.push_back(params);
    }
  return all;
}

std::string describe(const DotParams &params, int64_t outer) {
  return "rows " + std::to_string(params.rows) + ", tiles " + std::to_string(params.tiles) + ", run " +
         std::to_string(params.run) + ", outer " + std::to_string(outer) + ", strides " +
         std::to_string(params.aRowStride) + " and " + std::to_string(params.aOuterStride) + ", widened every " +
         std::to_string(params.widenEvery);
}

std::unique_ptr<LoadedKernel> load(const KernelInfo &kernel, const DotParams &params) {
  const MachineCode code = generate(kernel, params);
  if (!code) {
    ADD_FAILURE() << code.error;
    return nullptr;
  }
  return std::make_unique<LoadedKernel>(code.bytes);
}

static sigjmp_buf afterFault;
static volatile uintptr_t faultAddress;

static void onFault(int, siginfo_t *info, void *) {
  faultAddress = reinterpret_cast<uintptr_t>(info->si_addr);
  siglongjmp(afterFault, 1);
}

std::string callGuarded(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer) {
  struct sigaction action = {}, oldSegv, oldBus;
  action.sa_sigaction = onFault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &oldSegv);
  sigaction(SIGBUS, &action, &oldBus);
  const bool faulted = sigsetjmp(afterFault, 1) != 0;
  if (!faulted)
    fn(a, b, acc, outer);
  sigaction(SIGSEGV, &oldSegv, nullptr);
  sigaction(SIGBUS, &oldBus, nullptr);
  if (!faulted)
    return {};
  const auto distance = [](const void *from) {
    return std::to_string(static_cast<int64_t>(faultAddress - reinterpret_cast<uintptr_t>(from)));
  };
  return "access outside the operands, at a + " + distance(a) + " = b + " + distance(b) + " = acc + " + distance(acc);
}

#if defined(__x86_64__)
extern "C" void nibbleTestCallWithState(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer,
                                        MachineState *state, uint64_t mark, uint32_t mxcsr);
static_assert(offsetof(MachineState, flags) == 48 && offsetof(MachineState, mxcsr) == 56 &&
              offsetof(MachineState, callersMxcsr) == 60 && offsetof(MachineState, vectors) == 64 &&
              offsetof(MachineState, hasAvx512) == 576);

// The last two arguments come on the stack: at [rsp + 64] and [rsp + 72] after seven pushes.
asm(R"(
  .intel_syntax noprefix
  .text
nibbleTestCallWithState:
  push rbx
  push rbp
  push r12
  push r13
  push r14
  push r15
  push r9
  stmxcsr dword ptr [r9 + 60]
  ldmxcsr dword ptr [rsp + 72]
  mov rbx, qword ptr [rsp + 64]
  lea rbp, [rbx + 1]
  lea r12, [rbx + 2]
  lea r13, [rbx + 3]
  lea r14, [rbx + 4]
  lea r15, [rbx + 5]
  mov r11, rdi
  mov rdi, rsi
  mov rsi, rdx
  mov rdx, rcx
  mov rcx, r8
  mov rax, rbx
  mov r8, rbx
  mov r9, rbx
  mov r10, rbx
  mov r9, qword ptr [rsp]
  cmp qword ptr [r9 + 576], 0
  mov r9, rbx
  jz 1f
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  vpternlogd zmm\v, zmm\v, zmm\v, 255
  .endr
  .irp k, 0, 1, 2, 3, 4, 5, 6, 7
  kxnorw k\k, k\k, k\k
  .endr
  jmp 2f
1:
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vpcmpeqd ymm\v, ymm\v, ymm\v
  .endr
2:
  call r11
  mov r11, qword ptr [rsp]
  mov qword ptr [r11], rbx
  mov qword ptr [r11 + 8], rbp
  mov qword ptr [r11 + 16], r12
  mov qword ptr [r11 + 24], r13
  mov qword ptr [r11 + 32], r14
  mov qword ptr [r11 + 40], r15
  pushfq
  pop qword ptr [r11 + 48]
  stmxcsr dword ptr [r11 + 56]
  ldmxcsr dword ptr [r11 + 60]
  .irp v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  vmovdqu ymmword ptr [r11 + 64 + 32 * \v], ymm\v
  .endr
  vzeroupper
  cld
  pop r9
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbp
  pop rbx
  ret
  .att_syntax
)");

void callWithState(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer, MachineState &state) {
  state.hasAvx512 = __builtin_cpu_supports("avx512f") != 0;
  nibbleTestCallWithState(fn, a, b, acc, outer, &state, calleeSavedMark, mxcsrMark);
}
#else
void callWithState(DotFn, const uint8_t *, const int8_t *, int32_t *, int64_t, MachineState &) {}
#endif

} // namespace nibble::kernels::test
