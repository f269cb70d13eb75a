// Mistakes: several at once, each with the user's line and what to do; poison is silent.
#include <nibble/nibble.h>

#include <gmock/gmock.h>

using namespace nibble;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

std::vector<Diagnostic> problems(const Graph &g) {
  try {
    g.check();
  } catch (const Error &e) {
    return e.diagnostics();
  }
  return {};
}

TEST(Mistakes, AllAreReportedAtTheirLines) {
  Graph g("net");
  Tensor x = g.input("image", f32, {dyn, 8, 8, 3});
  Tensor bad = conv2d(x, g.param("c1.weight", {4, 3, 3, 2}));
  const int first = __LINE__ - 1;
  Tensor h = relu(batch_norm(bad, "bn1")).fake_quant(quint(4)); // poisoned: silent, and makes no parameters
  h = h + linear(flatten(h), x);
  Tensor b = conv2d(x.sign(), g.param("c2.weight", {4, 3, 3, 3}).sign(), {.pad = Pad::same});
  const int second = __LINE__ - 1;
  g.output("a", h);
  g.output("b", clip(x, 1, 0));
  const int third = __LINE__ - 1;
  EXPECT_FALSE(bad.valid() || h.valid() || b.valid());

  std::vector<Diagnostic> found = problems(g);
  ASSERT_EQ(found.size(), 3u) << format(found);
  EXPECT_EQ(found[0].line, first);
  EXPECT_EQ(found[0].message,
            "conv2d weights have 2 input channels, but the input has 3; weights are [O, H, W, I / groups]");
  EXPECT_EQ(found[1].line, second);
  EXPECT_EQ(found[1].message, "conv2d cannot stay binary: zero padding adds a third value to {-1, +1}");
  ASSERT_EQ(found[1].notes.size(), 1u);
  EXPECT_EQ(found[1].notes[0].message, "use Pad::same_plus_one, or keep this layer in 8 bits");
  EXPECT_EQ(found[2].line, third);
  EXPECT_EQ(found[2].message, "clip needs lo <= hi, got [1.000000e+00, 0.000000e+00]");
  for (const Diagnostic &d : found)
    EXPECT_THAT(d.file, testing::EndsWith("DslErrorTest.cpp"));
  EXPECT_THAT(format(found),
              HasSubstr("DslErrorTest.cpp:" + std::to_string(second) + ": note: use Pad::same_plus_one"));
  // Every use throws the same.
  EXPECT_THROW(g.to_mlir(), Error);
  EXPECT_THROW(g.parameters(), Error);
  EXPECT_THROW((void)h.shape(), Error);
  EXPECT_EQ(problems(g).size(), 3u);
  EXPECT_EQ(g.diagnostics().size(), 3u);
}

TEST(Mistakes, ParameterWithAnotherShape) {
  Graph g("net");
  Tensor x = g.input("x", f32, {dyn, 6});
  Tensor a = linear(x, g.param("fc.weight", {6, 6}));
  const int before = __LINE__ - 1;
  g.output("y", linear(a, g.param("fc.weight", {4, 6})));
  const int line = __LINE__ - 1;
  std::vector<Diagnostic> found = problems(g);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, line);
  EXPECT_EQ(found[0].message,
            "parameter \"fc.weight\" has shape [4, 6] here, but [6, 6] before: give one of them another name");
  ASSERT_EQ(found[0].notes.size(), 1u);
  EXPECT_EQ(found[0].notes[0].line, before);
}

TEST(Mistakes, StatesBelongToOneLayer) {
  Graph g("net");
  Tensor x = g.input("x", f32, {dyn, 6});
  Tensor a = batch_norm(x, "bn");
  Tensor b = batch_norm(a, "bn");
  Tensor c = x.fake_quant(quint(8), "x").fake_quant(quint(4), "x");
  Tensor d = g.param("bn.mean", {6});
  EXPECT_TRUE(a.valid());
  EXPECT_FALSE(b.valid() || c.valid() || d.valid());
  auto found = g.diagnostics();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found[0].message, HasSubstr("batch_norm \"bn\" exists already"));
  EXPECT_THAT(found[1].message, HasSubstr("the range \"x.range\" belongs to another quantiser"));
  EXPECT_THAT(found[2].message, HasSubstr("\"bn.mean\" is the state of another layer"));
  EXPECT_EQ(found[2].notes.size(), 1u);
}

