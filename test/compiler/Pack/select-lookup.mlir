// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 | FileCheck %s
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu | FileCheck %s --check-prefix=SSE
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx512vpopcntdq,+avx512bw,+avx512vl | FileCheck %s --check-prefix=COUNT
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx512bw,+avx512vl | FileCheck %s --check-prefix=BW
// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx2 --nibble-assign-layouts --nibble-materialize-layouts --nibble-pack-constants --nibble-verify-layouts | FileCheck %s --check-prefix=PACKED

!b = !nibble.binary
!t = !nibble.ternary<0.5>

// Nibbles where several pixels of an image share the weights, also in padded windows; but not where the processor can count bits.
// CHECK-LABEL: func.func @windows
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2", nibble.choice = "predicted {{[0-9.]+ [nu]s}}", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: target has no avx512vpopcntdq", {{.*}}"lookup_b1b1_packed_avx2: predicted {{.*}}"portable_binary: predicted 
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2", nibble.choice = "predicted {{[0-9.]+ [nu]s}}", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: target has no avx512vpopcntdq", {{.*}}"lookup_b1b1_packed_avx2: predicted {{.*}}"portable_binary: predicted 
// SSE-LABEL: func.func @windows
// SSE: nibble.tile {{.*}}kernel = "portable_binary", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: target has no avx512vpopcntdq", {{.*}}"lookup_b1b1_avx2: target has no avx2", "lookup_b1b1_packed_avx2: target has no avx2", {{.*}}"dot_u8s8_6x16_avx2_exact: activations and weights are binary; bits are faster than bytes"
// COUNT-LABEL: func.func @windows
// COUNT: nibble.tile {{.*}}kernel = "count_b1b1_avx512vpopcntdq", {{.*}}rejected = ["lookup_b1b1_avx512bw: predicted {{.*}}"lookup_b1b1_avx2: predicted {{[0-9.]+ ns; count_b1b1_avx512vpopcntdq [0-9.]+}} ns", "lookup_b1b1_packed_avx2: predicted
// BW-LABEL: func.func @windows
// BW: nibble.tile {{.*}}kernel = "lookup_b1b1_avx512bw", {{.*}}"count_b1b1_avx512vpopcntdq: target has no avx512vpopcntdq"
// PACKED-LABEL: func.func @windows
// 2 blocks of 32 columns x 9 taps x 5 bytes of 40 channels x 64 bytes.
// PACKED: nibble.constant {{.*}} : tensor<5760xi8> : tensor<33x3x3x40x{{.*}}tile = [3:2, 0:32, 3:4], word = 8, bits = 1, fields = 4, code = sign">>
func.func @windows(%x: tensor<?x5x5x40xf32>) -> (tensor<?x3x3x33xi32>, tensor<?x5x5x33xi32>) {
  %q = nibble.quantize %x : (tensor<?x5x5x40xf32>) -> tensor<?x5x5x40x!b>
  %w = nibble.constant dense<1> : tensor<33x3x3x40xi8> : tensor<33x3x3x40x!b>
  %0 = nibble.tile %q, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x40x!b>, tensor<33x3x3x40x!b>) -> tensor<?x3x3x33xi32>
  %1 = nibble.tile %q, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x5x5x40x!b>, tensor<33x3x3x40x!b>) -> tensor<?x5x5x33xi32>
  return %0, %1 : tensor<?x3x3x33xi32>, tensor<?x5x5x33xi32>
}

// One pixel, where the processor can count bits.
// CHECK-LABEL: func.func @row
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_packed_avx2"
// COUNT-LABEL: func.func @row
// COUNT: nibble.tile {{.*}}kernel = "count_b1b1_avx512vpopcntdq", {{.*}}"lookup_b1b1_avx2: predicted
func.func @row(%x: tensor<?x1x1x160xf32>) -> tensor<?x1x1x17xi32> {
  %q = nibble.quantize %x : (tensor<?x1x1x160xf32>) -> tensor<?x1x1x160x!b>
  %w = nibble.constant dense<1> : tensor<17x1x1x160xi8> : tensor<17x1x1x160x!b>
  %0 = nibble.tile %q, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x160x!b>, tensor<17x1x1x160x!b>) -> tensor<?x1x1x17xi32>
  return %0 : tensor<?x1x1x17xi32>
}

