// RUN: nibble-opt %s --nibble-verify-layouts --split-input-file --verify-diagnostics

!u8 = !quant.uniform<u8:f32, 1.0>
func.func @pending(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{has layouts that are not in its types yet; run nibble-materialize-layouts}}
  %q = nibble.quantize %x {nibble.layouts = [unit, unit]} : (tensor<?x2xf32>) -> tensor<?x2x!u8>
  return
}

// -----

!u8 = !quant.uniform<u8:f32, 1.0>
func.func @missing(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{has no layout; run nibble-assign-layouts}}
  %q = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!u8>
  return
}

// -----

// Centred on 0, though the zero point is 3.
!u8 = !quant.uniform<u8:f32, 1.0:3>
func.func @offset(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{has a layout that no op works on; activations are stored as 16-bit words (q - zero point), bytes (q - qmin), or bits}}
  %q = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!u8, #nibble.layout<"order = [0, 1], word = 16, bits = 16">>
  return
}

// -----

!u8 = !quant.uniform<u8:f32, 1.0>
#words = #nibble.layout<"order = [0, 1], word = 16, bits = 16">
func.func @returned(%x: tensor<?x2xf32>) -> tensor<?x2x!u8, #words> {
  %q = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!u8, #words>
  // expected-error@+1 {{takes values without layout}}
  return %q : tensor<?x2x!u8, #words>
}

// -----

!u8 = !quant.uniform<u8:f32, 1.0>
#words = #nibble.layout<"order = [0, 1], word = 16, bits = 16">
#bytes = #nibble.layout<"order = [0, 1], word = 8, bits = 8, code = unsigned">
func.func @join(%x: tensor<?x4xf32>) {
  %q = nibble.quantize %x : (tensor<?x4xf32>) -> tensor<?x4x!u8, #words>
  // expected-error@+1 {{are stored differently}}
  %r = nibble.reshape %q : (tensor<?x4x!u8, #words>) -> tensor<?x4x!u8, #bytes>
  return
}

// -----

// Weights padded with -1 would not cancel against activations padded with +1.
!b = !nibble.binary
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
#weights = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, fill = 1, code = sign">
func.func @fill(%x: tensor<?x1x1x2xf32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!b, #bits>
  %w = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!b>
  %p = nibble.pack %w : (tensor<1x1x1x2x!b>) -> tensor<1x1x1x2x!b, #weights>
  // expected-error@+1 {{needs weights in the layout "order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign" for kernel portable_binary}}
  %0 = nibble.tile %q, %p {kernel = "portable_binary", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #bits>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  return
}

// -----

!b = !nibble.binary
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
#weights = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign">
func.func @input(%x: tensor<?x1x1x2xf32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!b, #words>
  %w = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!b>
  %p = nibble.pack %w : (tensor<1x1x1x2x!b>) -> tensor<1x1x1x2x!b, #weights>
  // expected-error@+1 {{needs activations in bits along the last dimension for kernel portable_binary}}
  %0 = nibble.tile %q, %p {kernel = "portable_binary", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #words>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  // expected-error@+1 {{has operands that kernel portable_f32 does not take}}
  %1 = nibble.tile %q, %p {kernel = "portable_f32", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #words>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  // expected-error@+1 {{names a kernel that does not exist: 'fast'}}
  %2 = nibble.tile %q, %p {kernel = "fast", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #words>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  // expected-error@+1 {{has no kernel; run nibble-select-kernels}}
  %3 = nibble.tile %q, %p {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #words>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  return
}

// -----

// A look-up kernel with the weights of the portable one, and one for ternary operands with bits.
!b = !nibble.binary
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
#weights = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign">
func.func @lookup(%x: tensor<?x1x1x2xf32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!b, #bits>
  %w = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!b>
  %p = nibble.pack %w : (tensor<1x1x1x2x!b>) -> tensor<1x1x1x2x!b, #weights>
  // expected-error@+1 {{needs weights in the layout "order = [0, 1, 2, 3], tile = [3:2, 0:32, 3:4], word = 8, bits = 1, fields = 4, code = sign" for kernel lookup_b1b1_avx2}}
  %0 = nibble.tile %q, %p {kernel = "lookup_b1b1_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #bits>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  // expected-error@+1 {{needs activations in fields of two bits along the last dimension for kernel lookup_t2t2_avx2}}
  %1 = nibble.tile %q, %p {kernel = "lookup_t2t2_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!b, #bits>, tensor<1x1x1x2x!b, #weights>) -> tensor<?x1x1x1xi32>
  return
}

// -----

!i2 = !quant.uniform<i2:f32, 0.5>
!t = !nibble.ternary<0.5>
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
#weights = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:32, 3:2], word = 8, bits = 2, fields = 2">
func.func @fields(%x: tensor<?x1x1x2xf32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!i2, #words>
  %w = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!t>
  %p = nibble.pack %w : (tensor<1x1x1x2x!t>) -> tensor<1x1x1x2x!t, #weights>
  // expected-error@+1 {{has operands that kernel lookup_t2t2_avx2 does not take}}
  %0 = nibble.tile %q, %p {kernel = "lookup_t2t2_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!i2, #words>, tensor<1x1x1x2x!t, #weights>) -> tensor<?x1x1x1xi32>
  return
}

// -----

// Values 0..3 times ternary weights, but not times those of three bits, and not in the fields of ternary values.
!u2 = !quant.uniform<u2:f32, 0.5>
!i3 = !quant.uniform<i3:f32, 0.5>
!t = !nibble.ternary<0.5>
#fields = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:16], word = 32, bits = 2, code = unsigned">
#ternary = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:16], word = 32, bits = 2">
#weights = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:32, 3:2], word = 8, bits = 2, fields = 2">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8">
func.func @two_bits(%x: tensor<?x1x1x2xf32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!u2, #fields>
  %w = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!t>
  %p = nibble.pack %w : (tensor<1x1x1x2x!t>) -> tensor<1x1x1x2x!t, #weights>
  %0 = nibble.tile %q, %p {kernel = "lookup_u2s2_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u2, #fields>, tensor<1x1x1x2x!t, #weights>) -> tensor<?x1x1x1xi32>
  %v = nibble.constant dense<-1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!i3>
  %o = nibble.pack %v : (tensor<1x1x1x2x!i3>) -> tensor<1x1x1x2x!i3, #bytes>
  // expected-error@+1 {{has operands that kernel lookup_u2s2_avx2 does not take}}
  %1 = nibble.tile %q, %o {kernel = "lookup_u2s2_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u2, #fields>, tensor<1x1x1x2x!i3, #bytes>) -> tensor<?x1x1x1xi32>
  %a = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!t, #ternary>
  // expected-error@+1 {{has operands that kernel lookup_u2s2_avx2 does not take}}
  %2 = nibble.tile %a, %p {kernel = "lookup_u2s2_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!t, #ternary>, tensor<1x1x1x2x!t, #weights>) -> tensor<?x1x1x1xi32>
  // expected-error@+1 {{has a layout that no op works on}}
  %b = nibble.quantize %x : (tensor<?x1x1x2xf32>) -> tensor<?x1x1x2x!u2, #ternary>
  return
}
