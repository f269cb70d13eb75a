// The random numbers of Nibble: counter-based, the same bits on every platform.
//
// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Block i of
// stream s under seed k is philox4x32({lo(i), hi(i), lo(s), hi(s)}, {lo(k), hi(k)}), where lo and hi are the 32-bit
// halves; its four words are used in order. Nothing else enters, so any draw can be recomputed from (seed, stream,
// position).
#ifndef NIBBLE_RANDOM_H
#define NIBBLE_RANDOM_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nibble {

/// One block of Philox4x32-10.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept;

/// A sequence of random numbers. Different streams of one seed are independent; use one per purpose, such as a layer.
/// Streams from 2^62 on are taken by split() and Batches of dataset.h.
class Random {
public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) noexcept : seed_(seed), stream_(stream) {}

  /// 32 random bits; one word.
  std::uint32_t next() noexcept;

  /// Uniform in [0, 1): one word, its upper 24 bits times 2^-24.
  float uniform() noexcept;

  /// Uniform in [0, bound) without bias; throws Error if bound is 0. A bound of at most 2^32 takes one word, and
  /// another with probability below bound / 2^32 (Lemire, "Fast random integer generation in an interval", TOMACS
  /// 2019); a greater one takes two words (the first is the upper half), masked to the bits of bound - 1 and drawn
  /// again while too large.
  std::uint64_t below(std::uint64_t bound);

  /// Standard normal: one word w gives the quantile of p = (w + 1/2) / 2^32 by Wichura's PPND16 (Algorithm AS 241,
  /// Applied Statistics 37, 1988), evaluated in double with + - * / and sqrt and a logarithm of our own, then rounded
  /// to f32. Exactly symmetric; |value| < 6.4.
  float normal() noexcept;

  /// Fisher-Yates: for i = size-1 down to 1, exchanges the values at i and below(i + 1).
  void shuffle(std::span<std::int64_t> values);

private:
  std::uint64_t seed_, stream_;
  std::uint64_t block_ = 0; // the next block
  std::array<std::uint32_t, 4> words_{};
  int used_ = 4; // words of words_ that are used up
};

/// A random order of 0 .. count-1; throws Error if count is negative.
std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t stream = 0);

} // namespace nibble

#endif // NIBBLE_RANDOM_H
