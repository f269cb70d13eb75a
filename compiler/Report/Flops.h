// How much arithmetic a function or a layer does.
#ifndef NIBBLE_COMPILER_REPORT_FLOPS_H
#define NIBBLE_COMPILER_REPORT_FLOPS_H

#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nibble::report {

/// Multiply-accumulates of all contractions and their gradients in a function with static shapes. Padded taps do not
/// count.
int64_t multiplyAccumulates(mlir::func::FuncOp function);

/// Those of a tile op for one image; padded taps do not count.
int64_t multiplyAccumulatesPerImage(TileOp tile);

} // namespace nibble::report

#endif
