// RUN: nibble-opt %s --nibble-form-tiles | FileCheck %s

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w4 = !quant.uniform<i4<-7:7>:f32:0, {5.000000e-01, 2.500000e-01}>
!t = !nibble.ternary<0 : 0.5, 0.25>
!b = !nibble.binary

// A convolution takes its only requantisation as epilogue; zero padding stays in the tile, whatever the zero point.
// CHECK-LABEL: func.func @conv
// CHECK: %[[W:.*]] = nibble.constant
// CHECK: %[[Y:.*]] = nibble.tile %arg0, %[[W]] {bias = array<f32: 1.000000e+00>, hi = array<f32: 2.550000e+02>, layer = "one", lo = array<f32: 0.000000e+00>, multiplier = array<f32: 5.000000e-01>, padding = #nibble.padding<1, 1, 1, 1>, strides = array<i64: 2, 1>, window = array<i64: 3, 3>}
// CHECK-NEXT: return %[[Y]]
func.func @conv(%x: tensor<?x4x4x1x!u8>) -> tensor<?x2x4x2x!u8> {
  %w = nibble.constant dense<3> : tensor<2x3x3x1xi8> : tensor<2x3x3x1x!w4>
  %a = nibble.conv2d %x, %w {layer = "one", strides = array<i64: 2, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x4x1x!u8>, tensor<2x3x3x1x!w4>) -> tensor<?x2x4x2xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x2x4x2xi32>) -> tensor<?x2x4x2x!u8>
  return %y : tensor<?x2x4x2x!u8>
}

// Linear layers become 1 x 1 convolutions. Reshapes in front and between two layers merge; the weights are reshaped as constants.
// CHECK-LABEL: func.func @linears
// CHECK: %[[W:.*]] = nibble.constant dense<1> : tensor<2x1x1x4xi8> : tensor<2x1x1x4x!nibble.ternary<0 : 5.000000e-01, 2.500000e-01>>
// CHECK: %[[X:.*]] = nibble.reshape %arg0 : (tensor<?x2x2x1x{{.*}}>) -> tensor<?x1x1x4x
// CHECK: %[[A:.*]] = nibble.tile %[[X]], %[[W]]
// CHECK: %[[V:.*]] = nibble.constant dense_resource<fc.weight> : tensor<6x1x1x2xf32> : tensor<6x1x1x2xf32>
// CHECK-NOT: reshape
// CHECK: %[[B:.*]] = nibble.tile %[[A]], %[[V]] {{{.*}}strides = array<i64: 1, 1>, window = array<i64: 1, 1>} : (tensor<?x1x1x2xf32>, tensor<6x1x1x2xf32>) -> tensor<?x1x1x6xf32>
// CHECK: %[[Y:.*]] = nibble.reshape %[[B]] : (tensor<?x1x1x6xf32>) -> tensor<?x6xf32>
// CHECK: return %[[Y]]
func.func @linears(%x: tensor<?x2x2x1x!u8>) -> tensor<?x6xf32> {
  %f = nibble.reshape %x : (tensor<?x2x2x1x!u8>) -> tensor<?x4x!u8>
  %w = nibble.constant dense<1> : tensor<2x4xi8> : tensor<2x4x!t>
  %a = nibble.linear %f, %w : (tensor<?x4x!u8>, tensor<2x4x!t>) -> tensor<?x2xi32>
  %r = nibble.requantize %a {multiplier = array<f32: 0.5, 2.0>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x2xi32>) -> tensor<?x2xf32>
  %v = nibble.constant dense_resource<fc.weight> : tensor<6x2xf32> : tensor<6x2xf32>
  %y = nibble.linear %r, %v : (tensor<?x2xf32>, tensor<6x2xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// A residual goes into the epilogue; the tile stands where the requantisation stood.
// CHECK-LABEL: func.func @residual
// CHECK: %[[R:.*]] = nibble.quantize
// CHECK: nibble.tile %{{.*}}, %{{.*}}, residual(%[[R]] : tensor<?x1x1x1x{{.*}}>) {{{.*}}residual_multiplier = 5.000000e-01 : f32
func.func @residual(%x: tensor<?x1x1x2x!u8>, %s: tensor<?x1x1x1xf32>) -> tensor<?x1x1x1x!u8> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!nibble.ternary<0.5>>
  %a = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u8>, tensor<1x1x1x2x!nibble.ternary<0.5>>) -> tensor<?x1x1x1xi32>
  %r = nibble.quantize %s : (tensor<?x1x1x1xf32>) -> tensor<?x1x1x1x!u8>
  %y = nibble.requantize %a, %r {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>, residual_multiplier = 0.5 : f32} : (tensor<?x1x1x1xi32>, tensor<?x1x1x1x!u8>) -> tensor<?x1x1x1x!u8>
  return %y : tensor<?x1x1x1x!u8>
}

