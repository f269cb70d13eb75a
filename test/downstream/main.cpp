// A user's program: builds a network, prints its IR, trains, compiles and runs it, and shows what a mistake looks like.
#include <nibble/nibble.h>

#include <cstdio>

using namespace nibble;

static Graph small_cnn() {
  Graph g("small_cnn");
  const auto a8 = quint(8).asymmetric();           // one scale and zero point per tensor
  const auto w4 = qint(4).narrow().per_channel(0); // [-7, 7], one scale per output channel
  Tensor x = g.input("image", f32, {dyn, 28, 28, 1}).fake_quant(a8);
  Tensor h = conv2d(x, g.param("conv1.weight", {16, 3, 3, 1}).fake_quant(w4), {.pad = Pad::same});
  h = relu(batch_norm(h, "bn1")).fake_quant(quint(4));
  h = max_pool2d(h, {.window = 2});
  g.output("logits", linear(flatten(h), g.param("fc.weight", {10, 14 * 14 * 16}).fake_quant(w4)));
  return g;
}

/// The wrong shape of fc.weight, on a line that the message names.
static Graph wrong() {
  Graph g("wrong");
  Tensor x = g.input("image", f32, {dyn, 28, 28, 1});
  g.output("logits", linear(flatten(x), g.param("fc.weight", {10, 700})));
  return g;
}

/// One training step from seeded weights, then frozen, compiled, and run; true if the compiled code gives the same bits
/// as the evaluation of the frozen graph.
static bool train_compile_run(const Graph &graph) {
  Array images(f32, {16, 28, 28, 1}), labels(ElementType::u8, {16});
  Random random(1);
  for (float &pixel : images.span<float>())
    pixel = random.uniform();
  for (std::uint8_t &label : labels.span<std::uint8_t>())
    label = static_cast<std::uint8_t>(random.below(10));
  Trainer trainer(graph, {.batch = 16, .seed = 1});
  StepResult step = trainer.step(images, labels);
  std::printf("loss %.3f, %lld of 16 correct\n", static_cast<double>(step.loss), static_cast<long long>(step.correct));

  Graph frozen = freeze(graph, trainer.weights());
  Model model = compile(frozen, trainer.weights());
  std::printf("%s\n", to_string(model.report()).c_str());
  ObjectCode object = compile_to_object(frozen, trainer.weights(), "x86_64-linux-gnu,+avx2");
  object.save(".");
  return model.run(images) == Evaluator(frozen, trainer.weights()).run(images);
}

int main() {
  try {
    Graph g = small_cnn();
    std::printf("Nibble %s\n%s", version(), g.to_mlir().c_str());
    for (const WeightSpec &p : g.parameters())
      std::printf("parameter %s %s\n", p.name.c_str(), to_string(p.shape).c_str());
    if (!train_compile_run(g)) {
      std::fprintf(stderr, "compiled code and evaluation differ\n");
      return 1;
    }
    std::printf("compiled code and evaluation have the same bits\n");
  } catch (const Error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  try {
    wrong().check();
  } catch (const Error &e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  std::fprintf(stderr, "the mistake was not reported\n");
  return 1;
}
