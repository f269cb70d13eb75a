// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// Every op that only training graphs have.

// CHECK-LABEL: func.func @training
func.func @training(%x: tensor<8x4xf32>, %v: tensor<4xf32>, %s: tensor<f32>, %range: tensor<3xf32>, %i: tensor<8x8x8x2xf32>, %dy: tensor<8x4x4x4xf32>, %w: tensor<4x3x3x2xf32>,
    %dl: tensor<8x2xf32>, %lw: tensor<2x4xf32>, %dp: tensor<8x4x4x2xf32>, %labels: tensor<8xi32>, %acc: tensor<8x4xi32>, %correction: tensor<2xf32>) {
  // CHECK: nibble.observe_range %{{.*}}, %{{.*}} {momentum = 5.000000e-01 : f32} : (tensor<8x4xf32>, tensor<3xf32>) -> tensor<3xf32>
  %0 = nibble.observe_range %x, %range {momentum = 5.000000e-01 : f32} : (tensor<8x4xf32>, tensor<3xf32>) -> tensor<3xf32>
  // CHECK: nibble.batch_norm_train %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {epsilon = 1.000000e-03 : f32, momentum = 0.000000e+00 : f32} : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  %1:5 = nibble.batch_norm_train %x, %v, %v, %v, %v {epsilon = 1.000000e-03 : f32, momentum = 0.000000e+00 : f32} : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: nibble.batch_norm_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>)
  %2:3 = nibble.batch_norm_grad %x, %x, %v, %v, %v : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>)
  // CHECK: nibble.conv2d_grad_input %{{.*}}, %{{.*}} {padding = #nibble.padding<1, 1, 1, 1, plus_one>, strides = array<i64: 2, 2>} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  %3 = nibble.conv2d_grad_input %dy, %w {padding = #nibble.padding<1, 1, 1, 1, plus_one>, strides = array<i64: 2, 2>} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  // CHECK: nibble.conv2d_grad_weight %{{.*}}, %{{.*}} {groups = 2 : i64, padding = #nibble.padding<1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<8x4x4x4xf32>, tensor<8x8x8x2xf32>) -> tensor<4x3x3x1xf32>
  %4 = nibble.conv2d_grad_weight %dy, %i {groups = 2 : i64, padding = #nibble.padding<1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<8x4x4x4xf32>, tensor<8x8x8x2xf32>) -> tensor<4x3x3x1xf32>
  // CHECK: nibble.linear_grad_input %{{.*}}, %{{.*}} : (tensor<8x2xf32>, tensor<2x4xf32>) -> tensor<8x4xf32>
  %5 = nibble.linear_grad_input %dl, %lw : (tensor<8x2xf32>, tensor<2x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.linear_grad_weight %{{.*}}, %{{.*}} : (tensor<8x2xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  %6 = nibble.linear_grad_weight %dl, %x : (tensor<8x2xf32>, tensor<8x4xf32>) -> tensor<2x4xf32>
  // CHECK: nibble.fake_quant_grad %{{.*}}, %{{.*}}, %{{.*}} {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<3xf32>) -> tensor<8x4xf32>
  %7 = nibble.fake_quant_grad %x, %x, %range {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<3xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.fake_quant_grad %{{.*}}, %{{.*}} {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>, scales = array<f32: 5.000000e-01>, zero_points = array<i64: 7>} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %8 = nibble.fake_quant_grad %x, %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>, scales = array<f32: 5.000000e-01>, zero_points = array<i64: 7>} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.ternarize_grad %{{.*}}, %{{.*}} {axis = 0 : i64, rule = #nibble.ternary_rule<median>} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %9 = nibble.ternarize_grad %x, %x {axis = 0 : i64, rule = #nibble.ternary_rule<median>} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.window_grad %{{.*}}, %{{.*}} {hi = 1.000000e+00 : f32, lo = -1.000000e+00 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %10 = nibble.window_grad %x, %x {hi = 1.000000e+00 : f32, lo = -1.000000e+00 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.relu_grad %{{.*}}, %{{.*}} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %11 = nibble.relu_grad %x, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.max_pool2d_grad %{{.*}}, %{{.*}} {padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<8x4x4x2xf32>, tensor<8x8x8x2xf32>) -> tensor<8x8x8x2xf32>
  %12 = nibble.max_pool2d_grad %dp, %i {padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<8x4x4x2xf32>, tensor<8x8x8x2xf32>) -> tensor<8x8x8x2xf32>
  // CHECK: nibble.avg_pool2d_grad %{{.*}} {strides = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<8x4x4x2xf32>) -> tensor<8x8x8x2xf32>
  %13 = nibble.avg_pool2d_grad %dp {strides = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<8x4x4x2xf32>) -> tensor<8x8x8x2xf32>
  // CHECK: nibble.softmax_grad %{{.*}}, %{{.*}} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %14 = nibble.softmax_grad %x, %x : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.softmax_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}} : (tensor<f32>, tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  %15 = nibble.softmax_cross_entropy_grad %s, %x, %labels : (tensor<f32>, tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  // CHECK: nibble.requantize_grad %{{.*}}, %{{.*}}, %{{.*}} {bias = array<f32: 0.000000e+00>, factors = array<f32: 1.000000e+00>, hi = array<f32: 1.000000e+00>, lo = array<f32: -1.000000e+00>, multiplier = array<f32: 2.500000e-01>, residual_multiplier = 2.000000e+00 : f32} : (tensor<8x4xf32>, tensor<8x4xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  %16 = nibble.requantize_grad %x, %acc, %x {bias = array<f32: 0.000000e+00>, factors = array<f32: 1.000000e+00>, hi = array<f32: 1.000000e+00>, lo = array<f32: -1.000000e+00>, multiplier = array<f32: 2.500000e-01>, residual_multiplier = 2.000000e+00 : f32} : (tensor<8x4xf32>, tensor<8x4xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  // CHECK: nibble.sum_rows %{{.*}} : (tensor<8x4xf32>) -> tensor<4xf32>
  %17 = nibble.sum_rows %x : (tensor<8x4xf32>) -> tensor<4xf32>
  // CHECK: nibble.sum_rows %{{.*}} : (tensor<8x4xf32>) -> tensor<f32>
  %18 = nibble.sum_rows %x : (tensor<8x4xf32>) -> tensor<f32>
  // CHECK: nibble.sum_rows %{{.*}} : (tensor<8x4xf32>) -> tensor<1x1xf32>
  %19 = nibble.sum_rows %x : (tensor<8x4xf32>) -> tensor<1x1xf32>
  // CHECK: nibble.slice %{{.*}} {offsets = array<i64: 0, 1>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  %20 = nibble.slice %x {offsets = array<i64: 0, 1>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  // CHECK: nibble.count_correct %{{.*}}, %{{.*}} : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<f32>
  %21 = nibble.count_correct %x, %labels : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<f32>
  // CHECK: nibble.sgd %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {decay = 1.000000e-01 : f32, limit = 1.000000e+00 : f32, momentum = 5.000000e-01 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  %22:2 = nibble.sgd %x, %x, %x, %s {decay = 1.000000e-01 : f32, limit = 1.000000e+00 : f32, momentum = 5.000000e-01 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  // CHECK: nibble.adam %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {beta1 = 5.000000e-01 : f32, beta2 = 2.500000e-01 : f32, epsilon = 1.000000e-03 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  %23:3 = nibble.adam %x, %x, %x, %x, %s, %correction {beta1 = 5.000000e-01 : f32, beta2 = 2.500000e-01 : f32, epsilon = 1.000000e-03 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}
