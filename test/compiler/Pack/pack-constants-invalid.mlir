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

!b = !nibble.binary
#words = #nibble.layout<"order = [0], word = 16, bits = 16, code = unsigned">
func.func @code() -> tensor<2x!b, #words> {
  %w = nibble.constant dense<[1, -1]> : tensor<2xi8> : tensor<2x!b>
  // expected-error@+1 {{cannot pack its constant: value -1 at [1] does not fit the layout, which holds 0 to 65535}}
  %0 = nibble.pack %w : (tensor<2x!b>) -> tensor<2x!b, #words>
  return %0 : tensor<2x!b, #words>
}
