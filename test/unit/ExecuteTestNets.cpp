// The network and its images.
#include "test/unit/ExecuteTestNets.h"

namespace nibble::test {

std::vector<std::string> precisions() { return {"float", "w8a8", "w4a4", "w2a8", "w1a1"}; }

Graph tinyNet(const std::string &precision) {
  const bool quantized = precision != "float";
  const bool binary = precision == "w1a1", ternary = precision == "w2a8";
  const int weightBits = precision == "w4a4" ? 4 : 8, bits = precision == "w4a4" ? 4 : 8;
  auto edge = [&](const Tensor &w) { return quantized ? w.fake_quant(qint(8).narrow().per_channel(0)) : w; };
  auto inner = [&](const Tensor &w) {
    if (binary)
      return w.sign();
    if (ternary)
      return w.ternarize({.axis = 0});
    return quantized ? w.fake_quant(qint(weightBits).narrow().per_channel(0)) : w;
  };
  auto act = [&](const Tensor &x) { return quantized ? x.fake_quant(quint(bits)) : x; };

  Graph g("tiny");
  Tensor x = g.input("image", f32, {dyn, 8, 8, 1});
  if (quantized)
    x = x.fake_quant(quint(8).asymmetric());
  Tensor h = batch_norm(conv2d(x, edge(g.param("conv1.weight", {8, 3, 3, 1})), {.pad = Pad::same}), "bn1");
  h = max_pool2d(binary ? h.sign() : act(relu(h)), {.window = 2});
  h = conv2d(h, inner(g.param("conv2.weight", {16, 3, 3, 8})), {.pad = binary ? Pad::same_plus_one : Pad::same});
  h = batch_norm(h, "bn2");
  h = max_pool2d(quantized ? relu(h).fake_quant(quint(8)) : relu(h), {.window = 2});
  h = linear(flatten(h), edge(g.param("fc.weight", {4, 64})), g.param("fc.bias", {4}, Initializer::zeros));
  g.output("logits", h);
  return g;
}

LabelledImages makeImages(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  LabelledImages made{Array(ElementType::f32, {count, 8, 8, 1}), Array(ElementType::i32, {count})};
  auto pixels = made.images.span<float>();
  auto labels = made.labels.span<std::int32_t>();
  for (std::int64_t n = 0; n < count; ++n) {
    const auto label = static_cast<std::int32_t>(random.below(4));
    labels[static_cast<std::size_t>(n)] = label;
    for (std::int64_t i = 0; i < 64; ++i) {
      const bool bright = i / 32 == label / 2 && i % 8 / 4 == label % 2;
      pixels[static_cast<std::size_t>(n * 64 + i)] = (bright ? 0.4f : 0.0f) + 0.6f * random.uniform();
    }
  }
  return made;
}

} // namespace nibble::test
