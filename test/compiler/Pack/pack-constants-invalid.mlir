// RUN: nibble-opt %s --nibble-pack-constants --split-input-file --verify-diagnostics

!w8 = !quant.uniform<i8<-127:127>:f32, 5.000000e-01>
#nibbles = #nibble.layout<"order = [0], word = 8, bits = 4">
func.func @range() -> tensor<2x!w8, #nibbles> {
  %w = nibble.constant dense<[1, 9]> : tensor<2xi8> : tensor<2x!w8>
  // expected-error@+1 {{cannot pack its constant: value 9 at [1] does not fit the layout, which holds -8 to 7}}
  %0 = nibble.pack %w : (tensor<2x!w8>) -> tensor<2x!w8, #nibbles>
  return %0 : tensor<2x!w8, #nibbles>
}

// -----

#floats = #nibble.layout<"order = [0], word = 32, bits = 32">
func.func @unreadable() -> tensor<4xf32, #floats> {
  %w = nibble.constant dense_resource<missing> : tensor<4xf32> : tensor<4xf32>
  // expected-error@+1 {{cannot read its constant of 'f32' elements}}
  %0 = nibble.pack %w : (tensor<4xf32>) -> tensor<4xf32, #floats>
  return %0 : tensor<4xf32, #floats>
}
