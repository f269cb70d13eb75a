// Layers: contractions, normalisation, elementwise ops, pooling, shape ops, softmax.
#ifndef NIBBLE_IR_GRAPH_OPS
#define NIBBLE_IR_GRAPH_OPS

include "Nibble/IR/NibbleOpBase.td"

def Nibble_Conv2dOp : Nibble_InferredOp<"conv2d", [Differentiable, Nibble_ContractionOp]> {
  let summary = "2-D convolution, NHWC x OHWI -> NHWO.";
  let description = [{
    On f32 operands without a common grid: sequential fused multiply-adds over (ky, kx, c); padded taps are skipped (R9). If both
    operands carry a grid the sum is an exact integer, `f32(acc) * (sx * sw[c])` (R7). With `accumulate`, or on quantised
    element types, the result is that integer itself (i32). `groups` divides input and output channels;
    groups = input channels is a depthwise convolution. Neighbouring taps of the window are `dilations` rows and columns
    of the input apart.

    Example:
    ```mlir
    func.func @conv(%x: tensor<?x28x28x1xf32>, %w: tensor<16x3x3x1xf32>) -> tensor<?x28x28x16xf32> {
      %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>}
          : (tensor<?x28x28x1xf32>, tensor<16x3x3x1xf32>) -> tensor<?x28x28x16xf32>
      return %0 : tensor<?x28x28x16xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding,
                       DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$accumulate,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_LinearOp : Nibble_InferredOp<"linear", [Differentiable, Nibble_ContractionOp]> {
  let summary = "Matrix product with a weight matrix: [N, I] x [O, I] -> [N, O].";
  let description = [{
    Example:
    ```mlir
    !x = tensor<?x64xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>
    !w = tensor<10x64xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32, 0.5>>>
    func.func @linear(%x: !x, %w: !w) -> tensor<?x10xi32> {
      %0 = nibble.linear %x, %w {accumulate} : (!x, !w) -> tensor<?x10xi32>
      return %0 : tensor<?x10xi32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, UnitAttr:$accumulate);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_BatchNormOp : Nibble_InferredOp<"batch_norm", [Differentiable]> {
  let summary = "Batch normalisation with running statistics over the last dimension.";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * gamma + beta`. Training replaces it by nibble.batch_norm_train.

    Example:
    ```mlir
    func.func @norm(%x: tensor<?x8xf32>, %gamma: tensor<8xf32>, %beta: tensor<8xf32>, %mean: tensor<8xf32>,
                    %variance: tensor<8xf32>) -> tensor<?x8xf32> {
      %0 = nibble.batch_norm %x, %gamma, %beta, %mean, %variance {epsilon = 1.0e-3 : f32}
          : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
      return %0 : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma, AnyRankedTensor:$beta, AnyRankedTensor:$mean, AnyRankedTensor:$variance,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon, DefaultValuedAttr<F32Attr, "0.9f">:$momentum);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

class Nibble_BinaryOp<string mnemonic, string text> : Nibble_InferredOp<mnemonic, [Differentiable]> {
  let summary = text;
  let description = [{
    rhs has lhs's shape, or one value per index of the last dimension, or a single value.

    Example:
    ```mlir
    func.func @affine(%x: tensor<?x8xf32>, %scale: tensor<f32>, %bias: tensor<8xf32>) -> tensor<?x8xf32> {
      %0 = nibble.mul %x, %scale : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
      %1 = nibble.add %0, %bias : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
      return %1 : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}
def Nibble_AddOp : Nibble_BinaryOp<"add", "Elementwise sum."> { let hasFolder = 1; }
def Nibble_MulOp : Nibble_BinaryOp<"mul", "Elementwise product."> { let hasFolder = 1; }

def Nibble_ReluOp : Nibble_InferredOp<"relu", [Differentiable]> {
  let summary = "x > 0 ? x : +0 (NaN gives 0).";
  let description = [{
    Example:
    ```mlir
    func.func @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %0 = nibble.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %0 : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nibble_ClipOp : Nibble_InferredOp<"clip", [Differentiable]> {
  let summary = "x > lo ? x : lo, then < hi ? . : hi (NaN gives lo).";
  let description = [{
    Example:
    ```mlir
    func.func @relu6(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      %0 = nibble.clip %x {lo = 0.0 : f32, hi = 6.0 : f32} : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %0 : tensor<?x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, F32Attr:$lo, F32Attr:$hi);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

class Nibble_PoolOp<string mnemonic, string text> : Nibble_InferredOp<mnemonic, [Differentiable]> {
  let summary = text;
  let description = [{
    Example:
    ```mlir
    func.func @pools(%x: tensor<?x8x8x4xf32>) -> tensor<?x2x2x4xf32> {
      %0 = nibble.max_pool2d %x {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 0, 0>}
          : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
      %1 = nibble.avg_pool2d %0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>}
          : (tensor<?x4x4x4xf32>) -> tensor<?x2x2x4xf32>
      return %1 : tensor<?x2x2x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}
def Nibble_MaxPool2dOp : Nibble_PoolOp<"max_pool2d", "Largest valid tap of each window; keeps the grid (R7)."> { let hasFolder = 1; }
def Nibble_AvgPool2dOp : Nibble_PoolOp<"avg_pool2d", "Mean of each window: sum / taps; of a grid the sum is an exact integer (R7). No padding.">;

def Nibble_GlobalAvgPoolOp : Nibble_InferredOp<"global_avg_pool", [Differentiable]> {
  let summary = "Mean over height and width: [N, H, W, C] -> [N, C].";
  let description = [{
    Example:
    ```mlir
    func.func @mean(%x: tensor<?x7x7x64xf32>) -> tensor<?x64xf32> {
      %0 = nibble.global_avg_pool %x : (tensor<?x7x7x64xf32>) -> tensor<?x64xf32>
      return %0 : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_ReshapeOp : Nibble_TypedOp<"reshape", [Differentiable]> {
  let summary = "Same elements in row-major order; the batch dimension stays first; keeps the grid (R7).";
  let description = [{
    Example:
    ```mlir
    func.func @flatten(%x: tensor<?x7x7x64xf32>) -> tensor<?x3136xf32> {
      %0 = nibble.reshape %x : (tensor<?x7x7x64xf32>) -> tensor<?x3136xf32>
      return %0 : tensor<?x3136xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nibble_ConcatOp : Nibble_InferredOp<"concat", [Differentiable]> {
  let summary = "Concatenation along `axis` (not the batch); operands of equal grids keep it (R7).";
  let description = [{
    Example:
    ```mlir
    func.func @concat(%a: tensor<?x4xf32>, %b: tensor<?x2xf32>) -> tensor<?x6xf32> {
      %0 = nibble.concat %a, %b {axis = 1 : i64} : (tensor<?x4xf32>, tensor<?x2xf32>) -> tensor<?x6xf32>
      return %0 : tensor<?x6xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nibble_PadOp : Nibble_InferredOp<"pad", [Differentiable]> {
  let summary = "Pads each dimension with a value; a value on the grid keeps it (R7).";
  let description = [{
    Example:
    ```mlir
    !signs = tensor<?x4x4x8xf32, #nibble.grid<!nibble.binary>>
    !padded = tensor<?x6x6x8xf32, #nibble.grid<!nibble.binary>>
    func.func @pad(%x: !signs) -> !padded {
      %0 = nibble.pad %x {low = array<i64: 0, 1, 1, 0>, high = array<i64: 0, 1, 1, 0>, value = 1.0 : f32} : (!signs) -> !padded
      return %0 : !padded
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DefaultValuedAttr<F32Attr, "0.0f">:$value);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Nibble_SoftmaxOp : Nibble_InferredOp<"softmax", [Differentiable]> {
  let summary = "exp(x - max) / sum over the last dimension (R10).";
  let description = [{
    Example:
    ```mlir
    func.func @softmax(%x: tensor<?x10xf32>) -> tensor<?x10xf32> {
      %0 = nibble.softmax %x : (tensor<?x10xf32>) -> tensor<?x10xf32>
      return %0 : tensor<?x10xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_SoftmaxCrossEntropyOp : Nibble_InferredOp<"softmax_cross_entropy", [Differentiable]> {
  let summary = "Mean over the batch of -log softmax(logits)[label]: [N, C], [N] i32 -> scalar.";
  let description = [{
    Example:
    ```mlir
    func.func @loss(%logits: tensor<32x10xf32>, %labels: tensor<32xi32>) -> tensor<f32> {
      %0 = nibble.softmax_cross_entropy %logits, %labels : (tensor<32x10xf32>, tensor<32xi32>) -> tensor<f32>
      return %0 : tensor<f32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$logits, AnyRankedTensor:$labels);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

#endif
