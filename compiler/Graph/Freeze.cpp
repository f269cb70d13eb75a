// nibble-freeze: the inference form of a model (R8).
#include "compiler/Graph/Freezing.h"
#include "compiler/Graph/Passes.h"
#include <set>

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_FREEZE
#include "compiler/Graph/Passes.h.inc"

namespace {

/// Ops without effect whose results nobody uses, parameters among them, from the last one up.
void eraseUnused(func::FuncOp function) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op) || (isa<ParamOp>(op) && op.use_empty()))
      op.erase();
}

using Names = std::set<std::string>;

Names paramNames(ModuleOp module) {
  Names names;
  module.walk([&](ParamOp param) { names.insert(param.getName().str()); });
  return names;
}

/// Notes the parameters that have become constants: a weight table may still hold them.
void noteAbsorbed(ModuleOp module, Names before) {
  for (const std::string &name : paramNames(module))
    before.erase(name);
  if (auto earlier = module->getAttrOfType<ArrayAttr>(absorbedAttrName))
    for (auto name : earlier.getAsRange<StringAttr>())
      before.insert(name.str());
  SmallVector<StringRef> names(before.begin(), before.end());
  module->setAttr(absorbedAttrName, Builder(module.getContext()).getStrArrayAttr(names));
}

struct FreezePass : impl::FreezeBase<FreezePass> {
  using FreezeBase::FreezeBase;
  FreezePass(std::shared_ptr<const WeightTable> table, FreezeOptions options)
      : FreezeBase(options), table(std::move(table)) {}
  FreezePass(const FreezePass &other) : FreezeBase(other), table(other.table) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Names before = paramNames(module);
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (!function.getBody().hasOneBlock()) {
        function.emitError("nibble-freeze works on functions of one block");
        return signalPassFailure();
      }
      eraseUnused(function);
    }
    std::shared_ptr<const WeightTable> values = table;
    if (!values && seed != 0)
      values = std::make_shared<const WeightTable>(seededWeights(module, seed));
    static const WeightTable none;
    if (failed(checkWeights(module, values ? *values : none, /*refuseExtra=*/false)) ||
        failed(checkFinite(module, values ? *values : none)))
      return signalPassFailure();
    ConstantReader reader(values.get());
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (failed(freezeScales(function, reader)))
        return signalPassFailure();
      hoistSteps(function, reader);
      if (failed(foldChains(function, reader, report)))
        return signalPassFailure();
      eraseUnused(function);
    }
    noteAbsorbed(module, std::move(before));
  }

  std::shared_ptr<const WeightTable> table;
};

} // namespace

std::unique_ptr<Pass> createFreeze(std::shared_ptr<const WeightTable> table, FreezeOptions options) {
  return std::make_unique<FreezePass>(std::move(table), options);
}

} // namespace nibble
