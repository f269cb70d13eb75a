// One compilation: a context, a module on its way through the stages, and everything that was said about it. Private to
// this folder.
#ifndef NIBBLE_COMPILER_DRIVER_SESSION_H
#define NIBBLE_COMPILER_DRIVER_SESSION_H

#include "compiler/Builder/DiagnosticCollector.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Driver/Program.h"
#include "compiler/Emit/Jit.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

namespace nibble::driver {

class Session {
public:
  Session();

  /// Reads a module of the graph stage and finds its only function with a body; a null function after an error.
  mlir::func::FuncOp load(std::string_view text);
  mlir::LogicalResult run(std::unique_ptr<mlir::Pass> pass);
  /// An error without a place.
  void error(std::string message);

  /// The one entry of the module, which is in the LLVM dialect.
  mlir::FailureOr<Entry> entry();
  /// The module, which is in the LLVM dialect, as code of this process; null after an error.
  std::unique_ptr<JitModule> link(const std::string &target, int level);

  /// `value`, unless there was an error; then the errors alone (at least one).
  template <typename T>
  Outcome<T> outcome(std::unique_ptr<T> value) {
    bool failed = !value;
    for (const BuildDiagnostic &d : diagnostics)
      failed |= d.severity == BuildSeverity::Error;
    if (failed && llvm::none_of(diagnostics, [](auto &d) { return d.severity == BuildSeverity::Error; }))
      error("the compiler has failed without a message");
    return {failed ? nullptr : std::move(value), std::move(diagnostics)};
  }
  template <typename T>
  Outcome<T> failure() {
    return outcome(std::unique_ptr<T>());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<BuildDiagnostic> diagnostics;

private:
  DiagnosticCollector collector;
};

/// Parameters of a module in order of first use.
std::vector<ParamSpec> paramsOf(mlir::ModuleOp module);
ParamRole roleOf(ParamKind kind);
InitialValue initialValueOf(Init init);

std::vector<Argument> argumentTable(const Entry &entry);
/// Marks the parameters; `argumentAttributes` are those of the function that the entry was made of.
void markParameters(std::vector<Argument> &table, mlir::ArrayAttr argumentAttributes);
ArenaSize arenaOf(const Entry &entry);

} // namespace nibble::driver

#endif
