// A small network at five precisions and images that it can learn, for the tests of training and compiling.
#pragma once
#include <nibble/nibble.h>

namespace nibble::test {

/// "float", "w8a8", "w4a4", "w2a8" (ternary weights) and "w1a1" (binary weights and activations); first and last layer
/// have 8 bits at least.
std::vector<std::string> precisions();

/// "tiny": "image" [N, 8, 8, 1] -> "logits" [N, 4]; convolutions of 8 and 16 channels and a linear layer.
Graph tinyNet(const std::string &precision);

struct LabelledImages {
  Array images; ///< f32 [N, 8, 8, 1]: noise, and one bright quadrant,
  Array labels; ///< i32 [N]: which one.
};
LabelledImages makeImages(std::int64_t count, std::uint64_t seed);

} // namespace nibble::test
