// RUN: nibble-opt %s --nibble-apply-optimizer="momentum=0.5 decay=0.25" --nibble-verify-training-step | FileCheck %s --check-prefix=SGD
// RUN: nibble-opt %s --nibble-apply-optimizer="optimizer=adam beta1=0.5 beta2=0.75 epsilon=0.125 binary-limit=0" --nibble-verify-training-step | FileCheck %s --check-prefix=ADAM

// The state keeps its tie though its argument moves; rank 1 has no decay; latent weights of sign are clamped.
// SGD: func.func @step(%{{[^ ]*}}: tensor<2x2xf32> {nibble.name = "x"}, %[[RATE:[^ ]*]]: tensor<f32> {nibble.name = "rate"},
// SGD-SAME: %[[W:[^ ]*]]: tensor<2x2xf32> {{[^}]*}}"w"}, %{{[^ ]*}}: tensor<3xf32> {{[^}]*}}"r"}, %[[B:[^ ]*]]: tensor<2xf32> {{[^}]*}}"b"},
// SGD-SAME: %[[WM:[^ ]*]]: tensor<2x2xf32> {nibble.init = #nibble.init<zeros>, nibble.kind = #nibble.kind<state>, nibble.param = "w:m"}, %[[BM:[^ ]*]]: tensor<2xf32> {{[^}]*}}"b:m"})
// SGD-SAME: -> (tensor<f32> {nibble.name = "loss"}, tensor<2x2xf32> {nibble.tied = 2 : i64}, tensor<3xf32> {nibble.tied = 3 : i64},
// SGD-SAME: tensor<2xf32> {nibble.tied = 4 : i64}, tensor<2x2xf32> {nibble.tied = 5 : i64}, tensor<2xf32> {nibble.tied = 6 : i64})
// SGD-SAME: nibble.training = "step"
// SGD: %[[NR:.*]] = nibble.observe_range
// SGD: %[[DW:.*]] = nibble.window_grad
// SGD: %[[DB:.*]] = nibble.sum_rows
// SGD: %[[NW:.*]], %[[NWM:.*]] = nibble.sgd %[[W]], %[[DW]], %[[WM]], %[[RATE]] {decay = 2.500000e-01 : f32, limit = 1.000000e+00 : f32, momentum = 5.000000e-01 : f32}
// SGD-NEXT: %[[NB:.*]], %[[NBM:.*]] = nibble.sgd %[[B]], %[[DB]], %[[BM]], %[[RATE]] {momentum = 5.000000e-01 : f32}
// SGD-NEXT: return %{{.*}}, %[[NW]], %[[NR]], %[[NB]], %[[NWM]], %[[NBM]]

// ADAM: func.func @step({{.*}} %[[RATE:[^ ]*]]: tensor<f32> {nibble.name = "rate"}, %[[COR:[^ ]*]]: tensor<2xf32> {nibble.name = "correction"},
// ADAM-SAME: %[[W:[^ ]*]]: tensor<2x2xf32> {{[^}]*}}"w"}
// ADAM-SAME: %[[M:[^ ]*]]: tensor<2x2xf32> {{[^}]*}}"w:m"}, %[[V:[^ ]*]]: tensor<2x2xf32> {{[^}]*}}"w:v"},
// ADAM-SAME: "b:m"}, {{.*}}"b:v"})
// ADAM: nibble.adam %[[W]], %{{.*}}, %[[M]], %[[V]], %[[RATE]], %[[COR]] {beta1 = 5.000000e-01 : f32, beta2 = 7.500000e-01 : f32, epsilon = 1.250000e-01 : f32}
func.func @step(%x: tensor<2x2xf32> {nibble.name = "x"}, %w: tensor<2x2xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>},
    %r: tensor<3xf32> {nibble.param = "r", nibble.kind = #nibble.kind<state>}, %b: tensor<2xf32> {nibble.param = "b", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}, tensor<3xf32> {nibble.tied = 2 : i64}, tensor<2x2xf32> {nibble.gradient = "w"}, tensor<2xf32> {nibble.gradient = "b"})
    attributes {nibble.training = "gradients"} {
  %loss = nibble.constant dense<1.0> : tensor<f32> : tensor<f32>
  %n = nibble.observe_range %x, %r : (tensor<2x2xf32>, tensor<3xf32>) -> tensor<3xf32>
  %q = nibble.sign %w : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!nibble.binary>>
  %g = nibble.window_grad %x, %w {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %d = nibble.sum_rows %x : (tensor<2x2xf32>) -> tensor<2xf32>
  return %loss, %n, %g, %d : tensor<f32>, tensor<3xf32>, tensor<2x2xf32>, tensor<2xf32>
}