// Packed for one or two pixels of an image, whatever the batch; a batch that is known counts.
// CHECK-LABEL: func.func @rows
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_packed_avx2", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: {{[^"]*}}", {{.*}}"lookup_b1b1_avx2: predicted {{[0-9.]+}} ns; lookup_b1b1_packed_avx2, whose weights are narrower, 
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_packed_avx2", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: {{[^"]*}}", {{.*}}"lookup_b1b1_avx2: predicted {{[0-9.]+}} ns; lookup_b1b1_packed_avx2
// CHECK: nibble.tile {{.*}}kernel = "lookup_b1b1_avx2"
// COUNT-LABEL: func.func @rows
// COUNT: nibble.tile {{.*}}kernel = "count_b1b1_avx512vpopcntdq"
// COUNT: nibble.tile {{.*}}kernel = "count_b1b1_avx512vpopcntdq"
// PACKED-LABEL: func.func @rows
// PACKED: nibble.constant {{.*}} : tensor<512xi8> : tensor<17x1x1x128x{{.*}}tile = [0:32, 3:8], word = 8, bits = 1, code = sign">>
func.func @rows(%x: tensor<?x1x1x128xf32>, %y: tensor<?x1x2x128xf32>, %z: tensor<3x1x1x128xf32>) -> (tensor<?x1x1x17xi32>, tensor<?x1x2x17xi32>, tensor<3x1x1x17xi32>) {
  %q = nibble.quantize %x : (tensor<?x1x1x128xf32>) -> tensor<?x1x1x128x!b>
  %p = nibble.quantize %y : (tensor<?x1x2x128xf32>) -> tensor<?x1x2x128x!b>
  %o = nibble.quantize %z : (tensor<3x1x1x128xf32>) -> tensor<3x1x1x128x!b>
  %w = nibble.constant dense<1> : tensor<17x1x1x128xi8> : tensor<17x1x1x128x!b>
  %0 = nibble.tile %q, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x128x!b>, tensor<17x1x1x128x!b>) -> tensor<?x1x1x17xi32>
  %1 = nibble.tile %p, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x2x128x!b>, tensor<17x1x1x128x!b>) -> tensor<?x1x2x17xi32>
  %2 = nibble.tile %o, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<3x1x1x128x!b>, tensor<17x1x1x128x!b>) -> tensor<3x1x1x17xi32>
  return %0, %1, %2 : tensor<?x1x1x17xi32>, tensor<?x1x2x17xi32>, tensor<3x1x1x17xi32>
}

