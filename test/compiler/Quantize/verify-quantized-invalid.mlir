// RUN: nibble-opt --split-input-file --verify-diagnostics --nibble-verify-quantized %s

func.func @graph_quantiser(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>> {
  // expected-error@+1 {{belongs to the graph stage; run nibble-lower-to-integers}}
  %s = nibble.sign %x : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>>
  return %s : tensor<?x2xf32, #nibble.grid<!nibble.binary>>
}

// -----

func.func @off_grid() -> tensor<2x!nibble.binary> {
  // expected-error@+1 {{holds 0, which is not on its grid '!nibble.binary'}}
  %w = nibble.constant dense<0> : tensor<2xi8> : tensor<2x!nibble.binary>
  return %w : tensor<2x!nibble.binary>
}

// -----

func.func @accumulators(%x: tensor<?x2x!nibble.binary>) -> tensor<?x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x2xi8> : tensor<1x2x!nibble.binary>
  // expected-error@+1 {{gives accumulators to func.return; only nibble.requantize reads them}}
  %a = nibble.linear %x, %w : (tensor<?x2x!nibble.binary>, tensor<1x2x!nibble.binary>) -> tensor<?x1xi32>
  return %a : tensor<?x1xi32>
}

// -----

// Each float op between two quantisers, with what to do about it.
!q = !quant.uniform<u8:f32, 0.5>
func.func @between(%x: tensor<?x4x4x2xf32>, %v: tensor<2xf32>) -> tensor<?x2x!q> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.quantize %x : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2x!q>
  %f = nibble.dequantize %xq : (tensor<?x4x4x2x!q>) -> tensor<?x4x4x2xf32, #nibble.grid<!q>>
  // expected-error@+1 {{'nibble.mul' op works on float values between two quantisers: freezing could not fold it}}
  %m = nibble.mul %f, %v : (tensor<?x4x4x2xf32, #nibble.grid<!q>>, tensor<2xf32>) -> tensor<?x4x4x2xf32>
  // expected-error@+1 {{put the pooling behind the batch norm, or behind the quantiser}}
  %p = nibble.max_pool2d %m {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>) -> tensor<?x2x2x2xf32>
  // expected-error@+1 {{put a fake_quant before it, so that its sum is an exact integer}}
  %g = nibble.global_avg_pool %p : (tensor<?x2x2x2xf32>) -> tensor<?x2xf32>
  // expected-error@+1 {{quantise its input and its weights with fake_quant or sign, or allow float ops}}
  %y = nibble.linear %g, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  %q = nibble.quantize %y : (tensor<?x2xf32>) -> tensor<?x2x!q>
  return %q : tensor<?x2x!q>
}

// -----

!c = !quant.uniform<u8:f32:1, {0.5, 0.25}>
func.func @per_channel(%x: tensor<?x2xf32>) -> tensor<?x2x!c> {
  // expected-error@+1 {{gives activations with one scale per channel; use one scale per tensor}}
  %q = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!c>
  return %q : tensor<?x2x!c>
}

// -----

func.func @packed(%x: tensor<?x2x!nibble.binary>, %r: tensor<3xf32>, %f: tensor<?x2xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{has no place in the quantized stage}}
  %o = nibble.observe_range %f, %r : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %o : tensor<3xf32>
}
