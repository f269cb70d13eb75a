// The report of a compilation, read from the IR.
#include "compiler/tools/nibble-compile/Report.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace nibble::tools {
namespace {

/// "u4", "s8", "binary", "ternary" or "f32".
std::string typeName(Value value) {
  std::optional<GridFacts> grid = gridFacts(cast<RankedTensorType>(value.getType()).getElementType());
  if (!grid)
    return "f32";
  if (grid->binary || grid->ternary)
    return grid->binary ? "binary" : "ternary";
  return (grid->isSigned ? "s" : "u") + std::to_string(grid->bits);
}

int64_t bytesOf(Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

} // namespace

void Report::add(ModuleOp module, Stage stage) {
  if ((stage == Stage::Packed || stage == Stage::Tiled) && !hasLayers)
    addLayers(module);
  if (stage == Stage::Kernels)
    addConstants(module);
  if (stage == Stage::LLVM)
    addMemory(module);
}

void Report::addLayers(ModuleOp module) {
  unsigned unnamed = 0;
  module.walk([&](TileOp tile) {
    hasLayers = true;
    auto named = tile.getLoc()->findInstanceOf<NameLoc>();
    lines += "nibble: remark: " + tile->getParentOfType<func::FuncOp>().getName().str() + "/" +
             (named ? named.getName().str() : "layer" + std::to_string(unnamed++)) + ": kernel " +
             tile.getKernel().value_or("not chosen").str() + " (" + typeName(tile.getInput()) + " x " +
             typeName(tile.getWeight());
    if (auto constant = tile.getWeight().getDefiningOp<nibble::ConstantOp>()) {
      ElementsAttr value = constant.getValue();
      lines += ", " + std::to_string(value.getNumElements() * bytesOf(value.getElementType())) + " weight bytes";
    }
    lines += ")";
    // Neighbours with the same reason share it: often a whole instruction set.
    StringRef before;
    bool first = true;
    auto close = [&] { lines += before.empty() ? "" : " (" + before.str() + ")"; };
    if (ArrayAttr rejected = tile.getRejectedAttr()) {
      for (auto reason : rejected.getAsRange<StringAttr>()) {
        auto [kernel, why] = reason.getValue().split(": ");
        if (!first && why != before)
          close();
        lines += (first ? "; skipped " : ", ") + kernel.str();
        before = why;
        first = false;
      }
      close();
    }
    lines += "\n";
  });
}

void Report::addConstants(ModuleOp module) {
  int64_t bytes = 0;
  module.walk([&](memref::GlobalOp global) {
    bytes += global.getType().getNumElements() * bytesOf(global.getType().getElementType());
  });
  lines += "nibble: remark: weights and all other constants: " + std::to_string(bytes) + " bytes\n";
}

void Report::addMemory(ModuleOp module) {
  FailureOr<std::vector<Entry>> entries = readEntries(module);
  if (failed(entries))
    return;
  for (const Entry &entry : *entries)
    lines += "nibble: remark: " + entry.name + ": " + std::to_string(entry.plannedBytes.value_or(0)) +
             " bytes planned (lower bound " + std::to_string(entry.lowerBoundBytes) + "), " +
             std::to_string(entry.scratchBytes) + " of scratch a thread: an arena of " +
             std::to_string(entry.arenaBytes(threads)) + " bytes for " + std::to_string(threads) +
             (threads == 1 ? " thread; " : " threads; ") + (entry.model ? "batch tile " : "batch ") +
             std::to_string(entry.batch) + "\n";
}

} // namespace nibble::tools
