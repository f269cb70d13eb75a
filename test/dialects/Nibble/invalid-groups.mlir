// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Group scales (R7.5).
// expected-error@+1 {{a group of values with one scale is a multiple of 16, got 24}}
#q = #nibble.quantizer<bits = 4, isSigned = true, group = 24>
func.func @size()

// -----

// expected-error@+1 {{a group of values with one scale is a multiple of 16, got -16}}
#q = #nibble.quantizer<bits = 4, isSigned = true, group = -16>
func.func @negative()

// -----

// expected-error@+1 {{scales are per group or per channel, not both}}
#q = #nibble.quantizer<bits = 4, isSigned = true, axis = 0, group = 16>
func.func @axis()

// -----

// expected-error@+1 {{asymmetric quantisation per group is not supported: use .symmetric()}}
#q = #nibble.quantizer<bits = 4, isSigned = false, symmetric = false, group = 16>
func.func @asymmetric()

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, group = 16>
func.func @divides(%x: tensor<2x24xf32>) {
  // expected-error@+1 {{fake_quant in groups of 16 needs a last dimension that they divide, got 24}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<2x24xf32>) -> tensor<2x24xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, group = 16>
func.func @dynamic(%x: tensor<?x32xf32>) {
  // expected-error@+1 {{fake_quant per group needs a static shape}}
  %0 = nibble.fake_quant %x {quantizer = #q} : (tensor<?x32xf32>) -> tensor<?x32xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 4, isSigned = true, group = 16>
func.func @scales(%x: tensor<2x32xf32>) {
  // expected-error@+1 {{fake_quant has 2 scales for 4 groups}}
  %0 = nibble.fake_quant %x {quantizer = #q, scales = array<f32: 1.0, 1.0>} : (tensor<2x32xf32>) -> tensor<2x32xf32>
  return
}

// -----

#q = #nibble.quantizer<bits = 8, isSigned = true, group = 16>
func.func @range(%x: tensor<2x32xf32>, %r: tensor<3xf32>) {
  // expected-error@+1 {{with a range has one scale per tensor: drop the group}}
  %0 = nibble.fake_quant %x, %r {quantizer = #q} : (tensor<2x32xf32>, tensor<3xf32>) -> tensor<2x32xf32, #nibble.grid<!quant.any<i8:f32>>>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:16}, {{1.0, 1.0}, {1.0, 1.0}}>
// A grid of blocks that do not fit the tensor.
func.func @type(%x: tensor<?x48xf32>, %w: tensor<2x48x!w>) {
  // expected-error@+1 {{operand 1 has 4 scales for 6 groups of 16 values}}
  %0 = nibble.linear %x, %w : (tensor<?x48xf32>, tensor<2x48x!w>) -> tensor<?x2xf32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:2, 1:16}, {{1.0, 1.0}}>
func.func @blocks(%x: tensor<?x32xf32>, %w: tensor<2x32x!w>) {
  // expected-error@+1 {{has blocks of values with one scale that are no groups of neighbours along its last dimension}}
  %0 = nibble.dequantize %w : (tensor<2x32x!w>) -> tensor<2x32xf32, #nibble.grid<!w>>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:16}, {{1.0, 1.0}, {1.0, 0.1}}>
!x = !quant.uniform<u8:f32, 0.5>
func.func @accumulate(%x: tensor<?x32x!x>, %w: tensor<2x32x!w>) {
  // expected-error@+1 {{linear of weights with group scales has no integer accumulators: its sum is f32}}
  %0 = nibble.linear %x, %w {accumulate} : (tensor<?x32x!x>, tensor<2x32x!w>) -> tensor<?x2xi32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:1, 2:1, 3:16}, {{{{1.0}}, {{1.0}}, {{1.0}}}}>
!x = !quant.uniform<u8:f32, 0.5>
func.func @window(%x: tensor<?x5x5x16x!x>, %w: tensor<1x3x1x16x!w>) {
  // expected-error@+1 {{takes weights with group scales only where the sum runs over the channels of one pixel (1 x 1 windows, groups = 1), got [1, 3, 1, 16]}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x16x!x>, tensor<1x3x1x16x!w>) -> tensor<?x3x5x1xf32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:1, 2:1, 3:16}, {{{{1.0}}}}>
!x = !quant.uniform<u8:f32, 0.5>
func.func @padding(%x: tensor<?x5x5x16x!x>, %w: tensor<1x1x1x16x!w>) {
  // expected-error@+1 {{only without padding; use one scale per output channel}}
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x5x5x16x!x>, tensor<1x1x1x16x!w>) -> tensor<?x7x7x1xf32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:1, 2:1, 3:16}, {{{{1.0}}}}>
!x = !quant.uniform<u8:f32, 0.5>
func.func @tile(%x: tensor<?x5x5x16x!x>, %w: tensor<1x1x1x16x!w>) {
  // expected-error@+1 {{without epilogue gives the raw accumulator (i32, or f32 of f32 operands and of group scales), got}}
  %0 = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x5x16x!x>, tensor<1x1x1x16x!w>) -> tensor<?x5x5x1xi32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:16}, {{1.0:2}}>
func.func @zero_point(%x: tensor<?x16xf32>, %w: tensor<1x16x!w>) {
  // expected-error@+1 {{operand 1 has groups of values with a zero point other than 0; use a symmetric quantiser for weights}}
  %0 = nibble.linear %x, %w : (tensor<?x16xf32>, tensor<1x16x!w>) -> tensor<?x1xf32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:16}, {{1.0}, {2.0}, {3.0}, {4.0}}>
func.func @transposed_scales(%x: tensor<?x32xf32>, %w: tensor<2x32x!w>) {
  // expected-error@+1 {{operand 1 has scales of shape [4, 1] for groups of 16 values; nest them as the tensor is, [2, 2]}}
  %0 = nibble.linear %x, %w : (tensor<?x32xf32>, tensor<2x32x!w>) -> tensor<?x2xf32>
  return
}

// -----

!w = !quant.uniform<i4:f32:{0:1, 1:24}, {{1.0}}>
func.func @size_of_type(%x: tensor<?x24xf32>, %w: tensor<1x24x!w>) {
  // expected-error@+1 {{linear has weights with blocks of values with one scale that are no groups of neighbours along the last dimension}}
  %0 = nibble.linear %x, %w : (tensor<?x24xf32>, tensor<1x24x!w>) -> tensor<?x1xf32>
  return
}
