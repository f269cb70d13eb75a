// Checks that the verifiers of several ops share. Private to the dialect.
#ifndef NIBBLE_IR_VERIFY_H
#define NIBBLE_IR_VERIFY_H

#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// A tensor that the dialect can work on: only dimension 0 dynamic, no empty dimension, at most 2^40 elements and
/// mostOfDimension in each dimension; f32, i32 or quantised elements; scales finite, normal, positive, exactly f32 and
/// as many as channels; zero points on the grid.
mlir::LogicalResult verifyTensor(mlir::Operation *op, mlir::Type type, llvm::StringRef what, unsigned index);
/// verifyTensor over all operands and results, and the result types of an op that infers them. Verifiers call it first,
/// so that what follows can rely on it; inference itself comes before and must stand any type.
mlir::LogicalResult verifyTensors(mlir::Operation *op);

/// "[?, 28, 28, 1]" and "?" or "28", for messages.
std::string shapeText(llvm::ArrayRef<int64_t> shape);
std::string sizeText(int64_t size);

/// "conv2d needs an input of rank 4 (N, H, W, C), got ..."; true when fine. Location may be absent (no message then).
bool checkRank(std::optional<mlir::Location> loc, llvm::StringRef name, mlir::Type type, int64_t rank,
               llvm::StringRef role, llvm::StringRef layout);

/// An image [N, H, W, C] with padding has at most 2^40 elements, so that no position in it overflows.
mlir::LogicalResult checkPaddedImage(std::optional<mlir::Location> loc, llvm::StringRef name,
                                     llvm::ArrayRef<int64_t> image, PaddingAttr padding);

/// Result shape of a pool over `input` [N, H, W, C], with static H and W.
mlir::FailureOr<llvm::SmallVector<int64_t>> poolShape(std::optional<mlir::Location> loc, llvm::StringRef name,
                                                      mlir::RankedTensorType input, llvm::ArrayRef<int64_t> window,
                                                      llvm::ArrayRef<int64_t> strides, PaddingAttr padding);

/// Axis, scales and zero points of a uniform quantiser of `input`.
mlir::LogicalResult checkQuantizer(std::optional<mlir::Location> loc, llvm::StringRef name,
                                   mlir::RankedTensorType input, QuantizerAttr quantizer,
                                   std::optional<llvm::ArrayRef<float>> scales,
                                   std::optional<llvm::ArrayRef<int64_t>> zeroPoints);
/// Which of range and scales go together.
mlir::LogicalResult verifyQuantizerForm(mlir::Operation *op, mlir::Value range, QuantizerAttr quantizer,
                                        std::optional<llvm::ArrayRef<float>> scales);
/// Axis, scales and rule of a ternary quantiser of `input`.
mlir::LogicalResult checkTernary(std::optional<mlir::Location> loc, llvm::StringRef name, mlir::RankedTensorType input,
                                 TernaryRule rule, std::optional<int64_t> axis,
                                 std::optional<llvm::ArrayRef<float>> scales);

/// `count` is 1 or the size of the last dimension of `type`.
mlir::LogicalResult checkChannels(mlir::Operation *op, llvm::StringRef name, size_t count, mlir::RankedTensorType type);
/// The accumulator and the residual that a requantisation reads, and the factor of the residual.
mlir::LogicalResult verifyRequantizeOperands(mlir::Operation *op, mlir::Value input, mlir::Value residual,
                                             std::optional<llvm::APFloat> factor);
/// Residual of a requantisation or of a tile's epilogue: f32 or of a known grid, with a finite factor.
mlir::LogicalResult verifyResidual(mlir::Operation *op, llvm::ArrayRef<int64_t> shape, mlir::Value residual,
                                   std::optional<llvm::APFloat> factor);
/// Checks of requantize and of a tile's epilogue: counts, finite constants, clamp range on the grid, thresholds.
mlir::LogicalResult verifyRequantization(mlir::Operation *op, mlir::RankedTensorType result,
                                         llvm::ArrayRef<float> multiplier, llvm::ArrayRef<float> bias,
                                         llvm::ArrayRef<float> lo, llvm::ArrayRef<float> hi,
                                         std::optional<llvm::ArrayRef<int32_t>> thresholds,
                                         std::optional<llvm::ArrayRef<int32_t>> flips);

} // namespace nibble

#endif
