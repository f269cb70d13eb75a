// Runs a function of nibble ops as compiled code in this process.
#pragma once
#include "test/unit/Equivalence.h"

namespace nibble::test {

struct CompiledOptions {
  std::string target = "native";
  int threads = 1;
  int64_t batch = 0; ///< images of a call, for functions with nibble.batch_tile (0: the tile)
};

/// Lowers a copy of the module from the tiled stage (or a training step) on, and runs its function `name` on `inputs`. Results are in the
/// order of the function's results; tied results are read from their arguments. Empty with a test failure on an error.
std::vector<HostTensor> runCompiled(Session &session, mlir::ModuleOp module, llvm::StringRef name, llvm::ArrayRef<HostTensor> inputs,
                                    const CompiledOptions &options = {});

/// Interprets and runs the first function of `text` on random inputs, with 1 and 2 threads: the same bits.
void expectCompiledEqual(llvm::StringRef text, const EquivalenceOptions &options = {}, llvm::StringRef target = "native");

} // namespace nibble::test
