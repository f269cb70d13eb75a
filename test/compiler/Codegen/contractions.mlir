// RUN: sed s/test.with_avx2/nibble.given_kernel/ %s | nibble-opt --split-input-file --nibble-to-packed=target=x86_64-linux-gnu,+avx2 --nibble-to-tiled=batch-tile=2 --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --split-input-file --nibble-to-packed=target=x86_64-linux-gnu --nibble-to-tiled=batch-tile=2 --nibble-lower-to-kernels=target=x86_64-linux-gnu | FileCheck %s --check-prefix=SSE

// Sequential fused multiply-adds over k; a tile is 6 rows x 16 channels where 16 registers of 256 bits hold it, 3 rows
// with registers of 128 bits. Weights are packed in tiles of 16 channels: 5 channels take 16 x 3 elements.
// CHECK: memref.global "private" constant @floats.tile.weights : memref<48xf32>
// CHECK-LABEL: func.func private @floats.tile.tile
// CHECK: scf.for {{.*}} -> (vector<8xf32>, {{.*}}) {
// CHECK-COUNT-2: vector.load {{.*}} : memref<48xf32>, vector<8xf32>
// CHECK: memref.load {{.*}} : memref<24xf32>
// CHECK: vector.broadcast
// CHECK-COUNT-12: math.fma {{.*}} : vector<8xf32>
// CHECK-NEXT: scf.yield
// The rows of the one tile of channels end after 5.
// CHECK: vector.extract {{.*}}[4] : f32 from vector<8xf32>
// CHECK-NOT: vector.extract {{.*}}[5]
// CHECK: func.func private @floats(%{{.*}}: memref<1xi8>, %{{.*}}: memref<24xf32>, %{{.*}}: memref<40xf32>, %{{.*}}: index, %{{.*}}: !llvm.ptr)
// CHECK-SAME: ukr.arguments = [{batched, direction = "in", elements = 12 : i64, name = "x", shape = array<i64: 2, 2, 3>, type = f32}, {batched, direction = "out", elements = 20 : i64, name = "y",
// CHECK-SAME: ukr.batch_tile = 2 : i64, ukr.entry = "floats"
// CHECK: ukr.parallel @floats.tile[
// SSE-LABEL: func.func private @floats.tile.tile
// SSE: memref.load
// SSE-COUNT-6: math.fma {{.*}} : vector<8xf32>
// SSE-NEXT: scf.yield
func.func @floats(%x: tensor<?x2x2x3xf32> {nibble.name = "x"}) -> (tensor<?x2x2x5xf32> {nibble.name = "y"}) {
  %w = nibble.constant dense<0.5> : tensor<5x1x1x3xf32> : tensor<5x1x1x3xf32>
  %y = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x3xf32>, tensor<5x1x1x3xf32>) -> tensor<?x2x2x5xf32>
  return %y : tensor<?x2x2x5xf32>
}

// -----