TEST(Mistakes, TensorsOfTwoGraphsAndEmptyOnes) {
  Graph a("a"), b("b");
  Tensor x = a.input("x", f32, {dyn, 6}), y = b.input("y", f32, {dyn, 6}), nothing;
  EXPECT_FALSE((x + y).valid());
  EXPECT_FALSE(concat({x, nothing}).valid());
  a.output("o", y);
  a.output("p", nothing);
  auto found = a.diagnostics();
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].message, "add got tensors of two graphs, \"a\" and \"b\"");
  EXPECT_THAT(found[1].message, HasSubstr("concat got an empty Tensor"));
  EXPECT_THAT(found[2].message, HasSubstr("output \"o\" is a tensor of another graph, \"b\""));
  EXPECT_THAT(found[3].message, HasSubstr("output \"p\" is an empty Tensor"));
  EXPECT_THAT(b.diagnostics(), IsEmpty());
  // Where no operand has a graph there is nowhere to collect.
  EXPECT_THROW(relu(nothing), Error);
  EXPECT_THROW(concat({}), Error);
  EXPECT_THROW((void)nothing.shape(), Error);
}

TEST(Mistakes, IncompleteGraphs) {
  Graph empty("empty");
  const int line = __LINE__ - 1;
  auto found = problems(empty);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].line, line);
  EXPECT_EQ(found[0].message, "graph \"empty\" has no input: call input(name, f32, {dyn, ...})");
  EXPECT_EQ(found[1].message, "graph \"empty\" has no output: call output(name, tensor)");
  EXPECT_THAT(empty.diagnostics(), IsEmpty());
  Tensor x = empty.input("x", f32, {dyn, 2});
  empty.output("y", relu(x));
  EXPECT_THAT(problems(empty), IsEmpty());
}

struct OneMistake {
  const char *name;
  Tensor (*call)(Graph &, const Tensor &image, const Tensor &rows);
  const char *message;
};

// Each wrong call on image [dyn, 8, 8, 4] and rows [dyn, 6] gives one message.
class Single : public testing::TestWithParam<OneMistake> {};

TEST_P(Single, GivesOneMessage) {
  Graph g("net");
  Tensor image = g.input("image", f32, {dyn, 8, 8, 4}), rows = g.input("rows", f32, {dyn, 6});
  Tensor result = GetParam().call(g, image, rows);
  EXPECT_FALSE(result.valid());
  g.output("result", relu(result));
  auto found = problems(g);
  ASSERT_EQ(found.size(), 1u) << format(found);
  EXPECT_THAT(found[0].message, HasSubstr(GetParam().message));
  EXPECT_GT(found[0].line, 0);
}

