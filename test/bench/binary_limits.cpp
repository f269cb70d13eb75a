// What bounds products of bits with AVX2.
#include "test/bench/binary_limits.h"

#include <algorithm>
#include <cstring>
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt")))

namespace nibble::bench {
namespace {

constexpr int64_t turns = 20000;

#define VECTOR_CLOBBERS                                                                                                \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",     \
      "xmm13", "xmm14", "xmm15"

void lookupLoop(int64_t n) { // 12 vectors of 32 look-ups
  asm volatile(R"(
    vpxor %%ymm14, %%ymm14, %%ymm14
    vpxor %%ymm13, %%ymm13, %%ymm13
  1:
    .irp sum, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    vpshufb %%ymm14, %%ymm13, %%ymm15
    vpaddb %%ymm15, %%ymm\sum, %%ymm\sum
    .endr
    dec %0
    jnz 1b
    vzeroupper)"
               : "+r"(n)
               :
               : VECTOR_CLOBBERS);
}

void packedLoop(int64_t n) { // 8 vectors of 32 bytes
  asm volatile(R"(
    vpxor %%ymm14, %%ymm14, %%ymm14
    vpxor %%ymm13, %%ymm13, %%ymm13
    vpxor %%ymm12, %%ymm12, %%ymm12
  1:
    .irp sum, 0, 1, 2, 3, 4, 5, 6, 7
    vpsrlw $4, %%ymm14, %%ymm15
    vpand %%ymm14, %%ymm12, %%ymm11
    vpand %%ymm15, %%ymm12, %%ymm15
    vpshufb %%ymm11, %%ymm13, %%ymm11
    vpshufb %%ymm15, %%ymm13, %%ymm15
    vpaddb %%ymm11, %%ymm\sum, %%ymm\sum
    vpaddb %%ymm15, %%ymm\sum, %%ymm\sum
    .endr
    dec %0
    jnz 1b
    vzeroupper)"
               : "+r"(n)
               :
               : VECTOR_CLOBBERS);
}

void pshufbLoop(int64_t n) { // 8 vectors of 256 bits
  asm volatile(R"(
    vpxor %%ymm14, %%ymm14, %%ymm14
    vpxor %%ymm13, %%ymm13, %%ymm13
    vpxor %%ymm12, %%ymm12, %%ymm12
  1:
    .irp sum, 0, 1, 2, 3, 4, 5, 6, 7
    vpxor %%ymm14, %%ymm13, %%ymm10
    vpsrlw $4, %%ymm10, %%ymm15
    vpand %%ymm10, %%ymm12, %%ymm11
    vpand %%ymm15, %%ymm12, %%ymm15
    vpshufb %%ymm11, %%ymm13, %%ymm11
    vpshufb %%ymm15, %%ymm13, %%ymm15
    vpaddb %%ymm11, %%ymm\sum, %%ymm\sum
    vpaddb %%ymm15, %%ymm\sum, %%ymm\sum
    .endr
    dec %0
    jnz 1b
    vzeroupper)"
               : "+r"(n)
               :
               : VECTOR_CLOBBERS);
}

void popcntLoop(int64_t n) { // 4 words of 64 bits
  asm volatile(R"(
  1:
    .irp sum, 8, 9, 10, 11
    mov %%rcx, %%rax
    xor %%rdx, %%rax
    popcnt %%rax, %%rax
    add %%rax, %%r\sum
    .endr
    dec %0
    jnz 1b)"
               : "+r"(n)
               :
               : "cc", "rax", "rcx", "rdx", "r8", "r9", "r10", "r11");
}

void countedLoop(int64_t n) { // 8 vectors of 512 bits
  asm volatile(R"(
  1:
    .irp sum, 0, 1, 2, 3, 4, 5, 6, 7
    vpxord %%zmm14, %%zmm13, %%zmm12
    vpopcntd %%zmm12, %%zmm12
    vpaddd %%zmm12, %%zmm\sum, %%zmm\sum
    .endr
    dec %0
    jnz 1b
    vzeroupper)"
               : "+r"(n)
               :
               : VECTOR_CLOBBERS);
}

/// high and low become the sum of low + x + y.
AVX2 inline void addCarrySave(__m256i &high, __m256i &low, __m256i x, __m256i y) {
  const __m256i u = _mm256_xor_si256(low, x);
  high = _mm256_or_si256(_mm256_and_si256(low, x), _mm256_and_si256(u, y));
  low = _mm256_xor_si256(u, y);
}

/// Counts of each byte.
AVX2 inline __m256i bytesOf(__m256i v) {
  const __m256i table =
      _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i mask = _mm256_set1_epi8(15);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, mask)),
                         _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), mask)));
}

/// Vectors that are counted eight at a time: the sum is that of the bits of ones, twice twos, .. and of 8 * bytes.
struct CarrySave {
  __m256i ones, twos, fours, bytes;
  AVX2 explicit CarrySave() : ones(_mm256_setzero_si256()), twos(ones), fours(ones), bytes(ones) {}

