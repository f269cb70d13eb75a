// RUN: nibble-opt %s --nibble-differentiate --split-input-file --verify-diagnostics

// expected-error @+1 {{needs a result {nibble.name = "loss"} of type tensor<f32> to differentiate}}
func.func @no_loss(%x: tensor<2xf32>) -> tensor<2xf32> attributes {nibble.training = "forward"} {
  return %x : tensor<2xf32>
}

// -----

// expected-error @+1 {{has no trainable parameter that its loss depends on}}
func.func @no_parameter(%x: tensor<f32>) -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  return %x : tensor<f32>
}

// -----

func.func @no_derivative(%labels: tensor<2xi32>, %w: tensor<2x3xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  // expected-error @+1 {{lies between the loss and the parameters but has no derivative}}
  %c = nibble.count_correct %w, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %c : tensor<f32>
}

// -----

func.func @other_result(%labels: tensor<2xi32>, %w: tensor<2x3xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>}, %g: tensor<3xf32>)
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  // expected-error @+1 {{lies between the loss and the parameters with its result 1, which has no derivative}}
  %y, %m, %v, %bm, %bs = nibble.batch_norm_train %w, %g, %g, %g, %g
    : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
  %l = nibble.add %w, %m : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %loss = nibble.softmax_cross_entropy %l, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

!grid = tensor<2x2xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
func.func @unknown_scale(%labels: tensor<2xi32>, %w: tensor<2x2xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %q = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true>} : (tensor<2x2xf32>) -> !grid
  %acc = nibble.linear %q, %q {accumulate} : (!grid, !grid) -> tensor<2x2xi32>
  // expected-error @+1 {{has no derivative: the scale of its accumulator is not known}}
  %l = nibble.requantize %acc {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -9.0>, hi = array<f32: 9.0>} : (tensor<2x2xi32>) -> tensor<2x2xf32>
  %loss = nibble.softmax_cross_entropy %l, %labels : (tensor<2x2xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

// expected-warning @+1 {{parameter "unused" has no influence on the loss: training will not change it}}
func.func @unused(%labels: tensor<2xi32>, %w: tensor<2x3xf32> {nibble.param = "w", nibble.kind = #nibble.kind<trainable>}, %u: tensor<2xf32> {nibble.param = "unused", nibble.kind = #nibble.kind<trainable>})
    -> (tensor<f32> {nibble.name = "loss"}) attributes {nibble.training = "forward"} {
  %loss = nibble.softmax_cross_entropy %w, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}
