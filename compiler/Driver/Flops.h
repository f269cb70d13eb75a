// How much arithmetic a function does. Private to this folder.
#ifndef NIBBLE_COMPILER_DRIVER_FLOPS_H
#define NIBBLE_COMPILER_DRIVER_FLOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nibble::driver {

/// Multiply-accumulates of all contractions and their gradients in a function with static shapes. Padded taps do not
/// count.
int64_t multiplyAccumulates(mlir::func::FuncOp function);

} // namespace nibble::driver

#endif
