// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Parameters, constants, quantisers, conversions.
func.func @needs_name_example_conv1() {
  // expected-error@+1 {{needs a name, for example @conv1.weight}}
  %0 = nibble.param @"" : tensor<2xf32>
  return
}

// -----

func.func @w_needs_static_shape() {
  // expected-error@+1 {{@w needs a static shape, got 'tensor<?xf32>'}}
  %0 = nibble.param @w : tensor<?xf32>
  return
}

// -----

func.func @result_type_tensor_xf64() {
  // expected-error@+1 {{result 0 of type 'tensor<2xf64>' has elements of 'f64'; use f32, i32 or a quantised type}}
  %0 = nibble.param @w : tensor<2xf64>
  return
}

// -----

func.func @result_type_tensor_x0xf32() {
  // expected-error@+1 {{result 0 of type 'tensor<2x0xf32>' has no elements: its dimension 1 is empty}}
  %0 = nibble.param @w : tensor<2x0xf32>
  return
}

// -----

func.func @result_type_tensor_xf32() {
  // expected-error@+1 {{result 0 of type 'tensor<1099511627777xf32>' has more than 2^40 elements}}
  %0 = nibble.param @w : tensor<1099511627777xf32>
  return
}

// -----

func.func @more_than_elements() {
  // expected-error@+1 {{has more than 2^40 elements}}
  %0 = nibble.param @w : tensor<4294967296x4294967296xf32>
  return
}

// -----

func.func @needs_static_shape_got() {
  // expected-error@+1 {{needs a static shape, got 'tensor<?xf32>'}}
  %0 = nibble.constant dense<0.0> : tensor<2xf32> : tensor<?xf32>
  return
}

// -----

func.func @holds_tensor_got_vector() {
  // expected-error@+1 {{holds a tensor, got 'vector<2xf32>'}}
  %0 = nibble.constant dense<0.0> : vector<2xf32> : tensor<2xf32>
  return
}

// -----

func.func @holds_dense_dense_resource_numbers() {
  // expected-error@+1 {{holds dense<...> or dense_resource<...> of numbers, got sparse}}
  %0 = nibble.constant sparse<0, 1.0> : tensor<2xf32> : tensor<2xf32>
  return
}

// -----

func.func @holds_tensor_got() {
  // expected-error@+1 {{holds a tensor, got}}
  %0 = nibble.constant array<f32: 1.0, 2.0> : tensor<2xf32>
  return
}

// -----

func.func @names_resource_missing_which() {
  // expected-error@+1 {{names the resource 'missing', which has no data}}
  %0 = nibble.constant dense_resource<missing> : tensor<2xf32> : tensor<2xf32>
  return
}

// -----

func.func @holds_value_shape_result() {
  // expected-error@+1 {{holds a value of shape [3] for a result of shape [2]}}
  %0 = nibble.constant dense<0.0> : tensor<3xf32> : tensor<2xf32>
  return
}

// -----

func.func @quantised_type_holds_integers() {
  // expected-error@+1 {{of a quantised type holds integers (i8 or i16), got 'i32'}}
  %0 = nibble.constant dense<0> : tensor<2xi32> : tensor<2x!quant.uniform<u8:f32, 0.125:3>>
  return
}

// -----

func.func @holds_i32_result_f32() {
  // expected-error@+1 {{holds 'i32' for a result of 'f32'}}
  %0 = nibble.constant dense<0> : tensor<2xi32> : tensor<2xf32>
  return
}

// -----

func.func @with_layout_holds_bytes() {
  // expected-error@+1 {{with a layout holds bytes (i8), got 'i16'}}
  %0 = nibble.constant dense<0> : tensor<2xi16> : tensor<2x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0], word = 8, bits = 8">>
  return
}

// -----

func.func @holds_bytes_but_layout() {
  // expected-error@+1 {{holds 3 bytes, but its layout needs 2}}
  %0 = nibble.constant dense<0> : tensor<3xi8> : tensor<2x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0], word = 8, bits = 8">>
  return
}

// -----

func.func @layout_does_fit() {
  // expected-error@+1 {{has a layout that does not fit: }}
  %0 = nibble.constant dense<0> : tensor<3xi8> : tensor<1000000000000x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0], word = 16, bits = 16">>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false>
