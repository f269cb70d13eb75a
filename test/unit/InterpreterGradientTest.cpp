// Gradients of contractions, quantisers, pooling and normalisation (R9.2, R9.3, R9.8), by formulas of their own.
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;

namespace {

/// Sum over blocks of 256, pairwise; written recursively.
float blockSum(std::size_t rows, const std::function<float(float, std::size_t)> &step) {
  std::vector<float> blocks;
  for (std::size_t b = 0; b < rows; b += 256) {
    float acc = 0.0f;
    for (std::size_t r = b; r < std::min(rows, b + 256); ++r)
      acc = step(acc, r);
    blocks.push_back(acc);
  }
  std::function<float(std::size_t, std::size_t)> tree = [&](std::size_t from, std::size_t count) {
    if (count == 1)
      return blocks[from];
    std::size_t left = 1;
    while (2 * left < count)
      left *= 2;
    return tree(from, left) + tree(from + left, count - left);
  };
  return rows ? tree(0, blocks.size()) : 0.0f;
}

TEST(ConvGradient, InputWithStridesAndGroups) {
  // x [1, 6, 5, 4], w [6, 3, 2, 2], 2 groups, strides 2 and 1, padding 1, 0, 1, 1: dy [1, 3, 5, 6].
  HostTensor dy = noise({1, 3, 5, 6}, 1), w = noise({6, 3, 2, 2}, 2);
  HostTensor dx = runOne("%g: tensor<1x3x5x6xf32>, %w: tensor<6x3x2x2xf32>",
                         "%r = nibble.conv2d_grad_input %g, %w {strides = array<i64: 2, 1>, padding = "
                         "#nibble.padding<1, 0, 1, 1>, groups = 2 : i64} : "
                         "(tensor<1x3x5x6xf32>, tensor<6x3x2x2xf32>) -> tensor<1x6x5x4xf32>",
                         "tensor<1x6x5x4xf32>", {dy, w});
  std::vector<float> expected;
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 4; ++c) {
        float acc = 0.0f;
        // The kernel from its last tap to its first; positions inside the spread image (5 x 5) between outputs have +0.
        for (int ky = 2; ky >= 0; --ky)
          for (int kx = 1; kx >= 0; --kx)
            for (int o = c / 2 * 3; o < c / 2 * 3 + 3; ++o) {
              int sy = y + 1 - ky, sx = x + 0 - kx;
              if (sy < 0 || sy > 4 || sx < 0 || sx > 4)
                continue;
              float g = sy % 2 ? 0.0f : dy.f32[((sy / 2) * 5 + sx) * 6 + o];
              acc = std::fma(g, w.f32[((o * 3 + ky) * 2 + kx) * 2 + c % 2], acc);
            }
        expected.push_back(acc);
      }
  expectBits(dx.f32, expected);
}

TEST(ConvGradient, SpreadZerosAreMultiplied) {
  // Stride 2: the tap between two outputs is 0 * inf = NaN.
  HostTensor dx = runOne(
      "%g: tensor<1x1x2x1xf32>, %w: tensor<1x1x1x1xf32>",
      "%r = nibble.conv2d_grad_input %g, %w {strides = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>} : "
      "(tensor<1x1x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x4x1xf32>",
      "tensor<1x1x4x1xf32>", {floats({1, 1, 2, 1}, {1, 2}), floats({1, 1, 1, 1}, {kInf})});
  expectBits(dx.f32, {kInf, kNan, kInf, 0.0f}); // the last column is outside the spread image
}

TEST(ConvGradient, WeightsInBlocks) {
  // 2 * 13 * 14 = 364 rows: two blocks. Padding +1 counts as an input of 1, padding 0 as one of 0.
  for (float padded : {0.0f, 1.0f, -1.0f}) {
    HostTensor dy = noise({2, 13, 14, 4}, 3), x = noise({2, 13, 14, 2}, 4);
    std::string value = padded == 0.0f ? "" : padded > 0 ? ", plus_one" : ", minus_one";
    HostTensor dw = runOne(
        "%g: tensor<?x13x14x4xf32>, %x: tensor<?x13x14x2xf32>",
        "%r = nibble.conv2d_grad_weight %g, %x {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1" +
            value + ">, groups = 2 : i64} : (tensor<?x13x14x4xf32>, tensor<?x13x14x2xf32>) -> tensor<4x3x3x1xf32>",
        "tensor<4x3x3x1xf32>", {dy, x});
    std::vector<float> expected;
    for (int o = 0; o < 4; ++o)
      for (int ky = 0; ky < 3; ++ky)
        for (int kx = 0; kx < 3; ++kx)
          expected.push_back(blockSum(364, [&](float acc, std::size_t r) {
            int n = r / 182, y = static_cast<int>(r / 14 % 13) + ky - 1, xx = static_cast<int>(r % 14) + kx - 1;
            bool valid = y >= 0 && y < 13 && xx >= 0 && xx < 14;
            return std::fma(dy.f32[r * 4 + o], valid ? x.f32[((n * 13 + y) * 14 + xx) * 2 + o / 2] : padded, acc);
          }));
    expectBits(dw.f32, expected);
  }
}

