// A file of the packed stage may name any kernel; what selection has proved of the weights is proved again.
// RUN: nibble-opt %s --nibble-to-packed=target=x86_64-linux-gnu,+avx2 --nibble-to-tiled=batch-tile=2 -o %t
// RUN: nibble-opt %t --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 -o /dev/null
// RUN: sed 's/kernel = "dot_u8s8_6x16_avx2_exact"/kernel = "dot_u8s8_6x16_avx2"/' %t | not nibble-opt --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 2>&1 | FileCheck %s --check-prefix=PAIRS
// RUN: sed 's/kernel = "dot_u8s8_6x16_avx2_exact"/kernel = "dot_u8s8_16_6x16_avx2"/' %t | not nibble-opt --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 2>&1 | FileCheck %s --check-prefix=WINDOWS
// RUN: sed 's/kernel = "depthwise_u8s8_avx2"/kernel = "depthwise_u8s8_halves_avx2"/' %t | not nibble-opt --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 2>&1 | FileCheck %s --check-prefix=HALVES

// PAIRS: error: 'nibble.tile' op cannot use the kernel dot_u8s8_6x16_avx2: its weights can saturate a 16-bit pair sum
// WINDOWS: error: 'nibble.tile' op cannot use the kernel dot_u8s8_16_6x16_avx2: its weights can overflow the 16-bit sums of widen_every = 0
// HALVES: error: 'nibble.tile' op cannot use the kernel depthwise_u8s8_halves_avx2: sums of halves of the weights of channel 0 may leave 16 bits
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
func.func @dot(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<127> : tensor<16x16xi8> : tensor<16x16x!w8>
  %a = nibble.linear %q, %w {nibble.given_kernel = "dot_u8s8_6x16_avx2_exact"} : (tensor<?x16x!u8>, tensor<16x16x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

func.func @depthwise(%x: tensor<?x8x8x16xf32>) -> tensor<?x4x4x16xf32> {
  %q = nibble.quantize %x : (tensor<?x8x8x16xf32>) -> tensor<?x8x8x16x!u8>
  %w = nibble.constant dense<127> : tensor<16x5x5x1xi8> : tensor<16x5x5x1x!w8>
  %a = nibble.conv2d %q, %w {nibble.given_kernel = "depthwise_u8s8_avx2", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 16 : i64} : (tensor<?x8x8x16x!u8>, tensor<16x5x5x1x!w8>) -> tensor<?x4x4x16xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x4x4x16xi32>) -> tensor<?x4x4x16xf32>
  return %y : tensor<?x4x4x16xf32>
}
