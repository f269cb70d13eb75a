// Data sets from IDX files, and rows of arrays.
#include <nibble/dataset.h>
#include <nibble/error.h>

#include "frontend/lib/io/file.h"
#include "frontend/lib/io/idx.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace nibble {

Array load_idx(const std::string &path) { return io::decodeIdx(io::readFile(path), path); }

Dataset load_idx(const std::string &images, const std::string &labels) {
  Dataset data{load_idx(images), load_idx(labels)};
  if (data.images.rank() != 3)
    throw Error(images, "images of rank 3 expected, found shape " + to_string(data.images.shape()));
  if (data.labels.rank() != 1)
    throw Error(labels, "labels of rank 1 expected, found shape " + to_string(data.labels.shape()));
  if (data.images.shape()[0] != data.labels.shape()[0])
    throw Error(labels, std::to_string(data.labels.shape()[0]) + " labels for the " +
                            std::to_string(data.images.shape()[0]) + " images of " + images);
  return data;
}

TrainTest fashion_mnist(const std::string &directory) {
  auto load = [&](const std::string &part, std::int64_t count) {
    std::string images = directory + "/" + part + "-images-idx3-ubyte.gz";
    std::string labels = directory + "/" + part + "-labels-idx1-ubyte.gz";
    for (const std::string &path : {images, labels})
      if (::access(path.c_str(), R_OK) != 0)
        throw Error({{.file = path,
                      .message = "cannot read this file of Fashion-MNIST",
                      .notes = {{.message = "install the Debian package dataset-fashion-mnist (apt-get install "
                                            "dataset-fashion-mnist), or give the directory of the four .gz files"}}}});
    Dataset data = load_idx(images, labels);
    if (data.images.shape() != Shape{count, 28, 28})
      throw Error(images, "this is not Fashion-MNIST: shape " + to_string(data.images.shape()) + " instead of " +
                              to_string(Shape{count, 28, 28}));
    auto classes = data.labels.span<std::uint8_t>();
    if (std::any_of(classes.begin(), classes.end(), [](std::uint8_t c) { return c > 9; }))
      throw Error(labels, "this is not Fashion-MNIST: a class above 9");
    return data;
  };
  return {load("train", 60000), load("t10k", 10000)};
}

void gather(const Array &source, std::span<const std::int64_t> indices, Array &result) {
  if (source.rank() == 0)
    throw Error("gather: a scalar has no rows");
  Shape shape = source.shape();
  shape[0] = static_cast<std::int64_t>(indices.size());
  if (result.type() != source.type() || result.shape() != shape)
    throw Error("gather: the result is " + to_string(result.type()) + " " + to_string(result.shape()) +
                ", but should be " + to_string(source.type()) + " " + to_string(shape));
  std::int64_t rows = source.shape()[0];
  std::size_t row = rows ? source.byte_size() / static_cast<std::size_t>(rows) : 0;
  std::byte *out = result.bytes().data();
  for (std::int64_t index : indices) {
    if (index < 0 || index >= rows)
      throw Error("gather: index " + std::to_string(index) + " is outside [0, " + std::to_string(rows) + ")");
    if (row == 0)
      continue;
    std::memcpy(out, source.bytes().data() + static_cast<std::size_t>(index) * row, row);
    out += row;
  }
}

Array gather(const Array &source, std::span<const std::int64_t> indices) {
  Shape shape = source.shape();
  if (!shape.empty())
    shape[0] = static_cast<std::int64_t>(indices.size());
  Array result(source.type(), std::move(shape));
  gather(source, indices, result);
  return result;
}

} // namespace nibble
