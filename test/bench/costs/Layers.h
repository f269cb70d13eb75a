// The layers on which kernels are measured.
#ifndef NIBBLE_TEST_BENCH_COSTS_LAYERS_H
#define NIBBLE_TEST_BENCH_COSTS_LAYERS_H

#include "compiler/Kernels/Costs.h"

#include <string>
#include <vector>

namespace nibble::bench {

struct LayerShape {
  int64_t height, width, channels, outputs, window;
  bool depthwise = false;
  int activationBits = 8; ///< Of byte kernels: 4 bits need no widening of 16-bit sums.

  bool flat() const { return window == 1; }
  kernels::Work work() const;
  std::string text() const;
};

/// Layers for the kernel: of one row (linear ones) or of several.
std::vector<LayerShape> layersFor(const std::string &kernel, bool oneRow);

/// Other layers, for the same operands.
std::vector<LayerShape> layersToVerify(const std::string &kernel);

/// A module of one function with a nibble.tile that the kernel can compute: operands as it wants them, the result in
/// the format of the input.
std::string layerText(const std::string &kernel, const LayerShape &shape);

} // namespace nibble::bench

#endif
