// What bounds products of bits: instruction loops in registers alone, and the other ways to count.
#ifndef NIBBLE_TEST_BENCH_BINARY_LIMITS_H
#define NIBBLE_TEST_BENCH_BINARY_LIMITS_H

#include <chrono>
#include <cstdint>
#include <vector>

namespace nibble::bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Rates in 10^9 operations per second; a product of two bits and its addition are two. Binary operands throughout.
struct BinaryLimits {
  double lookup = 0;  ///< vpshufb + vpaddb: 32 look-ups of 4 bits
  double packed = 0;  ///< 8 bits a byte: shift, two masks, two look-ups and additions
  double csa = 0;     ///< exclusive or, carry-save adders over 8 vectors, vpshufb counts of what is left
  double pshufb = 0;  ///< exclusive or, vpshufb counts of every vector
  double popcnt = 0;  ///< exclusive or, popcnt r64, addition
  double counted = 0; ///< vpxord + vpopcntd + vpaddd on vectors of 512 bits; 0 where the CPU has no AVX-512 VPOPCNTDQ
  /// Measures all for a short time and keeps the best seen so far.
  void measure();
};

/// A whole product the other ways, in memory layouts of their own: M x N sums K - 2 * popcount(a ^ w), K a multiple of
/// 256. a: M x K / 32 words, w: N x K / 32 words, row-major.
class OtherWay {
public:
  OtherWay(int64_t m, int64_t n, int64_t k, const std::vector<uint32_t> &a, const std::vector<uint32_t> &w);
  void carrySave();
  void popcnt();
  std::vector<int32_t> acc;

private:
  int64_t m, n, k;
  const std::vector<uint32_t> &a, &w;
  std::vector<uint32_t> byEight; ///< w as [N / 8][K / 32][8]
};

} // namespace nibble::bench

#endif // NIBBLE_TEST_BENCH_BINARY_LIMITS_H
