// The passes of compiler/Train; see Passes.td.
#ifndef NIBBLE_TRAIN_PASSES_H
#define NIBBLE_TRAIN_PASSES_H

#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Train/Passes.h.inc"

} // namespace nibble

#endif
