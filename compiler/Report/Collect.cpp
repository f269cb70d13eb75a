// What the ops of the tiled stage and the entries of later stages say.
#include "compiler/Report/Collect.h"
#include "compiler/Builder/DiagnosticCollector.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Kernels/Binary.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Report/Flops.h"
#include "compiler/Report/Footprint.h"
#include "compiler/Tile/Passes.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace nibble::report {
namespace {

std::string typeName(Type element) {
  std::optional<GridFacts> grid = gridFacts(element);
  if (!grid && isa<IntegerType>(element))
    return "i" + std::to_string(element.getIntOrFloatBitWidth());
  if (!grid)
    return "f32";
  if (grid->binary || grid->ternary)
    return grid->binary ? "binary" : "ternary";
  return (grid->isSigned ? "s" : "u") + std::to_string(grid->bits) +
         (grid->group ? "g" + std::to_string(grid->group) : "");
}

/// Without dimension 0 if it is the batch: dynamic, or `batch`.
Operand operandOf(Value value, int64_t batch) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return {};
  ArrayRef<int64_t> shape = type.getShape();
  if (!shape.empty() && (ShapedType::isDynamic(shape[0]) || shape[0] == batch))
    shape = shape.drop_front();
  return {typeName(type.getElementType()), shape.vec()};
}

int64_t bytesOf(ElementsAttr value) {
  return value.getNumElements() * ((value.getElementType().getIntOrFloatBitWidth() + 7) / 8);
}

void addTile(Layer &layer, TileOp tile) {
  auto input = cast<RankedTensorType>(tile.getInput().getType()),
       weight = cast<RankedTensorType>(tile.getWeight().getType());
  auto ones = [](ArrayRef<int64_t> shape) { return llvm::all_of(shape, [](int64_t d) { return d == 1; }); };
  layer.op = ones(input.getShape().slice(1, 2)) && ones(weight.getShape().slice(1, 2)) ? "linear" : "conv2d";
  layer.kernel = tile.getKernel().value_or("").str();
  if (auto choice = tile->getAttrOfType<StringAttr>(choiceAttrName))
    layer.choice = choice.str();
  if (ArrayAttr rejected = tile.getRejectedAttr())
    for (auto reason : rejected.getAsRange<StringAttr>())
      layer.rejected.push_back(reason.str());
  auto flattened = tile->getAttrOfType<DenseI64ArrayAttr>(flattenedAttrName);
  if (flattened && flattened.size() == 6)
    layer.window = std::to_string(weight.getDimSize(1)) + " x " + std::to_string(flattened[2]) + " x " +
                   std::to_string(flattened[1]) + " flattened to " + std::to_string(weight.getDimSize(1)) +
                   (weight.getDimSize(1) == 1 ? " run of " : " runs of ") + std::to_string(weight.getDimSize(2));
  layer.weight = {typeName(weight.getElementType()), weight.getShape().vec()};
  if (layer.op == "linear") { // [1, 1, C] and [O, 1, 1, C] are how tiles see them
    layer.input.shape = {input.getShape().back()};
    layer.output.shape = {weight.getShape().front()};
    layer.weight.shape = {weight.getShape().front(), weight.getShape().back()};
  }
  if (auto constant = tile.getWeight().getDefiningOp<nibble::ConstantOp>())
    layer.weightBytes = bytesOf(constant.getValue());
  if (auto weights = gridFacts(weight.getElementType()); weights && weights->group)
    layer.weightBytes += static_cast<int64_t>(weights->scales.size() * sizeof(float));
  if (auto listed = tile->getAttrOfType<DenseI64ArrayAttr>(listedAttrName); listed && listed.size() == 3) {
    ArrayRef<int64_t> shape = weight.getShape();
    const int64_t more =
        listed[0] - llvm::divideCeil(shape[0], 8) * shape[1] * llvm::divideCeil(shape[2] * shape[3], 4);
    layer.lists = std::to_string(listed[0]) + " groups in " + std::to_string(listed[1]) + " windows, " +
                  std::to_string(std::abs(more)) + (more < 0 ? " groups fewer than" : " groups more than") +
                  " the weights fill";
    layer.weightBytes = listed[2];
  }
  // Two words are made of each that the constant holds (ternaryWords).
  const auto *lookup = kernels::findLookupKernel(layer.kernel);
  if (lookup && lookup->counts() && lookup->elements == kernels::LookupElements::Ternary)
    layer.weightBytes *= 2;
  layer.macs = multiplyAccumulatesPerImage(tile);
}

bool isContraction(const Layer &layer) { return !layer.weight.type.empty(); }

/// "max_pool2d" is the first of its name, "max_pool2d_2" the second one.
void numberNames(std::vector<Layer> &layers) {
  llvm::StringMap<int> taken;
  for (Layer &layer : layers)
    if (!isContraction(layer))
      if (int count = ++taken[layer.name]; count > 1)
        layer.name += "_" + std::to_string(count);
}

} // namespace

