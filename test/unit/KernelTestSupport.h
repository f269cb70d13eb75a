// What the kernel tests share: operands, the oracle, guarded memory, and calls into generated code.
#ifndef NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H
#define NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H

#include "compiler/Kernels/Depthwise.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <random>

namespace nibble::kernels {
/// How GoogleTest names the parameter in a failure.
inline void PrintTo(const KernelInfo &kernel, std::ostream *os) { *os << kernel.name; }
} // namespace nibble::kernels

namespace nibble::kernels::test {

/// Empty if this machine can run a kernel of that name, which needs these features, else why not.
std::string whyNotHere(std::string_view features, std::string_view name);

/// The kernels of the manifest, and for those of AVX-VNNI the same code with the other encoding of vpdpbusd, which
/// machines with AVX-512 alone can run.
const std::vector<KernelInfo> &testedKernels();
const std::vector<DepthwiseKernelInfo> &testedDepthwiseKernels();

/// Generated code in executable memory.
class LoadedKernel {
public:
  explicit LoadedKernel(std::span<const uint8_t> bytes);
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel &) = delete;
  LoadedKernel &operator=(const LoadedKernel &) = delete;

  DotFn fn() const { return reinterpret_cast<DotFn>(static_cast<uint8_t *>(memory) + lead); }

private:
  // clang's -fsanitize=function reads the words before a function that is called by address.
  static constexpr size_t lead = 64;
  void *memory;
  size_t size;
};

/// Memory between two pages that may not be touched; the data lies against one of them.
class GuardedMemory {
public:
  enum class Against { LowerGuard, UpperGuard };
  GuardedMemory(size_t size, Against side);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory &) = delete;
  GuardedMemory &operator=(const GuardedMemory &) = delete;

  uint8_t *data() const { return start; }
  size_t size() const { return bytes; }
  static size_t pageBytes();

private:
  void *mapping;
  size_t mappedBytes, bytes;
  uint8_t *start;
};

/// The values of a contraction before packing. Only values for which the kernel's sums are proved are made.
struct Operands {
  Operands(const KernelInfo &kernel, const DotParams &params, int64_t outer)
      : kernel(kernel), params(params), outer(outer) {}

  KernelInfo kernel;
  DotParams params;
  int64_t outer;
  int64_t activationMax = 255; ///< Set by fill.
  std::vector<uint8_t> a;      ///< [row][outer][run]
  std::vector<int8_t> w;       ///< [tile][outer][run][column]

  enum class Values { Random, Extreme };
  /// Random: activations up to 255 if there are weights for it, and weights that allow that. Extreme: activations 0 and
  /// activationMax, weights at the ends of their fields (of pairs for Accumulation::Pairs32: with the worst sum 128 =
  /// floor(32767 / 255)); activationMax is then the largest for which the 16-bit sums are safe, by trial of all
  /// windows.
  void fill(Values values, uint32_t seed);

  int8_t &weight(int tile, int64_t o, int64_t k, int n) {
    return w[((tile * outer + o) * params.run + k) * kernel.columns + n];
  }
  int8_t weight(int tile, int64_t o, int64_t k, int n) const {
    return const_cast<Operands *>(this)->weight(tile, o, k, n);
  }
  int64_t groups() const { return (params.run + dotGroup - 1) / dotGroup; }
  int64_t stepStride() const { return params.bOuterStride ? params.bOuterStride : stepBytes(kernel, params.run); }

  /// b with the strides of params, which must not be negative, as the formula of Kernels.h says. Fields of one bit
  /// where k >= run are set.
  std::vector<int8_t> packB() const;
  /// Writes a with the strides of params to `to`, which is row 0's first byte; other bytes stay.
  void placeA(uint8_t *to) const;
  /// From the first byte of a to behind the last, for non-negative strides.
  size_t aExtent() const;
  size_t accWords() const { return params.tiles * params.rows * kernel.columns; }
  std::vector<int32_t> oracle() const;

private:
  int64_t worstWindow() const;
};

/// Shapes that reach every branch of the generators: loop or none, rest or none, every tail, windows and tiles.
std::vector<DotParams> shapes(const KernelInfo &kernel);

/// The values of widenEvery worth a try: 0 alone for kernels with 32-bit sums.
std::vector<int64_t> windowsOf(const KernelInfo &kernel);

/// For a message.
std::string describe(const DotParams &params, int64_t outer);

/// Calls `fn` and turns a fault into a message; empty if there was none.
std::string callGuarded(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer);

/// The machine state that callWithState sets before the call and finds after it.
struct alignas(32) MachineState {
  uint64_t calleeSaved[6]; // rbx rbp r12 r13 r14 r15
  uint64_t flags;
  uint32_t mxcsr, callersMxcsr;
  uint8_t vectors[16][32];
  uint64_t hasAvx512; ///< Set by callWithState: garbage is in zmm0..31 and k0..k7, too.
};
inline constexpr uint64_t calleeSavedMark = 0x1122334455667700;
inline constexpr uint32_t mxcsrMark = 0xdfc0; // all masked, flush to zero, denormals are zero, round up

/// Calls `fn` with marked callee-saved registers and mxcsr, garbage in every other register, and stores what it leaves.
void callWithState(DotFn fn, const uint8_t *a, const int8_t *b, int32_t *acc, int64_t outer, MachineState &state);

/// The kernel for `params`; null, with a failure of the test, where it cannot be made.
std::unique_ptr<LoadedKernel> load(const KernelInfo &kernel, const DotParams &params);

/// The fixture of everything that is done once per line of the manifest.
class KernelTest : public ::testing::TestWithParam<KernelInfo> {
protected:
  const KernelInfo &kernel() const { return GetParam(); }
};

/// A KernelTest that executes the code; it is skipped, with the reason, where the machine cannot.
class KernelRunTest : public KernelTest {
protected:
  void SetUp() override {
    if (const std::string why = whyNotHere(kernel().features, kernel().name); !why.empty())
      GTEST_SKIP() << why;
  }
};

inline std::string kernelName(const ::testing::TestParamInfo<KernelInfo> &info) { return std::string(info.param.name); }

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H
