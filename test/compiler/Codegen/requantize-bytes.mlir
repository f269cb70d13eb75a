// Results in bytes, where all channels have the same bounds: the kernel stores them, or one that makes bytes of its sums.
// What does not fill a tile of columns gets a kernel of its own, or, where it is no multiple of 8 channels, ordinary code.
// RUN: nibble-opt %s --split-input-file --nibble-to-packed=target=x86_64-linux-gnu,+avx2 --nibble-to-tiled=batch-tile=6 --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s

// Sums of 32 bits in registers. One row has a kernel for sums.
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
!u7 = !quant.uniform<u8<0:100>:f32, 0.5>
// CHECK: ukr.kernel @stored.tile.rows6 {{.*}}generator = "dot_u8s8_6x16_avx2_exact", max_outer = 1 : i64, out_stride = 32 : i64
// CHECK-LABEL: func.func private @stored.tile(
// CHECK-NOT: math.fma
// CHECK: ukr.call_bytes @stored.tile.rows6(%{{.*}}, %{{.*}}, %{{.*}}) constants %{{.*}} : memref<96xi8>, memref<512xi8>, memref<192xi8>, memref<256xi8>
// CHECK-NOT: math.fma
// CHECK: ukr.call @stored.tile.rows1x2(
// CHECK: ukr.call_requantize @stored.tile.bytes1x16(
// CHECK: return
func.func @stored(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<32x16xi8> : tensor<32x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<32x16x!w8>) -> tensor<?x32xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 100.0>} : (tensor<?x32xi32>) -> tensor<?x32x!u7>
  %v = nibble.constant dense<2> : tensor<16x32xi8> : tensor<16x32x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x32x!u7>, tensor<16x32x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// Sums in memory.
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
!u7 = !quant.uniform<u8<0:100>:f32, 0.5>
// The offsets of constants: 8 bytes for each channel, without a correction.
// CHECK: ukr.kernel @whole.tile.bytes6x16 {{.*}}columns = 16 : i64, generator = "requantize_bytes_avx2", outer_stride = 128 : i64, row_stride = 32 : i64, rows = 6 : i64, run = 16 : i64}
// CHECK-LABEL: func.func private @whole.tile(
// CHECK: ukr.call @whole.tile.rows6(
// CHECK-NOT: math.fma
// CHECK: %[[EIGHT:.*]] = arith.constant 8 : index
// CHECK: %[[AT:.*]] = arith.muli %{{.*}}, %[[EIGHT]]
// CHECK: ukr.call_requantize @whole.tile.bytes6x16(%{{.*}}, %{{.*}}[%[[AT]]], %{{.*}}) : memref<96xi32>, memref<256xi8>, memref<192xi8>
// CHECK-NOT: math.fma
// CHECK: return
func.func @whole(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<32x16xi8> : tensor<32x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_16_6x16_avx2"} : (tensor<?x16x!u8>, tensor<32x16x!w8>) -> tensor<?x32xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 100.0>} : (tensor<?x32xi32>) -> tensor<?x32x!u7>
  %v = nibble.constant dense<2> : tensor<16x32xi8> : tensor<16x32x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_16_6x16_avx2"} : (tensor<?x32x!u7>, tensor<16x32x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
// CHECK-LABEL: func.func private @eighth.tile(
// CHECK: ukr.call @eighth.tile.rows6(
// CHECK: scf.if %
// CHECK: ukr.call_requantize @eighth.tile.bytes6x16(
// CHECK: } else {
// CHECK: ukr.call_requantize @eighth.tile.bytes6x8(
// CHECK-NOT: math.fma
// CHECK: return
func.func @eighth(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<24x16xi8> : tensor<24x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<24x16x!w8>) -> tensor<?x24xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x24xi32>) -> tensor<?x24x!u8>
  %v = nibble.constant dense<2> : tensor<16x24xi8> : tensor<16x24x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x24x!u8>, tensor<16x24x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// Half of the only tile of columns, for as many pixels as there are: the result holds no more than is stored.
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
// CHECK: ukr.kernel @eight.tile.bytes6x8 {{.*}}columns = 16 : i64, generator = "requantize_bytes_avx2", outer_stride = 128 : i64, row_stride = 8 : i64, rows = 6 : i64, run = 8 : i64}
// CHECK-LABEL: func.func private @eight.tile(
// CHECK: ukr.call_requantize @eight.tile.bytes6x8(%{{.*}}, %{{.*}}, %{{.*}}) : memref<96xi32>, memref<128xi8>, memref<48xi8>
func.func @eight(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<8x16xi8> : tensor<8x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<8x16x!w8>) -> tensor<?x8xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x8xi32>) -> tensor<?x8x!u8>
  %v = nibble.constant dense<2> : tensor<16x8xi8> : tensor<16x8x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x8x!u8>, tensor<16x8x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// A column of padding whose pixels lie 2^25 + 128 bytes apart is for ordinary code, the rows are not.
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
// CHECK: ukr.kernel @wide.tile.rows6{{.*}}out_stride = 128 : i64
// CHECK-LABEL: func.func private @wide.tile(
// CHECK-DAG: math.fma
// CHECK-DAG: ukr.call_bytes
// CHECK: return
func.func @wide(%x: tensor<?x4x262145x4xf32>) -> tensor<?x4x262145x8xf32> {
  %q = nibble.quantize %x : (tensor<?x4x262145x4xf32>) -> tensor<?x4x262145x4x!u8>
  %w = nibble.constant dense<2> : tensor<128x1x3x4xi8> : tensor<128x1x3x4x!w8>
  %a = nibble.conv2d %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 1, 0, 1>} : (tensor<?x4x262145x4x!u8>, tensor<128x1x3x4x!w8>) -> tensor<?x4x262145x128xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x4x262145x128xi32>) -> tensor<?x4x262145x128x!u8>
  %v = nibble.constant dense<2> : tensor<8x1x1x128xi8> : tensor<8x1x1x128x!w8>
  %b = nibble.conv2d %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x262145x128x!u8>, tensor<8x1x1x128x!w8>) -> tensor<?x4x262145x8xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x4x262145x8xi32>) -> tensor<?x4x262145x8xf32>
  return %y : tensor<?x4x262145x8xf32>
}

// -----

// Channels with bounds of their own, and products that may leave 32 bits, are not for the kernel.
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
// CHECK-NOT: requantize_bytes_avx2
// CHECK-LABEL: func.func private @bounds.tile(
// CHECK: math.fma
func.func @bounds(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<8x16xi8> : tensor<8x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<8x16x!w8>) -> tensor<?x8xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0, 255.0, 255.0, 255.0, 255.0, 255.0, 255.0, 254.0>} : (tensor<?x8xi32>) -> tensor<?x8x!u8>
  %v = nibble.constant dense<2> : tensor<16x8xi8> : tensor<16x8x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x8x!u8>, tensor<16x8x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
// CHECK-NOT: requantize_bytes_avx2
// CHECK-LABEL: func.func private @large.tile(
// CHECK: math.fma
func.func @large(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<2> : tensor<8x16xi8> : tensor<8x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<8x16x!w8>) -> tensor<?x8xi32>
  %h = nibble.requantize %a {multiplier = array<f32: 1.0e6>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x8xi32>) -> tensor<?x8x!u8>
  %v = nibble.constant dense<2> : tensor<16x8xi8> : tensor<16x8x!w8>
  %b = nibble.linear %h, %v {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x8x!u8>, tensor<16x8x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
