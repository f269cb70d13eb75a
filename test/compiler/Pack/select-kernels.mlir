// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-select-kernels=target=aarch64-linux-gnu | FileCheck %s --check-prefix=ARM

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!s8 = !quant.uniform<i8:f32, 2.500000e-01>
!s16 = !quant.uniform<i16:f32, 2.500000e-01>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
!v8 = !quant.uniform<u8:f32, 5.000000e-01>
!t = !nibble.ternary<0.5>
!b = !nibble.binary

// Weights so small that no pair saturates; weights of which pairs do (more of both: select-listed.mlir); a first layer with three channels; padding; a short
// row; signed inputs; unsigned weights.
// CHECK-LABEL: func.func @bytes
// CHECK: nibble.tile {{.*}}kernel = "listed_u8s8_10x8_avx2", {{.*}}"dot_u8s4_12x8_avx2: weights reach from 64 to 64; the kernel's fields of 4 bits hold -8 to 7", "dot_u8s8_16_6x16_avx2: weights of channel 0 can overflow a 16-bit sum of 2 groups of 4 steps; the kernel needs 2", "dot_u8s8_6x16_avx2: predicted
// CHECK: nibble.tile {{.*}}"dot_u8s8_6x16_avx2: weights of channel 0 can saturate a 16-bit pair sum: 255 * 254 > 32767"
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"dot_u8s8_6x16_avx2: 3 values of a tap are not a multiple of the 4 that lie together in the kernel's weights", "dot_u8s8_6x16_avx2_exact: 3 values {{.*}}", "portable_binary: activations are not binary"
// CHECK: nibble.tile {{.*}}kernel = "{{dot_u8s8_6x16|listed_u8s8_10x8}}_avx2"
// CHECK: nibble.tile {{.*}}"dot_u8s8_6x16_avx2_exact: predicted {{[0-9.]+}} ns; 
// CHECK: nibble.tile {{.*}}kernel = "listed_u8s8_10x8_avx2"
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"dot_u8s8_6x16_avx2: weights reach 255; the kernel takes signed bytes"
// ARM-LABEL: func.func @bytes
// ARM: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"dot_u8s8_6x16_avx2: target has no avx2", "dot_u8s8_6x16_avx2_exact: target has no avx2", "portable_binary: activations are not binary"
func.func @bytes(%x: tensor<?x3x3x8x!u8>, %i: tensor<?x3x3x3x!u8>, %k: tensor<?x1x1x4x!u8>, %s: tensor<?x3x3x8x!s8>) -> (tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x3x3x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>) {
  %w = nibble.constant dense<64> : tensor<1x3x3x8xi8> : tensor<1x3x3x8x!w8>
  %v = nibble.constant dense<127> : tensor<1x3x3x8xi8> : tensor<1x3x3x8x!w8>
  %j = nibble.constant dense<1> : tensor<1x3x3x3xi8> : tensor<1x3x3x3x!w8>
  %l = nibble.constant dense<1> : tensor<1x1x1x4xi8> : tensor<1x1x1x4x!w8>
  %u = nibble.constant dense<200> : tensor<1x3x3x8xi16> : tensor<1x3x3x8x!v8>
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x8x!u8>, tensor<1x3x3x8x!w8>) -> tensor<?x1x1x1xi32>
  %1 = nibble.tile %x, %v {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x8x!u8>, tensor<1x3x3x8x!w8>) -> tensor<?x1x1x1xi32>
  %2 = nibble.tile %i, %j {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x3x!u8>, tensor<1x3x3x3x!w8>) -> tensor<?x1x1x1xi32>
  %3 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x3x3x8x!u8>, tensor<1x3x3x8x!w8>) -> tensor<?x3x3x1xi32>
  %4 = nibble.tile %k, %l {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u8>, tensor<1x1x1x4x!w8>) -> tensor<?x1x1x1xi32>
  %5 = nibble.tile %s, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x8x!s8>, tensor<1x3x3x8x!w8>) -> tensor<?x1x1x1xi32>
  %6 = nibble.tile %x, %u {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x8x!u8>, tensor<1x3x3x8x!v8>) -> tensor<?x1x1x1xi32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x3x3x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>
}

