// The network of the example: four convolutions at a chosen precision.
#ifndef NIBBLE_EXAMPLES_FASHION_MNIST_NETWORK_H
#define NIBBLE_EXAMPLES_FASHION_MNIST_NETWORK_H

#include <nibble/nibble.h>

#include <string>
#include <vector>

namespace fashion {

/// The precisions of the example, in the order of the table.
enum class Precision { f32, w8a8, w4a4, w2a8, w1a1 };

/// "float", "w8a8", ...: name of the model and of its folder.
std::string name_of(Precision precision);
std::vector<Precision> all_precisions();

/// Image [batch, 28, 28, 1] in [0, 1] -> logits [batch, 10]; 3.6 M multiply-accumulates per image. Quantised networks
/// have 8-bit weights and inputs in the first and the last layer.
nibble::Graph network(Precision precision);

} // namespace fashion

#endif
