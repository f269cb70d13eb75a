// Modules from files and back to text.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_MODULES_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_MODULES_H

#include "compiler/Support/Result.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <string>

namespace nibble::tools {

/// The text of an MLIR file, or of standard input for "-". Error: it cannot be read, is bytecode or no text, or is
/// nested more deeply than the parser stands.
Result<std::string> readModuleText(llvm::StringRef path);

/// The verified module with all its resources; null after an error, which went to the context. `path` is for locations.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(mlir::MLIRContext &context, llvm::StringRef text, llvm::StringRef path);

/// The module as text. `locations`: with the places in the source and the names of layers, which a later compilation
/// needs to give the same names to the same code.
std::string printModule(mlir::ModuleOp module, bool locations);

/// A context with the project's dialects.
std::unique_ptr<mlir::MLIRContext> makeContext();

} // namespace nibble::tools

#endif
