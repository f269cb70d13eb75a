// The report of lists: groups, windows, and the bytes that they take instead of the 256 of the weights.
// RUN: nibble-compile %s --target=x86_64-linux-gnu,+avx2 --report -o %t.o 2>&1 | FileCheck %s
// CHECK: kernel listed_u8s8_10x8_avx2 (u8 x s8, 352 weight bytes), lists of 10 groups in 10 windows, 2 groups more than the weights fill, given; per image {{[0-9,]+}} multiply-accumulates, {{.*}}dot_u8s8_6x16_avx2 (weights of channel 0 can saturate a 16-bit pair sum: 255 * 160 > 32767)
!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
func.func @listed(%x: tensor<?x8x8x16xf32> {nibble.name = "x"}) -> (tensor<?x8x8x16xf32> {nibble.name = "y"}) {
  %q = nibble.quantize %x : (tensor<?x8x8x16xf32>) -> tensor<?x8x8x16x!u8>
  %w = nibble.constant dense<[[[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]]]> : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!w8>
  %a = nibble.conv2d %q, %w {nibble.given_kernel = "listed_u8s8_10x8_avx2", strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x16x!u8>, tensor<16x1x1x16x!w8>) -> tensor<?x8x8x16xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.125>, bias = array<f32: 0.5>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x8x8x16xi32>) -> tensor<?x8x8x16xf32>
  return %y : tensor<?x8x8x16xf32>
}
