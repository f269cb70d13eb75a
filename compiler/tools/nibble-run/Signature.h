// What a function takes and gives, as a user of nibble-run sees it.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_SIGNATURE_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_SIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <nibble/array.h>
#include <optional>
#include <string>
#include <vector>

namespace nibble::tools {

struct Port {
  std::string name;               ///< nibble.name, the parameter's name, or "argument0", "result0", ...
  ElementType type;               ///< f32 or i32
  Shape shape;                    ///< -1: dynamic.
  std::optional<unsigned> tiedTo; ///< Results of training steps: the argument whose buffer takes the value.
};

struct Signature {
  std::string name;
  std::vector<Port> inputs, outputs;
  int64_t tile = 0; ///< Images that the function computes, where its batch is tiled; the batch of the ports is dynamic.
};

/// An error at the function if a tensor cannot come from or go to a file.
mlir::FailureOr<Signature> signatureOf(mlir::func::FuncOp function);

/// "f32 [?, 28, 28, 1]"
std::string textOf(ElementType type, const Shape &shape);

} // namespace nibble::tools

#endif
