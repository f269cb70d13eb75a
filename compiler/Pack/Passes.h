// Passes from the quantized stage to the packed stage.
#ifndef NIBBLE_COMPILER_PACK_PASSES_H
#define NIBBLE_COMPILER_PACK_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Pack/Passes.h.inc"

/// The most images at a time for which kernels are chosen (option `images`).
inline constexpr int64_t mostImages = 1 << 20;

/// Discardable attribute that nibble-assign-layouts sets and nibble-materialize-layouts consumes: an array with one
/// entry per operand, then one per result; each a #nibble.layout or unit.
inline constexpr llvm::StringLiteral layoutsAttrName = "nibble.layouts";

/// Discardable attribute that nibble-flatten-windows sets: [W, C, KW, SW, DW, left padding] of the tile as it was.
inline constexpr llvm::StringLiteral flattenedAttrName = "nibble.flattened";

/// Discardable attribute that nibble-select-kernels sets on tiles of listed kernels (compiler/Kernels/Listed.h):
/// [groups, windows, bytes] of the lists that the weights become.
inline constexpr llvm::StringLiteral listedAttrName = "nibble.listed";

/// Discardable attribute with the name of the kernel that nibble-select-kernels is to take for a contraction or tile.
inline constexpr llvm::StringLiteral givenKernelAttrName = "nibble.given_kernel";

/// Discardable attribute with the nanoseconds that kernels took for a contraction or tile: a dictionary of f64, by
/// which nibble-select-kernels chooses then. A unit attribute `cached` in it: they were measured earlier.
inline constexpr llvm::StringLiteral measuredAttrName = "nibble.measured";

/// Discardable attribute that nibble-select-kernels sets, unless it is there: why the kernel was chosen, for reports.
inline constexpr llvm::StringLiteral choiceAttrName = "nibble.choice";

} // namespace nibble

#endif
