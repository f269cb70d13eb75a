// Errors, arrays, .npy and .npz: golden bytes, round trips, damaged files, and NumPy where it is installed.
#include "test/unit/IoTestFiles.h"

#include <nibble/array.h>
#include <nibble/error.h>
#include <nibble/npy.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace nibble;
using namespace nibble::test;

namespace {

constexpr ElementType allTypes[] = {ElementType::boolean, ElementType::u8,  ElementType::i8,  ElementType::u16,
                                    ElementType::i16,     ElementType::u32, ElementType::i32, ElementType::u64,
                                    ElementType::i64,     ElementType::f16, ElementType::f32, ElementType::f64};

// An array with bytes that are not all equal; booleans stay 0 or 1.
Array pattern(ElementType type, Shape shape) {
  Array array(type, std::move(shape));
  unsigned i = 0;
  for (std::byte &b : array.bytes())
    b = std::byte(type == ElementType::boolean ? i++ % 2 : (i++ * 37 + 11) & 0xff);
  return array;
}

// A .npy file of one header line, for damaged headers.
std::string npy(const std::string &header, const std::string &data) {
  std::string bytes = "\x93NUMPY";
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  return bytes + header + data;
}

TEST(Error, lines) {
  Error error(std::vector<Diagnostic>{
      {.file = "model.cpp",
       .line = 23,
       .message = "conv2d cannot stay binary",
       .notes = {{.message = "use Pad::same_plus_one"}, {.file = "ops.cpp", .line = 7, .message = "declared here"}}},
      {.file = "w.npz", .severity = Severity::warning, .message = "old"},
      {.severity = Severity::remark, .message = "kernel"}});
  EXPECT_STREQ(error.what(), "model.cpp:23: error: conv2d cannot stay binary\n"
                             "model.cpp:23: note: use Pad::same_plus_one\n"
                             "ops.cpp:7: note: declared here\n"
                             "w.npz: warning: old\n"
                             "nibble: remark: kernel");
  EXPECT_EQ(error.diagnostics().size(), 3u);
  EXPECT_STREQ(Error("no").what(), "nibble: error: no");
  EXPECT_STREQ(Error("a.npy", "no").what(), "a.npy: error: no");
}

TEST(Array, typesAndShapes) {
  Array array(ElementType::f32, {2, 3});
  EXPECT_EQ(array.size(), 6);
  EXPECT_EQ(array.byte_size(), 24u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.bytes().data()) % 64, 0u);
  for (float x : array.span<float>())
    EXPECT_EQ(x, 0.0f);
  EXPECT_EQ(errorOf([&] { array.span<std::int32_t>(); }),
            "nibble: error: an array of element type f32 was accessed as i32");
  EXPECT_EQ(Array(ElementType::i64, {}).size(), 1);
  EXPECT_EQ(Array().size(), 0);
  EXPECT_EQ(Array(ElementType::u8, {3, 0}).size(), 0);
  for (const Shape &shape : {Shape{-1}, Shape{int64_t{1} << 62, 4}, Shape{0, int64_t{1} << 62, 4}, Shape(9, 1)})
    errorOf([&] { Array(ElementType::f32, shape); });
  EXPECT_TRUE(errorOf([] { Array(ElementType::f32, {int64_t{1} << 60}); }).find("memory") != std::string::npos);
  errorOf([] { Array(static_cast<ElementType>(99), {1}); });
}

TEST(Array, valuesCopiesAndReshapes) {
  Array a = Array::from<std::int16_t>({2, 2}, {1, 2, 3, 4}), b = a;
  EXPECT_EQ(a.type(), ElementType::i16);
  EXPECT_EQ(a, b);
  b.span<std::int16_t>()[3] = 5;
  EXPECT_NE(a, b);
  EXPECT_NE(a, a.reshaped({4}));
  EXPECT_EQ(a.reshaped({4}).span<std::int16_t>()[2], 3);
  errorOf([&] { a.reshaped({3}); });
  errorOf([] { Array::from<float>({3}, {1}); });
  Array moved = std::move(b);
  EXPECT_EQ(b.size(), 0); // NOLINT: a moved-from array is empty
  EXPECT_EQ(moved.size(), 4);
  // Equality is that of the bits.
  EXPECT_EQ(Array::from<float>({1}, {NAN}), Array::from<float>({1}, {NAN}));
  EXPECT_NE(Array::from<float>({1}, {0.0f}), Array::from<float>({1}, {-0.0f}));
}

TEST(Array, view) {
  Array array(ElementType::u16, {2, 3, 4});
  nibble_tensor_view view = array.view();
  std::int64_t bytes = 0;
  EXPECT_EQ(nibble_tensor_bytes(&view, &bytes), NIBBLE_OK);
  EXPECT_EQ(bytes, 48);
  EXPECT_EQ(view.strides[0], 12);
  EXPECT_EQ(view.strides[2], 1);
  Array empty(ElementType::u16, {2, 0, 4});
  view = empty.view();
  EXPECT_EQ(nibble_tensor_bytes(&view, &bytes), NIBBLE_OK);
  EXPECT_EQ(bytes, 0);
}

