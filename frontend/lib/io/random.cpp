// Philox4x32-10 and the draws from it.
#include <nibble/error.h>
#include <nibble/random.h>

#include "frontend/lib/io/normal.h"

#include <bit>
#include <numeric>

namespace nibble {

static std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
static std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) noexcept {
  for (int round = 0; round < 10; ++round) {
    std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {high(p1) ^ c[1] ^ k[0], low(p1), high(p0) ^ c[3] ^ k[1], low(p0)};
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85}; // the golden ratio and sqrt(3) - 1
  }
  return c;
}

std::uint32_t Random::next() noexcept {
  if (used_ == 4) {
    words_ = philox4x32({low(block_), high(block_), low(stream_), high(stream_)}, {low(seed_), high(seed_)});
    ++block_;
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

float Random::uniform() noexcept { return static_cast<float>(next() >> 8) * 0x1p-24f; }

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0)
    throw Error("Random::below: the bound must be at least 1");
  if (bound <= std::uint64_t{1} << 32) {
    std::uint64_t product = next() * bound;
    if (low(product) < bound) {
      std::uint64_t threshold = ((std::uint64_t{1} << 32) - bound) % bound;
      while (low(product) < threshold)
        product = next() * bound;
    }
    return product >> 32;
  }
  std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(bound - 1);
  for (;;) {
    std::uint64_t upper = next();
    std::uint64_t value = (upper << 32 | next()) & mask;
    if (value < bound)
      return value;
  }
}

float Random::normal() noexcept { return static_cast<float>(io::normalQuantile((next() + 0.5) * 0x1p-32)); }

void Random::shuffle(std::span<std::int64_t> values) {
  for (std::size_t i = values.size(); i-- > 1;)
    std::swap(values[i], values[below(i + 1)]);
}

std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t stream) {
  if (count < 0)
    throw Error("permutation: the count must not be negative");
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), std::int64_t{0});
  Random(seed, stream).shuffle(values);
  return values;
}

} // namespace nibble
