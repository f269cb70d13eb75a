// RUN: nibble-opt %s --nibble-assign-layouts | FileCheck %s

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
!u4 = !quant.uniform<u4:f32, 5.000000e-01>
!w3 = !quant.uniform<i3<-3:3>:f32, 5.000000e-01>
!v1 = !quant.uniform<u1:f32, 5.000000e-01>
!t = !nibble.ternary<0.5>
!b = !nibble.binary

// Bytes all the way between byte kernels, through pooling and reshapes.
// CHECK-LABEL: func.func @bytes
// CHECK: nibble.quantize %arg0 {nibble.layouts = [unit, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">]}
// CHECK: nibble.tile {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8">, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">]
// CHECK: nibble.max_pool2d {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">]
// CHECK: nibble.tile {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">, {{.*}}, unit]
func.func @bytes(%x: tensor<?x2x2x8xf32>) -> tensor<?x1x1x1xi32> {
  %q = nibble.quantize %x : (tensor<?x2x2x8xf32>) -> tensor<?x2x2x8x!u8>
  %w = nibble.constant dense<1> : tensor<8x1x1x8xi8> : tensor<8x1x1x8x!w8>
  %v = nibble.constant dense<1> : tensor<1x1x1x8xi8> : tensor<1x1x1x8x!w8>
  %0 = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2", multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x8x!u8>, tensor<8x1x1x8x!w8>) -> tensor<?x2x2x8x!u8>
  %1 = nibble.max_pool2d %0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x8x!u8>) -> tensor<?x1x1x8x!u8>
  %2 = nibble.tile %1, %v {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  return %2 : tensor<?x1x1x1xi32>
}

