// The layouts that kernels and ops of the packed stage work on. docs/layouts.md explains them.
#ifndef NIBBLE_COMPILER_PACK_STORAGELAYOUTS_H
#define NIBBLE_COMPILER_PACK_STORAGELAYOUTS_H

#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// Kernels that the compiler makes for any target, as named in a tile's `kernel`.
inline constexpr llvm::StringLiteral portableBinary = "portable_binary", portableI16 = "portable_i16",
                                     portableF32 = "portable_f32", portableF32Packed = "portable_f32_packed",
                                     portableDepthwise = "portable_depthwise", portableScalar = "portable_scalar";

/// Whether `kernel` is one of those that multiply unsigned bytes by signed bytes: of the manifest (compiler/Kernels),
/// a listed or a depthwise one.
bool isByteKernel(llvm::StringRef kernel);

/// Whether `kernel` is one of the manifest that sums groups of k with scales of their own (R7.5).
bool scalesGroups(llvm::StringRef kernel);

/// Whether `kernel` is one of the depthwise kernels (compiler/Kernels/Depthwise.h).
bool isDepthwiseKernel(llvm::StringRef kernel);

/// Whether `kernel` is one of the listed kernels (compiler/Kernels/Listed.h).
bool isListedKernel(llvm::StringRef kernel);

/// Whether `kernel` is one of the look-up kernels (compiler/Kernels/Binary.h).
bool isLookupKernel(llvm::StringRef kernel);

/// Whether `kernel` multiplies bits: both operands are binary. Whether it multiplies ternary fields.
bool isBinaryKernel(llvm::StringRef kernel);
bool isTernaryKernel(llvm::StringRef kernel);

/// Whether ternary fields can hold the values of the grid: -1, 0 and 1, or some of them, with 0 for zero.
bool fitsFields(const GridFacts &facts);

/// How activations are stored.
enum class Storage {
  None,  ///< No layout: f32 values and i32 accumulators.
  Words, ///< 16-bit words that hold q - z.
  Bytes, ///< Bytes that hold q - qmin of a grid of at most 256 values.
  Bits,  ///< Sign bits along the last dimension, each row padded to whole 32-bit words.
  Fields ///< Values -1, 0 and 1 in two bits along the last dimension, each row padded likewise.
};

/// The layout of a tensor of this rank and quantised element type; an error message where the grid does not fit.
Result<layout::Layout> activationLayout(mlir::Type grid, Storage storage, int64_t rank);

/// How `kernel` wants its activations; None for f32 ones.
Storage inputStorage(llvm::StringRef kernel, mlir::Type element);

/// The layout of `kernel`'s weights [O, KH, KW, C / groups] (f32 or quantised). Not for weights that selection refuses.
layout::Layout weightLayout(llvm::StringRef kernel, mlir::RankedTensorType weights);

/// Whether the storage of a result of reshape, max_pool2d, pad or concat with `bits` (1 or 2) an element is made of
/// whole 32-bit words of its operands, so that the op can work on Storage::Bits or Fields.
bool keepsWholeWords(mlir::Operation *op, int bits);

/// The layout of a tensor type, or null.
LayoutAttr layoutOf(mlir::Type type);

} // namespace nibble

#endif
