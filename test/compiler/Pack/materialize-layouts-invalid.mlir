// RUN: nibble-opt %s --nibble-materialize-layouts --split-input-file --verify-diagnostics

!u8 = !quant.uniform<u8:f32, 1.0>
func.func @too_few(%x: tensor<?x2xf32>) -> tensor<?x2x!u8> {
  // expected-error@+1 {{needs one layout or 'unit' in 'nibble.layouts' for each of its 1 operands and 1 results, got [unit]}}
  %q = nibble.quantize %x {nibble.layouts = [unit]} : (tensor<?x2xf32>) -> tensor<?x2x!u8>
  return %q : tensor<?x2x!u8>
}

// -----

!u8 = !quant.uniform<u8:f32, 1.0>
func.func @no_layout(%x: tensor<?x2xf32>) -> tensor<?x2x!u8> {
  // expected-error@+1 {{needs one layout or 'unit' in 'nibble.layouts'}}
  %q = nibble.quantize %x {nibble.layouts = [unit, "words"]} : (tensor<?x2xf32>) -> tensor<?x2x!u8>
  return %q : tensor<?x2x!u8>
}