func.func @fake_quant_takes_f32_values(%x: tensor<2xi32>) {
  // expected-error@+1 {{fake_quant takes f32 values, got 'tensor<2xi32>'}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 2>
func.func @fake_quant_per_channel_tensor(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant per channel 2 of a tensor of rank 2}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 0>
func.func @fake_quant_per_channel_tensor_2(%x: tensor<f32>) {
  // expected-error@+1 {{fake_quant per channel 0 of a tensor of rank 0}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 0>
func.func @fake_quant_per_channel_needs(%x: tensor<?x3xf32>) {
  // expected-error@+1 {{fake_quant per channel 0 needs a static size there, got 'tensor<?x3xf32>'; use one scale per tensor}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<?x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 0>
func.func @fake_quant_scales_channels(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has 1 scales for 2 channels}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 1.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @fake_quant_scales_channels_2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has 0 scales for 1 channels}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @fake_quant_scale_e_positive(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant scale 0.000000e+00 is not a positive normal number}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @fake_quant_scale_e_positive_2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant scale -1.000000e+00 is not a positive normal number}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: -1.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @positive_normal_number(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{is not a positive normal number}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0x7FC00000>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @positive_normal_number_2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{is not a positive normal number}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0x7F800000>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true>
func.func @positive_normal_number_3(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{is not a positive normal number}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 1.0e-40>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
func.func @fake_quant_zero_points_scales(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has 0 zero points for 1 scales}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0.5>, zero_points = array<i64>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
func.func @fake_quant_zero_point_outside(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has zero point 256 outside of its grid [0, 255]}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0.5>, zero_points = array<i64: 256>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false>
func.func @fake_quant_zero_point_but(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has zero point 3 but is symmetric [0, 255]}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 0.5>, zero_points = array<i64: 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
func.func @fake_quant_zero_points_but(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{fake_quant has zero points but no scales}}
  %0 = nibble.fake_quant %x {quantizer = #q, zero_points = array<i64: 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false>
func.func @takes_range_min_max(%x: tensor<2x3xf32>, %r: tensor<2xf32>) {
  // expected-error@+1 {{takes a range [min, max, seen] of type tensor<3xf32>, got 'tensor<2xf32>'}}
  %0 = nibble.fake_quant %x, %r {quantizer = #q} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false>
func.func @both_range_frozen_scales(%x: tensor<2x3xf32>, %r: tensor<3xf32>) {
  // expected-error@+1 {{has both a range and frozen scales: drop one}}
  %0 = nibble.fake_quant %x, %r {quantizer = #q, scales = array<f32: 0.5>} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.uniform<u8:f32, 0.5>>>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 0>
func.func @with_range_one_scale(%x: tensor<2x3xf32>, %r: tensor<3xf32>) {
  // expected-error@+1 {{with a range has one scale per tensor: drop the axis}}
  %0 = nibble.fake_quant %x, %r {quantizer = #q} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<i4<-8:7>:f32>>>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
func.func @without_range_scales_takes(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{without range or scales takes its scale from max|x| and must be symmetric (R1)}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  return
}

// -----

func.func @sign_takes_f32_values(%x: tensor<2xi32>) {
  // expected-error@+1 {{sign takes f32 values, got 'tensor<2xi32>'}}
  %0 = nibble.sign %x : (tensor<2xi32>) -> tensor<2xf32, #nibble.grid<!nibble.binary>>
  return
}

// -----

func.func @ternarize_takes_f32_values(%x: tensor<2xi32>) {
  // expected-error@+1 {{ternarize takes f32 values, got 'tensor<2xi32>'}}
  %0 = nibble.ternarize %x : (tensor<2xi32>) -> tensor<2xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_per_channel_tensor(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{ternarize per channel 2 of a tensor of rank 2}}
  %0 = nibble.ternarize %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_per_channel_tensor_2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{ternarize per channel -1 of a tensor of rank 2}}
  %0 = nibble.ternarize %x {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_per_channel_needs(%x: tensor<?x3xf32>) {
  // expected-error@+1 {{ternarize per channel 0 needs a static size there}}
  %0 = nibble.ternarize %x {axis = 0 : i64} : (tensor<?x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_scales_channels(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{ternarize has 1 scales for 2 channels}}
  %0 = nibble.ternarize %x {axis = 0 : i64, scales = array<f32: 1.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_scale_e_positive(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{ternarize scale -1.000000e+00 is not a positive normal number}}
  %0 = nibble.ternarize %x {scales = array<f32: -1.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

func.func @ternarize_with_fixed_rule(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{ternarize with the fixed rule needs scales}}
  %0 = nibble.ternarize %x {rule = #nibble.ternary_rule<fixed>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  return
}

// -----

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
