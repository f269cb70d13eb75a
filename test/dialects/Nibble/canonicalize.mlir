// RUN: nibble-opt %s --canonicalize | FileCheck %s
// Folds are exact: each keeps every bit of every result, NaN and -0 included.

// CHECK-LABEL: func.func @mul_by_one(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @mul_by_one(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %one = nibble.constant dense<1.0> : tensor<4xf32> : tensor<4xf32>
  %0 = nibble.mul %x, %one : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// The product leaves the grid; its input does not.
// CHECK-LABEL: func.func @mul_leaves_grid
// CHECK: nibble.mul
func.func @mul_leaves_grid(%x: tensor<4xf32, #nibble.grid<!nibble.binary>>) -> tensor<4xf32> {
  %one = nibble.constant dense<1.0> : tensor<4xf32> : tensor<4xf32>
  %0 = nibble.mul %x, %one : (tensor<4xf32, #nibble.grid<!nibble.binary>>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @add_minus_zero(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @add_minus_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = nibble.constant dense<-0.0> : tensor<f32> : tensor<f32>
  %0 = nibble.add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -0 + +0 is +0.
// CHECK-LABEL: func.func @add_plus_zero
// CHECK: nibble.add
func.func @add_plus_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = nibble.constant dense<0.0> : tensor<f32> : tensor<f32>
  %0 = nibble.add %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @relu_of_relu(
// CHECK-NEXT: %[[R:.*]] = nibble.relu
// CHECK-NEXT: return %[[R]]
func.func @relu_of_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @relu_of_clip(
// CHECK-NEXT: %[[C:.*]] = nibble.clip
// CHECK-NEXT: return %[[C]]
func.func @relu_of_clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = 0.0 : f32, hi = 6.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// clip keeps -0 as its bound, relu gives +0.
// CHECK-LABEL: func.func @relu_of_clip_at_minus_zero
// CHECK: nibble.relu
func.func @relu_of_clip_at_minus_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = -0.0 : f32, hi = 6.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @wider_clip(
// CHECK-NEXT: %[[C:.*]] = nibble.clip %{{.*}} {hi = 1.000000e+00 : f32, lo = -1.000000e+00 : f32}
// CHECK-NEXT: return %[[C]]
func.func @wider_clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.clip %0 {lo = -2.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @narrower_clip(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: %[[C:.*]] = nibble.clip %[[X]] {hi = 5.000000e-01 : f32, lo = -1.000000e+00 : f32}
// CHECK-NEXT: return %[[C]]
func.func @narrower_clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.clip %0 {lo = -1.0 : f32, hi = 0.5 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// Neither bounds the other.
// CHECK-LABEL: func.func @clips_that_overlap
// CHECK-COUNT-2: nibble.clip
func.func @clips_that_overlap(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = -1.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.clip %0 {lo = 0.0 : f32, hi = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// The narrower clip stays, with its own zero: 0 and -0 compare equal.
// CHECK-LABEL: func.func @clip_at_another_zero(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: %[[C:.*]] = nibble.clip %[[X]] {hi = 1.000000e+00 : f32, lo = 0.000000e+00 : f32}
// CHECK-NEXT: return %[[C]]
func.func @clip_at_another_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = -0.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.clip %0 {lo = 0.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// The wider clip would turn its input's 0 into -0.
// CHECK-LABEL: func.func @wider_clip_at_another_zero
// CHECK-COUNT-2: nibble.clip
func.func @wider_clip_at_another_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nibble.clip %x {lo = 0.0 : f32, hi = 1.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nibble.clip %0 {lo = -0.0 : f32, hi = 2.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func.func @pool_of_one_pixel(
// CHECK-SAME: %[[X:.*]]: tensor<?x4x4x2xf32>)
// CHECK-NEXT: return %[[X]]
func.func @pool_of_one_pixel(%x: tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32> {
  %0 = nibble.max_pool2d %x {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32>
  return %0 : tensor<?x4x4x2xf32>
}

// With a stride pixels are left out.
// CHECK-LABEL: func.func @pool_with_stride
// CHECK: nibble.max_pool2d
func.func @pool_with_stride(%x: tensor<?x4x4x2xf32>) -> tensor<?x2x2x2xf32> {
  %0 = nibble.max_pool2d %x {window = array<i64: 1, 1>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>) -> tensor<?x2x2x2xf32>
  return %0 : tensor<?x2x2x2xf32>
}

// CHECK-LABEL: func.func @reshapes(
// CHECK-SAME: %[[X:.*]]: tensor<?x4x4x2xf32>)
// CHECK-NEXT: %[[R:.*]] = nibble.reshape %[[X]] : (tensor<?x4x4x2xf32>) -> tensor<?x2x16xf32>
// CHECK-NEXT: return %[[X]], %[[R]]
func.func @reshapes(%x: tensor<?x4x4x2xf32>) -> (tensor<?x4x4x2xf32>, tensor<?x2x16xf32>) {
  %0 = nibble.reshape %x : (tensor<?x4x4x2xf32>) -> tensor<?x32xf32>
  %1 = nibble.reshape %0 : (tensor<?x32xf32>) -> tensor<?x4x4x2xf32>
  %2 = nibble.reshape %0 : (tensor<?x32xf32>) -> tensor<?x2x16xf32>
  return %1, %2 : tensor<?x4x4x2xf32>, tensor<?x2x16xf32>
}

// A grid that was dropped stays dropped.
// CHECK-LABEL: func.func @reshape_without_grid
// CHECK: nibble.reshape %{{.*}} : (tensor<2x4xf32, #nibble.grid<!nibble.binary>>) -> tensor<2x4xf32>
func.func @reshape_without_grid(%x: tensor<2x4xf32, #nibble.grid<!nibble.binary>>) -> tensor<2x4xf32> {
  %0 = nibble.reshape %x : (tensor<2x4xf32, #nibble.grid<!nibble.binary>>) -> tensor<8xf32>
  %1 = nibble.reshape %0 : (tensor<8xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @movement(
// CHECK-SAME: %[[X:.*]]: tensor<2x4xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]]
func.func @movement(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %0 = nibble.concat %x {axis = 1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = nibble.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 0>, value = 3.0 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = nibble.slice %x {offsets = array<i64: 0, 0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

!q = !quant.uniform<u8:f32, 0.1250:3>
// CHECK-LABEL: func.func @quantize_of_dequantize(
// CHECK-SAME: %[[X:.*]]: tensor<4x
// CHECK-NEXT: return %[[X]]
func.func @quantize_of_dequantize(%x: tensor<4x!q>) -> tensor<4x!q> {
  %0 = nibble.dequantize %x : (tensor<4x!q>) -> tensor<4xf32, #nibble.grid<!q>>
  %1 = nibble.quantize %0 : (tensor<4xf32, #nibble.grid<!q>>) -> tensor<4x!q>
  return %1 : tensor<4x!q>
}

// 255 * 2^127 is infinite, and saturates.
!wide = !quant.uniform<u8:f32, 170141183460469231731687303715884105728.0>
// CHECK-LABEL: func.func @quantize_of_infinity
// CHECK: nibble.quantize
func.func @quantize_of_infinity(%x: tensor<4x!wide>) -> tensor<4x!wide> {
  %0 = nibble.dequantize %x : (tensor<4x!wide>) -> tensor<4xf32, #nibble.grid<!wide>>
  %1 = nibble.quantize %0 : (tensor<4xf32, #nibble.grid<!wide>>) -> tensor<4x!wide>
  return %1 : tensor<4x!wide>
}

// Another grid.
// CHECK-LABEL: func.func @quantize_to_another_grid
// CHECK: nibble.quantize
func.func @quantize_to_another_grid(%x: tensor<4x!q>) -> tensor<4x!quant.uniform<u8:f32, 0.125:4>> {
  %0 = nibble.dequantize %x : (tensor<4x!q>) -> tensor<4xf32, #nibble.grid<!q>>
  %1 = nibble.quantize %0 : (tensor<4xf32, #nibble.grid<!q>>) -> tensor<4x!quant.uniform<u8:f32, 0.125:4>>
  return %1 : tensor<4x!quant.uniform<u8:f32, 0.125:4>>
}

!packed = tensor<2x4x!q, #nibble.layout<"order = [0, 1], word = 8, bits = 8">>
// CHECK-LABEL: func.func @pack_and_unpack(
// CHECK-SAME: %[[X:.*]]: tensor<2x4x!quant.uniform<u8:f32, 1.250000e-01:3>>, %[[P:.*]]: tensor<2x4x
// CHECK-NEXT: return %[[X]], %[[P]]
func.func @pack_and_unpack(%x: tensor<2x4x!q>, %p: !packed) -> (tensor<2x4x!q>, !packed) {
  %0 = nibble.pack %x : (tensor<2x4x!q>) -> !packed
  %1 = nibble.unpack %0 : (!packed) -> tensor<2x4x!q>
  %2 = nibble.unpack %p : (!packed) -> tensor<2x4x!q>
  %3 = nibble.pack %2 : (tensor<2x4x!q>) -> !packed
  return %1, %3 : tensor<2x4x!q>, !packed
}

// Another layout.
!columns = tensor<2x4x!q, #nibble.layout<"order = [1, 0], word = 8, bits = 8">>
// CHECK-LABEL: func.func @repack
// CHECK-COUNT-1: nibble.pack
func.func @repack(%p: !packed) -> !columns {
  %0 = nibble.unpack %p : (!packed) -> tensor<2x4x!q>
  %1 = nibble.pack %0 : (tensor<2x4x!q>) -> !columns
  return %1 : !columns
}
