// Statistics, the loss's gradient, sums and optimisers of training steps.
#include "compiler/Reference/Functions.h"
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;

namespace {

TEST(ObserveRange, FirstBatchThenMomentum) {
  auto observe = [](HostTensor x, HostTensor range) {
    return runOne("%x: tensor<?x2xf32>, %s: tensor<3xf32>",
                  "%r = nibble.observe_range %x, %s {momentum = 0.75 : f32} : (tensor<?x2xf32>, tensor<3xf32>) -> "
                  "tensor<3xf32>",
                  "tensor<3xf32>", {std::move(x), std::move(range)})
        .f32;
  };
  // The range of a batch contains 0 and leaves NaN out.
  expectBits(observe(floats({1, 2}, {2.0f, 5.0f}), vector({-8, 8, 0})), {0.0f, 5.0f, 1.0f});
  expectBits(observe(floats({2, 2}, {kNan, -2.0f, 6.0f, 0.0f}), vector({0, 0, 0})), {-2.0f, 6.0f, 1.0f});
  expectBits(observe(floats({1, 2}, {-4.0f, 2.0f}), vector({-2, 6, 1})), {-2.5f, 5.0f, 2.0f});
  float m = 0.75f, x = 0.1f;
  expectBits(observe(floats({1, 2}, {-x, x}), vector({-0.3f, 0.3f, 4})),
             {std::fma(m, -0.3f, 0.25f * -x), std::fma(m, 0.3f, 0.25f * x), 5.0f});
}

TEST(BatchNormTrain, StatisticsAndRunningValues) {
  HostTensor x = noise({2, 10, 20, 1}, 9);
  auto results =
      run("func.func @f(%x: tensor<?x10x20x1xf32>, %g: tensor<1xf32>, %b: tensor<1xf32>, %m: tensor<1xf32>, %v: "
          "tensor<1xf32>) -> (tensor<?x10x20x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {\n"
          "%r:5 = nibble.batch_norm_train %x, %g, %b, %m, %v {epsilon = 1.0e-3 : f32, momentum = 0.9 : f32} : "
          "(tensor<?x10x20x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> "
          "(tensor<?x10x20x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)\n"
          "return %r#0, %r#1, %r#2, %r#3, %r#4 : tensor<?x10x20x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, "
          "tensor<1xf32>\n}",
          {x, vector({1.25f}), vector({0.5f}), vector({0.3f}), vector({2.0f})});
  ASSERT_EQ(results.size(), 5u);
  // 400 rows: blocks of 256 and 144.
  auto sum = [&](auto value) {
    float blocks[2] = {0.0f, 0.0f};
    for (int i = 0; i < 400; ++i)
      blocks[i / 256] += value(x.f32[i]);
    return blocks[0] + blocks[1];
  };
  float mean = sum([](float v) { return v; }) / 400.0f;
  float variance = sum([&](float v) { return (v - mean) * (v - mean); }) / 400.0f;
  float inv = 1.0f / std::sqrt(variance + 1.0e-3f), rate = 1.0f - 0.9f;
  expectBits(results[1].f32, {std::fma(0.9f, 0.3f, rate * mean)});
  expectBits(results[2].f32, {std::fma(0.9f, 2.0f, rate * variance)});
  expectBits(results[3].f32, {mean});
  expectBits(results[4].f32, {inv});
  std::vector<float> y;
  for (float v : x.f32)
    y.push_back(std::fma((v - mean) * inv, 1.25f, 0.5f));
  expectBits(results[0].f32, y);
}

TEST(SumRows, PerChannelAndToOneValue) {
  HostTensor x = noise({300, 2}, 3);
  float channel[2][2] = {}, all[3] = {};
  for (int i = 0; i < 600; ++i) {
    channel[i % 2][i / 2 / 256] += x.f32[i];
    all[i / 256] += x.f32[i];
  }
  HostTensor y = runOne("%x: tensor<?x2xf32>", "%r = nibble.sum_rows %x : (tensor<?x2xf32>) -> tensor<2xf32>",
                        "tensor<2xf32>", {x});
  expectBits(y.f32, {channel[0][0] + channel[0][1], channel[1][0] + channel[1][1]});
  y = runOne("%x: tensor<?x2xf32>", "%r = nibble.sum_rows %x : (tensor<?x2xf32>) -> tensor<f32>", "tensor<f32>", {x});
  expectBits(y.f32, {(all[0] + all[1]) + all[2]});
}

TEST(Loss, GradientAndCount) {
  using nibble::reference::exp;
  HostTensor x = floats({2, 3}, {0.5f, -1.0f, 2.0f, 1.0f, 1.0f, 0.0f});
  HostTensor g = runOne("%d: tensor<f32>, %x: tensor<?x3xf32>, %l: tensor<?xi32>",
                        "%r = nibble.softmax_cross_entropy_grad %d, %x, %l : (tensor<f32>, tensor<?x3xf32>, "
                        "tensor<?xi32>) -> tensor<?x3xf32>",
                        "tensor<?x3xf32>", {HostTensor::scalar(3.0f), x, integers({2}, {1, 0})});
  std::vector<float> expected;
  for (int r : {0, 1}) {
    float max = r ? 1.0f : 2.0f, sum = 0.0f;
    for (int i = 0; i < 3; ++i)
      sum += exp(x.f32[3 * r + i] - max);
    for (int i = 0; i < 3; ++i)
      expected.push_back((exp(x.f32[3 * r + i] - max) / sum - (i == 1 - r ? 1.0f : 0.0f)) * (3.0f / 2.0f));
  }
  expectBits(g.f32, expected);
  // Among equal logits the first one counts.
  auto count = [&](int64_t second) {
    return runOne("%x: tensor<?x3xf32>, %l: tensor<?xi32>",
                  "%r = nibble.count_correct %x, %l : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>", "tensor<f32>",
                  {x, integers({2}, {2, second})})
        .f32[0];
  };
  EXPECT_EQ(count(0), 2.0f);
  EXPECT_EQ(count(1), 1.0f);
}

TEST(SoftmaxGradient, Formula) {
  HostTensor dy = noise({2, 3}, 1), y = noise({2, 3}, 2);
  HostTensor dx = runOne("%d: tensor<?x3xf32>, %y: tensor<?x3xf32>",
                         "%r = nibble.softmax_grad %d, %y : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>",
                         "tensor<?x3xf32>", {dy, y});
  std::vector<float> expected;
  for (int r : {0, 3}) {
    float sum = std::fma(dy.f32[r + 2], y.f32[r + 2],
                         std::fma(dy.f32[r + 1], y.f32[r + 1], std::fma(dy.f32[r], y.f32[r], 0.0f)));
    for (int i = r; i < r + 3; ++i)
      expected.push_back(y.f32[i] * (dy.f32[i] - sum));
  }
  expectBits(dx.f32, expected);
}

TEST(Optimizer, Sgd) {
  HostTensor w = vector({0.9f, -0.3f}), g = vector({-5.0f, 0.7f}), v = vector({0.11f, 0.13f});
  auto results = run("func.func @f(%w: tensor<2xf32>, %g: tensor<2xf32>, %v: tensor<2xf32>, %r: tensor<f32>) -> "
                     "(tensor<2xf32>, tensor<2xf32>) {\n"
                     "%0:2 = nibble.sgd %w, %g, %v, %r {momentum = 0.9 : f32, decay = 0.01 : f32, limit = 1.0 : f32} : "
                     "(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<f32>) -> (tensor<2xf32>, tensor<2xf32>)\n"
                     "return %0#0, %0#1 : tensor<2xf32>, tensor<2xf32>\n}",
                     {w, g, v, HostTensor::scalar(0.1f)});
  ASSERT_EQ(results.size(), 2u);
  float v0 = std::fma(0.9f, 0.11f, std::fma(0.01f, 0.9f, -5.0f)),
        v1 = std::fma(0.9f, 0.13f, std::fma(0.01f, -0.3f, 0.7f));
  expectBits(results[1].f32, {v0, v1});
  expectBits(results[0].f32, {1.0f, std::fma(-0.1f, v1, -0.3f)}); // 0.9 + 0.49 is clamped
}

TEST(Optimizer, Adam) {
  HostTensor w = vector({0.9f}), g = vector({-0.7f}), m = vector({0.2f}), v = vector({0.05f});
  auto results = run("func.func @f(%w: tensor<1xf32>, %g: tensor<1xf32>, %m: tensor<1xf32>, %v: tensor<1xf32>, %r: "
                     "tensor<f32>, %c: tensor<2xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {\n"
                     "%0:3 = nibble.adam %w, %g, %m, %v, %r, %c : (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, "
                     "tensor<1xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>)\n"
                     "return %0#0, %0#1, %0#2 : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>\n}",
                     {w, g, m, v, HostTensor::scalar(0.01f), vector({1.3f, 1.7f})});
  ASSERT_EQ(results.size(), 3u);
  float first = std::fma(0.9f, 0.2f, (1.0f - 0.9f) * -0.7f), square = -0.7f * -0.7f;
  float second = std::fma(0.999f, 0.05f, (1.0f - 0.999f) * square);
  expectBits(results[1].f32, {first});
  expectBits(results[2].f32, {second});
  expectBits(results[0].f32, {0.9f - (0.01f * (first * 1.3f)) / (std::sqrt(second * 1.7f) + 1.0e-8f)});
}

} // namespace
