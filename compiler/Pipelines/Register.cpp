// Registration of dialects and passes for the tools.
#include "compiler/Pipelines/Register.h"
#include "compiler/Codegen/Passes.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/Passes.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pipelines/Stages.h"
#include "compiler/Quantize/Passes.h"
#include "compiler/Tile/Passes.h"
#include "compiler/Train/Passes.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Transforms/Passes.h"

namespace nibble {

void registerDialects(mlir::DialectRegistry &registry) {
  registry
      .insert<NibbleDialect, ukr::UkrDialect, mlir::quant::QuantDialect, mlir::arith::ArithDialect,
              mlir::func::FuncDialect, mlir::scf::SCFDialect, mlir::memref::MemRefDialect, mlir::vector::VectorDialect,
              mlir::math::MathDialect, mlir::tensor::TensorDialect, mlir::LLVM::LLVMDialect>();
}

void registerPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerStripDebugInfoPass();
  registerCodegenPasses();
  registerGraphPasses();
  registerPackPasses();
  registerQuantizePasses();
  registerTilePasses();
  registerTrainPasses();
  registerUkrToLLVMPasses();
  registerStagePipelines();
}

} // namespace nibble
