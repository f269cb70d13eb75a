// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Statistics, slices and optimisers of a training step written by hand.
func.func @takes_f32_values_got_2(%a0: tensor<8x4xi32>, %a1: tensor<3xf32>) {
  // expected-error@+1 {{takes f32 values, got operand 0 of type 'tensor<8x4xi32>'}}
  %0 = nibble.observe_range %a0, %a1 : (tensor<8x4xi32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @needs_range_min_max(%a0: tensor<8x4xf32>, %a1: tensor<2xf32>) {
  // expected-error@+1 {{needs a range [min, max, seen] of shape [3], got 'tensor<2xf32>'}}
  %0 = nibble.observe_range %a0, %a1 : (tensor<8x4xf32>, tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @needs_result_shape_got_5(%a0: tensor<8x4xf32>, %a1: tensor<3xf32>) {
  // expected-error@+1 {{needs a result of shape [3], got 'tensor<2xf32>'}}
  %0 = nibble.observe_range %a0, %a1 : (tensor<8x4xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @needs_momentum_got_2(%a0: tensor<8x4xf32>, %a1: tensor<3xf32>) {
  // expected-error@+1 {{needs momentum in [0, 1], got -1.0}}
  %0 = nibble.observe_range %a0, %a1 {momentum = -1.0 : f32} : (tensor<8x4xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @normalises_over_last_dimension(%a0: tensor<4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{normalises over the last dimension of a batch, got 'tensor<4xf32>'}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @normalises_over_last_dimension_2(%a0: tensor<f32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{normalises over the last dimension of a batch, got 'tensor<f32>'}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 : (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_one_value_per(%a0: tensor<8x4xf32>, %a1: tensor<3xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs one value per channel, a tensor of shape [4], got 'tensor<3xf32>'}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 : (tensor<8x4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_one_value_per_2(%a0: tensor<8x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs one value per channel, a tensor of shape [4], got 'tensor<3xf32>'}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>)
  return
}

// -----

func.func @needs_result_shape_got_6(%a0: tensor<8x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a result of shape [8, 4], got 'tensor<8x3xf32>'}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_finite_positive_epsilon_4(%a0: tensor<8x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a finite, positive epsilon}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 {epsilon = -1.0 : f32} : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_momentum_got_3(%a0: tensor<8x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs momentum in [0, 1], got}}
  %0:5 = nibble.batch_norm_train %a0, %a1, %a2, %a3, %a4 {momentum = 0x7FC00000 : f32} : (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @gives_one_sum_per(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{gives one sum per index of the last dimension, or one sum; got 'tensor<8x4xf32>' to 'tensor<8xf32>'}}
  %0 = nibble.sum_rows %x : (tensor<8x4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @gives_one_sum_per_2(%x: tensor<f32>) {
  // expected-error@+1 {{gives one sum per index of the last dimension, or one sum}}
  %0 = nibble.sum_rows %x : (tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @needs_logits_rank_classes(%a0: tensor<4xf32>, %a1: tensor<4xi32>) {
  // expected-error@+1 {{needs logits of rank 2 (N, classes), got 'tensor<4xf32>'}}
  %0 = nibble.count_correct %a0, %a1 : (tensor<4xf32>, tensor<4xi32>) -> tensor<f32>
  return
}

// -----

func.func @needs_labels_shape_got(%a0: tensor<8x4xf32>, %a1: tensor<4xi32>) {
  // expected-error@+1 {{needs labels of shape [8], got 'tensor<4xi32>'}}
  %0 = nibble.count_correct %a0, %a1 : (tensor<8x4xf32>, tensor<4xi32>) -> tensor<f32>
  return
}

// -----

func.func @takes_i32_labels_got(%a0: tensor<8x4xf32>, %a1: tensor<8xf32>) {
  // expected-error@+1 {{takes i32 labels, got 'tensor<8xf32>'}}
  %0 = nibble.count_correct %a0, %a1 : (tensor<8x4xf32>, tensor<8xf32>) -> tensor<f32>
  return
}

// -----

func.func @needs_result_shape_got_7(%a0: tensor<8x4xf32>, %a1: tensor<8xi32>) {
  // expected-error@+1 {{needs a result of shape [], got 'tensor<1xf32>'}}
  %0 = nibble.count_correct %a0, %a1 : (tensor<8x4xf32>, tensor<8xi32>) -> tensor<1xf32>
  return
}

// -----

func.func @needs_one_offset_per(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{needs one offset per dimension and a result of its input's rank, got 2 offsets for 'tensor<8x4xf32>' to 'tensor<8xf32>'}}
  %0 = nibble.slice %x {offsets = array<i64: 0, 0>} : (tensor<8x4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @needs_one_offset_per_2(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{needs one offset per dimension and a result of its input's rank, got 0 offsets}}
  %0 = nibble.slice %x {offsets = array<i64>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @reaches_outside_input_dimension(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{reaches outside its input in dimension 1: offset 3, 'tensor<8x2xf32>' of 'tensor<8x4xf32>'}}
  %0 = nibble.slice %x {offsets = array<i64: 0, 3>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @reaches_outside_input_dimension_2(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{reaches outside its input in dimension 1: offset -1}}
  %0 = nibble.slice %x {offsets = array<i64: 0, -1>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @reaches_outside_input_dimension_3(%x: tensor<8x4xf32>) {
  // expected-error@+1 {{reaches outside its input in dimension 1}}
  %0 = nibble.slice %x {offsets = array<i64: 0, 9223372036854775807>} : (tensor<8x4xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @reaches_outside_input_dimension_4(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{reaches outside its input in dimension 0: offset 0, 'tensor<8x4xf32>' of 'tensor<?x4xf32>'}}
  %0 = nibble.slice %x {offsets = array<i64: 0, 0>} : (tensor<?x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_9(%a0: tensor<8x4xf32>, %a1: tensor<4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<f32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4], got 'tensor<4xf32>'}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32} : (tensor<8x4xf32>, tensor<4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_rate_one_element(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<4xf32>) {
  // expected-error@+1 {{needs a rate of one element, got 'tensor<4xf32>'}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_rate_one_element_2(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<?xf32>) {
  // expected-error@+1 {{needs a rate of one element, got 'tensor<?xf32>'}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<?xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_new_velocity_shape(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<f32>) {
  // expected-error@+1 {{needs a new velocity of shape [8, 4], got 'tensor<4xf32>'}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_momentum_got_4(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<f32>) {
  // expected-error@+1 {{needs momentum in [0, 1], got 2.0}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 2.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_finite_decay_at(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<f32>) {
  // expected-error@+1 {{needs a finite decay of at least 0, got}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32, decay = 0x7F800000 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_limit_at_least(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<f32>) {
  // expected-error@+1 {{needs a limit of at least 0, got -1.0}}
  %0:2 = nibble.sgd %a0, %a1, %a2, %a3 {momentum = 0.9 : f32, limit = -1.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_second_moment_shape(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<4xf32>, %a4: tensor<f32>, %a5: tensor<2xf32>) {
  // expected-error@+1 {{needs a second moment of shape [8, 4], got 'tensor<4xf32>'}}
  %0:3 = nibble.adam %a0, %a1, %a2, %a3, %a4, %a5 : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_correction_shape_got(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<8x4xf32>, %a4: tensor<f32>, %a5: tensor<3xf32>) {
  // expected-error@+1 {{needs a correction of shape [2], got 'tensor<3xf32>'}}
  %0:3 = nibble.adam %a0, %a1, %a2, %a3, %a4, %a5 : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<3xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_beta1_got(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<8x4xf32>, %a4: tensor<f32>, %a5: tensor<2xf32>) {
  // expected-error@+1 {{needs beta1 in [0, 1], got 2.0}}
  %0:3 = nibble.adam %a0, %a1, %a2, %a3, %a4, %a5 {beta1 = 2.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_beta2_got(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<8x4xf32>, %a4: tensor<f32>, %a5: tensor<2xf32>) {
  // expected-error@+1 {{needs beta2 in [0, 1], got -1.0}}
  %0:3 = nibble.adam %a0, %a1, %a2, %a3, %a4, %a5 {beta2 = -1.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}

// -----

func.func @needs_finite_positive_epsilon_5(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8x4xf32>, %a3: tensor<8x4xf32>, %a4: tensor<f32>, %a5: tensor<2xf32>) {
  // expected-error@+1 {{needs a finite, positive epsilon}}
  %0:3 = nibble.adam %a0, %a1, %a2, %a3, %a4, %a5 {epsilon = 0.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32>, tensor<2xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>)
  return
}