// Binary x binary (select-lookup.mlir has more of them), binary x ternary, 16 bits x 8 bits, bytes with a binary result.
// CHECK-LABEL: func.func @integers
// CHECK: nibble.tile {{.*}}kernel = "portable_binary", {{.*}}"dot_u8s8_6x16_avx2: activations and weights are binary; bits are faster than bytes"
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s2_12x8_avx2", {{.*}}"dot_u8s1_12x8_avx2: weights are not binary; the kernel's fields of 1 bit hold +1 and -1"
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"portable_binary: activations are not binary"
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s2_12x8_avx2"
func.func @integers(%x: tensor<?x1x1x32x!b>, %s: tensor<?x1x1x8x!s16>, %b: tensor<?x1x1x8x!u8>) -> (tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1x!b>) {
  %w = nibble.constant dense<-1> : tensor<1x1x1x32xi8> : tensor<1x1x1x32x!b>
  %v = nibble.constant dense<0> : tensor<1x1x1x32xi8> : tensor<1x1x1x32x!t>
  %u = nibble.constant dense<0> : tensor<1x1x1x8xi8> : tensor<1x1x1x8x!w8>
  %0 = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x32x!b>, tensor<1x1x1x32x!b>) -> tensor<?x1x1x1xi32>
  %1 = nibble.tile %x, %v {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x32x!b>, tensor<1x1x1x32x!t>) -> tensor<?x1x1x1xi32>
  %2 = nibble.tile %s, %u {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!s16>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  %3 = nibble.tile %b, %u {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1x!b>
  return %0, %1, %2, %3 : tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>, tensor<?x1x1x1x!b>
}

// f32; groups; depthwise in f32 and integers; depthwise with a multiplier and with binary activations.
// CHECK-LABEL: func.func @groups
// CHECK: nibble.tile {{.*}}kernel = "portable_f32", {{.*}}"dot_u8s8_6x16_avx2: operands are f32", "dot_u8s8_6x16_avx2_exact: operands are f32"
// CHECK: nibble.tile {{.*}}groups = 2 : i64, kernel = "portable_f32", {{.*}}"portable_depthwise: groups = 2, not one for each of 4 input and 4 output channels", "portable_scalar: it is for layers that no other kernel takes"]
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"portable_f32: groups = 4, one for each channel"
// CHECK: nibble.tile {{.*}}kernel = "{{(portable_depthwise|depthwise_u8s8_[a-z]*_?avx2)}}"
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"portable_depthwise: groups = 4, not one for each of 4 input and 8 output channels"
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_{{(halves_)?}}avx2"
// ARM-LABEL: func.func @groups
// ARM: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"dot_u8s8_6x16_avx2: groups = 4 of {{[12]}} output {{channels?}}; the kernel needs multiples of 8", "dot_u8s8_6x16_avx2_exact: groups = 4 {{[^"]*}}", "portable_binary: activations are not binary", "portable_i16: groups = 4, one for each channel"
// ARM: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}"portable_binary: groups = 4 of 1 input channel; the kernel needs multiples of 32", "portable_depthwise: activations are binary"
func.func @groups(%x: tensor<?x1x1x4xf32>, %q: tensor<?x1x1x4x!u8>, %p: tensor<?x1x1x4x!b>) -> (tensor<?x1x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x1x1x4xi32>, tensor<?x1x1x8xi32>, tensor<?x1x1x4xi32>) {
  %w4 = nibble.constant dense<1.0> : tensor<4x1x1x4xf32> : tensor<4x1x1x4xf32>
  %w2 = nibble.constant dense<1.0> : tensor<4x1x1x2xf32> : tensor<4x1x1x2xf32>
  %w1 = nibble.constant dense<1.0> : tensor<4x1x1x1xf32> : tensor<4x1x1x1xf32>
  %v1 = nibble.constant dense<1> : tensor<4x1x1x1xi8> : tensor<4x1x1x1x!w8>
  %v2 = nibble.constant dense<1> : tensor<8x1x1x1xi8> : tensor<8x1x1x1x!w8>
  %b1 = nibble.constant dense<1> : tensor<4x1x1x1xi8> : tensor<4x1x1x1x!b>
  %0 = nibble.tile %x, %w4 {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4xf32>, tensor<4x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %1 = nibble.tile %x, %w2 {groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4xf32>, tensor<4x1x1x2xf32>) -> tensor<?x1x1x4xf32>
  %2 = nibble.tile %x, %w1 {groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4xf32>, tensor<4x1x1x1xf32>) -> tensor<?x1x1x4xf32>
  %3 = nibble.tile %q, %v1 {groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u8>, tensor<4x1x1x1x!w8>) -> tensor<?x1x1x4xi32>
  %4 = nibble.tile %q, %v2 {groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u8>, tensor<8x1x1x1x!w8>) -> tensor<?x1x1x8xi32>
  %5 = nibble.tile %p, %b1 {groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!b>, tensor<4x1x1x1x!b>) -> tensor<?x1x1x4xi32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x1x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x1x1x4xf32>, tensor<?x1x1x4xi32>, tensor<?x1x1x8xi32>, tensor<?x1x1x4xi32>
}

// Rows of the window may lie apart, and so may the taps of a row, if they have enough values; groups of channels make them do so.
// CHECK-LABEL: func.func @dilated
// CHECK: nibble.tile {{.*}}dilations = array<i64: 2, 1>, kernel = "dot_u8s4_12x8_avx2"
// CHECK: nibble.tile {{.*}}dilations = array<i64: 1, 2>, kernel = "dot_u8s2_12x8_avx2"
// CHECK: nibble.tile {{.*}}dilations = array<i64: 2, 2>, kernel = "lookup_b1b1_packed_avx2"
// CHECK: nibble.tile {{.*}}groups = 2 : i64, kernel = "dot_u8s2_12x8_avx2"
// CHECK: nibble.tile {{.*}}groups = 4 : i64, kernel = "portable_i16", {{.*}}"dot_u8s2_12x8_avx2: a tap has 2 values; the kernel needs 4"
// CHECK: nibble.tile {{.*}}groups = 2 : i64, kernel = "portable_i16", {{.*}}"dot_u8s2_12x8_avx2: groups = 2 of 4 output channels; the kernel needs multiples of 8"
func.func @dilated(%x: tensor<?x5x5x8x!u8>, %b: tensor<?x5x5x64x!b>) -> (tensor<?x1x3x8xi32>, tensor<?x3x1x8xi32>, tensor<?x1x1x32xi32>, tensor<?x3x3x16xi32>, tensor<?x3x3x32xi32>, tensor<?x3x3x8xi32>) {
  %w = nibble.constant dense<1> : tensor<8x3x3x8xi8> : tensor<8x3x3x8x!w8>
  %v = nibble.constant dense<1> : tensor<32x3x3x64xi8> : tensor<32x3x3x64x!b>
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 2, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x8x!u8>, tensor<8x3x3x8x!w8>) -> tensor<?x1x3x8xi32>
  %1 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x8x!u8>, tensor<8x3x3x8x!w8>) -> tensor<?x3x1x8xi32>
  %2 = nibble.tile %b, %v {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x64x!b>, tensor<32x3x3x64x!b>) -> tensor<?x1x1x32xi32>
  %w2 = nibble.constant dense<1> : tensor<16x3x3x4xi8> : tensor<16x3x3x4x!w8>
  %w4 = nibble.constant dense<1> : tensor<32x3x3x2xi8> : tensor<32x3x3x2x!w8>
  %w8 = nibble.constant dense<1> : tensor<8x3x3x4xi8> : tensor<8x3x3x4x!w8>
  %3 = nibble.tile %x, %w2 {groups = 2 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x8x!u8>, tensor<16x3x3x4x!w8>) -> tensor<?x3x3x16xi32>
  %4 = nibble.tile %x, %w4 {groups = 4 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x8x!u8>, tensor<32x3x3x2x!w8>) -> tensor<?x3x3x32xi32>
  %5 = nibble.tile %x, %w8 {groups = 2 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x8x!u8>, tensor<8x3x3x4x!w8>) -> tensor<?x3x3x8xi32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x1x3x8xi32>, tensor<?x3x1x8xi32>, tensor<?x1x1x32xi32>, tensor<?x3x3x16xi32>, tensor<?x3x3x32xi32>, tensor<?x3x3x8xi32>
}
