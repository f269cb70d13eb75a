// Every call of the DSL: the shape it gives and the op it makes.
#include <nibble/nibble.h>

#include <gmock/gmock.h>
#include <thread>

using namespace nibble;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

class Ops : public testing::Test {
protected:
  Graph g{"net"};
  Tensor image = g.input("image", f32, {dyn, 9, 8, 4});
  Tensor rows = g.input("rows", f32, {dyn, 6});

  std::string ir(const Tensor &result) {
    g.output("result", result);
    return g.to_mlir();
  }
};

TEST_F(Ops, Conv2d) {
  Tensor w = g.param("c.weight", {5, 3, 2, 4});
  EXPECT_EQ(conv2d(image, w).shape(), (Shape{dyn, 7, 7, 5}));
  EXPECT_EQ(conv2d(image, w, {.stride = 2}).shape(), (Shape{dyn, 4, 4, 5}));
  EXPECT_EQ(conv2d(image, w, {.stride = {1, 3}}).shape(), (Shape{dyn, 7, 3, 5}));
  EXPECT_EQ(conv2d(image, w, {.pad = Pad::same}).shape(), (Shape{dyn, 9, 8, 5}));
  EXPECT_EQ(conv2d(image, w, {.dilation = {2, 3}}).shape(), (Shape{dyn, 5, 5, 5}));
  EXPECT_EQ(conv2d(image, w, {.pad = Pad::same, .dilation = {4, 5}}).shape(), (Shape{dyn, 9, 8, 5}));
  Tensor y = conv2d(image, w, {.stride = {2, 3}, .pad = Pad::amounts(1, 2, 3, 4)});
  EXPECT_EQ(y.shape(), (Shape{dyn, 6, 5, 5}));
  EXPECT_THAT(ir(y),
              HasSubstr("nibble.conv2d %arg0, %0 {padding = #nibble.padding<1, 2, 3, 4>, strides = array<i64: 2, 3>}"));
}

TEST_F(Ops, DilatedConv2d) {
  Tensor y = conv2d(image, g.param("c.weight", {5, 3, 2, 4}), {.stride = 2, .pad = Pad::same, .dilation = {2, 3}});
  EXPECT_EQ(y.shape(), (Shape{dyn, 5, 4, 5}));
  EXPECT_THAT(ir(y), HasSubstr("{dilations = array<i64: 2, 3>, padding = #nibble.padding<2, 1, 2, 1>, "
                               "strides = array<i64: 2, 2>}"));
}

TEST_F(Ops, SamePaddingIsThatOfTensorFlow) {
  // Odd rows go to the bottom and right: windows 2 and 4 over 9 and 8 with strides 1, 2 and 3.
  struct Case {
    Size2d window, stride;
    const char *padding;
    Shape shape;
  };
  const Case cases[] = {{{2, 4}, 1, "0, 1, 1, 2", {dyn, 9, 8, 4}},
                        {{3, 3}, 2, "1, 0, 1, 1", {dyn, 5, 4, 4}},
                        {{2, 4}, 3, "0, 1, 0, 1", {dyn, 3, 3, 4}},
                        {{1, 1}, 3, "0, 0, 0, 0", {dyn, 3, 3, 4}}};
  for (const Case &c : cases) {
    Graph n("same");
    Tensor x = n.input("x", f32, {dyn, 9, 8, 4});
    Tensor y = max_pool2d(x, {.window = c.window, .stride = c.stride, .pad = Pad::same});
    EXPECT_EQ(y.shape(), c.shape);
    n.output("y", y);
    EXPECT_THAT(n.to_mlir(), HasSubstr("padding = #nibble.padding<" + std::string(c.padding) + ">"));
  }
}

TEST_F(Ops, DepthwiseConv2d) {
  Tensor y = conv2d(image, g.param("d.weight", {8, 3, 3, 1}), {.pad = Pad::same, .groups = 4});
  EXPECT_EQ(y.shape(), (Shape{dyn, 9, 8, 8}));
  EXPECT_THAT(ir(y), HasSubstr("groups = 4 : i64"));
}

TEST_F(Ops, LinearAndBias) {
  Tensor w = g.param("fc.weight", {3, 6});
  EXPECT_EQ(linear(rows, w).shape(), (Shape{dyn, 3}));
  std::string text = ir(linear(rows, w, g.param("fc.bias", {3}, Initializer::zeros)));
  EXPECT_THAT(text, HasSubstr("nibble.param @fc.weight : tensor<3x6xf32>"));
  EXPECT_THAT(text, HasSubstr("nibble.param @fc.bias {init = #nibble.init<zeros>} : tensor<3xf32>"));
  EXPECT_THAT(text, HasSubstr("nibble.linear"));
  EXPECT_THAT(text, HasSubstr("nibble.add"));
}

