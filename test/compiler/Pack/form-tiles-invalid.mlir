// RUN: nibble-opt %s --nibble-form-tiles --split-input-file --verify-diagnostics

func.func @argument(%x: tensor<?x2xf32>, %w: tensor<3x2xf32>) -> tensor<?x3xf32> {
  // expected-error@+2 {{has weights that are not constant, so that they cannot be packed when compiling}}
  // expected-note@+1 {{bind the parameters first (nibble-bind-weights)}}
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8<-127:127>:f32, 1.0>
func.func @grids(%x: tensor<?x2xf32, #nibble.grid<!u>>) -> tensor<?x3xf32> {
  %w = nibble.constant dense<1.0> : tensor<3x2xf32> : tensor<3x2xf32, #nibble.grid<!w>>
  // expected-error@+1 {{sums f32 values of two grids, which R7 defines on their integers; lower it first (nibble-lower-to-integers)}}
  %y = nibble.linear %x, %w : (tensor<?x2xf32, #nibble.grid<!u>>, tensor<3x2xf32, #nibble.grid<!w>>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

func.func @window(%x: tensor<?x4x4x2xf32>) -> tensor<?x4x4x1xf32> {
  %w = nibble.constant dense<1.0> : tensor<1x3x3x2xf32> : tensor<1x3x3x2xf32>
  // expected-error@+1 {{gives 2 x 2 pixels an image}}
  %y = nibble.tile %x, %w {window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>, tensor<1x3x3x2xf32>) -> tensor<?x4x4x1xf32>
  return %y : tensor<?x4x4x1xf32>
}

// -----

func.func @weights(%x: tensor<?x4x4x4xf32>) -> tensor<?x4x4x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x1x1x4xf32> : tensor<2x1x1x4xf32>
  // expected-error@+1 {{that do not fit input}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, groups = 2 : i64} : (tensor<?x4x4x4xf32>, tensor<2x1x1x4xf32>) -> tensor<?x4x4x2xf32>
  return %y : tensor<?x4x4x2xf32>
}

// -----

func.func @padding(%x: tensor<?x1x1x1x!nibble.binary>) -> tensor<?x3x3x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x1xi8> : tensor<1x1x1x1x!nibble.binary>
  // expected-error@+1 {{skips padded taps, which is right for zeros only; pad with another value by nibble.pad in front}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>} : (tensor<?x1x1x1x!nibble.binary>, tensor<1x1x1x1x!nibble.binary>) -> tensor<?x3x3x1xi32>
  return %y : tensor<?x3x3x1xi32>
}
