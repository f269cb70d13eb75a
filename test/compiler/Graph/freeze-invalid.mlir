// RUN: nibble-opt --split-input-file --verify-diagnostics --nibble-freeze %s

// expected-error@+1 {{the weights do not fit the model; missing: fc.weight [2, 2], fc.bias [2]}}
module {
  func.func @missing(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = nibble.param @fc.weight : tensor<2x2xf32>
    %b = nibble.param @fc.bias : tensor<2xf32>
    %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
    %z = nibble.add %y, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
    return %z : tensor<?x2xf32>
  }
}

// -----

!q = !quant.any<u8:f32>
func.func @unseen(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %r = nibble.constant dense<0.0> : tensor<3xf32> : tensor<3xf32>
  // expected-error@+1 {{its range has seen no batch; train or calibrate the model first}}
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.any<u8:f32>
func.func @infinite(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %r = nibble.constant dense<[0.0, 0x7F800000, 1.0]> : tensor<3xf32> : tensor<3xf32>
  // expected-error@+1 {{is not finite}}
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.any<u8:f32>
func.func @no_range(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  // expected-error@+1 {{its operand is computed at run time; give an activation quantiser a range}}
  %q = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

func.func @ternary_activation(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.ternary>> {
  // expected-error@+1 {{use the fixed rule with a scale for activations}}
  %q = nibble.ternarize %x : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.ternary>>
  return %q : tensor<?x2xf32, #nibble.grid<!nibble.ternary>>
}

// -----

func.func @not_finite(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %b = nibble.constant dense<[0.0, 0x7FC00000]> : tensor<2xf32> : tensor<2xf32>
  // expected-error@+1 {{channel 1 cannot be frozen: the folded scale or offset of a channel is not a finite f32}}
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  %z = nibble.add %y, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}

// -----

!q = !quant.any<u8:f32>
func.func @reversed(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %r = nibble.constant dense<[3.0, -3.0, 1.0]> : tensor<3xf32> : tensor<3xf32>
  // expected-error@+1 {{its range [3.000000e+00, -3.000000e+00] ends before it starts; ranges are [min, max, batches seen]}}
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.any<u8:f32>
func.func @only_zeros(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %r = nibble.constant dense<[0.0, 0.0, 1.0]> : tensor<3xf32> : tensor<3xf32>
  // expected-warning@+1 {{fake_quant has the range [0, 0]: every value that it has observed was 0 (or NaN, which ranges skip)}}
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

!q = !quant.any<i8<-127:127>:f32>
func.func @infinite_weight() -> tensor<2x2xf32, #nibble.grid<!q>> {
  %w = nibble.constant dense<[[0.0, 1.0], [0x7F800000, 2.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  // expected-error@+1 {{cannot be frozen: its operand has a value that is no finite number, inf at [1, 0]}}
  %q = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!q>>
  return %q : tensor<2x2xf32, #nibble.grid<!q>>
}

// -----

func.func @ternary_nan() -> tensor<2xf32, #nibble.grid<!nibble.ternary>> {
  %w = nibble.constant dense<[1.0, 0x7FC00000]> : tensor<2xf32> : tensor<2xf32>
  // expected-error@+1 {{cannot be frozen: its operand has a value that is no finite number, nan at [1]}}
  %q = nibble.ternarize %w : (tensor<2xf32>) -> tensor<2xf32, #nibble.grid<!nibble.ternary>>
  return %q : tensor<2xf32, #nibble.grid<!nibble.ternary>>
}

// -----

!q = !quant.any<i8<-127:127>:f32>
func.func @arithmetic() -> tensor<2xf32, #nibble.grid<!q>> {
  %w = nibble.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  // expected-note@+1 {{computed here; store weights that have this done already, or do it to the layer's result}}
  %twice = nibble.add %w, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-error@+1 {{its scale is max|x| of a parameter or constant, but its operand is computed from parameters by add; quantise the parameter itself, reshaped at most}}
  %q = nibble.fake_quant %twice {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>} : (tensor<2xf32>) -> tensor<2xf32, #nibble.grid<!q>>
  return %q : tensor<2xf32, #nibble.grid<!q>>
}
