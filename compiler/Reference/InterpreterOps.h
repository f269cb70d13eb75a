// What the parts of the interpreter share: one op under evaluation, and small steps over host tensors. Private.
#pragma once
#include "compiler/Reference/Interpreter.h"
#include "compiler/Reference/Numerics.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble::reference {

/// One op under evaluation.
struct Call {
  mlir::Operation *op;
  llvm::SmallVector<const HostTensor *> operands;
  const Parameters *parameters = nullptr;
  std::vector<HostTensor> results = {};

  /// The value of an operand of `op`.
  const HostTensor &of(mlir::Value operand) const;
  mlir::RankedTensorType resultType(unsigned index = 0) const;
  /// Shape of a result, with `batch` for a dynamic first dimension.
  std::vector<int64_t> resultShape(int64_t batch, unsigned index = 0) const;
  /// Appends the next result.
  mlir::LogicalResult give(HostTensor result);
  /// Emits "'op' message" and fails unless `holds`.
  mlir::LogicalResult check(bool holds, const llvm::Twine &message) const;
};

/// Each part executes its own ops; nothing when the op is not one of them.
using Outcome = std::optional<mlir::LogicalResult>;
Outcome evaluateQuantizer(Call &call);
Outcome evaluateContraction(Call &call);
Outcome evaluateLayer(Call &call);
Outcome evaluateMovement(Call &call);
Outcome evaluateTraining(Call &call);
Outcome evaluateContractionGradient(Call &call);
Outcome evaluatePacked(Call &call);

/// Makes `value` fit a type: checks the shape, drops a grid that the type does not name, puts values that come from
/// outside onto the type's grid. `error` starts a message about the value.
mlir::LogicalResult conform(mlir::Type type, HostTensor &value, llvm::function_ref<mlir::InFlightDiagnostic()> error);

/// The tensor that a constant's attribute holds for a result type; still without grid.
mlir::FailureOr<HostTensor> readConstant(mlir::Operation *op, mlir::ElementsAttr value, mlir::RankedTensorType type);

/// The grid of a type with known scales.
HostGrid hostGrid(const GridFacts &facts);

/// Column c of a row-major matrix with `columns` columns, for each c.
std::vector<std::vector<float>> columnsOf(llvm::ArrayRef<float> values, std::size_t columns);

/// values[0] if there is one for all channels, else values[channel].
template <typename Values>
auto pick(const Values &values, std::size_t channel) {
  return values[values.size() == 1 ? 0 : channel];
}

/// Labels of a loss or a count: one class for each row of the logits.
mlir::LogicalResult checkLabels(const Call &call, const HostTensor &logits, const HostTensor &labels);

/// The windows of a pooling op: calls visit(number of the output element, numbers of the valid taps in the order (ky,
/// kx)), outputs in row-major order.
struct Windows {
  llvm::ArrayRef<int64_t> size, strides;
  int64_t top = 0, left = 0, bottom = 0, right = 0;

  std::vector<int64_t> outputShape(llvm::ArrayRef<int64_t> input) const;
  void forEach(llvm::ArrayRef<int64_t> input,
               llvm::function_ref<void(std::size_t, llvm::ArrayRef<std::size_t>)> visit) const;
};

/// The convolution of x [N, H, W, C] with w [O, KH, KW, C / groups] (R7, R9.1): i32 accumulators if `accumulate`, else
/// f32.
mlir::FailureOr<HostTensor> convolve(const Call &call, const HostTensor &x, const HostTensor &w,
                                     llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                                     PaddingAttr padding, int64_t groups, bool accumulate);

/// The constants of a requantisation (R8), by channel or one for all.
struct Epilogue {
  llvm::ArrayRef<float> multiplier, bias, lo, hi;
  const HostTensor *residual = nullptr;
  std::optional<llvm::APFloat> residualMultiplier = std::nullopt;
  std::optional<llvm::ArrayRef<int32_t>> thresholds = std::nullopt, flips = std::nullopt;
  RequantProfile profile = RequantProfile::Float;
};
/// `acc` requantised to the call's result type.
mlir::FailureOr<HostTensor> requantize(const Call &call, const HostTensor &acc, const Epilogue &epilogue);

/// fma(acc, M, B) and the residual of one element: the unrounded, unclamped value of R8.
float requantizedValue(const HostTensor &acc, const Epilogue &epilogue, std::size_t element, std::size_t channel);

} // namespace nibble::reference
