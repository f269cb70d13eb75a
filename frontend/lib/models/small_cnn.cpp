// A small convolutional network, written once: the number formats are part of it.
#include <nibble/models.h>
#include <nibble/ops.h>

namespace nibble::models {

Graph small_cnn() {
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

} // namespace nibble::models
