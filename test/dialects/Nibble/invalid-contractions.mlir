// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// conv2d and linear.
func.func @conv2d_needs_input_rank(%x: tensor<?x8x8xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs an input of rank 4 (N, H, W, C), got 'tensor<?x8x8xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_input_rank_2(%x: tensor<f32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs an input of rank 4 (N, H, W, C), got 'tensor<f32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<f32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_weights_rank(%x: tensor<?x8x8x4xf32>, %w: tensor<2x4xf32>) {
  // expected-error@+1 {{conv2d needs weights of rank 4 (O, H, W, I), got 'tensor<2x4xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_operand_must_be(%x: tensor<*xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{'nibble.conv2d' op operand #0 must be ranked tensor of any type values, but got 'tensor<*xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<*xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_two_strides(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs two strides of at least 1}}
  %0 = nibble.conv2d %x, %w {strides = array<i64>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_two_strides_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs two strides of at least 1}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 0, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_two_strides_3(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs two strides of at least 1}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, -1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_two_dilations(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs two dilations of at least 1 (1: taps lie side by side)}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_two_dilations_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs two dilations of at least 1}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 0>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_dilated_window(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d window 3 x 3 with dilation 1 x 4 does not fit the padded image 8 x 8}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 4>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_dilated_window_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d window 3 x 3 with dilation 9223372036854775807 x 1 does not fit the padded image 8 x 8}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 9223372036854775807, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_static_shapes(%x: tensor<?x?x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs static shapes but for the batch, got 'tensor<?x?x8x4xf32>' and 'tensor<2x3x3x4xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x?x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_needs_static_shapes_2(%x: tensor<?x8x8x4xf32>, %w: tensor<?x3x3x4xf32>) {
  // expected-error@+1 {{conv2d needs static shapes but for the batch}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<?x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_with_groups_does(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d with 0 groups does not divide 4 input and 2 output channels}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 0 : i64} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_with_groups_does_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d with -1 groups does not divide 4 input and 2 output channels}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = -1 : i64} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_with_groups_does_3(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d with 4 groups does not divide 4 input and 2 output channels}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 4 : i64} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_weights_have_input(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x1xf32>) {
  // expected-error@+1 {{conv2d weights have 1 input channels, but the input has 4; weights are [O, H, W, I / groups]}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x1xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_weights_have_input_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d weights have 4 input channels, but the input has 4 in 2 groups; weights are [O, H, W, I / groups]}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : i64} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_window_x_does(%x: tensor<?x8x8x4xf32>, %w: tensor<2x11x3x4xf32>) {
  // expected-error@+1 {{conv2d window 11 x 3 does not fit the padded image 10 x 10}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32>, tensor<2x11x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_window_x_does_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d window 3 x 3 does not fit the padded image (overflow) x 10}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<9223372036854775807, 1, 9223372036854775807, 1>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @result_type_tensor_x1000000000006x6x2xf3(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d pads its image to 1000000000008 x 8 x 4; at most 2^40 elements}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1000000000000, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x1000000000006x6x2xf32>
  return
}

// -----

func.func @padded_image(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d pads its image to 8 x 3000000008 x 4; at most 2^40 elements and 2147483647 rows and columns are possible}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1000000000>, padding = #nibble.padding<0, 0, 0, 3000000000>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x4x2xf32>
  return
}

// -----

func.func @result_of_more_than_2_to_40_elements(%x: tensor<?x1024x1024x1xf32>, %w: tensor<2000000x1x1x1xf32>) {
  // expected-error@+1 {{result 0 of type 'tensor<?x1024x1024x2000000xf32>' has more than 2^40 elements}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1024x1024x1xf32>, tensor<2000000x1x1x1xf32>) -> tensor<?x1024x1024x2000000xf32>
  return
}

// -----

func.func @padded_image_2(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d pads its image to 1000008 x 1000008 x 4; at most 2^40 elements}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1000000, 1000000>, padding = #nibble.padding<1000000, 1000000, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x2x2x2xf32>
  return
}

// -----

func.func @dimension_of_more_than_32_bits(%x: tensor<?x1x2147483648x1xf32>, %w: tensor<2x1x1x1xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<?x1x2147483648x1xf32>' has a dimension 2 of 2147483648; sizes are at most 2147483647}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x2147483648x1xf32>, tensor<2x1x1x1xf32>) -> tensor<?x1x2147483648x2xf32>
  return
}

// -----

func.func @operand_type_tensor_x0x8x4xf32(%x: tensor<?x0x8x4xf32>, %w: tensor<2x1x1x4xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<?x0x8x4xf32>' has no elements: its dimension 1 is empty}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 0, 0, 0>} : (tensor<?x0x8x4xf32>, tensor<2x1x1x4xf32>) -> tensor<?x1x8x2xf32>
  return
}

// -----

