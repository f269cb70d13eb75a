// RUN: nibble-opt %s --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx2 --split-input-file --verify-diagnostics
// RUN: not nibble-opt %s --nibble-lower-to-kernels=target=x86_64-linux-gnu,+avx3 --split-input-file 2>&1 | FileCheck %s
// CHECK: error: {{.*}}avx3

// expected-error@+1 {{@dynamic: 'x' of type 'tensor<?x2xf32>' cannot cross the border of compiled code; an entry takes and gives static f32 or i32 tensors (run nibble-tile-batch first)}}
func.func @dynamic(%x: tensor<?x2xf32> {nibble.name = "x"}) -> tensor<?x2xf32> {
  return %x : tensor<?x2xf32>
}

// -----

// expected-error@+1 {{cannot cross the border of compiled code}}
func.func @quantised(%x: tensor<4x2x!nibble.binary>) -> tensor<4x2x!nibble.binary> {
  return %x : tensor<4x2x!nibble.binary>
}

// -----

// expected-error@+1 {{result 0 is tied to argument 3, which does not exist}}
func.func @tied(%x: tensor<4x2xf32>) -> (tensor<4x2xf32> {nibble.tied = 3 : i64}) {
  return %x : tensor<4x2xf32>
}

// -----

// expected-error@+1 {{@copied: the new value of argument 1 is not written in place; give its update as result 0}}
func.func @copied(%x: tensor<4x2xf32>, %w: tensor<4x2xf32> {nibble.param = "w"}) -> (tensor<4x2xf32> {nibble.tied = 1 : i64}) {
  return %x : tensor<4x2xf32>
}

// -----

func.func @unbound() -> tensor<2xf32> {
  // expected-error@+1 {{cannot be compiled in this form: there is no lowering for it at this stage}}
  %w = nibble.param @w : tensor<2xf32>
  return %w : tensor<2xf32>
}

// -----