// Ternary operands, and others whose values are -1, 0 and 1: fields of two bits from the quantiser to the last layer, through a pool and a reshape
// inside words.
// CHECK-LABEL: func.func @ternary
// CHECK-COUNT-2: nibble.tile {{.*}}kernel = "lookup_t2t2_avx2", {{.*}}rejected = ["count_t2t2_avx512vpopcntdq: target has no avx512vpopcntdq", "lookup_t2t2_avx512bw: target has no avx512bw", {{.*}}"lookup_t2t2_packed_avx2: predicted {{.*}}; lookup_t2t2_avx2 {{.*}}"dot_
// CHECK: nibble.tile {{.*}}kernel = "lookup_t2t2_packed_avx2", {{.*}}rejected = ["count_t2t2_avx512vpopcntdq: target has no avx512vpopcntdq", "lookup_t2t2_avx512bw: target has no avx512bw", {{.*}}"lookup_t2t2_avx2: predicted {{.*}}; lookup_t2t2_packed_avx2, whose weights are narrower, 
// SSE-LABEL: func.func @ternary
// SSE: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}rejected = ["count_t2t2_avx512vpopcntdq: target has no avx512vpopcntdq", "lookup_t2t2_avx512bw: target has no avx512bw", {{.*}}"lookup_t2t2_avx2: target has no avx2", "lookup_t2t2_packed_avx2: target has no avx2", "dot_
// COUNT-LABEL: func.func @ternary
// COUNT-COUNT-2: nibble.tile {{.*}}kernel = "count_t2t2_avx512vpopcntdq", {{.*}}"lookup_t2t2_avx512bw: predicted
// BW-LABEL: func.func @ternary
// BW: nibble.tile {{.*}}kernel = "lookup_t2t2_avx512bw"
// PACKED-LABEL: func.func @ternary
// PACKED: nibble.quantize {{.*}} -> tensor<?x4x4x40x{{.*}}tile = [3:16], word = 32, bits = 2">>
// PACKED: nibble.tile {{.*}} -> tensor<?x4x4x56x{{.*}}tile = [3:16], word = 32, bits = 2">>
// PACKED: nibble.max_pool2d {{.*}} -> tensor<?x2x2x56x{{.*}}tile = [3:16], word = 32, bits = 2">>
// PACKED: nibble.tile {{.*}} -> tensor<?x2x2x56x{{.*}}tile = [3:16], word = 32, bits = 2">>
// PACKED: nibble.reshape {{.*}} -> tensor<?x1x1x224x{{.*}}tile = [3:16], word = 32, bits = 2">>
// PACKED-NOT: nibble.pack
// PACKED: nibble.tile
func.func @ternary(%x: tensor<?x4x4x40xf32>) -> tensor<?x1x1x32xi32> {
  %q = nibble.quantize %x : (tensor<?x4x4x40xf32>) -> tensor<?x4x4x40x!t>
  %w = nibble.constant dense<1> : tensor<56x1x1x40xi8> : tensor<56x1x1x40x!t>
  %v = nibble.constant dense<1> : tensor<56x3x3x56xi8> : tensor<56x3x3x56x!b>
  %u = nibble.constant dense<1> : tensor<32x1x1x224xi8> : tensor<32x1x1x224x!t>
  %0 = nibble.tile %q, %w {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x40x!t>, tensor<56x1x1x40x!t>) -> tensor<?x4x4x56x!t>
  %p = nibble.max_pool2d %0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x56x!t>) -> tensor<?x2x2x56x!t>
  %1 = nibble.tile %p, %v {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 1.0>, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x2x2x56x!t>, tensor<56x3x3x56x!b>) -> tensor<?x2x2x56x!quant.uniform<u1:f32, 0.5>>
  %r = nibble.reshape %1 : (tensor<?x2x2x56x!quant.uniform<u1:f32, 0.5>>) -> tensor<?x1x1x224x!quant.uniform<u1:f32, 0.5>>
  %2 = nibble.tile %r, %u {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x224x!quant.uniform<u1:f32, 0.5>>, tensor<32x1x1x224x!t>) -> tensor<?x1x1x32xi32>
  return %2 : tensor<?x1x1x32xi32>
}

