// A result in bytes for tests: constants for it, and what a kernel must make of given sums.
#ifndef NIBBLE_TEST_UNIT_KERNELBYTERESULT_H
#define NIBBLE_TEST_UNIT_KERNELBYTERESULT_H

#include "compiler/Kernels/Requantize.h"
#include "test/unit/KernelContract.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace nibble::kernels::test {

class ByteResultOracle {
public:
  /// Sums of about `size` fill the range of a byte; some channels are halved, so that there are ties.
  ByteResultOracle(const ByteResult &to, int tiles, int rows, int columns, double size)
      : to(to), tiles(tiles), rows(rows), columns(columns) {
    std::mt19937 random(static_cast<uint32_t>(rows * 100 + columns + tiles));
    const auto step = static_cast<float>(64 / (size + 1));
    for (int64_t n = 0; n < channels(); ++n) {
      if (to.hasCorrection)
        correction.push_back(static_cast<int32_t>(random() % 20001) - 10000);
      multiplier.push_back(n % 3 ? static_cast<float>(random() % 1000) * step / 250 : -0.5f);
      bias.push_back(static_cast<float>(random() % 400) / 2);
    }
  }

  std::vector<uint8_t> constants() const { return packRequantize(columns, correction, multiplier, bias); }
  size_t bytes() const { return static_cast<size_t>((rows - 1) * to.rowStride + channels()); }

  /// For KernelCall: what differs from the bytes of sums [tile][row][column], and from `untouched` between them.
  std::function<std::string(const uint8_t *out)> differs(std::span<const int32_t> sums, uint8_t untouched) const {
    std::vector<uint8_t> want(bytes(), untouched);
    for (int tile = 0; tile < tiles; ++tile)
      for (int row = 0; row < rows; ++row)
        for (int n = 0; n < columns; ++n) {
          const int64_t c = tile * to.tileStride + n;
          const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums[(tile * rows + row) * columns + n]) +
                                                static_cast<uint32_t>(to.hasCorrection ? correction[c] : 0));
          const float y = std::fma(static_cast<float>(sum), multiplier[c], bias[c]);
          want[row * to.rowStride + c] =
              static_cast<uint8_t>(std::clamp<int64_t>(std::llrint(y) + to.offset, to.low, to.high));
        }
    return [want](const uint8_t *got) -> std::string {
      for (size_t i = 0; i < want.size(); ++i)
        if (got[i] != want[i])
          return "byte " + std::to_string(i) + " is " + std::to_string(got[i]) + ", not " + std::to_string(want[i]);
      return {};
    };
  }

private:
  int64_t channels() const { return (tiles - 1) * to.tileStride + columns; }

  const ByteResult to;
  const int tiles, rows, columns;
  std::vector<int32_t> correction;
  std::vector<float> multiplier, bias;
};

/// Results number 0, 1, ... differ in all that may be in the code or not, and in how they lie.
inline ByteResult someByteResult(int64_t n, int tiles, int columns) {
  ByteResult to{.outer = n % 4 == 3 ? 0 : n % 4 + 1, .hasCorrection = n % 3 != 0};
  to.tileStride = columns * (n % 2 + 1);
  to.rowStride = (tiles - 1) * to.tileStride + columns + n % 5 * 3;
  if (n % 2)
    to.offset = n % 4 < 2 ? 128 : -128, to.low = static_cast<int>(n % 7), to.high = static_cast<int>(255 - n % 11);
  return to;
}

} // namespace nibble::kernels::test

#endif // NIBBLE_TEST_UNIT_KERNELBYTERESULT_H
