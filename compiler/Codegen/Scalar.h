// Contractions without a register tile: depthwise, vectorised over channels, and the scalar loop that serves every
// other case; and window ops.
#ifndef NIBBLE_COMPILER_CODEGEN_SCALAR_H
#define NIBBLE_COMPILER_CODEGEN_SCALAR_H

#include "compiler/Codegen/Contraction.h"
#include "compiler/Codegen/Elementwise.h"

namespace nibble::codegen {

/// Calls body(column, width) such that every one of `cols` columns is visited, by vectors of at most `widest` lanes of
/// which the last overlaps its neighbour: some columns are visited twice. No more than `unrolled` vectors stand side by
/// side, without a loop. Fewer than 4 columns are visited one by one (width 0).
void overColumns(Region &region, int64_t cols, int64_t widest, int64_t unrolled,
                 llvm::function_ref<void(mlir::Value, int64_t)> body);

/// groups == C == O. Weights: [KH][KW][C] f32 or I8 (field codes are decoded: `operands.code`). `tileRows` is that of
/// contractions: how many rows of 16 accumulators there are registers for.
void emitDepthwise(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape,
                   const ContractionOperands &operands, const Epilogue &epilogue, const Buffer &output, bool batched,
                   int64_t tileRows);

/// Any groups. `input` is evaluated at (pixel, channel), `weights` at (o, (ky * KW + kx) * C / groups + c); integral
/// recipes are summed as i32. Output: F32, I32, I16, U8 (one element at a time).
void emitScalarConv(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape,
                    const Expr &input, const Expr &weights, const Epilogue &epilogue, const Buffer &output,
                    bool batched);

struct PoolShape {
  int64_t H, W, C, OH, OW, KH, KW, SH, SW, PT, PL;
};
/// Largest valid tap; F32, I16, U8 in and out alike, Bits by "and". Vectors of 32 bytes whatever the elements.
void emitMaxPool(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const PoolShape &shape,
                 const Buffer &input, const Buffer &output, bool batched);
/// f32 or integers; where these are stored as bytes, `bytes` holds them plus `zero`, and is read instead.
struct AvgPoolInput {
  Expr elements;
  Buffer bytes = {};
  int64_t zero = 0;
  bool isPacked = false; ///< Elements lie in words of bits or of fields of two bits.
};
/// Mean of all taps (no padding): f32 sums times f32(1 / taps), or exact integer sums times `gridFactor` = f32(s /
/// taps).
void emitAvgPool(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const PoolShape &shape,
                 const AvgPoolInput &input, std::optional<Expr> gridFactor, const Buffer &output, bool batched);
/// Gradients: `out` [n, H, W, C] is zeroed, then windows add in order.
void emitMaxPoolGrad(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const PoolShape &shape,
                     const Expr &input, const Expr &gradient, const Buffer &output, int64_t images);
void emitAvgPoolGrad(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const PoolShape &shape,
                     const Expr &gradient, const Buffer &output, int64_t images);

} // namespace nibble::codegen

#endif
