// Ops of the packed stage: values with a #nibble.layout.
#ifndef NIBBLE_IR_PACKED_OPS
#define NIBBLE_IR_PACKED_OPS

include "Nibble/IR/NibbleOpBase.td"

def Nibble_PackOp : Nibble_TypedOp<"pack"> {
  let summary = "Gives a value the layout of the result type; shape, element type and values stay.";
  let description = [{
    Example:
    ```mlir
    !w = tensor<8x8x!quant.uniform<i4<-7:7>:f32, 0.5>>
    !packed = tensor<8x8x!quant.uniform<i4<-7:7>:f32, 0.5>, #nibble.layout<"order = [0, 1], word = 8, bits = 4">>
    func.func @pack(%w: !w) -> !packed {
      %0 = nibble.pack %w : (!w) -> !packed
      return %0 : !packed
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Nibble_UnpackOp : Nibble_TypedOp<"unpack"> {
  let summary = "Takes the layout of a value away.";
  let description = [{
    Example:
    ```mlir
    !packed = tensor<?x64x!nibble.binary, #nibble.layout<"order = [0, 1], tile = [1:32], word = 32, bits = 1, code = sign">>
    func.func @unpack(%x: !packed) -> tensor<?x64x!nibble.binary> {
      %0 = nibble.unpack %x : (!packed) -> tensor<?x64x!nibble.binary>
      return %0 : tensor<?x64x!nibble.binary>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nibble_TileOp : Nibble_TypedOp<"tile"> {
  let summary = "One contraction with its epilogue: what one kernel computes.";
  let description = [{
    conv2d (a linear layer is a convolution with a 1 x 1 image and window) followed by the requantisation in the attributes (see
    nibble.requantize); without `multiplier` the result is the raw accumulator (i32), or the sum itself for f32 operands.

      [N, H, W, C] x [O, KH, KW, C / groups] -> [N, OH, OW, O],   window = [KH, KW], its taps `dilations` apart

    Padded taps are worth 0 and are skipped; padding of another value is an explicit nibble.pad in front.
    `kernel` is chosen by nibble-select-kernels; `rejected` has one entry "kernel: reason" for each kernel that was not taken.
    `widen_every`: the groups of 4 steps of k that the kernel may sum in 16 bits, proved for these weights (0: all);
    of a listed kernel, the most groups of a window.

    Example:
    ```mlir
    !x = tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125>>
    !w = tensor<16x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>
    !y = tensor<4x8x8x16x!quant.uniform<u4:f32, 0.25>>
    func.func @tile(%x: !x, %w: !w) -> !y {
      %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>,
          multiplier = array<f32: 0.25>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (!x, !w) -> !y
      return %0 : !y
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Optional<AnyRankedTensor>:$residual,
                       DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding, DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
                       OptionalAttr<DenseF32ArrayAttr>:$multiplier, OptionalAttr<DenseF32ArrayAttr>:$bias,
                       OptionalAttr<DenseF32ArrayAttr>:$lo, OptionalAttr<DenseF32ArrayAttr>:$hi, OptionalAttr<F32Attr>:$residual_multiplier,
                       OptionalAttr<DenseI32ArrayAttr>:$thresholds, OptionalAttr<DenseI32ArrayAttr>:$flips,
                       OptionalAttr<StrAttr>:$kernel, OptionalAttr<I64Attr>:$widen_every, OptionalAttr<StrArrayAttr>:$rejected);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`,` `residual` `(` $residual^ `:` type($residual) `)`)? attr-dict `:` `(` type($input) `,` type($weight) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif
