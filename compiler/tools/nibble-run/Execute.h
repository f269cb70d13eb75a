// The two ways to run a function: interpreted and compiled.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_EXECUTE_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_EXECUTE_H

#include "compiler/Graph/WeightTable.h"
#include "compiler/Report/Report.h"
#include "compiler/Target/Target.h"
#include "compiler/tools/nibble-run/Bind.h"

namespace nibble::tools {

/// In order of the signature's outputs. An empty message in a Failure: the diagnostics have said it.
using Outputs = Result<Arrays>;

/// Interprets; a function with a batch tile is run tile by tile. `weights` are for parameters that are not bound.
Outputs interpretFunction(mlir::func::FuncOp function, const Signature &signature, const Inputs &inputs,
                          const WeightTable &weights);

struct CompiledOptions {
  int threads = 1;
  int bench = 0;                         ///< Runs to time after the first; 0: none.
  int profile = 0;                       ///< The same, with a time for each layer.
  llvm::ArrayRef<report::Model> reports; ///< For a profile: what the compilation said.
};

/// Links the entry of that name of a module in the LLVM dialect (with packed entries) into this process and calls it.
/// Times of `bench` and `profile` go to standard output.
Outputs runCompiled(mlir::ModuleOp module, const Target &target, const Signature &signature, const Inputs &inputs,
                    const CompiledOptions &options);

} // namespace nibble::tools

#endif
