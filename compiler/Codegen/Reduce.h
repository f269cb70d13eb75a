// Reductions over rows in blocks of 256 (R9), weight gradients among them. Only for static batches.
#ifndef NIBBLE_COMPILER_CODEGEN_REDUCE_H
#define NIBBLE_COMPILER_CODEGEN_REDUCE_H

#include "compiler/Codegen/Contraction.h"
#include "compiler/Codegen/Elementwise.h"

namespace nibble::codegen {

constexpr int64_t rowBlock = 256;

/// Sums each recipe over the rows of [rows, cols]: one f32 buffer of `cols` values for each.
llvm::SmallVector<Buffer> sumRows(Emitter &emitter, llvm::StringRef name, mlir::Location loc, int64_t rows,
                                  int64_t cols, llvm::ArrayRef<Expr> terms);

/// Sum over everything: sequential over a row's columns is not what R9 says, so the tensor is seen as [elements, 1].
Buffer sumAll(Emitter &emitter, llvm::StringRef name, mlir::Location loc, int64_t elements, const Expr &term);

/// Smallest and largest value with +0 among them: a buffer of two values.
Buffer rangeOfAll(Emitter &emitter, llvm::StringRef name, mlir::Location loc, int64_t rows, int64_t cols,
                  const Expr &value);

/// Pairwise combination of `blocks` partial results of `width` values each, into `out`.
void combineBlocks(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const Buffer &partial, int64_t blocks,
                   int64_t width, const Buffer &out);

/// dW[o][ky][kx][c] over the rows (n, y, x) of dY (f32 [n * OH * OW, O]); `input` is evaluated at (pixel, c).
Buffer gradWeight(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape, int64_t images,
                  const Buffer &gradient, const Expr &input, int64_t tileRows);
/// The same for shape.groups > 1: [o][ky][kx][C / groups].
Buffer gradWeightGrouped(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape,
                         int64_t images, const Buffer &gradient, const Expr &input);

} // namespace nibble::codegen

#endif
