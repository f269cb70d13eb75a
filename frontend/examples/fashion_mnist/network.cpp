// Four convolutions, each followed by batch normalisation, an activation on the grid of the next layer, and pooling.
#include "frontend/examples/fashion_mnist/network.h"

using namespace nibble;

namespace fashion {

std::string name_of(Precision precision) {
  switch (precision) {
  case Precision::f32:
    return "float";
  case Precision::w8a8:
    return "w8a8";
  case Precision::w4a4:
    return "w4a4";
  case Precision::w2a8:
    return "w2a8";
  case Precision::w1a1:
    return "w1a1";
  }
  return "";
}

std::vector<Precision> all_precisions() {
  return {Precision::f32, Precision::w8a8, Precision::w4a4, Precision::w2a8, Precision::w1a1};
}

namespace {

const QType weight8 = qint(8).narrow().per_channel(0);

/// Weights of a middle layer.
Tensor middle_weight(Precision p, const Tensor &w) {
  switch (p) {
  case Precision::f32:
    return w;
  case Precision::w8a8:
    return w.fake_quant(weight8);
  case Precision::w4a4:
    return w.fake_quant(qint(4).narrow().per_channel(0));
  case Precision::w2a8:
    return w.ternarize({.axis = 0});
  case Precision::w1a1:
    return w.sign();
  }
  return w;
}

/// What the next middle layer reads: relu on an unsigned grid, or a sign.
Tensor activation(Precision p, const Tensor &x) {
  switch (p) {
  case Precision::f32:
    return relu(x);
  case Precision::w4a4:
    return relu(x).fake_quant(quint(4));
  case Precision::w1a1:
    return x.sign();
  default:
    return relu(x).fake_quant(quint(8));
  }
}

} // namespace

Graph network(Precision p) {
  Graph g("fashion_" + name_of(p));
  const bool quantized = p != Precision::f32;
  const Pad pad = p == Precision::w1a1 ? Pad::same_plus_one : Pad::same;

  Tensor x = g.input("image", f32, {dyn, 28, 28, 1});
  Tensor w1 = g.param("conv1.weight", {32, 3, 3, 1});
  if (quantized) {
    x = x.fake_quant(quint(8));
    w1 = w1.fake_quant(weight8);
  }
  Tensor h = batch_norm(conv2d(x, w1, {.pad = Pad::same}), "bn1");
  h = max_pool2d(activation(p, h), {.window = 2});

  h = conv2d(h, middle_weight(p, g.param("conv2.weight", {32, 3, 3, 32})), {.pad = pad});
  h = max_pool2d(activation(p, batch_norm(h, "bn2")), {.window = 2});

  h = conv2d(h, middle_weight(p, g.param("conv3.weight", {64, 3, 3, 32})), {.pad = pad});
  h = max_pool2d(activation(p, batch_norm(h, "bn3")), {.window = 2});

  h = conv2d(h, middle_weight(p, g.param("conv4.weight", {128, 3, 3, 64})), {.pad = pad});
  h = relu(batch_norm(h, "bn4"));

  Tensor w5 = g.param("fc.weight", {10, 128});
  if (quantized) {
    h = global_avg_pool2d(h.fake_quant(quint(8))).fake_quant(quint(8));
    w5 = w5.fake_quant(weight8);
  } else {
    h = global_avg_pool2d(h);
  }
  g.output("logits", linear(h, w5, g.param("fc.bias", {10}, Initializer::zeros)));
  return g;
}

} // namespace fashion
