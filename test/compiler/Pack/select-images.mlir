// A dynamic batch is taken to have as many images at a time as the option says: one image reads packed weights once, many share
// unpacked ones. A static batch has its own.
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s --check-prefix=ONE
// RUN: nibble-opt %s --nibble-select-kernels="target=x86_64-linux-gnu,+avx2 images=64" | FileCheck %s --check-prefix=MANY
// RUN: not nibble-opt %s --nibble-select-kernels=images=0 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not nibble-opt %s --nibble-flatten-windows=images=-1 2>&1 | FileCheck %s --check-prefix=LESS
// RUN: not nibble-opt %s --nibble-select-kernels=images=9223372036854775807 2>&1 | FileCheck %s --check-prefix=TOO
// NONE: error: nibble-select-kernels: images=0 is not possible; give 1 to 1048576
// LESS: error: nibble-flatten-windows: images=-1 is not possible; give 1 to 1048576
// TOO: error: nibble-select-kernels: images=9223372036854775807 is not possible; give 1 to 1048576

!b = !nibble.binary
// ONE: nibble.tile {{.*}}kernel = "lookup_b1b1_packed_avx2"
// ONE: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2"
// MANY: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2"
// MANY: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2"
func.func @batch(%x: tensor<?x1x1x1024x!b>, %z: tensor<64x1x1x1024x!b>) -> (tensor<?x1x1x256xi32>, tensor<64x1x1x256xi32>) {
  %w = nibble.constant dense<1> : tensor<256x1x1x1024xi8> : tensor<256x1x1x1024x!b>
  %0 = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x1024x!b>, tensor<256x1x1x1024x!b>) -> tensor<?x1x1x256xi32>
  %1 = nibble.tile %z, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<64x1x1x1024x!b>, tensor<256x1x1x1024x!b>) -> tensor<64x1x1x256xi32>
  return %0, %1 : tensor<?x1x1x256xi32>, tensor<64x1x1x256xi32>
}
