// Measured times decide, whatever is predicted: the least one that can compute the tile.
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 --split-input-file --verify-diagnostics | FileCheck %s

!u8 = !quant.uniform<u8:f32, 2.500000e-01>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>

// CHECK-LABEL: func.func @measured
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", nibble.choice = "measured 2.00 us", {{.*}}"dot_u8s8_16_6x16_avx2: weights of channel 0 can overflow{{[^"]*}}", "dot_u8s8_6x16_avx2: weights of {{[^"]*}}", {{.*}}"dot_u8s8_6x16_avx2_exact: measured 2.10 us; portable_i16 2.00 us", {{.*}}"portable_scalar: it is for layers
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s8_6x16_avx2_exact", nibble.choice = "measured 2.10 us (cached)", {{.*}}"portable_i16: it was not measured"
func.func @measured(%x: tensor<?x6x6x8x!u8>) -> (tensor<?x6x6x4xi32>, tensor<?x6x6x4xi32>) {
  %w = nibble.constant dense<127> : tensor<4x3x3x8xi8> : tensor<4x3x3x8x!w8>
  %0 = nibble.tile %x, %w {nibble.measured = {dot_u8s8_6x16_avx2 = 1.0 : f64, dot_u8s8_6x16_avx2_exact = 2100.0 : f64, portable_i16 = 2000.0 : f64}, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x8x!u8>, tensor<4x3x3x8x!w8>) -> tensor<?x6x6x4xi32>
  %1 = nibble.tile %x, %w {nibble.measured = {dot_u8s8_6x16_avx2_exact = 2100.0 : f64, cached}, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x8x!u8>, tensor<4x3x3x8x!w8>) -> tensor<?x6x6x4xi32>
  return %0, %1 : tensor<?x6x6x4xi32>, tensor<?x6x6x4xi32>
}

// -----

!u8 = !quant.uniform<u8:f32, 2.500000e-01>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
func.func @nothing(%x: tensor<?x1x1x8x!u8>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x8xi8> : tensor<1x1x1x8x!w8>
  // expected-error@+1 {{has nibble.measured without a time of a kernel that can compute it}}
  %0 = nibble.tile %x, %w {nibble.measured = {portable_binary = 1.0 : f64}, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u8>, tensor<1x1x1x8x!w8>) -> tensor<?x1x1x1xi32>
  return %0 : tensor<?x1x1x1xi32>
}
