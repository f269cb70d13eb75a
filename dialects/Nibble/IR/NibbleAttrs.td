// Attributes: quantiser, grid encoding, padding, layout, and the enumerations.
#ifndef NIBBLE_IR_ATTRS
#define NIBBLE_IR_ATTRS

include "Nibble/IR/NibbleBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class Nibble_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Nibble_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}
class Nibble_Enum<string name, string text, list<I32EnumAttrCase> cases> : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::nibble";
  let genSpecializedAttr = 0;
}

def Nibble_Estimator : Nibble_Enum<"Estimator", "gradient estimator of a quantiser",
    [I32EnumAttrCase<"Identity", 0, "identity">, I32EnumAttrCase<"Clipped", 1, "clipped">]>;
def Nibble_EstimatorAttr : EnumAttr<Nibble_Dialect, Nibble_Estimator, "estimator"> { let assemblyFormat = "`<` $value `>`"; }

def Nibble_PadValue : Nibble_Enum<"PadValue", "value of padded taps",
    [I32EnumAttrCase<"Zero", 0, "zero">, I32EnumAttrCase<"PlusOne", 1, "plus_one">, I32EnumAttrCase<"MinusOne", 2, "minus_one">]>;

def Nibble_RequantProfile : Nibble_Enum<"RequantProfile", "rounding profile of a requantisation (R6)",
    [I32EnumAttrCase<"Float", 0, "float">, I32EnumAttrCase<"Fixed", 1, "fixed">]>;
def Nibble_RequantProfileAttr : EnumAttr<Nibble_Dialect, Nibble_RequantProfile, "profile"> { let assemblyFormat = "`<` $value `>`"; }

def Nibble_TernaryRule : Nibble_Enum<"TernaryRule", "threshold rule of a ternary quantiser (R4)",
    [I32EnumAttrCase<"Mean", 0, "mean">, I32EnumAttrCase<"Median", 1, "median">, I32EnumAttrCase<"Fixed", 2, "fixed">]>;
def Nibble_TernaryRuleAttr : EnumAttr<Nibble_Dialect, Nibble_TernaryRule, "ternary_rule"> { let assemblyFormat = "`<` $value `>`"; }

def Nibble_ParamKind : Nibble_Enum<"ParamKind", "what a parameter is to training",
    [I32EnumAttrCase<"Trainable", 0, "trainable">, I32EnumAttrCase<"State", 1, "state">]>;
def Nibble_ParamKindAttr : EnumAttr<Nibble_Dialect, Nibble_ParamKind, "kind"> { let assemblyFormat = "`<` $value `>`"; }

def Nibble_Init : Nibble_Enum<"Init", "initial value of a parameter",
    [I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Ones", 1, "ones">, I32EnumAttrCase<"HeNormal", 2, "he_normal">]>;
def Nibble_InitAttr : EnumAttr<Nibble_Dialect, Nibble_Init, "init"> { let assemblyFormat = "`<` $value `>`"; }

def Nibble_QuantizerAttr : Nibble_Attr<"Quantizer", "quantizer"> {
  let summary = "A uniform quantiser (R1, R2): width, signedness, granularity, scheme, rounding, gradient estimator.";
  let description = [{
    Example: `#nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>`: [-7, 7], one scale per index of
    dimension 0. Rounding is half to even and has no other value (R1). Widths are 1..8 and 16.

    `group = 128`: one scale for each 128 neighbouring values of the last dimension (R7.5), for the weights of linear layers
    and 1 x 1 convolutions. A group is a multiple of 16.
  }];
  let parameters = (ins "unsigned":$bits, "bool":$isSigned,
    DefaultValuedParameter<"bool", "false">:$narrow,
    DefaultValuedParameter<"bool", "true">:$symmetric,
    DefaultValuedParameter<"int64_t", "-1">:$axis,
    DefaultValuedParameter<"Estimator", "Estimator::Clipped">:$estimator,
    DefaultValuedParameter<"int64_t", "0">:$group);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Smallest and largest integer of the grid (R2).
    int64_t getQmin() const;
    int64_t getQmax() const;
    bool isPerAxis() const { return getAxis() >= 0; }
    bool isPerGroup() const { return getGroup() > 0; }
    /// The storage type without a scale: `!quant.any<i4<-7:7>:f32>`.
    ::mlir::Type getUnscaledType() const;
    /// The storage type with one scale (and zero point) per tensor, per channel, or per group of a tensor of `shape`.
    ::mlir::Type getScaledType(::llvm::ArrayRef<double> scales, ::llvm::ArrayRef<int64_t> zeroPoints,
                               ::llvm::ArrayRef<int64_t> shape) const;
  }];
}

def Nibble_GridAttr : Nibble_Attr<"Grid", "grid", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "The grid that an f32 tensor's values lie on (R7).";
  let description = [{
    Encoding of an f32 tensor whose every value is `(q - z) * s` for an integer q of the element type. The type is
    `!quant.uniform` (scale known), `!quant.any` (scale not known before training ends), `!nibble.binary` or `!nibble.ternary`.
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

def Nibble_PaddingAttr : Nibble_Attr<"Padding", "padding"> {
  let summary = "Padded rows and columns of a window op and the value of padded taps.";
  let description = "`#nibble.padding<1, 1, 1, 1, plus_one>`: top, left, bottom, right, value (`zero` when left out).";
  let parameters = (ins "int64_t":$top, "int64_t":$left, "int64_t":$bottom, "int64_t":$right,
    DefaultValuedParameter<"PadValue", "PadValue::Zero">:$value);
  let assemblyFormat = "`<` $top `,` $left `,` $bottom `,` $right (`,` $value^)? `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{ bool isZeroSized() const { return !getTop() && !getLeft() && !getBottom() && !getRight(); } }];
}

def Nibble_LayoutAttr : Nibble_Attr<"Layout", "layout", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Where each element of a tensor lies: (logical index) -> (word, bit). See docs/layouts.md.";
  let description = "Wraps `nibble::layout::Layout`; text form as printed by `nibble-layout`.";
  let parameters = (ins "::nibble::layout::Layout":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif
