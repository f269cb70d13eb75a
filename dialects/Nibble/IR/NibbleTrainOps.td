// Ops that only training graphs have: statistics, gradients, optimiser updates.
#ifndef NIBBLE_IR_TRAIN_OPS
#define NIBBLE_IR_TRAIN_OPS

include "Nibble/IR/NibbleOpBase.td"

class Nibble_TrainOp<string mnemonic, list<Trait> traits = []> : Nibble_TypedOp<mnemonic, traits> { let hasVerifier = 1; }

def Nibble_ObserveRangeOp : Nibble_TrainOp<"observe_range"> {
  let summary = "Running range of an activation: [min, max, seen] -> [min', max', seen + 1].";
  let description = [{
    The first batch sets the range, later ones move it: r' = fma(momentum, r, (1 - momentum) * batch).

    Example:
    ```mlir
    func.func @observe(%x: tensor<8x4xf32>, %range: tensor<3xf32>) -> tensor<3xf32> {
      %0 = nibble.observe_range %x, %range {momentum = 0.9 : f32} : (tensor<8x4xf32>, tensor<3xf32>) -> tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$range, DefaultValuedAttr<F32Attr, "0.99f">:$momentum);
  let results = (outs AnyRankedTensor:$result);
}

def Nibble_BatchNormTrainOp : Nibble_TrainOp<"batch_norm_train", [Differentiable]> {
  let summary = "Batch normalisation with the statistics of this batch; also gives the moved running statistics.";
  let description = [{
    mean and variance (biased) over all dimensions but the last, in blocks of 256 rows (R9); `inv_std = 1 / sqrt(variance + epsilon)`;
    `y = fma((x - mean) * inv_std, gamma, beta)`. Running: `r' = fma(momentum, r, (1 - momentum) * batch)`.

    Example:
    ```mlir
    func.func @norm(%x: tensor<8x4xf32>, %gamma: tensor<4xf32>, %beta: tensor<4xf32>, %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<8x4xf32> {
      %0:5 = nibble.batch_norm_train %x, %gamma, %beta, %mean, %variance : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
          -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      return %0#0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma, AnyRankedTensor:$beta, AnyRankedTensor:$mean, AnyRankedTensor:$variance,
                       DefaultValuedAttr<F32Attr, "1.0e-5f">:$epsilon, DefaultValuedAttr<F32Attr, "0.9f">:$momentum);
  let results = (outs AnyRankedTensor:$result, AnyRankedTensor:$new_mean, AnyRankedTensor:$new_variance,
                      AnyRankedTensor:$batch_mean, AnyRankedTensor:$batch_inv_std);
}

def Nibble_BatchNormGradOp : Nibble_TrainOp<"batch_norm_grad"> {
  let summary = "Gradients of nibble.batch_norm_train with respect to input, gamma and beta.";
  let description = [{
    xhat = (x - mean) * inv_std; dbeta = sum dy; dgamma = sum dy * xhat (R9 blocks);
    dx = (gamma * inv_std) * (dy - dbeta / n - xhat * (dgamma / n)), evaluated as `t = fma(-xhat, dgamma / n, dy - dbeta / n); dx = (gamma * inv_std) * t`.

    Example:
    ```mlir
    func.func @norm_grad(%dy: tensor<8x4xf32>, %x: tensor<8x4xf32>, %gamma: tensor<4xf32>, %mean: tensor<4xf32>, %inv_std: tensor<4xf32>) -> tensor<8x4xf32> {
      %0:3 = nibble.batch_norm_grad %dy, %x, %gamma, %mean, %inv_std : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
          -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>)
      return %0#0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, AnyRankedTensor:$gamma, AnyRankedTensor:$batch_mean, AnyRankedTensor:$batch_inv_std);
  let results = (outs AnyRankedTensor:$input_gradient, AnyRankedTensor:$gamma_gradient, AnyRankedTensor:$beta_gradient);
}

def Nibble_Conv2dGradInputOp : Nibble_TrainOp<"conv2d_grad_input"> {
  let summary = "Gradient of conv2d with respect to its input (f32): fused multiply-adds over (ky, kx, o).";
  let description = [{
    Works on the real values of the operands, grid or not. Gradients of padded taps are dropped, whatever the value of the padding.

    Example:
    ```mlir
    func.func @conv_grad_input(%dy: tensor<8x4x4x2xf32>, %w: tensor<2x3x3x1xf32>) -> tensor<8x8x8x1xf32> {
      %0 = nibble.conv2d_grad_input %dy, %w {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>}
          : (tensor<8x4x4x2xf32>, tensor<2x3x3x1xf32>) -> tensor<8x8x8x1xf32>
      return %0 : tensor<8x8x8x1xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$weight, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_Conv2dGradWeightOp : Nibble_TrainOp<"conv2d_grad_weight"> {
  let summary = "Gradient of conv2d with respect to its weights (f32): over rows (n, y, x) in blocks of 256 (R9).";
  let description = [{
    Works on the real values of the operands, grid or not. A padded tap counts as an input of the padding's value, 0 too.

    Example:
    ```mlir
    func.func @conv_grad_weight(%dy: tensor<8x4x4x2xf32>, %x: tensor<8x8x8x1xf32>) -> tensor<2x3x3x1xf32> {
      %0 = nibble.conv2d_grad_weight %dy, %x {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>}
          : (tensor<8x4x4x2xf32>, tensor<8x8x8x1xf32>) -> tensor<2x3x3x1xf32>
      return %0 : tensor<2x3x3x1xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding,
                       DefaultValuedAttr<I64Attr, "1">:$groups, DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_LinearGradInputOp : Nibble_TrainOp<"linear_grad_input"> {
  let summary = "Gradient of linear with respect to its input: fused multiply-adds over o.";
  let description = [{
    Example:
    ```mlir
    func.func @linear_grad_input(%dy: tensor<8x2xf32>, %w: tensor<2x4xf32>) -> tensor<8x4xf32> {
      %0 = nibble.linear_grad_input %dy, %w : (tensor<8x2xf32>, tensor<2x4xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$weight);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_LinearGradWeightOp : Nibble_TrainOp<"linear_grad_weight"> {
  let summary = "Gradient of linear with respect to its weights: over rows in blocks of 256 (R9).";
  let description = [{
    Example:
    ```mlir
    func.func @linear_grad_weight(%dy: tensor<8x2xf32>, %x: tensor<8x4xf32>) -> tensor<2x4xf32> {
      %0 = nibble.linear_grad_weight %dy, %x : (tensor<8x2xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}

def Nibble_FakeQuantGradOp : Nibble_TrainOp<"fake_quant_grad"> {
  let summary = "Clipped straight-through estimator of fake_quant: gradient where qmin - z <= x / s <= qmax - z (before rounding), else 0.";
  let description = [{
    Example:
    ```mlir
    #a4 = #nibble.quantizer<bits = 4, isSigned = false>
    func.func @fake_quant_grad(%dy: tensor<8x4xf32>, %x: tensor<8x4xf32>, %range: tensor<3xf32>) -> tensor<8x4xf32> {
      %0 = nibble.fake_quant_grad %dy, %x, %range {quantizer = #a4} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<3xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, Optional<AnyRankedTensor>:$range, Nibble_QuantizerAttr:$quantizer,
                       OptionalAttr<DenseF32ArrayAttr>:$scales, OptionalAttr<DenseI64ArrayAttr>:$zero_points);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_TernarizeGradOp : Nibble_TrainOp<"ternarize_grad"> {
  let summary = "Clipped straight-through estimator of ternarize: gradient where |input| <= s, else 0; s as in nibble.ternarize.";
  let description = [{
    Example:
    ```mlir
    func.func @ternarize_grad(%dy: tensor<8x4xf32>, %x: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %0 = nibble.ternarize_grad %dy, %x {rule = #nibble.ternary_rule<median>, axis = 0 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, DefaultValuedAttr<Nibble_TernaryRuleAttr, "TernaryRule::Mean">:$rule,
                       OptionalAttr<I64Attr>:$axis, OptionalAttr<DenseF32ArrayAttr>:$scales);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_WindowGradOp : Nibble_TrainOp<"window_grad"> {
  let summary = "gradient where lo <= input <= hi, else 0 (clip; sign with the clipped estimator).";
  let description = [{
    Example:
    ```mlir
    func.func @window_grad(%dy: tensor<8x4xf32>, %x: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %0 = nibble.window_grad %dy, %x {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, F32Attr:$lo, F32Attr:$hi);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_ReluGradOp : Nibble_TrainOp<"relu_grad"> {
  let summary = "gradient where input > 0, else 0; the input or the result of relu serves, they have the same sign.";
  let description = [{
    Example:
    ```mlir
    func.func @relu_grad(%dy: tensor<8x4xf32>, %x: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %0 = nibble.relu_grad %dy, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_MaxPool2dGradOp : Nibble_TrainOp<"max_pool2d_grad"> {
  let summary = "Each window's gradient goes to its first largest tap; overlapping windows add in window order.";
  let description = [{
    Example:
    ```mlir
    func.func @max_pool_grad(%dy: tensor<8x2x2x3xf32>, %x: tensor<8x4x4x3xf32>) -> tensor<8x4x4x3xf32> {
      %0 = nibble.max_pool2d_grad %dy, %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>}
          : (tensor<8x2x2x3xf32>, tensor<8x4x4x3xf32>) -> tensor<8x4x4x3xf32>
      return %0 : tensor<8x4x4x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, Nibble_PaddingAttr:$padding);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_AvgPool2dGradOp : Nibble_TrainOp<"avg_pool2d_grad"> {
  let summary = "Each window's gradient times f32(1 / taps), to each tap; overlapping windows add in window order.";
  let description = [{
    Example:
    ```mlir
    func.func @avg_pool_grad(%dy: tensor<8x2x2x3xf32>) -> tensor<8x4x4x3xf32> {
      %0 = nibble.avg_pool2d_grad %dy {window = array<i64: 2, 2>, strides = array<i64: 2, 2>}
          : (tensor<8x2x2x3xf32>) -> tensor<8x4x4x3xf32>
      return %0 : tensor<8x4x4x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_SoftmaxGradOp : Nibble_TrainOp<"softmax_grad"> {
  let summary = "y * (dy - sum(dy * y)) over the last dimension, the sum sequential with fused multiply-adds.";
  let description = [{
    Example:
    ```mlir
    func.func @softmax_grad(%dy: tensor<8x4xf32>, %y: tensor<8x4xf32>) -> tensor<8x4xf32> {
      %0 = nibble.softmax_grad %dy, %y : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$softmax);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_SoftmaxCrossEntropyGradOp : Nibble_TrainOp<"softmax_cross_entropy_grad"> {
  let summary = "(softmax(logits) - onehot(label)) * (gradient / N).";
  let description = [{
    Example:
    ```mlir
    func.func @loss_grad(%dy: tensor<f32>, %logits: tensor<8x4xf32>, %labels: tensor<8xi32>) -> tensor<8x4xf32> {
      %0 = nibble.softmax_cross_entropy_grad %dy, %logits, %labels : (tensor<f32>, tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
      return %0 : tensor<8x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$logits, AnyRankedTensor:$labels);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_RequantizeGradOp : Nibble_TrainOp<"requantize_grad"> {
  let summary = "Gradient of requantize with respect to its input's or its residual's real value.";
  let description = [{
    `gradient * factors_c` where lo_c <= y <= hi_c, else 0; y is the unrounded value of nibble.requantize (with the residual, if any):
    the clipped estimator. `factors` has one value per channel (the last dimension) or one for all, computed in double and
    rounded once: M_c * s_out / (sx * sw[c]) for an i32 accumulator (the gradient of the real-valued sum, so that the
    contraction passes plain convolution gradients), M_c * s_out for an f32 input, R / s_r * s_out for the residual.
    s_out is the scale of the result (1 for binary and f32). For a binary result lo and hi lie within [-1, 1], which is the
    window of sign's clipped estimator.

    Example:
    ```mlir
    func.func @requantize_grad(%dy: tensor<8x2xf32>, %acc: tensor<8x2xi32>) -> tensor<8x2xf32> {
      %0 = nibble.requantize_grad %dy, %acc {multiplier = array<f32: 0.25, 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>,
          hi = array<f32: 15.0>, factors = array<f32: 1.0, 2.0>} : (tensor<8x2xf32>, tensor<8x2xi32>) -> tensor<8x2xf32>
      return %0 : tensor<8x2xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$gradient, AnyRankedTensor:$input, Optional<AnyRankedTensor>:$residual,
                       DenseF32ArrayAttr:$multiplier, DenseF32ArrayAttr:$bias, DenseF32ArrayAttr:$lo, DenseF32ArrayAttr:$hi,
                       OptionalAttr<F32Attr>:$residual_multiplier, DenseF32ArrayAttr:$factors);
  let results = (outs AnyRankedTensor:$result);
}

def Nibble_SumRowsOp : Nibble_TrainOp<"sum_rows"> {
  let summary = "Sum over all dimensions but the last, in blocks of 256 rows (R9); to one value when the result has one.";
  let description = [{
    To one value: every element is a row of its own, in row-major order.

    Example:
    ```mlir
    func.func @bias_gradient(%dy: tensor<8x4xf32>) -> tensor<4xf32> {
      %0 = nibble.sum_rows %dy : (tensor<8x4xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
}
def Nibble_SliceOp : Nibble_TrainOp<"slice"> {
  let summary = "The part of a tensor that starts at `offsets` and has the result's shape (gradient of pad and concat).";
  let description = [{
    Example:
    ```mlir
    func.func @second_half(%dy: tensor<8x4xf32>) -> tensor<8x2xf32> {
      %0 = nibble.slice %dy {offsets = array<i64: 0, 2>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
      return %0 : tensor<8x2xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$offsets);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
}
def Nibble_CountCorrectOp : Nibble_TrainOp<"count_correct"> {
  let summary = "How many rows have their largest logit (the first one among equals) at their label, as f32.";
  let description = [{
    Example:
    ```mlir
    func.func @hits(%logits: tensor<8x4xf32>, %labels: tensor<8xi32>) -> tensor<f32> {
      %0 = nibble.count_correct %logits, %labels : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<f32>
      return %0 : tensor<f32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$logits, AnyRankedTensor:$labels);
  let results = (outs AnyRankedTensor:$result);
}

def Nibble_SgdOp : Nibble_TrainOp<"sgd"> {
  let summary = "SGD with momentum: v' = fma(momentum, v, g + decay * w); w' = fma(-rate, v', w).";
  let description = [{
    `g + decay * w` is one fma. With `limit` w' is clamped to [-limit, limit].

    Example:
    ```mlir
    func.func @sgd(%w: tensor<2x4xf32>, %g: tensor<2x4xf32>, %v: tensor<2x4xf32>, %rate: tensor<f32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
      %0:2 = nibble.sgd %w, %g, %v, %rate {momentum = 0.9 : f32} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<f32>) -> (tensor<2x4xf32>, tensor<2x4xf32>)
      return %0#0, %0#1 : tensor<2x4xf32>, tensor<2x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$weight, AnyRankedTensor:$gradient, AnyRankedTensor:$velocity, AnyRankedTensor:$rate,
                       F32Attr:$momentum, DefaultValuedAttr<F32Attr, "0.0f">:$decay, OptionalAttr<F32Attr>:$limit);
  let results = (outs AnyRankedTensor:$new_weight, AnyRankedTensor:$new_velocity);
}
def Nibble_AdamOp : Nibble_TrainOp<"adam"> {
  let summary = "Adam (Kingma and Ba 2015), bias correction passed in.";
  let description = [{
    m' = fma(b1, m, (1 - b1) * g); v' = fma(b2, v, (1 - b2) * (g * g)); w' = w - (rate * (m' * c1)) / (sqrt(v' * c2) + epsilon), where
    `correction` = [c1, c2] = [1 / (1 - b1^t), 1 / (1 - b2^t)] and (1 - b) is computed in f32. With `limit` w' is clamped to [-limit, limit].

    Example:
    ```mlir
    !w = tensor<2x4xf32>
    func.func @adam(%w: !w, %g: !w, %m: !w, %v: !w, %rate: tensor<f32>, %correction: tensor<2xf32>) -> (!w, !w, !w) {
      %0:3 = nibble.adam %w, %g, %m, %v, %rate, %correction {limit = 1.0 : f32}
          : (!w, !w, !w, !w, tensor<f32>, tensor<2xf32>) -> (!w, !w, !w)
      return %0#0, %0#1, %0#2 : !w, !w, !w
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$weight, AnyRankedTensor:$gradient, AnyRankedTensor:$first, AnyRankedTensor:$second, AnyRankedTensor:$rate,
                       AnyRankedTensor:$correction, DefaultValuedAttr<F32Attr, "0.9f">:$beta1, DefaultValuedAttr<F32Attr, "0.999f">:$beta2,
                       DefaultValuedAttr<F32Attr, "1.0e-8f">:$epsilon, OptionalAttr<F32Attr>:$limit);
  let results = (outs AnyRankedTensor:$new_weight, AnyRankedTensor:$new_first, AnyRankedTensor:$new_second);
}

#endif
