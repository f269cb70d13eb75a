// Checks that the verifiers of several ops share. Private to the dialect.
#ifndef NIBBLE_IR_VERIFY_H
#define NIBBLE_IR_VERIFY_H

#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// Scales finite, normal, positive, exactly f32 and as many as channels; zero points on the grid.
mlir::LogicalResult verifyTensor(mlir::Operation *op, mlir::Type type, llvm::StringRef what, unsigned index);
/// verifyTensor over all operands and results.
mlir::LogicalResult verifyTensors(mlir::Operation *op);

/// "expects a tensor of rank 4 (N, H, W, C) as input, got ..."; true when fine. Location may be absent (no message then).
bool checkRank(std::optional<mlir::Location> loc, mlir::Type type, int64_t rank, llvm::StringRef role, llvm::StringRef layout);

/// Checks of requantize and of a tile's epilogue: counts, finite constants, clamp range on the grid, thresholds.
mlir::LogicalResult verifyRequantization(mlir::Operation *op, mlir::RankedTensorType result, llvm::ArrayRef<float> multiplier,
                                         llvm::ArrayRef<float> bias, llvm::ArrayRef<float> lo, llvm::ArrayRef<float> hi,
                                         std::optional<llvm::ArrayRef<int32_t>> thresholds, std::optional<llvm::ArrayRef<int32_t>> flips);

} // namespace nibble

#endif
