// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Gradients of a training step written by hand.
func.func @gives_f32_values_without(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{gives f32 values without a grid, got result 0 of type}}
  %0 = nibble.relu_grad %a0, %a1 : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>
  return
}

// -----

func.func @needs_gradient_shape_got(%a0: tensor<?x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4], got 'tensor<?x4xf32>'}}
  %0:3 = nibble.batch_norm_grad %a0, %a1, %a2, %a3, %a4 : (tensor<?x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_input_gradient_shape(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs an input gradient of shape [8, 4], got 'tensor<8x3xf32>'}}
  %0:3 = nibble.batch_norm_grad %a0, %a1, %a2, %a3, %a4 : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<8x3xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @needs_gradient_rank_got(%a0: tensor<8x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{needs a gradient of rank 4 (N, OH, OW, O), got 'tensor<8x4xf32>'}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @needs_weights_rank_got(%a0: tensor<8x4x4x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{needs weights of rank 4 (O, KH, KW, I), got 'tensor<8x4xf32>'}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<8x4xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @needs_input_rank_got(%a0: tensor<8x4x4x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{needs an input of rank 4 (N, H, W, C), got 'tensor<8x4xf32>'}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_two_dilations_at(%a0: tensor<8x4x4x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{needs two dilations of at least 1}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, dilations = array<i64: 1, -1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @window_of_gradient_is_dilated(%a0: tensor<8x4x4x4xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{has a window 3 x 3 that does not fit input}}
  %0 = nibble.conv2d_grad_weight %a0, %a1 {strides = array<i64: 2, 2>, dilations = array<i64: 5, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<8x8x8x2xf32>) -> tensor<4x3x3x2xf32>
  return
}

// -----

func.func @needs_two_strides_at(%a0: tensor<8x4x4x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{needs two strides of at least 1}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 0, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @do_fit_input_tensor(%a0: tensor<8x4x4x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{that do not fit input 'tensor<8x8x8x2xf32>' in 3 groups}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>, groups = 3 : i64} : (tensor<8x4x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_2(%a0: tensor<8x3x4x4xf32>, %a1: tensor<4x3x3x2xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4, 4, 4], got 'tensor<8x3x4x4xf32>'}}
  %0 = nibble.conv2d_grad_input %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x3x4x4xf32>, tensor<4x3x3x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @window_x_does_fit(%a0: tensor<8x4x4x4xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{has a window 11 x 3 that does not fit input 'tensor<8x8x8x2xf32>'}}
  %0 = nibble.conv2d_grad_weight %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<8x8x8x2xf32>) -> tensor<4x11x3x2xf32>
  return
}

// -----

func.func @weights_tensor_x3x3x1xf32_do(%a0: tensor<8x4x4x4xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{has weights 'tensor<4x3x3x1xf32>' that do not fit input}}
  %0 = nibble.conv2d_grad_weight %a0, %a1 {strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<8x4x4x4xf32>, tensor<8x8x8x2xf32>) -> tensor<4x3x3x1xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_3(%a0: tensor<8x2x1xf32>, %a1: tensor<2x4xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 2], got 'tensor<8x2x1xf32>'}}
  %0 = nibble.linear_grad_input %a0, %a1 : (tensor<8x2x1xf32>, tensor<2x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_weights_rank_got_2(%a0: tensor<8x2xf32>, %a1: tensor<2xf32>) {
  // expected-error@+1 {{needs weights of rank 2 (O, I), got 'tensor<2xf32>'}}
  %0 = nibble.linear_grad_input %a0, %a1 : (tensor<8x2xf32>, tensor<2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @weights_tensor_x3xf32_do(%a0: tensor<8x2xf32>, %a1: tensor<2x3xf32>) {
  // expected-error@+1 {{has weights 'tensor<2x3xf32>' that do not fit input 'tensor<8x4xf32>'}}
  %0 = nibble.linear_grad_input %a0, %a1 : (tensor<8x2xf32>, tensor<2x3xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_input_rank_got_2(%a0: tensor<8x2xf32>, %a1: tensor<f32>) {
  // expected-error@+1 {{needs an input of rank 2 (N, I), got 'tensor<f32>'}}
  %0 = nibble.linear_grad_weight %a0, %a1 : (tensor<8x2xf32>, tensor<f32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @fake_quant_grad_scales_channels(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{fake_quant_grad has 2 scales for 1 channels}}
  %0 = nibble.fake_quant_grad %a0, %a1 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 1.0, 2.0>} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @takes_range_min_max_2(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<4xf32>) {
  // expected-error@+1 {{takes a range [min, max, seen] of type tensor<3xf32>, got 'tensor<4xf32>'}}
  %0 = nibble.fake_quant_grad %a0, %a1, %a2 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_4(%a0: tensor<8x3xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4], got 'tensor<8x3xf32>'}}
  %0 = nibble.fake_quant_grad %a0, %a1 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<8x3xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @ternarize_grad_per_channel_tensor(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{ternarize_grad per channel 5 of a tensor of rank 2}}
  %0 = nibble.ternarize_grad %a0, %a1 {axis = 5 : i64} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_result_shape_got(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{needs a result of shape [8, 4], got 'tensor<8x3xf32>'}}
  %0 = nibble.ternarize_grad %a0, %a1 : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x3xf32>
  return
}

// -----

func.func @needs_lo_hi_got_3(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{needs lo <= hi, got [1.000000e+00, -1.000000e+00]}}
  %0 = nibble.window_grad %a0, %a1 {lo = 1.0 : f32, hi = -1.0 : f32} : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_5(%a0: tensor<4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4], got 'tensor<4xf32>'}}
  %0 = nibble.window_grad %a0, %a1 {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @takes_f32_values_got(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{takes f32 values, got operand 1 of type 'tensor<8x4xi32>'}}
  %0 = nibble.relu_grad %a0, %a1 : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @gives_f32_values_without_2(%a0: tensor<8x4xf32>, %a1: tensor<8x4xf32>) {
  // expected-error@+1 {{gives f32 values without a grid, got result 0 of type 'tensor<8x4xi32>'}}
  %0 = nibble.relu_grad %a0, %a1 : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xi32>
  return
}

// -----

func.func @operand_type_tensor_x_3(%a0: tensor<8x?xf32>, %a1: tensor<8x?xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<8x?xf32>' has a dynamic dimension 1}}
  %0 = nibble.relu_grad %a0, %a1 : (tensor<8x?xf32>, tensor<8x?xf32>) -> tensor<8x?xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_6(%a0: tensor<8x2x2x2xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4, 4, 2], got 'tensor<8x2x2x2xf32>'}}
  %0 = nibble.max_pool2d_grad %a0, %a1 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<8x2x2x2xf32>, tensor<8x8x8x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @max_pool2d_grad_needs_two_window(%a0: tensor<8x4x4x2xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{max_pool2d_grad needs two window sizes and two strides of at least 1}}
  %0 = nibble.max_pool2d_grad %a0, %a1 {window = array<i64: 2, 2>, strides = array<i64: 0, 0>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<8x4x4x2xf32>, tensor<8x8x8x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @needs_result_shape_got_2(%a0: tensor<8x4x4x2xf32>, %a1: tensor<8x8x8x2xf32>) {
  // expected-error@+1 {{needs a result of shape [8, 8, 8, 2], got 'tensor<8x4xf32>'}}
  %0 = nibble.max_pool2d_grad %a0, %a1 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<8x4x4x2xf32>, tensor<8x8x8x2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @avg_pool2d_grad_needs_input_rank(%a0: tensor<8x4x4x2xf32>) {
  // expected-error@+1 {{avg_pool2d_grad needs an input of rank 4 (N, H, W, C), got 'tensor<8x4xf32>'}}
  %0 = nibble.avg_pool2d_grad %a0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<8x4x4x2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_gradient_shape_got_7(%a0: tensor<8x4x2x2xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 4, 4, 2], got 'tensor<8x4x2x2xf32>'}}
  %0 = nibble.avg_pool2d_grad %a0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<8x4x2x2xf32>) -> tensor<8x8x8x2xf32>
  return
}

// -----

func.func @needs_last_dimension_got(%a0: tensor<f32>, %a1: tensor<f32>) {
  // expected-error@+1 {{needs a last dimension, got 'tensor<f32>'}}
  %0 = nibble.softmax_grad %a0, %a1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @needs_gradient_shape_got_8(%a0: tensor<8x4xf32>, %a1: tensor<8x3xf32>) {
  // expected-error@+1 {{needs a gradient of shape [8, 3], got 'tensor<8x4xf32>'}}
  %0 = nibble.softmax_grad %a0, %a1 : (tensor<8x4xf32>, tensor<8x3xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_gradient_one_element(%a0: tensor<4xf32>, %a1: tensor<8x4xf32>, %a2: tensor<8xi32>) {
  // expected-error@+1 {{needs a gradient of one element, got 'tensor<4xf32>'}}
  %0 = nibble.softmax_cross_entropy_grad %a0, %a1, %a2 : (tensor<4xf32>, tensor<8x4xf32>, tensor<8xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_result_shape_got_3(%a0: tensor<f32>, %a1: tensor<8x4xf32>, %a2: tensor<8xi32>) {
  // expected-error@+1 {{needs a result of shape [8, 4], got 'tensor<4xf32>'}}
  %0 = nibble.softmax_cross_entropy_grad %a0, %a1, %a2 : (tensor<f32>, tensor<8x4xf32>, tensor<8xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @takes_i32_accumulators_f32_2(%a0: tensor<8x4xf32>, %a1: tensor<8x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{takes i32 accumulators or f32, got}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 1.0>} : (tensor<8x4xf32>, tensor<8x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<8x4xf32>
  return
}

// -----

func.func @residual_without_residual_multiplier_oth_4(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>, %a2: tensor<8x4xf32>) {
  // expected-error@+1 {{has a residual without residual_multiplier or the other way round}}
  %0 = nibble.requantize_grad %a0, %a1, %a2 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 1.0>} : (tensor<8x4xf32>, tensor<8x4xi32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @values_multiplier_channels_give_2(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{has 0 values of 'multiplier' for 4 channels; give one per channel or one}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 1.0>} : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @values_factors_channels(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{has 2 values of 'factors' for 4 channels}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 1.0, 2.0>} : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @value_factors_finite(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{has a value of 'factors' that is not finite}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 0x7F800000>} : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @value_lo_number(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{has a value of 'lo' that is not a number}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0x7FC00000>, hi = array<f32: 1.0>, factors = array<f32: 1.0>} : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @needs_result_shape_got_4(%a0: tensor<8x4xf32>, %a1: tensor<8x4xi32>) {
  // expected-error@+1 {{needs a result of shape [8, 4], got 'tensor<8xf32>'}}
  %0 = nibble.requantize_grad %a0, %a1 {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, factors = array<f32: 1.0>} : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8xf32>
  return
}