// Integers in 16-bit words, two channels at a time: products of 16 bits, sums of pairs in 32 bits. Fields of 4 bits come
// out of each byte by shifts. The activations lie in the arena; their quantisation is the first region.
// CHECK: memref.global "private" constant @words.tile.weights : memref<288xi8>
// CHECK-LABEL: func.func private @words.tile.tile
// CHECK: ukr.buffer @words.quantize.q : memref<216xi16>
// CHECK: vector.load {{.*}} : memref<288xi8>, vector<16xi8>
// CHECK: arith.extui {{.*}} : vector<16xi8> to vector<16xi16>
// CHECK: arith.shli {{.*}} : vector<16xi16>
// CHECK-NEXT: {{.*}}arith.constant dense<12> : vector<16xi16>
// CHECK-NEXT: arith.shrsi
// CHECK: vector.load {{.*}} : memref<216xi16>, vector<2xi16>
// CHECK: vector.bitcast {{.*}} : vector<2xi16> to vector<1xi32>
// CHECK: arith.muli {{.*}} : vector<16xi32>
// CHECK: vector.deinterleave
// The epilogue: one fused multiply-add, clamp, round by adding 1.5 * 2^23.
// CHECK: arith.sitofp {{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: arith.cmpf ogt
// CHECK: arith.cmpf olt
// CHECK: arith.constant dense<0x4B400000> : vector<8xf32>
// CHECK: arith.trunci {{.*}} : vector<8xi32> to vector<8xi16>
// Padded taps are not summed: one call of the tile for each rectangle of pixels that see the same taps.
// CHECK-LABEL: func.func private @words.tile(
// CHECK-COUNT-9: call @words.tile.tile(
// CHECK-NOT: call @words.tile.tile(
// CHECK: return
// CHECK-LABEL: func.func private @words(
// CHECK: ukr.parallel @words.quantize[
// CHECK: ukr.parallel @words.tile[
!i10 = !quant.uniform<i16<-512:511>:f32, 0.0625:7>
!i8 = !quant.uniform<i8:f32, 0.0625>
!w4 = !quant.uniform<i4<-7:7>:f32, 0.5>
func.func @words(%x: tensor<?x6x6x3xf32>) -> tensor<?x6x6x8xf32, #nibble.grid<!i8>> {
  %q = nibble.quantize %x : (tensor<?x6x6x3xf32>) -> tensor<?x6x6x3x!i10>
  %w = nibble.constant dense<3> : tensor<8x3x3x3xi8> : tensor<8x3x3x3x!w4>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x3x!i10>, tensor<8x3x3x3x!w4>) -> tensor<?x6x6x8xi32>
  %r = nibble.requantize %a {multiplier = array<f32: 0.125>, bias = array<f32: 0.5>, lo = array<f32: -128.0>, hi = array<f32: 127.0>} : (tensor<?x6x6x8xi32>) -> tensor<?x6x6x8x!i8>
  %y = nibble.dequantize %r : (tensor<?x6x6x8x!i8>) -> tensor<?x6x6x8xf32, #nibble.grid<!i8>>
  return %y : tensor<?x6x6x8xf32, #nibble.grid<!i8>>
}

// -----

// Binary operands, portable: 32 channels in a word, K - 2 * popcount(a xor w), K = 40. The result of the first layer goes back to
// bits, 16 at a time; words of 40 channels end with 8 bits and 24 zeros.
// SSE: memref.global "private" constant @signs.tile.weights : memref<96xi32>
// SSE-LABEL: func.func private @signs.tile.tile(
// SSE: arith.xori {{.*}} : vector<8xi32>
// SSE: math.ctpop {{.*}} : vector<8xi32>
// SSE: arith.constant dense<40> : vector<8xi32>
// SSE: vector.bitcast {{.*}} : vector<8xi1> to vector<1xi8>
// SSE: arith.constant 255 : i32
// SSE: memref.store {{.*}} : memref<4xi32>
// SSE: arith.trunci {{.*}} : i32 to i16
// SSE: memref.store {{.*}} : memref<8xi16>
// SSE-NOT: ukr.kernel
// Generated: look-ups for 64 columns, of which 40 are channels, 32 packed bytes each for 5 bytes of activations: two images at a time,
// then one. Bits are stored by bytes of 8 channels; behind the fifth three bytes of zeros.
// CHECK: ukr.kernel @signs.tile.rows1x64 {b_outer_stride = 160 : i64, b_tile_stride = 160 : i64, {{.*}}, columns = 64 : i64, generator = "lookup_b1b1_packed_avx2", max_outer = 1 : i64, outer_stride = 8 : i64, row_stride = 8 : i64, rows = 1 : i64, run = 40 : i64, tap_stride = 8 : i64}
// CHECK: ukr.kernel @signs.tile.rows2x64
// CHECK: memref.global "private" constant @signs.tile.weights : memref<320xi8>
// CHECK-LABEL: func.func private @signs.tile(
// CHECK-DAG: ukr.buffer @signs.quantize.q : memref<16xi8>
// CHECK-DAG: ukr.buffer @signs.tile.q : memref<16xi8>
// CHECK-DAG: ukr.scratch {{.*}} : memref<1536xi32>
// CHECK: ukr.call @signs.tile.rows2x64(
// CHECK: vector.bitcast {{.*}} : vector<8xi1> to vector<1xi8>
// CHECK: memref.store {{.*}} : memref<16xi8>
// CHECK: ukr.call @signs.tile.rows1x64(
// The second layer, 30 channels of 40: one block of columns.
// CHECK-LABEL: func.func private @signs.tile.2(
// CHECK: ukr.call @signs.tile.rows2x32(
!b = !nibble.binary
func.func @signs(%x: tensor<?x40xf32>) -> tensor<?x30xf32> {
  %q = nibble.quantize %x : (tensor<?x40xf32>) -> tensor<?x40x!b>
  %w = nibble.constant dense<1> : tensor<40x40xi8> : tensor<40x40x!b>
  %a = nibble.linear %q, %w : (tensor<?x40x!b>, tensor<40x40x!b>) -> tensor<?x40xi32>
  %r = nibble.requantize %a {multiplier = array<f32: 1.0>, bias = array<f32: -0.5>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x40xi32>) -> tensor<?x40x!b>
  %v = nibble.constant dense<-1> : tensor<30x40xi8> : tensor<30x40x!b>
  %c = nibble.linear %r, %v : (tensor<?x40x!b>, tensor<30x40x!b>) -> tensor<?x30xi32>
  %y = nibble.requantize %c {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x30xi32>) -> tensor<?x30xf32>
  return %y : tensor<?x30xf32>
}

