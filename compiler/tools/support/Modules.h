// Modules from files and back to text.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_MODULES_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_MODULES_H

#include "compiler/Graph/WeightTable.h"
#include "compiler/Pipelines/Stages.h"
#include "compiler/Support/Result.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <optional>
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

/// The function of that name; with an empty name the only one with a body. Error: lists those that there are.
Result<mlir::func::FuncOp> chooseEntry(mlir::ModuleOp module, llvm::StringRef path, llvm::StringRef name);

/// An error at the first function that is only declared, or takes tensors and gives none.
mlir::LogicalResult checkFunctions(mlir::ModuleOp module);

/// Erases every other function, and gives `weights` without the parameters that went with them.
std::shared_ptr<const WeightTable> keepOnly(mlir::ModuleOp module, mlir::func::FuncOp entry,
                                            const WeightTable &weights);

/// What is wrong before any value is looked at: no weight file (null) for a module with parameters, or one for a module
/// behind the graph stage.
std::optional<std::string> weightsError(mlir::ModuleOp module, llvm::StringRef path, Stage stage,
                                        const WeightTable *weights);

/// What is wrong with --batch-tile=`tile` (0: not given): the batch of a function is fixed already, to another size.
std::optional<std::string> batchTileError(mlir::ModuleOp module, llvm::StringRef path, int64_t tile);

} // namespace nibble::tools

#endif
