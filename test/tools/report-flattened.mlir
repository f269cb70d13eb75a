// The report of a flattened window: how it became one that a dot kernel takes, the operations of the layer as it was written (of 4 x 5
// pixels with 3 x 3 taps 10 * 13 are in the image), and the copy of the image with the padding of the columns.
// RUN: nibble-compile %s --target=x86_64-linux-gnu,+avx2 --report -o %t.o 2>&1 | FileCheck %s
// CHECK: first/quantize: f32 to u8;
// CHECK: first/{{.*}}pad: u8 to u8; per image 20 bytes read, 32 written
// CHECK: kernel dot_u8s4_12x8_avx2 (u8 x s4, {{.*}} weight bytes), window of 3 x 3 x 1 flattened to 3 runs of 4, predicted {{.*}} ns; per image 260 multiply-accumulates, 32 bytes read,
!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>
func.func @first(%x: tensor<?x4x5x1xf32> {nibble.name = "x"}) -> (tensor<?x4x5x2xf32> {nibble.name = "y"}) {
  %q = nibble.quantize %x : (tensor<?x4x5x1xf32>) -> tensor<?x4x5x1x!u8>
  %w = nibble.constant dense<3> : tensor<2x3x3x1xi8> : tensor<2x3x3x1x!w4>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x5x1x!u8>, tensor<2x3x3x1x!w4>) -> tensor<?x4x5x2xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.125>, bias = array<f32: 0.5>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x4x5x2xi32>) -> tensor<?x4x5x2xf32>
  return %y : tensor<?x4x5x2xf32>
}
