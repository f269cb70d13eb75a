// Weights: safetensors bytes, both file formats, hostile headers, atomic replacement, the check against a model.
#include "test/unit/IoTestFiles.h"

#include <nibble/error.h>
#include <nibble/weights.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace nibble;
using namespace nibble::test;

namespace {

std::string safetensors(const std::string &header, const std::string &data) {
  std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

Weights someWeights() {
  Weights weights;
  weights.set("fc.weight", Array::from<float>({2, 2}, {1, -2, 0.5f, 3}));
  weights.set("fc.bits", Array::from<std::uint8_t>({3}, {1, 2, 3}));
  weights.set("step", Array::from<std::int64_t>({}, {-7}));
  weights.metadata()["seed"] = "42";
  return weights;
}

TEST(Safetensors, goldenBytes) {
  Directory dir;
  someWeights().save(dir / "w.safetensors");
  std::string header = R"({"__metadata__":{"seed":"42"},)"
                       R"("step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                       R"("fc.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},)"
                       R"("fc.bits":{"dtype":"U8","shape":[3],"data_offsets":[24,27]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string data("\xf9\xff\xff\xff\xff\xff\xff\xff\0\0\x80\x3f\0\0\0\xc0\0\0\0\x3f\0\0\x40\x40\1\2\3", 27);
  EXPECT_EQ(read(dir / "w.safetensors"), safetensors(header, data));
  EXPECT_EQ(Weights::load(dir / "w.safetensors"), someWeights());
}

TEST(Weights, roundTrips) {
  Directory dir;
  for (std::string extension : {".safetensors", ".npz"}) {
    Weights weights = someWeights();
    for (ElementType type :
         {ElementType::boolean, ElementType::i8, ElementType::u16, ElementType::i16, ElementType::u32, ElementType::i32,
          ElementType::u64, ElementType::f16, ElementType::f64, ElementType::bf16})
      if (type != ElementType::bf16 || extension == ".safetensors")
        weights.set("t/" + to_string(type), Array(type, {2, 1, 3}));
    weights.set("empty", Array(ElementType::f32, {0, 4}));
    weights.set("\xc3\xa4\"\\\n", Array::from<float>({1}, {1}));
    weights.metadata()["text"] = "line\n\"quoted\" \xc3\xa4";
    std::string path = dir / ("w" + extension);
    weights.save(path);
    EXPECT_EQ(Weights::load(path), weights) << extension;
    std::string bytes = read(path);
    Weights::load(path).save(path);
    EXPECT_EQ(read(path), bytes) << extension;
    Weights().save(path);
    EXPECT_EQ(Weights::load(path), Weights()) << extension;
  }
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"w.npz", "w.safetensors"})) << "no temporary files stay behind";
}

TEST(Weights, namesAndAccess) {
  Weights weights = someWeights();
  EXPECT_EQ(weights.size(), 3u);
  EXPECT_TRUE(weights.contains("step"));
  weights.at("step").span<std::int64_t>()[0] = 8;
  EXPECT_EQ(std::as_const(weights).at("step").span<std::int64_t>()[0], 8);
  EXPECT_EQ(errorOf([&] { weights.at("none"); }), "nibble: error: there is no tensor 'none'");
  weights.erase("step");
  weights.erase("none");
  std::string names;
  for (const auto &[name, array] : weights)
    names += name + " ";
  EXPECT_EQ(names, "fc.bits fc.weight ");
  for (std::string bad : {std::string(), std::string("__metadata__"), std::string("a\0b", 3)})
    errorOf([&] { weights.set(bad, Array()); });
  Directory dir;
  for (std::string name : {"w.bin", "w", "safetensors"}) {
    EXPECT_TRUE(errorOf([&] { weights.save(dir / name); }).find("must end in") != std::string::npos);
    EXPECT_TRUE(errorOf([&] { Weights::load(dir / name); }).find("must end in") != std::string::npos);
  }
  weights.set("\xff", Array());
  EXPECT_TRUE(errorOf([&] { weights.save(dir / "w.safetensors"); }).find("UTF-8") != std::string::npos);
}

