// The steps from stage to stage, and how to tell at which stage a module is.
#include "compiler/Pipelines/Advance.h"
#include "compiler/Codegen/Passes.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/Passes.h"
#include "compiler/Graph/Weights.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Quantize/Passes.h"
#include "compiler/Tile/Passes.h"
#include "compiler/Train/Train.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble {
namespace {

bool hasParams(ModuleOp module) {
  return module.walk([](ParamOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

ToPackedOptions packedOptions(const AdvanceOptions &options) {
  return {options.target, std::clamp<int64_t>(options.batchTile, 1, mostImages)};
}

/// The passes that lead to one stage from the stage before it.
void addStep(PassManager &manager, Stage to, const AdvanceOptions &options) {
  switch (to) {
  case Stage::Frozen:
    manager.addPass(createFreeze(std::shared_ptr<const WeightTable>()));
    return;
  case Stage::Quantized:
    manager.addPass(createLowerToIntegers({options.allowFloat}));
    manager.addPass(createChooseThresholds());
    return;
  case Stage::Packed:
    return buildToPackedPipeline(manager, packedOptions(options));
  case Stage::Tiled:
    return buildToTiledPipeline(manager, {options.target, options.batchTile});
  case Stage::Kernels:
    manager.addPass(createLowerToKernels({options.target}));
    return;
  case Stage::LLVM:
    return buildToLLVMPipeline(manager, {options.target, options.packedEntries});
  case Stage::Graph:
  case Stage::Object:
    return;
  }
}

/// The checks with which the stage before ended: a file from elsewhere has not passed them.
void addChecks(PassManager &manager, Stage from, const AdvanceOptions &options) {
  if (from == Stage::Quantized)
    manager.addPass(createVerifyQuantized({options.allowFloat}));
  if (from == Stage::Packed || from == Stage::Tiled)
    manager.addNestedPass<func::FuncOp>(createVerifyLayouts());
  if (from == Stage::LLVM)
    manager.addPass(createVerifyLLVM({options.target}));
}

LogicalResult bindWeights(ModuleOp module, const AdvanceOptions &options) {
  if (!options.weights && !hasParams(module))
    return success();
  auto table = options.weights ? options.weights : std::make_shared<const WeightTable>();
  PassManager manager(module.getContext());
  manager.addPass(createBindWeights(std::move(table)));
  return manager.run(module);
}

bool isTrainingStep(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (function.getResultAttr(i, attr::tied))
      return true;
  return false;
}

bool isDynamic(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && !shaped.hasStaticShape();
}

Stage stageOf(Operation *op) {
  if (isa<LLVM::LLVMFuncOp>(op))
    return Stage::LLVM;
  if (op->hasAttr(entryAttribute) || isa_and_nonnull<ukr::UkrDialect>(op->getDialect()))
    return Stage::Kernels;
  if (auto function = dyn_cast<func::FuncOp>(op);
      function && (function->hasAttr(batchTileAttrName) || isTrainingStep(function)))
    return Stage::Tiled;
  if (isa<TileOp, PackOp, UnpackOp>(op))
    return Stage::Packed;
  auto quantised = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && isQuantizedType(tensor.getElementType());
  };
  if (isa<nibble::QuantizeOp>(op) || llvm::any_of(op->getResultTypes(), quantised))
    return Stage::Quantized;
  return Stage::Graph;
}

/// What is still at the graph stage, as words for a message.
std::string leftOfGraph(ModuleOp module) {
  std::string found;
  module.walk([&](Operation *op) {
    if (auto param = dyn_cast<ParamOp>(op))
      found = "the parameter @" + param.getName().str() + " has no value";
    else if (auto quantizer = dyn_cast<FakeQuantOp>(op); quantizer && !quantizer.isFrozen())
      found = "a fake_quant has no scale";
    else if (auto ternarize = dyn_cast<TernarizeOp>(op); ternarize && !ternarize.isFrozen())
      found = "a ternarize has no scale";
    return found.empty() ? WalkResult::advance() : WalkResult::interrupt();
  });
  return found;
}

/// From the packed stage on, code is for one target: kernels were chosen and tiles cut for its registers.
constexpr StringLiteral targetAttrName = "nibble.target";

LogicalResult checkTarget(ModuleOp module, const AdvanceOptions &options) {
  auto made = module->getAttrOfType<StringAttr>(targetAttrName);
  if (!made)
    return success();
  Result<Target> before = Target::parse({made.data(), made.size()}), now = Target::parse(options.target);
  if (!before)
    return module.emitError() << targetAttrName << ": " << before.error();
  if (!now)
    return module.emitError() << now.error();
  if (before->runsOn(*now))
    return success();
  return module.emitError() << "this module was made for " << before->str() << ", which is more than " << now->str()
                            << " can run; give that target, or start again from the quantized stage";
}

void noteTarget(ModuleOp module, Stage stage, const AdvanceOptions &options) {
  Result<Target> target = Target::parse(options.target);
  if (stage >= Stage::Packed && target && !module->hasAttr(targetAttrName))
    module->setAttr(targetAttrName, StringAttr::get(module.getContext(), target->str()));
}

} // namespace

Stage stageOf(ModuleOp module) {
  Stage stage = Stage::Graph;
  module.walk([&](Operation *op) { stage = std::max(stage, stageOf(op)); });
  return stage;
}

std::string whyNotAt(ModuleOp module, Stage stage) {
  Stage found = stageOf(module);
  auto at = [&] { return "it is at the " + stageName(found).str() + " stage"; };
  if (found > stage && !(found == Stage::Tiled && stage == Stage::Packed))
    return at();
  if (stage >= Stage::Kernels)
    return found == stage ? std::string() : at();
  if (stage >= Stage::Frozen && stage < Stage::Tiled && found == Stage::Graph) {
    std::string left = stage == Stage::Frozen ? std::string() : leftOfGraph(module);
    if (!left.empty())
      return at() + ": " + left;
  }
  if (stage == Stage::Packed && found < Stage::Packed &&
      module.walk([](ContractionOpInterface) { return WalkResult::interrupt(); }).wasInterrupted())
    return at() + ": a contraction is no nibble.tile yet";
  if (stage == Stage::Tiled)
    for (auto function : module.getOps<func::FuncOp>())
      if (llvm::any_of(function.getArgumentTypes(), isDynamic))
        return at() + ": the batch of @" + function.getName().str() + " is not tiled";
  return {};
}

void nameLayers(ModuleOp module) {
  unsigned unnamed = 0;
  module.walk([&](ContractionOpInterface contraction) {
    if (isa<NameLoc>(contraction->getLoc()))
      return;
    Value weight = contraction.getWeights();
    std::string name;
    while (Operation *op = weight.getDefiningOp()) {
      if (auto param = dyn_cast<ParamOp>(op))
        name = param.getName().str();
      else if (isa<ConstantOp>(op))
        name = ConstantReader::nameOf(weight).str();
      if (op->getNumOperands() == 0)
        break;
      weight = op->getOperand(0);
    }
    StringRef(name).ends_with(".q") ? name.resize(name.size() - 2) : void(); // of the quantized stage
    name = name.empty() ? "layer" + std::to_string(unnamed++) : StringRef(name).rsplit('.').first.str();
    contraction->setLoc(NameLoc::get(StringAttr::get(module.getContext(), name), contraction->getLoc()));
  });
}

LogicalResult advance(ModuleOp module, Stage from, Stage to, const AdvanceOptions &options,
                      llvm::function_ref<LogicalResult(Stage)> reached) {
  if (to < from || to > Stage::LLVM)
    return module.emitError() << "there is no way from the stage " << stageName(from) << " to " << stageName(to);
  if (from > Stage::Frozen && options.weights)
    return module.emitError() << "weights are bound on leaving the graph stage; this module is at the stage "
                              << stageName(from) << ": leave the weights out";
  // Before the first layer is looked at: names of layers become names in the code, and a resumed compilation must give
  // the same ones.
  if (from <= Stage::Quantized)
    nameLayers(module);
  if (reached && failed(reached(from)))
    return failure();
  if (from <= Stage::Frozen && to > Stage::Graph && failed(bindWeights(module, options)))
    return failure();
  if ((from != to || from == Stage::LLVM) && failed(checkTarget(module, options)))
    return failure();
  PassManager checks(module.getContext());
  addChecks(checks, from, options);
  if (failed(checks.run(module)))
    return failure();
  for (int next = static_cast<int>(from) + 1; next <= static_cast<int>(to); ++next) {
    PassManager manager(module.getContext());
    if (static_cast<Stage>(next) == Stage::Packed && options.tune) {
      PassManager tiles(module.getContext());
      buildTilesPipeline(tiles, packedOptions(options));
      if (failed(tiles.run(module)) || failed(options.tune(module)))
        return failure();
      buildPackingPipeline(manager, packedOptions(options));
    } else {
      addStep(manager, static_cast<Stage>(next), options);
    }
    if (failed(manager.run(module)))
      return failure();
    noteTarget(module, static_cast<Stage>(next), options);
    if (reached && failed(reached(static_cast<Stage>(next))))
      return failure();
  }
  return success();
}

} // namespace nibble