TEST(LinearGradient, InputAndWeights) {
  HostTensor dy = noise({600, 3}, 5), x = noise({600, 2}, 6), w = noise({3, 2}, 7);
  HostTensor dx = runOne("%g: tensor<?x3xf32>, %w: tensor<3x2xf32>",
                         "%r = nibble.linear_grad_input %g, %w : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>",
                         "tensor<?x2xf32>", {dy, w});
  HostTensor dw =
      runOne("%g: tensor<?x3xf32>, %x: tensor<?x2xf32>",
             "%r = nibble.linear_grad_weight %g, %x : (tensor<?x3xf32>, tensor<?x2xf32>) -> tensor<3x2xf32>",
             "tensor<3x2xf32>", {dy, x});
  std::vector<float> wantedX, wantedW;
  for (int r = 0; r < 600; ++r)
    for (int i = 0; i < 2; ++i)
      wantedX.push_back(std::fma(dy.f32[r * 3 + 2], w.f32[4 + i],
                                 std::fma(dy.f32[r * 3 + 1], w.f32[2 + i], std::fma(dy.f32[r * 3], w.f32[i], 0.0f))));
  for (int o = 0; o < 3; ++o)
    for (int i = 0; i < 2; ++i)
      wantedW.push_back(
          blockSum(600, [&](float acc, std::size_t r) { return std::fma(dy.f32[r * 3 + o], x.f32[r * 2 + i], acc); }));
  expectBits(dx.f32, wantedX);
  expectBits(dw.f32, wantedW);
}

TEST(QuantizerGradient, Windows) {
  HostTensor g = vector({1, 2, 3, 4, 5});
  // R1.9 with s = 1/4 on -4..3: both ends pass, before rounding.
  HostTensor y = runOne("%g: tensor<5xf32>, %x: tensor<5xf32>",
                        "%r = nibble.fake_quant_grad %g, %x {quantizer = #nibble.quantizer<bits = 3, isSigned = true>, "
                        "scales = array<f32: 0.25>} : "
                        "(tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>",
                        "tensor<5xf32>", {g, vector({0.75f, 0.76f, -1.0f, -1.01f, kNan})});
  expectBits(y.f32, {1, 0, 3, 0, 0});
  // From a range: [-1, 3], so x passes within it but for rounding of scale and zero point.
  y = runOne("%g: tensor<5xf32>, %x: tensor<5xf32>, %q: tensor<3xf32>",
             "%r = nibble.fake_quant_grad %g, %x, %q {quantizer = #nibble.quantizer<bits = 8, isSigned = false, "
             "symmetric = false>} : "
             "(tensor<5xf32>, tensor<5xf32>, tensor<3xf32>) -> tensor<5xf32>",
             "tensor<5xf32>", {g, vector({-2.0f, -0.5f, 0.0f, 2.9f, 3.1f}), vector({-1.0f, 3.0f, 9.0f})});
  expectBits(y.f32, {0, 2, 3, 4, 0});
  y = runOne("%g: tensor<5xf32>, %x: tensor<5xf32>",
             "%r = nibble.window_grad %g, %x {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<5xf32>, tensor<5xf32>) -> "
             "tensor<5xf32>",
             "tensor<5xf32>", {g, vector({1.0f, -1.0f, 1.0001f, kNan, -0.0f})});
  expectBits(y.f32, {1, 2, 0, 0, 5});
  y = runOne("%g: tensor<5xf32>, %x: tensor<5xf32>",
             "%r = nibble.relu_grad %g, %x : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>", "tensor<5xf32>",
             {g, vector({1.0f, 0.0f, -0.0f, kNan, 0x1p-149f})});
  expectBits(y.f32, {1, 0, 0, 0, 5});
  y = runOne("%g: tensor<5xf32>, %x: tensor<5xf32>",
             "%r = nibble.ternarize_grad %g, %x {rule = #nibble.ternary_rule<fixed>, scales = array<f32: 0.3>} : "
             "(tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>",
             "tensor<5xf32>", {g, vector({0.3f, -0.3f, 0.30001f, 0.0f, kNan})});
  expectBits(y.f32, {1, 2, 0, 4, 0});
  // The median of |x| per channel is the scale.
  y = runOne("%g: tensor<2x3xf32>, %x: tensor<2x3xf32>",
             "%r = nibble.ternarize_grad %g, %x {rule = #nibble.ternary_rule<median>, axis = 0 : i64} : "
             "(tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>",
             "tensor<2x3xf32>", {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({2, 3}, {-1, 2, 3, 0, -5, 1})});
  expectBits(y.f32, {1, 2, 0, 4, 0, 6});
}

