// What a compilation says about a model, without MLIR: what every layer computes, with which kernel, what memory it
// touches, and which steps of the code belong to it.
#ifndef NIBBLE_COMPILER_REPORT_REPORT_H
#define NIBBLE_COMPILER_REPORT_REPORT_H

#include "compiler/Builder/BuildDiagnostic.h"

#include <cstdint>
#include <optional>

namespace nibble::report {

/// One operand: its shape without the batch, and how its elements are stored.
struct Operand {
  std::string type; ///< "u4", "s8", "binary", "ternary", "f32" or "i32"; empty: there is none.
  std::vector<int64_t> shape;
};

/// One layer of the network: a contraction with its epilogue, or another op that touches memory by itself. What is
/// computed on the way from one layer to the next (relu in front of a pooling layer) is part of its reader.
struct Layer {
  std::string name; ///< Contractions: the weight's name up to its last dot; else the op's, numbered from the second on.
  std::string op;   ///< "conv2d", "linear", "max_pool2d", "quantize", ...
  SourcePlace place;
  std::string kernel;                ///< Contractions only, as the next seven.
  std::string choice;                ///< Why this kernel.
  std::vector<std::string> rejected; ///< "kernel: reason" for each other kernel, in the order in which they are tried.
  std::string window;                ///< "3 x 3 x 1 flattened to 3 runs of 4"; empty where it is as it was written.
  std::string lists; ///< "2103 groups in 712 windows, 7 groups more than the weights fill"; empty for other kernels.
  Operand weight;
  int64_t weightBytes = 0; ///< As packed for the kernel.
  int64_t macs = 0;        ///< Multiply-accumulates for one image; taps in the padding do not count.
  Operand input, output;   ///< Of the first tensor that is read, and of the result.
  /// Memory, known from the kernels stage on. Every buffer that the layer touches counts once and whole: those of
  /// activations (an argument of the entry among them) for one image, constants for a tile of images.
  struct Memory {
    int64_t read = 0, written = 0; ///< Activations.
    int64_t constants = 0;         ///< Weights, scales, biases, thresholds.
    int64_t scratch = 0;           ///< For each thread.
  };
  std::optional<Memory> memory;
};

/// One parallel region of the code. The entry runs them in this order, once for each tile of images.
struct Step {
  std::string name; ///< "conv1.tile"
  size_t layer;     ///< Index of the layer that it belongs to.
};

struct Model {
  std::string name;   ///< Of the function.
  std::string target; ///< In canonical form.
  std::vector<Layer> layers;
  std::vector<Step> steps;
  int64_t constantBytes = 0; ///< All constants of the code.
  int64_t batch = 0;         ///< Images in a tile, or of a training step; 0: not known yet.
  bool training = false;     ///< A training step: it has a fixed batch, and its layers are not listed.
  /// Bytes of the entry's arena: `planned` for all, `scratch` for each thread.
  struct Arena {
    int64_t planned = 0, lowerBound = 0, scratch = 0;
    int64_t bytes(int64_t threads) const { return planned + threads * scratch; }
  };
  Arena arena;
  bool isPlanned = false; ///< `arena` is known: the LLVM stage was reached.
};

} // namespace nibble::report

#endif
