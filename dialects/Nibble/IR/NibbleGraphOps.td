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
    groups = input channels is a depthwise convolution.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding,
                       DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$accumulate);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_LinearOp : Nibble_InferredOp<"linear", [Differentiable, Nibble_ContractionOp]> {
  let summary = "Matrix product with a weight matrix: [N, I] x [O, I] -> [N, O].";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, UnitAttr:$accumulate);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_BatchNormOp : Nibble_InferredOp<"batch_norm", [Differentiable]> {
  let summary = "Batch normalisation with running statistics over the last dimension.";
  let description = "`(x - mean) / sqrt(variance + epsilon) * gamma + beta`. Training replaces it by nibble.batch_norm_train.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma, AnyRankedTensor:$beta, AnyRankedTensor:$mean, AnyRankedTensor:$variance,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon, DefaultValuedAttr<F32Attr, "0.9f">:$momentum);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

class Nibble_BinaryOp<string mnemonic, string text> : Nibble_InferredOp<mnemonic, [Differentiable]> {
  let summary = text;
  let description = "rhs has lhs's shape, or one value per index of the last dimension, or a single value.";
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}
def Nibble_AddOp : Nibble_BinaryOp<"add", "Elementwise sum."> { let hasFolder = 1; }
def Nibble_MulOp : Nibble_BinaryOp<"mul", "Elementwise product."> { let hasFolder = 1; }

def Nibble_ReluOp : Nibble_InferredOp<"relu", [Differentiable]> {
  let summary = "x > 0 ? x : +0 (NaN gives 0).";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nibble_ClipOp : Nibble_InferredOp<"clip", [Differentiable]> {
  let summary = "x > lo ? x : lo, then < hi ? . : hi (NaN gives lo).";
  let arguments = (ins AnyRankedTensor:$input, F32Attr:$lo, F32Attr:$hi);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

class Nibble_PoolOp<string mnemonic, string text> : Nibble_InferredOp<mnemonic, [Differentiable]> {
  let summary = text;
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}
def Nibble_MaxPool2dOp : Nibble_PoolOp<"max_pool2d", "Largest valid tap of each window; keeps the grid (R7).">;
def Nibble_AvgPool2dOp : Nibble_PoolOp<"avg_pool2d", "Mean of each window: sum / taps; of a grid the sum is an exact integer (R7). No padding.">;

def Nibble_GlobalAvgPoolOp : Nibble_InferredOp<"global_avg_pool", [Differentiable]> {
  let summary = "Mean over height and width: [N, H, W, C] -> [N, C].";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_ReshapeOp : Nibble_TypedOp<"reshape", [Differentiable]> {
  let summary = "Same elements in row-major order; the batch dimension stays first; keeps the grid (R7).";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Nibble_ConcatOp : Nibble_InferredOp<"concat", [Differentiable]> {
  let summary = "Concatenation along `axis` (not the batch); operands of equal grids keep it (R7).";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_PadOp : Nibble_InferredOp<"pad", [Differentiable]> {
  let summary = "Pads each dimension with a value; a value on the grid keeps it (R7).";
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DefaultValuedAttr<F32Attr, "0.0f">:$value);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_SoftmaxOp : Nibble_InferredOp<"softmax", [Differentiable]> {
  let summary = "exp(x - max) / sum over the last dimension (R10).";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Nibble_SoftmaxCrossEntropyOp : Nibble_InferredOp<"softmax_cross_entropy", [Differentiable]> {
  let summary = "Mean over the batch of -log softmax(logits)[label]: [N, C], [N] i32 -> scalar.";
  let arguments = (ins AnyRankedTensor:$logits, AnyRankedTensor:$labels);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

#endif
