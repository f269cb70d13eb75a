// What the derivatives of the ops share. Private to the dialect.
#ifndef NIBBLE_IR_GRADIENTS_H
#define NIBBLE_IR_GRADIENTS_H

#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// Type of the gradient of a value: f32, off every grid, of the same shape (also for an i32 accumulator).
mlir::RankedTensorType gradientType(mlir::Value value);

} // namespace nibble

#endif
