// RUN: nibble-opt %s --nibble-tile-batch=batch-tile=4 | FileCheck %s
// RUN: nibble-opt %s --nibble-tile-batch=target=x86_64-linux-gnu,+avx2 | FileCheck %s --check-prefix=CHOSEN

// CHECK-LABEL: func.func @dynamic(%arg0: tensor<4x8xf32> {nibble.name = "x"}) -> (tensor<4x2x4xf32> {nibble.name = "y"}) attributes {nibble.batch_tile = 4 : i64}
// CHECK: nibble.relu %arg0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK: nibble.reshape %{{.*}} : (tensor<4x8xf32>) -> tensor<4x2x4xf32>
// CHOSEN: func.func @dynamic(%arg0: tensor<64x8xf32>
func.func @dynamic(%x: tensor<?x8xf32> {nibble.name = "x"}) -> (tensor<?x2x4xf32> {nibble.name = "y"}) {
  %0 = nibble.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = nibble.reshape %0 : (tensor<?x8xf32>) -> tensor<?x2x4xf32>
  return %1 : tensor<?x2x4xf32>
}

// Layouts stay. An image takes 1536 bytes packed and 3072 without layout: 16 of both fit half of the second-level cache, 32 do not.
// CHECK-LABEL: func.func @layouts
// CHECK: nibble.pack %arg0 {{.*}} -> tensor<4x2x384x!nibble.binary, #nibble.layout<{{.*}}>>
// CHOSEN: func.func @layouts(%arg0: tensor<16x2x384x!nibble.binary>)
func.func @layouts(%x: tensor<?x2x384x!nibble.binary>) -> tensor<?x2x384x!nibble.binary> {
  %0 = nibble.pack %x : (tensor<?x2x384x!nibble.binary>) -> tensor<?x2x384x!nibble.binary, #nibble.layout<"order = [0, 1, 2], word = 16, bits = 16">>
  %1 = nibble.unpack %0 : (tensor<?x2x384x!nibble.binary, #nibble.layout<"order = [0, 1, 2], word = 16, bits = 16">>) -> tensor<?x2x384x!nibble.binary>
  return %1 : tensor<?x2x384x!nibble.binary>
}

// CHECK-LABEL: func.func @static(%arg0: tensor<3x8xf32>) -> tensor<3x8xf32> {
func.func @static(%x: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %0 = nibble.relu %x : (tensor<3x8xf32>) -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// CHOSEN: func.func @large(%arg0: tensor<8x65536xf32>
func.func @large(%x: tensor<?x65536xf32>) -> tensor<?x65536xf32> {
  %0 = nibble.relu %x : (tensor<?x65536xf32>) -> tensor<?x65536xf32>
  return %0 : tensor<?x65536xf32>
}
