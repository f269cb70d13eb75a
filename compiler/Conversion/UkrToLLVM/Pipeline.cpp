// nibble-to-llvm: the sequence of passes from the kernels stage to the LLVM dialect.
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Tile/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace nibble {

FailureOr<Target> parseTarget(Operation *op, StringRef text) {
  Result<Target> target = Target::parse(text);
  if (!target)
    return emitError(op->getLoc(), target.error()); // at the place only: `op` may print megabytes
  return *target;
}

void buildToLLVMPipeline(OpPassManager &manager, const ToLLVMOptions &options) {
  manager.addPass(createPlanMemory());
  manager.addPass(createExpandFma({options.target}));
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createConvertUkrToLLVM({options.target}));
  manager.addPass(createCanonicalizerPass()); // memref descriptors fold away
  manager.addPass(createEmitEntries({options.target, options.packed}));
  manager.addPass(createVerifyLLVM({options.target}));
}

namespace {
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> target{*this, "target", llvm::cl::desc("Target string"), llvm::cl::init("native")};
  Option<bool> packed{*this, "packed", llvm::cl::desc("Also NAME_packed of every model"), llvm::cl::init(false)};
};
} // namespace

void registerToLLVMPipeline() {
  PassPipelineRegistration<PipelineOptions>("nibble-to-llvm", "Kernels stage to the LLVM dialect",
                                            [](OpPassManager &manager, const PipelineOptions &options) {
                                              buildToLLVMPipeline(manager, {options.target, options.packed});
                                            });
}

} // namespace nibble
