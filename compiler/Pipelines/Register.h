// Everything a tool registers before it reads a module.
#ifndef NIBBLE_COMPILER_PIPELINES_REGISTER_H
#define NIBBLE_COMPILER_PIPELINES_REGISTER_H

#include "mlir/IR/DialectRegistry.h"

namespace nibble {

/// The dialects of every stage, from nibble to llvm.
void registerDialects(mlir::DialectRegistry &registry);
/// Every pass of the project, the stage pipelines, and the upstream passes that tests use.
void registerPasses();

} // namespace nibble

#endif