// -----

// Depthwise: over vectors of channels, the 3 that are left with one of those before. The two outputs of a row share weights and
// columns: four of them for three taps. With AVX2 one kernel gives the 2 sums of
// all channels of a row, for which columns are interleaved in scratch memory; both rows see the same taps.
// SSE: memref.global "private" constant @depthwise.tile.weights : memref<99xi8>
// SSE-LABEL: func.func private @depthwise.tile(
// SSE: vector.load {{.*}} : memref<99xi8>, vector<8xi8>
// SSE-COUNT-4: vector.load {{.*}} : memref<352xi16>, vector<8xi16>
// SSE-NOT: memref<352xi16>, vector<8xi16>
// SSE: arith.muli {{.*}} : vector<8xi32>
// SSE: vector.load {{.*}} : memref<99xi8>, vector<4xi8>
// SSE: arith.muli {{.*}} : vector<4xi32>
// SSE-NOT: arith.muli {{.*}} : i32
// CHECK: ukr.kernel @depthwise.tile.outputs2x11 {{{.*}}columns = 11 : i64, generator = "depthwise_u8s8_halves_avx2", max_outer = 3 : i64, outer_stride = 11 : i64, row_stride = 44 : i64, rows = 2 : i64, run = 3 : i64, tap_stride = 11 : i64, taps = 3 : i64}
// CHECK-NOT: ukr.kernel
// CHECK: memref.global "private" constant @depthwise.tile.weights : memref<768xi8>
// CHECK-LABEL: func.func private @depthwise.tile(
// CHECK-DAG: %[[LINE:.*]] = ukr.scratch {{.*}} : memref<512xi8>
// CHECK-DAG: %[[SUMS:.*]] = ukr.scratch {{.*}} : memref<64xi32>
// CHECK: ukr.call_line @depthwise.tile.outputs2x11(%{{.*}}, %{{.*}}, %[[SUMS]][%{{.*}}]) line %[[LINE]]
// CHECK: vector.load %[[SUMS]]
// CHECK: math.fma {{.*}} : vector<8xf32>
!i8 = !quant.uniform<i8:f32, 0.0625>
!w4 = !quant.uniform<i4<-7:7>:f32, 0.5>
func.func @depthwise(%x: tensor<?x4x4x11xf32>) -> tensor<?x2x2x11xf32> {
  %q = nibble.quantize %x : (tensor<?x4x4x11xf32>) -> tensor<?x4x4x11x!i8>
  %w = nibble.constant dense<3> : tensor<11x3x3x1xi8> : tensor<11x3x3x1x!w4>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 11 : i64, test.with_avx2 = "depthwise_u8s8_halves_avx2"} : (tensor<?x4x4x11x!i8>, tensor<11x3x3x1x!w4>) -> tensor<?x2x2x11xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x2x2x11xi32>) -> tensor<?x2x2x11xf32>
  return %y : tensor<?x2x2x11xf32>
}

