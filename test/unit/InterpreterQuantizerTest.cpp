// fake_quant, sign, ternarize, quantize, dequantize, requantize (R1 to R4, R6, R8).
#include "test/unit/InterpreterTestSupport.h"

using namespace nibble::test;

namespace {

TEST(FakeQuant, FrozenAsymmetricWithTiesAndNan) {
  // The example of R1.2.
  HostTensor y =
      runOne("%x: tensor<?xf32>",
             "%r = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>, "
             "scales = array<f32: 0.5>, zero_points = array<i64: 3>} : (tensor<?xf32>) -> "
             "tensor<?xf32, #nibble.grid<!quant.uniform<u8:f32, 5.0e-1:3>>>",
             "tensor<?xf32, #nibble.grid<!quant.uniform<u8:f32, 5.0e-1:3>>>",
             {vector({-1.25f, -0.25f, 0.25f, 0.3f, 1.9f, 200.0f, kNan, -kInf, kInf, -0.0f})});
  EXPECT_THAT(y.ints, ElementsAre(1, 3, 3, 4, 7, 255, 3, 0, 255, 3));
  expectBits(y.f32, {-1.0f, 0.0f, 0.0f, 0.5f, 2.0f, 126.0f, 0.0f, -1.5f, 126.0f, 0.0f});
}

TEST(FakeQuant, RangeAsymmetric) {
  // [-1, 3] on 0..255 (R1.7): s = f32(4 / 255), z = 64.
  std::string grid = "tensor<?xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>";
  HostTensor y = runOne("%x: tensor<?xf32>, %range: tensor<3xf32>",
                        "%r = nibble.fake_quant %x, %range {quantizer = #nibble.quantizer<bits = 8, isSigned = false, "
                        "symmetric = false>} : "
                        "(tensor<?xf32>, tensor<3xf32>) -> " +
                            grid,
                        grid, {vector({-1.0f, 0.0f, 3.0f, -9.0f, 9.0f, 1.0f}), vector({-1.0f, 3.0f, 7.0f})});
  const float s = 4.0f / 255.0f;
  ASSERT_TRUE(y.grid);
  EXPECT_EQ(y.grid->scales[0], s);
  EXPECT_EQ(y.grid->zeros[0], 64);
  EXPECT_THAT(y.ints, ElementsAre(0, 64, 255, 0, 255, 128));
  expectBits(y.f32, {-64.0f * s, 0.0f, 191.0f * s, -64.0f * s, 191.0f * s, 64.0f * s});
}

TEST(FakeQuant, RangeSymmetricUnsignedAndOneBit) {
  std::string grid4 = "tensor<?xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>";
  HostTensor y =
      runOne("%x: tensor<?xf32>, %range: tensor<3xf32>",
             "%r = nibble.fake_quant %x, %range {quantizer = #nibble.quantizer<bits = 4, isSigned = false>} : "
             "(tensor<?xf32>, tensor<3xf32>) -> " +
                 grid4,
             grid4, {vector({-1.0f, 0.5f, 1.5f, 2.5f, 40.0f}), vector({-5.0f, 15.0f, 1.0f})});
  EXPECT_THAT(y.ints, ElementsAre(0, 0, 2, 2, 15)); // scale 1: ties go to the even integer
  std::string grid1 = "tensor<?xf32, #nibble.grid<!quant.any<u1<0:1>:f32>>>";
  y = runOne("%x: tensor<?xf32>, %range: tensor<3xf32>",
             "%r = nibble.fake_quant %x, %range {quantizer = #nibble.quantizer<bits = 1, isSigned = false>} : "
             "(tensor<?xf32>, tensor<3xf32>) -> " +
                 grid1,
             grid1, {vector({0.9f, 1.0f, 1.1f, 7.0f}), vector({0.0f, 2.0f, 1.0f})});
  EXPECT_THAT(y.ints, ElementsAre(0, 0, 1, 1)); // 1.0 / 2.0 is a tie
  // A range that has not seen anything has scale 1.
  y = runOne("%x: tensor<?xf32>, %range: tensor<3xf32>",
             "%r = nibble.fake_quant %x, %range {quantizer = #nibble.quantizer<bits = 4, isSigned = false>} : "
             "(tensor<?xf32>, tensor<3xf32>) -> " +
                 grid4,
             grid4, {vector({3.0f}), vector({0.0f, 0.0f, 0.0f})});
  EXPECT_EQ(y.f32[0], 3.0f);
}

TEST(FakeQuant, WeightsPerChannel) {
  // One scale max|w| / 7 per output channel; an all-zero channel has scale 1.
  std::string type = "tensor<3x2xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>";
  HostTensor y = runOne(
      "%x: tensor<3x2xf32>",
      "%r = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>} : "
      "(tensor<3x2xf32>) -> " +
          type,
      type, {floats({3, 2}, {0.35f, -0.7f, 0.0f, -0.0f, 14.0f, 5.0f})});
  EXPECT_THAT(y.grid->scales, ElementsAre(0.7f / 7.0f, 1.0f, 2.0f));
  EXPECT_THAT(y.ints, ElementsAre(static_cast<int64_t>(std::nearbyint(0.35f / (0.7f / 7.0f))), -7, 0, 0, 7, 2));
  EXPECT_EQ(y.grid->axis, 0);
  expectBits({y.f32.begin() + 2, y.f32.end()}, {0.0f, 0.0f, 14.0f, 4.0f});
}

TEST(FakeQuant, FrozenPerChannelAlongAnInnerDimension) {
  std::string type = "tensor<2x3xf32, #nibble.grid<!quant.uniform<i8<-127:127>:f32:1, {1.0,0.5,0.25}>>>";
  HostTensor y = runOne(
      "%x: tensor<2x3xf32>",
      "%r = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true, axis = 1>, "
      "scales = array<f32: 1.0, 0.5, 0.25>} : (tensor<2x3xf32>) -> " +
          type,
      type, {floats({2, 3}, {2.5f, 2.5f, 2.5f, -1.0f, -100.0f, -100.0f})});
  EXPECT_THAT(y.ints, ElementsAre(2, 5, 10, -1, -127, -127));
}

TEST(Sign, BothZerosAndNanArePlusOne) {
  std::string type = "tensor<?xf32, #nibble.grid<!nibble.binary>>";
  HostTensor y = runOne("%x: tensor<?xf32>", "%r = nibble.sign %x : (tensor<?xf32>) -> " + type, type,
                        {vector({0.0f, -0.0f, kNan, -0x1p-149f, -kInf, 3.0f})});
  EXPECT_THAT(y.ints, ElementsAre(1, 1, 1, -1, -1, 1));
  expectBits(y.f32, {1, 1, 1, -1, -1, 1});
}

TEST(Ternarize, Rules) {
  // The example of R4.2: both rules give the same integers, the scales differ.
  std::vector<float> w{.9f, -.05f, .4f, -1.2f, .02f, .6f, -.3f, .1f};
  std::string type = "tensor<8xf32, #nibble.grid<!nibble.ternary>>";
  HostTensor mean =
      runOne("%x: tensor<8xf32>", "%r = nibble.ternarize %x : (tensor<8xf32>) -> " + type, type, {vector(w)});
  EXPECT_THAT(mean.ints, ElementsAre(1, 0, 1, -1, 0, 1, -1, 0));
  EXPECT_FLOAT_EQ(mean.grid->scales[0], 0.44625f);
  HostTensor median = runOne(
      "%x: tensor<8xf32>",
      "%r = nibble.ternarize %x {rule = #nibble.ternary_rule<median>} : (tensor<8xf32>) -> " + type, type, {vector(w)});
  EXPECT_EQ(median.grid->scales[0], 0.3f);
  EXPECT_THAT(median.ints, ElementsAre(1, 0, 1, -1, 0, 1, -1, 0));
  // Half a scale is a tie and gives 0; NaN gives 0.
  std::string fixed = "tensor<5xf32, #nibble.grid<!nibble.ternary<1.0>>>";
  HostTensor y = runOne(
      "%x: tensor<5xf32>",
      "%r = nibble.ternarize %x {rule = #nibble.ternary_rule<fixed>, scales = array<f32: 1.0>} : (tensor<5xf32>) -> " +
          fixed,
      fixed, {vector({0.5f, 0.50001f, -0.5f, -8.0f, kNan})});
  EXPECT_THAT(y.ints, ElementsAre(0, 1, 0, -1, 0));
}

TEST(Ternarize, PerChannelWithTheLeastScale) {
  std::string type = "tensor<2x2xf32, #nibble.grid<!nibble.ternary>>";
  HostTensor y = runOne(
      "%x: tensor<2x2xf32>",
      "%r = nibble.ternarize %x {axis = 0 : i64} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!nibble.ternary>>",
      type, {floats({2, 2}, {3.0f, -1.0f, 0.0f, 1e-9f})});
  EXPECT_THAT(y.grid->scales, ElementsAre(2.0f, 1e-5f));
  expectBits(y.f32, {2.0f, 0.0f, 0.0f, 0.0f}); // -1 / 2 is a tie
}

TEST(Quantize, EveryElementType) {
  HostTensor y =
      runOne("%x: tensor<2x2xf32>",
             "%r = nibble.quantize %x : (tensor<2x2xf32>) -> tensor<2x2x!quant.uniform<i4<-7:7>:f32:0, {1.0,0.5}>>",
             "tensor<2x2x!quant.uniform<i4<-7:7>:f32:0, {1.0,0.5}>>", {floats({2, 2}, {1.5f, -9.0f, 1.5f, kNan})});
  EXPECT_THAT(y.ints, ElementsAre(2, -7, 3, 0));
  y = runOne("%x: tensor<2xf32>", "%r = nibble.quantize %x : (tensor<2xf32>) -> tensor<2x!nibble.binary>",
             "tensor<2x!nibble.binary>", {vector({-0.0f, -2.0f})});
  EXPECT_THAT(y.ints, ElementsAre(1, -1));
  y = runOne("%x: tensor<3xf32>", "%r = nibble.quantize %x : (tensor<3xf32>) -> tensor<3x!nibble.ternary<0.5>>",
             "tensor<3x!nibble.ternary<0.5>>", {vector({-0.25f, 0.26f, -2.0f})});
  EXPECT_THAT(y.ints, ElementsAre(0, 1, -1));
}

TEST(Quantize, DequantizeGivesRealValues) {
  std::string type = "tensor<3xf32, #nibble.grid<!quant.uniform<u4:f32, 2.5e-1:5>>>";
  HostTensor y = runOne("%x: tensor<3x!quant.uniform<u4:f32, 2.5e-1:5>>",
                        "%r = nibble.dequantize %x : (tensor<3x!quant.uniform<u4:f32, 2.5e-1:5>>) -> " + type, type,
                        {integers({3}, {0, 5, 15})});
  expectBits(y.f32, {-1.25f, 0.0f, 2.5f});
  EXPECT_THAT(y.ints, ElementsAre(0, 5, 15));
}

//===----------------------------------------------------------------------===//
// requantize
//===----------------------------------------------------------------------===//

TEST(Requantize, GridPerChannelWithTies) {
  std::string type = "tensor<?x2x!quant.uniform<u4:f32, 2.5e-1:3>>";
  HostTensor y = runOne("%x: tensor<?x2xi32>",
                        "%r = nibble.requantize %x {multiplier = array<f32: 0.5, -1.0>, bias = array<f32: 3.0>, lo = "
                        "array<f32: 3.0, 0.0>, "
                        "hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> " +
                            type,
                        type, {integers({3, 2}, {1, 1, 3, -20, -9, 5})});
  // Channel 0: 3.5 -> 4, 4.5 -> 4, -1.5 -> lo. Channel 1: 2, 23 -> hi, -2 -> lo.
  EXPECT_THAT(y.ints, ElementsAre(4, 2, 4, 15, 3, 0));
  EXPECT_EQ(y.f32[3], 3.0f);
}

TEST(Requantize, IsOneFma) {
  // f32(acc) * M rounds to 1 before the sum; only the fma keeps 2^-24 apart.
  float m = 1.0f / 3.0f;
  HostTensor y = runOne("%x: tensor<1xi32>",
                        "%r = nibble.requantize %x {multiplier = array<f32: 0.333333343>, bias = array<f32: -1.0>, lo "
                        "= array<f32: 0xFF800000>, "
                        "hi = array<f32: 0x7F800000>} : (tensor<1xi32>) -> tensor<1xf32>",
                        "tensor<1xf32>", {integers({1}, {3})});
  EXPECT_EQ(y.f32[0], std::fma(3.0f, m, -1.0f));
  EXPECT_NE(y.f32[0], 3.0f * m - 1.0f);
  // The accumulator itself is rounded to f32.
  y = runOne("%x: tensor<1xi32>",
             "%r = nibble.requantize %x {multiplier = array<f32: 1.0>, bias = array<f32: -16777216.0>, lo = array<f32: "
             "0xFF800000>, "
             "hi = array<f32: 0x7F800000>} : (tensor<1xi32>) -> tensor<1xf32>",
             "tensor<1xf32>", {integers({1}, {16777217})});
  EXPECT_EQ(y.f32[0], 0.0f);
}

TEST(Requantize, FloatResultIsClampedNotRounded) {
  HostTensor y =
      runOne("%x: tensor<3xf32>",
             "%r = nibble.requantize %x {multiplier = array<f32: 2.0>, bias = array<f32: 0.5>, lo = array<f32: 0.0>, "
             "hi = array<f32: 6.0>} : (tensor<3xf32>) -> tensor<3xf32>",
             "tensor<3xf32>", {vector({-1.0f, 1.1f, 9.0f})});
  expectBits(y.f32, {0.0f, std::fma(1.1f, 2.0f, 0.5f), 6.0f});
}

TEST(Requantize, Residual) {
  // y = fma(q_r - z_r, R, fma(acc, M, B)).
  std::string grid = "tensor<4x!quant.uniform<u8:f32, 1.0:10>>", out = "tensor<4x!quant.uniform<u8:f32, 1.0>>";
  HostTensor y = runOne(
      "%x: tensor<4xi32>, %s: " + grid,
      "%r = nibble.requantize %x, %s {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, "
      "hi = array<f32: 255.0>, residual_multiplier = 0.25 : f32} : (tensor<4xi32>, " +
          grid + ") -> " + out,
      out, {integers({4}, {10, 10, 1, -100}), integers({4}, {10, 14, 12, 200})});
  EXPECT_THAT(y.ints, ElementsAre(6, 7, 2, 0)); // 6, 7, 1.5 + 0.5, -49 + 47.5
  y = runOne(
      "%x: tensor<1xi32>, %s: tensor<1xf32>",
      "%r = nibble.requantize %x, %s {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, "
      "hi = array<f32: 255.0>, residual_multiplier = 2.0 : f32} : (tensor<1xi32>, tensor<1xf32>) -> tensor<1xf32>",
      "tensor<1xf32>", {integers({1}, {10}), vector({0.375f})});
  EXPECT_EQ(y.f32[0], 6.75f);
}

TEST(Requantize, BinaryAndThresholds) {
  std::string type = "tensor<?x3xf32, #nibble.grid<!nibble.binary>>";
  // lo = +1 in channel 2: a relu before the sign.
  HostTensor x = integers({3, 3}, {3, 3, -5, 2, 2, 0, -1, -1, 7});
  HostTensor y =
      runOne("%x: tensor<?x3xi32>",
             "%r = nibble.requantize %x {multiplier = array<f32: 0.5, -0.5, 1.0>, bias = array<f32: -1.0, 1.0, 0.0>, "
             "lo = array<f32: -1.0, -1.0, 1.0>, hi = array<f32: 1.0>} : (tensor<?x3xi32>) -> " +
                 type,
             type, {x});
  EXPECT_THAT(y.ints, ElementsAre(1, -1, 1, 1, 1, 1, -1, 1, 1)); // acc = 2 gives 0, which is +1
  // The same by comparisons: -1 where (acc ^ flip) < threshold.
  HostTensor t =
      runOne("%x: tensor<?x3xi32>",
             "%r = nibble.requantize %x {multiplier = array<f32: 0.5, -0.5, 1.0>, bias = array<f32: -1.0, 1.0, 0.0>, "
             "lo = array<f32: -1.0, -1.0, 1.0>, hi = array<f32: 1.0>, thresholds = array<i32: 2, -3, -2147483648>, "
             "flips = array<i32: 0, -1, 0>} : (tensor<?x3xi32>) -> " +
                 type,
             type, {x});
  EXPECT_EQ(t.ints, y.ints);
}

TEST(Requantize, FixedProfile) {
  // The examples of R6.3.
  std::string type = "tensor<2x!quant.uniform<i16:f32, 1.0>>";
  auto text = [&](const std::string &m) {
    return "%r = nibble.requantize %x {multiplier = array<f32: " + m +
           ">, bias = array<f32: 0.0>, lo = array<f32: -32768.0>, "
           "hi = array<f32: 32767.0>, profile = #nibble.profile<fixed>} : (tensor<2xi32>) -> " +
           type;
  };
  HostTensor y = runOne("%x: tensor<2xi32>", text("0.75"), type, {integers({2}, {2, -2})});
  EXPECT_THAT(y.ints, ElementsAre(2, -1)); // halves go up
  y = runOne("%x: tensor<2xi32>", text("0.0123"), type, {integers({2}, {12345, -12345})});
  EXPECT_THAT(y.ints, ElementsAre(152, -152));
  EXPECT_THAT(errorOf("%x: tensor<2xi32>", text("0.5").replace(text("0.5").find("0.0>"), 3, "0.5"), type,
                      {integers({2}, {2, -2})}),
              HasSubstr("takes the zero point as bias"));
}

} // namespace
