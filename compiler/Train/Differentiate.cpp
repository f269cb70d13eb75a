// Reverse-mode differentiation of a forward training function.
#include "compiler/Train/ModelFunction.h"
#include "compiler/Train/Passes.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "compiler/Train/Passes.h.inc"

/// The values that depend on a trainable parameter.
static llvm::DenseSet<Value> findActive(func::FuncOp function) {
  llvm::DenseSet<Value> active;
  for (BlockArgument argument : function.getArguments())
    if (parameterKind(function, argument) == ParamKind::Trainable)
      active.insert(argument);
  for (Operation &op : function.getBody().front())
    if (llvm::any_of(op.getOperands(), [&](Value v) { return active.contains(v); }))
      active.insert(op.result_begin(), op.result_end());
  return active;
}

/// Gradients so far; several of one value add up in the order they arrive.
class Gradients {
public:
  Value lookup(Value value) const { return map.lookup(value); }
  void add(OpBuilder &builder, Location loc, Value value, Value gradient) {
    Value &sum = map[value];
    sum = sum ? AddOp::create(builder, loc, sum.getType(), sum, gradient).getResult() : gradient;
  }

private:
  llvm::DenseMap<Value, Value> map;
};

/// Passes the gradient of one op's result on to its operands.
static LogicalResult step(Operation &op, OpBuilder &builder, const llvm::DenseSet<Value> &active,
                          Gradients &gradients) {
  for (Value result : llvm::drop_begin(op.getResults()))
    if (gradients.lookup(result))
      return op.emitError("lies between the loss and the parameters with its result ")
             << cast<OpResult>(result).getResultNumber() << ", which has no derivative";
  Value gradient = op.getNumResults() ? gradients.lookup(op.getResult(0)) : Value();
  if (!gradient)
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op.emitError("lies between the loss and the parameters but has no derivative");
  SmallVector<bool> needed;
  for (Value operand : op.getOperands())
    needed.push_back(active.contains(operand));
  SmallVector<Value> built = differentiable.buildGradients(builder, gradient, needed);
  if (built.empty())
    return failure();
  for (auto [operand, part, wanted] : llvm::zip_equal(op.getOperands(), built, needed))
    if (wanted && part)
      gradients.add(builder, op.getLoc(), operand, part);
  return success();
}

LogicalResult differentiate(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  Block &body = function.getBody().front();
  auto results = getResults(function);
  auto isLoss = [](const FunctionResult &r) {
    auto name = r.attributes.getAs<StringAttr>(attr::name);
    return name && name.getValue() == "loss";
  };
  auto loss = llvm::find_if(results, isLoss);
  if (loss == results.end() || loss->value.getType() != f32Tensor({}, context))
    return function.emitError("needs a result {nibble.name = \"loss\"} of type tensor<f32> to differentiate");
  llvm::DenseSet<Value> active = findActive(function);
  if (!active.contains(loss->value))
    return function.emitError(
        "the graph has no trainable parameter that its loss depends on, so there is nothing to train");

  OpBuilder builder(body.getTerminator());
  SmallVector<Operation *> forward;
  for (Operation &op : body.without_terminator())
    forward.push_back(&op);
  Gradients gradients;
  gradients.add(builder, function.getLoc(), loss->value,
                ConstantOp::create(builder, function.getLoc(), f32Tensor({}, context),
                                   DenseElementsAttr::get(f32Tensor({}, context), 1.0f)));
  for (Operation *op : llvm::reverse(forward))
    if (failed(step(*op, builder, active, gradients)))
      return failure();

  for (BlockArgument argument : function.getArguments()) {
    if (parameterKind(function, argument) != ParamKind::Trainable)
      continue;
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attr::param);
    if (Value gradient = gradients.lookup(argument))
      results.push_back({gradient, attributeOf(attr::gradient, name)});
    else
      function.emitWarning("parameter ") << name << " has no influence on the loss: training will not change it";
  }
  setResults(function, results);
  function->setAttr(attr::training, StringAttr::get(context, "gradients"));
  return success();
}

namespace {
struct DifferentiatePass : impl::DifferentiateBase<DifferentiatePass> {
  void runOnOperation() override {
    auto marked = findMarked(getOperation(), "forward", "nibble-differentiate");
    if (failed(marked) || llvm::any_of(*marked, [](func::FuncOp f) { return failed(differentiate(f)); }))
      signalPassFailure();
  }
};
} // namespace
} // namespace nibble
