// Reading and making the elements of nibble.constant, in both forms that they have: dense and dense_resource.
#ifndef NIBBLE_COMPILER_GRAPH_ELEMENTS_H
#define NIBBLE_COMPILER_GRAPH_ELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include <optional>
#include <vector>

namespace nibble {

/// The f32 elements in row-major order; nothing if the element type is another one, or a resource has no data or the
/// wrong size.
std::optional<std::vector<float>> readFloats(mlir::ElementsAttr elements);

/// The i8, i16 or i32 elements, sign-extended, in row-major order; nothing as above.
std::optional<std::vector<int32_t>> readIntegers(mlir::ElementsAttr elements);

/// f32 elements of this shape. Up to 8 elements and uniform tensors are written in place, others become a
/// dense_resource called `name` (made unique within the context).
mlir::ElementsAttr makeFloats(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values,
                              llvm::StringRef name);

/// Integers as i8 if they all fit, else as i16; nothing if one fits neither.
std::optional<mlir::ElementsAttr> makeStorage(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape,
                                              llvm::ArrayRef<int32_t> values, llvm::StringRef name);

/// The name of a dense_resource, empty for other elements.
llvm::StringRef resourceName(mlir::ElementsAttr elements);

} // namespace nibble

#endif
