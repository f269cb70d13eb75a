// What the op files of the dialect share.
#ifndef NIBBLE_IR_OPBASE
#define NIBBLE_IR_OPBASE

include "Nibble/IR/NibbleBase.td"
include "Nibble/IR/NibbleTypes.td"
include "Nibble/IR/NibbleAttrs.td"
include "Nibble/IR/NibbleInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Pure ops whose result type follows from operands and attributes; the same code checks IR and serves the DSL.
class Nibble_InferredOp<string mnemonic, list<Trait> traits = []>
    : Nibble_Op<mnemonic, !listconcat([Pure, InferTypeOpAdaptor], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
class Nibble_TypedOp<string mnemonic, list<Trait> traits = []> : Nibble_Op<mnemonic, !listconcat([Pure], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
defvar Differentiable = DeclareOpInterfaceMethods<Nibble_DifferentiableOp>;

#endif
