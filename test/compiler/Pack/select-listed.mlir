// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avxvnni | FileCheck %s --check-prefix=VNNI

!u8 = !quant.uniform<u8:f32, 2.500000e-01:3>
!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>

// A pair that saturates, so that 17 groups are needed for 64 steps; weights of which no pair saturates, for which lists gain nothing; all
// pairs saturate; a run that is too long for 16-bit numbers.
// CHECK-LABEL: func.func @bytes
// CHECK: nibble.tile {{.*}}kernel = "listed_u8s8_10x8_avx2", {{.*}}nibble.listed = array<i64: 34, 18, 1176>, {{.*}}"dot_u8s8_6x16_avx2: weights of channel 0 can saturate a 16-bit pair sum: 255 * 160 > 32767", {{.*}}widen_every = 2
// CHECK: nibble.tile {{.*}}{{(listed_u8s8_10x8_avx2", nibble.choice = ")|(listed_u8s8_10x8_avx2: )}}predicted {{[0-9.]+ [nu]s}} (3.00 operations for 4 steps of 8 columns)
// CHECK: nibble.tile {{.*}}kernel = "{{portable_i16|dot_u8s8_6x16_avx2_exact}}", {{.*}}"listed_u8s8_10x8_avx2: predicted {{[0-9.]+ [nu]s}} (6.00 operations for 4 steps of 8 columns); {{portable_i16|dot_u8s8_6x16_avx2_exact}} {{[0-9.]+ [nu]s}}"
// CHECK: nibble.tile {{.*}}kernel = "{{portable_i16|dot_u8s8_6x16_avx2_exact}}", {{.*}}"listed_u8s8_10x8_avx2: a run of 70000 values; the kernel takes 65536"
// VNNI-LABEL: func.func @bytes
// VNNI-COUNT-4: kernel = "dot_u8s8_12x8_avxvnni"
func.func @bytes(%x: tensor<?x8x8x64x!u8>, %y: tensor<?x8x8x70000x!u8>, %z: tensor<?x8x8x256x!u8>) -> (tensor<?x8x8x16xi32>, tensor<?x8x8x16xi32>, tensor<?x8x8x32xi32>, tensor<?x8x8x16xi32>) {
  %b = nibble.constant dense<[[[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]], [[[100, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]]]> : tensor<16x1x1x64xi8> : tensor<16x1x1x64x!w8>
  %c = nibble.constant dense<64> : tensor<16x1x1x64xi8> : tensor<16x1x1x64x!w8>
  %d = nibble.constant dense<127> : tensor<32x1x1x256xi8> : tensor<32x1x1x256x!w8>
  %e = nibble.constant dense<127> : tensor<16x1x1x70000xi8> : tensor<16x1x1x70000x!w8>
  %0 = nibble.tile %x, %b {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x64x!u8>, tensor<16x1x1x64x!w8>) -> tensor<?x8x8x16xi32>
  %1 = nibble.tile %x, %c {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x64x!u8>, tensor<16x1x1x64x!w8>) -> tensor<?x8x8x16xi32>
  %2 = nibble.tile %z, %d {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x256x!u8>, tensor<32x1x1x256x!w8>) -> tensor<?x8x8x32xi32>
  %3 = nibble.tile %y, %e {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x70000x!u8>, tensor<16x1x1x70000x!w8>) -> tensor<?x8x8x16xi32>
  return %0, %1, %2, %3 : tensor<?x8x8x16xi32>, tensor<?x8x8x16xi32>, tensor<?x8x8x32xi32>, tensor<?x8x8x16xi32>
}

// A single row reads each group once, and lists only cost more.
// CHECK-LABEL: func.func @row
// CHECK: nibble.tile {{.*}}kernel = "dot_u8s8_6x16_avx2", {{.*}}"listed_u8s8_10x8_avx2: predicted {{[0-9.]+ [nu]s}} (3.00 operations
func.func @row(%x: tensor<1x1x1x1024x!u8>) -> tensor<1x1x1x64xi32> {
  %w = nibble.constant dense<50> : tensor<64x1x1x1024xi8> : tensor<64x1x1x1024x!w8>
  %0 = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x1024x!u8>, tensor<64x1x1x1024x!w8>) -> tensor<1x1x1x64xi32>
  return %0 : tensor<1x1x1x64xi32>
}
