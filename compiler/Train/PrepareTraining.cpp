// The forward part of a training step: static batch, labels, batch statistics, observed ranges, loss.
#include "compiler/Train/ModelFunction.h"
#include "compiler/Train/Passes.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_PREPARETRAINING
#include "compiler/Train/Passes.h.inc"

/// The result to train on: the named one, else the only one, else the one named "logits".
static FailureOr<Value> findLogits(func::FuncOp function, StringRef name) {
  auto results = getResults(function);
  if (name.empty() && results.size() == 1)
    return results.front().value;
  StringRef wanted = name.empty() ? "logits" : name;
  std::string known;
  for (const FunctionResult &result : results) {
    auto given = result.attributes.getAs<StringAttr>(attr::name);
    if (given && given.getValue() == wanted)
      return result.value;
    known += (known.empty() ? "" : ", ") + (given ? "\"" + given.str() + "\"" : std::string("an unnamed one"));
  }
  return function.emitError("the graph has no result named \"")
         << wanted << "\" to train on; its results are: " << (known.empty() ? "none" : known);
}

static LogicalResult insertLabels(func::FuncOp function, int64_t batch) {
  for (unsigned i = 0, n = function.getNumArguments(); i < n; ++i)
    if (auto name = function.getArgAttrOfType<StringAttr>(i, attr::name))
      if (llvm::is_contained({"labels", "rate", "correction"}, name.getValue()))
        return function.emitError("the graph has an input named \"")
               << name.getValue() << "\", a name that the training step uses itself; rename the input";
  MLIRContext *context = function.getContext();
  return function.insertArgument(function.getNumArguments(),
                                 RankedTensorType::get({batch}, IntegerType::get(context, 32)),
                                 attributeOf(attr::name, StringAttr::get(context, "labels")), function.getLoc());
}

/// Rewrites what trains on a batch. `current` holds the newest value of each state: layers that share one update it in
/// turn.
static void useBatchStatistics(func::FuncOp function, float rangeMomentum, llvm::MapVector<Value, Value> &current) {
  auto newest = [&](Value state) { return current.try_emplace(state, state).first->second; };
  auto isState = [&](Value value) { return value && parameterKind(function, value) == ParamKind::State; };
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    OpBuilder builder(&op);
    if (auto norm = dyn_cast<BatchNormOp>(op); norm && isState(norm.getMean()) && isState(norm.getVariance())) {
      Value mean = norm.getMean(), variance = norm.getVariance();
      auto train =
          BatchNormTrainOp::create(builder, op.getLoc(), norm.getType(), mean.getType(), variance.getType(),
                                   mean.getType(), variance.getType(), norm.getInput(), norm.getGamma(), norm.getBeta(),
                                   newest(mean), newest(variance), norm.getEpsilonAttr(), norm.getMomentumAttr());
      current[mean] = train.getNewMean();
      current[variance] = train.getNewVariance();
      norm.replaceAllUsesWith(train.getResult());
      norm.erase();
    } else if (auto quant = dyn_cast<FakeQuantOp>(op); quant && isState(quant.getRange())) {
      Value range = quant.getRange();
      Value observed = ObserveRangeOp::create(builder, op.getLoc(), range.getType(), quant.getInput(), newest(range),
                                              builder.getF32FloatAttr(rangeMomentum));
      current[range] = observed;
      quant.getRangeMutable().assign(observed);
    }
  }
}

static LogicalResult prepare(func::FuncOp step, const TrainingOptions &options) {
  MLIRContext *context = step.getContext();
  step->setAttr(attr::training, StringAttr::get(context, "forward"));
  if (!(options.rangeMomentum >= 0 && options.rangeMomentum < 1))
    return step.emitError("training needs a range momentum in [0, 1), got ") << options.rangeMomentum;
  if (failed(setBatch(step, options.batch)) || failed(insertLabels(step, options.batch)))
    return failure();
  Value labels = step.getArguments().back();
  if (failed(paramsToArguments(step)))
    return failure();
  FailureOr<Value> logits = findLogits(step, options.logits);
  if (failed(logits))
    return failure();
  auto type = dyn_cast<RankedTensorType>(logits->getType());
  if (!type || type.getRank() != 2 || !type.getElementType().isF32())
    return step.emitError("the graph trains on f32 logits [batch, classes], got ") << logits->getType();
  if (type.getDimSize(0) != options.batch)
    return step.emitError("the graph has ") << type.getDimSize(0) << " rows of logits for a batch of " << options.batch
                                            << "; give its inputs a dynamic batch";

  llvm::MapVector<Value, Value> current;
  useBatchStatistics(step, options.rangeMomentum, current);
  logits = *findLogits(step, options.logits);

  OpBuilder builder(step.getBody().front().getTerminator());
  auto scalar = f32Tensor({}, context);
  Value loss = SoftmaxCrossEntropyOp::create(builder, step.getLoc(), scalar, *logits, labels);
  Value correct = CountCorrectOp::create(builder, step.getLoc(), scalar, *logits, labels);
  SmallVector<FunctionResult> results = {{loss, attributeOf(attr::name, StringAttr::get(context, "loss"))},
                                         {correct, attributeOf(attr::name, StringAttr::get(context, "correct"))}};
  auto states = current.takeVector();
  llvm::sort(states, [](auto &a, auto &b) {
    return cast<BlockArgument>(a.first).getArgNumber() < cast<BlockArgument>(b.first).getArgNumber();
  });
  for (auto &[state, value] : states)
    results.push_back(
        {value, attributeOf(attr::tied, builder.getI64IntegerAttr(cast<BlockArgument>(state).getArgNumber()))});
  setResults(step, results);

  // Results that are not trained on may leave ops without use.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(step.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

FailureOr<func::FuncOp> prepareTraining(ModuleOp module, func::FuncOp model, const TrainingOptions &options) {
  FailureOr<func::FuncOp> step = copyModel(module, model, options.step);
  if (failed(step))
    return failure();
  if (failed(prepare(*step, options))) {
    step->erase();
    return failure();
  }
  return step;
}

namespace {
struct PrepareTrainingPass : impl::PrepareTrainingBase<PrepareTrainingPass> {
  using PrepareTrainingBase::PrepareTrainingBase;
  void runOnOperation() override {
    TrainingOptions options;
    options.step = step;
    options.batch = batch;
    options.logits = logits;
    options.rangeMomentum = rangeMomentum;
    auto function = findModel(getOperation(), model);
    if (failed(function) || failed(prepareTraining(getOperation(), *function, options)))
      signalPassFailure();
  }
};
} // namespace
} // namespace nibble
