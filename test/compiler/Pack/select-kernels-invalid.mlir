// RUN: nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu --split-input-file --verify-diagnostics
// RUN: not nibble-opt %s --nibble-select-kernels=target=x86_64-linux-gnu,+avx3 --split-input-file 2>&1 | FileCheck %s

// CHECK: error: nibble-select-kernels: {{.*}}avx3

func.func @not_constant(%x: tensor<?x1x1x2xf32>, %w: tensor<1x1x1x2xf32>) -> tensor<?x1x1x1xf32> {
  // expected-error@+1 {{has weights that are not constant; bind the parameters first (nibble-bind-weights)}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2xf32>, tensor<1x1x1x2xf32>) -> tensor<?x1x1x1xf32>
  return %y : tensor<?x1x1x1xf32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0:3>
func.func @zero_point(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{has weights with a zero point, for which there is no kernel; use a symmetric quantiser}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i16:f32, 1.0>
func.func @wide(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi16> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{has weights of 16 bits, for which there is no kernel; use at most 8 bits}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32:3, {1.0, 2.0}>
!w = !quant.uniform<i8:f32, 1.0>
func.func @per_channel(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{has activations with scales along dimension 3; use one scale per tensor}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}
// -----

!u = !quant.any<u8:f32>
!w = !quant.uniform<i8:f32, 1.0>
func.func @unknown(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{has an operand whose scale is not known; freeze the graph first (nibble-freeze)}}
  %y = nibble.tile %x, %w {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0>
func.func @unheard_of(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{cannot use the kernel dot_u9s9, which it was given: there is none of that name for its operands}}
  %y = nibble.tile %x, %w {nibble.given_kernel = "dot_u9s9", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0>
func.func @no_name(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{'nibble.given_kernel' must be a string}}
  %y = nibble.tile %x, %w {nibble.given_kernel = 42, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0>
func.func @never_measured(%x: tensor<?x1x1x2x!u>) -> tensor<?x1x1x1xi32> {
  %w = nibble.constant dense<1> : tensor<1x1x1x2xi8> : tensor<1x1x1x2x!w>
  // expected-error@+1 {{has nibble.measured with a time of portable_i16 that is no positive number}}
  %y = nibble.tile %x, %w {nibble.measured = {portable_i16 = 0x7FF8000000000000 : f64}, window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x2x!u>, tensor<1x1x1x2x!w>) -> tensor<?x1x1x1xi32>
  return %y : tensor<?x1x1x1xi32>
}

// -----

!u = !quant.uniform<u8:f32, 1.0>
!w = !quant.uniform<i8:f32, 1.0>
func.func @no_lists(%x: tensor<?x1x1x8x!u>) -> tensor<?x1x1x8xi32> {
  %w = nibble.constant dense<1> : tensor<8x1x1x8xi8> : tensor<8x1x1x8x!w>
  // expected-error@+1 {{cannot use the kernel listed_u8s8_10x8_avx2, which it was given: lists are for 8-bit weights of which 16-bit sums may overflow, where the target has no vpdpbusd}}
  %y = nibble.tile %x, %w {nibble.given_kernel = "listed_u8s8_10x8_avx2", window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x1x1x8x!u>, tensor<8x1x1x8x!w>) -> tensor<?x1x1x8xi32>
  return %y : tensor<?x1x1x8xi32>
}