Model &Collector::modelOf(StringRef name) {
  for (Model &model : list)
    if (model.name == name)
      return model;
  Model &model = list.emplace_back();
  model.name = name.str();
  model.target = target;
  return model;
}

void Collector::reached(ModuleOp module, Stage stage) {
  if (stage == Stage::Packed || stage == Stage::Tiled)
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isDeclaration() && !function->hasAttr(entryAttribute))
        addOps(function);
  if (stage == Stage::Kernels) {
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(entryAttribute))
        addSteps(function);
    addConstants(module);
  }
  if (stage == Stage::LLVM)
    addArenas(module);
}

void Collector::addOps(func::FuncOp function) {
  auto tile = function->getAttrOfType<IntegerAttr>(batchTileAttrName);
  const int64_t batch = tile ? tile.getInt() : 0;
  std::vector<Layer> layers;
  unsigned unnamed = 0;
  for (Operation &op : function.getBody().front()) {
    Layer &layer = layers.emplace_back();
    auto named = op.getLoc()->findInstanceOf<NameLoc>();
    layer.place = placeOf(op.getLoc());
    layer.op = op.hasTrait<OpTrait::IsTerminator>() ? "result" : op.getName().stripDialect().str();
    if (op.getNumOperands())
      layer.input = operandOf(op.getOperand(0), batch);
    layer.output = op.getNumResults() ? operandOf(op.getResult(0), batch) : layer.input;
    if (auto contraction = dyn_cast<TileOp>(op)) {
      addTile(layer, contraction);
      layer.name = named ? named.getName().str() : "layer" + std::to_string(unnamed++);
    } else {
      layer.name = (isa<NameLoc>(op.getLoc()) ? named.getName().str() + "." : "") + layer.op;
    }
  }
  Model &model = modelOf(function.getName());
  model.batch = batch;
  model.layers.clear();
  llvm::copy_if(layers, std::back_inserter(model.layers), isContraction);
  ops[model.name] = std::move(layers);
}

void Collector::addSteps(func::FuncOp entry) {
  auto name = entry->getAttrOfType<StringAttr>(entryAttribute);
  auto tile = entry->getAttrOfType<IntegerAttr>("ukr.batch_tile"),
       batch = entry->getAttrOfType<IntegerAttr>("ukr.batch");
  if (!name || (!tile && !batch))
    return;
  Model &model = modelOf(name);
  model.batch = (tile ? tile : batch).getInt();
  model.training = !tile;
  model.layers.clear(), model.steps.clear();
  if (model.training)
    return;
  const std::vector<Layer> &known = ops[model.name];
  // Layers stand in the order of their ops, whatever order their steps have; one of another origin than these ops
  // (a file of the kernels stage) is known by its region alone.
  struct Found {
    Layer layer;
    Footprint footprint;
  };
  std::map<int64_t, Found> found;
  std::vector<std::pair<std::string, int64_t>> steps;
  bool straight = true;
  entry.walk([&](ukr::ParallelOp parallel) {
    straight &= parallel->getParentOp() == entry.getOperation();
    StringRef region = parallel.getRegion();
    region.consume_front(model.name + ".");
    std::optional<uint64_t> from = parallel.getLayer();
    const bool isKnown = from && *from < known.size();
    const int64_t key = from ? static_cast<int64_t>(*from) : (int64_t(1) << 40) + static_cast<int64_t>(steps.size());
    auto [it, isNew] = found.try_emplace(key);
    if (isNew && isKnown)
      it->second.layer = known[*from];
    else if (isNew)
      it->second.layer.name = region.str(), it->second.layer.op = "region";
    it->second.footprint.add(parallel);
    steps.emplace_back(region.str(), key);
  });
  for (auto &[key, layer] : found) {
    layer.layer.memory = layer.footprint.memory(model.batch);
    model.layers.push_back(std::move(layer.layer));
  }
  numberNames(model.layers);
  if (straight) // else nobody knows how often each of them runs
    for (auto &[region, key] : steps)
      model.steps.push_back({region, static_cast<size_t>(std::distance(found.begin(), found.find(key)))});
}

void Collector::addConstants(ModuleOp module) {
  for (Model &model : list)
    model.constantBytes = 0;
  module.walk([&](memref::GlobalOp global) {
    Model *owner = list.empty() ? nullptr : &list.front();
    for (Model &model : list)
      if (global.getSymName().starts_with(model.name + "."))
        owner = &model;
    if (owner)
      owner->constantBytes += ukr::bytesOf(global.getType());
  });
}

void Collector::addArenas(ModuleOp module) {
  FailureOr<std::vector<Entry>> entries = readEntries(module);
  if (failed(entries))
    return;
  for (const Entry &entry : *entries) {
    Model &model = modelOf(entry.name);
    model.batch = entry.batch;
    model.training = !entry.model;
    model.arena = {entry.plannedBytes.value_or(0), entry.lowerBoundBytes, entry.scratchBytes};
    model.isPlanned = true;
  }
}

} // namespace nibble::report
