// The mistakes of docs/quickstart.md, and what Nibble says about each.
#include <nibble/nibble.h>

#include <cstdio>
#include <functional>

using namespace nibble;

Tensor binary_layer(const Tensor &x) {
  Tensor w = x.graph().param("conv1.weight", {32, 3, 3, 16}).sign();
  return conv2d(x.sign(), w, {.pad = Pad::same});
}

Graph two_mistakes() {
  Graph g("two_mistakes");
  Tensor h = binary_layer(g.input("image", f32, {dyn, 28, 28, 16}));
  Tensor x = g.input("features", f32, {dyn, 784});
  g.output("h", h);
  g.output("logits", linear(x, g.param("fc.weight", {10, 700})));
  return g;
}

Graph float_between() {
  Graph g("float_between");
  Tensor x = g.input("x", f32, {dyn, 16}).fake_quant(quint(8));
  Tensor h = linear(x, g.param("fc1.weight", {16, 16}).fake_quant(qint(8).narrow().per_channel(0)));
  h = softmax(h).fake_quant(quint(8));
  g.output("logits", linear(h, g.param("fc2.weight", {10, 16}).fake_quant(qint(8).narrow().per_channel(0))));
  return g;
}

Graph precise() {
  Graph g("precise");
  Tensor x = g.input("x", f32, {dyn, 16}).fake_quant(qint(16).per_channel(1));
  g.output("logits", linear(x, g.param("fc.weight", {10, 16}).fake_quant(qint(16).narrow())));
  return g;
}

/// Weights after one step on zeros.
Weights one_step(const Graph &graph, Shape image) {
  image.insert(image.begin(), 4);
  Trainer trainer(graph, {.batch = 4, .threads = 1});
  trainer.step(Array(f32, image), Array(ElementType::u8, {4}));
  return trainer.weights();
}

void show(const char *what, const std::function<void()> &body) {
  try {
    body();
    std::printf("== %s\nno error\n", what);
  } catch (const Error &error) {
    std::printf("== %s\n%s\n", what, error.what());
  }
}

int main() {
  show("mistakes in a model", [] { two_mistakes().check(); });
  Graph graph = float_between();
  Weights weights = one_step(graph, {16});
  show("not frozen", [&] { compile(graph, weights); });
  Graph frozen = freeze(graph, weights);
  show("float between two quantisers", [&] { compile(frozen, weights); });
  show("unknown target", [&] { compile_to_object(frozen, weights, "x86_64-linux-gnu,+axv2"); });
  show("no data yet", [&] { freeze(graph, Trainer(graph).weights()); });
  show("wrong weights", [&] {
    Weights other;
    other.set("fc1.weight", Array(f32, {16, 8}));
    other.set("fc3.weight", Array(f32, {1}));
    Trainer(graph).load(other);
  });
  show("wrong input", [&] { compile(frozen, weights, {.allow_float = true}).run(Array(f32, {4, 15})); });
  show("a missing file", [] { Weights::load("nothing.safetensors"); });
  show("not yet", [] { Trainer{precise()}; });
}
