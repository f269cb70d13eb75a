// Layers that the small network does not have: each trained, frozen and compiled, all with the same bits.
#include "test/unit/ExecuteTestSupport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nibble;
using nibble::test::expectSame;
using nibble::test::messageOf;
using testing::HasSubstr;

namespace {

constexpr auto w8 = qint(8).narrow().per_channel(0);

/// Relu, batch norm and an unsigned quantiser.
Tensor norm(const Tensor &x, std::string_view name, int bits = 8) {
  return relu(batch_norm(x, name)).fake_quant(quint(bits));
}

struct Case {
  std::string name;
  std::function<Tensor(Graph &, const Tensor &)> body; ///< From a quantised [N, 9, 9, 3]; ends on a grid.
  bool allowFloat = false;
  std::string kernel = {}; ///< One that a layer must have where the target is AVX2.
};
void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }

std::vector<Case> cases() {
  return {
      {"Strided",
       [](Graph &g, const Tensor &x) {
         return norm(conv2d(x, g.param("a.weight", {5, 3, 3, 3}).fake_quant(w8), {.stride = 2, .pad = Pad::same}),
                     "bn");
       }},
      {"Dilated",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same, .dilation = 2}),
                         "bn1");
         return norm(conv2d(h, g.param("b.weight", {5, 3, 3, 8}).fake_quant(w8), {.stride = 2, .dilation = {3, 1}}),
                     "bn2");
       }},
      {"Residual",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}), "bn1");
         Tensor k = batch_norm(conv2d(h, g.param("b.weight", {8, 3, 3, 8}).fake_quant(w8), {.pad = Pad::same}), "bn2");
         return relu(k + h).fake_quant(quint(8));
       }},
      {"AveragePool",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}), "bn");
         return avg_pool2d(h, {.window = 2}).fake_quant(quint(8));
       }},
      {"GlobalAveragePool",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}), "bn");
         return global_avg_pool2d(h).fake_quant(quint(8));
       }},
      {"Concat",
       [](Graph &g, const Tensor &x) {
         Tensor h = relu(conv2d(x, g.param("a.weight", {4, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}));
         Tensor k = relu(conv2d(x, g.param("b.weight", {6, 1, 1, 3}).fake_quant(w8)));
         return concat({h, k}).fake_quant(quint(8));
       }},
      {"ClipAndPad",
       [](Graph &g, const Tensor &x) {
         Tensor h = conv2d(pad(x, {.low = {0, 1, 1, 0}, .high = {0, 1, 2, 0}}),
                           g.param("a.weight", {4, 3, 3, 3}).fake_quant(w8));
         return clip(h, -0.5f, 1.0f).fake_quant(qint(5));
       }},
      {"OddWidths",
       [](Graph &g, const Tensor &x) {
         Tensor w3 = g.param("a.weight", {9, 3, 3, 3}).fake_quant(qint(3).per_channel(0));
         Tensor h = relu(conv2d(x, w3, {.pad = Pad::same})).fake_quant(quint(5));
         return relu(conv2d(h, g.param("b.weight", {11, 3, 3, 9}).fake_quant(qint(6)))).fake_quant(quint(3));
       }},
      {"SixteenBits",
       [](Graph &g, const Tensor &x) {
         Tensor h =
             conv2d(x, g.param("a.weight", {9, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}).fake_quant(qint(16));
         return relu(conv2d(h, g.param("b.weight", {11, 3, 3, 9}).fake_quant(qint(6)))).fake_quant(qint(8));
       }},
      {"BinaryBlocks",
       [](Graph &, const Tensor &x) {
         return models::binary_block(models::binary_block(x, 33, "b1"), 40, "b2").sign();
       },
       false, "lookup_b1b1_avx2"},
      {"BinaryLinear",
       [](Graph &g, const Tensor &x) {
         Tensor h = flatten(max_pool2d(models::binary_block(x, 33, "b1").sign()));
         h = linear(h, g.param("c.weight", {37, h.shape()[1]}).sign());
         return linear(h.sign(), g.param("d.weight", {9, 37}).sign()).fake_quant(qint(8));
       },
       false, "lookup_b1b1_avx2"},
      {"BinaryPool",
       [](Graph &g, const Tensor &x) {
         Tensor h = max_pool2d(models::binary_block(x, 33, "b1").sign());
         return conv2d(h, g.param("c.weight", {7, 3, 3, 33}).sign()).fake_quant(qint(8));
       }},
      {"TernaryAndPaddedPool",
       [](Graph &g, const Tensor &x) {
         Tensor h = conv2d(x, g.param("a.weight", {9, 3, 3, 3}).ternarize(), {.pad = Pad::same});
         return max_pool2d(h.fake_quant(qint(8)), {.window = 3, .stride = 2, .pad = Pad::same});
       }},
      {"ScalesOfBothSigns",
       [](Graph &g, const Tensor &x) {
         Tensor h = conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same});
         h = h * g.param("scale", {8}) + g.param("offset", {8});
         return max_pool2d(relu(h)).fake_quant(quint(4));
       }},
      {"Asymmetric",
       [](Graph &g, const Tensor &x) {
         Tensor h = conv2d(x, g.param("a.weight", {8, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same});
         h = h.fake_quant(quint(8).asymmetric());
         h = conv2d(h, g.param("b.weight", {16, 3, 3, 8}).fake_quant(w8)).fake_quant(quint(8).asymmetric());
         return conv2d(h, g.param("c.weight", {20, 2, 2, 16}).fake_quant(w8)).fake_quant(quint(4).asymmetric());
       }},
      {"Depthwise",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {37, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}), "bn1");
         h = norm(conv2d(h, g.param("b.weight", {37, 3, 3, 1}).fake_quant(w8), {.pad = Pad::same, .groups = 37}),
                  "bn2");
         h = conv2d(h, g.param("c.weight", {37, 5, 5, 1}).fake_quant(w8), {.pad = Pad::same, .groups = 37});
         return h.fake_quant(quint(8).asymmetric());
       },
       false, "depthwise_u8s8_halves_avx2"},
      {"DepthwiseStrided",
       [](Graph &g, const Tensor &x) {
         Tensor h = conv2d(x, g.param("a.weight", {40, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same});
         h = h.fake_quant(quint(8).asymmetric());
         h = conv2d(h, g.param("b.weight", {40, 5, 5, 1}).fake_quant(w8),
                    {.stride = 2, .pad = Pad::same, .groups = 40});
         h = h.fake_quant(qint(8));
         h = conv2d(h, g.param("c.weight", {40, 2, 3, 1}).fake_quant(w8), {.stride = 2, .groups = 40});
         return relu(h).fake_quant(quint(4));
       },
       false, "depthwise_u8s8_halves_avx2"},
      {"DepthwiseDilatedRows",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {37, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}), "bn1");
         h = conv2d(h, g.param("b.weight", {37, 3, 3, 1}).fake_quant(w8),
                    {.stride = Size2d(2, 1), .pad = Pad::same, .groups = 37, .dilation = Size2d(2, 1)});
         h = norm(h, "bn2");
         h = conv2d(h, g.param("c.weight", {37, 3, 2, 1}).fake_quant(w8), {.groups = 37, .dilation = Size2d(1, 2)});
         return h.fake_quant(quint(8).asymmetric());
       },
       false, "depthwise_u8s8_halves_avx2"},
      {"DepthwiseOfImages",
       [](Graph &g, const Tensor &x) {
         Tensor h = relu(conv2d(x, g.param("b.weight", {40, 1, 1, 3}).fake_quant(w8))).fake_quant(quint(8));
         h = conv2d(h, g.param("a.weight", {40, 9, 9, 1}).fake_quant(w8), {.pad = Pad::same, .groups = 40});
         return relu(h).fake_quant(quint(8));
       }},
      {"GroupScales",
       [](Graph &g, const Tensor &x) {
         Tensor h = norm(conv2d(x, g.param("a.weight", {48, 3, 3, 3}).fake_quant(w8)), "bn1");
         h = norm(conv2d(h, g.param("b.weight", {37, 1, 1, 48}).fake_quant(qint(4).per_group(16)), {.stride = 2}),
                  "bn2");
         h = flatten(pad(h, {.low = {0, 0, 0, 0}, .high = {0, 0, 0, 11}})).fake_quant(qint(8));
         h = linear(h, g.param("c.weight", {35, h.shape()[1]}).fake_quant(qint(2).narrow().per_group(64)));
         h = pad(h.fake_quant(quint(8).asymmetric()), {.low = {0, 0}, .high = {0, 13}});
         return linear(h, g.param("d.weight", {16, 48}).fake_quant(qint(8).per_group(48))).sign();
       }},
      {"GroupScalesOfFloats",
       [](Graph &g, const Tensor &x) {
         Tensor h = relu(conv2d(x, g.param("a.weight", {48, 3, 3, 3}).fake_quant(w8), {.stride = 2}));
         h = relu(conv2d(h, g.param("b.weight", {37, 1, 1, 48}).fake_quant(qint(3).narrow().per_group(16))));
         return h.fake_quant(qint(8));
       },
       true},
      {"SoftmaxBetweenQuantizers",
       [](Graph &g, const Tensor &x) {
         return softmax(conv2d(x, g.param("a.weight", {4, 3, 3, 3}).fake_quant(w8), {.pad = Pad::same}))
             .fake_quant(quint(8));
       },
       true},
  };
}