func.func @conv2d_one_quantised_one(%x: tensor<?x8x8x4x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d has one quantised and one float operand (}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @conv2d_can_give_integer(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d can give integer accumulators only if both operands lie on a grid}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, accumulate} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xi32>
  return
}

// -----

func.func @conv2d_takes_f32_quantised(%x: tensor<?x8x8x4xi32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{conv2d takes f32 or quantised operands, got 'tensor<?x8x8x4xi32>' and 'tensor<2x3x3x4xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xi32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @gives_tensor_x6x6x2xf32_tensor(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{gives 'tensor<?x6x6x2xf32>', not 'tensor<?x8x8x2xf32>'}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  return
}

// -----

func.func @cannot_stay_binary_zero(%x: tensor<?x8x8x4xf32, #nibble.grid<!nibble.binary>>, %w: tensor<2x3x3x4xf32, #nibble.grid<!nibble.binary>>) {
  // expected-error@+2 {{cannot stay binary: zero padding adds a third value to {-1, +1}}}
  // expected-note@+1 {{use Pad::same_plus_one, or keep this layer in 8 bits}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32, #nibble.grid<!nibble.binary>>, tensor<2x3x3x4xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x8x8x2xf32>
  return
}

// -----

func.func @pads_with_which_only(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{pads with -1, which only a binary input may; use zero padding}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, minus_one>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  return
}

// -----

func.func @pads_with_which_only_2(%x: tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{pads with +1, which only a binary input may; use zero padding}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>} : (tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  return
}

// -----

func.func @binary_input_zero_padding(%x: tensor<?x8x8x4xf32, #nibble.grid<!nibble.binary>>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+2 {{has a binary input and zero padding, which adds a third value to {-1, +1}}}
  // expected-note@+1 {{use Pad::same_plus_one}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32, #nibble.grid<!nibble.binary>>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  return
}

// -----

func.func @takes_activations_with_one(%x: tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>, %w: tensor<2x3x3x4xf32>) {
  // expected-error@+1 {{takes activations with one scale per tensor; a scale per channel (dimension 3) lies along the sum: multiply it into the weights before they are quantised}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @takes_weights_with_scales(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32, #nibble.grid<!quant.uniform<i4:f32:3, {0.5, 0.25, 1.0, 2.0}>>>) {
  // expected-error@+1 {{takes weights with scales per output channel (dimension 0); dimension 3 lies along the sum}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32, #nibble.grid<!quant.uniform<i4:f32:3, {0.5, 0.25, 1.0, 2.0}>>>) -> tensor<?x6x6x2xf32>
  return
}

// -----

func.func @linear_needs_input_rank(%x: tensor<?x8x8x4xf32>, %w: tensor<2x4xf32>) {
  // expected-error@+1 {{linear needs an input of rank 2 (N, I; flatten() a feature map first), got 'tensor<?x8x8x4xf32>'}}
  %0 = nibble.linear %x, %w : (tensor<?x8x8x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_needs_weights_rank(%x: tensor<?x4xf32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{linear needs weights of rank 2 (O, I), got 'tensor<4xf32>'}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_needs_static_shapes(%x: tensor<?x?xf32>, %w: tensor<2x4xf32>) {
  // expected-error@+1 {{linear needs static shapes but for the batch}}
  %0 = nibble.linear %x, %w : (tensor<?x?xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_needs_static_shapes_2(%x: tensor<?x4xf32>, %w: tensor<?x4xf32>) {
  // expected-error@+1 {{linear needs static shapes but for the batch}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_weights_take_inputs(%x: tensor<?x4xf32>, %w: tensor<2x5xf32>) {
  // expected-error@+1 {{linear weights take 5 inputs, but the input has 4; weights are [O, I]}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<2x5xf32>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_one_quantised_one(%x: tensor<?x4xf32>, %w: tensor<2x4x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{linear has one quantised and one float operand (}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<2x4x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_can_give_integer(%x: tensor<?x4xf32>, %w: tensor<2x4xf32>) {
  // expected-error@+1 {{linear can give integer accumulators only if both operands lie on a grid}}
  %0 = nibble.linear %x, %w {accumulate} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xi32>
  return
}

// -----

func.func @linear_takes_f32_quantised(%x: tensor<?x4xf64>, %w: tensor<2x4xf64>) {
  // expected-error@+1 {{linear takes f32 or quantised operands, got}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf64>, tensor<2x4xf64>) -> tensor<?x2xf64>
  return
}

// -----

func.func @takes_weights_with_scales_2(%x: tensor<?x4xf32>, %w: tensor<2x4xf32, #nibble.grid<!quant.uniform<i4:f32:1, {0.5, 0.25, 1.0, 2.0}>>>) {
  // expected-error@+1 {{takes weights with scales per output channel (dimension 0); dimension 1 lies along the sum}}
  %0 = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<2x4xf32, #nibble.grid<!quant.uniform<i4:f32:1, {0.5, 0.25, 1.0, 2.0}>>>) -> tensor<?x2xf32>
  return
}
