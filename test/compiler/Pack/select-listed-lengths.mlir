// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>

// Lengths of lists, where the kernel is given. The taps of a row are lists of their own where columns are padded, one list where they
// are not: 9 + 1 and 3 + 1 entries of the index, of 4 bytes each, and 18 groups of 34.
// CHECK-LABEL: func.func @padded
// CHECK: nibble.tile {{.*}}nibble.listed = array<i64: 18, 18, 652>
// CHECK: nibble.tile {{.*}}nibble.listed = array<i64: 18, 18, 628>
func.func @padded(%x: tensor<?x3x3x8x!u8>) -> (tensor<?x3x3x8xi32>, tensor<?x3x1x8xi32>) {
  %w = nibble.constant dense<64> : tensor<8x3x3x8xi8> : tensor<8x3x3x8x!w8>
  %0 = nibble.tile %x, %w {nibble.given_kernel = "listed_u8s8_10x8_avx2", window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x3x3x8x!u8>, tensor<8x3x3x8x!w8>) -> tensor<?x3x3x8xi32>
  %1 = nibble.tile %x, %w {nibble.given_kernel = "listed_u8s8_10x8_avx2", window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 0, 1, 0>} : (tensor<?x3x3x8x!u8>, tensor<8x3x3x8x!w8>) -> tensor<?x3x1x8xi32>
  return %0, %1 : tensor<?x3x3x8xi32>, tensor<?x3x1x8xi32>
}
