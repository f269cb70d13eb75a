// The pipelines from stage to stage, as functions for the compiler and as named pipelines for nibble-opt.
#ifndef NIBBLE_COMPILER_PIPELINES_STAGES_H
#define NIBBLE_COMPILER_PIPELINES_STAGES_H

#include "mlir/Pass/PassManager.h"
#include <optional>
#include <string>

namespace nibble {

/// The stages of the IR, in order. Frozen is the graph stage with its weights bound and frozen (R8). Kernels -> LLVM is
/// buildToLLVMPipeline of compiler/Conversion/UkrToLLVM/Passes.h; an object is made by compiler/Emit/Object.h. All
/// stages in one go: compiler/Pipelines/Advance.h.
enum class Stage { Graph, Frozen, Quantized, Packed, Tiled, Kernels, LLVM, Object };

/// "graph", "quantized", ... "object", as --compile-to= takes them.
llvm::StringRef stageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);

struct ToPackedOptions {
  std::string target = "native"; ///< See compiler/Target/Target.h.
  int64_t images = 1;            ///< At a time, of a dynamic batch: kernels are chosen for so many.
};

struct ToTiledOptions {
  std::string target = "native";
  int64_t batchTile = 0; ///< Images in a tile; 0: chosen by nibble-tile-batch.
};

/// Quantized stage -> packed stage: tiles, their kernels, layouts in the types, packed constants. `pm` runs on a
/// module.
void buildToPackedPipeline(mlir::OpPassManager &pm, const ToPackedOptions &options);
/// The same in two parts: the tiles, and everything that depends on their kernels.
void buildTilesPipeline(mlir::OpPassManager &pm, const ToPackedOptions &options);
void buildPackingPipeline(mlir::OpPassManager &pm, const ToPackedOptions &options);

/// Packed stage -> tiled stage: a static batch.
void buildToTiledPipeline(mlir::OpPassManager &pm, const ToTiledOptions &options);

/// nibble-to-packed{target= images=}, nibble-to-tiled{target= batch-tile=} and nibble-to-llvm{target= packed=}.
void registerStagePipelines();

} // namespace nibble

#endif
