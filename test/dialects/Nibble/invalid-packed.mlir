// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// pack, unpack and tile.
func.func @goes_from_tensor_without(%x: tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{goes from a tensor without layout to one with a layout, got}}
  %0 = nibble.pack %x : (tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @goes_from_tensor_without_2(%x: tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>) {
  // expected-error@+1 {{goes from a tensor without layout to one with a layout, got}}
  %0 = nibble.pack %x : (tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>) -> tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>
  return
}

// -----

func.func @keeps_shape_element_type(%x: tensor<4x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{keeps shape and element type, got}}
  %0 = nibble.pack %x : (tensor<4x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>
  return
}

// -----

func.func @goes_from_tensor_with(%x: tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{goes from a tensor with a layout to one without, got}}
  %0 = nibble.unpack %x : (tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>) -> tensor<2x4x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @keeps_shape_element_type_2(%x: tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>) {
  // expected-error@+1 {{keeps shape and element type, got}}
  %0 = nibble.unpack %x : (tensor<2x4x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>) -> tensor<2x4x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @needs_two_window_sizes(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs two window sizes and two strides}}
  %0 = nibble.tile %x, %w {window = array<i64: 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @needs_two_window_sizes_2(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs two window sizes and two strides}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @needs_two_dilations_at(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs two dilations of at least 1}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 0, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @gives_pixels_of_dilated_window(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{gives 4 x 6 pixels an image}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 2, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @needs_strides_groups_at(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs strides and groups of at least 1}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 0, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @needs_strides_groups_at_2(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs strides and groups of at least 1}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = -1 : i64} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @takes_x_groups_got(%x: tensor<4x8x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{takes [N, H, W, C] x [O, KH, KW, C / groups] -> [N, OH, OW, O], got}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @do_fit_input(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{that do not fit input}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @do_fit_input_2(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{that do not fit input}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : i64} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @skips_padded_taps_which(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{skips padded taps, which is right for zeros only; pad with another value by nibble.pad in front}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x8x8x2xi32>
  return
}

// -----

func.func @gives_x_pixels_image(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{gives 6 x 6 pixels an image, got 'tensor<4x8x8x2xi32>'}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x8x8x2xi32>
  return
}

// -----

func.func @gives_x_pixels_image_2(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{gives -1 x 6 pixels an image}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<9223372036854775807, 0, 9223372036854775807, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @takes_operands_are_both(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2xf32>) {
  // expected-error@+1 {{takes operands that are both quantised or both f32, or f32 and weights with group scales, got}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2xf32>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @takes_operands_are_both_2(%x: tensor<4x8x8x2xi32>, %w: tensor<2x3x3x2xi32>) {
  // expected-error@+1 {{takes operands that are both quantised or both f32, or f32 and weights with group scales, got}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2xi32>, tensor<2x3x3x2xi32>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @residual_without_residual_multiplier_oth_3(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>, %r: tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{has a residual without residual_multiplier or the other way round}}
  %0 = nibble.tile %x, %w, residual(%r : tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @takes_residual_result_s_2(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>, %r: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>) {
  // expected-error@+1 {{takes a residual of the result's shape, got}}
  %0 = nibble.tile %x, %w, residual(%r : tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>) {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @residual_thresholds_but_no(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>, %r: tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{has a residual or thresholds but no epilogue: it needs multiplier, bias, lo and hi}}
  %0 = nibble.tile %x, %w, residual(%r : tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, residual_multiplier = 1.0 : f32} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @cannot_use_thresholds_with(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>, %r: tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{cannot use thresholds with a residual}}
  %0 = nibble.tile %x, %w, residual(%r : tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>) {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32, thresholds = array<i32: 1>, flips = array<i32: 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @needs_multiplier_bias_lo(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{needs multiplier, bias, lo and hi together}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @without_epilogue_gives_raw(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{without epilogue gives the raw accumulator (i32, or f32 of f32 operands and of group scales), got}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @with_epilogue_gives_f32(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{with an epilogue gives f32 or a quantised type, got 'tensor<4x6x6x2xi32>'}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2xi32>
  return
}

// -----

func.func @values_multiplier_channels(%x: tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, %w: tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) {
  // expected-error@+1 {{has 3 values of 'multiplier' for 2 channels}}
  %0 = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, multiplier = array<f32: 0.5, 0.5, 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<4x8x8x2x!quant.uniform<u8:f32, 0.125:3>>, tensor<2x3x3x2x!quant.uniform<i4<-7:7>:f32, 0.5>>) -> tensor<4x6x6x2x!quant.uniform<u4:f32, 0.25>>
  return
}
