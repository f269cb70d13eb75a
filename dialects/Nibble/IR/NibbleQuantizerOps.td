// Parameters, constants and quantisers of the graph stage; conversions of the quantized stage.
#ifndef NIBBLE_IR_QUANTIZER_OPS
#define NIBBLE_IR_QUANTIZER_OPS

include "Nibble/IR/NibbleOpBase.td"

def Nibble_ParamOp : Nibble_Op<"param", []> {
  let summary = "A named parameter (a weight or a state), bound by nibble-bind-weights or by the trainer.";
  let description = [{
    Example: `%w = nibble.param @conv1.weight : tensor<16x3x3x1xf32>`. Two functions that name one parameter share it. Reading is
    free of side effects, but two trainings of one model must not be merged: the op is not marked `Pure` so that its
    order is kept.
  }];
  let arguments = (ins SymbolNameAttr:$name, DefaultValuedAttr<Nibble_ParamKindAttr, "ParamKind::Trainable">:$kind,
                       DefaultValuedAttr<Nibble_InitAttr, "Init::HeNormal">:$init);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Nibble_ConstantOp : Nibble_Op<"constant", [Pure, ConstantLike]> {
  let summary = "A constant tensor; storage-typed where the element type is quantised.";
  let description = [{
    The value holds f32 for an f32 result (with or without a grid), i32 for i32, and i8 or i16 integers q for a quantised element
    type (binary: +1 and -1; ternary: -1, 0, +1). With a layout it holds the packed words.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nibble_FakeQuantOp : Nibble_InferredOp<"fake_quant", [Differentiable]> {
  let summary = "Uniform fake quantisation (R1): result = (q - z) * s in f32, on its grid.";
  let description = [{
    Three forms. With `range` (a state `[min, max, seen]`): an activation quantiser whose scale follows from the range (R1).
    Without `range` and `scales`: the scale is max|x| / qmax, per tensor or per index of the quantiser's axis (weights). With `scales` (and
    `zero_points` when asymmetric): frozen; the result type carries them.
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$range, Nibble_QuantizerAttr:$quantizer,
                       OptionalAttr<DenseF32ArrayAttr>:$scales, OptionalAttr<DenseI64ArrayAttr>:$zero_points);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{ bool isFrozen() { return getScales().has_value(); } }];
}

def Nibble_SignOp : Nibble_InferredOp<"sign", [Differentiable]> {
  let summary = "Binary quantiser (R3): -1 where x < 0, else +1 (also for -0 and NaN).";
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<Nibble_EstimatorAttr, "Estimator::Clipped">:$estimator);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_TernarizeOp : Nibble_InferredOp<"ternarize", [Differentiable]> {
  let summary = "Ternary quantiser (R4): clamp(round_half_even(x / s), -1, 1) * s.";
  let description = [{
    s is the mean or the median of |x| (per tensor, or per index of `axis`), or the fixed `scales`; a frozen op has `scales`.
  }];
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<Nibble_TernaryRuleAttr, "TernaryRule::Mean">:$rule,
                       OptionalAttr<I64Attr>:$axis, OptionalAttr<DenseF32ArrayAttr>:$scales,
                       DefaultValuedAttr<Nibble_EstimatorAttr, "Estimator::Identity">:$estimator);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{ bool isFrozen() { return getScales().has_value(); } }];
}

def Nibble_QuantizeOp : Nibble_TypedOp<"quantize"> {
  let summary = "f32 to the integers of the result's element type (R1, R3, R4).";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_DequantizeOp : Nibble_InferredOp<"dequantize"> {
  let summary = "Integers of a quantised element type to f32: (q - z) * s.";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_RequantizeOp : Nibble_TypedOp<"requantize", [Differentiable]> {
  let summary = "Everything between a contraction and the next quantiser, as one fma per element (R8).";
  let description = [{
    `y = fma(f32(acc), M_c, B_c)`; with a residual `y = fma(f32(q_r - z_r), R, y)`; then `clamp(y, lo_c, hi_c)`. A result on a uniform grid is
    `q = round_half_even(y)` (lo and hi are integers of the grid then, and z is part of B); a binary result is -1 where y < 0;
    an f32 result is y itself. `multiplier` and `bias` have one value per channel (the last dimension of the result) or
    one for all; `lo` and `hi` likewise, and may be infinite for an f32 result.

    `thresholds` (with `flips`), put there by nibble-choose-thresholds, replace the fma for a binary result by a comparison that is proved
    equal: -1 where `(acc ^ flip_c) < threshold_c`.
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$residual, DenseF32ArrayAttr:$multiplier, DenseF32ArrayAttr:$bias,
                       DenseF32ArrayAttr:$lo, DenseF32ArrayAttr:$hi, OptionalAttr<F32Attr>:$residual_multiplier,
                       OptionalAttr<DenseI32ArrayAttr>:$thresholds, OptionalAttr<DenseI32ArrayAttr>:$flips,
                       DefaultValuedAttr<Nibble_RequantProfileAttr, "RequantProfile::Float">:$profile);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

#endif
