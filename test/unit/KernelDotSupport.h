// What the tests of dot kernels share: operands, the oracle, and shapes.
#ifndef NIBBLE_TEST_UNIT_KERNELDOTSUPPORT_H
#define NIBBLE_TEST_UNIT_KERNELDOTSUPPORT_H

#include "test/unit/KernelTestSupport.h"

namespace nibble::kernels::test {

using KernelTest = KernelFixture<KernelInfo>;
using KernelRunTest = KernelRunFixture<KernelInfo>;

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

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELDOTSUPPORT_H
