// The ukr dialect: kernel symbols and calls, parallel regions, arena buffers.
#ifndef UKR_IR_UKR_H
#define UKR_IR_UKR_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Ukr/IR/UkrDialect.h.inc"
#define GET_OP_CLASSES
#include "dialects/Ukr/IR/UkrOps.h.inc"

namespace nibble::ukr {
/// Bytes of a static memref of a builtin element type.
int64_t bytesOf(mlir::MemRefType type);
} // namespace nibble::ukr

#endif
