// How the tools speak: "TOOL: error: ..." for what has no place, "FILE:LINE:COLUMN: error: ..." for what has one.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_DIAGNOSTICS_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include <functional>
#include <string>

namespace nibble::tools {

/// Prints "TOOL: error: MESSAGE" and gives 1, the exit status.
int fail(llvm::StringRef tool, const llvm::Twine &message);

/// While it lives, diagnostics of the context go to standard error: whole lines of bounded length, the first twenty
/// errors. Remarks are printed if `remarks`.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string tool, bool remarks);
  bool hasErrors() const { return errors > 0; }

private:
  void print(mlir::Diagnostic &diagnostic);

  std::string tool;
  bool remarks;
  unsigned errors = 0;
  mlir::ScopedDiagnosticHandler handler;
};

/// Runs `body` on a thread with a stack that deeply nested input cannot exhaust, and gives its result. From then on, an
/// allocation that fails ends the process with an error message and status 1.
int runGuarded(const std::function<int()> &body);

} // namespace nibble::tools

#endif
