// Passes of the tiled stage: the batch, and the places of buffers.
#ifndef NIBBLE_COMPILER_TILE_PASSES_H
#define NIBBLE_COMPILER_TILE_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include <memory>

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Tile/Passes.h.inc"

/// Attribute of a function whose batch is tiled: the number of images that its body computes, an i64.
inline constexpr llvm::StringLiteral batchTileAttrName = "nibble.batch_tile";

} // namespace nibble

#endif
