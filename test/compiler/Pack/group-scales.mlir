// RUN: nibble-opt %s --nibble-freeze | FileCheck %s --check-prefix=FROZEN
// RUN: nibble-opt %s --nibble-freeze --nibble-lower-to-integers --nibble-form-tiles --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s --check-prefix=AVX2
// RUN: nibble-opt %s --nibble-freeze --nibble-lower-to-integers --nibble-form-tiles --nibble-select-kernels=target=x86_64-linux-gnu --nibble-assign-layouts --nibble-materialize-layouts --nibble-pack-constants --nibble-verify-layouts | FileCheck %s --check-prefix=PORTABLE
// Group scales (R7.5) from the graph to packed weights: the type carries them, the contraction gives f32, the epilogue starts there.

!x = tensor<?x32xf32, #nibble.grid<!quant.any<i8:f32>>>
!w = tensor<2x32xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
#g16 = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, group = 16>

// The largest weight of each group of 16 is 7 scales: 0.5, 0.25; 1, 1 of zeros.
// FROZEN-LABEL: func.func @linear
// FROZEN: nibble.fake_quant {{.*}}group = 16>, scales = array<f32: 5.000000e-01, 2.500000e-01, 1.000000e+00, 1.000000e+00>
// FROZEN-SAME: #nibble.grid<!quant.uniform<i4<-7:7>:f32:{0:1, 1:16}, {{{}}{5.000000e-01, 2.500000e-01}, {1.000000e+00, 1.000000e+00}}>>
// FROZEN: %[[Y:.*]] = nibble.linear {{.*}} -> tensor<?x2xf32>
// FROZEN: nibble.requantize %[[Y]] {bias = array<f32: 5.000000e-01, 1.000000e+00>, {{.*}}multiplier = array<f32: 1.000000e+00>
// AVX2-LABEL: func.func @linear
// AVX2: nibble.constant {{.*}} : tensor<2x1x1x32xi8> : tensor<2x1x1x32x!quant.uniform<i4<-7:7>:f32:{0:1, 1:1, 2:1, 3:16}, {{.*}}5.000000e-01, 2.500000e-01
// AVX2: nibble.tile {{.*}}kernel = "dot_u8s4_12x8_avx2", {{.*}} -> tensor<?x1x1x2xf32>
// PORTABLE-LABEL: func.func @linear
// PORTABLE: nibble.tile {{.*}}kernel = "portable_i16"
func.func @linear(%x: tensor<?x32xf32>) -> tensor<?x2xf32> {
  %r = nibble.constant dense<[-1.0, 127.0, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %b = nibble.constant dense<[0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  %c = nibble.constant dense<[[3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, -1.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<2x32xf32> : tensor<2x32xf32>
  %xq = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = true>} : (tensor<?x32xf32>, tensor<3xf32>) -> !x
  %wq = nibble.fake_quant %c {quantizer = #g16} : (tensor<2x32xf32>) -> !w
  %y = nibble.linear %xq, %wq : (!x, !w) -> tensor<?x2xf32>
  %z = nibble.add %y, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}

// Of a float input the weights stay integers, one channel to a byte, here two steps of k in it.
// FROZEN-LABEL: func.func @weights_only
// AVX2-LABEL: func.func @weights_only
// AVX2: nibble.tile {{.*}}kernel = "portable_f32_packed", {{.*}}"dot_u8s4_12x8_avx2: activations are f32"
// PORTABLE-LABEL: func.func @weights_only
// PORTABLE: nibble.constant {{.*}} : tensor<256xi8> : tensor<2x1x1x32x{{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:16], word = 8, bits = 4, lanes = 16">>
// PORTABLE: nibble.tile {{.*}}kernel = "portable_f32_packed"
func.func @weights_only(%x: tensor<?x32xf32>) -> tensor<?x2xf32> {
  %c = nibble.constant dense<3.5> : tensor<2x32xf32> : tensor<2x32xf32>
  %wq = nibble.fake_quant %c {quantizer = #g16} : (tensor<2x32xf32>) -> !w
  %y = nibble.linear %x, %wq : (tensor<?x32xf32>, !w) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
