// conv2d and linear (R7, R9.1): order, padding, groups, grids, accumulators.
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;

namespace {

/// out[n][y][x][o] by an index formula of its own: over (ky, kx, c), visiting valid taps.
template <typename Visit>
void forEachTap(const std::vector<int64_t> &x, const std::vector<int64_t> &w, int64_t stride, int64_t pad,
                int64_t groups, Visit visit) {
  int64_t oh = (x[1] + 2 * pad - w[1]) / stride + 1, ow = (x[2] + 2 * pad - w[2]) / stride + 1,
          perGroup = w[0] / groups;
  for (int64_t i = 0; i < x[0] * oh * ow * w[0]; ++i) {
    int64_t o = i % w[0], ox = i / w[0] % ow, oy = i / w[0] / ow % oh, n = i / w[0] / ow / oh;
    for (int64_t k = 0; k < w[1] * w[2] * w[3]; ++k) {
      int64_t c = k % w[3], kx = k / w[3] % w[2], ky = k / w[3] / w[2];
      int64_t iy = oy * stride + ky - pad, ix = ox * stride + kx - pad;
      bool valid = iy >= 0 && iy < x[1] && ix >= 0 && ix < x[2];
      visit(i, valid ? n * x[1] * x[2] * x[3] + iy * x[2] * x[3] + ix * x[3] + o / perGroup * w[3] + c : -1,
            o * w[1] * w[2] * w[3] + k);
    }
  }
}

struct Conv {
  std::vector<int64_t> x, w;
  int64_t stride, pad, groups;
  std::string xType, wType, yType, extra;
};

HostTensor runConv(const Conv &c, HostTensor x, HostTensor w) {
  std::string p = std::to_string(c.pad), s = std::to_string(c.stride);
  return runOne("%x: " + c.xType + ", %w: " + c.wType,
                "%r = nibble.conv2d %x, %w {strides = array<i64: " + s + ", " + s + ">, padding = #nibble.padding<" +
                    p + ", " + p + ", " + p + ", " + p + c.extra + ">, groups = " + std::to_string(c.groups) +
                    " : i64} : (" + c.xType + ", " + c.wType + ") -> " + c.yType,
                c.yType, {std::move(x), std::move(w)});
}

TEST(Conv2d, FloatOrderPaddingStrideGroups) {
  for (const Conv &c : {Conv{{2, 5, 4, 3},
                             {4, 3, 3, 3},
                             1,
                             1,
                             1,
                             "tensor<?x5x4x3xf32>",
                             "tensor<4x3x3x3xf32>",
                             "tensor<?x5x4x4xf32>",
                             ""},
                        Conv{{1, 6, 6, 4},
                             {6, 3, 3, 2},
                             2,
                             1,
                             2,
                             "tensor<?x6x6x4xf32>",
                             "tensor<6x3x3x2xf32>",
                             "tensor<?x3x3x6xf32>",
                             ""},
                        Conv{{1, 4, 4, 3},
                             {3, 2, 2, 1},
                             1,
                             0,
                             3,
                             "tensor<?x4x4x3xf32>",
                             "tensor<3x2x2x1xf32>",
                             "tensor<?x3x3x3xf32>",
                             ""}}) {
    HostTensor x = noise(c.x, 1), w = noise(c.w, 2);
    HostTensor y = runConv(c, x, w);
    std::vector<float> expected(y.f32.size(), 0.0f);
    forEachTap(c.x, c.w, c.stride, c.pad, c.groups, [&](int64_t i, int64_t xi, int64_t wi) {
      if (xi >= 0)
        expected[i] = std::fma(x.f32[xi], w.f32[wi], expected[i]);
    });
    ASSERT_FALSE(expected.empty());
    expectBits(y.f32, expected);
  }
}

TEST(Conv2d, PaddedTapsAreSkipped) {
  // An infinite weight on a padded tap would give NaN.
  Conv c{{1, 1, 1, 1}, {1, 3, 3, 1}, 1, 1, 1, "tensor<1x1x1x1xf32>", "tensor<1x3x3x1xf32>", "tensor<1x1x1x1xf32>", ""};
  HostTensor w = floats({1, 3, 3, 1}, {kInf, kInf, kInf, kInf, 2.0f, kInf, kInf, kInf, kInf});
  EXPECT_EQ(runConv(c, floats({1, 1, 1, 1}, {3.0f}), w).f32[0], 6.0f);
}

TEST(Conv2d, AsymmetricPaddingAndUnequalStrides) {
  // Rows padded only on top, columns only on the right; strides 1 and 2.
  HostTensor y = runOne(
      "%x: tensor<1x2x3x1xf32>, %w: tensor<1x2x2x1xf32>",
      "%r = nibble.conv2d %x, %w {strides = array<i64: 1, 2>, padding = #nibble.padding<1, 0, 0, 1>} : "
      "(tensor<1x2x3x1xf32>, tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>",
      "tensor<1x2x2x1xf32>", {floats({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6}), floats({1, 2, 2, 1}, {1000, 100, 10, 1})});
  EXPECT_THAT(y.f32, ElementsAre(12, 30, 1245, 3060));
}

TEST(Conv2d, Dilation) {
  // Two taps that are 2 rows, and two that are 3 columns apart; a column of zeros on the left, which is skipped.
  HostTensor y = runOne(
      "%x: tensor<1x3x4x1xf32>, %w: tensor<1x2x2x1xf32>",
      "%r = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 2, 3>, padding = "
      "#nibble.padding<0, 1, 0, 0>} : (tensor<1x3x4x1xf32>, tensor<1x2x2x1xf32>) -> tensor<1x1x2x1xf32>",
      "tensor<1x1x2x1xf32>",
      {floats({1, 3, 4, 1}, {1, 2, 3, 4, 99, 99, 99, 99, 5, 6, 7, 8}), floats({1, 2, 2, 1}, {1000, 100, 10, 1})});
  EXPECT_THAT(y.f32, ElementsAre(307, 1458));
}

TEST(Conv2d, TwoGridsAreExact) {
  // u8 asymmetric x i4 per channel: integers, then f32(acc) * (sx * sw[c]).
  Conv c{{1, 4, 4, 2}, {3, 3, 3, 2}, 1, 1, 1, "", "", "tensor<?x4x4x3xf32>", ""};
  // Scales must be exactly f32.
  auto exact = [](float v) {
    char text[64];
    snprintf(text, sizeof text, "%.17e", static_cast<double>(v));
    return std::string(text);
  };
  c.xType = "tensor<?x4x4x2xf32, #nibble.grid<!quant.uniform<u8:f32, " + exact(0.11f) + ":77>>>";
  c.wType = "tensor<3x3x3x2xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {" + exact(0.3f) + "," + exact(0.7f) +
            "," + exact(1.3f) + "}>>>";
  std::mt19937 random(3);
  HostTensor x = integers(c.x, {}), w = integers(c.w, {});
  for (int i = 0; i < 32; ++i)
    x.ints.push_back(random() % 256);
  for (int i = 0; i < 54; ++i)
    w.ints.push_back(static_cast<int64_t>(random() % 15) - 7);
  HostTensor y = runConv(c, x, w);
  std::vector<int64_t> acc(y.f32.size());
  forEachTap(c.x, c.w, 1, 1, 1, [&](int64_t i, int64_t xi, int64_t wi) {
    if (xi >= 0)
      acc[i] += (x.ints[xi] - 77) * w.ints[wi];
  });
  std::vector<float> expected;
  const float sw[] = {0.3f, 0.7f, 1.3f};
  for (std::size_t i = 0; i < acc.size(); ++i)
    expected.push_back(static_cast<float>(acc[i]) * (0.11f * sw[i % 3]));
  expectBits(y.f32, expected);
  EXPECT_FALSE(y.grid);
}

TEST(Conv2d, BinaryPaddedWithPlusAndMinusOne) {
  // The example of R3.3.
  Conv c{{1, 1, 3, 1},
         {1, 1, 3, 1},
         1,
         0,
         1,
         "tensor<1x1x3x1xf32, #nibble.grid<!nibble.binary>>",
         "tensor<1x1x3x1xf32, #nibble.grid<!nibble.binary>>",
         "tensor<1x1x3x1xf32>",
         ""};
  HostTensor x = integers({1, 1, 3, 1}, {1, -1, 1}), w = integers({1, 1, 3, 1}, {1, -1, 1});
  auto body = [&](const std::string &value) {
    return runOne("%x: " + c.xType + ", %w: " + c.wType,
                  "%r = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 1, 0, 1, " +
                      value + ">} : (" + c.xType + ", " + c.wType + ") -> " + c.yType,
                  c.yType, {x, w});
  };
  EXPECT_THAT(body("plus_one").f32, ElementsAre(-1.0f, 3.0f, -1.0f));
  EXPECT_THAT(body("minus_one").f32, ElementsAre(-3.0f, 3.0f, -3.0f));
}

TEST(Conv2d, BinaryInputWithFloatWeightsPadsWithItsValue) {
  std::string xType = "tensor<1x1x1x1xf32, #nibble.grid<!nibble.binary>>";
  HostTensor y = runOne(
      "%x: " + xType + ", %w: tensor<1x1x3x1xf32>",
      "%r = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 1, 0, 1, minus_one>} : (" +
          xType + ", tensor<1x1x3x1xf32>) -> tensor<1x1x1x1xf32>",
      "tensor<1x1x1x1xf32>", {integers({1, 1, 1, 1}, {1}), floats({1, 1, 3, 1}, {0.25f, 2.0f, 0.5f})});
  EXPECT_EQ(y.f32[0], -0.25f + 2.0f - 0.5f);
}

TEST(Conv2d, OneGridIsFloat) {
  // R7.2: without a grid on both sides the real values are multiplied.
  std::string xType = "tensor<1x1x1x2xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1>>>";
  HostTensor w = noise({1, 1, 1, 2}, 5);
  HostTensor y =
      runOne("%x: " + xType + ", %w: tensor<1x1x1x2xf32>",
             "%r = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (" +
                 xType + ", tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32>",
             "tensor<1x1x1x1xf32>", {integers({1, 1, 1, 2}, {3, 15}), w});
  expectBits(y.f32, {std::fma(7.5f, w.f32[1], std::fma(1.5f, w.f32[0], 0.0f))});
}

TEST(Linear, FloatOrder) {
  HostTensor x = noise({3, 37}, 7), w = noise({5, 37}, 8);
  HostTensor y = runOne("%x: tensor<?x37xf32>, %w: tensor<5x37xf32>",
                        "%r = nibble.linear %x, %w : (tensor<?x37xf32>, tensor<5x37xf32>) -> tensor<?x5xf32>",
                        "tensor<?x5xf32>", {x, w});
  std::vector<float> expected;
  for (int n = 0; n < 3; ++n)
    for (int o = 0; o < 5; ++o) {
      float acc = 0.0f;
      for (int i = 0; i < 37; ++i)
        acc = std::fma(x.f32[n * 37 + i], w.f32[o * 37 + i], acc);
      expected.push_back(acc);
    }
  expectBits(y.f32, expected);
  EXPECT_THAT(y.shape, ElementsAre(3, 5));
}

TEST(Linear, TernaryWeightsAndAccumulate) {
  std::string xType = "tensor<?x4xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1:3>>>",
              wType = "tensor<2x4xf32, #nibble.grid<!nibble.ternary<0 : 0.25, 4.0>>>";
  std::vector<HostTensor> inputs{integers({1, 4}, {0, 15, 3, 4}), integers({2, 4}, {1, 1, 1, -1, 0, -1, 0, 1})};
  HostTensor y = runOne("%x: " + xType + ", %w: " + wType,
                        "%r = nibble.linear %x, %w : (" + xType + ", " + wType + ") -> tensor<?x2xf32>",
                        "tensor<?x2xf32>", inputs);
  expectBits(y.f32, {8 * 0.125f, -11 * 2.0f});
  y = runOne("%x: " + xType + ", %w: " + wType,
             "%r = nibble.linear %x, %w {accumulate} : (" + xType + ", " + wType + ") -> tensor<?x2xi32>",
             "tensor<?x2xi32>", inputs);
  EXPECT_THAT(y.ints, ElementsAre(8, -11));
  EXPECT_TRUE(y.f32.empty());
  // The same on quantised element types.
  y = runOne("%x: tensor<?x4x!quant.uniform<u4:f32, 5.0e-1:3>>, %w: tensor<2x4x!nibble.ternary<0 : 0.25, 4.0>>",
             "%r = nibble.linear %x, %w : (tensor<?x4x!quant.uniform<u4:f32, 5.0e-1:3>>, tensor<2x4x!nibble.ternary<0 "
             ": 0.25, 4.0>>) -> tensor<?x2xi32>",
             "tensor<?x2xi32>", inputs);
  EXPECT_THAT(y.ints, ElementsAre(8, -11));
}

TEST(Linear, ScalesKnownOnlyAtRunTime) {
  // Fake quantised activations and weights of a training graph: exact on the run-time scales.
  std::string a = "tensor<?x3xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>",
              b = "tensor<2x3xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>";
  HostTensor y = runOne("%x: tensor<?x3xf32>, %w: tensor<2x3xf32>, %range: tensor<3xf32>",
                        "%0 = nibble.fake_quant %x, %range {quantizer = #nibble.quantizer<bits = 8, isSigned = false, "
                        "symmetric = false>} : "
                        "(tensor<?x3xf32>, tensor<3xf32>) -> " +
                            a +
                            "\n%1 = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, "
                            "narrow = true, axis = 0>} : (tensor<2x3xf32>) -> " +
                            b + "\n%r = nibble.linear %0, %1 : (" + a + ", " + b + ") -> tensor<?x2xf32>",
                        "tensor<?x2xf32>",
                        {floats({1, 3}, {-1.0f, 3.0f, 1.0f}), floats({2, 3}, {0.7f, 0.1f, -0.3f, 1.0f, 1.0f, 1.0f}),
                         vector({-1.0f, 3.0f, 2.0f})});
  // q - z = {-64, 191, 64}; weights {7, 1, -3} and {7, 7, 7}.
  const float sx = 4.0f / 255.0f, s0 = 0.7f / 7.0f, s1 = 1.0f / 7.0f;
  expectBits(y.f32, {(-448 + 191 - 192) * (sx * s0), 7 * 191 * (sx * s1)});
}

TEST(Linear, GroupScales) {
  // The example of R7.5: sums 3 and 5, with products of scales .05 and .15.
  const std::string w = "tensor<1x32x!quant.uniform<i4:f32:{0:1, 1:16}, {{0.1, 0.3}}>>",
                    x = "tensor<?x32x!quant.uniform<u8:f32, 0.5:1>>";
  std::vector<int64_t> a(32, 1), b(32, 7); // a zero point times anything is nothing
  a[0] = 2, b[0] = 3, a[31] = 2, b[31] = 5;
  auto apply = [](const std::string &x, const std::string &w) {
    return "%r = nibble.linear %x, %w : (" + x + ", " + w + ") -> tensor<?x1xf32>";
  };
  HostTensor y =
      runOne("%x: " + x + ", %w: " + w, apply(x, w), "tensor<?x1xf32>", {integers({1, 32}, a), integers({1, 32}, b)});
  expectBits(y.f32, {std::bit_cast<float>(0x3f666667)});
  // Scales that the weights have only when the step runs: max|w| / 7 of each group.
  const std::string grid = "tensor<1x32xf32, #nibble.grid<!quant.any<i4<-8:7>:f32>>>",
                    real = "tensor<?x32xf32, #nibble.grid<!quant.uniform<u8:f32, 0.5:1>>>";
  std::vector<float> weights(32, 0.0f);
  weights[0] = 0.3f, weights[1] = 0.7f, weights[16] = -2.1f, weights[31] = 1.5f;
  std::string quantise =
      "%q = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, group = 16>} : "
      "(tensor<1x32xf32>) -> " +
      grid + "\n";
  y = runOne("%x: " + real + ", %w: tensor<1x32xf32>",
             quantise + "%r = nibble.linear %x, %q : (" + real + ", " + grid + ") -> tensor<?x1xf32>",
             "tensor<?x1xf32>", {integers({1, 32}, a), floats({1, 32}, weights)});
  const float first = std::fma(3.0f, 0.5f * (0.7f / 7.0f), 0.0f);
  expectBits(y.f32, {std::fma(5.0f, 0.5f * (2.1f / 7.0f), first)});
  // Of a float input, too, each group is summed on the integers of the weights.
  std::vector<float> input(32, 0.0f);
  input[0] = 1.0f / 3, input[31] = 1.0f / 7;
  y = runOne("%x: tensor<?x32xf32>, %w: " + w, apply("tensor<?x32xf32>", w), "tensor<?x1xf32>",
             {floats({1, 32}, input), integers({1, 32}, b)});
  const float sum = std::fma(1.0f / 3, 3.0f, 0.0f) + 0.0f; // zeros of x leave it alone
  expectBits(y.f32, {std::fma(std::fma(1.0f / 7, 5.0f, 0.0f), 0.3f, std::fma(sum, 0.1f, 0.0f))});
}

TEST(Linear, Errors) {
  // !quant.any does not say that its scales lie along the sum; the values do.
  std::string a = "tensor<?x2xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>";
  std::string quantizer = "{quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 1>}";
  EXPECT_THAT(errorOf("%x: tensor<?x2xf32>, %w: tensor<1x2xf32, #nibble.grid<!nibble.ternary<1.0>>>",
                      "%0 = nibble.fake_quant %x " + quantizer + " : (tensor<?x2xf32>) -> " + a +
                          "\n%r = nibble.linear %0, %w : (" + a +
                          ", tensor<1x2xf32, #nibble.grid<!nibble.ternary<1.0>>>) -> tensor<?x1xf32>",
                      "tensor<?x1xf32>", {floats({1, 2}, {1, 2}), integers({1, 2}, {1, 1})}),
              HasSubstr("has a scale along its sum"));
  // R5: 32768 * 32768 * 2 does not fit i32.
  std::string big = "x!quant.uniform<i16:f32, 1.0>>";
  EXPECT_THAT(errorOf("%x: tensor<1x2" + big + ", %w: tensor<1x2" + big,
                      "%r = nibble.linear %x, %w : (tensor<1x2" + big + ", tensor<1x2" + big + ") -> tensor<1x1xi32>",
                      "tensor<1x1xi32>", {integers({1, 2}, {-32768, -32768}), integers({1, 2}, {-32768, -32768})}),
              HasSubstr("does not fit i32 (R5)"));
}

} // namespace
