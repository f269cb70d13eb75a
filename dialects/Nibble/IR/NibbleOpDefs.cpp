// The generated op definitions, compiled alone (they are slow to compile and rarely change).
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

#include "dialects/Nibble/IR/NibbleInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Nibble/IR/NibbleOps.cpp.inc"
