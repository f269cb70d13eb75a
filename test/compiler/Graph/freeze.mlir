// RUN: nibble-opt --split-input-file --nibble-freeze="report=true" %s 2>/dev/null | FileCheck %s
// RUN: nibble-opt --split-input-file --nibble-freeze="report=true" %s -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!u8 = !quant.any<u8:f32>
!i4 = !quant.any<i4<-7:7>:f32>

// scale 0.5 and zero point 0; weights 0.25 and 0.5; M = sx * sw / s = 0.5 * sw / 2; the bias in steps of the result
// CHECK-LABEL: func.func @conv_bias_relu_quantise
// CHECK-SAME: -> tensor<?x4x4x2xf32, #nibble.grid<!quant.uniform<u8:f32, 2.000000e+00>>>
// CHECK: %[[X:.*]] = nibble.fake_quant %arg0 {{.*}}scales = array<f32: 5.000000e-01>
// CHECK-SAME: -> tensor<?x4x4x1xf32, #nibble.grid<!quant.uniform<u8:f32, 5.000000e-01>>>
// CHECK: %[[W:.*]] = nibble.fake_quant {{.*}}scales = array<f32: 2.500000e-01, 5.000000e-01>
// CHECK-SAME: #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {2.500000e-01,5.000000e-01}>>
// CHECK: %[[ACC:.*]] = nibble.conv2d %[[X]], %[[W]] {accumulate, {{.*}} -> tensor<?x4x4x2xi32>
// CHECK: %[[Q:.*]] = nibble.requantize %[[ACC]] {bias = array<f32: 5.000000e-01, -1.000000e+00>, hi = array<f32: 2.550000e+02>, lo = array<f32: 0.000000e+00>, multiplier = array<f32: 6.250000e-02, 1.250000e-01>
// CHECK-NEXT: return %[[Q]]
// REMARK: remark: one requantize replaces add, relu, fake_quant
func.func @conv_bias_relu_quantise(%x: tensor<?x4x4x1xf32>) -> tensor<?x4x4x2xf32, #nibble.grid<!u8>> {
  %r0 = nibble.constant dense<[0.0, 127.5, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %r1 = nibble.constant dense<[-1.0, 510.0, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %w = nibble.constant dense<[[[[1.75]]], [[[-3.5]]]]> : tensor<2x1x1x1xf32> : tensor<2x1x1x1xf32>
  %b = nibble.constant dense<[1.0, -2.0]> : tensor<2xf32> : tensor<2xf32>
  %xq = nibble.fake_quant %x, %r0 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x4x4x1xf32>, tensor<3xf32>) -> tensor<?x4x4x1xf32, #nibble.grid<!u8>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>} : (tensor<2x1x1x1xf32>) -> tensor<2x1x1x1xf32, #nibble.grid<!i4>>
  %y = nibble.conv2d %xq, %wq {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x1xf32, #nibble.grid<!u8>>, tensor<2x1x1x1xf32, #nibble.grid<!i4>>) -> tensor<?x4x4x2xf32>
  %a = nibble.add %y, %b : (tensor<?x4x4x2xf32>, tensor<2xf32>) -> tensor<?x4x4x2xf32>
  %h = nibble.relu %a : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32>
  %q = nibble.fake_quant %h, %r1 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x4x4x2xf32>, tensor<3xf32>) -> tensor<?x4x4x2xf32, #nibble.grid<!u8>>
  return %q : tensor<?x4x4x2xf32, #nibble.grid<!u8>>
}

// -----

