// A user's program: builds a network, prints its IR, and shows what a mistake looks like.
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

int main() {
  try {
    Graph g = small_cnn();
    std::printf("Nibble %s\n%s", version(), g.to_mlir().c_str());
    for (const WeightSpec &p : g.parameters())
      std::printf("parameter %s %s\n", p.name.c_str(), to_string(p.shape).c_str());
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
