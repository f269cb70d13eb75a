// RUN: nibble-opt %s --nibble-differentiate | FileCheck %s
// RUN: nibble-opt %S/Inputs/small.mlir --pass-pipeline="builtin.module(nibble-prepare-training{batch=8},nibble-differentiate)" | FileCheck %s --check-prefix=SMALL

// Every gradient of a small network, in reverse program order; the image needs none.
// SMALL-LABEL: func.func @train_step
// SMALL-SAME: tensor<2x3x3x1xf32> {nibble.gradient = "conv1.weight"}, tensor<2xf32> {nibble.gradient = "bn1.gamma"}, tensor<2xf32> {nibble.gradient = "bn1.beta"}, tensor<10x8xf32> {nibble.gradient = "fc.weight"})
// SMALL-SAME: nibble.training = "gradients"
// SMALL: %[[ONE:.*]] = nibble.constant dense<1.000000e+00> : tensor<f32>
// SMALL: %[[DL:.*]] = nibble.softmax_cross_entropy_grad %[[ONE]]
// SMALL: %[[DF:.*]] = nibble.linear_grad_input %[[DL]]
// SMALL: %[[DFQ:.*]] = nibble.linear_grad_weight %[[DL]]
// SMALL: %[[DFW:.*]] = nibble.window_grad %[[DFQ]], %{{.*}} {hi = 1.000000e+00 : f32, lo = -1.000000e+00 : f32}
// SMALL: %[[DP:.*]] = nibble.reshape %[[DF]]
// SMALL: %[[DQ:.*]] = nibble.max_pool2d_grad %[[DP]]
// SMALL: %[[DH:.*]] = nibble.fake_quant_grad %[[DQ]]
// SMALL: %[[DN:.*]] = nibble.relu_grad %[[DH]]
// SMALL: %[[DC:.*]], %[[DG:.*]], %[[DB:.*]] = nibble.batch_norm_grad %[[DN]]
// SMALL-NOT: conv2d_grad_input
// SMALL: %[[DW:.*]] = nibble.conv2d_grad_weight %[[DC]]
// SMALL: return {{.*}}, %[[DW]], %[[DG]], %[[DB]], %[[DFW]] :