using G = Graph &;
using T = const Tensor &;
constexpr OneMistake mistakes[] = {
    {"GraphInputType", [](G g, T, T) { return g.input("x", ElementType::i32, {dyn, 2}); },
     "has element type i32: graph inputs are f32"},
    {"InputBatch", [](G g, T, T) { return g.input("x", f32, {8, 2}); },
     "input \"x\" has shape [8, 2]: the first dimension is the batch"},
    {"InputExtent", [](G g, T, T) { return g.input("x", f32, {dyn, 0}); }, "has shape [dyn, 0]"},
    {"InputSize", [](G g, T, T) { return g.input("x", f32, {dyn, 1 << 30, 1 << 30}); },
     "input \"x\" has shape [dyn, 1073741824, 1073741824], which is more than 2^40 elements"},
    {"InputDimension", [](G g, T, T) { return g.input("x", f32, {dyn, std::int64_t(1) << 31}); },
     "input \"x\" has shape [dyn, 2147483648]: sizes are at most 2147483647"},
    {"InputRank", [](G g, T, T) { return g.input("x", f32, {dyn, 1, 1, 1, 1, 1, 1, 1, 1}); },
     "input \"x\" has 9 dimensions; tensors have at most 8"},
    {"InputScalar", [](G g, T, T) { return g.input("x", f32, {}); }, "has shape []"},
    {"InputName", [](G g, T, T) { return g.input("an image", f32, {dyn, 2}); }, "is not an identifier"},
    {"InputTwice", [](G g, T, T) { return g.input("image", f32, {dyn, 2}); }, "the name \"image\" is taken"},
    {"ParamName", [](G g, T, T) { return g.param("w:m", {2}); }, "parameter name \"w:m\" is not valid"},
    {"ParamShape", [](G g, T, T) { return g.param("w", {dyn, 2}); }, "has shape [dyn, 2]: every extent is fixed"},
    {"ParamSize", [](G g, T, T) { return g.param("w", {1 << 30, 1 << 30, 1 << 30}); },
     "parameter \"w\" has shape [1073741824, 1073741824, 1073741824], which is more than 2^40 elements"},
    {"ParamRank", [](G g, T, T) { return g.param("w", {1, 1, 1, 1, 1, 1, 1, 1, 1}); },
     "parameter \"w\" has 9 dimensions; tensors have at most 8"},
    {"ParamInit",
     [](G g, T, T) {
       g.param("w", {2});
       return g.param("w", {2}, Initializer::ones);
     },
     "another initial value"},
    {"ConstantType", [](G g, T, T) { return g.constant(Array(ElementType::i8, {2})); }, "a constant is f32, got i8"},
    {"ConstantEmpty", [](G g, T, T) { return g.constant(Array(f32, {0})); }, "cannot hold 0 values"},
    {"ConvRank", [](G g, T, T r) { return conv2d(r, g.param("w", {4, 3, 3, 4}), {.pad = Pad::same}); }, "rank 4"},
    {"ConvWeightRank", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 4}), {.pad = Pad::same}); }, "rank 4"},
    {"ConvStride", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.stride = 0, .pad = Pad::same}); },
     "two strides"},
    {"ConvDilation",
     [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.pad = Pad::same, .dilation = {1, 0}}); },
     "two dilations of at least 1"},
    {"ConvDilatedWindow", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.dilation = 9}); },
     "conv2d window 3 x 3 with dilation 9 x 9 does not fit the padded image"},
    {"ConvHugeDilation",
     [](G g, T x, T) {
       return conv2d(x, g.param("w", {4, 3, 3, 4}), {.pad = Pad::same, .dilation = std::int64_t(1) << 62});
     },
     "does not fit the padded image"},
    {"ConvGroups", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.groups = 3}); }, "3 groups"},
    {"ConvWindow", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 9, 3, 4})); }, "does not fit the padded image"},
    {"ConvNegativePad",
     [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.pad = Pad::amounts(0, -1, 0, 0)}); },
     "padding cannot be negative"},
    {"ConvPlusOne", [](G g, T x, T) { return conv2d(x, g.param("w", {4, 3, 3, 4}), {.pad = Pad::same_plus_one}); },
     "only a binary input may"},
    {"ConvExchanged", [](G g, T x, T) { return conv2d(g.param("w", {4, 3, 3, 4}), x); },
     "conv2d takes weights made of parameters or constants as its second operand"},
    {"LinearActivations", [](G, T, T r) { return linear(r, r); },
     "linear takes weights made of parameters or constants as its second operand"},
    {"LinearBias", [](G g, T, T r) { return linear(r, g.param("w", {3, 6}), g.param("b", {4})); },
     "linear has 3 outputs, but its bias has shape [4]: give one value per output"},
    {"LinearBiasEmpty", [](G g, T, T r) { return linear(r, g.param("w", {3, 6}), Tensor()); },
     "linear got an empty Tensor"},
    {"LinearRank", [](G g, T x, T) { return linear(x, g.param("w", {4, 4})); }, "flatten() a feature map first"},
    {"LinearSize", [](G g, T, T r) { return linear(r, g.param("w", {4, 5})); },
     "linear weights take 5 inputs, but the input has 6"},
    {"BatchNormName", [](G, T, T r) { return batch_norm(r, ""); }, "parameter name \".gamma\" is not valid"},
    {"BatchNormEpsilon", [](G, T, T r) { return batch_norm(r, "bn", {.epsilon = 0}); }, "positive epsilon"},
    {"BatchNormRank", [](G g, T, T) { return batch_norm(g.param("w", {4}), "bn"); }, "last dimension of a batch"},
    {"AddShapes", [](G, T x, T r) { return x + r; }, "the right side needs the same shape"},
    {"MulShapes", [](G g, T, T r) { return r * g.param("w", {5}); }, "the right side needs the same shape"},
    {"PoolRank", [](G, T, T r) { return max_pool2d(r); }, "rank 4"},
    {"PoolWindow", [](G, T x, T) { return max_pool2d(x, {.window = 0}); }, "window sizes"},
    {"PoolFill", [](G, T x, T) { return max_pool2d(x, {.pad = Pad::same_plus_one}); }, "use Pad::same"},
    {"AvgPoolPad", [](G, T x, T) { return avg_pool2d(x, {.window = 3, .pad = Pad::same}); }, "pad first"},
    {"GlobalPoolRank", [](G, T, T r) { return global_avg_pool2d(r); }, "rank 4"},
    {"ReshapeCount", [](G, T, T r) { return reshape(r, {dyn, 4}); }, "the number of elements differs"},
    {"ReshapeBatch", [](G, T, T r) { return reshape(r, {6, dyn}); }, "keeps the batch as the first dimension"},
    {"ReshapeRank", [](G, T, T r) { return reshape(r, {dyn, 6, 1, 1, 1, 1, 1, 1, 1}); },
     "reshape to a tensor that has 9 dimensions; tensors have at most 8"},
    {"ReshapeExtent", [](G, T, T r) { return reshape(r, {dyn, -2, -3}); }, "reshape to an extent of -2"},
    {"ConcatShapes", [](G, T x, T r) { return concat({x, r}); }, "one rank and element type"},
    {"ConcatAxis", [](G, T x, T) { return concat({x, x}, -4); }, "concat axis 0"},
    {"ConcatAxisBelow", [](G, T x, T) { return concat({x, x}, -9); },
     "concat along dimension -9 of tensors with 4 dimensions"},
    {"ConcatAxisAbove", [](G, T x, T) { return concat({x, x}, 4); },
     "concat along dimension 4 of tensors with 4 dimensions"},
    {"PadSizes", [](G, T x, T) { return pad(x, {.low = {0, 1}, .high = {0, 1}}); }, "as many low and high sizes"},
    {"PadBatch", [](G, T, T r) { return pad(r, {.low = {1, 0}, .high = {0, 0}}); }, "the batch is not padded"},
    {"QuantWidth", [](G, T, T r) { return r.fake_quant(qint(9)); }, "1..8 or 16 bits, got 9"},
    {"QuantNegativeWidth", [](G, T, T r) { return r.fake_quant(qint(-1)); }, "1..8 or 16 bits, got -1"},
    {"QuantNarrow", [](G, T, T r) { return r.fake_quant(quint(4).narrow()); }, "only a signed grid can be narrow"},
    {"QuantOneBit", [](G, T, T r) { return r.fake_quant(qint(1)); }, "use sign() for binary values"},
    {"QuantActivationAxis", [](G, T, T r) { return r.fake_quant(qint(8).per_channel(0)); }, "drop .per_channel()"},
    {"QuantWeightAxis", [](G g, T, T) { return g.param("w", {4}).fake_quant(qint(8).per_channel(1)); },
     "per channel 1"},
    {"QuantActivationGroup", [](G, T, T r) { return r.fake_quant(qint(8).per_group(16)); }, "drop .per_group()"},
    {"QuantGroupSize", [](G g, T, T) { return g.param("w", {4, 48}).fake_quant(qint(4).per_group(24)); },
     "a multiple of 16, got 24"},
    {"QuantGroupNegative", [](G g, T, T) { return g.param("w", {4, 48}).fake_quant(qint(4).per_group(-16)); },
     "a multiple of 16, got -16"},
    {"QuantGroupDivides", [](G g, T, T) { return g.param("w", {4, 40}).fake_quant(qint(4).per_group(16)); },
     "in groups of 16 needs a last dimension that they divide, got 40"},
    {"QuantGroupAsymmetric",
     [](G g, T, T) { return g.param("w", {4, 32}).fake_quant(quint(4).asymmetric().per_group(32)); },
     "use .symmetric()"},
    {"GroupScalesOfWindow",
     [](G g, T x, T) {
       Tensor h = conv2d(x, g.param("w", {16, 1, 1, x.shape()[3]}));
       return conv2d(h, g.param("v", {4, 3, 3, 16}).fake_quant(qint(4).per_group(16)));
     },
     "only where the sum runs over the channels of one pixel"},
    {"GroupScalesPadded",
     [](G g, T x, T) {
       Tensor h = conv2d(x, g.param("w", {16, 1, 1, x.shape()[3]}));
       return conv2d(h, g.param("v", {4, 1, 1, 16}).fake_quant(qint(4).per_group(16)),
                     {.pad = Pad::amounts(1, 1, 1, 1)});
     },
     "without padding"},
    {"QuantWeightAsymmetric", [](G g, T, T) { return g.param("w", {4}).fake_quant(quint(8).asymmetric()); },
     "use .symmetric()"},
    {"QuantRangeName", [](G, T, T r) { return r.fake_quant(quint(8), "a b"); },
     "parameter name \"a b.range\" is not valid"},
    {"TernaryScales", [](G g, T, T) { return g.param("w", {4}).ternarize({.threshold = TernaryThreshold::fixed}); },
     "needs .scales"},
    {"TernaryDataScales", [](G g, T, T) { return g.param("w", {4}).ternarize({.scales = {1}}); }, "drop .scales"},
    {"TernaryAxis", [](G g, T, T) { return g.param("w", {4}).ternarize({.axis = 2}); }, "per channel 2"},
    {"ActivationScalesAlongK",
     [](G g, T, T r) {
       return linear(r.fake_quant(quint(8)), g.param("w", {4, 6}).fake_quant(qint(8).per_channel(1)));
     },
     "lies along the sum"},
};
INSTANTIATE_TEST_SUITE_P(Mistakes, Single, testing::ValuesIn(mistakes),
                         [](const auto &info) { return info.param.name; });

