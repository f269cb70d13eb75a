// The layouts that kernels and ops of the packed stage work on. docs/layouts.md explains them.
#ifndef NIBBLE_COMPILER_PACK_STORAGELAYOUTS_H
#define NIBBLE_COMPILER_PACK_STORAGELAYOUTS_H

#include "compiler/Kernels/Binary.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// Kernels that the compiler makes for any target, as named in a tile's `kernel`.
inline constexpr llvm::StringLiteral portableBinary = "portable_binary", portableI16 = "portable_i16",
                                     portableF32 = "portable_f32", portableF32Packed = "portable_f32_packed",
                                     portableDepthwise = "portable_depthwise", portableScalar = "portable_scalar";

/// Whether `kernel` is one of these; whether there is a kernel of that name.
bool isPortableKernel(llvm::StringRef kernel);
bool isKernel(llvm::StringRef kernel);

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

/// Bits of an element in the packed activations that `kernel` reads: 1 (Storage::Bits), 2 (Fields), or 0 for others.
int packedInputBits(llvm::StringRef kernel);

/// Whether look-up kernels of these elements multiply the operands.
bool lookupTakes(kernels::LookupElements elements, const GridFacts &input, const GridFacts &weight);

/// Whether ternary fields can hold the values of the grid: -1, 0 and 1, or some of them, with 0 for zero.
bool isTernary(const GridFacts &facts);
/// Bits of an element in the smallest packed form that holds activations of the grid; 0 if there is none. Binary ones
/// also fit fields of two bits.
int packedBits(const GridFacts &facts);

/// How activations are stored.
enum class Storage {
  None,  ///< No layout: f32 values and i32 accumulators.
  Words, ///< 16-bit words that hold q - z.
  Bytes, ///< Bytes that hold q - qmin of a grid of at most 256 values.
  Bits,  ///< Sign bits along the last dimension, each row padded to whole 32-bit words.
  Fields ///< Two bits along the last dimension, each row padded likewise: q of a grid of -1, 0 and 1, or q - qmin of
         ///< another of at most four values.
};

/// The layout of a tensor of this rank and quantised element type; an error message where the grid does not fit.
Result<layout::Layout> activationLayout(mlir::Type grid, Storage storage, int64_t rank);

/// The form in which a quantised activation is stored; nothing if the layout is none of the known ones.
std::optional<Storage> storageOf(mlir::RankedTensorType type);

/// How `kernel` wants its activations; None for f32 ones.
Storage inputStorage(llvm::StringRef kernel, mlir::Type element);

/// The layout of `kernel`'s weights [O, KH, KW, C / groups] (f32 or quantised). Not for weights that selection refuses.
layout::Layout weightLayout(llvm::StringRef kernel, mlir::RankedTensorType weights);

/// The layout of a tensor type, or null.
LayoutAttr layoutOf(mlir::Type type);

} // namespace nibble

#endif
