// The innermost loops of a contraction: a tile of rows x 16 accumulators in registers, or of one row x several blocks
// of 16.
#ifndef NIBBLE_COMPILER_CODEGEN_INNERPRODUCT_H
#define NIBBLE_COMPILER_CODEGEN_INNERPRODUCT_H

#include "compiler/Codegen/Contraction.h"

namespace nibble::codegen {

/// Which taps a tile sums: the first of `width` output blocks, [ky0, ky1) x [kx0, kx1), and for each row the input
/// element of tap (0, 0).
struct TileTaps {
  Value block, ky0, ky1, kx0, kx1;
  llvm::SmallVector<Value> base;
  int64_t width = 1;
  int64_t lanes = codegen::lanes; ///< Of vectors while f32 operands are summed: 8 or 16.
  Value ahead; ///< If there is one: so many elements behind the weights in use are prefetched. Of f32 operands.
};

/// For each block and row two vectors of 8 accumulators: f32, or i32 of integer operands.
llvm::SmallVector<Value> innerProduct(Region &r, const ConvShape &shape, const ContractionOperands &operands,
                                      const TileTaps &taps, int64_t pixelStride);

} // namespace nibble::codegen

#endif
