// A module's way through the stages, from any of them to any later one.
#ifndef NIBBLE_COMPILER_PIPELINES_ADVANCE_H
#define NIBBLE_COMPILER_PIPELINES_ADVANCE_H

#include "compiler/Graph/WeightTable.h"
#include "compiler/Pipelines/Stages.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <memory>

namespace nibble {

struct AdvanceOptions {
  std::string target = "native";
  std::shared_ptr<const WeightTable> weights; ///< Values of the module's parameters; null: it has none.
  bool allowFloat = false;                    ///< Accept float ops between two quantisers; each gives a remark.
  int64_t batchTile = 0;                      ///< Images in a tile; 0: chosen.
  bool packedEntries = false;                 ///< Also NAME_packed, which takes an array of pointers, for every model.
  /// Called with the tiles, in front of the choice of their kernels: tuneKernels in compiler/Tune.
  std::function<mlir::LogicalResult(mlir::ModuleOp)> tune;
};

/// Runs the passes of every stage after `from` up to `to` (at most Stage::LLVM; an object is made of that one).
/// `reached` is called with `from` before the first pass, then with each stage once its passes are done; its failure
/// stops the way. Weights are bound on leaving the graph stage, so they are an error from a later stage on. A function
/// that is already a training step goes straight to the kernels stage: start it at Stage::Tiled.
mlir::LogicalResult advance(mlir::ModuleOp module, Stage from, Stage to, const AdvanceOptions &options,
                            llvm::function_ref<mlir::LogicalResult(Stage)> reached = {});

/// The stage that a module is at, by what it holds; a frozen graph counts as Stage::Graph, since freezing it again
/// changes nothing.
Stage stageOf(mlir::ModuleOp module);

/// What forbids to take the module for one of that stage ("it is at the packed stage"), or empty.
std::string whyNotAt(mlir::ModuleOp module, Stage stage);

/// Gives every contraction that has no layer name one in its location, which later stages keep and reports show: its
/// weights' name up to the last dot ("conv1"), else "layer0", "layer1", ...
void nameLayers(mlir::ModuleOp module);

} // namespace nibble

#endif
