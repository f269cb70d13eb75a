// Passes of the code generator.
#ifndef NIBBLE_COMPILER_CODEGEN_PASSES
#define NIBBLE_COMPILER_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

def LowerToKernels : Pass<"nibble-lower-to-kernels", "::mlir::ModuleOp"> {
  let summary = "Tiled functions and training steps to the kernels stage: one arena, parallel regions, loops over vectors";
  let description = [{
    Each function of nibble ops becomes an entry (see ukr.parallel) that runs one parallel region per step. Elementwise ops
    are not steps of their own: they are recomputed where their result is read. Numbers follow docs/spec.md; contractions take
    tiles of rows x 16 channels in registers, as many rows as the target's vector registers hold.
  }];
  let options = [Option<"target", "target", "std::string", "\"native\"", "Target the code is for">];
  let dependentDialects = ["::nibble::ukr::UkrDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
}

#endif