// A second kind of user reads the same bytes.
// CHECK-LABEL: func.func @shared
// CHECK: nibble.quantize %arg0 {nibble.layouts = [unit, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">]}
// CHECK: nibble.tile {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">, {{.*}}, unit]
// CHECK: nibble.dequantize %{{.*}} {nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">, unit]}
func.func @shared(%x: tensor<?x1x1x8xf32>) -> (tensor<?x1x1x1xi32>, tensor<?x1x1x8xf32, #nibble.grid<!u8>>) {
  %q = nibble.quantize %x : (tensor<?x1x1x8xf32>) -> tensor<?x1x1x8x!u8>
  %v = nibble.constant dense<1> : tensor<1x1x1x8xi8> : tensor<1x1x1x8x!w8>
  %0 = nibble.tile %q, %v {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  %1 = nibble.dequantize %q : (tensor<?x1x1x8x!u8>) -> tensor<?x1x1x8xf32, #nibble.grid<!u8>>
  return %0, %1 : tensor<?x1x1x1xi32>, tensor<?x1x1x8xf32, #nibble.grid<!u8>>
}

// Bits through pad, pooling and reshapes, also inside words.
// CHECK-LABEL: func.func @bits
// CHECK: nibble.quantize %arg0 {nibble.layouts = [unit, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]}
// CHECK: nibble.pad %{{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]
// CHECK: nibble.reshape %{{.*}} {nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]}
// CHECK: nibble.tile {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]
// CHECK: nibble.reshape %{{.*}} {nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]}
// CHECK: nibble.tile {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, {{.*}}, unit]
func.func @bits(%x: tensor<?x1x1x64xf32>) -> tensor<?x1x1x1xi32> {
  %q = nibble.quantize %x : (tensor<?x1x1x64xf32>) -> tensor<?x1x1x64x!b>
  %p = nibble.pad %q {low = array<i64: 0, 0, 1, 0>, high = array<i64: 0, 0, 0, 0>, value = 1.0 : f32} : (tensor<?x1x1x64x!b>) -> tensor<?x1x2x64x!b>
  %r = nibble.reshape %p : (tensor<?x1x2x64x!b>) -> tensor<?x2x2x32x!b>
  %w = nibble.constant dense<1> : tensor<3x1x1x32xi8> : tensor<3x1x1x32x!b>
  %0 = nibble.tile %r, %w {kernel = "portable_binary", multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x32x!b>, tensor<3x1x1x32x!b>) -> tensor<?x2x2x3x!b>
  %1 = nibble.reshape %0 : (tensor<?x2x2x3x!b>) -> tensor<?x1x1x12x!b>
  %v = nibble.constant dense<1> : tensor<1x1x1x12xi8> : tensor<1x1x1x12x!b>
  %2 = nibble.tile %1, %v {kernel = "portable_binary", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x12x!b>, tensor<1x1x1x12x!b>) -> tensor<?x1x1x1xi32>
  return %2 : tensor<?x1x1x1xi32>
}

// Concatenated bits, of whole words and others.
// CHECK-LABEL: func.func @concat
// CHECK: nibble.concat {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<{{.*}}tile{{.*}}>, #nibble.layout<{{.*}}tile{{.*}}>]
// CHECK: nibble.concat {{.*}}nibble.layouts = [#nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">, #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">]
func.func @concat(%x: tensor<?x1x1x32xf32>, %y: tensor<?x1x1x8xf32>) -> (tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>) {
  %a = nibble.quantize %x : (tensor<?x1x1x32xf32>) -> tensor<?x1x1x32x!b>
  %b = nibble.quantize %x : (tensor<?x1x1x32xf32>) -> tensor<?x1x1x32x!b>
  %c = nibble.quantize %x : (tensor<?x1x1x32xf32>) -> tensor<?x1x1x32x!b>
  %d = nibble.quantize %y : (tensor<?x1x1x8xf32>) -> tensor<?x1x1x8x!b>
  %ab = nibble.concat %a, %b {axis = 3 : i64} : (tensor<?x1x1x32x!b>, tensor<?x1x1x32x!b>) -> tensor<?x1x1x64x!b>
  %cd = nibble.concat %c, %d {axis = 3 : i64} : (tensor<?x1x1x32x!b>, tensor<?x1x1x8x!b>) -> tensor<?x1x1x40x!b>
  %v = nibble.constant dense<1> : tensor<1x1x1x64xi8> : tensor<1x1x1x64x!b>
  %w = nibble.constant dense<1> : tensor<1x1x1x40xi8> : tensor<1x1x1x40x!b>
  %0 = nibble.tile %ab, %v {kernel = "portable_binary", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x64x!b>, tensor<1x1x1x64x!b>) -> tensor<?x1x1x1xi32>
  %1 = nibble.tile %cd, %w {kernel = "portable_binary", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x40x!b>, tensor<1x1x1x40x!b>) -> tensor<?x1x1x1xi32>
  return %0, %1 : tensor<?x1x1x1xi32>, tensor<?x1x1x1xi32>
}

// Weights: the layout belongs to the kernel. Fields of 8, 4 and 2 bits, of 2 bits for an unsigned bit, of 1 bit where signs fill whole blocks of
// 8 channels, else 2 (padding must be worth 0); f32; depthwise; scalar.
// CHECK-LABEL: func.func @weights
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:2], word = 8, bits = 8, lanes = 16">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:2], word = 8, bits = 4, lanes = 16">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:16, 3:2], word = 8, bits = 2, lanes = 16">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:16, 3:2], word = 8, bits = 2, lanes = 16, code = unsigned">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [3:4, 0:16, 3:2], word = 8, bits = 1, lanes = 16, code = sign">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:16, 3:2], word = 8, bits = 2, lanes = 16">
// CHECK: nibble.tile {{.*}}nibble.layouts = [unit, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16], word = 32, bits = 32">, unit]
// CHECK: nibble.tile {{.*}}nibble.layouts = [unit, #nibble.layout<"order = [1, 2, 3, 0], word = 32, bits = 32">, unit]
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [1, 2, 3, 0], word = 8, bits = 8">
// CHECK: nibble.tile {{.*}}#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
func.func @weights(%x: tensor<?x1x1x4x!u4>, %e: tensor<?x1x1x8x!u4>, %f: tensor<?x1x1x4xf32>) {
  %w8 = nibble.constant dense<1> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!w8>
  %w3 = nibble.constant dense<1> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!w3>
  %wt = nibble.constant dense<1> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!t>
  %v1 = nibble.constant dense<1> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!v1>
  %wb = nibble.constant dense<1> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!b>
  %be = nibble.constant dense<1> : tensor<4x1x1x8xi8> : tensor<4x1x1x8x!b>
  %wf = nibble.constant dense<1.0> : tensor<4x1x1x4xf32> : tensor<4x1x1x4xf32>
  %df = nibble.constant dense<1.0> : tensor<4x1x1x1xf32> : tensor<4x1x1x1xf32>
  %d8 = nibble.constant dense<1> : tensor<4x1x1x1xi8> : tensor<4x1x1x1x!w8>
  %su = nibble.constant dense<1> : tensor<4x1x1x2xi8> : tensor<4x1x1x2x!u4>
  %0 = nibble.tile %x, %w8 {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x4x!w8>) -> tensor<?x1x1x4xi32>
  %1 = nibble.tile %x, %w3 {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x4x!w3>) -> tensor<?x1x1x4xi32>
  %2 = nibble.tile %x, %wt {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x4x!t>) -> tensor<?x1x1x4xi32>
  %3 = nibble.tile %x, %v1 {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x4x!v1>) -> tensor<?x1x1x4xi32>
  %9 = nibble.tile %e, %be {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u4>, tensor<4x1x1x8x!b>) -> tensor<?x1x1x4xi32>
  %4 = nibble.tile %x, %wb {kernel = "portable_i16", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x4x!b>) -> tensor<?x1x1x4xi32>
  %5 = nibble.tile %f, %wf {kernel = "portable_f32", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4xf32>, tensor<4x1x1x4xf32>) -> tensor<?x1x1x4xf32>
  %6 = nibble.tile %f, %df {kernel = "portable_depthwise", groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4xf32>, tensor<4x1x1x1xf32>) -> tensor<?x1x1x4xf32>
  %7 = nibble.tile %x, %d8 {kernel = "portable_depthwise", groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x1x!w8>) -> tensor<?x1x1x4xi32>
  %8 = nibble.tile %x, %su {kernel = "portable_scalar", groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x4x!u4>, tensor<4x1x1x2x!u4>) -> tensor<?x1x1x4xi32>
  return
}
