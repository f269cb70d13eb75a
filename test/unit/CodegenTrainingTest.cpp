// Compiled training steps against the interpreter, bit for bit.
#include "compiler/Train/Train.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/unit/CompiledRun.h"

namespace nibble::test {
namespace {

void expectStepEqual(llvm::StringRef model, const TrainingOptions &options, bool freeze = false) {
  Session session;
  auto module = session.parse(model);
  ASSERT_TRUE(module);
  if (freeze)
    ASSERT_TRUE(succeeded(session.runPipeline(*module, "nibble-freeze{seed=3}"))) << session.diagnostics;
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  auto step = buildTrainingStep(*module, function, options);
  ASSERT_TRUE(succeeded(step)) << session.diagnostics;
  function.erase();
  auto compiled = Compiled::fromTiled(session, *module);
  ASSERT_TRUE(compiled);
  for (uint64_t seed : {1, 2}) {
    auto inputs = randomInputs(*step, seed);
    auto expected = reference::interpret(*step, inputs);
    ASSERT_TRUE(succeeded(expected)) << session.diagnostics;
    for (auto &e : *expected)
      e = e.offGrid();
    for (int threads : {1, 2})
      EXPECT_EQ(difference(*expected, compiled->run(step->getName(), inputs, threads)), "")
          << threads << " threads, seed " << seed;
  }
}

const char *kModel = R"mlir(
func.func @m(%x: tensor<?x12x12x1xf32> {nibble.name = "image"}) -> (tensor<?x10xf32> {nibble.name = "logits"}) {
  %r = nibble.param @image.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<?x12x12x1xf32>, tensor<3xf32>) -> tensor<?x12x12x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  %w = nibble.param @conv1.weight : tensor<16x3x3x1xf32>
  %qw = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>} : (tensor<16x3x3x1xf32>) -> tensor<16x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  %c = nibble.conv2d %q, %qw {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x12x12x1xf32, #nibble.grid<!quant.any<u8:f32>>>, tensor<16x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<?x12x12x16xf32>
  %g = nibble.param @bn1.gamma {init = #nibble.init<ones>} : tensor<16xf32>
  %b = nibble.param @bn1.beta {init = #nibble.init<zeros>} : tensor<16xf32>
  %m = nibble.param @bn1.mean {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<16xf32>
  %v = nibble.param @bn1.variance {kind = #nibble.kind<state>, init = #nibble.init<ones>} : tensor<16xf32>
  %n = nibble.batch_norm %c, %g, %b, %m, %v : (tensor<?x12x12x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<?x12x12x16xf32>
  %y = nibble.relu %n : (tensor<?x12x12x16xf32>) -> tensor<?x12x12x16xf32>
  %r1 = nibble.param @h.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %qy = nibble.fake_quant %y, %r1 {quantizer = #nibble.quantizer<bits = 4, isSigned = false>} : (tensor<?x12x12x16xf32>, tensor<3xf32>) -> tensor<?x12x12x16xf32, #nibble.grid<!quant.any<u4:f32>>>
  %p = nibble.max_pool2d %qy {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x12x12x16xf32, #nibble.grid<!quant.any<u4:f32>>>) -> tensor<?x6x6x16xf32, #nibble.grid<!quant.any<u4:f32>>>
  %wb = nibble.param @conv2.weight : tensor<20x3x3x16xf32>
  %qb = nibble.ternarize %wb : (tensor<20x3x3x16xf32>) -> tensor<20x3x3x16xf32, #nibble.grid<!nibble.ternary>>
  %c2 = nibble.conv2d %p, %qb {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x16xf32, #nibble.grid<!quant.any<u4:f32>>>, tensor<20x3x3x16xf32, #nibble.grid<!nibble.ternary>>) -> tensor<?x3x3x20xf32>
  %s2 = nibble.sign %c2 : (tensor<?x3x3x20xf32>) -> tensor<?x3x3x20xf32, #nibble.grid<!nibble.binary>>
  %w3 = nibble.param @conv3.weight : tensor<24x3x3x20xf32>
  %q3 = nibble.sign %w3 : (tensor<24x3x3x20xf32>) -> tensor<24x3x3x20xf32, #nibble.grid<!nibble.binary>>
  %c3 = nibble.conv2d %s2, %q3 {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>} : (tensor<?x3x3x20xf32, #nibble.grid<!nibble.binary>>, tensor<24x3x3x20xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x3x3x24xf32>
  %r3 = nibble.param @c3.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %q4 = nibble.fake_quant %c3, %r3 {quantizer = #nibble.quantizer<bits = 8, isSigned = true>} : (tensor<?x3x3x24xf32>, tensor<3xf32>) -> tensor<?x3x3x24xf32, #nibble.grid<!quant.any<i8:f32>>>
  %f = nibble.reshape %q4 : (tensor<?x3x3x24xf32, #nibble.grid<!quant.any<i8:f32>>>) -> tensor<?x216xf32, #nibble.grid<!quant.any<i8:f32>>>
  %w2 = nibble.param @fc.weight : tensor<10x216xf32>
  %qw2 = nibble.fake_quant %w2 {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true, axis = 0>} : (tensor<10x216xf32>) -> tensor<10x216xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>
  %o = nibble.linear %f, %qw2 : (tensor<?x216xf32, #nibble.grid<!quant.any<i8:f32>>>, tensor<10x216xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>) -> tensor<?x10xf32>
  %bias = nibble.param @fc.bias {init = #nibble.init<zeros>} : tensor<10xf32>
  %ob = nibble.add %o, %bias : (tensor<?x10xf32>, tensor<10xf32>) -> tensor<?x10xf32>
  return %ob : tensor<?x10xf32>
}
)mlir";

/// One training op in a function of its own.
void expectOpEqual(const std::string &arguments, const std::string &result, const std::string &op) {
  expectCompiledEqual("func.func @f(" + arguments + ") -> (" + result + " {nibble.name = \"y\"}) {\n  %y = " + op +
                          " -> " + result + "\n  return %y : " + result + "\n}\n",
                      {.rounds = 2});
}

TEST(CodegenTraining, WeightGradients) {
  const char *window = "strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>";
  expectOpEqual("%g: tensor<2x5x4x3xf32> {nibble.name = \"g\"}, %x: tensor<2x5x4x2xf32> {nibble.name = \"x\"}",
                "tensor<3x3x3x2xf32>",
                std::string("nibble.conv2d_grad_weight %g, %x {") + window +
                    "} : (tensor<2x5x4x3xf32>, tensor<2x5x4x2xf32>)");
  expectOpEqual("%g: tensor<7x8x8x9xf32> {nibble.name = \"g\"}, %x: tensor<7x8x8x16xf32> {nibble.name = \"x\"}",
                "tensor<9x3x3x16xf32>",
                std::string("nibble.conv2d_grad_weight %g, %x {") + window +
                    "} : (tensor<7x8x8x9xf32>, tensor<7x8x8x16xf32>)");
  expectOpEqual("%g: tensor<2x3x3x5xf32> {nibble.name = \"g\"}, %x: tensor<2x6x6x4xf32> {nibble.name = \"x\"}",
                "tensor<5x3x3x4xf32>",
                "nibble.conv2d_grad_weight %g, %x {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} "
                ": (tensor<2x3x3x5xf32>, tensor<2x6x6x4xf32>)");
  expectOpEqual("%g: tensor<9x10xf32> {nibble.name = \"g\"}, %x: tensor<9x21xf32> {nibble.name = \"x\"}",
                "tensor<10x21xf32>", "nibble.linear_grad_weight %g, %x : (tensor<9x10xf32>, tensor<9x21xf32>)");
}

TEST(CodegenTraining, InputGradients) {
  expectOpEqual("%g: tensor<2x5x4x3xf32> {nibble.name = \"g\"}, %w: tensor<3x3x3x10xf32> {nibble.param = \"w\"}",
                "tensor<2x5x4x10xf32>",
                "nibble.conv2d_grad_input %g, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : "
                "(tensor<2x5x4x3xf32>, tensor<3x3x3x10xf32>)");
  expectOpEqual("%g: tensor<2x3x3x5xf32> {nibble.name = \"g\"}, %w: tensor<5x3x3x16xf32> {nibble.param = \"w\"}",
                "tensor<2x6x6x16xf32>",
                "nibble.conv2d_grad_input %g, %w {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : "
                "(tensor<2x3x3x5xf32>, tensor<5x3x3x16xf32>)");
  expectOpEqual("%g: tensor<9x10xf32> {nibble.name = \"g\"}, %w: tensor<10x21xf32> {nibble.param = \"w\"}",
                "tensor<9x21xf32>", "nibble.linear_grad_input %g, %w : (tensor<9x10xf32>, tensor<10x21xf32>)");
}

// Dilation; groups of several channels, of one channel with several outputs, and depthwise with whole and cut vectors.
TEST(CodegenTraining, GroupedGradients) {
  struct Case {
    int channels, outputs, groups, stride, padding;
    const char *value = "";
    int dilation = 1;
  };
  for (Case c : {Case{6, 4, 2, 1, 1}, Case{48, 40, 2, 1, 1}, Case{32, 64, 2, 2, 1}, Case{20, 10, 2, 2, 1},
                 Case{3, 6, 3, 1, 1}, Case{11, 11, 11, 1, 1}, Case{16, 16, 16, 2, 1}, Case{5, 5, 5, 1, 0},
                 Case{8, 8, 8, 1, 1, ", plus_one"}, Case{8, 4, 4, 2, 1, ", minus_one"}, Case{5, 18, 1, 1, 2, "", 2},
                 Case{16, 7, 1, 2, 1, "", 3}, Case{4, 5, 1, 1, 3, ", plus_one", 2}, Case{6, 4, 2, 1, 2, "", 2},
                 Case{33, 50, 1, 1, 1}, Case{70, 17, 1, 2, 1}, Case{11, 11, 11, 2, 3, "", 2}}) {
    int size = 7, out = (size + 2 * c.padding - 2 * c.dilation - 1) / c.stride + 1;
    auto type = [](std::initializer_list<int> dims) {
      std::string t = "tensor<";
      for (int d : dims)
        t += std::to_string(d) + "x";
      return t + "f32>";
    };
    std::string x = type({9, size, size, c.channels}), g = type({9, out, out, c.outputs}),
                w = type({c.outputs, 3, 3, c.channels / c.groups}), s = std::to_string(c.stride),
                p = std::to_string(c.padding), d = std::to_string(c.dilation);
    std::string window = "{strides = array<i64: " + s + ", " + s + ">, dilations = array<i64: " + d + ", " + d +
                         ">, padding = #nibble.padding<" + p + ", " + p + ", " + p + ", " + p + c.value +
                         ">, groups = " + std::to_string(c.groups) + " : i64}";
    SCOPED_TRACE(x + " -> " + g + " " + window);
    if (!*c.value)
      expectOpEqual("%x: " + x + " {nibble.name = \"x\"}, %w: " + w + " {nibble.param = \"w\"}", g,
                    "nibble.conv2d %x, %w " + window + " : (" + x + ", " + w + ")");
    expectOpEqual("%g: " + g + " {nibble.name = \"g\"}, %w: " + w + " {nibble.param = \"w\"}", x,
                  "nibble.conv2d_grad_input %g, %w " + window + " : (" + g + ", " + w + ")");
    expectOpEqual("%g: " + g + " {nibble.name = \"g\"}, %x: " + x + " {nibble.name = \"x\"}", w,
                  "nibble.conv2d_grad_weight %g, %x " + window + " : (" + g + ", " + x + ")");
  }
}

TEST(CodegenTraining, ElementwiseGradients) {
  std::string t = "tensor<3x4x4x10xf32>",
              two = "%g: " + t + " {nibble.name = \"g\"}, %x: " + t + " {nibble.name = \"x\"}",
              types = " : (" + t + ", " + t + ")";
  expectOpEqual(two, t, "nibble.relu_grad %g, %x" + types);
  expectOpEqual(two, t, "nibble.window_grad %g, %x {lo = -0.5 : f32, hi = 0.75 : f32}" + types);
  expectOpEqual(two, t, "nibble.softmax_grad %g, %x" + types);
  expectOpEqual("%g: tensor<3x2x2x10xf32> {nibble.name = \"g\"}, %x: " + t + " {nibble.name = \"x\"}", t,
                "nibble.max_pool2d_grad %g, %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = "
                "#nibble.padding<0, 0, 0, 0>} : (tensor<3x2x2x10xf32>, " +
                    t + ")");
  expectOpEqual(
      "%g: tensor<3x2x2x10xf32> {nibble.name = \"g\"}", t,
      "nibble.avg_pool2d_grad %g {window = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<3x2x2x10xf32>)");
  expectOpEqual("%x: " + t + " {nibble.name = \"x\"}", "tensor<10xf32>", "nibble.sum_rows %x : (" + t + ")");
  expectOpEqual("%x: tensor<300x10xf32> {nibble.name = \"x\"}", "tensor<10xf32>",
                "nibble.sum_rows %x : (tensor<300x10xf32>)");
}

TEST(CodegenTraining, MixedPrecisionStepWithAdam) {
  TrainingOptions options;
  options.batch = 8;
  options.optimizer = Optimizer::Adam;
  expectStepEqual(kModel, options);
}

TEST(CodegenTraining, MixedPrecisionStepWithSgd) {
  TrainingOptions options;
  options.batch = 5;
  options.decay = 0.001f;
  expectStepEqual(kModel, options);
}

// Both rules of R4.2, per tensor and per channel; ten elements and nine.
TEST(CodegenTraining, TernaryRules) {
  for (const char *rule : {"mean", "median"}) {
    SCOPED_TRACE(rule);
    std::string attributes = std::string("rule = #nibble.ternary_rule<") + rule + ">";
    expectStepEqual(R"mlir(
func.func @m(%x: tensor<?x9xf32> {nibble.name = "image"}) -> (tensor<?x3xf32> {nibble.name = "logits"}) {
  %r = nibble.param @x.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = true>} : (tensor<?x9xf32>, tensor<3xf32>) -> tensor<?x9xf32, #nibble.grid<!quant.any<i8:f32>>>
  %w = nibble.param @fc1.weight : tensor<10x9xf32>
  %t = nibble.ternarize %w {axis = 0 : i64, )mlir" +
                        attributes + R"mlir(} : (tensor<10x9xf32>) -> tensor<10x9xf32, #nibble.grid<!nibble.ternary>>
  %h = nibble.linear %q, %t : (tensor<?x9xf32, #nibble.grid<!quant.any<i8:f32>>>, tensor<10x9xf32, #nibble.grid<!nibble.ternary>>) -> tensor<?x10xf32>
  %s = nibble.sign %h : (tensor<?x10xf32>) -> tensor<?x10xf32, #nibble.grid<!nibble.binary>>
  %v = nibble.param @fc2.weight : tensor<3x10xf32>
  %u = nibble.ternarize %v {)mlir" +
                        attributes + R"mlir(} : (tensor<3x10xf32>) -> tensor<3x10xf32, #nibble.grid<!nibble.ternary>>
  %y = nibble.linear %s, %u : (tensor<?x10xf32, #nibble.grid<!nibble.binary>>, tensor<3x10xf32, #nibble.grid<!nibble.ternary>>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
)mlir",
                    {.batch = 4});
  }
}

// The gradient of each factor is the other one: both must be the values from before the step.
TEST(CodegenTraining, ProductOfParameters) {
  expectStepEqual(R"mlir(
func.func @m(%x: tensor<?x5xf32> {nibble.name = "image"}) -> (tensor<?x3xf32> {nibble.name = "logits"}) {
  %w = nibble.param @fc.weight : tensor<3x5xf32>
  %m = nibble.param @fc.mask : tensor<3x5xf32>
  %p = nibble.mul %w, %m : (tensor<3x5xf32>, tensor<3x5xf32>) -> tensor<3x5xf32>
  %y = nibble.linear %x, %p : (tensor<?x5xf32>, tensor<3x5xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
)mlir",
                  {.batch = 4});
}

TEST(CodegenTraining, FrozenStep) {
  TrainingOptions options;
  options.batch = 8;
  options.optimizer = Optimizer::Adam;
  expectStepEqual(kModel, options, /*freeze=*/true);
}

} // namespace
} // namespace nibble::test
