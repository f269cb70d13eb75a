// RUN: nibble-opt --nibble-verify-quantized %s | FileCheck %s

// A mean of a grid, requantisations to f32 and float ops in front of the first and behind the last quantiser are fine.
// CHECK-LABEL: func.func @fine
!q = !quant.uniform<u8:f32, 0.5>
!w = !quant.uniform<i8:f32, 0.5>
func.func @fine(%x: tensor<?x4x4x2xf32>) -> tensor<?x2xf32> {
  %w = nibble.constant dense<3> : tensor<2x2xi8> : tensor<2x2x!w>
  %two = nibble.constant dense<2.0> : tensor<1xf32> : tensor<1xf32>
  %n = nibble.mul %x, %two : (tensor<?x4x4x2xf32>, tensor<1xf32>) -> tensor<?x4x4x2xf32>
  %xq = nibble.quantize %n : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2x!q>
  %m = nibble.global_avg_pool %xq : (tensor<?x4x4x2x!q>) -> tensor<?x2xf32>
  %mq = nibble.requantize %m {multiplier = array<f32: 2.0>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x2xf32>) -> tensor<?x2x!q>
  %a = nibble.linear %mq, %w : (tensor<?x2x!q>, tensor<2x2x!w>) -> tensor<?x2xi32>
  %y = nibble.requantize %a, %mq {multiplier = array<f32: 2.0>, bias = array<f32: 0.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x2x!q>) -> tensor<?x2xf32>
  %s = nibble.softmax %y : (tensor<?x2xf32>) -> tensor<?x2xf32>
  return %s : tensor<?x2xf32>
}
