// A packed file may name a dot kernel for groups whose taps are one value, which selection refuses: right all the same.
// REQUIRES: has-avx2
// RUN: python3 -c "import numpy; numpy.save('%t.npy', numpy.random.default_rng(1).uniform(0, 100, (5, 4, 4, 4)).astype('f4'))"
// RUN: nibble-run %s --reference --input=%t.npy --output=%t.y.npy
// RUN: nibble-run %s --target=x86_64-linux-gnu,+avx2 --input=%t.npy --expect=%t.y.npy 2>&1 | FileCheck %s
// CHECK: all 1280 values equal
#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 2:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
func.func @taps_of_one(%x: tensor<?x4x4x4xf32> {nibble.name = "x"}) -> (tensor<?x2x2x64xf32> {nibble.name = "y"}) {
  %q = nibble.quantize %x : (tensor<?x4x4x4xf32>) -> tensor<?x4x4x4x!u8, #bytes>
  %w = nibble.constant dense<2> : tensor<768xi8> : tensor<64x3x3x1x!w8, #w>
  %y = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2_exact", bias = array<f32: 0.0>, hi = array<f32: 0x7F800000>, lo = array<f32: 0xFF800000>, multiplier = array<f32: 0.5>, groups = 4 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x4x!u8, #bytes>, tensor<64x3x3x1x!w8, #w>) -> tensor<?x2x2x64xf32>
  return %y : tensor<?x2x2x64xf32>
}