// An asymmetric activation [-16, 47.75]: scale 0.25, zero point 64. relu's bound is the zero point. The last layer gives f32.
!u8 = !quant.any<u8:f32>
!i8 = !quant.any<i8<-127:127>:f32>
// CHECK-LABEL: func.func @asymmetric
// CHECK: nibble.fake_quant %arg0 {{.*}}scales = array<f32: 2.500000e-01>, zero_points = array<i64: 64>
// CHECK: nibble.requantize %{{[0-9]+}} {bias = array<f32: 6.400000e+01>, hi = array<f32: 2.550000e+02>, lo = array<f32: 6.400000e+01>
// CHECK: %[[ACC:.*]] = nibble.linear %{{.*}}{accumulate} {{.*}} -> tensor<?x2xi32>
// CHECK: %[[Y:.*]] = nibble.requantize %[[ACC]] {bias = array<f32: -0.000000e+00>, hi = array<f32: 0x7F800000>, lo = array<f32: 0xFF800000>, multiplier = array<f32: 2.500000e-01>} {{.*}} -> tensor<?x2xf32>
// CHECK: return %[[Y]] : tensor<?x2xf32>
// REMARK: remark: one requantize replaces relu, fake_quant
// REMARK: remark: one requantize replaces the scale of the accumulators
func.func @asymmetric(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %r = nibble.constant dense<[-16.0, 47.75, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %w = nibble.constant dense<[[127.0, 1.0], [0.0, 127.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!u8>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!i8>>
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!u8>>, tensor<2x2xf32, #nibble.grid<!i8>>) -> tensor<?x2xf32>
  %h = nibble.relu %y : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %h, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!u8>>
  %z = nibble.linear %q, %wq : (tensor<?x2xf32, #nibble.grid<!u8>>, tensor<2x2xf32, #nibble.grid<!i8>>) -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}

// -----

// Binary: the batch norm moves into M and B, in units of the pre-activation. g = gamma / sqrt(variance + eps) with eps = 0.75: 2 and -1.
// CHECK-LABEL: func.func @binary
// CHECK: %[[X:.*]] = nibble.sign %arg0
// CHECK: %[[W:.*]] = nibble.sign %
// CHECK: %[[ACC:.*]] = nibble.linear %[[X]], %[[W]] {accumulate}
// CHECK: nibble.requantize %[[ACC]] {bias = array<f32: -1.500000e+00, 3.500000e+00>, hi = array<f32: 1.000000e+00>, lo = array<f32: -1.000000e+00>, multiplier = array<f32: 2.000000e+00, -1.000000e+00>
// CHECK-SAME: -> tensor<?x2xf32, #nibble.grid<!nibble.binary>>
// CHECK-NOT: batch_norm
func.func @binary(%x: tensor<?x3xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>> {
  %w = nibble.constant dense<[[0.1, -0.2, 0.3], [-0.1, 0.5, 0.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %gamma = nibble.constant dense<[2.0, -1.0]> : tensor<2xf32> : tensor<2xf32>
  %beta = nibble.constant dense<[0.5, 2.5]> : tensor<2xf32> : tensor<2xf32>
  %mean = nibble.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %variance = nibble.constant dense<0.25> : tensor<2xf32> : tensor<2xf32>
  %xs = nibble.sign %x : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!nibble.binary>>
  %ws = nibble.sign %w : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.binary>>
  %y = nibble.linear %xs, %ws : (tensor<?x3xf32, #nibble.grid<!nibble.binary>>, tensor<2x3xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x2xf32>
  %n = nibble.batch_norm %y, %gamma, %beta, %mean, %variance {epsilon = 0.75 : f32} : (tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %s = nibble.sign %n : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>>
  return %s : tensor<?x2xf32, #nibble.grid<!nibble.binary>>
}

// -----

// Ternary weights: the mean of |w| per tensor.
// CHECK-LABEL: func.func @ternary
// CHECK: nibble.ternarize %{{.*}}scales = array<f32: 5.000000e-01>{{.*}}#nibble.grid<!nibble.ternary<5.000000e-01>>
// CHECK: nibble.linear {{.*}}accumulate
// CHECK: nibble.requantize {{.*}}multiplier = array<f32: 2.500000e-01>
func.func @ternary(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<[[0.5, -0.5], [1.0, 0.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 0.5>>>
  %wq = nibble.ternarize %w : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!nibble.ternary>>
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 0.5>>>, tensor<2x2xf32, #nibble.grid<!nibble.ternary>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Float: the batch norm stays out of the weights; one fma, relu as a bound. Weights stay parameters.
// CHECK-LABEL: func.func @float
// CHECK: %[[Y:.*]] = nibble.linear %arg0, %{{.*}} : (tensor<?x2xf32>, tensor<1x2xf32>) -> tensor<?x1xf32>
// CHECK: nibble.requantize %[[Y]] {bias = array<f32: 1.500000e+00>, hi = array<f32: 0x7F800000>, lo = array<f32: 0.000000e+00>, multiplier = array<f32: 2.000000e+00>
// CHECK-SAME: (tensor<?x1xf32>) -> tensor<?x1xf32>
// CHECK: nibble.linear
// CHECK-NEXT: return
// REMARK: remark: one requantize replaces mul, add, relu
func.func @float(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = nibble.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32> : tensor<1x2xf32>
  %v = nibble.constant dense<[[1.0]]> : tensor<1x1xf32> : tensor<1x1xf32>
  %g = nibble.constant dense<2.0> : tensor<f32> : tensor<f32>
  %b = nibble.constant dense<1.5> : tensor<1xf32> : tensor<1xf32>
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<1x2xf32>) -> tensor<?x1xf32>
  %m = nibble.mul %y, %g : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %a = nibble.add %m, %b : (tensor<?x1xf32>, tensor<1xf32>) -> tensor<?x1xf32>
  %h = nibble.relu %a : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %z = nibble.linear %h, %v : (tensor<?x1xf32>, tensor<1x1xf32>) -> tensor<?x1xf32>
  return %z : tensor<?x1xf32>
}
