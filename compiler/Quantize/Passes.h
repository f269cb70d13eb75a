// Passes from the frozen graph to the quantized stage, and within that stage.
#ifndef NIBBLE_COMPILER_QUANTIZE_PASSES_H
#define NIBBLE_COMPILER_QUANTIZE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Quantize/Passes.h.inc"

/// The check of nibble-verify-quantized: an error for every op that breaks a rule, each with the reason and what to do.
mlir::LogicalResult verifyQuantized(mlir::ModuleOp module, bool allowFloat);

} // namespace nibble

#endif
