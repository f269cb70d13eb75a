// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// The packed stage: layouts and tiles.

!w = !quant.uniform<i4<-7:7>:f32, 0.5>
!x = !quant.uniform<u8:f32, 0.125:3>
!y = !quant.uniform<u4:f32, 0.25>

// CHECK-LABEL: func.func @layouts
func.func @layouts(%w: tensor<8x8x!w>, %signs: tensor<?x64x!nibble.binary>) {
  // CHECK: nibble.pack %{{.*}} -> tensor<8x8x{{.*}}, #nibble.layout<"order = [0, 1], word = 8, bits = 4">>
  %0 = nibble.pack %w : (tensor<8x8x!w>) -> tensor<8x8x!w, #nibble.layout<" bits=4, word = 8, order = [0,1], lanes = 1 ">>
  // CHECK: nibble.unpack %{{.*}} : (tensor<8x8x{{.*}}, #nibble.layout<"order = [0, 1], word = 8, bits = 4">>) -> tensor<8x8x
  %1 = nibble.unpack %0 : (tensor<8x8x!w, #nibble.layout<"order = [0, 1], word = 8, bits = 4">>) -> tensor<8x8x!w>
  // CHECK: #nibble.layout<"order = [0, 1], tile = [1:32], word = 32, bits = 1, code = sign">
  %2 = nibble.pack %signs : (tensor<?x64x!nibble.binary>) -> tensor<?x64x!nibble.binary, #nibble.layout<"order = [0, 1], tile = [1:32], word = 32, bits = 1, code = sign">>
  return
}

// CHECK-LABEL: func.func @tiles
func.func @tiles(%x: tensor<4x8x8x2x!x>, %w: tensor<2x3x3x2x!w>, %r: tensor<4x8x8x2x!y>, %fx: tensor<4x8x8x2xf32>, %dw: tensor<2x3x3x1xf32>) {
  // CHECK: nibble.tile %{{.*}}, %{{.*}} {kernel = "portable_i16", padding = #nibble.padding<1, 1, 1, 1>, rejected = ["dot: no avx2"], strides = array<i64: 1, 1>, window = array<i64: 3, 3>} : ({{.*}}) -> tensor<4x8x8x2xi32>
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, kernel = "portable_i16", rejected = ["dot: no avx2"]}
      : (tensor<4x8x8x2x!x>, tensor<2x3x3x2x!w>) -> tensor<4x8x8x2xi32>
  // CHECK: nibble.tile %{{.*}}, %{{.*}}, residual(%{{.*}} : tensor<4x8x8x2x!quant.uniform<u4:f32, 2.500000e-01>>) {bias = array<f32: 0.000000e+00>,
  %1 = nibble.tile %x, %w, residual(%r : tensor<4x8x8x2x!y>) {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>,
      multiplier = array<f32: 0.25>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32}
      : (tensor<4x8x8x2x!x>, tensor<2x3x3x2x!w>) -> tensor<4x8x8x2x!y>
  // CHECK: flips = array<i32: 0>{{.*}}thresholds = array<i32: 7>
  %2 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>, multiplier = array<f32: 0.25>,
      bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, thresholds = array<i32: 7>, flips = array<i32: 0>}
      : (tensor<4x8x8x2x!x>, tensor<2x3x3x2x!w>) -> tensor<4x4x4x2x!nibble.binary>
  // CHECK: groups = 2 : i64
  %3 = nibble.tile %fx, %dw {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : i64}
      : (tensor<4x8x8x2xf32>, tensor<2x3x3x1xf32>) -> tensor<4x6x6x2xf32>
  return
}
