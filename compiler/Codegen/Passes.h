// Passes of the code generator: from the tiled stage (or a training step) to the kernels stage.
#ifndef NIBBLE_COMPILER_CODEGEN_PASSES_H
#define NIBBLE_COMPILER_CODEGEN_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace nibble {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Codegen/Passes.h.inc"
} // namespace nibble

#endif
