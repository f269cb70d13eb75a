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

    Example:
    ```mlir
    func.func @weights() -> tensor<16x3x3x1xf32> {
      %0 = nibble.param @conv1.weight : tensor<16x3x3x1xf32>
      %1 = nibble.param @bn1.mean {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<16xf32>
      return %0 : tensor<16x3x3x1xf32>
    }
    ```
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

    Example:
    ```mlir
    func.func @constants() -> tensor<2x!nibble.binary> {
      %0 = nibble.constant dense<0.5> : tensor<4xf32> : tensor<4xf32>
      %1 = nibble.constant dense<[1, -1]> : tensor<2xi8> : tensor<2x!nibble.binary>
      return %1 : tensor<2x!nibble.binary>
    }
    ```
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

    Example:
    ```mlir
    #a8 = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
    #w4 = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>
    !a8 = tensor<?x3xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
    !w4 = tensor<2x3xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25}>>>
    func.func @quantise(%x: tensor<?x3xf32>, %range: tensor<3xf32>, %w: tensor<2x3xf32>) -> (!a8, !w4) {
      %0 = nibble.fake_quant %x, %range {quantizer = #a8} : (tensor<?x3xf32>, tensor<3xf32>) -> !a8
      %1 = nibble.fake_quant %w {quantizer = #w4, scales = array<f32: 0.5, 0.25>} : (tensor<2x3xf32>) -> !w4
      return %0, %1 : !a8, !w4
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$range, Nibble_QuantizerAttr:$quantizer,
                       OptionalAttr<DenseF32ArrayAttr>:$scales, OptionalAttr<DenseI64ArrayAttr>:$zero_points);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{ bool isFrozen() { return getScales().has_value(); } }];
}

def Nibble_SignOp : Nibble_InferredOp<"sign", [Differentiable]> {
  let summary = "Binary quantiser (R3): -1 where x < 0, else +1 (also for -0 and NaN).";
  let description = [{
    Example:
    ```mlir
    !signs = tensor<?x64xf32, #nibble.grid<!nibble.binary>>
    func.func @sign(%x: tensor<?x64xf32>) -> !signs {
      %0 = nibble.sign %x : (tensor<?x64xf32>) -> !signs
      return %0 : !signs
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DefaultValuedAttr<Nibble_EstimatorAttr, "Estimator::Clipped">:$estimator);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_TernarizeOp : Nibble_InferredOp<"ternarize", [Differentiable]> {
  let summary = "Ternary quantiser (R4): clamp(round_half_even(x / s), -1, 1) * s.";
  let description = [{
    s is the mean or the median of |x| (per tensor, or per index of `axis`), or the fixed `scales`; a frozen op has `scales`.

    Example:
    ```mlir
    !unknown = tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
    !frozen = tensor<2x3xf32, #nibble.grid<!nibble.ternary<0 : 0.5, 0.25>>>
    func.func @ternarize(%w: tensor<2x3xf32>) -> (!unknown, !frozen) {
      %0 = nibble.ternarize %w {rule = #nibble.ternary_rule<median>} : (tensor<2x3xf32>) -> !unknown
      %1 = nibble.ternarize %w {axis = 0 : i64, scales = array<f32: 0.5, 0.25>} : (tensor<2x3xf32>) -> !frozen
      return %0, %1 : !unknown, !frozen
    }
    ```
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
  let description = [{
    Example:
    ```mlir
    !q8 = !quant.uniform<u8:f32, 0.125:3>
    func.func @quantize(%x: tensor<?x3xf32>) -> tensor<?x3x!q8> {
      %0 = nibble.quantize %x : (tensor<?x3xf32>) -> tensor<?x3x!q8>
      return %0 : tensor<?x3x!q8>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nibble_DequantizeOp : Nibble_InferredOp<"dequantize"> {
  let summary = "Integers of a quantised element type to f32: (q - z) * s.";
  let description = [{
    Example:
    ```mlir
    !q8 = !quant.uniform<u8:f32, 0.125:3>
    func.func @dequantize(%x: tensor<?x3x!q8>) -> tensor<?x3xf32, #nibble.grid<!q8>> {
      %0 = nibble.dequantize %x : (tensor<?x3x!q8>) -> tensor<?x3xf32, #nibble.grid<!q8>>
      return %0 : tensor<?x3xf32, #nibble.grid<!q8>>
    }
    ```
  }];
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

    Example:
    ```mlir
    !u4 = !quant.uniform<u4:f32, 0.25>
    func.func @requantize(%acc: tensor<?x2xi32>, %skip: tensor<?x2x!u4>) -> tensor<?x2x!u4> {
      %0 = nibble.requantize %acc, %skip {multiplier = array<f32: 0.03, 0.01>, bias = array<f32: 1.5, -0.5>, lo = array<f32: 0.0>,
          hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x2x!u4>) -> tensor<?x2x!u4>
      return %0 : tensor<?x2x!u4>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$residual, DenseF32ArrayAttr:$multiplier, DenseF32ArrayAttr:$bias,
                       DenseF32ArrayAttr:$lo, DenseF32ArrayAttr:$hi, OptionalAttr<F32Attr>:$residual_multiplier,
                       OptionalAttr<DenseI32ArrayAttr>:$thresholds, OptionalAttr<DenseI32ArrayAttr>:$flips,
                       DefaultValuedAttr<Nibble_RequantProfileAttr, "RequantProfile::Float">:$profile);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

#endif
