// RUN: nibble-opt %s --nibble-verify-training-step | FileCheck %s
// RUN: nibble-opt %S/Inputs/small.mlir --pass-pipeline="builtin.module(nibble-prepare-training{batch=8},nibble-differentiate,nibble-apply-optimizer{optimizer=adam},nibble-verify-training-step,canonicalize,cse,nibble-verify-training-step)" | FileCheck %s --check-prefix=SMALL

// A whole step, also after clean-up: 8 parameters and 8 slots.
// SMALL-LABEL: func.func @train_step
// SMALL-SAME: nibble.tied = 19 : i64})
// SMALL-COUNT-4: nibble.adam
// SMALL-NEXT: return

// Old values are read before the update, a state is moved twice, and an unchanged argument returns itself.
// CHECK-LABEL: func.func @in_place
func.func @in_place(%x: tensor<4xf32>, %r: tensor<3xf32>, %w: tensor<4xf32>, %v: tensor<4xf32>, %rate: tensor<f32>)
    -> (tensor<3xf32> {nibble.tied = 1 : i64}, tensor<4xf32> {nibble.tied = 2 : i64}, tensor<4xf32> {nibble.tied = 3 : i64}, tensor<f32> {nibble.tied = 4 : i64})
    attributes {nibble.training = "step"} {
  %r1 = nibble.observe_range %x, %r : (tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  %r2 = nibble.observe_range %w, %r1 : (tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  %g = nibble.mul %w, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %nw, %nv = nibble.sgd %w, %g, %v, %rate {momentum = 0.9 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r2, %nw, %nv, %rate : tensor<3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>
}
