// The nibble dialect: types, attributes, interfaces and ops.
#ifndef NIBBLE_IR_NIBBLE_H
#define NIBBLE_IR_NIBBLE_H

#include "compiler/Layout/Layout.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Nibble/IR/NibbleDialect.h.inc"
#include "dialects/Nibble/IR/NibbleEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Nibble/IR/NibbleTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Nibble/IR/NibbleAttrs.h.inc"

#include "dialects/Nibble/IR/NibbleInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Nibble/IR/NibbleOps.h.inc"

#include "dialects/Nibble/IR/NibbleShapes.h"

#endif
