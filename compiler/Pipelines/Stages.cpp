// The pipelines from stage to stage.
#include "compiler/Pipelines/Stages.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Tile/Passes.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace nibble {
namespace {

struct PackedCommandLine : PassPipelineOptions<PackedCommandLine> {
  Option<std::string> target{*this, "target", llvm::cl::desc("Target string"), llvm::cl::init("native")};
  Option<int64_t> images{*this, "images", llvm::cl::desc("Images at a time of a dynamic batch"), llvm::cl::init(1)};
};

struct TiledCommandLine : PassPipelineOptions<TiledCommandLine> {
  Option<std::string> target{*this, "target", llvm::cl::desc("Target string"), llvm::cl::init("native")};
  Option<int64_t> batchTile{*this, "batch-tile", llvm::cl::desc("Images in a tile; 0: chosen"), llvm::cl::init(0)};
};

} // namespace

llvm::StringRef stageName(Stage stage) {
  switch (stage) {
  case Stage::Graph:
    return "graph";
  case Stage::Frozen:
    return "frozen";
  case Stage::Quantized:
    return "quantized";
  case Stage::Packed:
    return "packed";
  case Stage::Tiled:
    return "tiled";
  case Stage::Kernels:
    return "kernels";
  case Stage::LLVM:
    return "llvm";
  case Stage::Object:
    return "object";
  }
  return "";
}

std::optional<Stage> parseStage(llvm::StringRef name) {
  for (Stage stage : {Stage::Graph, Stage::Frozen, Stage::Quantized, Stage::Packed, Stage::Tiled, Stage::Kernels,
                      Stage::LLVM, Stage::Object})
    if (name == stageName(stage))
      return stage;
  return std::nullopt;
}

void buildTilesPipeline(OpPassManager &pm, const ToPackedOptions &options) {
  pm.addNestedPass<func::FuncOp>(createFormTiles());
  pm.addPass(createFlattenWindows({options.target, options.images}));
}

void buildPackingPipeline(OpPassManager &pm, const ToPackedOptions &options) {
  pm.addNestedPass<func::FuncOp>(createSelectKernels({options.target, options.images}));
  pm.addNestedPass<func::FuncOp>(createAssignLayouts());
  pm.addNestedPass<func::FuncOp>(createMaterializeLayouts());
  pm.addPass(createPackConstants());
  pm.addNestedPass<func::FuncOp>(createVerifyLayouts());
}

void buildToPackedPipeline(OpPassManager &pm, const ToPackedOptions &options) {
  buildTilesPipeline(pm, options);
  buildPackingPipeline(pm, options);
}

void buildToTiledPipeline(OpPassManager &pm, const ToTiledOptions &options) {
  pm.addNestedPass<func::FuncOp>(createTileBatch({options.batchTile, options.target}));
}

void registerStagePipelines() {
  registerToLLVMPipeline();
  PassPipelineRegistration<PackedCommandLine>("nibble-to-packed", "Quantized stage to packed stage",
                                              [](OpPassManager &pm, const PackedCommandLine &options) {
                                                buildToPackedPipeline(pm, {options.target, options.images});
                                              });
  PassPipelineRegistration<TiledCommandLine>("nibble-to-tiled", "Packed stage to tiled stage",
                                             [](OpPassManager &pm, const TiledCommandLine &options) {
                                               buildToTiledPipeline(pm, {options.target, options.batchTile});
                                             });
}

} // namespace nibble
