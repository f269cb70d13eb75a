// The contract of generated kernels, the same for every family, beside what they compute (compiler/Kernels/*.h):
//
//   Code        does not depend on the address that it is made at; is whole or not there at all, however small the
//               buffer; may be made by several threads at once; is refused with a reason that names the kernel
//   State       the callee-saved registers, mxcsr and the direction flag are kept, upper vector halves are cleared,
//               and nothing is expected of any other register
//   Memory      only what belongs to the operands is touched: nothing around them, nothing between two runs of a
//   Registries  names are unique among all families and found, and features are said
//
// Each check is a function here. A family brings its shapes, its code for them, and calls with operands and an oracle.
// The checks end at the first difference: call them with ASSERT_NO_FATAL_FAILURE.
#ifndef NIBBLE_TEST_UNIT_KERNELCONTRACT_H
#define NIBBLE_TEST_UNIT_KERNELCONTRACT_H

#include "test/unit/KernelTestSupport.h"

#include <functional>
#include <set>

namespace nibble::kernels::test {

//===-- Code ----------------------------------------------------------------------------------------------------===//

/// The code of a kernel for one shape.
struct KernelCase {
  std::string_view kernel;
  std::string shape; ///< For messages.
  std::function<Emitted(std::span<uint8_t> buffer)> emit;
  std::function<MachineCode(size_t initialBytes)> generate;
};

template <typename Info, typename Params>
KernelCase caseOf(const Info &kernel, const Params &params, std::string shape) {
  const auto emit = [kernel, params](std::span<uint8_t> buffer) {
    if constexpr (std::is_invocable_v<decltype(kernel.emit), const Params &, std::span<uint8_t>>)
      return kernel.emit(params, buffer);
    else
      return kernel.emit(kernel, params, buffer);
  };
  return {kernel.name, std::move(shape), emit,
          [kernel, params](size_t initialBytes) { return nibble::kernels::generate(kernel, params, initialBytes); }};
}

void expectSameBytesAtAnyAddress(std::span<const KernelCase> cases);
void expectWholeCodeOrNone(const KernelCase &one);
void expectSameFromTwoThreads(std::span<const KernelCase> cases);

/// Why there is no code for an impossible shape, without the name of the kernel; a failure of the test where there is
/// some, or where the generator alone says something else.
std::string refusalOf(const KernelCase &impossible);

//===-- Calls ---------------------------------------------------------------------------------------------------===//

/// A call, before it is made.
struct KernelCall {
  std::string shape; ///< For messages.
  MachineCode code;
  size_t aBytes;                           ///< From the first byte of a to behind the last.
  std::function<void(uint8_t *to)> placeA; ///< Writes what the kernel may read, and nothing between.
  std::vector<uint8_t> b;
  std::vector<uint8_t> out;                               ///< acc, as it is before the call.
  std::function<std::string(const uint8_t *out)> differs; ///< From the oracle; empty if it does not.
  int64_t outer = 0;                                      ///< The last argument,
  size_t scratchBytes = 0;                                ///< or if not 0, memory of so many bytes is,
  std::vector<uint8_t> constants = {};                    ///< or these, if there are any.
  /// The result is made of floats: it depends on mxcsr, where exceptions are noted.
  bool isRounded = false;
};

/// For KernelCall::differs, where out is made of such words.
std::function<std::string(const uint8_t *out)> differsFrom(std::vector<int32_t> words);

void expectCallersStateKept(const KernelCall &call);

/// Operands between pages that must not be touched, against the one in front and against the one behind.
void expectInsideOperands(const KernelCall &call);

/// A stride for the next check: two pages.
int64_t forbiddenStride();
/// Runs of a lie a multiple of forbiddenStride() apart and every other page is forbidden: no run may be read before its
/// first or behind its last byte.
void expectNothingReadBetween(const KernelCall &call, int64_t runBytes);

//===-- Registries ----------------------------------------------------------------------------------------------===//

/// How many families have a kernel of that name.
int familiesWith(std::string_view name);

template <typename Info>
void expectRegistry(std::span<const Info> registry, const Info *(*find)(std::string_view), std::string_view unknown) {
  std::set<std::string_view> names;
  for (const Info &kernel : registry) {
    EXPECT_TRUE(names.insert(kernel.name).second) << kernel.name << " is there twice";
    EXPECT_FALSE(kernel.features.empty()) << kernel.name;
    EXPECT_EQ(&kernel, find(kernel.name)) << kernel.name;
    EXPECT_EQ(1, familiesWith(kernel.name)) << kernel.name << ": two registries must not share a name";
  }
  EXPECT_FALSE(names.empty());
  EXPECT_EQ(nullptr, find(unknown)) << unknown;
}

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELCONTRACT_H
