// Runs functions of nibble ops as compiled code in this process.
#pragma once
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Emit/Jit.h"
#include "test/unit/Equivalence.h"

namespace nibble::test {

/// The functions of one module as machine code: compiled once, run as often as a test wants.
class Compiled {
public:
  /// Of a module at the tiled stage, or of training steps; a copy of it is lowered. Null with a test failure on an
  /// error.
  static std::unique_ptr<Compiled> fromTiled(Session &session, mlir::ModuleOp module, llvm::StringRef target = "native",
                                             int level = 1);
  /// Of a module at the kernels stage, which is lowered in place. Results are those that no argument is tied to.
  static std::unique_ptr<Compiled> fromKernels(Session &session, mlir::ModuleOp module,
                                               llvm::StringRef target = "native", int level = 1);

  /// Runs one entry; results are in the order of its function's, tied ones read from their arguments. `batch` is the
  /// number of images of a model's call (0: its tile). Empty with a test failure on an error. Reading or writing behind
  /// an argument or the arena ends the process.
  std::vector<HostTensor> run(llvm::StringRef name, llvm::ArrayRef<HostTensor> inputs, int threads = 1,
                              int64_t batch = 0) const;

private:
  std::vector<Entry> entries;
  std::map<std::string, std::vector<size_t>> results; ///< Of each entry: the arguments that hold them.
  std::unique_ptr<JitModule> jit;
};

/// Interprets and runs the first function of `text` on random inputs, with 1 and 2 threads: the same bits.
void expectCompiledEqual(llvm::StringRef text, const EquivalenceOptions &options = {},
                         llvm::StringRef target = "native");

} // namespace nibble::test
