// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Normalisation, elementwise ops, pools, shape ops, softmax and loss.
func.func @batch_norm_normalises_over_last(%a0: tensor<4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{batch_norm normalises over the last dimension of a batch, got 'tensor<4xf32>'}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @batch_norm_channels_needs_f32(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<3xf32>) {
  // expected-error@+1 {{batch_norm of 4 channels needs f32 gamma, beta, mean and variance of that length, got 'tensor<3xf32>'}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @batch_norm_channels_needs_f32_2(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xi32>) {
  // expected-error@+1 {{batch_norm of 4 channels needs f32 gamma, beta, mean and variance of that length, got 'tensor<4xi32>'}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @operand_type_tensor_x(%a0: tensor<2x?xf32>, %a1: tensor<?xf32>, %a2: tensor<?xf32>, %a3: tensor<?xf32>, %a4: tensor<?xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<2x?xf32>' has a dynamic dimension 1; only dimension 0, the batch, may be dynamic}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 : (tensor<2x?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<2x?xf32>
  return
}

// -----

func.func @batch_norm_works_on_f32(%a0: tensor<?x4xi32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{batch_norm works on f32 values, got 'tensor<?x4xi32>'; dequantize it first}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 : (tensor<?x4xi32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @needs_finite_positive_epsilon(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a finite, positive epsilon}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 {epsilon = 0.0 : f32} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @needs_finite_positive_epsilon_2(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a finite, positive epsilon}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 {epsilon = 0x7FC00000 : f32} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @needs_finite_positive_epsilon_3(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs a finite, positive epsilon}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 {epsilon = 0x7F800000 : f32} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @needs_momentum_got(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>, %a2: tensor<4xf32>, %a3: tensor<4xf32>, %a4: tensor<4xf32>) {
  // expected-error@+1 {{needs momentum in [0, 1], got 1.5}}
  %0 = nibble.batch_norm %a0, %a1, %a2, %a3, %a4 {momentum = 1.5 : f32} : (tensor<?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @add_tensor_x4xf32_tensor(%x: tensor<?x4xf32>, %w: tensor<3xf32>) {
  // expected-error@+1 {{add of 'tensor<?x4xf32>' and 'tensor<3xf32>': the right side needs the same shape, one value per channel, or one value}}
  %0 = nibble.add %x, %w : (tensor<?x4xf32>, tensor<3xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @right_side_needs_same(%x: tensor<f32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{the right side needs the same shape}}
  %0 = nibble.add %x, %w : (tensor<f32>, tensor<4xf32>) -> tensor<f32>
  return
}

// -----

func.func @mul_tensor_x4xf32_tensor(%x: tensor<?x4xf32>, %w: tensor<?xf32>) {
  // expected-error@+1 {{mul of 'tensor<?x4xf32>' and 'tensor<?xf32>'}}
  %0 = nibble.mul %x, %w : (tensor<?x4xf32>, tensor<?xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @mul_works_on_f32(%x: tensor<?x4xf32>, %w: tensor<4xi32>) {
  // expected-error@+1 {{mul works on f32 values, got 'tensor<4xi32>'; dequantize it first}}
  %0 = nibble.mul %x, %w : (tensor<?x4xf32>, tensor<4xi32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @add_works_on_f32(%x: tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<4xf32>) {
  // expected-error@+1 {{add works on f32 values, got}}
  %0 = nibble.add %x, %w : (tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @operand_type_tensor_xf32(%x: tensor<4xf32, 5 : i32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<4xf32, 5 : i32>' has an encoding that is neither #nibble.grid nor #nibble.layout}}
  %0 = nibble.add %x, %w : (tensor<4xf32, 5 : i32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @relu_works_on_f32(%x: tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{relu works on f32 values, got}}
  %0 = nibble.relu %x : (tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<?x4xf32>
  return
}

// -----

func.func @clip_works_on_f32(%x: tensor<4xi32>) {
  // expected-error@+1 {{clip works on f32 values, got}}
  %0 = nibble.clip %x {lo = 0.0 : f32, hi = 1.0 : f32} : (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @needs_lo_hi_got(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs lo <= hi, got [2.000000e+00, 1.000000e+00]}}
  %0 = nibble.clip %x {lo = 2.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @needs_lo_hi_got_2(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs lo <= hi, got}}
  %0 = nibble.clip %x {lo = 0x7FC00000 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @max_pool2d_needs_input_rank(%x: tensor<?x8x8xf32>) {
  // expected-error@+1 {{max_pool2d needs an input of rank 4 (N, H, W, C), got 'tensor<?x8x8xf32>'}}
  %0 = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @avg_pool2d_needs_input_rank(%x: tensor<f32>) {
  // expected-error@+1 {{avg_pool2d needs an input of rank 4 (N, H, W, C), got 'tensor<f32>'}}
  %0 = nibble.avg_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<f32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @avg_pool2d_works_on_f32(%x: tensor<?x8x8x4xi32>) {
  // expected-error@+1 {{avg_pool2d works on f32 or quantised values, got 'tensor<?x8x8x4xi32>'}}
  %0 = nibble.avg_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xi32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @max_pool2d_needs_static_shapes(%x: tensor<?x?x8x4xf32>) {
  // expected-error@+1 {{max_pool2d needs static shapes but for the batch, got 'tensor<?x?x8x4xf32>'}}
  %0 = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x?x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @max_pool2d_needs_two_window(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{max_pool2d needs two window sizes and two strides of at least 1}}
  %0 = nibble.max_pool2d %x {window = array<i64>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @avg_pool2d_needs_two_window(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{avg_pool2d needs two window sizes and two strides of at least 1}}
  %0 = nibble.avg_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 0, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @max_pool2d_needs_two_window_2(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{max_pool2d needs two window sizes and two strides of at least 1}}
  %0 = nibble.max_pool2d %x {window = array<i64: -2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @max_pool2d_padding_as_large(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{max_pool2d has padding as large as its window: some windows would be empty}}
  %0 = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<2, 0, 0, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @max_pool2d_window_x_does(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{max_pool2d window 9 x 2 does not fit the padded image 8 x 8}}
  %0 = nibble.max_pool2d %x {window = array<i64: 9, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @does_fit_padded_image(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{does not fit the padded image (overflow) x 8}}
  %0 = nibble.max_pool2d %x {window = array<i64: 9223372036854775807, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<9223372036854775806, 0, 9223372036854775806, 0>} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  return
}

// -----

func.func @keeps_grid_with_one(%x: tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:2, {0.5, 0.25, 1.0, 2.0, 0.5, 0.25, 1.0, 2.0}>>>) {
  // expected-error@+1 {{keeps a grid with one scale per tensor or per channel, got scales along dimension 2}}
  %0 = nibble.max_pool2d %x {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:2, {0.5, 0.25, 1.0, 2.0, 0.5, 0.25, 1.0, 2.0}>>>) -> tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:2, {0.5, 0.25, 1.0, 2.0, 0.5, 0.25, 1.0, 2.0}>>>
  return
}

// -----

func.func @takes_no_padding_whether(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{takes no padding: whether padded taps count is ambiguous; pad first}}
  %0 = nibble.avg_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32>) -> tensor<?x9x9x4xf32>
  return
}

// -----

func.func @global_avg_pool_needs_input_rank(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{global_avg_pool needs an input of rank 4 (N, H, W, C), got 'tensor<?x4xf32>'}}
  %0 = nibble.global_avg_pool %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @global_avg_pool_works_on_f32(%x: tensor<?x8x8x4xi32>) {
  // expected-error@+1 {{global_avg_pool works on f32 or quantised values, got}}
  %0 = nibble.global_avg_pool %x : (tensor<?x8x8x4xi32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @operand_type_tensor_x_2(%x: tensor<?x?x8x4xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<?x?x8x4xf32>' has a dynamic dimension 1}}
  %0 = nibble.global_avg_pool %x : (tensor<?x?x8x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @keeps_element_type_got(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{keeps the element type, got 'tensor<?x4xf32>' to 'tensor<?x4xi32>'}}
  %0 = nibble.reshape %x : (tensor<?x4xf32>) -> tensor<?x4xi32>
  return
}

// -----

func.func @cannot_give_tensor_x4xf32(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{cannot give 'tensor<?x4xf32>' the shape of 'tensor<?x5xf32>': the number of elements differs}}
  %0 = nibble.reshape %x : (tensor<?x4xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @number_elements_differs(%x: tensor<?x?xf32>) {
  // expected-error@+1 {{the number of elements differs}}
  %0 = nibble.reshape %x : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @keeps_batch_as_first(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{keeps the batch as the first dimension, got}}
  %0 = nibble.reshape %x : (tensor<?x4xf32>) -> tensor<4x?xf32>
  return
}

// -----

func.func @operand_type_tensor_x4294967296xf32(%x: tensor<4294967296x4294967296xf32>) {
  // expected-error@+1 {{operand 0 of type 'tensor<4294967296x4294967296xf32>' has more than 2^40 elements}}
  %0 = nibble.reshape %x : (tensor<4294967296x4294967296xf32>) -> tensor<8589934592x2147483648xf32>
  return
}

// -----

func.func @keeps_grid_with_one_2(%x: tensor<2x4xf32, #nibble.grid<!quant.uniform<u8:f32:1, {0.5, 0.25, 1.0, 2.0}>>>) {
  // expected-error@+1 {{keeps a grid with one scale per tensor; this one has scales along dimension 1}}
  %0 = nibble.reshape %x : (tensor<2x4xf32, #nibble.grid<!quant.uniform<u8:f32:1, {0.5, 0.25, 1.0, 2.0}>>>) -> tensor<8xf32>
  return
}

// -----

func.func @keeps_grid_got(%x: tensor<2x4xf32>) {
  // expected-error@+1 {{keeps the grid (R7), got}}
  %0 = nibble.reshape %x : (tensor<2x4xf32>) -> tensor<8xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>
  return
}

// -----

func.func @keeps_grid_got_2(%x: tensor<2x4xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32, 0.5>>>) {
  // expected-error@+1 {{keeps the grid (R7), got}}
  %0 = nibble.reshape %x : (tensor<2x4xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32, 0.5>>>) -> tensor<8xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>
  return
}

// -----

func.func @concat_needs_at_least() {
  // expected-error@+1 {{concat needs at least one operand}}
  %0 = nibble.concat {axis = 1 : i64} : () -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_axis_dimension_tensor(%a0: tensor<?x4xf32>) {
  // expected-error@+1 {{concat axis 0 is not a dimension of 'tensor<?x4xf32>' behind the batch}}
  %0 = nibble.concat %a0 {axis = 0 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_axis_dimension(%a0: tensor<?x4xf32>) {
  // expected-error@+1 {{concat axis 2 is not a dimension of}}
  %0 = nibble.concat %a0 {axis = 2 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_axis_dimension_tensor_2(%a0: tensor<f32>) {
  // expected-error@+1 {{concat axis -1 is not a dimension of 'tensor<f32>'}}
  %0 = nibble.concat %a0 {axis = -1 : i64} : (tensor<f32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_works_on_f32(%a0: tensor<?x4xi32>) {
  // expected-error@+1 {{concat works on f32 or quantised values, got}}
  %0 = nibble.concat %a0 {axis = 1 : i64} : (tensor<?x4xi32>) -> tensor<?x4xi32>
  return
}

// -----

func.func @concat_operands_need_one(%a0: tensor<?x4xf32>, %a1: tensor<4xf32>) {
  // expected-error@+1 {{concat operands need one rank and element type, got 'tensor<?x4xf32>' and 'tensor<4xf32>'; requantise them to one grid first}}
  %0 = nibble.concat %a0, %a1 {axis = 1 : i64} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_operands_need_one_2(%a0: tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>, %a1: tensor<?x4x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{concat operands need one rank and element type}}
  %0 = nibble.concat %a0, %a1 {axis = 1 : i64} : (tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>, tensor<?x4x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_along_needs_equal(%a0: tensor<?x4xf32>, %a1: tensor<2x4xf32>) {
  // expected-error@+1 {{concat along 1 needs equal sizes elsewhere, got 'tensor<?x4xf32>' and 'tensor<2x4xf32>'}}
  %0 = nibble.concat %a0, %a1 {axis = 1 : i64} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_along_needs_static(%a0: tensor<?x4xf32>, %a1: tensor<?x?xf32>) {
  // expected-error@+1 {{concat along 1 needs static sizes there, and a sum of them that fits; got 'tensor<?x?xf32>'}}
  %0 = nibble.concat %a0, %a1 {axis = 1 : i64} : (tensor<?x4xf32>, tensor<?x?xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @concat_along_needs_static_2(%a0: tensor<?x9223372036854775807xf32>, %a1: tensor<?x9223372036854775807xf32>) {
  // expected-error@+1 {{concat along 1 needs static sizes there, and a sum of them that fits}}
  %0 = nibble.concat %a0, %a1 {axis = 1 : i64} : (tensor<?x9223372036854775807xf32>, tensor<?x9223372036854775807xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_tensor_rank_needs(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{pad of a tensor of rank 2 needs as many low and high sizes, got 1 and 1}}
  %0 = nibble.pad %x {low = array<i64: 0>, high = array<i64: 0>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_tensor_rank_needs_2(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{pad of a tensor of rank 2 needs as many low and high sizes, got 0 and 2}}
  %0 = nibble.pad %x {low = array<i64>, high = array<i64: 0, 0>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_works_on_f32(%x: tensor<?x4xi32>) {
  // expected-error@+1 {{pad works on f32 or quantised values, got}}
  %0 = nibble.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 1>} : (tensor<?x4xi32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_sizes_cannot_be(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{pad sizes cannot be negative, and the batch is not padded}}
  %0 = nibble.pad %x {low = array<i64: 0, -1>, high = array<i64: 0, 0>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_sizes_cannot_be_2(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{pad sizes cannot be negative, and the batch is not padded}}
  %0 = nibble.pad %x {low = array<i64: 1, 0>, high = array<i64: 0, 0>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_needs_static_dimension(%x: tensor<?x?xf32>) {
  // expected-error@+1 {{pad needs a static dimension 1 and a padded size that fits, got 'tensor<?x?xf32>' and 1, 0}}
  %0 = nibble.pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 0>} : (tensor<?x?xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @pad_needs_static_dimension_2(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{pad needs a static dimension 1 and a padded size that fits}}
  %0 = nibble.pad %x {low = array<i64: 0, 9223372036854775807>, high = array<i64: 0, 9223372036854775807>} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @on_grid_tensor_x4x(%x: tensor<?x4x!nibble.binary>) {
  // expected-error@+1 {{is not on the grid of 'tensor<?x4x!nibble.binary>'; a binary tensor is padded with +1 or -1}}
  %0 = nibble.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 1>} : (tensor<?x4x!nibble.binary>) -> tensor<?x5x!nibble.binary>
  return
}

// -----

func.func @on_grid(%x: tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{is not on the grid of}}
  %0 = nibble.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 1>, value = 0.3 : f32} : (tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<?x5x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @on_grid_2(%x: tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{is not on the grid of}}
  %0 = nibble.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 1>, value = 0x7FC00000 : f32} : (tensor<?x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<?x5x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @softmax_needs_last_dimension(%x: tensor<f32>) {
  // expected-error@+1 {{softmax needs a last dimension}}
  %0 = nibble.softmax %x : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_works_on_f32(%x: tensor<4xi32>) {
  // expected-error@+1 {{softmax works on f32 values, got}}
  %0 = nibble.softmax %x : (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @softmax_cross_entropy_needs_logits_rank(%x: tensor<4xf32>, %w: tensor<4xi32>) {
  // expected-error@+1 {{softmax_cross_entropy needs logits of rank 2 (N, classes), got 'tensor<4xf32>'}}
  %0 = nibble.softmax_cross_entropy %x, %w : (tensor<4xf32>, tensor<4xi32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_needs_labels_rank(%x: tensor<?x4xf32>, %w: tensor<i32>) {
  // expected-error@+1 {{softmax_cross_entropy needs labels of rank 1 (N), got 'tensor<i32>'}}
  %0 = nibble.softmax_cross_entropy %x, %w : (tensor<?x4xf32>, tensor<i32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_takes_i32_labels(%x: tensor<?x4xf32>, %w: tensor<?xf32>) {
  // expected-error@+1 {{softmax_cross_entropy takes i32 labels, got 'tensor<?xf32>'}}
  %0 = nibble.softmax_cross_entropy %x, %w : (tensor<?x4xf32>, tensor<?xf32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_takes_f32_logits(%x: tensor<?x4xi32>, %w: tensor<?xi32>) {
  // expected-error@+1 {{softmax_cross_entropy takes f32 logits, got 'tensor<?x4xi32>'}}
  %0 = nibble.softmax_cross_entropy %x, %w : (tensor<?x4xi32>, tensor<?xi32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_logits_labels_diff(%x: tensor<?x4xf32>, %w: tensor<3xi32>) {
  // expected-error@+1 {{softmax_cross_entropy has logits and labels of different batch: 'tensor<?x4xf32>' and 'tensor<3xi32>'}}
  %0 = nibble.softmax_cross_entropy %x, %w : (tensor<?x4xf32>, tensor<3xi32>) -> tensor<f32>
  return
}
