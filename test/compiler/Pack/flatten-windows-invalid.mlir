// RUN: nibble-opt %s --nibble-flatten-windows=target=x86_64-linux-gnu,+avx2 --split-input-file --verify-diagnostics
// RUN: not nibble-opt %s --nibble-flatten-windows=target=x86_64-linux-gnu,+avx3 --split-input-file 2>&1 | FileCheck %s

// CHECK: error: nibble-flatten-windows: {{.*}}avx3

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i4:f32, 1.0>
func.func @not_constant(%x: tensor<?x3x3x1x!u>, %w: tensor<1x3x3x1x!w>) -> tensor<?x1x1x1xi32> {
  // expected-error@+1 {{has weights that are not constant; bind the parameters first (nibble-bind-weights)}}
  %y = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x1x!u>, tensor<1x3x3x1x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

func.func @early(%x: tensor<?x3x3x1xf32>, %w: tensor<1x3x3x1xf32>) -> tensor<?x1x1x1xf32> {
  // expected-error@+1 {{'nibble.conv2d' belongs to the graph stage; nibble-flatten-windows needs the packed stage}}
  %y = nibble.conv2d %x, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x3x1xf32>, tensor<1x3x3x1xf32>) -> tensor<?x1x1x1xf32>
  return %y : tensor<?x1x1x1xf32>
}
