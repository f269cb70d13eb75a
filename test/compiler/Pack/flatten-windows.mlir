// RUN: nibble-opt %s --nibble-flatten-windows=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-flatten-windows=target=aarch64-linux-gnu | FileCheck %s --check-prefix=ARM
// RUN: nibble-opt %s --nibble-flatten-windows=target=x86_64-linux-gnu,+avx512vnni,+avx512bw,+avx512vl | FileCheck %s --check-prefix=VNNI
// RUN: nibble-opt %s --nibble-flatten-windows=target=x86_64-linux-gnu,+avx2 --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 --nibble-assign-layouts --nibble-materialize-layouts --nibble-pack-constants --nibble-verify-layouts | FileCheck %s --check-prefix=PACKED

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!s8 = !quant.uniform<i8:f32, 2.500000e-01:-3>
!s16 = !quant.uniform<i16:f32, 2.500000e-01>
!w4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>
!t = !nibble.ternary<0.5>
!b = !nibble.binary

// One channel: three taps and a zero. The column on the left is that of the padding, two on the right are one of the padding and one for the zero.
// ARM-LABEL: func.func @one
// ARM-NEXT: nibble.constant
// ARM-NEXT: nibble.tile {{.*}}window = array<i64: 3, 3>
// CHECK-LABEL: func.func @one
// CHECK-NEXT: %[[X:.*]] = nibble.pad %arg0 {high = array<i64: 0, 0, 2, 0>, low = array<i64: 0, 0, 1, 0>} : (tensor<?x4x5x1x{{.*}}>) -> tensor<?x4x8x1x
// CHECK-NEXT: %[[W:.*]] = nibble.constant dense_resource<weight> : tensor<2x3x4x1xi8>
// CHECK-NOT: reshape
// CHECK: nibble.tile %[[X]], %[[W]] {{.*}}nibble.flattened = array<i64: 5, 1, 3, 1, 1, 1>, padding = #nibble.padding<1, 0, 1, 0>, strides = array<i64: 1, 1>, window = array<i64: 3, 4>
// PACKED-LABEL: func.func @one
// PACKED: nibble.pad {{.*}}-> tensor<?x4x8x1x{{.*}}#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">>
// PACKED: nibble.constant {{.*}}tensor<2x3x4x1x{{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [2:2, 0:8, 2:4], word = 8, bits = 4, lanes = 32
// PACKED: nibble.tile {{.*}}kernel = "dot_u8s4_12x8_avx2"
func.func @one(%x: tensor<?x4x5x1x!u8>) -> tensor<?x4x5x2xi32> {
  %w = nibble.constant dense<[[[[1], [2], [3]], [[1], [2], [3]], [[1], [2], [3]]], [[[1], [2], [3]], [[1], [2], [3]], [[1], [2], [3]]]]> : tensor<2x3x3x1xi8> : tensor<2x3x3x1x!w4>
  %y = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x5x1x!u8>, tensor<2x3x3x1x!w4>) -> tensor<?x4x5x2xi32>
  return %y : tensor<?x4x5x2xi32>
}

// Three channels and stride 2, rows of 9 values and 3 zeros; a row ends with the zeros that it needs, so that nothing is padded.
// CHECK-LABEL: func.func @three
// CHECK-NOT: nibble.pad
// CHECK: nibble.reshape %arg0 : (tensor<?x4x6x3x{{.*}}>) -> tensor<?x4x18x1x
// CHECK: nibble.tile {{.*}}nibble.flattened = array<i64: 6, 3, 3, 2, 1, 0>, {{.*}}strides = array<i64: 2, 6>, window = array<i64: 3, 12>
func.func @three(%x: tensor<?x4x6x3x!s8>) -> tensor<?x1x2x2xi32> {
  %w = nibble.constant dense<1> : tensor<2x3x3x3xi8> : tensor<2x3x3x3x!w4>
  %y = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!s8>, tensor<2x3x3x3x!w4>) -> tensor<?x1x2x2xi32>
  return %y : tensor<?x1x2x2xi32>
}

// Taps that lie apart have zeros between them. Signs become ternary values.
// CHECK-LABEL: func.func @apart
// CHECK: nibble.constant {{.*}} : tensor<2x2x12x1xi8> : tensor<2x2x12x1x!nibble.ternary<1.0{{.*}}>>
// CHECK: nibble.tile {{.*}}dilations = array<i64: 3, 1>, nibble.flattened = array<i64: 6, 3, 2, 1, 2, 0>, {{.*}}window = array<i64: 2, 12>
// PACKED-LABEL: func.func @apart
// PACKED: nibble.tile {{.*}}kernel = "dot_u8s2_12x8_avx2"
func.func @apart(%x: tensor<?x4x6x3x!u8>) -> tensor<?x1x4x2xi32> {
  %w = nibble.constant dense<1> : tensor<2x2x2x3xi8> : tensor<2x2x2x3x!b>
  %y = nibble.tile %x, %w {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 3, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!u8>, tensor<2x2x2x3x!b>) -> tensor<?x1x4x2xi32>
  return %y : tensor<?x1x4x2xi32>
}

