// Ready-made networks and blocks.
#ifndef NIBBLE_MODELS_H
#define NIBBLE_MODELS_H

#include <nibble/graph.h>

namespace nibble::models {

struct MlpOptions {
  std::int64_t inputs = 28 * 28;
  std::vector<std::int64_t> hidden = {256, 256};
  std::int64_t classes = 10;
  QType weights = qint(8).narrow().per_channel(0);
  QType activations = quint(8);
};

/// A multi-layer perceptron "mlp": "image" [N, inputs] -> "logits" [N, classes]. Each hidden layer fcN (from 1) is
/// linear, batch norm bnN and relu; the last one, fc, is linear with a bias. Weights, the input (asymmetric) and every
/// layer's output are quantised.
Graph mlp(const MlpOptions &options = {});

/// A small convolutional network "small_cnn" for 28 x 28 grey images: "image" [N, 28, 28, 1] -> "logits" [N, 10]. One 3
/// x 3 convolution of 16 channels with batch norm, relu and max pooling, then a linear layer; weights of 4 bits,
/// activations of 4 (input: 8).
Graph small_cnn();

/// sign, 3 x 3 convolution with binary weights NAME.weight and padding +1, batch norm NAME: [N, H, W, C] -> [N, H, W,
/// channels].
Tensor binary_block(const Tensor &x, std::int64_t channels, std::string_view name,
                    std::source_location where = std::source_location::current());

} // namespace nibble::models

#endif // NIBBLE_MODELS_H
