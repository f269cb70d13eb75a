// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx512vnni,+avx512vl | FileCheck %s --check-prefix=VNNI
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avxvnni | FileCheck %s --check-prefix=VEX
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu | FileCheck %s --check-prefix=SSE
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 --nibble-assign-layouts --nibble-materialize-layouts --nibble-pack-constants --nibble-verify-layouts | FileCheck %s --check-prefix=PACKED

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!u4 = !quant.uniform<u4:f32, 2.500000e-01>
!s16 = !quant.uniform<i16:f32, 2.500000e-01>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
!v8 = !quant.uniform<u8:f32, 5.000000e-01>
!b = !nibble.binary

// Any weights of 8 bits, strides, windows; binary operands. Activations are bytes.
// CHECK-LABEL: func.func @taken
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2", nibble.choice = "predicted {{[0-9.]+ [nu]}}s", {{.*}}rejected = ["depthwise_u8s8_avx512vnni: target has no avx512vnni", "depthwise_u8s8_avxvnni: target has no avxvnni", "depthwise_u8s8_avx2: predicted {{[0-9.]+ [nu]s; depthwise_u8s8_halves_avx2 [0-9.]+ [nu]}}s", "dot_
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"
// VNNI-LABEL: func.func @taken
// VNNI-COUNT-3: nibble.tile {{.*}}kernel = "depthwise_u8s8_avx512vnni", {{.*}}rejected = [{{.*}}"depthwise_u8s8_halves_avx2: predicted
// VEX-LABEL: func.func @taken
// VEX-COUNT-3: nibble.tile {{.*}}kernel = "depthwise_u8s8_avxvnni", {{.*}}rejected = ["depthwise_u8s8_avx512vnni: target has no avx512vnni"
// SSE-LABEL: func.func @taken
// SSE: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}rejected = ["depthwise_u8s8_avx512vnni: target has no avx512vnni", "depthwise_u8s8_avxvnni: target has no avxvnni", "depthwise_u8s8_halves_avx2: target has no avx2", "depthwise_u8s8_avx2: target has no avx2", "dot_
// PACKED-LABEL: func.func @taken
// PACKED: nibble.constant {{.*}} : tensor<576xi8> : tensor<40x3x3x1x{{.*}}#nibble.layout<"order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8">
// PACKED: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"{{.*}}(tensor<?x12x12x40x{{.*}}#nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
// PACKED: nibble.constant {{.*}} : tensor<256xi8> : tensor<40x2x2x1x!nibble.binary
// PACKED: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"{{.*}}(tensor<?x12x12x40x!nibble.binary, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, offset = -1, code = unsigned">
func.func @taken(%x: tensor<?x12x12x40xf32>) -> (tensor<?x12x12x40xi32>, tensor<?x6x12x40xi32>, tensor<?x11x11x40xi32>) {
  %q = nibble.quantize %x : (tensor<?x12x12x40xf32>) -> tensor<?x12x12x40x!u8>
  %p = nibble.quantize %x : (tensor<?x12x12x40xf32>) -> tensor<?x12x12x40x!b>
  %w = nibble.constant dense<127> : tensor<40x3x3x1xi8> : tensor<40x3x3x1x!w8>
  %v = nibble.constant dense<-1> : tensor<40x2x2x1xi8> : tensor<40x2x2x1x!b>
  %0 = nibble.tile %q, %w {groups = 40 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x12x12x40x!u8>, tensor<40x3x3x1x!w8>) -> tensor<?x12x12x40xi32>
  %1 = nibble.tile %q, %w {groups = 40 : i64, window = array<i64: 3, 3>, strides = array<i64: 2, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x12x12x40x!u8>, tensor<40x3x3x1x!w8>) -> tensor<?x6x12x40xi32>
  %2 = nibble.tile %p, %v {groups = 40 : i64, window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x12x12x40x!b>, tensor<40x2x2x1x!b>) -> tensor<?x11x11x40xi32>
  return %0, %1, %2 : tensor<?x12x12x40xi32>, tensor<?x6x12x40xi32>, tensor<?x11x11x40xi32>
}

