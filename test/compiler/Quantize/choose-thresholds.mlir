// RUN: nibble-opt --split-input-file --nibble-choose-thresholds %s | FileCheck %s

// y = 0.5 * acc + 0.75 is negative below acc = -1; y = -0.5 * acc + 0.75 from acc = 2 on: ~acc < -2; a constant +1; a constant -1 over the
// reachable [-3, 3].
// CHECK-LABEL: func.func @linear
// CHECK: nibble.requantize {{.*}}flips = array<i32: 0, -1, 0, 0>{{.*}}thresholds = array<i32: -1, -2, -3, 4>
func.func @linear(%x: tensor<?x3x!nibble.binary>) -> tensor<?x4x!nibble.binary> {
  %w = nibble.constant dense<1> : tensor<4x3xi8> : tensor<4x3x!nibble.binary>
  %acc = nibble.linear %x, %w : (tensor<?x3x!nibble.binary>, tensor<4x3x!nibble.binary>) -> tensor<?x4xi32>
  %s = nibble.requantize %acc {multiplier = array<f32: 0.5, -0.5, 0.0, 0.0>, bias = array<f32: 0.75, 0.75, 1.0, -1.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x4xi32>) -> tensor<?x4x!nibble.binary>
  return %s : tensor<?x4x!nibble.binary>
}

// -----

// Unknown weights: the search runs over all integers.
// CHECK-LABEL: func.func @unknown
// CHECK: nibble.requantize {{.*}}flips = array<i32: 0>, {{.*}}thresholds = array<i32: 1000001>
func.func @unknown(%acc: tensor<?x1xi32>) -> tensor<?x1x!nibble.binary> {
  %s = nibble.requantize %acc {multiplier = array<f32: 1.0>, bias = array<f32: -1000001.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x1xi32>) -> tensor<?x1x!nibble.binary>
  return %s : tensor<?x1x!nibble.binary>
}

// -----

// -1 for all 2^32 accumulators: no 32-bit threshold says so. Residuals and other grids keep their fma too.
// CHECK-LABEL: func.func @kept
// CHECK-NOT: thresholds
func.func @kept(%acc: tensor<?x1xi32>, %r: tensor<?x1xf32>) -> (tensor<?x1x!nibble.binary>, tensor<?x1x!nibble.binary>, tensor<?x1x!quant.uniform<u8:f32, 0.5>>) {
  %a = nibble.requantize %acc {multiplier = array<f32: 0.0>, bias = array<f32: -1.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x1xi32>) -> tensor<?x1x!nibble.binary>
  %b = nibble.requantize %acc, %r {multiplier = array<f32: 1.0>, bias = array<f32: -1.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, residual_multiplier = 1.0 : f32} : (tensor<?x1xi32>, tensor<?x1xf32>) -> tensor<?x1x!nibble.binary>
  %c = nibble.requantize %acc {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x1xi32>) -> tensor<?x1x!quant.uniform<u8:f32, 0.5>>
  return %a, %b, %c : tensor<?x1x!nibble.binary>, tensor<?x1x!nibble.binary>, tensor<?x1x!quant.uniform<u8:f32, 0.5>>
}

// -----

// Bounds that decide the sign.
// CHECK-LABEL: func.func @bounds
// CHECK: flips = array<i32: 0, 0>{{.*}}thresholds = array<i32: -1, 2>
func.func @bounds(%x: tensor<?x1x!nibble.binary>) -> tensor<?x2x!nibble.binary> {
  %w = nibble.constant dense<-1> : tensor<2x1xi8> : tensor<2x1x!nibble.binary>
  %acc = nibble.linear %x, %w : (tensor<?x1x!nibble.binary>, tensor<2x1x!nibble.binary>) -> tensor<?x2xi32>
  %s = nibble.requantize %acc {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 1.0, -1.0>, hi = array<f32: 1.0, -1.0>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  return %s : tensor<?x2x!nibble.binary>
}