// -----

// Rows at the top, in the middle and at the bottom see other taps, so that there are three kernels; what they store are
// bytes, which are followed by nothing.
// CHECK-COUNT-3: ukr.kernel @depthwise_bytes.tile.outputs9x40
// CHECK-LABEL: func.func private @depthwise_bytes.tile(
// CHECK-COUNT-3: ukr.call_line {{.*}} : memref<{{.*}}xi8>, memref<2048xi8>, memref<{{.*}}xi8>, memref<{{.*}}xi8>
// CHECK-NOT: math.fma
// CHECK: func.func private @depthwise_bytes.tile
!u8 = !quant.uniform<u8:f32, 0.0625>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
func.func @depthwise_bytes(%x: tensor<?x9x9x40xf32>) -> tensor<?x9x9x40xf32> {
  %q = nibble.quantize %x : (tensor<?x9x9x40xf32>) -> tensor<?x9x9x40x!u8>
  %w = nibble.constant dense<3> : tensor<40x3x3x1xi8> : tensor<40x3x3x1x!w8>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, groups = 40 : i64} : (tensor<?x9x9x40x!u8>, tensor<40x3x3x1x!w8>) -> tensor<?x9x9x40xi32>
  %r = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x9x9x40xi32>) -> tensor<?x9x9x40x!u8>
  %b = nibble.conv2d %r, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, groups = 40 : i64} : (tensor<?x9x9x40x!u8>, tensor<40x3x3x1x!w8>) -> tensor<?x9x9x40xi32>
  %y = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x9x9x40xi32>) -> tensor<?x9x9x40xf32>
  return %y : tensor<?x9x9x40xf32>
}

// -----

// A generated kernel: unsigned bytes, machine code for both images of a tile and for a single one, accumulators in scratch memory of the
// thread. It sums q * w, so that the zero point 7 is taken off per channel.
// CHECK-DAG: ukr.kernel @bytes.tile.rows1
// CHECK-DAG: ukr.kernel @bytes.tile.rows2
// CHECK-DAG: memref.global "private" constant @bytes.tile.correction : memref<16xi32> = dense<-1120>
// CHECK-LABEL: func.func private @bytes.tile(
// CHECK: ukr.buffer @bytes.quantize.q : memref<32xi8>
// CHECK: ukr.scratch {{.*}} : memref<96xi32>
// CHECK: ukr.call @bytes.tile.rows2
// CHECK: arith.addi {{.*}} : vector<8xi32>
// CHECK: ukr.call @bytes.tile.rows1
// What is only reshaped into a result is written there: no copy follows.
// CHECK-LABEL: func.func private @bytes(
// CHECK: ukr.parallel @bytes.quantize[
// CHECK: ukr.parallel @bytes.tile
// CHECK-NOT: ukr.parallel
// SSE-NOT: ukr.kernel
!u8 = !quant.uniform<u8:f32, 0.0625:7>
!w8 = !quant.uniform<i8<-127:127>:f32, 0.5>
func.func @bytes(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %q = nibble.quantize %x : (tensor<?x16xf32>) -> tensor<?x16x!u8>
  %w = nibble.constant dense<10> : tensor<16x16xi8> : tensor<16x16x!w8>
  %a = nibble.linear %q, %w : (tensor<?x16x!u8>, tensor<16x16x!w8>) -> tensor<?x16xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x16xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