TEST(Npy, goldenBytes) {
  Directory dir;
  save_npy(dir / "a.npy", Array::from<std::int16_t>({2, 3}, {1, 2, 3, 4, 5, -1}));
  // What numpy.save writes for numpy.array([[1, 2, 3], [4, 5, -1]], '<i2').
  std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }";
  std::string golden =
      npy(header + std::string(118 - header.size() - 1, ' ') + "\n", std::string("\1\0\2\0\3\0\4\0\5\0\xff\xff", 12));
  EXPECT_EQ(read(dir / "a.npy"), golden);
  for (const auto &[shape, text] :
       {std::pair<Shape, const char *>{{}, "()"}, {{3}, "(3,)"}, {{1, 2, 3}, "(1, 2, 3)"}}) {
    save_npy(dir / "b.npy", Array(ElementType::boolean, shape));
    std::string start = std::string("{'descr': '|b1', 'fortran_order': False, 'shape': ") + text + ", }";
    EXPECT_EQ(read(dir / "b.npy").substr(10, start.size()), start);
    EXPECT_EQ(read(dir / "b.npy").substr(start.size() + 10, 1), " ");
  }
}

TEST(Npy, roundTrips) {
  Directory dir;
  for (ElementType type : allTypes)
    for (const Shape &shape :
         {Shape{}, Shape{0}, Shape{5}, Shape{2, 0, 3}, Shape{3, 4}, Shape{1, 2, 1, 2, 1, 2, 1, 2}}) {
      Array array = pattern(type, shape);
      save_npy(dir / "a.npy", array);
      EXPECT_EQ(load_npy(dir / "a.npy"), array) << to_string(type) << to_string(shape);
    }
  EXPECT_TRUE(errorOf([&] { save_npy(dir / "a.npy", Array(ElementType::bf16, {1})); }).find("bf16") !=
              std::string::npos);
}

TEST(Npy, otherHeaders) {
  Directory dir;
  auto loads = [&](const std::string &bytes) {
    write(dir / "a.npy", bytes);
    return load_npy(dir / "a.npy");
  };
  Array expected = Array::from<std::uint8_t>({2}, {7, 8});
  EXPECT_EQ(loads(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\n", "\7\10")), expected);
  EXPECT_EQ(loads(npy("{\"shape\":(2L,),\"fortran_order\":False,\"descr\":\"<u1\",}", "\7\10")), expected);
  std::string v2 = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "\7\10");
  v2[6] = 2;
  v2.insert(10, std::string(2, '\0'));
  EXPECT_EQ(loads(v2), expected);
}

TEST(Npy, refused) {
  Directory dir;
  auto refused = [&](const std::string &header, const std::string &why) {
    write(dir / "a.npy", npy(header, "1234"));
    EXPECT_TRUE(errorOf([&] { load_npy(dir / "a.npy"); }).find(why) != std::string::npos) << header;
  };
  refused("{'descr': '<i2', 'fortran_order': True, 'shape': (2,), }", "Fortran");
  refused("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "big-endian");
  refused("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "not supported");
  refused("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "not supported");
  refused("{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (2,), }", "string expected");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (-2,), }", "extent");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (99999999999999999999,), }", "too large");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "truncated");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }", "dimensions");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }", "truncated");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }", "after the end");
  refused("{'descr': '<i2', 'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", "unexpected key");
  refused("{'descr': '<i2', 'fortran_order': False}", "expected");
  refused("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), } x", "nothing else");
  refused("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", "neither 0 nor 1");
  EXPECT_TRUE(errorOf([&] { load_npy(dir / "none.npy"); }).find("No such file") != std::string::npos);
  EXPECT_TRUE(errorOf([&] { load_npy(dir.path()); }).find("regular file") != std::string::npos);
}

TEST(Npy, damaged) {
  Directory dir;
  std::string path = dir / "a.npy";
  save_npy(path, pattern(ElementType::f32, {2, 3}));
  std::string bytes = read(path);
  checkTruncation(path, bytes, [&] { load_npy(path); });
  checkBitFlips(path, bytes, [&] { load_npy(path); });
}

NamedArrays someArrays() {
  NamedArrays arrays;
  arrays.emplace("fc.weight", pattern(ElementType::f32, {2, 3}));
  arrays.emplace("bias/\xc3\xa4", pattern(ElementType::i8, {3}));
  return arrays;
}