// An accumulator with two uses, or one that is requantised by another profile, leaves its tile raw.
// CHECK-LABEL: func.func @raw
// CHECK: %[[A:.*]] = nibble.tile {{.*}} -> tensor<?x1x1x1xi32>
// CHECK: %[[B:.*]] = nibble.tile {{.*}} -> tensor<?x1x1x1xi32>
// CHECK: nibble.requantize %[[A]]
// CHECK: nibble.requantize %[[A]]
// CHECK: nibble.requantize %[[B]] {{.*}} profile = #nibble.profile<fixed>
func.func @raw(%x: tensor<?x1x1x1x!u8>) -> (tensor<?x1x1x1xf32>, tensor<?x1x1x1xf32>, tensor<?x1x1x1xf32>) {
  %w = nibble.constant dense<1> : tensor<1x1x1x1xi8> : tensor<1x1x1x1x!nibble.ternary<0.5>>
  %a = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x1x!u8>, tensor<1x1x1x1x!nibble.ternary<0.5>>) -> tensor<?x1x1x1xi32>
  %b = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x1x!u8>, tensor<1x1x1x1x!nibble.ternary<0.5>>) -> tensor<?x1x1x1xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 4.0>} : (tensor<?x1x1x1xi32>) -> tensor<?x1x1x1xf32>
  %z = nibble.requantize %a {multiplier = array<f32: 0.25>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 4.0>} : (tensor<?x1x1x1xi32>) -> tensor<?x1x1x1xf32>
  %v = nibble.requantize %b {profile = #nibble.profile<fixed>, multiplier = array<f32: 0.25>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 4.0>} : (tensor<?x1x1x1xi32>) -> tensor<?x1x1x1xf32>
  return %y, %z, %v : tensor<?x1x1x1xf32>, tensor<?x1x1x1xf32>, tensor<?x1x1x1xf32>
}

// Padding of +1 or -1 cannot be skipped: it becomes an op. Thresholds go into the epilogue.
// CHECK-LABEL: func.func @binary
// CHECK: %[[P:.*]] = nibble.pad %arg0 {high = array<i64: 0, 1, 1, 0>, low = array<i64: 0, 1, 0, 0>, value = 1.000000e+00 : f32} : (tensor<?x3x4x2x!nibble.binary>) -> tensor<?x5x5x2x!nibble.binary>
// CHECK: nibble.tile %[[P]], {{.*}} {{{.*}}flips = array<i32: 0>{{.*}} padding = #nibble.padding<0, 0, 0, 0>, {{.*}}thresholds = array<i32: 3>, window = array<i64: 3, 2>}
// CHECK: nibble.pad {{.*}}value = -1.000000e+00
func.func @binary(%x: tensor<?x3x4x2x!b>) -> (tensor<?x3x4x1x!b>, tensor<?x3x4x1xi32>) {
  %w = nibble.constant dense<-1> : tensor<1x3x2x2xi8> : tensor<1x3x2x2x!b>
  %a = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 0, 1, 1, plus_one>} : (tensor<?x3x4x2x!b>, tensor<1x3x2x2x!b>) -> tensor<?x3x4x1xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 1.0>, bias = array<f32: -2.5>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, thresholds = array<i32: 3>, flips = array<i32: 0>} : (tensor<?x3x4x1xi32>) -> tensor<?x3x4x1x!b>
  %c = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 0, 1, 1, minus_one>} : (tensor<?x3x4x2x!b>, tensor<1x3x2x2x!b>) -> tensor<?x3x4x1xi32>
  return %y, %c : tensor<?x3x4x1x!b>, tensor<?x3x4x1xi32>
}

// Weights that only their numbers quantise: the tile of f32 operands takes their values.
// CHECK-LABEL: func.func @weight_only
// CHECK: %[[W:.*]] = nibble.constant dense<{{\[\[\[\[}}1.500000e+00, -3.500000e+00{{\]\]\]}}, {{\[\[\[}}2.500000e-01, 0.000000e+00{{\]\]\]\]}}> : tensor<2x1x1x2xf32> : tensor<2x1x1x2xf32>
// CHECK-NOT: dequantize
// CHECK: nibble.tile %{{.*}}, %[[W]]
func.func @weight_only(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %q = nibble.constant dense<[[3, -7], [1, 0]]> : tensor<2x2xi8> : tensor<2x2x!w4>
  %w = nibble.dequantize %q : (tensor<2x2x!w4>) -> tensor<2x2xf32, #nibble.grid<!w4>>
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32, #nibble.grid<!w4>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

{-#
  dialect_resources: { builtin: { fc.weight: "0x040000000000803f000000400000803f000000400000803f000000400000803f000000400000803f000000400000803f00000040" } }
#-}

// CHECK-LABEL: func.func @dilated
// CHECK: nibble.tile {{.*}}{dilations = array<i64: 3, 2>, padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 1, 2>, window = array<i64: 2, 2>}
func.func @dilated(%x: tensor<?x4x5x1x!u8>) -> tensor<?x1x2x2xi32> {
  %w = nibble.constant dense<3> : tensor<2x2x2x1xi8> : tensor<2x2x2x1x!w4>
  %a = nibble.conv2d %x, %w {strides = array<i64: 1, 2>, dilations = array<i64: 3, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x5x1x!u8>, tensor<2x2x2x1x!w4>) -> tensor<?x1x2x2xi32>
  return %a : tensor<?x1x2x2xi32>
}