TEST_F(Ops, BatchNormMakesItsParameters) {
  std::string text = ir(batch_norm(image, "bn", {.epsilon = 0.5f, .momentum = 0.75f}));
  EXPECT_THAT(text, HasSubstr("nibble.param @bn.gamma {init = #nibble.init<ones>} : tensor<4xf32>"));
  EXPECT_THAT(text, HasSubstr("nibble.param @bn.beta {init = #nibble.init<zeros>} : tensor<4xf32>"));
  EXPECT_THAT(
      text,
      HasSubstr("nibble.param @bn.mean {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<4xf32>"));
  EXPECT_THAT(
      text,
      HasSubstr("nibble.param @bn.variance {init = #nibble.init<ones>, kind = #nibble.kind<state>} : tensor<4xf32>"));
  EXPECT_THAT(text, HasSubstr("{epsilon = 5.000000e-01 : f32, momentum = 7.500000e-01 : f32}"));
}

TEST_F(Ops, Elementwise) {
  Tensor bias = g.param("bias", {4});
  EXPECT_EQ(relu(image).shape(), image.shape());
  EXPECT_EQ((image + bias).shape(), image.shape());
  EXPECT_EQ((image * image).shape(), image.shape());
  EXPECT_EQ(softmax(rows).shape(), rows.shape());
  std::string text = ir(clip(image * 0.5f + 2.0f, -1.0f, 6.0f));
  EXPECT_THAT(text, HasSubstr("nibble.constant dense<5.000000e-01> : tensor<f32>"));
  EXPECT_THAT(text, HasSubstr("nibble.mul %arg0"));
  EXPECT_THAT(text, HasSubstr("{hi = 6.000000e+00 : f32, lo = -1.000000e+00 : f32}"));
}

TEST_F(Ops, Pooling) {
  EXPECT_EQ(max_pool2d(image).shape(), (Shape{dyn, 4, 4, 4}));
  EXPECT_EQ(max_pool2d(image, {.window = 3, .stride = 2, .pad = Pad::amounts(1, 1, 1, 1)}).shape(),
            (Shape{dyn, 5, 4, 4}));
  EXPECT_EQ(avg_pool2d(image, {.window = {3, 2}}).shape(), (Shape{dyn, 3, 4, 4}));
  Tensor y = global_avg_pool2d(image);
  EXPECT_EQ(y.shape(), (Shape{dyn, 4}));
  EXPECT_THAT(ir(y), HasSubstr("nibble.global_avg_pool %arg0 : (tensor<?x9x8x4xf32>) -> tensor<?x4xf32>"));
}

TEST_F(Ops, Shapes) {
  EXPECT_EQ(flatten(image).shape(), (Shape{dyn, 288}));
  EXPECT_EQ(flatten(rows).shape(), (Shape{dyn, 6}));
  EXPECT_EQ(reshape(rows, {dyn, 1, 3, 2}).shape(), (Shape{dyn, 1, 3, 2}));
  EXPECT_EQ(concat({image, image, image}).shape(), (Shape{dyn, 9, 8, 12}));
  EXPECT_EQ(concat({image, image}, 1).shape(), (Shape{dyn, 18, 8, 4}));
  Tensor y = pad(image, {.low = {0, 1, 2, 0}, .high = {0, 0, 1, 0}, .value = 1.0f});
  EXPECT_EQ(y.shape(), (Shape{dyn, 10, 11, 4}));
  EXPECT_THAT(ir(y),
              HasSubstr("high = array<i64: 0, 0, 1, 0>, low = array<i64: 0, 1, 2, 0>, value = 1.000000e+00 : f32"));
}

TEST_F(Ops, Constant) {
  Tensor c = g.constant(Array::from<float>({4}, {1, 2, 3, 4}));
  EXPECT_THAT(ir(image * c),
              HasSubstr("dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>"));
}

TEST_F(Ops, QuantisersOfWeights) {
  Tensor w = g.param("w", {3, 6});
  std::string text = ir(linear(rows, w.fake_quant(qint(3).per_channel(0).estimator(GradientEstimator::identity))));
  EXPECT_THAT(text,
              HasSubstr("{quantizer = #nibble.quantizer<bits = 3, isSigned = true, axis = 0, estimator = identity>}"));
  EXPECT_THAT(text, HasSubstr("#nibble.grid<!quant.any<i3:f32>>"));
  EXPECT_THAT(text, Not(HasSubstr("range")));
}

TEST_F(Ops, BinaryAndTernary) {
  Tensor w = g.param("w", {3, 6});
  Tensor y = linear(rows.sign(), w.sign(GradientEstimator::identity));
  y = y + linear(rows, w.ternarize({.threshold = TernaryThreshold::median, .axis = 0}));
  y = y + linear(rows, w.ternarize({.threshold = TernaryThreshold::fixed, .scales = {0.5f}}));
  std::string text = ir(y);
  EXPECT_THAT(text, HasSubstr("tensor<?x6xf32, #nibble.grid<!nibble.binary>>"));
  EXPECT_THAT(text, HasSubstr("nibble.sign %0 {estimator = #nibble.estimator<identity>}"));
  EXPECT_THAT(text, HasSubstr("axis = 0 : i64, rule = #nibble.ternary_rule<median>"));
  EXPECT_THAT(text, HasSubstr("scales = array<f32: 5.000000e-01>"));
}

