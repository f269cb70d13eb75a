// nibble-bind-weights: parameters become constants.
#include "compiler/Graph/Elements.h"
#include "compiler/Graph/Passes.h"
#include "compiler/Graph/Weights.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_BINDWEIGHTS
#include "compiler/Graph/Passes.h.inc"

namespace {

struct BindWeightsPass : impl::BindWeightsBase<BindWeightsPass> {
  using BindWeightsBase::BindWeightsBase;
  BindWeightsPass(std::shared_ptr<const WeightTable> table, BindWeightsOptions options)
      : BindWeightsBase(std::move(options)), table(std::move(table)) {}
  BindWeightsPass(const BindWeightsPass &other) : BindWeightsBase(other), table(other.table) {}

  LogicalResult initialize(MLIRContext *context) override {
    if (kinds != "all" && kinds != "state" && kinds != "trainable")
      return emitError(UnknownLoc::get(context), "nibble-bind-weights: kinds is all, state or trainable, not '")
             << kinds << "'";
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::shared_ptr<const WeightTable> values = table;
    if (!values && seed != 0)
      values = std::make_shared<const WeightTable>(seededWeights(module, seed));
    if (!values) {
      module.emitError("nibble-bind-weights has no weights: give a weight table, or a seed to try a model without one");
      return signalPassFailure();
    }
    auto wanted = [&](ParamOp param) {
      return kinds == "all" || (kinds == "state") == (param.getKind() == ParamKind::State);
    };
    if (failed(checkWeights(module, *values, refuseExtra, wanted)) || failed(checkFinite(module, *values, wanted)))
      return signalPassFailure();

    llvm::StringMap<ElementsAttr> bound; // one resource for all functions that share the parameter
    module.walk([&](ParamOp param) {
      if (!wanted(param))
        return;
      ElementsAttr &elements = bound[param.getName()];
      if (!elements) {
        const WeightTensor &tensor = values->at(param.getName().str());
        elements = makeFloats(&getContext(), tensor.shape, tensor.values, param.getName());
      }
      OpBuilder builder(param);
      Value constant = ConstantOp::create(builder, param.getLoc(), param.getResult().getType(), elements);
      param.getResult().replaceAllUsesWith(constant);
      param.erase();
    });
  }

  std::shared_ptr<const WeightTable> table;
};

} // namespace

std::unique_ptr<Pass> createBindWeights(std::shared_ptr<const WeightTable> table, BindWeightsOptions options) {
  return std::make_unique<BindWeightsPass>(std::move(table), std::move(options));
}

} // namespace nibble