// Two uses of a value add up, the later use first; a broadcast operand gets the sum of the rows.
// CHECK-LABEL: func.func @fan_out
// CHECK: %[[DL:.*]] = nibble.softmax_cross_entropy_grad
// CHECK: %[[DB:.*]] = nibble.sum_rows %[[DL]] : (tensor<2x3xf32>) -> tensor<3xf32>
// CHECK: %[[DX1:.*]] = nibble.mul %[[DL]], %[[Y:.*]] :
// CHECK: %[[DY:.*]] = nibble.mul %[[DL]], %[[X:.*]] :
// CHECK: %[[DR:.*]] = nibble.relu_grad %[[DY]], %[[Y]]
// CHECK: %[[DX:.*]] = nibble.add %[[DX1]], %[[DR]]
// CHECK: %[[DS:.*]] = nibble.sum_rows %{{.*}} : (tensor<2x3xf32>) -> tensor<1xf32>
// CHECK: return %{{.*}}, %[[DS]], %[[DB]]
func.func @fan_out(%in: tensor<2x3xf32>, %labels: tensor<2xi32>, %s: tensor<1xf32> {nibble.param = "s", nibble.kind = #nibble.kind<trainable>},
    %b: tensor<3xf32> {nibble.param = "b", nibble.kind = #nibble.kind<trainable>}) -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %x = nibble.mul %in, %s : (tensor<2x3xf32>, tensor<1xf32>) -> tensor<2x3xf32>
  %y = nibble.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %z = nibble.mul %x, %y : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %l = nibble.add %z, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = nibble.softmax_cross_entropy %l, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Shape ops, pools, clip and softmax.
// CHECK-LABEL: func.func @shapes
// CHECK: %[[P:.*]] = nibble.softmax
// CHECK: %[[DP:.*]] = nibble.softmax_cross_entropy_grad
// CHECK: %[[DG:.*]] = nibble.softmax_grad %[[DP]], %[[P]]
// CHECK: %[[DI:.*]] = nibble.reshape %[[DG]] : (tensor<2x5xf32>) -> tensor<2x1x1x5xf32>
// CHECK: %[[DA:.*]] = nibble.avg_pool2d_grad %[[DI]] {strides = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<2x1x1x5xf32>) -> tensor<2x2x2x5xf32>
// CHECK: %[[DC:.*]] = nibble.avg_pool2d_grad %[[DA]] {strides = array<i64: 1, 1>, window = array<i64: 2, 2>} : (tensor<2x2x2x5xf32>) -> tensor<2x3x3x5xf32>
// CHECK-NOT: offsets = array<i64: 0, 0, 0, 0>
// CHECK: %[[DQ:.*]] = nibble.slice %[[DC]] {offsets = array<i64: 0, 0, 0, 2>} : (tensor<2x3x3x5xf32>) -> tensor<2x3x3x3xf32>
// CHECK: %[[DR:.*]] = nibble.slice %[[DQ]] {offsets = array<i64: 0, 1, 0, 0>} : (tensor<2x3x3x3xf32>) -> tensor<2x2x3x3xf32>
// CHECK: nibble.window_grad %[[DR]], %{{.*}} {hi = 6.000000e+00 : f32, lo = 0.000000e+00 : f32}
func.func @shapes(%a: tensor<2x3x3x2xf32>, %b: tensor<2x2x3x3xf32>, %labels: tensor<2xi32>, %s: tensor<f32> {nibble.param = "s", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %0 = nibble.mul %b, %s : (tensor<2x2x3x3xf32>, tensor<f32>) -> tensor<2x2x3x3xf32>
  %1 = nibble.clip %0 {lo = 0.0 : f32, hi = 6.0 : f32} : (tensor<2x2x3x3xf32>) -> tensor<2x2x3x3xf32>
  %2 = nibble.pad %1 {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 0, 0, 0>} : (tensor<2x2x3x3xf32>) -> tensor<2x3x3x3xf32>
  %3 = nibble.concat %a, %2 {axis = 3 : i64} : (tensor<2x3x3x2xf32>, tensor<2x3x3x3xf32>) -> tensor<2x3x3x5xf32>
  %4 = nibble.avg_pool2d %3 {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<2x3x3x5xf32>) -> tensor<2x2x2x5xf32>
  %5 = nibble.global_avg_pool %4 : (tensor<2x2x2x5xf32>) -> tensor<2x5xf32>
  %6 = nibble.softmax %5 : (tensor<2x5xf32>) -> tensor<2x5xf32>
  %loss = nibble.softmax_cross_entropy %6, %labels : (tensor<2x5xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Estimators: identity passes, max|x| scales clip nothing, frozen scales and ranges do.
// CHECK-LABEL: func.func @quantisers
// CHECK: %[[D3:.*]] = nibble.linear_grad_input
// CHECK: %[[DW3:.*]] = nibble.linear_grad_weight
// CHECK: %[[D2:.*]] = nibble.linear_grad_input %[[D3]]
// CHECK: %[[DW2:.*]] = nibble.linear_grad_weight %[[D3]]
// CHECK: %[[D1:.*]] = nibble.linear_grad_input %[[D2]]
// CHECK: %[[G1:.*]] = nibble.linear_grad_weight %[[D2]]
// CHECK: %[[G0:.*]] = nibble.linear_grad_weight %[[D1]]
// CHECK: %[[G3:.*]] = nibble.fake_quant_grad %[[DW3]], %{{.*}} {quantizer = {{.*}}, scales = array<f32: 5.000000e-01, 2.500000e-01, 1.250000e-01>}
// CHECK: %[[G2:.*]] = nibble.ternarize_grad %[[DW2]], %{{.*}} {rule = #nibble.ternary_rule<median>}
// CHECK: return %{{.*}}, %[[G0]], %[[G1]], %[[G2]], %[[G3]] :
#w4 = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>
func.func @quantisers(%x: tensor<2x3xf32>, %labels: tensor<2xi32>,
    %w0: tensor<3x3xf32> {nibble.param = "w0", nibble.kind = #nibble.kind<trainable>}, %w1: tensor<3x3xf32> {nibble.param = "w1", nibble.kind = #nibble.kind<trainable>},
    %w2: tensor<3x3xf32> {nibble.param = "w2", nibble.kind = #nibble.kind<trainable>}, %w3: tensor<3x3xf32> {nibble.param = "w3", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %q0 = nibble.fake_quant %w0 {quantizer = #w4} : (tensor<3x3xf32>) -> tensor<3x3xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  %q1 = nibble.sign %w1 {estimator = #nibble.estimator<identity>} : (tensor<3x3xf32>) -> tensor<3x3xf32, #nibble.grid<!nibble.binary>>
  %q2 = nibble.ternarize %w2 {rule = #nibble.ternary_rule<median>, estimator = #nibble.estimator<clipped>} : (tensor<3x3xf32>) -> tensor<3x3xf32, #nibble.grid<!nibble.ternary>>
  %q3 = nibble.fake_quant %w3 {quantizer = #w4, scales = array<f32: 0.5, 0.25, 0.125>} : (tensor<3x3xf32>) -> tensor<3x3xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25, 0.125}>>>
  %0 = nibble.linear %x, %q0 : (tensor<2x3xf32>, tensor<3x3xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<2x3xf32>
  %1 = nibble.linear %0, %q1 : (tensor<2x3xf32>, tensor<3x3xf32, #nibble.grid<!nibble.binary>>) -> tensor<2x3xf32>
  %2 = nibble.linear %1, %q2 : (tensor<2x3xf32>, tensor<3x3xf32, #nibble.grid<!nibble.ternary>>) -> tensor<2x3xf32>
  %3 = nibble.linear %2, %q3 : (tensor<2x3xf32>, tensor<3x3xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25, 0.125}>>>) -> tensor<2x3xf32>
  %loss = nibble.softmax_cross_entropy %3, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Inference batch norm is affine: its own linear part maps the gradient.
// CHECK-LABEL: func.func @batch_norm
// CHECK: %[[DL:.*]] = nibble.softmax_cross_entropy_grad
// CHECK: %[[DX:.*]] = nibble.batch_norm %[[DL]], %[[GAMMA:.*]], %[[ZERO:.*]], %[[ZERO]], %[[VAR:.*]] {epsilon = 1.000000e-03 : f32
// CHECK: %[[XHAT:.*]] = nibble.batch_norm %[[X:.*]], %[[ONES:.*]], %{{.*}}, %[[MEAN:.*]], %[[VAR]]
// CHECK: %[[PROD:.*]] = nibble.mul %[[DL]], %[[XHAT]]
// CHECK: %[[DGAMMA:.*]] = nibble.sum_rows %[[PROD]]
// CHECK: %[[DBETA:.*]] = nibble.sum_rows %[[DL]]
// CHECK: %[[DS:.*]] = nibble.sum_rows
// CHECK: return %{{.*}}, %[[DS]], %[[DGAMMA]], %[[DBETA]] :
func.func @batch_norm(%in: tensor<2x3xf32>, %labels: tensor<2xi32>, %s: tensor<3xf32> {nibble.param = "s", nibble.kind = #nibble.kind<trainable>},
    %g: tensor<3xf32> {nibble.param = "g", nibble.kind = #nibble.kind<trainable>}, %b: tensor<3xf32> {nibble.param = "b", nibble.kind = #nibble.kind<trainable>},
    %m: tensor<3xf32>, %v: tensor<3xf32>) -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %x = nibble.add %in, %s : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %y = nibble.batch_norm %x, %g, %b, %m, %v {epsilon = 1.0e-3 : f32} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = nibble.softmax_cross_entropy %y, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Frozen: the gradient of an accumulator is taken of its real value, M * s_out / (sx * sw[c]): 0.25 * 0.5 / (0.25 * 0.5) = 1 and
// 0.125 * 0.5 / (0.25 * 0.25) = 1; to f32 logits s_out is 1: 0.5 / (0.5 * 1) = 1. Of the residual: R / s_r * s_out = 0.75 / 0.25 * 0.5.
// A binary result has the window of sign.
// CHECK-LABEL: func.func @frozen
// CHECK: %[[ACC0:.*]] = nibble.linear %[[X:.*]], %[[W0:.*]] {accumulate}
// CHECK: %[[H:.*]] = nibble.requantize %[[ACC0]], %[[X]]
// CHECK: %[[ACC1:.*]] = nibble.linear
// CHECK: %[[B:.*]] = nibble.requantize %[[ACC1]]
// CHECK: %[[ACC2:.*]] = nibble.linear
// CHECK: %[[D2:.*]] = nibble.requantize_grad %{{.*}}, %[[ACC2]] {bias = array<f32: 0.000000e+00>, factors = array<f32: 1.000000e+00, 1.000000e+00>
// CHECK-SAME: (tensor<2x2xf32>, tensor<2x2xi32>) -> tensor<2x2xf32>
// CHECK: %[[DB:.*]] = nibble.linear_grad_input %[[D2]]
// CHECK: %[[D1:.*]] = nibble.requantize_grad %[[DB]], %[[ACC1]] {{.*}}factors = array<f32: 1.000000e+00>, hi = array<f32: 1.000000e+00>, lo = array<f32: -1.000000e+00>
// CHECK: %[[DH:.*]] = nibble.linear_grad_input %[[D1]]
// CHECK: %[[D0:.*]] = nibble.requantize_grad %[[DH]], %[[ACC0]], %[[X]] {{.*}}factors = array<f32: 1.000000e+00, 1.000000e+00>, hi = array<f32: 7.000000e+00>
// CHECK: %[[DR:.*]] = nibble.requantize_grad %[[DH]], %[[ACC0]], %[[X]] {{.*}}factors = array<f32: 1.500000e+00>, hi = array<f32: 7.000000e+00>
!x8 = tensor<2x2xf32, #nibble.grid<!quant.uniform<i8<-127:127>:f32, 0.25>>>
!w4 = tensor<2x2xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25}>>>
!h4 = tensor<2x2xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32, 0.5>>>
!b1 = tensor<2x2xf32, #nibble.grid<!nibble.binary>>
func.func @frozen(%in: tensor<2x2xf32>, %labels: tensor<2xi32>, %s: tensor<2xf32> {nibble.param = "s", nibble.kind = #nibble.kind<trainable>},
    %w: tensor<2x2xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>}, %v: tensor<2x2xf32>) -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %a = nibble.mul %in, %s : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %x = nibble.fake_quant %a {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x2xf32>) -> !x8
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>, scales = array<f32: 0.5, 0.25>} : (tensor<2x2xf32>) -> !w4
  %vq = nibble.sign %v : (tensor<2x2xf32>) -> !b1
  %acc0 = nibble.linear %x, %wq {accumulate} : (!x8, !w4) -> tensor<2x2xi32>
  %h = nibble.requantize %acc0, %x {multiplier = array<f32: 0.25, 0.125>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 7.0>, residual_multiplier = 0.75 : f32} : (tensor<2x2xi32>, !x8) -> !h4
  %acc1 = nibble.linear %h, %vq {accumulate} : (!h4, !b1) -> tensor<2x2xi32>
  %b = nibble.requantize %acc1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<2x2xi32>) -> !b1
  %acc2 = nibble.linear %b, %wq {accumulate} : (!b1, !w4) -> tensor<2x2xi32>
  %l = nibble.requantize %acc2 {multiplier = array<f32: 0.5, 0.25>, bias = array<f32: 0.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<2x2xi32>) -> tensor<2x2xf32>
  %loss = nibble.softmax_cross_entropy %l, %labels : (tensor<2x2xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Convolutions pass stride, padding (with its value) and groups on.
// CHECK-LABEL: func.func @convolution
// CHECK: nibble.conv2d_grad_input %{{.*}}, %{{.*}} {groups = 2 : i64, padding = #nibble.padding<1, 1, 1, 1, plus_one>, strides = array<i64: 2, 1>} : (tensor<1x1x2x2xf32>, {{.*}}) -> tensor<1x2x2x2xf32>
// CHECK: nibble.conv2d_grad_weight %{{.*}}, %{{.*}} {groups = 2 : i64, padding = #nibble.padding<1, 1, 1, 1, plus_one>, strides = array<i64: 2, 1>} : (tensor<1x1x2x2xf32>, {{.*}}) -> tensor<2x3x3x1xf32>
func.func @convolution(%in: tensor<1x2x2x2xf32>, %labels: tensor<1xi32>, %s: tensor<f32> {nibble.param = "s", nibble.kind = #nibble.kind<trainable>},
    %w: tensor<2x3x3x1xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>}) -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %a = nibble.mul %in, %s : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %x = nibble.sign %a : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32, #nibble.grid<!nibble.binary>>
  %c = nibble.conv2d %x, %w {strides = array<i64: 2, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>, groups = 2 : i64} : (tensor<1x2x2x2xf32, #nibble.grid<!nibble.binary>>, tensor<2x3x3x1xf32>) -> tensor<1x1x2x2xf32>
  %f = nibble.reshape %c : (tensor<1x1x2x2xf32>) -> tensor<1x4xf32>
  %loss = nibble.softmax_cross_entropy %f, %labels : (tensor<1x4xf32>, tensor<1xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// Not marked: left alone.
// CHECK-LABEL: func.func @model
// CHECK-NEXT: return
func.func @model(%x: tensor<2xf32>) -> tensor<2xf32> { return %x : tensor<2xf32> }
