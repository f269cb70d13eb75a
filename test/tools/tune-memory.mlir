// Kernels are measured for as many images as are computed at a time, if memory allows it.
// RUN: not nibble-compile %s --tune --batch-tile=1048576 -o %t.o 2>&1 | FileCheck %s
// CHECK: error: {{.*}}cannot be measured with {{[a-z0-9_]+}}: 1048576 images take {{[0-9]+}} MiB, and a measurement at most {{[0-9]+}} MiB on this machine; tune with a smaller batch tile

!u8 = !quant.uniform<u8:f32, 2.500000e-01>
!i8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
func.func @large(%x: tensor<?x64x64x16xf32> {nibble.name = "x"}) -> (tensor<?x64x64x8xf32> {nibble.name = "y"}) {
  %q = nibble.quantize %x : (tensor<?x64x64x16xf32>) -> tensor<?x64x64x16x!u8>
  %w = nibble.constant dense<1> : tensor<8x1x1x16xi8> : tensor<8x1x1x16x!i8>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x64x64x16x!u8>, tensor<8x1x1x16x!i8>) -> tensor<?x64x64x8xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x64x64x8xi32>) -> tensor<?x64x64x8xf32>
  return %y : tensor<?x64x64x8xf32>
}
