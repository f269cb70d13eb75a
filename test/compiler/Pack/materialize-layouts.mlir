// RUN: nibble-opt %s --nibble-assign-layouts --nibble-materialize-layouts --nibble-verify-layouts | FileCheck %s

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
!b = !nibble.binary

// The arguments and results of a function have no layout; an activation in two forms is converted once for all its users.
// CHECK-LABEL: func.func @boundary
// CHECK-SAME: -> (tensor<?x1x1x8x!quant.uniform<u8:f32, 2.500000e-01:3>>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>)
// CHECK: %[[P:.*]] = nibble.pack %arg0 {{.*}}bits = 8, code = unsigned">>
// CHECK: %[[R:.*]] = nibble.reshape %[[P]] : (tensor<?x1x8x1x{{.*}}code = unsigned">>) -> tensor<?x1x1x8x{{.*}}code = unsigned">>
// CHECK: %[[W:.*]] = nibble.constant
// CHECK: %[[V:.*]] = nibble.pack %[[W]] {{.*}}tile = [0:16, 3:4]
// CHECK: nibble.tile %[[R]], %[[V]]
// CHECK-NOT: nibble.layouts
// CHECK: nibble.tile %[[R]], %[[V]]
// CHECK: %[[U:.*]] = nibble.unpack %[[R]] {{.*}} -> tensor<?x1x1x8x!quant.uniform<u8:f32, 2.500000e-01:3>>
// CHECK: return %[[U]]
func.func @boundary(%x: tensor<?x1x8x1x!u8>) -> (tensor<?x1x1x8x!u8>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>) {
  %r = nibble.reshape %x : (tensor<?x1x8x1x!u8>) -> tensor<?x1x1x8x!u8>
  %w = nibble.constant dense<1> : tensor<1x1x1x8xi8> : tensor<1x1x1x8x!w8>
  %0 = nibble.tile %r, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  %1 = nibble.tile %r, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  return %r, %0, %1 : tensor<?x1x1x8x!u8>, tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>
}

// A binary value that is also a residual: the kernel and the epilogue read the same bits.
// CHECK-LABEL: func.func @residual
// CHECK: %[[Q:.*]] = nibble.quantize %arg0 {{.*}} -> tensor<?x1x1x2x!nibble.binary, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">>
// CHECK-NOT: nibble.unpack
// CHECK: nibble.tile %[[Q]], %{{.*}}, residual(%[[Q]] : tensor<?x1x1x2x!nibble.binary, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">>)
func.func @residual(%x: tensor<?x1x1x2xf32>) -> tensor<?x1x1x2xf32> {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!b>
  %w = nibble.constant dense<1> : tensor<2x1x1x2xi8> : tensor<2x1x1x2x!b>
  %0 = nibble.tile %q, %w, residual(%q : tensor<?x1x1x2x!b>) {kernel = "portable_binary", residual_multiplier = 0.5 : f32, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -4.0>, hi = array<f32: 4.0>, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b>, tensor<2x1x1x2x!b>) -> tensor<?x1x1x2xf32>
  return %0 : tensor<?x1x1x2xf32>
}
