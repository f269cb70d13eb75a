// Quantisers of constants, evaluated when compiling.
#ifndef NIBBLE_COMPILER_QUANTIZE_STORAGECONSTANTS_H
#define NIBBLE_COMPILER_QUANTIZE_STORAGECONSTANTS_H

#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// The integers q that R1, R3 or R4 give for f32 `values` of this shape, as the value of a nibble.constant with the
/// quantised element type `grid` (known scales). Fails with an error of `op` where the integers fit no storage type.
mlir::FailureOr<mlir::ElementsAttr> quantizeConstant(mlir::Operation *op, llvm::ArrayRef<float> values,
                                                     llvm::ArrayRef<int64_t> shape, mlir::Type grid,
                                                     llvm::StringRef name);

} // namespace nibble

#endif
