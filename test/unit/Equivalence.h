// Runs module text through the interpreter, and checks that a pass keeps every bit of what a function computes.
#pragma once
#include "compiler/Reference/Interpreter.h"
#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <gtest/gtest.h>

namespace nibble::test {

using reference::HostTensor;
using reference::Parameters;

/// A context with every dialect and pass of the project, which collects diagnostics instead of printing them.
class Session {
public:
  Session();
  /// The verified module, or null with a test failure.
  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text);
  /// Runs a textual pass pipeline of the module; the verifier runs after each pass.
  mlir::LogicalResult runPipeline(mlir::ModuleOp module, llvm::StringRef pipeline);

  mlir::MLIRContext context;
  /// All diagnostics so far with their notes, one line each: "error: ...".
  std::string diagnostics;
};

/// Interprets the first function of `text`. No results and a test failure on an error.
std::vector<HostTensor> run(llvm::StringRef text, llvm::ArrayRef<HostTensor> inputs,
                            const Parameters *parameters = nullptr);
/// The diagnostics of interpreting the first function of `text`; a test failure if there are none.
std::string runError(llvm::StringRef text, llvm::ArrayRef<HostTensor> inputs, const Parameters *parameters = nullptr);

/// Equal bits, where all NaNs are one value (R9.10).
bool sameBits(float a, float b);
/// What is different between two lists of results: shapes, real values and, where both have them, integers. Empty when
/// nothing is.
std::string difference(llvm::ArrayRef<HostTensor> before, llvm::ArrayRef<HostTensor> after);

struct EquivalenceOptions {
  uint64_t seed = 1;
  int rounds = 3;             ///< Sets of random inputs, with seeds seed, seed + 1, ...
  int64_t batch = 3;          ///< For dynamic dimensions.
  bool special = false;       ///< NaN, infinities and subnormal numbers among f32 inputs.
  Parameters parameters = {}; ///< Values of parameters; those missing are random.
};

/// Random values of a type. The uses of `value` decide where not any number will do: ranges, variances, labels.
HostTensor randomTensor(mlir::Value value, uint64_t seed, const EquivalenceOptions &options = {});
std::vector<HostTensor> randomInputs(mlir::func::FuncOp function, uint64_t seed,
                                     const EquivalenceOptions &options = {});
/// Values of every `nibble.param` of the module, by name.
Parameters randomParameters(mlir::ModuleOp module, uint64_t seed, const EquivalenceOptions &options = {});

/// Every function of `text` gives the same bits before and after `pipeline` (for example "canonicalize,cse") on random
/// inputs. Functions that the pipeline adds are not looked at.
void expectEquivalent(llvm::StringRef text, llvm::StringRef pipeline, const EquivalenceOptions &options = {});
/// The same for any transformation of the module.
void expectEquivalent(llvm::StringRef text, std::function<mlir::LogicalResult(mlir::ModuleOp)> transform,
                      const EquivalenceOptions &options = {});

} // namespace nibble::test