TEST_F(Ops, BinaryConvolutionPadsWithOne) {
  Tensor y = models::binary_block(image, 5, "b1");
  EXPECT_EQ(y.shape(), (Shape{dyn, 9, 8, 5}));
  EXPECT_THAT(ir(y), HasSubstr("padding = #nibble.padding<1, 1, 1, 1, plus_one>"));
}

std::vector<std::string> names(const Graph &graph) {
  std::vector<std::string> result;
  for (const WeightSpec &spec : graph.parameters())
    result.push_back(spec.name);
  return result;
}

TEST_F(Ops, RangesAreNamedAfterTheirLayer) {
  Tensor x = image.fake_quant(quint(8).asymmetric());
  Tensor h = conv2d(x, g.param("conv1.weight", {4, 1, 1, 4}).fake_quant(qint(4)));
  Tensor a = relu(h).fake_quant(quint(4));                    // conv1.range
  Tensor b = relu(batch_norm(h, "bn1")).fake_quant(quint(4)); // bn1.range
  Tensor c = (a + b).fake_quant(quint(4), "sum");             // sum.range
  Tensor d = max_pool2d(h).fake_quant(quint(4));              // conv1.2.range
  Tensor e = (c + a).fake_quant(quint(4));                    // conv1.3.range
  g.output("result", flatten(d));
  g.output("other", e);
  EXPECT_THAT(names(g), ElementsAre("bn1.beta", "bn1.gamma", "bn1.mean", "bn1.range", "bn1.variance", "conv1.2.range",
                                    "conv1.3.range", "conv1.range", "conv1.weight", "image.range", "sum.range"));
}

TEST_F(Ops, OneNameIsOneParameter) {
  Tensor w = g.param("w", {6, 6});
  std::string text = ir(linear(linear(rows, w), g.param("w", {6, 6})));
  EXPECT_EQ(names(g), std::vector<std::string>{"w"});
  EXPECT_EQ(text.find("nibble.param"), text.rfind("nibble.param"));
}

TEST_F(Ops, AGraphMayGrowAfterItsTextWasAskedFor) {
  EXPECT_THAT(ir(relu(rows)), HasSubstr("return %0 : tensor<?x6xf32>"));
  g.output("sum", rows + rows);
  EXPECT_THAT(g.to_mlir(), HasSubstr("return %0, %1 : tensor<?x6xf32>, tensor<?x6xf32>"));
  EXPECT_THAT(g.to_mlir(), HasSubstr("{nibble.name = \"sum\"}"));
}

TEST_F(Ops, LocationsAreTheUsers) {
  g.output("result", relu(rows) + rows);
  const auto line = std::to_string(__LINE__ - 1);
  std::string text = g.to_mlir(true);
  EXPECT_THAT(text, HasSubstr("DslTest.cpp\":" + line + ":"));
  EXPECT_THAT(g.to_mlir(), Not(HasSubstr("DslTest.cpp")));
}

TEST(Graph, HandlesKeepItAlive) {
  Tensor y;
  {
    Graph g("kept");
    y = relu(g.input("x", f32, {dyn, 3}));
    g.output("y", y);
  }
  EXPECT_EQ(y.shape(), (Shape{dyn, 3}));
  EXPECT_EQ(y.graph().name(), "kept");
  Graph again = y.graph(), copy = again;
  copy.output("twice", y + y); // the same graph
  EXPECT_EQ(again.to_mlir(), copy.to_mlir());
}

TEST(Graph, TwoThreadsBuildAtOnce) {
  const std::string expected = models::small_cnn().to_mlir();
  std::vector<std::string> texts(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(texts.size());
    for (std::string &text : texts)
      threads.emplace_back([&text] { text = models::small_cnn().to_mlir(); });
  }
  EXPECT_THAT(texts, testing::Each(expected));
}

TEST(Models, SmallCnn) {
  Graph g = models::small_cnn();
  EXPECT_EQ(g.name(), "small_cnn");
  std::string text = g.to_mlir();
  EXPECT_THAT(text, HasSubstr("func.func @small_cnn(%arg0: tensor<?x28x28x1xf32> {nibble.name = \"image\"}) -> "
                              "(tensor<?x10xf32> {nibble.name = \"logits\"})"));
  EXPECT_THAT(text, HasSubstr("#nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>"));
  EXPECT_THAT(text, HasSubstr("#nibble.quantizer<bits = 8, isSigned = false, symmetric = false>"));
  EXPECT_THAT(names(g), ElementsAre("bn1.beta", "bn1.gamma", "bn1.mean", "bn1.range", "bn1.variance", "conv1.weight",
                                    "fc.weight", "image.range"));
}

TEST(Models, Mlp) {
  Graph g = models::mlp({.inputs = 20, .hidden = {7, 5}, .classes = 3});
  EXPECT_THAT(g.to_mlir(),
              HasSubstr("func.func @mlp(%arg0: tensor<?x20xf32> {nibble.name = \"image\"}) -> (tensor<?x3xf32>"));
  EXPECT_EQ(g.parameters().size(), 15u); // image.range, 2 x (weight, 4 of bn, range), fc.weight, fc.bias
}

TEST(Version, IsThatOfTheProject) { EXPECT_THAT(version(), testing::StartsWith("0.")); }

} // namespace
