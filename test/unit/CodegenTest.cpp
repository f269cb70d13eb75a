// Compiled graph ops against the interpreter, bit for bit.
#include "test/unit/CompiledRun.h"

namespace nibble::test {
namespace {

/// One function with a static batch: `body` uses %x and gives %y.
std::string function(std::string in, std::string out, std::string body) {
  return "func.func @f(%x: " + in + " {nibble.name = \"x\"}) -> (" + out + " {nibble.name = \"y\"}) {\n" + body +
         "\n  return %y : " + out + "\n}\n";
}

struct ConvCase {
  int n, h, w, c, o, k, stride, pad, dilation = 1;
};

std::string convText(const ConvCase &s) {
  auto t = [](std::vector<int> d) {
    std::string r = "tensor<";
    for (int v : d)
      r += std::to_string(v) + "x";
    return r + "f32>";
  };
  int reach = (s.k - 1) * s.dilation + 1, oh = (s.h + 2 * s.pad - reach) / s.stride + 1,
      ow = (s.w + 2 * s.pad - reach) / s.stride + 1;
  std::string x = t({s.n, s.h, s.w, s.c}), w = t({s.o, s.k, s.k, s.c}), y = t({s.n, oh, ow, s.o}),
              p = std::to_string(s.pad), st = std::to_string(s.stride), d = std::to_string(s.dilation);
  return "func.func @f(%x: " + x + " {nibble.name = \"x\"}, %w: " + w + " {nibble.param = \"w\"}) -> (" + y +
         " {nibble.name = \"y\"}) {\n  %y = nibble.conv2d %x, %w {strides = array<i64: " + st + ", " + st +
         ">, dilations = array<i64: " + d + ", " + d + ">, padding = #nibble.padding<" + p + ", " + p + ", " + p +
         ", " + p + ">} : (" + x + ", " + w + ") -> " + y + "\n  return %y : " + y + "\n}\n";
}

TEST(Codegen, FloatConvolutions) {
  for (ConvCase s :
       {ConvCase{1, 5, 5, 1, 1, 3, 1, 1},
        {2, 7, 6, 3, 5, 3, 1, 1},
        {3, 8, 8, 16, 16, 3, 1, 1},
        {2, 9, 7, 4, 17, 3, 2, 1},
        {1, 6, 6, 8, 33, 5, 1, 2},
        {2, 4, 4, 7, 10, 1, 1, 0},
        {1, 3, 3, 2, 16, 3, 1, 2},
        {1, 11, 5, 5, 8, 3, 3, 0},
        {2, 9, 8, 3, 18, 3, 1, 2, 2},
        {1, 12, 11, 4, 7, 3, 2, 1, 4},
        {1, 3, 4, 2, 16, 2, 1, 5, 5},
        // Blocks of 16 outputs go in twos and threes where a register has 16 lanes, in corners up to eight.
        {4, 5, 5, 2, 48, 3, 1, 1},
        {3, 4, 4, 3, 80, 3, 1, 1},
        {1, 5, 4, 3, 144, 3, 1, 1},
        {2, 4, 3, 2, 145, 3, 1, 1}})
    expectCompiledEqual(convText(s), {.rounds = 2});
}

TEST(Codegen, LinearOfManySizes) {
  // Up to three images take tiles of one row and several blocks of 16 outputs.
  for (auto [n, i, o] : {std::tuple{1, 1, 1},
                         {5, 17, 10},
                         {6, 64, 16},
                         {13, 300, 35},
                         {1, 40, 64},
                         {1, 33, 150},
                         {2, 17, 70},
                         {3, 9, 129},
                         {4, 20, 100},
                         {7, 9, 161},
                         {8, 130, 531}}) {
    std::string x = "tensor<" + std::to_string(n) + "x" + std::to_string(i) + "xf32>",
                w = "tensor<" + std::to_string(o) + "x" + std::to_string(i) + "xf32>",
                y = "tensor<" + std::to_string(n) + "x" + std::to_string(o) + "xf32>";
    expectCompiledEqual("func.func @f(%x: " + x + " {nibble.name = \"x\"}, %w: " + w + " {nibble.param = \"w\"}) -> (" +
                            y + " {nibble.name = \"y\"}) {\n %y = nibble.linear %x, %w : (" + x + ", " + w + ") -> " +
                            y + "\n return %y : " + y + "\n}\n",
                        {.rounds = 2});
  }
}

TEST(Codegen, Elementwise) {
  std::string t = "tensor<3x5x4x6xf32>";
  for (std::string op : {"nibble.relu %x", "nibble.clip %x {lo = -0.5 : f32, hi = 0.25 : f32}", "nibble.softmax %x"})
    expectCompiledEqual(function(t, t, "  %y = " + op + " : (" + t + ") -> " + t), {.rounds = 2, .special = true});
  std::string wide = "tensor<2x3x3x20xf32>";
  expectCompiledEqual(function(
      wide, wide,
      "  %c = nibble.constant dense<0.5> : tensor<20xf32> : tensor<20xf32>\n  %m = nibble.mul %x, %c : (" + wide +
          ", tensor<20xf32>) -> " + wide + "\n  %a = nibble.add %m, %x : (" + wide + ", " + wide + ") -> " + wide +
          "\n  %s = nibble.constant dense<3.0> : tensor<1xf32> : tensor<1xf32>\n  %y = nibble.add %a, %s : (" + wide +
          ", tensor<1xf32>) -> " + wide));
}

TEST(Codegen, Pooling) {
  std::string in = "tensor<2x6x7x9xf32>";
  expectCompiledEqual(function(in, "tensor<2x3x3x9xf32>",
                               "  %y = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, "
                               "padding = #nibble.padding<0, 0, 0, 0>} : (" +
                                   in + ") -> tensor<2x3x3x9xf32>"),
                      {.special = true});
  expectCompiledEqual(function(in, "tensor<2x6x7x9xf32>",
                               "  %y = nibble.max_pool2d %x {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, "
                               "padding = #nibble.padding<1, 1, 1, 1>} : (" +
                                   in + ") -> tensor<2x6x7x9xf32>"));
  expectCompiledEqual(function(in, "tensor<2x2x3x9xf32>",
                               "  %y = nibble.avg_pool2d %x {window = array<i64: 3, 2>, strides = array<i64: 3, 2>, "
                               "padding = #nibble.padding<0, 0, 0, 0>} : (" +
                                   in + ") -> tensor<2x2x3x9xf32>"));
  expectCompiledEqual(
      function(in, "tensor<2x9xf32>", "  %y = nibble.global_avg_pool %x : (" + in + ") -> tensor<2x9xf32>"));
}

TEST(Codegen, Shapes) {
  std::string in = "tensor<2x4x3x5xf32>";
  expectCompiledEqual(function(in, "tensor<2x60xf32>", "  %y = nibble.reshape %x : (" + in + ") -> tensor<2x60xf32>"));
  expectCompiledEqual(function(
      in, "tensor<2x6x4x5xf32>",
      "  %y = nibble.pad %x {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 1, 1, 0>, value = 2.5 : f32} : (" + in +
          ") -> tensor<2x6x4x5xf32>"));
  for (int axis : {1, 2, 3}) {
    std::vector<int> d{2, 4, 3, 5};
    d[axis] *= 2;
    std::string out =
        "tensor<2x" + std::to_string(d[1]) + "x" + std::to_string(d[2]) + "x" + std::to_string(d[3]) + "xf32>";
    expectCompiledEqual(function(in, out,
                                 "  %r = nibble.relu %x : (" + in + ") -> " + in +
                                     "\n  %y = nibble.concat %r, %x {axis = " + std::to_string(axis) + " : i64} : (" +
                                     in + ", " + in + ") -> " + out));
  }
}

TEST(Codegen, GroupedConvolution) {
  std::string x = "tensor<2x5x5x6xf32>", w = "tensor<6x3x3x1xf32>", y = "tensor<2x5x5x6xf32>";
  expectCompiledEqual("func.func @f(%x: " + x + " {nibble.name = \"x\"}, %w: " + w + " {nibble.param = \"w\"}) -> (" +
                      y +
                      " {nibble.name = \"y\"}) {\n  %y = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = "
                      "#nibble.padding<1, 1, 1, 1>, groups = 6 : i64} : (" +
                      x + ", " + w + ") -> " + y + "\n  return %y : " + y + "\n}\n");
}

// Each step reads the one before twice: recipes must be stored long before 2^40 reads.
TEST(Codegen, RecipesThatDouble) {
  std::string type = "tensor<2x9xf32>", types = " : (" + type + ", " + type + ") -> " + type + "\n", body, last = "%x";
  for (int i = 0; i < 40; ++i) {
    std::string next = "%s" + std::to_string(i);
    body += "  " + next + " = nibble.add " + last + ", " + last + types;
    last = next;
  }
  expectCompiledEqual(function(type, type, body + "  %y = nibble.mul " + last + ", " + last + types));
}

// Steps that no window takes may be any number, and code does not grow with the padding.
TEST(Codegen, HostileSteps) {
  const char *most = "9223372036854775807";
  std::string x = "tensor<1x3x4x2xf32>", w = "tensor<5x1x1x2xf32>", y = "tensor<1x1x1x5xf32>";
  expectCompiledEqual("func.func @f(%x: " + x + " {nibble.name = \"x\"}, %w: " + w + " {nibble.param = \"w\"}) -> (" +
                      y + " {nibble.name = \"y\"}) {\n  %y = nibble.conv2d %x, %w {strides = array<i64: " + most +
                      ", " + most + ">, dilations = array<i64: " + most + ", " + most +
                      ">, padding = #nibble.padding<0, 0, 0, 0>} : (" + x + ", " + w + ") -> " + y +
                      "\n  return %y : " + y + "\n}\n");
  expectCompiledEqual(convText({1, 3, 4, 2, 5, 3, 1, 300}));
  expectCompiledEqual(convText({1, 3, 4, 2, 5, 3, 2, 40, 20}));
}

// References to lowered values must outlive the definition of others, however many there are.
TEST(Codegen, ManyLayoutChanges) {
  std::string in = "tensor<2x9xf32>", words = "tensor<2x9x!quant.uniform<u8:f32, 0.125>",
              packed = words + ", #nibble.layout<\"order = [0, 1], word = 16, bits = 16\">>", last = "%q";
  words += ">";
  std::string body = "  %q = nibble.quantize %x : (" + in + ") -> " + words + "\n";
  for (int i = 0; i < 150; ++i) {
    std::string n = std::to_string(i);
    body += "  %p" + n + " = nibble.pack " + last + " : (" + words + ") -> " + packed + "\n";
    body += "  %u" + n + " = nibble.unpack %p" + n + " : (" + packed + ") -> " + words + "\n";
    last = "%u" + n;
  }
  std::string real = "tensor<2x9xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125>>>";
  body += "  %d = nibble.dequantize " + last + " : (" + words + ") -> " + real + "\n";
  expectCompiledEqual(function(in, in, body + "  %y = nibble.relu %d : (" + real + ") -> " + in));
}

} // namespace
} // namespace nibble::test