  template <typename Next>
  AVX2 __attribute__((always_inline)) void addEight(Next next) {
    __m256i twosA, twosB, foursA, foursB, eights;
    addCarrySave(twosA, ones, next(0), next(1));
    addCarrySave(twosB, ones, next(2), next(3));
    addCarrySave(foursA, twos, twosA, twosB);
    addCarrySave(twosA, ones, next(4), next(5));
    addCarrySave(twosB, ones, next(6), next(7));
    addCarrySave(foursB, twos, twosA, twosB);
    addCarrySave(eights, fours, foursA, foursB);
    bytes = _mm256_add_epi8(bytes, bytesOf(eights));
  }
};

AVX2 void csaLoop(int64_t n) { // 8 vectors of 256 bits
  CarrySave sum;
  __m256i a = _mm256_set1_epi8(1), w = _mm256_set1_epi8(2);
  for (int64_t i = 0; i < n; ++i) {
    asm volatile("" : "+x"(a), "+x"(w));
    sum.addEight([&](int) AVX2 {
      __m256i x = _mm256_xor_si256(a, w);
      asm volatile("" : "+x"(x)); // no two are known to be equal
      return x;
    });
  }
  asm volatile("" ::"x"(sum.ones), "x"(sum.twos), "x"(sum.fours), "x"(sum.bytes));
}

void keepBest(double &best, void (*loop)(int64_t), double bitsPerTurn) {
  const double start = seconds();
  loop(turns);
  best = std::max(best, 2 * bitsPerTurn * turns / (seconds() - start) / 1e9);
}

/// Sums of each 32-bit lane's bytes.
AVX2 __m256i lanesOf(__m256i bytes) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

} // namespace

void BinaryLimits::measure() {
  for (int i = 0; i < 3; ++i) {
    keepBest(lookup, lookupLoop, 12 * 32 * 4);
    keepBest(packed, packedLoop, 8 * 256);
    keepBest(csa, csaLoop, 8 * 256);
    keepBest(pshufb, pshufbLoop, 8 * 256);
    keepBest(popcnt, popcntLoop, 4 * 64);
    if (__builtin_cpu_supports("avx512vpopcntdq"))
      keepBest(counted, countedLoop, 8 * 512);
  }
}

OtherWay::OtherWay(int64_t m, int64_t n, int64_t k, const std::vector<uint32_t> &a, const std::vector<uint32_t> &w)
    : acc(static_cast<size_t>(m * n)), m(m), n(n), k(k), a(a), w(w), byEight(w.size()) {
  const int64_t words = k / 32;
  for (int64_t column = 0; column < n; ++column)
    for (int64_t word = 0; word < words; ++word)
      byEight[(column / 8 * words + word) * 8 + column % 8] = w[column * words + word];
}

AVX2 void OtherWay::carrySave() {
  const int64_t words = k / 32;
  for (int64_t column = 0; column < n; column += 8)
    for (int64_t row = 0; row < m; ++row) {
      const uint32_t *x = &a[row * words], *y = &byEight[column * words];
      CarrySave sum;
      __m256i eights = _mm256_setzero_si256(); // in 32 bits
      for (int64_t word = 0; word < words;) {
        const int64_t end = std::min(words, word + 8 * 31); // 31 * 8 fit a byte
        for (; word < end; word += 8)
          sum.addEight([&](int i) AVX2 {
            return _mm256_xor_si256(_mm256_set1_epi32(static_cast<int>(x[word + i])),
                                    _mm256_loadu_si256(reinterpret_cast<const __m256i *>(y + (word + i) * 8)));
          });
        eights = _mm256_add_epi32(eights, lanesOf(sum.bytes));
        sum.bytes = _mm256_setzero_si256();
      }
      __m256i count = _mm256_slli_epi32(eights, 3);
      count = _mm256_add_epi32(count, _mm256_slli_epi32(lanesOf(bytesOf(sum.fours)), 2));
      count = _mm256_add_epi32(count, _mm256_slli_epi32(lanesOf(bytesOf(sum.twos)), 1));
      count = _mm256_add_epi32(count, lanesOf(bytesOf(sum.ones)));
      count = _mm256_sub_epi32(_mm256_set1_epi32(static_cast<int>(k)), _mm256_slli_epi32(count, 1));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(&acc[row * n + column]), count);
    }
}

AVX2 void OtherWay::popcnt() {
  const int64_t words = k / 32;
  const auto at = [](const uint32_t *from) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  for (int64_t column = 0; column < n; column += 4)
    for (int64_t row = 0; row < m; ++row) {
      const uint32_t *x = &a[row * words], *y = &w[column * words];
      int64_t sums[4] = {};
      for (int64_t word = 0; word < words; word += 2)
        for (int c = 0; c < 4; ++c)
          sums[c] += __builtin_popcountll(at(x + word) ^ at(y + c * words + word));
      for (int c = 0; c < 4; ++c)
        acc[row * n + column + c] = static_cast<int32_t>(k - 2 * sums[c]);
    }
}

} // namespace nibble::bench
