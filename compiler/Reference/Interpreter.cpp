// The interpreter's loop over the ops of a function.
#include "compiler/Reference/InterpreterOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace nibble::reference {

const HostTensor &Call::of(Value operand) const {
  auto all = op->getOperands();
  return *operands[static_cast<std::size_t>(llvm::find(all, operand) - all.begin())];
}

RankedTensorType Call::resultType(unsigned index) const {
  return cast<RankedTensorType>(op->getResult(index).getType());
}

std::vector<int64_t> Call::resultShape(int64_t batch, unsigned index) const {
  std::vector<int64_t> shape(resultType(index).getShape());
  if (!shape.empty() && ShapedType::isDynamic(shape[0]))
    shape[0] = batch;
  return shape;
}

LogicalResult Call::give(HostTensor result) {
  results.push_back(std::move(result));
  return success();
}

LogicalResult Call::check(bool holds, const Twine &message) const {
  return holds ? success() : op->emitOpError(message);
}

static Outcome evaluateConstant(Call &call) {
  ElementsAttr value;
  if (auto constant = dyn_cast<nibble::ConstantOp>(call.op))
    value = constant.getValue();
  else if (auto constant = dyn_cast<arith::ConstantOp>(call.op))
    value = dyn_cast<ElementsAttr>(constant.getValue());
  if (!value)
    return std::nullopt;
  auto tensor = readConstant(call.op, value, call.resultType());
  return failed(tensor) ? failure() : call.give(std::move(*tensor));
}

static Outcome evaluateParameter(Call &call) {
  auto param = dyn_cast<ParamOp>(call.op);
  if (!param)
    return std::nullopt;
  if (!call.parameters)
    return param.emitOpError("@") << param.getName() << " has no value: no parameters were given";
  auto found = call.parameters->find(param.getName().str());
  if (found == call.parameters->end())
    return param.emitOpError("@") << param.getName() << " has no value among the given parameters";
  return call.give(found->second);
}

static LogicalResult evaluate(Call &call) {
  for (auto part : {evaluateConstant, evaluateParameter, evaluateQuantizer, evaluateContraction, evaluateLayer,
                    evaluateMovement, evaluateTraining, evaluateContractionGradient, evaluatePacked})
    if (Outcome outcome = part(call))
      return *outcome;
  return call.op->emitError() << "the interpreter does not know '" << call.op->getName()
                              << "'; it executes nibble ops, constants and func.return";
}

FailureOr<std::vector<HostTensor>> interpret(func::FuncOp function, ArrayRef<HostTensor> inputs,
                                             const Parameters *parameters) {
  if (function.isExternal() || !llvm::hasSingleElement(function.getBody()))
    return function.emitError() << "'" << function.getName() << "' cannot be interpreted: it needs a body of one block";
  if (inputs.size() != function.getNumArguments())
    return function.emitError() << "'" << function.getName() << "' takes " << function.getNumArguments()
                                << " inputs, got " << inputs.size();

  llvm::DenseMap<Value, HostTensor> values;
  for (auto [index, argument] : llvm::enumerate(function.getArguments())) {
    HostTensor value = inputs[index];
    auto error = [&, index = index] { return function.emitError() << "input " << index << " "; };
    if (failed(conform(argument.getType(), value, error)))
      return failure();
    values[argument] = std::move(value);
  }

  for (Operation &op : function.getBody().front()) {
    Call call{&op, {}, parameters};
    for (Value operand : op.getOperands())
      call.operands.push_back(&values[operand]);
    if (isa<func::ReturnOp>(op)) {
      std::vector<HostTensor> results;
      for (const HostTensor *value : call.operands)
        results.push_back(*value);
      return results;
    }
    if (failed(evaluate(call)))
      return failure();
    for (auto [index, result] : llvm::enumerate(op.getResults())) {
      auto error = [&, index = index] { return op.emitOpError() << "result " << index << " "; };
      if (failed(conform(result.getType(), call.results[index], error)))
        return failure();
      values[result] = std::move(call.results[index]);
    }
  }
  return function.emitError() << "'" << function.getName() << "' does not end with func.return";
}

} // namespace nibble::reference
