// A multi-layer perceptron with quantised weights and activations.
#include <nibble/models.h>
#include <nibble/ops.h>

namespace nibble::models {

Graph mlp(const MlpOptions &options) {
  Graph g("mlp");
  Tensor h = g.input("image", f32, {dyn, options.inputs}).fake_quant(quint(8).asymmetric());
  std::int64_t width = options.inputs;
  for (std::size_t i = 0; i < options.hidden.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    Tensor w = g.param("fc" + n + ".weight", {options.hidden[i], width}).fake_quant(options.weights);
    h = relu(batch_norm(linear(h, w), "bn" + n)).fake_quant(options.activations);
    width = options.hidden[i];
  }
  Tensor w = g.param("fc.weight", {options.classes, width}).fake_quant(options.weights);
  g.output("logits", linear(h, w, g.param("fc.bias", {options.classes}, Initializer::zeros)));
  return g;
}

} // namespace nibble::models
