// Machine code from a module in the LLVM dialect (after nibble-to-llvm): objects, assembly, LLVM IR.
//
// The same module, target and options give the same bytes, on every machine and in every process. Any number of threads
// may emit at once, each with its own MLIRContext.
#ifndef NIBBLE_COMPILER_EMIT_OBJECT_H
#define NIBBLE_COMPILER_EMIT_OBJECT_H

#include "compiler/Support/Result.h"
#include "compiler/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace nibble {

struct EmitOptions {
  int level = 3; ///< of LLVM's optimisation: 0..3. No level changes results: never fast-math, no contraction.
};

/// A relocatable object (ELF, or wasm for wasm32): position-independent, each function in its own section, constants in
/// .rodata. It needs no symbol but memcpy and memset; anything else is an error that names the symbols. It defines each
/// entry's C function under two names: NAME and linkNameOf (compiler/Emit/Header.h).
Result<std::string> emitObject(mlir::ModuleOp module, const Target &target, const EmitOptions &options = {});
/// The same code as text.
Result<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, const EmitOptions &options = {});
/// LLVM IR, as translated or (`optimized`) as the code generator gets it.
Result<std::string> emitLLVMIR(mlir::ModuleOp module, const Target &target, bool optimized = true,
                               const EmitOptions &options = {});

/// Makes LLVM's code generators known, once per process; the functions above and JitModule do it themselves.
void initializeTargets();

} // namespace nibble

#endif