TEST(Safetensors, refused) {
  Directory dir;
  std::string path = dir / "w.safetensors";
  auto refused = [&](const std::string &bytes, const std::string &why) {
    write(path, bytes);
    std::string error = errorOf([&] { Weights::load(path); });
    EXPECT_TRUE(error.starts_with(path) && error.find(why) != std::string::npos) << error << "\nshould say: " << why;
  };
  auto tensor = [](const char *dtype, const char *shape, const char *offsets) {
    return std::string("{\"dtype\":") + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
  };
  auto one = [&](const char *dtype, const char *shape, const char *offsets) {
    return safetensors("{\"a\":" + tensor(dtype, shape, offsets) + "}", "1234");
  };
  write(path, one("\"U8\"", "[4]", "[0,4]"));
  EXPECT_EQ(Weights::load(path).at("a").size(), 4);

  refused(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "not a safetensors file");
  refused(std::string("\xff\xff\0\0\0\0\0\0{}", 10), "truncated");
  refused(safetensors("", ""), "JSON");
  refused(safetensors("[]", ""), "not a JSON object");
  refused(safetensors("{", ""), "JSON");
  refused(safetensors("{\"\xff\":1}", ""), "JSON");
  refused(safetensors(std::string(100000, '['), ""), "nested too deeply");
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "{\"a\":";
  refused(safetensors(deep, ""), "nested too deeply");
  refused(one("\"F7\"", "[4]", "[0,4]"), "'F7' is not supported");
  refused(one("7", "[4]", "[0,4]"), "dtype");
  refused(one("\"U8\"", "4", "[0,4]"), "shape");
  refused(one("\"U8\"", "[-4]", "[0,4]"), "shape");
  refused(one("\"U8\"", "[4.0]", "[0,4]"), "shape");
  refused(one("\"U8\"", "[18446744073709551615]", "[0,4]"), "shape");
  refused(one("\"U8\"", "[1e999]", "[0,4]"), "JSON");
  refused(one("\"U8\"", "[1,1,1,1,1,1,1,1,4]", "[0,4]"), "8 dimensions");
  refused(one("\"U8\"", "[5]", "[0,4]"), "size of its bytes");
  refused(one("\"U8\"", "[4294967296,4294967296,4294967296,4]", "[0,4]"), "size of its bytes");
  refused(one("\"U8\"", "[4611686018427387904,4]", "[0,4]"), "size of its bytes"); // 2^64 in all
  refused(one("\"F32\"", "[4]", "[0,4]"), "size of its bytes");
  refused(safetensors("{\"a\":" + tensor("\"U8\"", "[4611686018427387904,0,4]", "[0,0]") + "}", ""), "too large");
  refused(one("\"U8\"", "[4]", "[0,5]"), "beyond the end");
  refused(one("\"U8\"", "[4]", "[0,9223372036854775807]"), "beyond the end");
  refused(one("\"U8\"", "[4]", "[4,0]"), "gap");
  refused(one("\"U8\"", "[3]", "[1,4]"), "gap");
  refused(one("\"U8\"", "[3]", "[0,3]"), "after the last");
  refused(one("\"U8\"", "[4]", "[0]"), "data_offsets");
  refused(one("\"U8\"", "[4]", "[0,4,4]"), "data_offsets");
  refused(one("\"U8\"", "[4]", "[-1,3]"), "data_offsets");
  refused(one("\"BOOL\"", "[4]", "[0,4]"), "neither 0 nor 1");
  refused(safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", "1234"), "data_offsets expected");
  refused(safetensors("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "1234"),
          "'dtype' occurs twice");
  std::string a = "\"a\":" + tensor("\"U8\"", "[4]", "[0,4]"), b = "\"b\":" + tensor("\"U8\"", "[4]", "[0,4]");
  refused(safetensors("{" + a + "," + a + "}", "1234"), "'a' occurs twice");
  refused(safetensors("{" + a + "," + b + "}", "1234"), "overlap");
  refused(safetensors("{" + a + ",\"__metadata__\":{\"k\":1}}", "1234"), "not a string");
  refused(safetensors("{" + a + ",\"__metadata__\":[]}", "1234"), "metadata");
  refused(safetensors("{\"\":" + tensor("\"U8\"", "[4]", "[0,4]") + "}", "1234"), "empty");
  EXPECT_TRUE(errorOf([&] { Weights::load(dir / "none.safetensors"); }).find("No such file") != std::string::npos);
}

// A sparse file of 2^43 bytes, more than the memory that the process may have.
#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))
TEST(Weights, hugeFile) {
  Directory dir;
  for (std::string name : {"w.npz", "w.safetensors"}) {
    std::string path = dir / name;
    write(path, "x");
    if (::truncate(path.c_str(), off_t{1} << 43) != 0)
      GTEST_SKIP() << "this file system has no sparse files of that size";
    rlimit old;
    ASSERT_EQ(getrlimit(RLIMIT_AS, &old), 0);
    rlimit limit{std::min<rlim_t>(rlim_t{1} << 42, old.rlim_max), old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    std::string error = errorOf([&] { Weights::load(path); });
    ASSERT_EQ(setrlimit(RLIMIT_AS, &old), 0);
    EXPECT_TRUE(error.find("not enough memory") != std::string::npos) << error;
  }
}
#endif

TEST(Safetensors, damaged) {
  Directory dir;
  std::string path = dir / "w.safetensors";
  someWeights().save(path);
  std::string bytes = read(path);
  checkTruncation(path, bytes, [&] { Weights::load(path); });
  checkBitFlips(path, bytes, [&] { Weights::load(path); });
}

TEST(Weights, failedWriteKeepsTheOldFile) {
  Directory dir;
  for (std::string name : {"w.npz", "w.safetensors"}) {
    someWeights().save(dir / name);
    std::string before = read(dir / name);
    Weights large = someWeights();
    large.set("large", Array(ElementType::f32, {100000}));
    // The disk "fills up" at 100 kB: write then fails, for root too.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit old;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    rlimit limit{100000, old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::string error = errorOf([&] { large.save(dir / name); });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
    EXPECT_TRUE(error.starts_with(dir / name) && error.find("File too large") != std::string::npos) << error;
    EXPECT_EQ(read(dir / name), before);
    large.save(dir / name);
    EXPECT_EQ(Weights::load(dir / name), large);
  }
  EXPECT_EQ(dir.files(), (std::vector<std::string>{"w.npz", "w.safetensors"})) << "no temporary files stay behind";
  EXPECT_TRUE(errorOf([&] { someWeights().save(dir / "no/w.npz"); }).find("No such file") != std::string::npos);
}

TEST(Weights, savesThroughLinksAndKeepsTheUmask) {
  Directory dir;
  someWeights().save(dir / "real.npz");
  ASSERT_EQ(::symlink("real.npz", (dir / "link.npz").c_str()), 0);
  Weights other;
  other.set("x", Array::from<float>({1}, {1}));
  mode_t old = ::umask(027);
  other.save(dir / "link.npz");
  ::umask(old);
  struct stat status;
  ASSERT_EQ(::lstat((dir / "link.npz").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_EQ(Weights::load(dir / "real.npz"), other);
  ASSERT_EQ(::stat((dir / "real.npz").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
}

TEST(Weights, check) {
  Directory dir;
  std::string path = dir / "w.safetensors";
  someWeights().save(path);
  Weights weights = Weights::load(path);
  weights.check({{"fc.weight", {2, 2}}, {"fc.bits", {3}, ElementType::u8}, {"step", {}, ElementType::i64}});
  EXPECT_EQ(errorOf([&] {
              weights.check({{"fc.weight", {4, 2}}, {"fc.bits", {3}, ElementType::i8}, {"conv.weight", {16, 3, 3, 1}}});
            }),
            path + ": error: tensor 'fc.weight' is f32 [2, 2], but the model expects f32 [4, 2]\n" + path +
                ": error: tensor 'fc.bits' is u8 [3], but the model expects i8 [3]\n" + path +
                ": error: missing tensor 'conv.weight': the model expects f32 [16, 3, 3, 1]\n" + path +
                ": error: extra tensor 'step' (i64 []): the model has no parameter of that name");
}

} // namespace
