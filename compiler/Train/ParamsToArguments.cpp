// Parameters become arguments, so that a function runs on the buffers of a trainer.
#include "compiler/Train/ModelFunction.h"
#include "compiler/Train/Passes.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_PARAMSTOARGUMENTS
#include "compiler/Train/Passes.h.inc"

LogicalResult paramsToArguments(func::FuncOp function) {
  llvm::StringMap<ParamOp> first;
  llvm::StringMap<Value> arguments;
  for (unsigned i = 0, n = function.getNumArguments(); i < n; ++i)
    if (auto name = function.getArgAttrOfType<StringAttr>(i, attr::param))
      arguments[name.getValue()] = function.getArgument(i);

  SmallVector<ParamOp> params(function.getOps<ParamOp>());
  for (ParamOp param : params) {
    StringRef name = param.getName();
    if (name.contains(':'))
      return param.emitOpError("@") << name << " has a ':' in its name, which marks slots of an optimiser; rename it";
    auto [known, isNew] = first.try_emplace(name, param);
    ParamOp other = known->second;
    if (!isNew && (other.getType() != param.getType() || other.getKind() != param.getKind() ||
                   other.getInit() != param.getInit())) {
      auto diagnostic = param.emitOpError("@") << name << " differs in type, kind or init from another use of the name";
      diagnostic.attachNote(other.getLoc()) << "the other use";
      return diagnostic;
    }
    if (!arguments.contains(name)) {
      unsigned index = function.getNumArguments();
      if (failed(function.insertArgument(
              index, param.getType(),
              parameterAttributes(function.getContext(), name, param.getKind(), param.getInit()), param.getLoc())))
        return param.emitOpError("@") << name << " cannot become an argument of this function";
      arguments[name] = function.getArgument(index);
    } else if (arguments[name].getType() != param.getType()) {
      return param.emitOpError("@") << name
                                    << " differs in type from the argument of that name: " << arguments[name].getType();
    }
  }
  for (ParamOp param : params) {
    param.getResult().replaceAllUsesWith(arguments[param.getName()]);
    param.erase();
  }
  return success();
}

FailureOr<func::FuncOp> buildEvaluation(ModuleOp module, func::FuncOp model, StringRef name, int64_t batch) {
  FailureOr<func::FuncOp> copy = copyModel(module, model, name);
  if (failed(copy))
    return failure();
  if (failed(paramsToArguments(*copy)) || (batch != 0 && failed(setBatch(*copy, batch)))) {
    copy->erase();
    return failure();
  }
  return copy;
}

namespace {
struct ParamsToArgumentsPass : impl::ParamsToArgumentsBase<ParamsToArgumentsPass> {
  using ParamsToArgumentsBase::ParamsToArgumentsBase;
  void runOnOperation() override {
    auto function = findModel(getOperation(), model);
    if (failed(function))
      return signalPassFailure();
    if (!name.empty()) {
      if (failed(buildEvaluation(getOperation(), *function, name, batch)))
        signalPassFailure();
    } else if (failed(paramsToArguments(*function)) || (batch != 0 && failed(setBatch(*function, batch)))) {
      signalPassFailure();
    }
  }
};
} // namespace
} // namespace nibble
