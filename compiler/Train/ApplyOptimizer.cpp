// Optimiser updates and their slots.
#include "compiler/Train/ModelFunction.h"
#include "compiler/Train/Passes.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_APPLYOPTIMIZER
#include "compiler/Train/Passes.h.inc"

static LogicalResult checkOptions(func::FuncOp function, const TrainingOptions &o) {
  auto fraction = [](float v) { return v >= 0 && v < 1; };
  // Those of the other optimiser too: a number that is not used is no reason to accept it.
  if (!(fraction(o.momentum) && o.decay >= 0 && std::isfinite(o.decay)))
    return function.emitError("sgd needs a momentum in [0, 1) and a finite decay of at least 0, got ")
           << o.momentum << " and " << o.decay;
  if (!(fraction(o.beta1) && fraction(o.beta2) && o.epsilon > 0))
    return function.emitError("adam needs beta1 and beta2 in [0, 1) and a positive epsilon, got ")
           << o.beta1 << ", " << o.beta2 << " and " << o.epsilon;
  if (o.optimizer == Optimizer::Adam && o.decay != 0)
    return function.emitError("adam takes no weight decay, got ") << o.decay << "; use sgd or a decay of 0";
  if (!(o.binaryLimit >= 0))
    return function.emitError("needs a binary limit of at least 0, got ") << o.binaryLimit;
  return success();
}

/// Adds an argument in front of `index`.
static Value insertArgument(func::FuncOp function, unsigned index, Type type, DictionaryAttr attributes) {
  LogicalResult inserted = function.insertArgument(index, type, attributes, function.getLoc());
  return succeeded(inserted) ? function.getArgument(index) : Value();
}

namespace {
struct Update {
  BlockArgument weight;
  StringAttr name;
  Value gradient;
};
} // namespace

LogicalResult applyOptimizer(func::FuncOp function, const TrainingOptions &options) {
  if (failed(checkOptions(function, options)))
    return failure();
  MLIRContext *context = function.getContext();
  bool adam = options.optimizer == Optimizer::Adam;

  llvm::StringMap<BlockArgument> parameters;
  unsigned firstParameter = function.getNumArguments();
  for (BlockArgument argument : function.getArguments())
    if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attr::param)) {
      parameters[name.getValue()] = argument;
      firstParameter = std::min(firstParameter, argument.getArgNumber());
    }
  // Results, by what becomes of them; block arguments keep their identity while others are inserted.
  SmallVector<FunctionResult> results;
  SmallVector<std::pair<BlockArgument, Value>> tied;
  SmallVector<Update> updates;
  for (const FunctionResult &result : getResults(function)) {
    if (auto name = result.attributes.getAs<StringAttr>(attr::gradient)) {
      if (!parameters.contains(name.getValue()))
        return function.emitError("has a gradient of ") << name << " but no such parameter";
      updates.push_back({parameters[name.getValue()], name, result.value});
    } else if (auto index = result.attributes.getAs<IntegerAttr>(attr::tied)) {
      if (index.getInt() < 0 || index.getInt() >= function.getNumArguments())
        return function.emitError("has a result tied to argument ") << index.getInt() << ", which it does not have";
      tied.push_back({function.getArgument(index.getInt()), result.value});
    } else {
      results.push_back(result);
    }
  }

  auto scalar = f32Tensor({}, context);
  Value rate =
      insertArgument(function, firstParameter, scalar, attributeOf(attr::name, StringAttr::get(context, "rate")));
  Value correction;
  if (adam)
    correction = insertArgument(function, firstParameter + 1, f32Tensor({2}, context),
                                attributeOf(attr::name, StringAttr::get(context, "correction")));
  auto slot = [&](const Update &update, StringRef suffix) {
    auto attributes =
        parameterAttributes(context, (update.name.getValue() + suffix).str(), ParamKind::State, Init::Zeros);
    return cast<BlockArgument>(insertArgument(function, function.getNumArguments(),
                                              offGrid(cast<RankedTensorType>(update.weight.getType())), attributes));
  };

  OpBuilder builder(function.getBody().front().getTerminator());
  for (const Update &update : updates) {
    auto type = cast<RankedTensorType>(update.weight.getType());
    bool latent = llvm::any_of(update.weight.getUsers(), [](Operation *user) { return isa<SignOp>(user); });
    FloatAttr limit = latent && options.binaryLimit > 0 ? builder.getF32FloatAttr(options.binaryLimit) : FloatAttr();
    Location loc = update.weight.getLoc();
    BlockArgument first = slot(update, ":m");
    if (adam) {
      BlockArgument second = slot(update, ":v");
      auto op = AdamOp::create(builder, loc, type, first.getType(), second.getType(), update.weight, update.gradient,
                               first, second, rate, correction, builder.getF32FloatAttr(options.beta1),
                               builder.getF32FloatAttr(options.beta2), builder.getF32FloatAttr(options.epsilon), limit);
      tied.append({{update.weight, op.getNewWeight()}, {first, op.getNewFirst()}, {second, op.getNewSecond()}});
    } else {
      float decay = type.getRank() >= 2 ? options.decay : 0.0f;
      auto op = SgdOp::create(builder, loc, type, first.getType(), update.weight, update.gradient, first, rate,
                              builder.getF32FloatAttr(options.momentum), builder.getF32FloatAttr(decay), limit);
      tied.append({{update.weight, op.getNewWeight()}, {first, op.getNewVelocity()}});
    }
  }
  llvm::sort(tied, [](auto &a, auto &b) { return a.first.getArgNumber() < b.first.getArgNumber(); });
  for (auto &[argument, value] : tied)
    results.push_back({value, attributeOf(attr::tied, builder.getI64IntegerAttr(argument.getArgNumber()))});
  setResults(function, results);
  function->setAttr(attr::training, StringAttr::get(context, "step"));
  return success();
}

namespace {
struct ApplyOptimizerPass : impl::ApplyOptimizerBase<ApplyOptimizerPass> {
  using ApplyOptimizerBase::ApplyOptimizerBase;
  void runOnOperation() override {
    TrainingOptions options;
    if (optimizer != "sgd" && optimizer != "adam") {
      getOperation().emitError("unknown optimizer '") << optimizer << "'; use sgd or adam";
      return signalPassFailure();
    }
    options.optimizer = optimizer == "adam" ? Optimizer::Adam : Optimizer::Sgd;
    options.momentum = momentum, options.decay = decay;
    options.beta1 = beta1, options.beta2 = beta2, options.epsilon = epsilon;
    options.binaryLimit = binaryLimit;
    auto marked = findMarked(getOperation(), "gradients", "nibble-apply-optimizer");
    if (failed(marked) || llvm::any_of(*marked, [&](func::FuncOp f) { return failed(applyOptimizer(f, options)); }))
      signalPassFailure();
  }
};
} // namespace
} // namespace nibble