// Values 0..3 with a zero point times -2..1: unsigned fields of two bits, also for a residual and an average; weights of one or two pixels packed.
// Ternary and binary weights are of that kind, too.
// CHECK-LABEL: func.func @two_bits
// CHECK: nibble.tile {{.*}}kernel = "lookup_u2s2_avx2", {{.*}}rejected = ["lookup_u2s2_avx512bw: target has no avx512bw", {{.*}}"lookup_u2s2_packed_avx2: predicted {{.*}}; lookup_u2s2_avx2 {{.*}}"dot_
// CHECK: nibble.tile {{.*}}kernel = "lookup_u2s2_avx2"
// CHECK: nibble.tile {{.*}}kernel = "lookup_u2s2_packed_avx2", {{.*}}rejected = ["lookup_u2s2_avx512bw: target has no avx512bw", {{.*}}"lookup_u2s2_avx2: predicted {{.*}}; lookup_u2s2_packed_avx2, whose weights are narrower, 
// SSE-LABEL: func.func @two_bits
// SSE: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}rejected = ["lookup_u2s2_avx512bw: target has no avx512bw", {{.*}}"lookup_u2s2_avx2: target has no avx2", "lookup_u2s2_packed_avx2: target has no avx2", "dot_
// BW-LABEL: func.func @two_bits
// BW: nibble.tile {{.*}}kernel = "lookup_u2s2_avx512bw"
// PACKED-LABEL: func.func @two_bits
// PACKED: nibble.quantize {{.*}} -> tensor<?x6x6x96x{{.*}}tile = [3:16], word = 32, bits = 2, code = unsigned">>
// PACKED: nibble.constant {{.*}}tile = [3:2, 0:32, 3:2], word = 8, bits = 2, fields = 2">>
// PACKED-NOT: nibble.{{(un)?pack}}
// PACKED: nibble.tile {{.*}}residual({{.*}}tile = [3:16], word = 32, bits = 2, code = unsigned">>) {{.*}} -> tensor<?x6x6x96x{{.*}}tile = [3:16], word = 32, bits = 2, code = unsigned">>
// PACKED-NOT: nibble.{{(un)?pack}}
// PACKED: return
func.func @two_bits(%x: tensor<?x6x6x96xf32>) -> (tensor<?x6x6x64xi32>, tensor<?x1x1x64xi32>, tensor<?x3x3x96xf32>) {
  %q = nibble.quantize %x : (tensor<?x6x6x96xf32>) -> tensor<?x6x6x96x!quant.uniform<u2:f32, 0.5:1>>
  %w = nibble.constant dense<-2> : tensor<96x3x3x96xi8> : tensor<96x3x3x96x!quant.uniform<i2:f32, 0.5>>
  %v = nibble.constant dense<1> : tensor<64x3x3x96xi8> : tensor<64x3x3x96x!b>
  %u = nibble.constant dense<1> : tensor<64x1x1x3456xi8> : tensor<64x1x1x3456x!t>
  %0 = nibble.tile %q, %w, residual(%q : tensor<?x6x6x96x!quant.uniform<u2:f32, 0.5:1>>) {residual_multiplier = 0.5 : f32, multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 3.0>, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x96x!quant.uniform<u2:f32, 0.5:1>>, tensor<96x3x3x96x!quant.uniform<i2:f32, 0.5>>) -> tensor<?x6x6x96x!quant.uniform<u2:f32, 0.25:1>>
  %1 = nibble.tile %0, %v {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x6x6x96x!quant.uniform<u2:f32, 0.25:1>>, tensor<64x3x3x96x!b>) -> tensor<?x6x6x64xi32>
  %r = nibble.reshape %0 : (tensor<?x6x6x96x!quant.uniform<u2:f32, 0.25:1>>) -> tensor<?x1x1x3456x!quant.uniform<u2:f32, 0.25:1>>
  %2 = nibble.tile %r, %u {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x3456x!quant.uniform<u2:f32, 0.25:1>>, tensor<64x1x1x3456x!t>) -> tensor<?x1x1x64xi32>
  %a = nibble.avg_pool2d %0 {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x96x!quant.uniform<u2:f32, 0.25:1>>) -> tensor<?x3x3x96xf32>
  return %1, %2, %a : tensor<?x6x6x64xi32>, tensor<?x1x1x64xi32>, tensor<?x3x3x96xf32>
}

// Sums that counts of 16 bits cannot hold; next to no work; groups; many columns behind the last. Not mentioned for other operands.
// CHECK-LABEL: func.func @refused
// CHECK: nibble.tile {{.*}}kernel = "portable_binary", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: target has no avx512vpopcntdq", {{.*}}"lookup_b1b1_avx2: a sum spans 8192 bytes of activations; the kernel takes 8191", "lookup_b1b1_packed_avx2: a sum spans
// CHECK: nibble.tile {{.*}}kernel = "portable_binary", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: {{[^"]*}}", {{.*}}"lookup_b1b1_avx2: predicted {{[0-9.]+}} ns; portable_binary {{.*}}"dot_u8s8_6x16_avx2_exact: activations and weights are binary
// CHECK: nibble.tile {{.*}}kernel = "portable_i16", {{.*}}rejected = ["count_b1b1_avx512vpopcntdq: {{[^"]*}}", {{.*}}"lookup_b1b1_avx2: groups = 2 of 1 output channel; the kernel needs multiples of 8", {{.*}}"portable_binary: groups = 2 of 8 input channels; the kernel needs multiples of 32"
// CHECK: nibble.tile {{.*}}kernel = "dot_{{.*}}rejected = ["count_t2t2_avx512vpopcntdq: target has no avx512vpopcntdq", "lookup_t2t2_avx512bw: target has no avx512bw", {{.*}}"lookup_t2t2_avx2: predicted {{[0-9.]+}} ns; dot_
// CHECK: nibble.tile {{.*}}kernel = "dot_{{.*}}rejected = ["count_t2t2_avx512vpopcntdq: target has no avx512vpopcntdq", "lookup_t2t2_avx512bw: target has no avx512bw", {{.*}}"lookup_t2t2_avx2: predicted {{[0-9.]+}} ns; dot_
// CHECK: nibble.tile
// CHECK-NOT: lookup
// CHECK: return
func.func @refused(%x: tensor<?x1x1x65536x!b>, %y: tensor<?x2x2x16x!b>) -> (tensor<?x1x1x1xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x2xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x16xi32>) {
  %w = nibble.constant dense<1> : tensor<1x1x1x65536xi8> : tensor<1x1x1x65536x!b>
  %v = nibble.constant dense<1> : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!b>
  %u = nibble.constant dense<1> : tensor<2x1x1x8xi8> : tensor<2x1x1x8x!b>
  %t = nibble.constant dense<0> : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!t>
  %0 = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x65536x!b>, tensor<1x1x1x65536x!b>) -> tensor<?x1x1x1xi32>
  %1 = nibble.tile %y, %v {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x16x!b>, tensor<16x1x1x16x!b>) -> tensor<?x2x2x16xi32>
  %2 = nibble.tile %y, %u {groups = 2 : i64, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x16x!b>, tensor<2x1x1x8x!b>) -> tensor<?x2x2x2xi32>
  %3 = nibble.tile %y, %t {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x16x!b>, tensor<16x1x1x16x!t>) -> tensor<?x2x2x16xi32>
  %s = nibble.constant dense<0> : tensor<16x3x3x16xi8> : tensor<16x3x3x16x!t>
  %4 = nibble.tile %y, %s {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x2x2x16x!b>, tensor<16x3x3x16x!t>) -> tensor<?x2x2x16xi32>
  %r = nibble.constant dense<0> : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!quant.uniform<i2:f32, 0.5>>
  %5 = nibble.tile %y, %r {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x16x!b>, tensor<16x1x1x16x!quant.uniform<i2:f32, 0.5>>) -> tensor<?x2x2x16xi32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x1x1x1xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x2xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x16xi32>, tensor<?x2x2x16xi32>
}