TEST(Npz, roundTripAndDeterminism) {
  Directory dir;
  NamedArrays arrays = someArrays();
  arrays.emplace("large", pattern(ElementType::f64, {300, 100}));
  save_npz(dir / "a.npz", arrays);
  EXPECT_EQ(load_npz(dir / "a.npz"), arrays);
  ::setenv("TZ", "Asia/Tokyo", 1); // zip archives hold local times
  ::tzset();
  save_npz(dir / "b.npz", arrays);
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(read(dir / "a.npz"), read(dir / "b.npz"));
  save_npz(dir / "empty.npz", {});
  EXPECT_TRUE(load_npz(dir / "empty.npz").empty());
}

TEST(Npz, storedBytes) {
  Directory dir;
  save_npz(dir / "a.npz", {{"x", pattern(ElementType::u8, {3})}});
  save_npy(dir / "x.npy", pattern(ElementType::u8, {3}));
  std::string path = dir / "a.npz", zip = read(path);
  // A local header (method 0 = stored, 1 January 1980), the name, then the .npy file as it is.
  EXPECT_EQ(zip.substr(0, 4), "PK\3\4");
  EXPECT_EQ(zip.substr(8, 6), std::string("\0\0\0\0\x21\0", 6));
  EXPECT_EQ(zip.substr(30, 5), "x.npy");
  EXPECT_NE(zip.find(read(dir / "x.npy")), std::string::npos);
  checkBitFlips(path, zip, [&] { load_npz(path); });
}

// Made by zipfile.ZipFile('x.npz', 'w', zipfile.ZIP_DEFLATED) with a member x.npy of numpy.zeros(4, 'u1').
constexpr unsigned char deflated[] = {
#include "test/unit/IoDeflatedNpz.inc"
};

TEST(Npz, deflated) {
  Directory dir;
  std::string path = dir / "a.npz";
  std::string bytes(reinterpret_cast<const char *>(deflated), sizeof(deflated));
  write(path, bytes);
  NamedArrays arrays = load_npz(path);
  EXPECT_EQ(arrays, (NamedArrays{{"x", Array(ElementType::u8, {4})}}));
  checkTruncation(path, bytes, [&] { load_npz(path); });
  checkBitFlips(path, bytes, [&] { load_npz(path); });
}

TEST(Npz, damaged) {
  Directory dir;
  std::string path = dir / "a.npz";
  save_npz(path, someArrays());
  std::string bytes = read(path);
  checkTruncation(path, bytes, [&] { load_npz(path); });
  // A changed element is found by the checksum.
  std::string changed = bytes;
  changed[changed.find("'descr'") + 118] ^= 1;
  write(path, changed);
  EXPECT_TRUE(errorOf([&] { load_npz(path); }).starts_with(path));
}

TEST(NumPy, readsAndWritesTheSameFiles) {
  std::string python = pythonWithNumpy();
  if (python.empty())
    GTEST_SKIP() << "no python3 with numpy";
  Directory dir;
  NamedArrays arrays;
  for (ElementType type : allTypes)
    arrays.emplace(to_string(type), pattern(type, {2, 3, 2}));
  arrays.emplace("scalar", Array::from<double>({}, {2.5}));
  save_npz(dir / "ours.npz", arrays);
  save_npy(dir / "ours.npy", arrays.at("f32"));
  write(dir / "copy.py",
        "import numpy as np, sys, os\n"
        "d = sys.argv[1]\n"
        "z = np.load(d + '/ours.npz')\n"
        "np.savez(d + '/stored.npz', **{k: z[k] for k in z.files})\n"
        "np.savez_compressed(d + '/deflated.npz', **{k: z[k] for k in z.files})\n"
        "a = np.load(d + '/ours.npy')\n"
        "assert a.dtype == np.float32 and a.shape == (2, 3, 2) and (a.tobytes() == z['f32'].tobytes())\n"
        "assert z['scalar'] == 2.5\n"
        "np.save(d + '/theirs.npy', a)\n"
        "np.save(d + '/fortran.npy', np.asfortranarray(np.ones((2, 3))))\n");
  ASSERT_TRUE(run(python + " " + dir / "copy.py" + " " + dir.path()));
  EXPECT_EQ(load_npz(dir / "stored.npz"), arrays);
  EXPECT_EQ(load_npz(dir / "deflated.npz"), arrays);
  EXPECT_EQ(read(dir / "theirs.npy"), read(dir / "ours.npy"));
  EXPECT_TRUE(errorOf([&] { load_npy(dir / "fortran.npy"); }).find("Fortran") != std::string::npos);
}

TEST(Npy, writesToAPipeAndDoesNotReplaceIt) {
  Directory dir;
  std::string pipe = dir / "pipe.npy";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  int reader = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  save_npy(pipe, Array::from<float>({2}, {1.0f, 2.0f}));
  struct stat info{};
  ASSERT_EQ(::stat(pipe.c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  char magic[6];
  EXPECT_EQ(::read(reader, magic, sizeof magic), 6);
  EXPECT_EQ(std::string(magic, 6), "\x93NUMPY");
  ::close(reader);
}

} // namespace
