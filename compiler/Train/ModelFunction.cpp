// Copies, batch sizes, arguments and results of model functions.
#include "compiler/Train/ModelFunction.h"

using namespace mlir;

namespace nibble {

StringRef trainingStage(func::FuncOp function) {
  auto mark = function->getAttrOfType<StringAttr>(attr::training);
  return mark ? mark.getValue() : StringRef();
}

FailureOr<func::FuncOp> findModel(ModuleOp module, StringRef name) {
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>())
    if (name.empty() ? !function.isExternal() && trainingStage(function).empty() : function.getName() == name)
      candidates.push_back(function);
  if (candidates.size() == 1)
    return candidates.front();
  if (!name.empty())
    return module.emitError("has no function @") << name;
  return module.emitError("has ") << candidates.size() << " functions with a body; name the model";
}

FailureOr<SmallVector<func::FuncOp>> findMarked(ModuleOp module, StringRef mark, StringRef pass) {
  SmallVector<func::FuncOp> marked;
  std::string others;
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef stage = trainingStage(function);
    if (stage == mark)
      marked.push_back(function);
    else if (!stage.empty())
      others += ("; @" + function.getName() + " is marked \"" + stage + "\"").str();
  }
  if (!marked.empty())
    return marked;
  StringRef before = mark == "forward"     ? "nibble-prepare-training"
                     : mark == "gradients" ? "nibble-differentiate"
                                           : "nibble-apply-optimizer";
  return mlir::emitError(module.getLoc()) << pass << " needs a function marked nibble.training = \"" << mark
                                          << "\", which " << before << " makes" << others;
}

FailureOr<func::FuncOp> copyModel(ModuleOp module, func::FuncOp model, StringRef name) {
  if (model.isExternal() || !model.getBody().hasOneBlock() || !isa<func::ReturnOp>(model.getBody().front().back()))
    return model.emitError("is not a model: it needs a body of one block");
  if (name.empty())
    return model.emitError("a copy of this function needs a name");
  if (Operation *taken = SymbolTable::lookupSymbolIn(module, name)) {
    auto diagnostic = model.emitError("cannot be copied to @") << name << ": the name is taken";
    diagnostic.attachNote(taken->getLoc()) << "here";
    return diagnostic;
  }
  func::FuncOp copy = model.clone();
  copy.setName(name);
  module.insert(std::next(model->getIterator()), copy);
  return copy;
}

LogicalResult setBatch(func::FuncOp function, int64_t batch) {
  if (batch < 1)
    return function.emitError("the graph needs a batch of at least 1, got ") << batch;
  Operation *bad = nullptr;
  auto update = [&](Value value, Operation *where) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.hasStaticShape())
      return;
    SmallVector<int64_t> shape(type.getShape());
    for (auto [d, size] : llvm::enumerate(shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      if (d != 0)
        bad = where;
      size = batch;
    }
    value.setType(RankedTensorType::get(shape, type.getElementType(), type.getEncoding()));
  };
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      update(result, op);
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        update(argument, op);
  });
  if (bad)
    return bad->emitError("has a dynamic dimension that is not the batch (dimension 0)");
  function.setFunctionType(FunctionType::get(function.getContext(), function.getBody().getArgumentTypes(),
                                             function.getBody().front().getTerminator()->getOperandTypes()));
  return success();
}

DictionaryAttr attributeOf(StringRef name, Attribute value) {
  MLIRContext *context = value.getContext();
  return DictionaryAttr::get(context, NamedAttribute(StringAttr::get(context, name), value));
}

DictionaryAttr parameterAttributes(MLIRContext *context, StringRef name, ParamKind kind, Init init) {
  NamedAttrList attributes;
  attributes.set(attr::param, StringAttr::get(context, name));
  attributes.set(attr::kind, ParamKindAttr::get(context, kind));
  attributes.set(attr::init, InitAttr::get(context, init));
  return attributes.getDictionary(context);
}

std::optional<ParamKind> parameterKind(func::FuncOp function, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != &function.getBody().front())
    return std::nullopt;
  auto kind = function.getArgAttrOfType<ParamKindAttr>(argument.getArgNumber(), attr::kind);
  return kind ? std::optional(kind.getValue()) : std::nullopt;
}

SmallVector<FunctionResult> getResults(func::FuncOp function) {
  SmallVector<FunctionResult> results;
  for (auto [i, value] : llvm::enumerate(function.getBody().front().getTerminator()->getOperands()))
    results.push_back({value, DictionaryAttr::get(function.getContext(), function.getResultAttrs(i))});
  return results;
}

void setResults(func::FuncOp function, ArrayRef<FunctionResult> results) {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  for (const FunctionResult &result : results)
    values.push_back(result.value), attributes.push_back(result.attributes);
  function.getBody().front().getTerminator()->setOperands(values);
  // The old result attributes are as many as the old results: they go before the type changes.
  function.removeResAttrsAttr();
  function.setFunctionType(
      FunctionType::get(function.getContext(), function.getArgumentTypes(), TypeRange(ValueRange(values))));
  function.setAllResultAttrs(attributes);
}

} // namespace nibble