// Sums of halves of weights fit 16 bits wherever a window has at most 16 taps, else if the weights or activations are small.
// CHECK-LABEL: func.func @halves
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_avx2", {{.*}}"depthwise_u8s8_halves_avx2: sums of halves of the weights of channel 0 may leave 16 bits", "dot_
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"
// CHECK: nibble.tile {{.*}}kernel = "depthwise_u8s8_halves_avx2"
func.func @halves(%q: tensor<?x8x8x40x!u8>, %p: tensor<?x8x8x40x!u4>) -> (tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>) {
  %w = nibble.constant dense<127> : tensor<40x5x5x1xi8> : tensor<40x5x5x1x!w8>
  %v = nibble.constant dense<80> : tensor<40x5x5x1xi8> : tensor<40x5x5x1x!w8>
  %0 = nibble.tile %q, %w {groups = 40 : i64, window = array<i64: 5, 5>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x40x!u8>, tensor<40x5x5x1x!w8>) -> tensor<?x4x4x40xi32>
  %1 = nibble.tile %q, %v {groups = 40 : i64, window = array<i64: 5, 5>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x40x!u8>, tensor<40x5x5x1x!w8>) -> tensor<?x4x4x40xi32>
  %2 = nibble.tile %p, %w {groups = 40 : i64, window = array<i64: 5, 5>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x40x!u4>, tensor<40x5x5x1x!w8>) -> tensor<?x4x4x40xi32>
  return %0, %1, %2 : tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>
}

// What the kernels cannot take: 16 bits; unsigned weights that reach 255; windows that are all padding; large windows; dilated rows.
// CHECK-LABEL: func.func @refused
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"depthwise_u8s8_avx2: activations have 16 bits; the kernel multiplies bytes"
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"depthwise_u8s8_avx2: weights reach 255; the kernel takes signed bytes"
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"depthwise_u8s8_avx2: some windows see nothing but padding"
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"depthwise_u8s8_avx2: a window of 1 x 17 with stride 1; the kernel takes at most 16 of each"
// CHECK: nibble.tile {{.*}}kernel = "portable_depthwise", {{.*}}"depthwise_u8s8_avx2: taps of a row are 2 columns apart; the kernel reads them side by side"
func.func @refused(%s: tensor<?x4x4x40x!s16>, %q: tensor<?x4x4x40x!u8>, %l: tensor<?x1x17x40x!u8>) -> (tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>, tensor<?x4x6x40xi32>, tensor<?x1x1x40xi32>, tensor<?x4x2x40xi32>) {
  %w = nibble.constant dense<1> : tensor<40x3x3x1xi8> : tensor<40x3x3x1x!w8>
  %v = nibble.constant dense<200> : tensor<40x3x3x1xi16> : tensor<40x3x3x1x!v8>
  %o = nibble.constant dense<1> : tensor<40x1x1x1xi8> : tensor<40x1x1x1x!w8>
  %m = nibble.constant dense<1> : tensor<40x1x17x1xi8> : tensor<40x1x17x1x!w8>
  %0 = nibble.tile %s, %w {groups = 40 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x4x40x!s16>, tensor<40x3x3x1x!w8>) -> tensor<?x4x4x40xi32>
  %1 = nibble.tile %q, %v {groups = 40 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x4x40x!u8>, tensor<40x3x3x1x!v8>) -> tensor<?x4x4x40xi32>
  %2 = nibble.tile %q, %o {groups = 40 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 1, 0, 1>} : (tensor<?x4x4x40x!u8>, tensor<40x1x1x1x!w8>) -> tensor<?x4x6x40xi32>
  %3 = nibble.tile %l, %m {groups = 40 : i64, window = array<i64: 1, 17>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x17x40x!u8>, tensor<40x1x17x1x!w8>) -> tensor<?x1x1x40xi32>
  %4 = nibble.tile %q, %w {groups = 40 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x4x40x!u8>, tensor<40x3x3x1x!w8>) -> tensor<?x4x2x40xi32>
  return %0, %1, %2, %3, %4 : tensor<?x4x4x40xi32>, tensor<?x4x4x40xi32>, tensor<?x4x6x40xi32>, tensor<?x1x1x40xi32>, tensor<?x4x2x40xi32>
}
