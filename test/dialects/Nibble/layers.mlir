// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// Layers on f32 tensors, on grids and on quantised elements.

!a8 = !quant.uniform<u8:f32, 0.125:3>
!w4 = !quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25}>

// CHECK-LABEL: func.func @contractions
func.func @contractions(%x: tensor<?x8x8x4xf32>, %w: tensor<2x3x3x4xf32>, %dw: tensor<4x3x3x1xf32>, %qx: tensor<?x8x8x4x!a8>,
    %qw: tensor<2x3x3x4x!w4>, %gx: tensor<?x4xf32, #nibble.grid<!a8>>, %gw: tensor<2x4xf32, #nibble.grid<!w4>>, %lw: tensor<2x4xf32>, %lx: tensor<?x4xf32>) {
  // CHECK: nibble.conv2d %{{.*}}, %{{.*}} {padding = #nibble.padding<1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x8x8x2xf32>
  // CHECK: nibble.conv2d %{{.*}}, %{{.*}} {groups = 4 : i64, padding = #nibble.padding<1, 0, 0, 0>, strides = array<i64: 2, 3>}
  %1 = nibble.conv2d %x, %dw {strides = array<i64: 2, 3>, padding = #nibble.padding<1, 0, 0, 0>, groups = 4 : i64} : (tensor<?x8x8x4xf32>, tensor<4x3x3x1xf32>) -> tensor<?x4x2x4xf32>
  // CHECK: nibble.conv2d %{{.*}}, %{{.*}} {dilations = array<i64: 2, 3>, padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 1, 1>} : {{.*}} -> tensor<?x4x2x2xf32>
  %6 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 2, 3>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x4x2x2xf32>
  // A dilation of 1 is not written.
  // CHECK: nibble.conv2d %{{.*}}, %{{.*}} {padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 1, 1>}
  %7 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4xf32>, tensor<2x3x3x4xf32>) -> tensor<?x6x6x2xf32>
  // CHECK: nibble.conv2d {{.*}} -> tensor<?x6x6x2xi32>
  %2 = nibble.conv2d %qx, %qw {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x8x8x4x!a8>, tensor<2x3x3x4x!w4>) -> tensor<?x6x6x2xi32>
  // CHECK: nibble.linear %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  %3 = nibble.linear %lx, %lw : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.linear %{{.*}}, %{{.*}} {accumulate} : {{.*}} -> tensor<?x2xi32>
  %4 = nibble.linear %gx, %gw {accumulate} : (tensor<?x4xf32, #nibble.grid<!a8>>, tensor<2x4xf32, #nibble.grid<!w4>>) -> tensor<?x2xi32>
  // CHECK: nibble.linear %{{.*}}, %{{.*}} : {{.*}} -> tensor<?x2xf32>
  %5 = nibble.linear %gx, %gw : (tensor<?x4xf32, #nibble.grid<!a8>>, tensor<2x4xf32, #nibble.grid<!w4>>) -> tensor<?x2xf32>
  return
}

!signs = tensor<?x4x4x64xf32, #nibble.grid<!nibble.binary>>
!sign_weights = tensor<8x3x3x64xf32, #nibble.grid<!nibble.binary>>
// CHECK-LABEL: func.func @binary
func.func @binary(%x: !signs, %w: !sign_weights) {
  // CHECK: nibble.conv2d {{.*}} padding = #nibble.padding<1, 1, 1, 1, plus_one>
  %0 = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>, accumulate} : (!signs, !sign_weights) -> tensor<?x4x4x8xi32>
  // CHECK: nibble.pad %{{.*}} {high = array<i64: 0, 1, 0, 0>, low = array<i64: 0, 1, 0, 0>, value = -1.000000e+00 : f32} : {{.*}} -> tensor<?x6x4x64xf32, #nibble.grid<!nibble.binary>>
  %1 = nibble.pad %x {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 1, 0, 0>, value = -1.0 : f32} : (!signs) -> tensor<?x6x4x64xf32, #nibble.grid<!nibble.binary>>
  // The value is off the grid.
  // CHECK: nibble.pad %{{.*}} {high = array<i64: 0, 1, 0, 0>, low = array<i64: 0, 0, 0, 0>} : {{.*}} -> tensor<?x5x4x64xf32>
  %2 = nibble.pad %x {low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 1, 0, 0>} : (!signs) -> tensor<?x5x4x64xf32>
  return
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x2xf32>, %c: tensor<2xf32>, %s: tensor<f32>, %gx: tensor<?x2xf32, #nibble.grid<!a8>>) {
  // CHECK: nibble.batch_norm %{{.*}} {epsilon = 1.000000e-03 : f32, momentum = 5.000000e-01 : f32} :
  %0 = nibble.batch_norm %x, %c, %c, %c, %c {epsilon = 1.0e-3 : f32, momentum = 0.5 : f32} : (tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.add %{{.*}}, %{{.*}} : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %1 = nibble.add %x, %0 : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.add %{{.*}}, %{{.*}} : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %2 = nibble.add %x, %c : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.mul %{{.*}}, %{{.*}} : (tensor<?x2xf32, #nibble.grid<{{.*}}>>, tensor<f32>) -> tensor<?x2xf32>
  %3 = nibble.mul %gx, %s : (tensor<?x2xf32, #nibble.grid<!a8>>, tensor<f32>) -> tensor<?x2xf32>
  // CHECK: nibble.relu
  %4 = nibble.relu %x : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.clip %{{.*}} {hi = 0x7F800000 : f32, lo = 0.000000e+00 : f32} :
  %5 = nibble.clip %x {lo = 0.0 : f32, hi = 0x7F800000 : f32} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: nibble.softmax %
  %6 = nibble.softmax %x : (tensor<?x2xf32>) -> tensor<?x2xf32>
  return
}

!g = tensor<?x8x8x4xf32, #nibble.grid<!a8>>
// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: !g, %q: tensor<?x8x8x4x!a8>, %labels: tensor<?xi32>, %logits: tensor<?x3xf32>, %c: tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>) {
  // CHECK: nibble.max_pool2d %{{.*}} {padding = #nibble.padding<1, 1, 0, 0>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : {{.*}} -> tensor<?x4x4x4xf32, #nibble.grid<
  %0 = nibble.max_pool2d %x {window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 0, 0>} : (!g) -> tensor<?x4x4x4xf32, #nibble.grid<!a8>>
  // CHECK: nibble.avg_pool2d {{.*}} -> tensor<?x4x4x4xf32>
  %1 = nibble.avg_pool2d %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (!g) -> tensor<?x4x4x4xf32>
  // CHECK: nibble.global_avg_pool {{.*}} -> tensor<?x4xf32>
  %2 = nibble.global_avg_pool %q : (tensor<?x8x8x4x!a8>) -> tensor<?x4xf32>
  // CHECK: nibble.reshape {{.*}} -> tensor<?x256x!quant.uniform<u8:f32, 1.250000e-01:3>>
  %3 = nibble.reshape %q : (tensor<?x8x8x4x!a8>) -> tensor<?x256x!a8>
  // A grid may be dropped.
  // CHECK: nibble.reshape {{.*}} -> tensor<?x256xf32>
  %4 = nibble.reshape %x : (!g) -> tensor<?x256xf32>
  // CHECK: nibble.concat %{{.*}}, %{{.*}}, %{{.*}} {axis = 3 : i64} : {{.*}} -> tensor<?x8x8x12xf32, #nibble.grid<
  %5 = nibble.concat %x, %x, %x {axis = 3 : i64} : (!g, !g, !g) -> tensor<?x8x8x12xf32, #nibble.grid<!a8>>
  // Equal scales per channel are not those of the result.
  // CHECK: nibble.concat {{.*}} -> tensor<?x8x8x8xf32>
  %6 = nibble.concat %c, %c {axis = 3 : i64} : (tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>,
      tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>) -> tensor<?x8x8x8xf32>
  // 0.25 is two steps of the grid, 0.3 lies between two.
  // CHECK: nibble.pad {{.*}} value = 2.500000e-01 : f32} : {{.*}} -> tensor<?x8x9x4xf32, #nibble.grid<
  %7 = nibble.pad %x {low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 1, 0>, value = 0.25 : f32} : (!g) -> tensor<?x8x9x4xf32, #nibble.grid<!a8>>
  // CHECK: nibble.pad {{.*}} -> tensor<?x8x9x4xf32>
  %8 = nibble.pad %x {low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 1, 0>, value = 0.3 : f32} : (!g) -> tensor<?x8x9x4xf32>
  // Rows added along the scales have none.
  // CHECK: nibble.pad {{.*}} -> tensor<?x8x8x5xf32>
  %9 = nibble.pad %c {low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 0, 1>} : (tensor<?x8x8x4xf32, #nibble.grid<!quant.uniform<u8:f32:3, {0.5, 0.25, 1.0, 2.0}>>>) -> tensor<?x8x8x5xf32>
  // CHECK: nibble.softmax_cross_entropy %{{.*}}, %{{.*}} : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>
  %10 = nibble.softmax_cross_entropy %logits, %labels : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>
  return
}