func.func @constant() -> tensor<2x2xf32> {
  // expected-error@+1 {{can only be the weight of a contraction}}
  %w = nibble.constant dense<1> : tensor<2x2xi8> : tensor<2x2x!nibble.binary>
  %y = nibble.dequantize %w : (tensor<2x2x!nibble.binary>) -> tensor<2x2xf32, #nibble.grid<!nibble.binary>>
  %r = nibble.relu %y : (tensor<2x2xf32, #nibble.grid<!nibble.binary>>) -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

// -----

func.func @unpacked(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32> attributes {nibble.batch_tile = 1 : i64} {
  %w = nibble.constant dense<1.0> : tensor<1x1x1x2xf32> : tensor<1x1x1x2xf32>
  // expected-error@+1 {{needs packed constant weights; run nibble-pack-constants first}}
  %y = nibble.tile %x, %w {kernel = "portable_f32", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16], word = 32, bits = 32">
func.func @no_kernel(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x1xf32> attributes {nibble.batch_tile = 1 : i64} {
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<1x1x1x2xf32, #w>
  // expected-error@+1 {{has no kernel (nibble-select-kernels chooses one), got ''}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32, #w>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @kernels(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #words>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<1x1x1x8x!w8, #w>
  // expected-error@+1 {{names an unknown kernel 'dot_fast'}}
  %y = nibble.tile %q, %w {kernel = "dot_fast", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #words>, tensor<1x1x1x8x!w8, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @storage(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #words>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<1x1x1x8x!w8, #w>
  // expected-error@+1 {{needs its input in unsigned bytes}}
  %y = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #words>, tensor<1x1x1x8x!w8, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:2, 0:32, 3:4], word = 8, bits = 1, fields = 4, code = sign">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @lookup_input(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!b, #words>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<1x1x1x8x!b, #w>
  // expected-error@+1 {{with kernel lookup_b1b1_avx2 needs its input in bits}}
  %y = nibble.tile %q, %w {kernel = "lookup_b1b1_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!b, #words>, tensor<1x1x1x8x!b, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8:f32, 0.5>
func.func @depthwise(%x: tensor<1x1x1x8xf32>) attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #words>
  %w = nibble.constant dense<0> : tensor<32xi8> : tensor<8x1x1x1x!w8, #w>
  // expected-error@+1 {{with kernel depthwise_u8s8_avx2 needs its input in unsigned bytes}}
  %y = nibble.tile %q, %w {kernel = "depthwise_u8s8_avx2", groups = 8 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #words>, tensor<8x1x1x1x!w8, #w>) -> tensor<1x1x1x8xi32>
  return
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8:f32, 0.5>
func.func @depthwise_groups(%x: tensor<1x1x1x8xf32>) attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<8x1x1x2x!w8, #w>
  // expected-error@+1 {{with kernel depthwise_u8s8_avx2 needs one group for each channel}}
  %y = nibble.tile %q, %w {kernel = "depthwise_u8s8_avx2", groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #bytes>, tensor<8x1x1x2x!w8, #w>) -> tensor<1x1x1x8xi32>
  return
}

// -----

// The window lies in the padding beside the image.
#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8:f32, 0.5>
func.func @depthwise_padding(%x: tensor<1x1x1x8xf32>) attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<32xi8> : tensor<8x1x1x1x!w8, #w>
  // expected-error@+1 {{could not generate its kernel: kernel depthwise_u8s8_avx2: columns of padding in front must be 0..0, not 1}}
  %y = nibble.tile %q, %w {kernel = "depthwise_u8s8_avx2", groups = 8 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 1, 0, 0>} : (tensor<1x1x1x8x!u8, #bytes>, tensor<8x1x1x1x!w8, #w>) -> tensor<1x1x2x8xi32>
  return
}

// -----

// Weights of the packed form for a kernel that reads nibbles.
#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32, 3:8], word = 8, bits = 1, code = sign">
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @lookup_weights(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!b, #bits>
  %w = nibble.constant dense<0> : tensor<32xi8> : tensor<1x1x1x8x!b, #w>
  // expected-error@+1 {{needs weights in the layout "order = [0, 1, 2, 3], tile = [3:2, 0:32, 3:4], word = 8, bits = 1, fields = 4, code = sign" for kernel lookup_b1b1_avx2, got}}
  %y = nibble.tile %q, %w {kernel = "lookup_b1b1_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!b, #bits>, tensor<1x1x1x8x!b, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32, 3:8], word = 8, bits = 1, code = sign">
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @lookup_length(%x: tensor<1x1x1x65529xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x65529xf32>) -> tensor<1x1x1x65529x!b, #bits>
  %w = nibble.constant dense<0> : tensor<262144xi8> : tensor<1x1x1x65529x!b, #w>
  // expected-error@+1 {{could not generate its kernel: kernel lookup_b1b1_packed_avx2: channels must be 1..65528, not 65529}}
  %y = nibble.tile %q, %w {kernel = "lookup_b1b1_packed_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x65529x!b, #bits>, tensor<1x1x1x65529x!b, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

func.func @per_channel(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{use one scale per tensor}}
  %q = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = true, axis = 1>, scales = array<f32: 1.0, 2.0>} : (tensor<4x2xf32>) -> tensor<4x2xf32, #nibble.grid<!quant.uniform<i8:f32:1, {1.0, 2.0}>>>
  %y = nibble.relu %q : (tensor<4x2xf32, #nibble.grid<!quant.uniform<i8:f32:1, {1.0, 2.0}>>>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

!i16 = !quant.uniform<i16:f32, 1.0>
func.func @exact(%x: tensor<4x2xf32>, %w: tensor<3x2xf32> {nibble.param = "w"}) -> tensor<4x3xf32> {
  %q = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 16, isSigned = true>, scales = array<f32: 1.0>} : (tensor<4x2xf32>) -> tensor<4x2xf32, #nibble.grid<!i16>>
  %v = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 16, isSigned = true>, scales = array<f32: 1.0>} : (tensor<3x2xf32>) -> tensor<3x2xf32, #nibble.grid<!i16>>
  // expected-error@+1 {{has products of 16 x 16 bits, which f32 cannot hold exactly; train with fewer bits}}
  %y = nibble.linear %q, %v : (tensor<4x2xf32, #nibble.grid<!i16>>, tensor<3x2xf32, #nibble.grid<!i16>>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Each row of the padding gives a window of its own.
func.func @windows(%x: tensor<1x1x5000x1xf32> {nibble.name = "x"}, %w: tensor<1x1x5000x1xf32> {nibble.param = "w"}) -> (tensor<1x1x9999x1xf32> {nibble.name = "y"}) {
  // expected-error@+1 {{has 9999 kinds of windows at the borders of its image, and code for at most 4096; pad the image by an op in front (pad)}}
  %y = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 4999, 0, 4999>} : (tensor<1x1x5000x1xf32>, tensor<1x1x5000x1xf32>) -> tensor<1x1x9999x1xf32>
  return %y : tensor<1x1x9999x1xf32>
}

// -----

func.func @taps(%g: tensor<1x1x1x1xf32> {nibble.name = "g"}, %x: tensor<1x65x65x1xf32> {nibble.name = "x"}) -> (tensor<1x65x65x1xf32> {nibble.name = "y"}) {
  // expected-error@+1 {{has a window of 4225 taps, and code for at most 4096}}
  %y = nibble.conv2d_grad_weight %g, %x {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x1xf32>, tensor<1x65x65x1xf32>) -> tensor<1x65x65x1xf32>
  return %y : tensor<1x65x65x1xf32>
}

// -----

// A call for fewer taps would begin inside a group of packed weights.
!u8 = tensor<1x4x4x1x!quant.uniform<u8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">>
!w = tensor<2x3x4x1x!quant.uniform<i8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 2:4], word = 8, bits = 8">>
func.func @padded(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x3x2xf32> {
  %q = nibble.quantize %x : (tensor<1x4x4x1xf32>) -> !u8
  %w = nibble.constant dense<0> : tensor<192xi8> : !w
  // expected-error@+1 {{with kernel dot_u8s8_6x16_avx2 skips padded columns, so that it needs multiples of 4 channels, got 1; pad with nibble.pad in front}}
  %y = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 3, 4>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>} : (!u8, !w) -> tensor<1x4x3x2xf32>
  return %y : tensor<1x4x3x2xf32>
}

// -----

// A tap has fewer values than a group.
!u8 = tensor<1x4x4x1x!quant.uniform<u8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">>
!w = tensor<2x3x4x1x!quant.uniform<i8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 2:4], word = 8, bits = 8">>
func.func @lists(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x3x2xf32> {
  %q = nibble.quantize %x : (tensor<1x4x4x1xf32>) -> !u8
  %w = nibble.constant dense<0> : tensor<96xi8> : !w
  // expected-error@+1 {{with kernel listed_u8s8_10x8_avx2 has weights that cannot be listed: lists are made of parts of at least 4 values}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8_10x8_avx2", widen_every = 2, window = array<i64: 3, 4>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>} : (!u8, !w) -> tensor<1x4x3x2xf32>
  return %y : tensor<1x4x3x2xf32>
}

// -----

// More groups than a kernel has registers for.
!u8 = tensor<1x4x4x4x!quant.uniform<u8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">>
!w = tensor<2x3x4x4x!quant.uniform<i8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">>
func.func @listed_windows(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x3x2xf32> {
  %q = nibble.quantize %x : (tensor<1x4x4x4xf32>) -> !u8
  %w = nibble.constant dense<0> : tensor<384xi8> : !w
  // expected-error@+1 {{with kernel listed_u8s8_10x8_avx2 needs widen_every of 1 to 3, got 4}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8_10x8_avx2", widen_every = 4, window = array<i64: 3, 4>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>} : (!u8, !w) -> tensor<1x4x3x2xf32>
  return %y : tensor<1x4x3x2xf32>
}

// -----

// Found by its name alone.
!u8 = tensor<1x4x4x4x!quant.uniform<u8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">>
!w = tensor<2x3x4x4x!quant.uniform<i8:f32, 1.0>, #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">>
func.func @listed_unknown(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x3x2xf32> {
  %q = nibble.quantize %x : (tensor<1x4x4x4xf32>) -> !u8
  %w = nibble.constant dense<0> : tensor<384xi8> : !w
  // expected-error@+1 {{names an unknown kernel 'listed_u8s8'}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8", window = array<i64: 3, 4>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>} : (!u8, !w) -> tensor<1x4x3x2xf32>
  return %y : tensor<1x4x3x2xf32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16], word = 8, bits = 8">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @portable_input(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #words>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<1x1x1x8x!w8, #w>
  // expected-error@+1 {{with kernel portable_f32 needs its input in f32}}
  %y = nibble.tile %q, %w {kernel = "portable_f32", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #words>, tensor<1x1x1x8x!w8, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign">
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @binary_groups(%x: tensor<1x1x1x16xf32>) -> tensor<1x1x1x32xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x16xf32>) -> tensor<1x1x1x16x!b, #bits>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<32x1x1x8x!b, #w>
  // expected-error@+1 {{with kernel portable_binary needs groups of multiples of 32 input channels, got 8}}
  %y = nibble.tile %q, %w {kernel = "portable_binary", groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x16x!b, #bits>, tensor<32x1x1x8x!b, #w>) -> tensor<1x1x1x32xi32>
  return %y : tensor<1x1x1x32xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:32], word = 32, bits = 1, code = sign">
#bits = #nibble.layout<"order = [0, 1, 2, 3], tile = [3:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @binary_result(%x: tensor<1x1x1x64xf32>) attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x64xf32>) -> tensor<1x1x1x64x!b, #bits>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<16x1x1x32x!b, #w>
  // expected-error@+1 {{with kernel portable_binary and a result in bits or fields needs groups of multiples of 16 output channels, got 8}}
  %y = nibble.tile %q, %w {kernel = "portable_binary", bias = array<f32: 0.0>, hi = array<f32: 0x7F800000>, lo = array<f32: 0xFF800000>, multiplier = array<f32: 0.5>, groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x64x!b, #bits>, tensor<16x1x1x32x!b, #w>) -> tensor<1x1x1x16x!b, #bits>
  return
}

// -----

#w = #nibble.layout<"order = [1, 2, 3, 0], word = 8, bits = 8">
#words = #nibble.layout<"order = [0, 1, 2, 3], word = 16, bits = 16">
!u8 = !quant.uniform<u8:f32, 0.5>
!w8 = !quant.uniform<i8:f32, 0.5>
func.func @portable_depthwise_groups(%x: tensor<1x1x1x8xf32>) attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #words>
  %w = nibble.constant dense<0> : tensor<16xi8> : tensor<8x1x1x2x!w8, #w>
  // expected-error@+1 {{with kernel portable_depthwise needs one group for each channel}}
  %y = nibble.tile %q, %w {kernel = "portable_depthwise", groups = 4 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #words>, tensor<8x1x1x2x!w8, #w>) -> tensor<1x1x1x8xi32>
  return
}

// -----

// Bytes for one kernel, read by another: twice as many as there are.
#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @weights_of_another(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<1x1x1x8x!w8, #w>
  // expected-error@+1 {{needs weights in the layout "order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8" for kernel dot_u8s8_6x16_avx2, got}}
  %y = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #bytes>, tensor<1x1x1x8x!w8, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

// What fills the blocks is read by the code, and no proof knows it.
#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @filled(%x: tensor<1x1x1x6xf32>) -> tensor<1x1x1x1xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x6xf32>) -> tensor<1x1x1x6x!u8, #bytes>
  %w = nibble.constant dense<1> : tensor<128xi8> : tensor<1x1x1x6x!w8, #w>
  // expected-error@+1 {{has packed weights whose blocks are not filled as the layout "order = [0, 1, 2, 3], tile = [0:16, 3:4], word = 8, bits = 8" wants; pack them anew}}
  %y = nibble.tile %q, %w {kernel = "dot_u8s8_6x16_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x6x!u8, #bytes>, tensor<1x1x1x6x!w8, #w>) -> tensor<1x1x1x1xi32>
  return %y : tensor<1x1x1x1xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @listed_groups(%x: tensor<1x1x1x16xf32>) -> tensor<1x1x1x16xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x16xf32>) -> tensor<1x1x1x16x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<16x1x1x8x!w8, #w>
  // expected-error@+1 {{with kernel listed_u8s8_10x8_avx2 needs groups = 1, got 2}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8_10x8_avx2", widen_every = 2 : i64, groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x16x!u8, #bytes>, tensor<16x1x1x8x!w8, #w>) -> tensor<1x1x1x16xi32>
  return %y : tensor<1x1x1x16xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @listed_dilated(%x: tensor<1x1x3x8xf32>) -> tensor<1x1x1x8xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x3x8xf32>) -> tensor<1x1x3x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<128xi8> : tensor<8x1x2x8x!w8, #w>
  // expected-error@+1 {{with kernel listed_u8s8_10x8_avx2 needs the taps of a row side by side, got dilation 2}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8_10x8_avx2", widen_every = 4294967297 : i64, window = array<i64: 1, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x3x8x!u8, #bytes>, tensor<8x1x2x8x!w8, #w>) -> tensor<1x1x1x8xi32>
  return %y : tensor<1x1x1x8xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:8, 3:4], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @listed_windows(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x8xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<8x1x1x8x!w8, #w>
  // expected-error@+1 {{with kernel listed_u8s8_10x8_avx2 needs widen_every of 1 to 3, got 4294967297}}
  %y = nibble.tile %q, %w {kernel = "listed_u8s8_10x8_avx2", widen_every = 4294967297 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #bytes>, tensor<8x1x1x8x!w8, #w>) -> tensor<1x1x1x8xi32>
  return %y : tensor<1x1x1x8xi32>
}

// -----

#w = #nibble.layout<"order = [0, 1, 2, 3], tile = [0:32], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @depthwise_dilated(%x: tensor<1x1x3x8xf32>) -> tensor<1x1x1x8xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x3x8xf32>) -> tensor<1x1x3x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<64xi8> : tensor<8x1x2x1x!w8, #w>
  // expected-error@+1 {{with kernel depthwise_u8s8_avx2 needs the taps of a row side by side, got dilation 2}}
  %y = nibble.tile %q, %w {kernel = "depthwise_u8s8_avx2", groups = 8 : i64, window = array<i64: 1, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x3x8x!u8, #bytes>, tensor<8x1x2x1x!w8, #w>) -> tensor<1x1x1x8xi32>
  return %y : tensor<1x1x1x8xi32>
}

// -----

// Fields of ternary values would give 3 back as -1.
#fields = #nibble.layout<"order = [0, 1], tile = [1:16], word = 32, bits = 2">
!u2 = !quant.uniform<u2:f32, 5.000000e-01>
func.func @signed_fields(%x: tensor<1x3xf32>) -> tensor<1x3xf32, #nibble.grid<!u2>> attributes {nibble.batch_tile = 1 : i64} {
  // expected-error@+1 {{in a layout that no op works on; see nibble-verify-layouts}}
  %q = nibble.quantize %x : (tensor<1x3xf32>) -> tensor<1x3x!u2, #fields>
  %y = nibble.dequantize %q : (tensor<1x3x!u2, #fields>) -> tensor<1x3xf32, #nibble.grid<!u2>>
  return %y : tensor<1x3xf32, #nibble.grid<!u2>>
}

// -----

// A row of several images.
#bits = #nibble.layout<"order = [0], tile = [0:32], word = 32, bits = 1, code = sign">
!b = !nibble.binary
func.func @no_rows(%x: tensor<4xf32>) -> tensor<4xf32, #nibble.grid<!b>> attributes {nibble.batch_tile = 4 : i64} {
  // expected-error@+1 {{in a layout that no op works on; see nibble-verify-layouts}}
  %q = nibble.quantize %x : (tensor<4xf32>) -> tensor<4x!b, #bits>
  %y = nibble.dequantize %q : (tensor<4x!b, #bits>) -> tensor<4xf32, #nibble.grid<!b>>
  return %y : tensor<4xf32, #nibble.grid<!b>>
}

// -----

#w = #nibble.layout<"order = [1, 2, 3, 0], word = 8, bits = 8">
#bytes = #nibble.layout<"order = [0, 1, 2, 3], word = 8, bits = 8, code = unsigned">
!u8 = !quant.uniform<u8:f32, 1.0:9>
!w8 = !quant.uniform<i8:f32, 1.0>
func.func @depthwise_bytes(%x: tensor<1x1x1x8xf32>) -> tensor<1x1x1x8xi32> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8x!u8, #bytes>
  %w = nibble.constant dense<0> : tensor<8xi8> : tensor<8x1x1x1x!w8, #w>
  // expected-error@+1 {{with kernel portable_depthwise needs its input in f32 or 16-bit words}}
  %y = nibble.tile %q, %w {kernel = "portable_depthwise", groups = 8 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<1x1x1x8x!u8, #bytes>, tensor<8x1x1x1x!w8, #w>) -> tensor<1x1x1x8xi32>
  return %y : tensor<1x1x1x8xi32>
}

// -----

#bytes = #nibble.layout<"order = [0, 1], word = 8, bits = 8, code = unsigned">
#words = #nibble.layout<"order = [0, 1], word = 16, bits = 16, offset = 9">
!u8 = !quant.uniform<u8:f32, 1.0:9>
func.func @two_layouts(%x: tensor<1x8xf32>) -> tensor<1x8xf32, #nibble.grid<!u8>> attributes {nibble.batch_tile = 1 : i64} {
  %q = nibble.quantize %x : (tensor<1x8xf32>) -> tensor<1x8x!u8, #bytes>
  // expected-error@+1 {{are stored differently; see nibble-verify-layouts}}
  %r = nibble.reshape %q : (tensor<1x8x!u8, #bytes>) -> tensor<1x8x!u8, #words>
  %y = nibble.dequantize %r : (tensor<1x8x!u8, #words>) -> tensor<1x8xf32, #nibble.grid<!u8>>
  return %y : tensor<1x8xf32, #nibble.grid<!u8>>
}

// -----

func.func @images(%x: tensor<4x8xf32>) -> tensor<32xf32> attributes {nibble.batch_tile = 4 : i64} {
  // expected-error@+1 {{makes 32 images of 4; keep the first dimension}}
  %r = nibble.reshape %x : (tensor<4x8xf32>) -> tensor<32xf32>
  return %r : tensor<32xf32>
}
