// RUN: nibble-opt --split-input-file --verify-diagnostics --nibble-lower-to-integers="allow-float=true" %s | FileCheck %s

// CHECK-LABEL: func.func @softmax_between
// CHECK: nibble.dequantize
// CHECK: nibble.softmax
// CHECK: nibble.quantize
!q = !quant.uniform<u8:f32, 0.5>
func.func @softmax_between(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  // expected-remark@+1 {{works on float values between two quantisers}}
  %s = nibble.softmax %xq : (tensor<?x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %s {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

// Weights alone on a grid: stored as integers, used as f32.
!w = !quant.uniform<i8:f32, 0.5>
// CHECK-LABEL: func.func @weight_only
// CHECK: %[[W:.*]] = nibble.constant dense<2> : tensor<2x2xi8>
// CHECK: %[[F:.*]] = nibble.dequantize %[[W]]
// CHECK: nibble.linear %arg0, %[[F]] {{.*}} -> tensor<?x2xf32>
func.func @weight_only(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<1.0> : tensor<2x2xf32> : tensor<2x2xf32>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true>, scales = array<f32: 0.5>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  %y = nibble.linear %x, %wq : (tensor<?x2xf32>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
