// Training steps of model functions: reverse-mode differentiation and optimiser updates.
//
// A finished step is a pure function
//   @train_step(inputs..., labels: tensor<Bxi32>, rate: tensor<f32>[, correction: tensor<2xf32>], parameters...,
//   slots...)
//     -> (loss: tensor<f32>, correct: tensor<f32>, new values...)
// Argument attributes: `nibble.name` of inputs, "labels", "rate", "correction"; `nibble.param` = name, `nibble.kind`
// (#nibble.kind) and `nibble.init` (#nibble.init) of parameters and slots. The slots of parameter P are "P:m" (momentum
// or first moment) and "P:v" (Adam's second moment), of P's type, kind state, init zeros. Result attributes:
// `nibble.name` of "loss" and "correct"; `nibble.tied` = index (i64) of the argument whose buffer takes the new value,
// in ascending order. `correct` counts rows. `correction` of step t (from 1) is [1 / (1 - beta1^t), 1 / (1 - beta2^t)].
// A parameter without tied result never changes: it is an inference-only state or has no influence on the loss.
#ifndef NIBBLE_TRAIN_TRAIN_H
#define NIBBLE_TRAIN_TRAIN_H

#include "compiler/Train/TrainingOptions.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nibble {

/// Makes the whole step of `model` (unfrozen or frozen) beside it and verifies it. The model stays as it is. Fails with
/// an error at the op in question; the module is then without the step.
mlir::FailureOr<mlir::func::FuncOp> buildTrainingStep(mlir::ModuleOp module, mlir::func::FuncOp model,
                                                      const TrainingOptions &options);

/// Makes @name beside `model`: the same function with parameters as trailing arguments (in order of first use) and a
/// static batch (0: dynamic as before), to evaluate a graph with the trainer's buffers.
mlir::FailureOr<mlir::func::FuncOp> buildEvaluation(mlir::ModuleOp module, mlir::func::FuncOp model,
                                                    llvm::StringRef name, int64_t batch);

// The stages of buildTrainingStep, one pass each (Passes.td).
mlir::FailureOr<mlir::func::FuncOp> prepareTraining(mlir::ModuleOp module, mlir::func::FuncOp model,
                                                    const TrainingOptions &options);
mlir::LogicalResult differentiate(mlir::func::FuncOp step);
mlir::LogicalResult applyOptimizer(mlir::func::FuncOp step, const TrainingOptions &options);
mlir::LogicalResult verifyTrainingStep(mlir::func::FuncOp step);

/// Each `nibble.param` becomes an argument behind the existing ones.
mlir::LogicalResult paramsToArguments(mlir::func::FuncOp function);
/// Gives the dynamic batch dimension of all values the size `batch`.
mlir::LogicalResult setBatch(mlir::func::FuncOp function, int64_t batch);
/// The function of that name; with an empty name the only one with a body that is no training step.
mlir::FailureOr<mlir::func::FuncOp> findModel(mlir::ModuleOp module, llvm::StringRef name);

namespace attr {
inline constexpr llvm::StringLiteral name = "nibble.name", param = "nibble.param", kind = "nibble.kind",
                                     init = "nibble.init", tied = "nibble.tied", gradient = "nibble.gradient",
                                     training = "nibble.training";
} // namespace attr

/// Value of the mark `nibble.training`: "forward", "gradients", "step", or empty.
llvm::StringRef trainingStage(mlir::func::FuncOp function);

} // namespace nibble

#endif
