// The ops that R8 folds between a contraction and the next quantiser, seen as arithmetic per channel.
#ifndef NIBBLE_COMPILER_GRAPH_STEPS_H
#define NIBBLE_COMPILER_GRAPH_STEPS_H

#include "compiler/Graph/Weights.h"
#include "compiler/Reference/Freeze.h"

namespace nibble {

/// add, mul, batch_norm, relu or clip with constant operands. Channels are the last dimension.
struct Step {
  enum Kind { Add, Multiply, BatchNorm, Clip };
  Kind kind;
  mlir::Value input;
  std::vector<float> values = {};                                     ///< Add, Multiply: one value, or one per channel.
  std::vector<float> gamma = {}, beta = {}, mean = {}, variance = {}; ///< BatchNorm.
  float epsilon = 0.0f;
  float lo = 0.0f, hi = 0.0f; ///< Clip; relu is [0, inf].

  /// Treats all channels alike.
  bool isUniform() const { return kind == Clip || (kind != BatchNorm && values.size() == 1); }
  /// Never decreases, so it commutes with a maximum.
  bool isMonotone() const;
  /// Only adds or clamps: the factor of an earlier residual stays the same for all channels.
  bool keepsScale() const { return kind == Add || kind == Clip || (kind == Multiply && values.size() == 1); }
  void apply(reference::FrozenChain &chain, int64_t channel) const;
};

/// The op as a step, or nothing if it is another op or one of its operands is not constant.
std::optional<Step> stepOf(mlir::Operation *op, const ConstantReader &reader);

/// A quantiser with constant scales that ends a chain.
struct Terminal {
  bool isSign = false;
  reference::Grid grid{-1, 1};
  std::vector<reference::QuantParams> params = {{1.0f, 0}}; ///< One, or one per channel.
};

/// The op as the end of a chain, or nothing: it is no quantiser, its scale is not constant or runs along another
/// dimension than the last.
std::optional<Terminal> terminalOf(mlir::Operation *op);

/// add, mul, batch_norm, relu, clip: what may be a step if its operands are constant.
bool isStepLike(mlir::Operation *op);
bool isQuantizer(mlir::Operation *op);
bool isAveragePool(mlir::Operation *op);

/// True if the value comes, through steps, pools and shape ops with one use each, from a contraction or average
/// pooling.
bool comesFromChainStart(mlir::Value value);

/// Infers the op's result types again after its operands have changed. Reshape keeps its shape and takes its operand's
/// grid.
mlir::LogicalResult inferAgain(mlir::Operation *op);

} // namespace nibble

#endif
