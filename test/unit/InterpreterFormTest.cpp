// Functions, inputs, constants and parameters; what the interpreter refuses; how long it takes.
#include "test/unit/InterpreterTestSupport.h"

#include <chrono>
#include <set>

using namespace nibble::test;

namespace {

TEST(Constants, EveryForm) {
  HostTensor y =
      runOne("", "%r = nibble.constant dense<[1.0, -0.0]> : tensor<2xf32> : tensor<2xf32>", "tensor<2xf32>", {});
  expectBits(y.f32, {1.0f, -0.0f});
  y = runOne("", "%r = arith.constant dense<2.5> : tensor<3xf32>", "tensor<3xf32>", {});
  expectBits(y.f32, {2.5f, 2.5f, 2.5f});
  y = runOne("", "%r = nibble.constant dense<-70000> : tensor<2xi32> : tensor<2xi32>", "tensor<2xi32>", {});
  EXPECT_THAT(y.ints, ElementsAre(-70000, -70000));
  y = runOne("",
             "%r = nibble.constant dense<[-7, 7]> : tensor<2xi8> : tensor<2x!quant.uniform<i4<-7:7>:f32:0, {0.5,2.0}>>",
             "tensor<2x!quant.uniform<i4<-7:7>:f32:0, {0.5,2.0}>>", {});
  expectBits(y.f32, {-3.5f, 14.0f});
  y = runOne("", "%r = nibble.constant dense<[255, 3]> : tensor<2xi8> : tensor<2x!quant.uniform<u8:f32, 1.0:3>>",
             "tensor<2x!quant.uniform<u8:f32, 1.0:3>>", {});
  EXPECT_THAT(y.ints, ElementsAre(255, 3)); // bytes of an unsigned grid are unsigned
  y = runOne("", "%r = nibble.constant dense<[1, -1]> : tensor<2xi8> : tensor<2x!nibble.binary>",
             "tensor<2x!nibble.binary>", {});
  expectBits(y.f32, {1.0f, -1.0f});
  y = runOne("",
             "%r = nibble.constant dense<[1.0, -0.5]> : tensor<2xf32> : tensor<2xf32, "
             "#nibble.grid<!quant.uniform<i4:f32, 5.0e-1>>>",
             "tensor<2xf32, #nibble.grid<!quant.uniform<i4:f32, 5.0e-1>>>", {});
  EXPECT_THAT(y.ints, ElementsAre(2, -1));
  EXPECT_THAT(errorOf("", "%r = nibble.constant dense<[1, 0]> : tensor<2xi8> : tensor<2x!nibble.binary>",
                      "tensor<2x!nibble.binary>", {}),
              HasSubstr("not on the grid"));
  EXPECT_THAT(errorOf("",
                      "%r = nibble.constant dense<[1.0, 0.3]> : tensor<2xf32> : tensor<2xf32, "
                      "#nibble.grid<!quant.uniform<i4:f32, 5.0e-1>>>",
                      "tensor<2xf32, #nibble.grid<!quant.uniform<i4:f32, 5.0e-1>>>", {}),
              HasSubstr("which is not on its grid"));
}

TEST(Constants, DenseResources) {
  std::string q = "tensor<3x!quant.uniform<i8:f32, 1.0>>";
  auto results =
      run("func.func @f() -> (tensor<2xf32>, " + q +
              ") {\n%0 = nibble.constant dense_resource<a> : tensor<2xf32> : tensor<2xf32>\n"
              "%1 = nibble.constant dense_resource<b> : tensor<3xi8> : " +
              q + "\nreturn %0, %1 : tensor<2xf32>, " + q +
              "\n}\n"
              "{-# dialect_resources: { builtin: { a: \"0x040000000000003F000000C0\", b: \"0x01000000FF7F80\" } } #-}",
          {});
  ASSERT_EQ(results.size(), 2u);
  expectBits(results[0].f32, {0.5f, -2.0f});
  EXPECT_THAT(results[1].ints, ElementsAre(-1, 127, -128));
}

TEST(Inputs, MustFitTheirTypes) {
  auto identity = [](const std::string &type, HostTensor x) {
    return errorOf("%r: " + type, "", type, {std::move(x)});
  };
  EXPECT_THAT(identity("tensor<?x2xf32>", floats({2, 3}, {1, 2, 3, 4, 5, 6})),
              HasSubstr("input 0 has shape [2, 3], which does not fit 'tensor<?x2xf32>'"));
  EXPECT_THAT(identity("tensor<2xf32>", integers({2}, {1, 2})), HasSubstr("has 0 f32 values"));
  EXPECT_THAT(identity("tensor<2xi32>", vector({1, 2})), HasSubstr("no plain integers"));
  EXPECT_THAT(identity("tensor<1xi32>", integers({1}, {int64_t(1) << 31})), HasSubstr("does not fit i32"));
  EXPECT_THAT(identity("tensor<1x!quant.uniform<u4:f32, 1.0>>", integers({1}, {16})), HasSubstr("has the integer 16"));
  EXPECT_THAT(identity("tensor<1xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1>>>", vector({0.3f})),
              HasSubstr("not on its grid"));
  EXPECT_THAT(identity("tensor<1xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>", vector({0.5f})),
              HasSubstr("needs integers with a scale"));
  EXPECT_THAT(identity("tensor<1x!quant.uniform<u4:f32, 1.0>>", HostTensor::onGrid({1}, {1}, {{2.0f}, {0}})),
              HasSubstr("lies on another grid"));
  EXPECT_THAT(identity("tensor<1xf64>", vector({1})), HasSubstr("does not know: 'f64'"));
  EXPECT_THAT(identity("f32", vector({1})), HasSubstr("is no ranked tensor"));
  EXPECT_THAT(runError("func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> { return %x : tensor<1xf32> }", {}),
              HasSubstr("'f' takes 1 inputs, got 0"));
  // Real values on a known grid are taken as they are.
  HostTensor y = runOne("%r: tensor<1xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1:3>>>", "",
                        "tensor<1xf32, #nibble.grid<!quant.uniform<u4:f32, 5.0e-1:3>>>", {vector({-1.5f})});
  EXPECT_THAT(y.ints, ElementsAre(0));
}

TEST(Functions, UnknownOpsAndMissingParameters) {
  EXPECT_THAT(errorOf("%x: tensor<1xf32>", "%r = arith.negf %x : tensor<1xf32>", "tensor<1xf32>", {vector({1})}),
              HasSubstr("the interpreter does not know 'arith.negf'"));
  EXPECT_THAT(runError("func.func private @f(tensor<1xf32>)", {vector({1})}), HasSubstr("needs a body of one block"));
  std::string param = functionOf("", "%r = nibble.param @fc.weight : tensor<2xf32>", "tensor<2xf32>");
  EXPECT_THAT(runError(param, {}), HasSubstr("@fc.weight has no value"));
  Parameters parameters;
  EXPECT_THAT(runError(param, {}, &parameters), HasSubstr("@fc.weight has no value among"));
  parameters["fc.weight"] = vector({1, 2, 3});
  EXPECT_THAT(runError(param, {}, &parameters), HasSubstr("has shape [3], which does not fit"));
  parameters["fc.weight"] = vector({1, 2});
  EXPECT_THAT(run(param, {}, &parameters)[0].f32, ElementsAre(1, 2));
}

TEST(Functions, EveryOpOfTheDialectIsTested) {
  // An op that is new to the dialect belongs into the interpreter, its tests, and this list.
  std::set<std::string> tested;
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(
      "param constant fake_quant sign ternarize quantize dequantize requantize conv2d linear batch_norm add mul relu "
      "clip max_pool2d avg_pool2d global_avg_pool reshape concat pad softmax softmax_cross_entropy observe_range "
      "batch_norm_train batch_norm_grad conv2d_grad_input conv2d_grad_weight linear_grad_input linear_grad_weight "
      "fake_quant_grad ternarize_grad window_grad relu_grad max_pool2d_grad avg_pool2d_grad softmax_grad "
      "softmax_cross_entropy_grad requantize_grad sum_rows slice count_correct sgd adam pack unpack tile")
      .split(names, ' ');
  for (llvm::StringRef name : names)
    tested.insert("nibble." + name.str());
  Session session;
  std::set<std::string> known;
  for (mlir::RegisteredOperationName op : session.context.getRegisteredOperations())
    if (op.getDialectNamespace() == "nibble")
      known.insert(op.getStringRef().str());
  EXPECT_EQ(known, tested);
}

TEST(Functions, TrainingOpsCheckTheirShapes) {
  auto error = [](const std::string &arguments, const std::string &body, const std::string &result,
                  std::vector<HostTensor> inputs) { return errorOf(arguments, body, result, std::move(inputs)); };
  // A batch that differs between operands is seen at run time only.
  EXPECT_THAT(error("%g: tensor<?x3xf32>, %x: tensor<?x2xf32>",
                    "%r = nibble.linear_grad_weight %g, %x : (tensor<?x3xf32>, tensor<?x2xf32>) -> tensor<3x2xf32>",
                    "tensor<3x2xf32>", {noise({2, 3}, 1), noise({1, 2}, 1)}),
              HasSubstr("takes a gradient [N, O] and an input [N, I]"));
  EXPECT_THAT(error("%g: tensor<?xf32>, %x: tensor<?xf32>",
                    "%r = nibble.relu_grad %g, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>", "tensor<?xf32>",
                    {vector({1, 2}), vector({1})}),
              HasSubstr("operands of one shape"));
  EXPECT_THAT(error("%g: tensor<?x2x2x1xf32>, %x: tensor<?x2x2x1xf32>",
                    "%r = nibble.conv2d_grad_weight %g, %x {strides = array<i64: 1, 1>, padding = #nibble.padding<0, "
                    "0, 0, 0>} : (tensor<?x2x2x1xf32>, tensor<?x2x2x1xf32>) -> tensor<1x1x1x1xf32>",
                    "tensor<1x1x1x1xf32>", {noise({1, 2, 2, 1}, 1), noise({2, 2, 2, 1}, 1)}),
              HasSubstr("do not fit a convolution"));
}

TEST(Functions, DynamicBatchAndTime) {
  // The network of the design's example on 28 x 28 images.
  std::string text = R"(
func.func @small_cnn(%image: tensor<?x28x28x1xf32>) -> tensor<?x10xf32> {
  %r1 = nibble.param @image.range {kind = #nibble.kind<state>} : tensor<3xf32>
  %x = nibble.fake_quant %image, %r1 {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<?x28x28x1xf32>, tensor<3xf32>) -> tensor<?x28x28x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  %w1 = nibble.param @conv1.weight : tensor<16x3x3x1xf32>
  %q1 = nibble.fake_quant %w1 {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>} : (tensor<16x3x3x1xf32>) -> tensor<16x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  %c1 = nibble.conv2d %x, %q1 {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x28x28x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>, tensor<16x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<?x28x28x16xf32>
  %h1 = nibble.relu %c1 : (tensor<?x28x28x16xf32>) -> tensor<?x28x28x16xf32>
  %r2 = nibble.param @h.range {kind = #nibble.kind<state>} : tensor<3xf32>
  %a1 = nibble.fake_quant %h1, %r2 {quantizer = #nibble.quantizer<bits = 4, isSigned = false>} : (tensor<?x28x28x16xf32>, tensor<3xf32>) -> tensor<?x28x28x16xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>
  %p1 = nibble.max_pool2d %a1 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x28x28x16xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>) -> tensor<?x14x14x16xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>
  %w2 = nibble.param @conv2.weight : tensor<32x3x3x16xf32>
  %c2 = nibble.conv2d %p1, %w2 {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x14x14x16xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>, tensor<32x3x3x16xf32>) -> tensor<?x14x14x32xf32>
  %f = nibble.reshape %c2 : (tensor<?x14x14x32xf32>) -> tensor<?x6272xf32>
  %w3 = nibble.param @fc.weight : tensor<10x6272xf32>
  %y = nibble.linear %f, %w3 : (tensor<?x6272xf32>, tensor<10x6272xf32>) -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
})";
  Session session;
  auto module = session.parse(text);
  ASSERT_TRUE(module);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  Parameters parameters = randomParameters(*module, 1);
  HostTensor two = noise({2, 28, 28, 1}, 1);
  auto both = interpret(function, {two}, &parameters);
  ASSERT_TRUE(succeeded(both)) << session.diagnostics;
  HostTensor one = floats({1, 28, 28, 1}, {two.f32.begin() + 784, two.f32.end()});
  auto start = std::chrono::steady_clock::now();
  auto single = interpret(function, {one}, &parameters);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(succeeded(single));
  // R9: an image's result does not depend on its batch.
  EXPECT_EQ((*both)[0].shape, (std::vector<int64_t>{2, 10}));
  expectBits((*single)[0].f32, {(*both)[0].f32.begin() + 10, (*both)[0].f32.end()});
  RecordProperty("milliseconds", static_cast<int>(seconds * 1000));
  EXPECT_LT(seconds, 5.0); // a tenth of a second where nothing else runs
}

} // namespace
