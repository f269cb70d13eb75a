// What the tests of look-up kernels share: operands in the layouts that the compiler uses, and the oracle.
#ifndef NIBBLE_TEST_UNIT_KERNELBINARYSUPPORT_H
#define NIBBLE_TEST_UNIT_KERNELBINARYSUPPORT_H

#include "compiler/Kernels/Binary.h"
#include "test/unit/KernelTestSupport.h"

namespace nibble::kernels::test {

/// The values of one call, seeded. Extreme: sums as far from 0 as they get, with both signs.
class LookupOperands {
public:
  enum class Values { Random, Extreme };
  LookupOperands(const LookupKernelInfo &kernel, const LookupParams &params, int64_t outer,
                 Values values = Values::Random);

  /// Writes a with the strides of params; `to` is the first byte of row 0. Other bytes stay.
  void placeA(uint8_t *to) const;
  /// From the first byte of a to behind the last, for non-negative strides.
  size_t aExtent() const;
  /// b, made by layout::pack: contiguous, as contiguousB() says.
  std::vector<uint8_t> packB() const;
  std::vector<int32_t> oracle() const;
  size_t accWords() const { return static_cast<size_t>(params.rows * params.columns); }

  LookupParams params;

private:
  const LookupKernelInfo &kernel;
  int64_t outer, perRow;
  std::vector<int8_t> a; ///< [row][outer][tap][channel]
  std::vector<int8_t> w; ///< [column][outer][tap][channel]
};

/// For a message.
std::string describe(const LookupParams &params, int64_t outer);

/// params with the strides of a `b` that holds `outer` steps and nothing else.
LookupParams contiguousB(const LookupKernelInfo &kernel, LookupParams params, int64_t outer);
/// params with rows, steps and taps that touch, and a contiguous b.
LookupParams contiguous(const LookupKernelInfo &kernel, LookupParams params, int64_t outer);

using LookupTest = KernelFixture<LookupKernelInfo>;
using LookupRunTest = KernelRunFixture<LookupKernelInfo>;

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELBINARYSUPPORT_H
