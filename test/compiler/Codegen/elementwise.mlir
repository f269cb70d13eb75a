// RUN: nibble-opt %s --split-input-file --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s

// A chain of elementwise ops is one loop: nothing between them is stored.
// CHECK-LABEL: func.func private @chain.relu.store(
// CHECK-NOT: ukr.buffer
// CHECK: vector.load %arg1
// CHECK: arith.mulf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.cmpf ogt
// CHECK: arith.select
// CHECK: vector.store {{.*}}, %arg2
// CHECK-LABEL: func.func private @chain(
// CHECK-SAME: ukr.batch = 4 : i64, ukr.entry = "chain"
// CHECK-COUNT-1: ukr.parallel
// CHECK-NOT: ukr.parallel
func.func @chain(%x: tensor<4x8xf32> {nibble.name = "x"}) -> (tensor<4x8xf32> {nibble.name = "y"}) {
  %s = nibble.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32> : tensor<8xf32>
  %0 = nibble.mul %x, %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %1 = nibble.add %0, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = nibble.relu %1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// An optimiser's step: one loop that writes weights and velocity over the old ones; the gradient of relu is computed in it.
// CHECK-LABEL: func.func private @step.sgd(
// CHECK: vector.load %arg2
// CHECK: arith.cmpf ogt
// CHECK: arith.select
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK-DAG: vector.store {{.*}}, %arg2
// CHECK-DAG: vector.store {{.*}}, %arg3
// CHECK-LABEL: func.func private @step(
// CHECK-SAME: direction = "inout", elements = 16 : i64, name = "w"
// CHECK-SAME: direction = "inout", elements = 16 : i64, name = "w:v"
// CHECK-SAME: direction = "in", elements = 16 : i64, name = "g"
// CHECK-COUNT-1: ukr.parallel
// CHECK-NOT: ukr.parallel
func.func @step(%rate: tensor<f32> {nibble.name = "rate"}, %w: tensor<2x8xf32> {nibble.param = "w"}, %v: tensor<2x8xf32> {nibble.param = "w:v"}, %g: tensor<2x8xf32> {nibble.name = "g"})
    -> (tensor<2x8xf32> {nibble.tied = 1 : i64}, tensor<2x8xf32> {nibble.tied = 2 : i64}) {
  %dw = nibble.relu_grad %g, %w : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %0:2 = nibble.sgd %w, %dw, %v, %rate {momentum = 0.9 : f32} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<f32>) -> (tensor<2x8xf32>, tensor<2x8xf32>)
  return %0#0, %0#1 : tensor<2x8xf32>, tensor<2x8xf32>
}

// -----

// Max pooling of bits: +1 is bit 0 and wins, so that the maximum of 32 channels is one "and".
// CHECK-LABEL: func.func private @pool_bits.max_pool2d(
// CHECK: memref.load {{.*}} : memref<16xi32>
// CHECK: arith.andi {{.*}} : i32
// CHECK: memref.store {{.*}} : memref<4xi32>
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
func.func @pool_bits(%x: tensor<1x4x4x20xf32>) -> tensor<1x2x2x20xf32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x4x4x20xf32>) -> tensor<1x4x4x20x!nibble.binary, #bits>
  %p = nibble.max_pool2d %q {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x4x4x20x!nibble.binary, #bits>) -> tensor<1x2x2x20x!nibble.binary, #bits>
  %y = nibble.avg_pool2d %p {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x2x2x20x!nibble.binary, #bits>) -> tensor<1x2x2x20xf32>
  return %y : tensor<1x2x2x20xf32>
}

// -----

// A reshape of the whole tensor is no step.
// CHECK-LABEL: func.func private @flatten(
// CHECK-COUNT-1: ukr.parallel
// CHECK-NOT: ukr.parallel
func.func @flatten(%x: tensor<4x2x4xf32>) -> tensor<4x8xf32> {
  %0 = nibble.relu %x : (tensor<4x2x4xf32>) -> tensor<4x2x4xf32>
  %1 = nibble.reshape %0 : (tensor<4x2x4xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}
