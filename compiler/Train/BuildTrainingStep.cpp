// The stages of a training step in order.
#include "compiler/Train/Train.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace nibble {

FailureOr<func::FuncOp> buildTrainingStep(ModuleOp module, func::FuncOp model, const TrainingOptions &options) {
  FailureOr<func::FuncOp> step = prepareTraining(module, model, options);
  if (failed(step))
    return failure();
  if (failed(differentiate(*step)) || failed(applyOptimizer(*step, options)) || failed(verify(*step)) ||
      failed(verifyTrainingStep(*step))) {
    step->erase();
    return failure();
  }
  return step;
}

} // namespace nibble
