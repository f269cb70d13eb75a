// RUN: nibble-opt --split-input-file --verify-diagnostics --nibble-lower-to-integers %s

func.func @unbound(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error@+1 {{@fc.weight has no value; run nibble-bind-weights first}}
  %w = nibble.param @fc.weight : tensor<2x2xf32>
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

!q = !quant.any<u8:f32>
func.func @not_frozen(%x: tensor<?x2xf32>, %r: tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  // expected-error@+1 {{has no constant scale; run nibble-freeze first}}
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!w = !quant.uniform<i8:f32, 0.5>
func.func @float_input(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true>, scales = array<f32: 0.5>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  // expected-error@+1 {{has quantised weights but a float input; quantise both}}
  %y = nibble.linear %x, %wq : (tensor<?x2xf32>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

!q = !quant.uniform<u8:f32, 0.5>
!w = !quant.uniform<u4:f32, 0.5:8>
func.func @asymmetric_weights(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = false, symmetric = false>, scales = array<f32: 0.5>, zero_points = array<i64: 8>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  // expected-error@+1 {{has asymmetric weights (a zero point other than 0); use a symmetric quantiser for weights}}
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

!q = !quant.uniform<i16:f32, 0.5>
func.func @sixteen_bits(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 16, isSigned = true>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 16, isSigned = true>, scales = array<f32: 0.5>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!q>>
  // expected-error@+1 {{multiplies 16-bit by 16-bit values}}
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// 600 products of up to 32767 * 127 pass 2^31.
!q = !quant.uniform<i16:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 1.0>
func.func @overflow(%x: tensor<?x600xf32>) -> tensor<?x1xf32> {
  %w = nibble.constant dense<127.0> : tensor<1x600xf32> : tensor<1x600xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 16, isSigned = true>, scales = array<f32: 0.5>} : (tensor<?x600xf32>) -> tensor<?x600xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 1.0>} : (tensor<1x600xf32>) -> tensor<1x600xf32, #nibble.grid<!w>>
  // expected-error@+1 {{can overflow its 32-bit accumulator: output channel 0 reaches -2496921600..2496845400 over 600 products (R5)}}
  %y = nibble.linear %xq, %wq : (tensor<?x600xf32, #nibble.grid<!q>>, tensor<1x600xf32, #nibble.grid<!w>>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

!q = !quant.uniform<u8:f32, 0.5>
func.func @fixed(%acc: tensor<?x2xi32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  // expected-error@+1 {{uses the fixed-point profile, for which there is no code; use the float profile (R6)}}
  %q = nibble.requantize %acc {multiplier = array<f32: 0.5>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>, profile = #nibble.profile<fixed>} : (tensor<?x2xi32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.uniform<u8:f32, 0.5>
func.func @product_of_activations(%x: tensor<?x2xf32>, %v: tensor<2x2xf32>) -> tensor<?x2xf32> {
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  // expected-note@+1 {{computed here by quantize; do this to the stored weights, or before they are quantised}}
  %vq = nibble.fake_quant %v {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!q>>
  // expected-error@+1 {{has weights that are computed at run time: only a parameter with a value or a constant, directly before its quantiser, can be packed}}
  %y = nibble.linear %xq, %vq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

!q = !quant.uniform<u8:f32, 0.5>
func.func @softmax_between(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  // expected-error@+1 {{works on float values between two quantisers: it has no integer form; keep it behind the last quantiser, or allow float ops}}
  %s = nibble.softmax %xq : (tensor<?x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %s {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.uniform<u16:f32, 1.0>
func.func @unsigned_sixteen() -> tensor<1xf32, #nibble.grid<!q>> {
  %w = nibble.constant dense<65535.0> : tensor<1xf32> : tensor<1xf32>
  // expected-error@+1 {{makes unsigned 16-bit constants, which have no storage type; use a signed quantiser}}
  %q = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 16, isSigned = false>, scales = array<f32: 1.0>} : (tensor<1xf32>) -> tensor<1xf32, #nibble.grid<!q>>
  return %q : tensor<1xf32, #nibble.grid<!q>>
}