// Groups of whole bytes of the input, and of 8 output channels: binary and ternary; of half a byte, and of 4.
// CHECK-LABEL: func.func @groups
// CHECK: nibble.tile {{.*}}groups = 2 : i64, kernel = "lookup_b1b1_{{(packed_)?}}avx2"
// CHECK: nibble.tile {{.*}}groups = 2 : i64, kernel = "{{lookup_t2t2|dot_}}{{.*}}{{.*}}"lookup_t2t2{{[^:]*}}: predicted
// CHECK: nibble.tile {{.*}}groups = 4 : i64, {{.*}}"lookup_b1b1_avx2: groups = 4 of 20 input channels; the kernel needs multiples of 8"
// CHECK: nibble.tile {{.*}}groups = 2 : i64, {{.*}}kernel = "portable_scalar", {{.*}}"lookup_b1b1_avx2: groups = 2 of 4 output channels; the kernel needs multiples of 8", {{.*}}"portable_binary: groups = 2 of 4 output channels; the kernel needs multiples of 16"
func.func @groups(%x: tensor<?x6x6x80x!b>, %q: tensor<?x6x6x80x!t>) -> (tensor<?x4x4x48xi32>, tensor<?x4x4x48xi32>, tensor<?x4x4x32xi32>, tensor<?x4x4x8x!b>) {
  %w = nibble.constant dense<1> : tensor<48x3x3x40xi8> : tensor<48x3x3x40x!b>
  %v = nibble.constant dense<1> : tensor<48x3x3x40xi8> : tensor<48x3x3x40x!t>
  %u = nibble.constant dense<1> : tensor<32x3x3x20xi8> : tensor<32x3x3x20x!b>
  %s = nibble.constant dense<1> : tensor<8x3x3x40xi8> : tensor<8x3x3x40x!b>
  %0 = nibble.tile %x, %w {groups = 2 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x80x!b>, tensor<48x3x3x40x!b>) -> tensor<?x4x4x48xi32>
  %1 = nibble.tile %q, %v {groups = 2 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x80x!t>, tensor<48x3x3x40x!t>) -> tensor<?x4x4x48xi32>
  %2 = nibble.tile %x, %u {groups = 4 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x80x!b>, tensor<32x3x3x20x!b>) -> tensor<?x4x4x32xi32>
  %3 = nibble.tile %x, %s {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, groups = 2 : i64, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x80x!b>, tensor<8x3x3x40x!b>) -> tensor<?x4x4x8x!b>
  return %0, %1, %2, %3 : tensor<?x4x4x48xi32>, tensor<?x4x4x48xi32>, tensor<?x4x4x32xi32>, tensor<?x4x4x8x!b>
}
