// From the kernels stage to the LLVM dialect: passes and the pipeline of them.
#ifndef NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_PASSES_H
#define NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_PASSES_H

#include "compiler/Target/Target.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include <memory>

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Conversion/UkrToLLVM/Passes.h.inc"

struct ToLLVMOptions {
  std::string target = "native";
  bool packed = false; ///< also NAME_packed, which takes an array of pointers, for every model
};

/// Kernels stage -> LLVM dialect, memory planning included: what Emit/Object.h and Emit/Jit.h take.
void buildToLLVMPipeline(mlir::OpPassManager &manager, const ToLLVMOptions &options);
/// Registers it as nibble-to-llvm{target= packed=}.
void registerToLLVMPipeline();

/// The target of a pass option; an error on `op` if there is no such target.
mlir::FailureOr<Target> parseTarget(mlir::Operation *op, llvm::StringRef text);

} // namespace nibble

#endif
