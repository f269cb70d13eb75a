// Questions about tensors of the dialect that verifiers, passes and the interpreter share.
#ifndef NIBBLE_IR_SHAPES_H
#define NIBBLE_IR_SHAPES_H

#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace nibble {

/// True for !quant.uniform (per tensor or per axis), !quant.any, !nibble.binary and !nibble.ternary.
bool isQuantizedType(mlir::Type type);

/// The quantised type that describes the values: the element type if quantised, the grid's type for f32, else null.
mlir::Type gridTypeOf(mlir::Type tensorType);

/// Integer facts of a quantised type.
struct GridFacts {
  int64_t qmin = 0, qmax = 0; ///< Range of q (binary: -1..1, ternary: -1..1).
  unsigned bits = 0;          ///< Logical width (binary 1, ternary 2).
  bool isSigned = true;
  bool binary = false, ternary = false;
  int64_t axis = -1;                ///< Dimension of the scales, -1: one per tensor.
  int64_t group = 0;                ///< Of `axis`, the last dimension: so many neighbours have one scale (R7.5).
  bool known = false;               ///< Scales are constants of the type.
  llvm::SmallVector<float> scales;  ///< One, or one per index of `axis`, or per group; exactly f32. Binary: {1}.
  llvm::SmallVector<int64_t> zeros; ///< As many as scales.
  /// Largest |q - z| over the grid and all zero points.
  int64_t maxMagnitude() const;
};
std::optional<GridFacts> gridFacts(mlir::Type quantizedType);

/// Groups of values with one scale are multiples of this: no vector of any kernel meets two of them.
inline constexpr int64_t groupUnit = 16;
/// The grid of a tensor of `shape` with one scale for each `group` neighbours of its last dimension, which they divide:
/// a !quant.uniform with blocks. Scales are in row-major order.
mlir::Type groupedType(unsigned flags, mlir::Type storage, int64_t qmin, int64_t qmax, llvm::ArrayRef<double> scales,
                       llvm::ArrayRef<int64_t> shape, int64_t group);
/// The same grid for the same elements in the row-major order of another shape, whose last dimension is as long.
mlir::Type groupedTypeOfShape(mlir::Type grouped, llvm::ArrayRef<int64_t> shape);

/// Same tensor with another element type and encoding.
mlir::RankedTensorType withElement(mlir::RankedTensorType type, mlir::Type element, mlir::Attribute encoding = {});
/// f32 tensor of this shape, on the grid when `grid` is given.
mlir::RankedTensorType f32Tensor(llvm::ArrayRef<int64_t> shape, mlir::MLIRContext *context, mlir::Type grid = {});
/// The same tensor off every grid: f32 without encoding.
mlir::RankedTensorType offGrid(mlir::RankedTensorType type);

/// Product of the sizes, a dynamic one counted as 1; none above 2^40, the most elements of a tensor (so that no later
/// product of sizes, in bytes or bits, overflows).
std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> shape);

/// The largest size of a dimension: rows, columns and channels are counted in 32 bits.
inline constexpr int64_t mostOfDimension = INT32_MAX;

/// From the first to the last of `window` taps that lie `dilation` apart, both included: (window - 1) * dilation + 1 (0
/// of no taps), or -1 if that overflows, the window is negative or the dilation below 1.
int64_t windowReach(int64_t window, int64_t dilation);

/// Output length of a window along one dimension, or -1 when the window does not fit, a size is dynamic or negative, or
/// the padded length overflows.
int64_t windowOutput(int64_t input, int64_t before, int64_t after, int64_t window, int64_t stride,
                     int64_t dilation = 1);

} // namespace nibble

#endif