bool hasAvx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

class CompileLayersTest : public testing::TestWithParam<Case> {};

TEST_P(CompileLayersTest, AgreesInEveryBit) {
  Graph graph("net");
  Tensor h = GetParam().body(graph, graph.input("image", f32, {dyn, 9, 9, 3}).fake_quant(quint(8).asymmetric()));
  h = h.shape().size() == 4 ? flatten(h) : h;
  Tensor weight = graph.param("fc.weight", {4, h.shape()[1]}).fake_quant(w8);
  graph.output("logits", linear(h, weight, graph.param("fc.bias", {4}, Initializer::zeros)));

  constexpr std::int64_t batch = 6;
  test::LabelledImages made{Array(ElementType::f32, {batch, 9, 9, 3}), Array(ElementType::i32, {batch})};
  Random random(5);
  for (float &v : made.images.span<float>())
    v = random.uniform() * 2 - 0.7f;
  for (std::int32_t &v : made.labels.span<std::int32_t>())
    v = static_cast<std::int32_t>(random.below(4));

  const TrainerOptions options{.batch = batch, .optimizer = Sgd{}, .rate = 0.01f, .seed = 3, .threads = 2};
  Trainer trainer(graph, options);
  for (int i = 0; i < 3; ++i)
    test::expectStepAsInterpreted(graph, trainer, options, made, "step " + std::to_string(i));

  Weights weights = trainer.weights();
  Graph frozen = freeze(graph, weights);
  Array expected = Evaluator(frozen, weights, {.batch = 4}).run(made.images);
  constexpr const char *avx2 = "x86_64-linux-gnu,+avx2";
  std::vector<const char *> targets{"native", "x86_64-linux-gnu"};
  if (!GetParam().kernel.empty() && hasAvx2())
    targets.push_back(avx2);
  for (const char *target : targets) {
    CompileOptions how{.target = target, .threads = 2, .batch_tile = 4};
    if (GetParam().allowFloat) {
      EXPECT_THAT(messageOf([&] { compile(frozen, weights, how); }), HasSubstr("allow float"));
      how.allow_float = true;
    }
    Model model = compile(frozen, weights, how);
    const bool software = target == targets[1]; // fused multiply-adds are written out, and reported
    EXPECT_EQ(model.report().remarks.empty(), !how.allow_float && !software) << to_string(model.report());
    expectSame(model.run(made.images), expected, target);
    if (target == avx2) {
      EXPECT_THAT(to_string(model.report()), HasSubstr(": kernel " + GetParam().kernel + " "));
    }
  }
  Trainer last(frozen, weights, options);
  test::expectStepAsInterpreted(frozen, last, options, made, "frozen");
}

INSTANTIATE_TEST_SUITE_P(All, CompileLayersTest, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
