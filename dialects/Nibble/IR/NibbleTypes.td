// Element types that !quant.uniform cannot express.
#ifndef NIBBLE_IR_TYPES
#define NIBBLE_IR_TYPES

include "Nibble/IR/NibbleBase.td"
include "mlir/IR/AttrTypeBase.td"

class Nibble_Type<string name, string typeMnemonic> : TypeDef<Nibble_Dialect, name> { let mnemonic = typeMnemonic; }

def Nibble_BinaryType : Nibble_Type<"Binary", "binary"> {
  let summary = "One of {-1, +1} (R3): bit 0 stores +1, bit 1 stores -1.";
}

def Nibble_TernaryType : Nibble_Type<"Ternary", "ternary"> {
  let summary = "One of {-1, 0, +1} times a scale (R4).";
  let description = [{
    `!nibble.ternary` has a scale that is not known yet (it is computed while training), `!nibble.ternary<0.5>` one scale
    per tensor, `!nibble.ternary<0 : 0.5, 0.25>` one scale per index of dimension 0. Scales are exactly f32, normal and positive.
  }];
  let parameters = (ins "int64_t":$axis, "::mlir::DenseF64ArrayAttr":$values);
  let builders = [TypeBuilder<(ins "int64_t":$axis, "::llvm::ArrayRef<double>":$scales), [{
    return $_get($_ctxt, axis, ::mlir::DenseF64ArrayAttr::get($_ctxt, scales));
  }]>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<double> getScales() const { return getValues().asArrayRef(); }
    /// True once the scale is a constant of the type.
    bool hasScales() const { return !getScales().empty(); }
    bool isPerAxis() const { return getAxis() >= 0; }
  }];
}

#endif