// What stays: channels that fill groups; few products; more zeros than weights; 16 bits; ternary and binary activations; one for each channel;
// one output.
// CHECK-LABEL: func.func @stay
// CHECK-NOT: nibble.flattened
// CHECK: return
func.func @stay(%x: tensor<?x4x6x4x!u8>, %i: tensor<?x4x9x1x!u8>, %s: tensor<?x4x6x3x!s16>, %t: tensor<?x4x6x3x!t>, %b: tensor<?x4x6x3x!b>, %u: tensor<?x4x6x3x!u8>) -> (tensor<?x3x5x2xi32>, tensor<?x3x8x2xi32>, tensor<?x2x1x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x4xi32>, tensor<?x2x4x1xi32>) {
  %w4 = nibble.constant dense<1> : tensor<2x2x2x4xi8> : tensor<2x2x2x4x!w4>
  %w2 = nibble.constant dense<1> : tensor<2x2x2x1xi8> : tensor<2x2x2x1x!w4>
  %w5 = nibble.constant dense<1> : tensor<2x3x3x1xi8> : tensor<2x3x3x1x!w4>
  %w3 = nibble.constant dense<1> : tensor<2x3x3x3xi8> : tensor<2x3x3x3x!w4>
  %w1 = nibble.constant dense<1> : tensor<4x3x3x1xi8> : tensor<4x3x3x1x!w4>
  %w6 = nibble.constant dense<1> : tensor<1x3x3x3xi8> : tensor<1x3x3x3x!w4>
  %0 = nibble.tile %x, %w4 {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x4x!u8>, tensor<2x2x2x4x!w4>) -> tensor<?x3x5x2xi32>
  %1 = nibble.tile %i, %w2 {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x9x1x!u8>, tensor<2x2x2x1x!w4>) -> tensor<?x3x8x2xi32>
  %2 = nibble.tile %i, %w5 {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 4>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x9x1x!u8>, tensor<2x3x3x1x!w4>) -> tensor<?x2x1x2xi32>
  %3 = nibble.tile %s, %w3 {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!s16>, tensor<2x3x3x3x!w4>) -> tensor<?x2x4x2xi32>
  %4 = nibble.tile %t, %w3 {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!t>, tensor<2x3x3x3x!w4>) -> tensor<?x2x4x2xi32>
  %5 = nibble.tile %b, %w3 {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!b>, tensor<2x3x3x3x!w4>) -> tensor<?x2x4x2xi32>
  %7 = nibble.tile %u, %w6 {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!u8>, tensor<1x3x3x3x!w4>) -> tensor<?x2x4x1xi32>
  %6 = nibble.tile %x, %w1 {groups = 4 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x4x!u8>, tensor<4x3x3x1x!w4>) -> tensor<?x2x4x4xi32>
  return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<?x3x5x2xi32>, tensor<?x3x8x2xi32>, tensor<?x2x1x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x2xi32>, tensor<?x2x4x4xi32>, tensor<?x2x4x1xi32>
}

// Weights that need products of 16 bits: two channels are a pair for portable_i16, three are not.
// CHECK-LABEL: func.func @pairs
// CHECK: nibble.tile {{.*}}window = array<i64: 3, 3>{{.*}}(tensor<?x4x6x2x
// CHECK: nibble.tile {{.*}}window = array<i64: 3, 12>
// PACKED-LABEL: func.func @pairs
// PACKED: kernel = "portable_i16"
// PACKED: kernel = "dot_u8s8_6x16_avx2_exact"
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
func.func @pairs(%x: tensor<?x4x6x2x!u8>, %z: tensor<?x4x6x3x!u8>) -> (tensor<?x2x4x16xi32>, tensor<?x2x4x16xi32>) {
  %w = nibble.constant dense<127> : tensor<16x3x3x2xi8> : tensor<16x3x3x2x!w8>
  %v = nibble.constant dense<127> : tensor<16x3x3x3xi8> : tensor<16x3x3x3x!w8>
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x2x!u8>, tensor<16x3x3x2x!w8>) -> tensor<?x2x4x16xi32>
  %1 = nibble.tile %z, %v {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x3x!u8>, tensor<16x3x3x3x!w8>) -> tensor<?x2x4x16xi32>
  return %0, %1 : tensor<?x2x4x16xi32>, tensor<?x2x4x16xi32>
}

// Two bits on both sides, which look-ups take as they are: runs of whole rows are faster where vpdpbusd computes them.
// CHECK-LABEL: func.func @two_bits
// CHECK: nibble.tile {{.*}}window = array<i64: 3, 3>
// CHECK: nibble.tile {{.*}}window = array<i64: 3, 3>
// CHECK: return
// VNNI-LABEL: func.func @two_bits
// VNNI: nibble.tile {{.*}}nibble.flattened = array<i64: 19, 37, 3, 1, 1, 1>, {{.*}}window = array<i64: 3, 112>
// VNNI: nibble.tile {{.*}}window = array<i64: 3, 12>
// VNNI: return
func.func @two_bits(%x: tensor<?x23x19x37x!quant.uniform<u2:f32, 0.5>>, %y: tensor<?x23x19x3x!quant.uniform<u2:f32, 0.5>>) -> (tensor<?x23x19x41xi32>, tensor<?x23x19x32xi32>) {
  %w = nibble.constant dense<-2> : tensor<41x3x3x37xi8> : tensor<41x3x3x37x!quant.uniform<i2:f32, 0.5>>
  %v = nibble.constant dense<-2> : tensor<32x3x3x3xi8> : tensor<32x3x3x3x!quant.uniform<i2:f32, 0.5>>
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x23x19x37x!quant.uniform<u2:f32, 0.5>>, tensor<41x3x3x37x!quant.uniform<i2:f32, 0.5>>) -> tensor<?x23x19x41xi32>
  %1 = nibble.tile %y, %v {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x23x19x3x!quant.uniform<u2:f32, 0.5>>, tensor<32x3x3x3x!quant.uniform<i2:f32, 0.5>>) -> tensor<?x23x19x32xi32>
  return %0, %1 : tensor<?x23x19x41xi32>, tensor<?x23x19x32xi32>
}
