// RUN: nibble-opt %s --nibble-verify-training-step --split-input-file --verify-diagnostics

// expected-error @+1 {{result 0 cannot be made in place of argument 1 ("w"): it is not an update of that argument}}
func.func @no_update(%x: tensor<4xf32>, %w: tensor<4xf32> {nibble.param = "w"}) -> (tensor<4xf32> {nibble.tied = 1 : i64}) attributes {nibble.training = "step"} {
  // expected-note @+1 {{made here}}
  %n = nibble.add %w, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %n : tensor<4xf32>
}

// -----

// expected-error @+2 {{result 0 cannot be made in place of argument 0: it is not an update of that argument}}
// expected-note @+1 {{made here}}
func.func @swapped(%a: tensor<f32>, %b: tensor<f32>) -> (tensor<f32> {nibble.tied = 0 : i64}, tensor<f32> {nibble.tied = 1 : i64}) attributes {nibble.training = "step"} {
  return %b, %a : tensor<f32>, tensor<f32>
}

// -----

func.func @late(%x: tensor<4xf32>, %r: tensor<3xf32>) -> (tensor<3xf32> {nibble.tied = 1 : i64}, tensor<4xf32>) attributes {nibble.training = "step"} {
  %alias = nibble.reshape %r : (tensor<3xf32>) -> tensor<3x1xf32>
  // expected-error @+1 {{cannot update argument 1 in place: its old value is still read afterwards, so it would be copied}}
  %n = nibble.observe_range %x, %r : (tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  // expected-note @+1 {{read here}}
  %y = nibble.relu %alias : (tensor<3x1xf32>) -> tensor<3x1xf32>
  return %n, %x : tensor<3xf32>, tensor<4xf32>
}

// -----

// The quantisers of a shared range would need its value from before the second observation.
func.func @middle(%x: tensor<4xf32>, %r: tensor<3xf32>) -> (tensor<3xf32> {nibble.tied = 1 : i64}, tensor<3xf32>) attributes {nibble.training = "step"} {
  %n = nibble.observe_range %x, %r : (tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  // expected-error @+1 {{cannot update argument 1 in place}}
  %m = nibble.observe_range %x, %n : (tensor<4xf32>, tensor<3xf32>) -> tensor<3xf32>
  // expected-note @+1 {{read here}}
  return %m, %n : tensor<3xf32>, tensor<3xf32>
}

// -----

func.func @self(%w: tensor<4xf32>, %v: tensor<4xf32>, %rate: tensor<f32>) -> (tensor<4xf32> {nibble.tied = 0 : i64}) attributes {nibble.training = "step"} {
  // expected-error @+2 {{cannot update argument 0 in place}}
  // expected-note @+1 {{read here}}
  %nw, %nv = nibble.sgd %w, %w, %v, %rate {momentum = 0.9 : f32} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %nw : tensor<4xf32>
}

// -----

// expected-error @+1 {{results 0 and 1 are both tied to argument 0}}
func.func @both(%a: tensor<f32>) -> (tensor<f32> {nibble.tied = 0 : i64}, tensor<f32> {nibble.tied = 0 : i64}) attributes {nibble.training = "step"} {
  return %a, %a : tensor<f32>, tensor<f32>
}

// -----

// expected-error @+1 {{result 0 is tied to argument 5 : i64, which does not exist}}
func.func @index(%a: tensor<f32>) -> (tensor<f32> {nibble.tied = 5 : i64}) attributes {nibble.training = "step"} {
  return %a : tensor<f32>
}

// -----

// expected-error @+1 {{result 0 is tied to argument 0 but has another type: 'tensor<2xf32>' and 'tensor<f32>'}}
func.func @type(%a: tensor<f32>, %b: tensor<2xf32>) -> (tensor<2xf32> {nibble.tied = 0 : i64}) attributes {nibble.training = "step"} {
  return %b : tensor<2xf32>
}
