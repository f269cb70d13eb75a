// Splits and shuffled batches.
#include <nibble/dataset.h>
#include <nibble/error.h>

#include <algorithm>
#include <numeric>

namespace nibble {

// Streams of the random numbers, as random.h promises: the upper two bits tell the purposes apart.
constexpr std::uint64_t batchStreams = std::uint64_t{1} << 63, splitStream = std::uint64_t{1} << 62;

Split split(std::int64_t count, std::int64_t validation, std::uint64_t seed) {
  if (validation < 0 || validation > count)
    throw Error("split: cannot hold " + std::to_string(validation) + " of " + std::to_string(count) + " examples out");
  std::vector<std::int64_t> order = permutation(count, seed, splitStream);
  Split result;
  result.validation.assign(order.begin(), order.begin() + validation);
  result.train.assign(order.begin() + validation, order.end());
  std::sort(result.train.begin(), result.train.end());
  std::sort(result.validation.begin(), result.validation.end());
  return result;
}

static std::vector<std::int64_t> iota(std::int64_t count) {
  if (count < 0)
    throw Error("Batches: the count must not be negative, got " + std::to_string(count));
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), std::int64_t{0});
  return values;
}

Batches::Batches(std::vector<std::int64_t> indices, std::int64_t batch_size, const Options &options)
    : indices_(std::move(indices)), batch_size_(batch_size), drop_last_(options.drop_last) {
  if (batch_size < 1)
    throw Error("Batches: the batch size must be at least 1, not " + std::to_string(batch_size));
  Random(options.seed, batchStreams | options.epoch).shuffle(indices_);
}

Batches::Batches(std::int64_t count, std::int64_t batch_size, const Options &options)
    : Batches(iota(count), batch_size, options) {}

std::int64_t Batches::size() const noexcept {
  auto count = static_cast<std::int64_t>(indices_.size());
  return count / batch_size_ + (!drop_last_ && count % batch_size_ != 0);
}

std::span<const std::int64_t> Batches::operator[](std::int64_t i) const {
  if (i < 0 || i >= size())
    throw Error("Batches: batch " + std::to_string(i) + " is outside [0, " + std::to_string(size()) + ")");
  auto begin = static_cast<std::size_t>(i * batch_size_), length = static_cast<std::size_t>(batch_size_);
  return std::span(indices_).subspan(begin, std::min(length, indices_.size() - begin));
}

} // namespace nibble
