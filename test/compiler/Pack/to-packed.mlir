// The whole stage, and the tiled stage behind it: input and output keep their types, weights are bytes.
// RUN: nibble-opt %s --nibble-to-packed=target=x86_64-linux-gnu,+avx2 --nibble-to-tiled=batch-tile=4 | FileCheck %s
// RUN: nibble-opt %s --nibble-to-packed=target=aarch64-linux-gnu --nibble-to-tiled='batch-tile=4 target=aarch64-linux-gnu' | FileCheck %s --check-prefix=ARM

!u8 = !quant.uniform<u8:f32, 2.500000e-01>
!w4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>

// CHECK: func.func @cnn(%arg0: tensor<4x4x4x4xf32> {nibble.name = "image"}) -> (tensor<4x3xf32> {nibble.name = "logits"}) attributes {nibble.batch_tile = 4 : i64}
// CHECK: nibble.quantize {{.*}} -> tensor<4x4x4x4x{{.*}}word = 8, bits = 8, code = unsigned">>
// CHECK: nibble.constant {{.*}} : tensor<576xi8> : tensor<16x3x3x4x{{.*}}tile = [0:16, 3:4], word = 8, bits = 8">>
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s8_16_6x16_avx2"
// CHECK: nibble.max_pool2d
// CHECK: nibble.reshape
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s2_12x8_avx2"
// CHECK: nibble.reshape {{.*}} -> tensor<4x3xf32>
// CHECK-NOT: {{nibble.(pack|unpack|layouts)}}

// ARM: nibble.quantize {{.*}} -> tensor<4x4x4x4x{{.*}}word = 16, bits = 16">>
// ARM: nibble.constant {{.*}} : tensor<288xi8> : tensor<16x3x3x4x{{.*}}tile = [0:16, 3:2], word = 8, bits = 4, lanes = 16">>
// ARM: nibble.tile {{.*}}kernel = "portable_i16"
// ARM-NOT: {{nibble.(pack|unpack|layouts)}}
func.func @cnn(%x: tensor<?x4x4x4xf32> {nibble.name = "image"}) -> (tensor<?x3xf32> {nibble.name = "logits"}) {
  %q = nibble.quantize %x : (tensor<?x4x4x4xf32>) -> tensor<?x4x4x4x!u8>
  %w = nibble.constant dense<3> : tensor<16x3x3x4xi8> : tensor<16x3x3x4x!w4>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x4x!u8>, tensor<16x3x3x4x!w4>) -> tensor<?x2x2x16xi32>
  %r = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x2x2x16xi32>) -> tensor<?x2x2x16x!u8>
  %p = nibble.max_pool2d %r {window = array<i64: 1, 2>, strides = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x16x!u8>) -> tensor<?x2x1x16x!u8>
  %f = nibble.reshape %p : (tensor<?x2x1x16x!u8>) -> tensor<?x32x!u8>
  %v = nibble.constant dense<-1> : tensor<3x32xi8> : tensor<3x32x!w4>
  %l = nibble.linear %f, %v : (tensor<?x32x!u8>, tensor<3x32x!w4>) -> tensor<?x3xi32>
  %y = nibble.requantize %l {multiplier = array<f32: 0.5, 1.0, 2.0>, bias = array<f32: 1.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x3xi32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