TEST(Mistakes, Outputs) {
  Graph g("net");
  Tensor x = g.input("x", f32, {dyn, 6});
  g.output("x", x);
  g.output("a-b", x);
  g.output("w", g.param("w", {2}));
  g.output("y", x);
  g.output("y", x);
  auto found = problems(g);
  ASSERT_EQ(found.size(), 4u) << format(found);
  EXPECT_THAT(found[0].message, HasSubstr("the name \"x\" is taken"));
  EXPECT_THAT(found[1].message, HasSubstr("is not an identifier"));
  EXPECT_THAT(found[2].message, HasSubstr("output \"w\" does not depend on an input"));
  EXPECT_THAT(found[3].message, HasSubstr("the name \"y\" is taken"));
}

TEST(Mistakes, GraphName) {
  Graph g("my net");
  g.output("y", relu(g.input("x", f32, {dyn, 6})));
  auto found = problems(g);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].message, HasSubstr("graph name \"my net\" is not an identifier"));

  // The name as it was written, in later messages too.
  found = problems(Graph("my net"));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_THAT(found[1].message, HasSubstr("graph \"my net\" has no input"));
}

TEST(Mistakes, GraphNamesThatCProgramsUse) {
  auto message = [](const char *name) {
    Graph g(name);
    auto found = g.diagnostics();
    EXPECT_LE(found.size(), 1u);
    return found.empty() ? std::string() : found[0].message;
  };
  for (const char *name : {"int", "class", "co_await", "linux", "NULL", "uint8_t", "INT64_C"})
    EXPECT_THAT(message(name), HasSubstr("is a keyword, type or macro of C or C++; the graph's name")) << name;
  for (const char *name : {"memcpy", "memset", "memmove", "exit", "expf", "malloc", "pthread_create"})
    EXPECT_THAT(message(name), HasSubstr("is a function of the C library")) << name;
  EXPECT_THAT(message("main"), HasSubstr("graph name \"main\" is where a program starts"));
  EXPECT_THAT(message("_start"), HasSubstr("starts with _"));
  EXPECT_THAT(message("nibble_parallel"), HasSubstr("are Nibble's own"));
  for (const char *name : {"small_cnn", "Int", "f", "l", "expff", "memory", "net2", "intent"})
    EXPECT_EQ(message(name), "") << name;
}

} // namespace
