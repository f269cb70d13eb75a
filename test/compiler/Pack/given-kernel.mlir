// A kernel that was given is taken, whatever is predicted; one that cannot compute the tile is an error.
// RUN: nibble-opt %s --nibble-form-tiles --nibble-flatten-windows=target=x86_64-linux-gnu,+avx2 --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-form-tiles --nibble-select-kernels=target=x86_64-linux-gnu --verify-diagnostics

!u8 = !quant.uniform<u8:f32, 2.500000e-01>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>

// From the op of an earlier stage to the tile. A window is flattened for a kernel that needs it, and only for such.
// CHECK-LABEL: func.func @given
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s8_6x16_avx2_exact", nibble.choice = "given", nibble.given_kernel = "dot_u8s8_6x16_avx2_exact", {{.*}}"dot_u8s8_16_6x16_avx2: dot_u8s8_6x16_avx2_exact was given", {{.*}}"portable_i16: dot_u8s8_6x16_avx2_exact was given"
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s4_12x8_avx2", {{.*}}nibble.flattened
// CHECK-NOT: nibble.flattened
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", nibble.choice = "given"
func.func @given(%x: tensor<?x6x6x8x!u8>, %y: tensor<?x6x6x3x!u8>) -> (tensor<?x6x6x4xi32>, tensor<?x4x4x4xi32>, tensor<?x4x4x4xi32>) {
  %w = nibble.constant dense<1> : tensor<4x3x3x8xi8> : tensor<4x3x3x8x!w8>
  %v = nibble.constant dense<1> : tensor<4x3x3x3xi8> : tensor<4x3x3x3x!w8>
  // expected-error@+1 {{cannot use the kernel dot_u8s8_6x16_avx2_exact, which it was given: target has no avx2}}
  %0 = nibble.conv2d %x, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact", strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x8x!u8>, tensor<4x3x3x8x!w8>) -> tensor<?x6x6x4xi32>
  // expected-error@+1 {{cannot use the kernel dot_u8s4_12x8_avx2, which it was given: target has no avx2}}
  %1 = nibble.conv2d %y, %v {nibble.given_kernel = "dot_u8s4_12x8_avx2", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x3x!u8>, tensor<4x3x3x3x!w8>) -> tensor<?x4x4x4xi32>
  %2 = nibble.conv2d %y, %v {nibble.given_kernel = "portable_i16", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x3x!u8>, tensor<4x3x3x3x!w8>) -> tensor<?x4x4x4xi32>
  return %0, %1, %2 : tensor<?x6x6x4xi32>, tensor<?x4x4x4xi32>, tensor<?x4x4x4xi32>
}
