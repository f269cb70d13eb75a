// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// quantize, dequantize, requantize.

func.func @goes_from_f32_quantised(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{goes from f32 to a quantised element type, got 'tensor<2x3xf32>' to 'tensor<2x3xf32>'}}
  %0 = nibble.quantize %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @keeps_shape_got(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{keeps the shape, got}}
  %0 = nibble.quantize %x : (tensor<2x3xf32>) -> tensor<3x2x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @needs_scale_result_type(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{needs a scale in its result type: freeze the graph first (nibble-freeze)}}
  %0 = nibble.quantize %x : (tensor<2x3xf32>) -> tensor<2x3x!quant.any<u8:f32>>
  return
}

// -----

func.func @dequantize_takes_quantised_element(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{dequantize takes a quantised element type, got 'tensor<2x3xf32>'}}
  %0 = nibble.dequantize %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @takes_i32_accumulators_f32(%x: tensor<?x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{takes i32 accumulators or f32, got}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2x!quant.uniform<u4:f32, 0.25>>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @keeps_shape_got_2(%x: tensor<2x2xi32>) {
  // expected-error@+1 {{keeps the shape, got}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<2x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @gives_f32_quantised_type(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{gives f32 or a quantised type, got 'tensor<?x2xi32>'}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2xi32>
  return
}

// -----

func.func @residual_without_residual_multiplier_oth(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has a residual without residual_multiplier or the other way round}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @residual_without_residual_multiplier_oth_2(%x: tensor<?x2xi32>, %w: tensor<?x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{has a residual without residual_multiplier or the other way round}}
  %0 = nibble.requantize %x, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>, tensor<?x2x!quant.uniform<u4:f32, 0.25>>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @takes_residual_result_s(%x: tensor<?x2xi32>, %w: tensor<?x1x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{takes a residual of the result's shape, got}}
  %0 = nibble.requantize %x, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x1x!quant.uniform<u4:f32, 0.25>>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @takes_residual_f32_grid(%x: tensor<?x2xi32>, %w: tensor<?x2x!quant.any<u8:f32>>) {
  // expected-error@+1 {{takes a residual of f32 or of a grid with known scales, got}}
  %0 = nibble.requantize %x, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x2x!quant.any<u8:f32>>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @takes_residual_f32_grid_2(%x: tensor<?x2xi32>, %w: tensor<?x2xi32>) {
  // expected-error@+1 {{takes a residual of f32 or of a grid with known scales, got 'tensor<?x2xi32>'}}
  %0 = nibble.requantize %x, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @residual_multiplier_finite(%x: tensor<?x2xi32>, %w: tensor<?x2x!quant.uniform<u4:f32, 0.25>>) {
  // expected-error@+1 {{has a residual_multiplier that is not finite}}
  %0 = nibble.requantize %x, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, residual_multiplier = 0x7F800000 : f32} : (tensor<?x2xi32>, tensor<?x2x!quant.uniform<u4:f32, 0.25>>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @values_multiplier_channels_give(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has 3 values of 'multiplier' for 2 channels; give one per channel or one}}
  %0 = nibble.requantize %x {multiplier = array<f32: 1.0, 2.0, 3.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @values_bias_channels_give(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has 0 values of 'bias' for 2 channels; give one per channel or one}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @values_lo_channels(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has 0 values of 'lo' for 2 channels}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @values_hi_channels(%x: tensor<?xi32>) {
  // expected-error@+1 {{has 2 values of 'hi' for ? channels}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0, 2.0>} : (tensor<?xi32>) -> tensor<?xf32>
  return
}

// -----

func.func @multiplier_bias_finite(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has a multiplier or bias that is not finite}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0x7FC00000>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @needs_known_scale_result(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{needs a known scale in its result type}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.any<u8:f32>>
  return
}

// -----

func.func @empty_clamp_range_e(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has an empty clamp range [1.600000e+01, 1.500000e+01] in channel 1}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0, 16.0>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @empty_clamp_range(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has an empty clamp range}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0x7FC00000>, hi = array<f32: 15.0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @clamps_channel_e_e(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{clamps channel 0 to [0.000000e+00, 7.500000e+00], which is not a range of integers of the grid [0, 15]}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 7.5>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @which_range_integers_grid(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{which is not a range of integers of the grid [0, 15]}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @thresholds_without_flips_flips(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has thresholds without flips or flips without thresholds}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, thresholds = array<i32: 1>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  return
}

// -----

func.func @thresholds_but_no_binary(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has thresholds but no binary result}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, thresholds = array<i32: 1>, flips = array<i32: 0>} : (tensor<?x2xi32>) -> tensor<?x2x!quant.uniform<u4:f32, 0.25>>
  return
}

// -----

func.func @thresholds_flips(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has 1 thresholds and 2 flips}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, thresholds = array<i32: 1>, flips = array<i32: 0, 0>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  return
}

// -----

func.func @values_thresholds_channels(%x: tensor<?x2xi32>) {
  // expected-error@+1 {{has 3 values of 'thresholds' for 2 channels}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, thresholds = array<i32: 1, 2, 3>, flips = array<i32: 0, 0, 0>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  return
}

// -----

func.func @with_thresholds_takes_i32(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{with thresholds takes i32 accumulators and no residual}}
  %0 = nibble.requantize %x {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, thresholds = array<i32: 1>, flips = array<i32: 0>} : (tensor<?x2xf32>) -> tensor<?x2x!nibble.binary>
  return
}
