// What the tests of all families of kernels share: which kernels there are to test, code that can be called, fixtures.
#ifndef NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H
#define NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H

#include "compiler/Kernels/Depthwise.h"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>

namespace nibble::kernels {
/// How GoogleTest names the parameter in a failure, for every family.
template <typename Info>
  requires requires(const Info &kernel) { kernel.name, kernel.features, kernel.emit; }
void PrintTo(const Info &kernel, std::ostream *os) {
  *os << kernel.name;
}
} // namespace nibble::kernels

namespace nibble::kernels::test {

/// Empty if this machine can run a kernel of that name, which needs these features, else why not.
std::string whyNotHere(std::string_view features, std::string_view name);

/// The kernels of the manifest, and for those of AVX-VNNI the same code with the other encoding of vpdpbusd, which
/// machines with AVX-512 alone can run.
const std::vector<KernelInfo> &testedKernels();
const std::vector<DepthwiseKernelInfo> &testedDepthwiseKernels();

/// Pages of memory; there is always some.
void *mapPages(size_t bytes, int protection);

/// Generated code in executable memory.
class LoadedKernel {
public:
  explicit LoadedKernel(std::span<const uint8_t> bytes);
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel &) = delete;
  LoadedKernel &operator=(const LoadedKernel &) = delete;

  /// Every family's functions take three pointers and a word, and so may be called as a DotFn.
  template <typename Fn = DotFn>
  Fn fn() const {
    return reinterpret_cast<Fn>(static_cast<uint8_t *>(memory) + lead);
  }

private:
  // clang's -fsanitize=function reads the words before a function that is called by address.
  static constexpr size_t lead = 64;
  void *memory;
  size_t size;
};

/// Null, with a failure of the test, where there is no code.
std::unique_ptr<LoadedKernel> load(const MachineCode &code);

template <typename Info, typename Params>
std::unique_ptr<LoadedKernel> load(const Info &kernel, const Params &params) {
  return load(generate(kernel, params));
}

/// The fixture of everything that is done once per kernel of a family.
template <typename Info>
class KernelFixture : public ::testing::TestWithParam<Info> {
protected:
  const Info &kernel() const { return this->GetParam(); }
};

/// A fixture that executes the code; it is skipped, with the reason, where the machine cannot.
template <typename Info>
class KernelRunFixture : public KernelFixture<Info> {
protected:
  void SetUp() override {
    if (const std::string why = whyNotHere(this->kernel().features, this->kernel().name); !why.empty())
      GTEST_SKIP() << why;
  }
};

/// For INSTANTIATE_TEST_SUITE_P.
inline constexpr auto kernelName = [](const auto &info) { return std::string(info.param.name); };

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELTESTSUPPORT_H
