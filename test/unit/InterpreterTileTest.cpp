// pack, unpack and tile: the packed stage computes what the quantized stage does.
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;

namespace {

const std::string kInput = "tensor<?x4x4x2x!quant.uniform<u8:f32, 5.0e-1:3>>",
                  kOutput = "tensor<?x4x4x3x!quant.uniform<u4:f32, 2.5e-1:1>>";
const std::string kWeight = "!quant.uniform<i4<-7:7>:f32:0, {0.5,0.25,2.0}>>";
const std::string kEpilogue = "multiplier = array<f32: 0.013, -0.02, 0.5>, bias = array<f32: 1.0, 2.0, 3.0>, lo = "
                              "array<f32: 1.0>, hi = array<f32: 15.0>";

std::vector<HostTensor> operands() {
  std::mt19937 random(11);
  HostTensor x = integers({2, 4, 4, 2}, {}), w = integers({3, 3, 3, 2}, {});
  for (int i = 0; i < 64; ++i)
    x.ints.push_back(random() % 256);
  for (int i = 0; i < 54; ++i)
    w.ints.push_back(static_cast<int64_t>(random() % 15) - 7);
  return {x, w};
}

TEST(Tile, IsAConvolutionAndARequantisation) {
  std::string w4 = "tensor<3x3x3x2x" + kWeight;
  HostTensor expected =
      runOne("%x: " + kInput + ", %w: " + w4,
             "%0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (" +
                 kInput + ", " + w4 + ") -> tensor<?x4x4x3xi32>\n%r = nibble.requantize %0 {" + kEpilogue +
                 "} : (tensor<?x4x4x3xi32>) -> " + kOutput,
             kOutput, operands());
  HostTensor y = runOne("%x: " + kInput + ", %w: " + w4,
                        "%r = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = "
                        "#nibble.padding<1, 1, 1, 1>, " +
                            kEpilogue + "} : (" + kInput + ", " + w4 + ") -> " + kOutput,
                        kOutput, operands());
  EXPECT_EQ(difference({expected}, {y}), "");
  EXPECT_EQ(y.ints.size(), 96u);
  // Without an epilogue: the accumulators.
  HostTensor acc = runOne("%x: " + kInput + ", %w: " + w4,
                          "%r = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = "
                          "#nibble.padding<1, 1, 1, 1>} : (" +
                              kInput + ", " + w4 + ") -> tensor<?x4x4x3xi32>",
                          "tensor<?x4x4x3xi32>", operands());
  EXPECT_EQ(acc.ints.size(), 96u);
  // A residual.
  std::string residual = "tensor<?x4x4x3xf32>";
  HostTensor s = noise({2, 4, 4, 3}, 1);
  auto inputs = operands();
  inputs.push_back(s);
  expected =
      runOne("%x: " + kInput + ", %w: " + w4 + ", %s: " + residual,
             "%0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (" +
                 kInput + ", " + w4 + ") -> tensor<?x4x4x3xi32>\n%r = nibble.requantize %0, %s {" + kEpilogue +
                 ", residual_multiplier = 3.0 : f32} : (tensor<?x4x4x3xi32>, " + residual + ") -> " + kOutput,
             kOutput, inputs);
  y = runOne("%x: " + kInput + ", %w: " + w4 + ", %s: " + residual,
             "%r = nibble.tile %x, %w, residual(%s : " + residual +
                 ") {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, " +
                 kEpilogue + ", residual_multiplier = 3.0 : f32} : (" + kInput + ", " + w4 + ") -> " + kOutput,
             kOutput, inputs);
  EXPECT_EQ(difference({expected}, {y}), "");
}

TEST(Tile, FloatConvolution) {
  HostTensor x = noise({1, 1, 1, 5}, 1), w = noise({2, 1, 1, 5}, 2);
  HostTensor y = runOne("%x: tensor<?x1x1x5xf32>, %w: tensor<2x1x1x5xf32>",
                        "%r = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = "
                        "#nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 1.0>, "
                        "bias = array<f32: 0.25>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : "
                        "(tensor<?x1x1x5xf32>, tensor<2x1x1x5xf32>) -> tensor<?x1x1x2xf32>",
                        "tensor<?x1x1x2xf32>", {x, w});
  std::vector<float> expected;
  for (int o : {0, 5}) {
    float acc = 0.0f;
    for (int i = 0; i < 5; ++i)
      acc = std::fma(x.f32[i], w.f32[o + i], acc);
    expected.push_back(std::max(std::fma(acc, 1.0f, 0.25f), 0.0f));
  }
  expectBits(y.f32, expected);
}

TEST(Pack, KeepsValuesAndChecksThem) {
  std::string type = "tensor<?x3x!nibble.binary>", packed = "tensor<?x3x!nibble.binary, #nibble.layout<\"order = [0, "
                                                            "1], tile = [1:32], word = 32, bits = 1, code = sign\">>";
  HostTensor y = runOne("%x: " + type,
                        "%0 = nibble.pack %x : (" + type + ") -> " + packed + "\n%r = nibble.unpack %0 : (" + packed +
                            ") -> " + type,
                        type, {integers({2, 3}, {1, -1, -1, -1, 1, 1})});
  EXPECT_THAT(y.ints, ElementsAre(1, -1, -1, -1, 1, 1));
  // f32 is packed as its bits.
  std::string layout = "#nibble.layout<\"order = [0], word = 32, bits = 32\">";
  y = runOne("%x: tensor<3xf32>",
             "%0 = nibble.pack %x : (tensor<3xf32>) -> tensor<3xf32, " + layout +
                 ">\n%r = nibble.unpack %0 : (tensor<3xf32, " + layout + ">) -> tensor<3xf32>",
             "tensor<3xf32>", {vector({-0.0f, 1.5f, -kInf})});
  expectBits(y.f32, {-0.0f, 1.5f, -kInf});
  // Four bits do not hold u8.
  std::string wide = "tensor<2x!quant.uniform<u8:f32, 1.0>",
              narrow = "#nibble.layout<\"order = [0], word = 8, bits = 4, code = unsigned\">";
  EXPECT_THAT(errorOf("%x: " + wide + ">", "%r = nibble.pack %x : (" + wide + ">) -> " + wide + ", " + narrow + ">",
                      wide + ", " + narrow + ">", {integers({2}, {3, 16})}),
              HasSubstr("cannot pack its input: value 16"));
}

TEST(Pack, PackedConstants) {
  // Two fields of 4 bits in a byte, the first in the low half: 0x2F is {-1, 2}, 0x08 is {-8, fill}.
  std::string type = "tensor<3x!quant.uniform<i4:f32, 5.0e-1>",
              layout = "#nibble.layout<\"order = [0], word = 8, bits = 4\">";
  HostTensor y = runOne("",
                        "%0 = nibble.constant dense<[47, 8]> : tensor<2xi8> : " + type + ", " + layout +
                            ">\n%r = nibble.unpack %0 : (" + type + ", " + layout + ">) -> " + type + ">",
                        type + ">", {});
  EXPECT_THAT(y.ints, ElementsAre(-1, 2, -8));
  expectBits(y.f32, {-0.5f, 1.0f, -4.0f});
  std::string floatLayout = "#nibble.layout<\"order = [0], word = 32, bits = 32\">";
  y = runOne("",
             "%0 = nibble.constant dense<[0, 0, -64, -65]> : tensor<4xi8> : tensor<1xf32, " + floatLayout +
                 ">\n%r = nibble.unpack %0 : (tensor<1xf32, " + floatLayout + ">) -> tensor<1xf32>",
             "tensor<1xf32>", {});
  expectBits(y.f32, {-1.5f});
}

} // namespace
