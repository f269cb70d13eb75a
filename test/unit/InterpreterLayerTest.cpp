// Normalisation, elementwise ops, pooling, shape ops, softmax and the loss (R7, R9).
#include "compiler/Reference/Functions.h"
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;
using nibble::reference::HostGrid;

namespace {

TEST(BatchNorm, RunningStatistics) {
  HostTensor x = noise({3, 2}, 1), gamma = vector({1.5f, -0.3f}), beta = vector({0.1f, 0.7f}),
             mean = vector({0.2f, -0.1f}), variance = vector({0.9f, 1.7f});
  HostTensor y =
      runOne("%x: tensor<?x2xf32>, %g: tensor<2xf32>, %b: tensor<2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>",
             "%r = nibble.batch_norm %x, %g, %b, %m, %v {epsilon = 1.0e-3 : f32} : (tensor<?x2xf32>, tensor<2xf32>, "
             "tensor<2xf32>, "
             "tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>",
             "tensor<?x2xf32>", {x, gamma, beta, mean, variance});
  std::vector<float> expected;
  for (int i = 0; i < 6; ++i) {
    float inv = 1.0f / std::sqrt(variance.f32[i % 2] + 1.0e-3f), d = x.f32[i] - mean.f32[i % 2];
    expected.push_back(std::fma(d * inv, gamma.f32[i % 2], beta.f32[i % 2]));
  }
  expectBits(y.f32, expected);
}

TEST(Elementwise, BroadcastReluClip) {
  HostTensor x = floats({2, 2}, {1, 2, 3, 4});
  auto binary = [&](const std::string &name, const std::string &rhs, HostTensor value) {
    return runOne("%x: tensor<?x2xf32>, %y: " + rhs,
                  "%r = nibble." + name + " %x, %y : (tensor<?x2xf32>, " + rhs + ") -> tensor<?x2xf32>",
                  "tensor<?x2xf32>", {x, std::move(value)})
        .f32;
  };
  EXPECT_THAT(binary("add", "tensor<?x2xf32>", floats({2, 2}, {10, 20, 30, 40})), ElementsAre(11, 22, 33, 44));
  EXPECT_THAT(binary("add", "tensor<2xf32>", vector({10, 20})), ElementsAre(11, 22, 13, 24));
  EXPECT_THAT(binary("mul", "tensor<f32>", HostTensor::scalar(-2)), ElementsAre(-2, -4, -6, -8));
  EXPECT_THAT(binary("mul", "tensor<1xf32>", vector({0.5f})), ElementsAre(0.5f, 1, 1.5f, 2));
  EXPECT_THAT(errorOf("%x: tensor<?x2xf32>, %y: tensor<?x2xf32>",
                      "%r = nibble.add %x, %y : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>",
                      "tensor<?x2xf32>", {x, floats({1, 2}, {1, 2})}),
              HasSubstr("operands of different sizes"));

  HostTensor special = vector({kNan, -0.0f, -1.0f, 2.0f, kInf, -kInf});
  HostTensor y =
      runOne("%x: tensor<6xf32>", "%r = nibble.relu %x : (tensor<6xf32>) -> tensor<6xf32>", "tensor<6xf32>", {special});
  expectBits(y.f32, {0, 0, 0, 2, kInf, 0});
  y = runOne("%x: tensor<6xf32>",
             "%r = nibble.clip %x {lo = -0.5 : f32, hi = 1.5 : f32} : (tensor<6xf32>) -> tensor<6xf32>",
             "tensor<6xf32>", {special});
  expectBits(y.f32, {-0.5f, -0.0f, -0.5f, 1.5f, 1.5f, -0.5f});
}

TEST(Elementwise, DropsTheGrid) {
  std::string grid = "tensor<2xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1:2>>>";
  HostTensor y = runOne("%x: " + grid, "%r = nibble.relu %x : (" + grid + ") -> tensor<2xf32>", "tensor<2xf32>",
                        {integers({2}, {0, 7})});
  expectBits(y.f32, {0.0f, 2.5f});
  EXPECT_TRUE(!y.grid && y.ints.empty());
}

TEST(MaxPool, FloatPaddingAndNan) {
  // Padded taps never win, a later NaN never wins, a first one stays.
  HostTensor x = floats({1, 2, 2, 2}, {-1, kNan, -2, 1, -3, 2, -4, 3});
  HostTensor y = runOne("%x: tensor<?x2x2x2xf32>",
                        "%r = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = "
                        "#nibble.padding<0, 0, 1, 1>} : "
                        "(tensor<?x2x2x2xf32>) -> tensor<?x2x2x2xf32>",
                        "tensor<?x2x2x2xf32>", {x});
  expectBits(y.f32, {-1, kNan, -2, 3, -3, 3, -4, 3});
  // The first of equal values: +0 before -0.
  y = runOne("%x: tensor<1x1x2x1xf32>",
             "%r = nibble.max_pool2d %x {window = array<i64: 1, 2>, strides = array<i64: 1, 1>, padding = "
             "#nibble.padding<0, 0, 0, 0>} : "
             "(tensor<1x1x2x1xf32>) -> tensor<1x1x1x1xf32>",
             "tensor<1x1x1x1xf32>", {floats({1, 1, 2, 1}, {-0.0f, 0.0f})});
  expectBits(y.f32, {-0.0f});
}

TEST(MaxPool, KeepsTheGridAndAccumulators) {
  std::string type = "tensor<1x2x2x1x!quant.uniform<u8:f32, 5.0e-1:3>>",
              out = "tensor<1x1x1x1x!quant.uniform<u8:f32, 5.0e-1:3>>";
  std::string attributes =
      " {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (";
  HostTensor y = runOne("%x: " + type, "%r = nibble.max_pool2d %x" + attributes + type + ") -> " + out, out,
                        {integers({1, 2, 2, 1}, {4, 9, 2, 0})});
  EXPECT_THAT(y.ints, ElementsAre(9));
  EXPECT_EQ(y.f32[0], 3.0f);
  EXPECT_EQ(*y.grid, (HostGrid{{0.5f}, {3}, -1}));
  y = runOne("%x: tensor<1x2x2x1xi32>",
             "%r = nibble.max_pool2d %x" + attributes + "tensor<1x2x2x1xi32>) -> tensor<1x1x1x1xi32>",
             "tensor<1x1x1x1xi32>", {integers({1, 2, 2, 1}, {-4, -9, -2, -7})});
  EXPECT_THAT(y.ints, ElementsAre(-2));
}

TEST(AvgPool, FloatMultipliesByTheReciprocal) {
  HostTensor x = noise({1, 3, 3, 2}, 4);
  HostTensor y = runOne("%x: tensor<?x3x3x2xf32>",
                        "%r = nibble.avg_pool2d %x {window = array<i64: 1, 3>, strides = array<i64: 2, 1>, padding = "
                        "#nibble.padding<0, 0, 0, 0>} : "
                        "(tensor<?x3x3x2xf32>) -> tensor<?x2x1x2xf32>",
                        "tensor<?x2x1x2xf32>", {x});
  std::vector<float> expected;
  for (int row : {0, 2})
    for (int c : {0, 1}) {
      const float *p = &x.f32[row * 6 + c];
      expected.push_back(((p[0] + p[2]) + p[4]) * (1.0f / 3.0f));
    }
  expectBits(y.f32, expected);
  y = runOne("%x: tensor<?x3x3x2xf32>", "%r = nibble.global_avg_pool %x : (tensor<?x3x3x2xf32>) -> tensor<?x2xf32>",
             "tensor<?x2xf32>", {x});
  expected.clear();
  for (int c : {0, 1}) {
    float sum = 0.0f;
    for (int i = 0; i < 9; ++i)
      sum += x.f32[i * 2 + c];
    expected.push_back(sum * (1.0f / 9.0f));
  }
  expectBits(y.f32, expected);
}

TEST(AvgPool, GridIsExact) {
  // R7.4: sum 7, s = 1/2, n = 3.
  std::string known = "tensor<1x1x3x1xf32, #nibble.grid<!quant.uniform<u8:f32, 5.0e-1:2>>>";
  HostTensor y = runOne("%x: " + known, "%r = nibble.global_avg_pool %x : (" + known + ") -> tensor<1x1xf32>",
                        "tensor<1x1xf32>", {integers({1, 1, 3, 1}, {2, 3, 8})});
  expectBits(y.f32, {7.0f * (0.5f / 3.0f)});
  std::string element = "tensor<1x1x3x1x!quant.uniform<u8:f32, 5.0e-1:2>>";
  y = runOne("%x: " + element,
             "%r = nibble.avg_pool2d %x {window = array<i64: 1, 3>, strides = array<i64: 1, 1>, padding = "
             "#nibble.padding<0, 0, 0, 0>} : (" +
                 element + ") -> tensor<1x1x1x1xf32>",
             "tensor<1x1x1x1xf32>", {integers({1, 1, 3, 1}, {2, 3, 8})});
  expectBits(y.f32, {7.0f * (0.5f / 3.0f)});
  std::string unknown = "tensor<1x1x3x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>";
  y = runOne("%x: " + unknown, "%r = nibble.global_avg_pool %x : (" + unknown + ") -> tensor<1x1xf32>",
             "tensor<1x1xf32>", {HostTensor::onGrid({1, 1, 3, 1}, {2, 3, 8}, {{0.3f}, {2}})});
  expectBits(y.f32, {7.0f * (0.3f / 3.0f)});
}

TEST(Movement, ReshapeConcatPadSlice) {
  HostTensor x = floats({2, 1, 2}, {1, 2, 3, 4});
  HostTensor y = runOne("%x: tensor<?x1x2xf32>", "%r = nibble.reshape %x : (tensor<?x1x2xf32>) -> tensor<?x2xf32>",
                        "tensor<?x2xf32>", {x});
  EXPECT_THAT(y.shape, ElementsAre(2, 2));
  EXPECT_THAT(y.f32, ElementsAre(1, 2, 3, 4));
  y = runOne("%x: tensor<?x2xf32>, %y: tensor<?x1xf32>",
             "%r = nibble.concat %x, %y {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x1xf32>) -> tensor<?x3xf32>",
             "tensor<?x3xf32>", {floats({2, 2}, {1, 2, 3, 4}), floats({2, 1}, {8, 9})});
  EXPECT_THAT(y.f32, ElementsAre(1, 2, 8, 3, 4, 9));
  y = runOne("%x: tensor<?x1x2xf32>",
             "%r = nibble.pad %x {low = array<i64: 0, 1, 0>, high = array<i64: 0, 0, 1>, value = 0.1 : f32} : "
             "(tensor<?x1x2xf32>) -> tensor<?x2x3xf32>",
             "tensor<?x2x3xf32>", {x});
  EXPECT_THAT(y.f32, ElementsAre(.1f, .1f, .1f, 1, 2, .1f, .1f, .1f, .1f, 3, 4, .1f));
  y = runOne("%x: tensor<2x3xf32>",
             "%r = nibble.slice %x {offsets = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x2xf32>",
             "tensor<2x2xf32>", {floats({2, 3}, {1, 2, 3, 4, 5, 6})});
  EXPECT_THAT(y.f32, ElementsAre(2, 3, 5, 6));
}

TEST(Movement, KeepsTheGrid) {
  std::string g = "#nibble.grid<!quant.uniform<u8:f32, 5.0e-1:3>>";
  HostTensor x = integers({1, 2}, {3, 7});
  HostTensor y = runOne("%x: tensor<?x2xf32, " + g + ">",
                        "%r = nibble.reshape %x : (tensor<?x2xf32, " + g + ">) -> tensor<?x1x2xf32, " + g + ">",
                        "tensor<?x1x2xf32, " + g + ">", {x});
  EXPECT_THAT(y.ints, ElementsAre(3, 7));
  y = runOne("%x: tensor<?x2xf32, " + g + ">",
             "%r = nibble.concat %x, %x {axis = 1 : i64} : (tensor<?x2xf32, " + g + ">, tensor<?x2xf32, " + g +
                 ">) -> tensor<?x4xf32, " + g + ">",
             "tensor<?x4xf32, " + g + ">", {x});
  EXPECT_THAT(y.ints, ElementsAre(3, 7, 3, 7));
  // 1.5 = (6 - 3) / 2 is on the grid; 0.3 is not.
  y = runOne(
      "%x: tensor<?x2xf32, " + g + ">",
      "%r = nibble.pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 0>, value = 1.5 : f32} : (tensor<?x2xf32, " +
          g + ">) -> tensor<?x3xf32, " + g + ">",
      "tensor<?x3xf32, " + g + ">", {x});
  EXPECT_THAT(y.ints, ElementsAre(6, 3, 7));
  expectBits(y.f32, {1.5f, 0.0f, 2.0f});
  y = runOne(
      "%x: tensor<?x2xf32, " + g + ">",
      "%r = nibble.pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 0>, value = 0.3 : f32} : (tensor<?x2xf32, " +
          g + ">) -> tensor<?x3xf32>",
      "tensor<?x3xf32>", {x});
  expectBits(y.f32, {0.3f, 0.0f, 2.0f});
  std::string b = "tensor<?x1x!nibble.binary>";
  y = runOne("%x: " + b,
             "%r = nibble.pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 1>, value = -1.0 : f32} : (" + b +
                 ") -> tensor<?x3x!nibble.binary>",
             "tensor<?x3x!nibble.binary>", {integers({1, 1}, {1})});
  EXPECT_THAT(y.ints, ElementsAre(-1, 1, -1));
  // Different grids: only the real values are left.
  std::string h = "#nibble.grid<!quant.uniform<u8:f32, 2.5e-1>>";
  y = runOne("%x: tensor<?x2xf32, " + g + ">, %y: tensor<?x1xf32, " + h + ">",
             "%r = nibble.concat %x, %y {axis = 1 : i64} : (tensor<?x2xf32, " + g + ">, tensor<?x1xf32, " + h +
                 ">) -> tensor<?x3xf32>",
             "tensor<?x3xf32>", {x, integers({1, 1}, {5})});
  expectBits(y.f32, {0.0f, 2.0f, 1.25f});
}

TEST(Softmax, RowsAndLoss) {
  using nibble::reference::exp;
  HostTensor x = floats({2, 3}, {0.5f, -1.0f, 2.0f, 100.0f, 100.0f, -100.0f});
  HostTensor y = runOne("%x: tensor<?x3xf32>", "%r = nibble.softmax %x : (tensor<?x3xf32>) -> tensor<?x3xf32>",
                        "tensor<?x3xf32>", {x});
  float e[] = {exp(-1.5f), exp(-3.0f), exp(0.0f)};
  float sum = ((0.0f + e[0]) + e[1]) + e[2];
  expectBits(y.f32, {e[0] / sum, e[1] / sum, e[2] / sum, 0.5f, 0.5f, 0.0f});
  y = runOne("%x: tensor<?x3xf32>, %l: tensor<?xi32>",
             "%r = nibble.softmax_cross_entropy %x, %l : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>",
             "tensor<f32>", {x, integers({2}, {1, 0})});
  float first = nibble::reference::log(sum) - (-1.0f - 2.0f), second = nibble::reference::log(2.0f) - 0.0f;
  expectBits(y.f32, {((0.0f + first) + second) / 2.0f});
  EXPECT_THAT(errorOf("%x: tensor<?x3xf32>, %l: tensor<?xi32>",
                      "%r = nibble.softmax_cross_entropy %x, %l : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>",
                      "tensor<f32>", {x, integers({2}, {1, 3})}),
              HasSubstr("has the label 3 in row 1 for 3 classes"));
}

} // namespace
