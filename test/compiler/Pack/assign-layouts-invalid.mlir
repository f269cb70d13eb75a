// RUN: nibble-opt %s --nibble-assign-layouts --split-input-file --verify-diagnostics

!u16 = !quant.uniform<u16:f32, 1.0>
func.func @wide(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!u16>> {
  // expected-error@+1 {{which has no layout: its grid [0, 65535] with zero point 0 does not fit 16-bit words; use a signed quantiser of 16 bits, or at most 8 bits}}
  %q = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!u16>
  %y = nibble.dequantize %q : (tensor<?x2x!u16>) -> tensor<?x2xf32, #nibble.grid<!u16>>
  return %y : tensor<?x2xf32, #nibble.grid<!u16>>
}

// -----

func.func @no_kernel(%x: tensor<?x1x1x1xf32>) -> tensor<?x1x1x1xf32> {
  %w = nibble.constant dense<1.0> : tensor<1x1x1x1xf32> : tensor<1x1x1x1xf32>
  // expected-error@+1 {{has no kernel yet; run nibble-select-kernels first}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<?x1x1x1xf32>
  return %y : tensor<?x1x1x1xf32>
}

// -----

!a = !quant.any<u8:f32>
func.func @unknown(%x: tensor<?x2x2x1x!a>) -> tensor<?x1x1x1x!a> {
  // expected-error@+1 {{which has no layout: the scale of its grid is not known; freeze the graph first (nibble-freeze)}}
  %y = nibble.max_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x1x!a>) -> tensor<?x1x1x1x!a>
  return %y : tensor<?x1x1x1x!a>
}
