// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Parameters, constants, quantisers.

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

func.func @invalid_kind_attribute_specified() {
  // expected-error@+1 {{invalid kind of attribute specified}}
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
  %0 = nibble.constant dense<0> : tensor<3xi8> : tensor<1000000x1000000x!quant.uniform<u8:f32, 0.125:3>, #nibble.layout<"order = [0, 1], word = 16, bits = 16">>
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

func.func @resource_of_another_size() {
  // expected-error@+1 {{has a resource of 4 bytes, which does not fill 'tensor<2xf32>'}}
  %0 = nibble.constant dense_resource<blob> : tensor<2xf32> : tensor<2xf32>
  return
}
{-# dialect_resources: { builtin: { blob: "0x040000000000003F" } } #-}
