// IDX files, Fashion-MNIST, rows, splits and batches.
#include "test/unit/IoTestFiles.h"

#include <nibble/dataset.h>
#include <nibble/error.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <unistd.h>
#include <zlib.h>

using namespace nibble;
using namespace nibble::test;

namespace {

// Two images of 2 x 3, and their labels.
constexpr std::string_view imageBytes("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl", 28);
constexpr std::string_view labelBytes("\0\0\x08\1\0\0\0\2\7\3", 10);

const std::string &images() {
  static const std::string bytes(imageBytes);
  return bytes;
}
const std::string &labels() {
  static const std::string bytes(labelBytes);
  return bytes;
}

std::string gzip(const std::string &bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(bytes.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Idx, plainAndCompressed) {
  Directory dir;
  write(dir / "images", images());
  write(dir / "labels", labels());
  write(dir / "images.gz", gzip(images()));
  Array array = load_idx(dir / "images");
  EXPECT_EQ(array.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(array.span<std::uint8_t>()[11], 'l');
  EXPECT_EQ(load_idx(dir / "images.gz"), array);
  Dataset data = load_idx(dir / "images.gz", dir / "labels");
  EXPECT_EQ(data.size(), 2);
  EXPECT_EQ(data.labels.span<std::uint8_t>()[0], 7);
  // Longer than the buffers, and highly compressible.
  std::string large("\0\0\x08\1\0\x30\0\0", 8);
  large += std::string(0x300000, 'x');
  write(dir / "large.gz", gzip(large));
  EXPECT_EQ(load_idx(dir / "large.gz").size(), 0x300000);
}

TEST(Idx, damaged) {
  Directory dir;
  std::string path = dir / "x";
  for (const std::string &bytes : {images(), labels(), gzip(images())}) {
    checkTruncation(path, bytes, [&] { load_idx(path); });
    checkBitFlips(path, bytes, [&] { load_idx(path); });
  }
}

TEST(Idx, refused) {
  Directory dir;
  auto refused = [&](const std::string &bytes, const std::string &why) {
    for (const std::string &content : {bytes, gzip(bytes)}) {
      write(dir / "x", content);
      std::string error = errorOf([&] { load_idx(dir / "x"); });
      EXPECT_TRUE(error.starts_with(dir / "x") && error.find(why) != std::string::npos) << error;
    }
  };
  refused(std::string("\0\0\x0d\1\0\0\0\1abcd", 12), "unsigned bytes");
  refused(std::string("\1\0\x08\1\0\0\0\1a", 9), "not an IDX file");
  refused(std::string("\0\0\x08\xff", 4), "dimensions");
  refused(std::string("\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff!", 17), "truncated");
  refused(std::string("\0\0\x08\1\0\0\0\1ab", 10), "after the end");
  write(dir / "images", images());
  write(dir / "labels", std::string("\0\0\x08\1\0\0\0\3\7\3\1", 11));
  EXPECT_TRUE(errorOf([&] { load_idx(dir / "images", dir / "labels"); }).find("3 labels") != std::string::npos);
  EXPECT_TRUE(errorOf([&] { load_idx(dir / "labels", dir / "labels"); }).find("rank 3") != std::string::npos);
  EXPECT_TRUE(errorOf([&] { load_idx(dir / "images", dir / "images"); }).find("rank 1") != std::string::npos);
}

TEST(FashionMnist, files) {
  Directory dir;
  std::string error = errorOf([&] { fashion_mnist(dir.path()); });
  EXPECT_TRUE(error.find("apt-get install dataset-fashion-mnist") != std::string::npos) << error;
  for (const char *part : {"train", "t10k"}) {
    write(dir / (std::string(part) + "-images-idx3-ubyte.gz"), gzip(images()));
    write(dir / (std::string(part) + "-labels-idx1-ubyte.gz"), gzip(labels()));
  }
  EXPECT_TRUE(errorOf([&] { fashion_mnist(dir.path()); }).find("not Fashion-MNIST") != std::string::npos);
}

TEST(FashionMnist, installed) {
  if (::access("/usr/share/datasets/fashion-mnist", R_OK) != 0)
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  TrainTest data = fashion_mnist();
  EXPECT_EQ(data.train.images.shape(), (Shape{60000, 28, 28}));
  EXPECT_EQ(data.test.images.shape(), (Shape{10000, 28, 28}));
  std::array<int, 10> counts{};
  for (std::uint8_t c : data.train.labels.span<std::uint8_t>())
    ++counts[c];
  for (int c : counts)
    EXPECT_EQ(c, 6000);
}

TEST(Gather, rows) {
  Array source = Array::from<std::int16_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  std::vector<std::int64_t> indices{2, 0, 2};
  EXPECT_EQ(gather(source, indices), Array::from<std::int16_t>({3, 2}, {5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(gather(source, {}).shape(), (Shape{0, 2}));
  EXPECT_EQ(gather(Array(ElementType::f32, {3, 0}), indices).shape(), (Shape{3, 0}));
  for (std::int64_t bad : {-1, 3})
    errorOf([&] { gather(source, std::vector<std::int64_t>{bad}); });
  errorOf([&] { gather(Array(ElementType::f32, {}), indices); });
  Array result(ElementType::i16, {2, 2});
  errorOf([&] { gather(source, indices, result); });
}

TEST(Split, holdsOut) {
  Split s = split(100, 20, 5);
  EXPECT_EQ(s.validation.size(), 20u);
  EXPECT_TRUE(std::is_sorted(s.train.begin(), s.train.end()) &&
              std::is_sorted(s.validation.begin(), s.validation.end()));
  std::set<std::int64_t> all(s.train.begin(), s.train.end());
  all.insert(s.validation.begin(), s.validation.end());
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ(split(100, 20, 5).validation, s.validation);
  EXPECT_NE(split(100, 20, 6).validation, s.validation);
  EXPECT_EQ(split(5, 0, 1).train.size(), 5u);
  EXPECT_EQ(split(5, 5, 1).train.size(), 0u);
  errorOf([] { split(5, 6, 1); });
  errorOf([] { split(5, -1, 1); });
}

TEST(Batches, coverEveryIndexOnce) {
  std::vector<std::int64_t> indices(103);
  std::iota(indices.begin(), indices.end(), 1000);
  Batches batches(indices, 10, {.seed = 1, .epoch = 2});
  EXPECT_EQ(batches.size(), 11);
  std::vector<std::int64_t> seen;
  for (std::span<const std::int64_t> batch : batches) {
    EXPECT_EQ(batch.size(), seen.size() == 100 ? 3u : 10u);
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  EXPECT_NE(seen, indices);
  std::vector<std::int64_t> order = seen;
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, indices);
  auto flat = [&](const Batches &b) {
    std::vector<std::int64_t> all;
    for (auto batch : b)
      all.insert(all.end(), batch.begin(), batch.end());
    return all;
  };
  EXPECT_EQ(flat({indices, 10, {.seed = 1, .epoch = 2}}), order);
  EXPECT_EQ(flat({indices, 7, {.seed = 1, .epoch = 2}}), order) << "the order does not depend on the batch size";
  EXPECT_NE(flat({indices, 10, {.seed = 1, .epoch = 3}}), order);
  EXPECT_NE(flat({indices, 10, {.seed = 2, .epoch = 2}}), order);
  EXPECT_EQ(Batches(103, 10, {.drop_last = true}).size(), 10);
  EXPECT_EQ(Batches(0, 10, {}).size(), 0);
  EXPECT_EQ(Batches(10, 100, {}).size(), 1);
  errorOf([&] { batches[11]; });
  errorOf([&] { batches[-1]; });
  errorOf([] { Batches(10, 0, {}); });
  errorOf([] { Batches(-3, 4, {}); });
}

// The order is part of the contract: it may not change between versions.
TEST(Batches, goldenOrder) {
  Batches batches(8, 8, {.seed = 1, .epoch = 0});
  EXPECT_EQ(std::vector<std::int64_t>(batches[0].begin(), batches[0].end()),
            (std::vector<std::int64_t>{4, 3, 7, 1, 2, 5, 0, 6}));
}

} // namespace
