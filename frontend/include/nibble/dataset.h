// Images with labels: IDX files, Fashion-MNIST, splits and shuffled batches.
#ifndef NIBBLE_DATASET_H
#define NIBBLE_DATASET_H

#include <nibble/array.h>
#include <nibble/random.h>

namespace nibble {

/// N images with their classes.
struct Dataset {
  Array images; ///< u8 [N, H, W], 0 is black
  Array labels; ///< u8 [N]

  std::int64_t size() const noexcept { return labels.size(); }
};

/// Reads one IDX file of unsigned bytes, plain or gzip-compressed (told apart by content), as u8 of the file's shape.
/// Throws Error, naming the file, if it is not IDX, has another element type, is truncated or has bytes after its end.
Array load_idx(const std::string &path);

/// Reads images (rank 3) and labels (rank 1); throws Error if the ranks are wrong or the counts differ.
Dataset load_idx(const std::string &images, const std::string &labels);

struct TrainTest {
  Dataset train, test;
};

/// The 60,000 + 10,000 images of Fashion-MNIST, 28 x 28, classes 0 .. 9, from the four gzip-compressed IDX files in
/// `directory`. Throws Error if they are missing (they are in the Debian package dataset-fashion-mnist) or are not that
/// data set.
TrainTest fashion_mnist(const std::string &directory = "/usr/share/datasets/fashion-mnist");

/// Rows (first dimension) of `source` in the order of `indices`; throws Error if an index is outside [0, shape[0]).
Array gather(const Array &source, std::span<const std::int64_t> indices);
/// The same into an array that exists, of the same element type and shape [indices.size(), rest of source's shape]
/// (Error).
void gather(const Array &source, std::span<const std::int64_t> indices, Array &result);

/// Indices of a data set in two parts, each in ascending order.
struct Split {
  std::vector<std::int64_t> train, validation;
};

/// Holds `validation` of `count` indices out, chosen at random by the seed. Throws Error unless 0 <= validation <=
/// count.
Split split(std::int64_t count, std::int64_t validation, std::uint64_t seed);

/// The shuffled batches of one epoch: a random order of the indices, which depends on their values, the seed and the
/// epoch only.
///
///   for (std::span<const std::int64_t> batch : Batches(split.train, 128, {.seed = 1, .epoch = e}))
///     gather(data.images, batch, images);
class Batches {
public:
  struct Options {
    std::uint64_t seed = 0;
    std::uint64_t epoch = 0;
    bool drop_last = false; ///< Leaves out a last batch that is not full.
  };

  /// Batches of `batch_size` indices, the last one perhaps shorter. Throws Error if batch_size < 1.
  Batches(std::vector<std::int64_t> indices, std::int64_t batch_size, const Options &options);
  /// The indices 0 .. count-1. Throws Error if count < 0 or batch_size < 1.
  Batches(std::int64_t count, std::int64_t batch_size, const Options &options);

  std::int64_t size() const noexcept; ///< Number of batches.
  /// Batch i, 0 <= i < size(); throws Error otherwise. Valid while this object lives.
  std::span<const std::int64_t> operator[](std::int64_t i) const;

  class Iterator {
  public:
    Iterator(const Batches &batches, std::int64_t position) : batches_(&batches), position_(position) {}
    std::span<const std::int64_t> operator*() const { return (*batches_)[position_]; }
    Iterator &operator++() {
      ++position_;
      return *this;
    }
    bool operator==(const Iterator &other) const { return position_ == other.position_; }

  private:
    const Batches *batches_;
    std::int64_t position_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

private:
  std::vector<std::int64_t> indices_;
  std::int64_t batch_size_;
  bool drop_last_;
};

} // namespace nibble

#endif // NIBBLE_DATASET_H