TEST(RequantizeGradient, PassesBetweenTheBounds) {
  HostTensor y = runOne("%g: tensor<2x2xf32>, %x: tensor<2x2xi32>",
                        "%r = nibble.requantize_grad %g, %x {multiplier = array<f32: 0.5, 1.0>, bias = array<f32: "
                        "1.0>, lo = array<f32: 0.0>, hi = array<f32: 3.0>, "
                        "factors = array<f32: 2.0, 10.0>} : (tensor<2x2xf32>, tensor<2x2xi32>) -> tensor<2x2xf32>",
                        "tensor<2x2xf32>", {floats({2, 2}, {1, 1, 1, 1}), integers({2, 2}, {4, 3, 5, -1})});
  expectBits(y.f32, {2, 0, 0, 10}); // y = 3, 4, 3.5, 0
  std::string grid = "tensor<2xf32, #nibble.grid<!quant.uniform<u8:f32, 1.0:10>>>";
  y = runOne("%g: tensor<2xf32>, %x: tensor<2xi32>, %s: " + grid,
             "%r = nibble.requantize_grad %g, %x, %s {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = "
             "array<f32: 0.0>, hi = array<f32: 3.0>, "
             "residual_multiplier = 0.5 : f32, factors = array<f32: 4.0>} : (tensor<2xf32>, tensor<2xi32>, " +
                 grid + ") -> tensor<2xf32>",
             "tensor<2xf32>", {vector({1, 1}), integers({2}, {2, 2}), integers({2}, {12, 13})});
  expectBits(y.f32, {4, 0}); // y = 3, 3.5
}

TEST(PoolGradient, FirstLargestTapAndWindowOrder) {
  // Windows of 2 with stride 1 overlap: {1, 5}, {5, 5}, {5, 2}.
  HostTensor y =
      runOne("%g: tensor<1x1x3x1xf32>, %x: tensor<1x1x4x1xf32>",
             "%r = nibble.max_pool2d_grad %g, %x {window = array<i64: 1, 2>, strides = array<i64: 1, 1>, padding = "
             "#nibble.padding<0, 0, 0, 0>} : "
             "(tensor<1x1x3x1xf32>, tensor<1x1x4x1xf32>) -> tensor<1x1x4x1xf32>",
             "tensor<1x1x4x1xf32>", {floats({1, 1, 3, 1}, {1, 10, 100}), floats({1, 1, 4, 1}, {1, 5, 5, 2})});
  expectBits(y.f32, {0, 11, 100, 0});
  y = runOne("%g: tensor<1x1x2x1xf32>",
             "%r = nibble.avg_pool2d_grad %g {window = array<i64: 1, 3>, strides = array<i64: 1, 1>} : "
             "(tensor<1x1x2x1xf32>) -> tensor<1x1x4x1xf32>",
             "tensor<1x1x4x1xf32>", {floats({1, 1, 2, 1}, {1, 0.1f})});
  float third = 1.0f / 3.0f, tenth = 0.1f * third;
  expectBits(y.f32, {third, third + tenth, third + tenth, tenth});
}

TEST(BatchNormGradient, Formula) {
  HostTensor dy = noise({300, 2}, 1), x = noise({300, 2}, 2), gamma = vector({1.5f, -0.7f}),
             mean = vector({0.1f, -0.2f}), inv = vector({1.1f, 0.9f});
  auto results = run("func.func @f(%g: tensor<?x2xf32>, %x: tensor<?x2xf32>, %a: tensor<2xf32>, %m: tensor<2xf32>, %i: "
                     "tensor<2xf32>) -> (tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) {\n"
                     "%r:3 = nibble.batch_norm_grad %g, %x, %a, %m, %i : (tensor<?x2xf32>, tensor<?x2xf32>, "
                     "tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> "
                     "(tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>)\nreturn %r#0, %r#1, %r#2 : tensor<?x2xf32>, "
                     "tensor<2xf32>, tensor<2xf32>\n}",
                     {dy, x, gamma, mean, inv});
  ASSERT_EQ(results.size(), 3u);
  std::vector<float> dx(600);
  for (std::size_t c : {0u, 1u}) {
    auto xhat = [&](std::size_t r) { return (x.f32[2 * r + c] - mean.f32[c]) * inv.f32[c]; };
    float beta = blockSum(300, [&](float acc, std::size_t r) { return acc + dy.f32[2 * r + c]; });
    float scale = blockSum(300, [&](float acc, std::size_t r) {
      float product = dy.f32[2 * r + c] * xhat(r);
      return acc + product;
    });
    EXPECT_TRUE(sameBits(results[1].f32[c], scale));
    EXPECT_TRUE(sameBits(results[2].f32[c], beta));
    for (std::size_t r = 0; r < 300; ++r)
      dx[2 * r + c] =
          (gamma.f32[c] * inv.f32[c]) * std::fma(-xhat(r), scale / 300.0f, dy.f32[2 * r + c] - beta / 300.0f);
  }
  expectBits(results[0].f32, dx);
}

} // namespace
