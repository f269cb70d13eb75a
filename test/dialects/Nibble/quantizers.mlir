// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// Parameters, constants, quantisers and conversions: printed, parsed and printed again.

#w4 = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>
#a8 = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
#a16 = #nibble.quantizer<bits = 16, isSigned = true, estimator = identity>

// CHECK-LABEL: func.func @parameters
func.func @parameters() {
  // CHECK: nibble.param @conv1.weight : tensor<16x3x3x1xf32>
  %0 = nibble.param @conv1.weight : tensor<16x3x3x1xf32>
  // CHECK: nibble.param @bn1.mean {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<16xf32>
  %1 = nibble.param @bn1.mean {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<16xf32>
  // CHECK: nibble.param @"a name: any" {init = #nibble.init<ones>} : tensor<f32>
  %2 = nibble.param @"a name: any" {init = #nibble.init<ones>} : tensor<f32>
  return
}

// CHECK-LABEL: func.func @constants
func.func @constants() {
  // CHECK: nibble.constant dense<[5.000000e-01, 1.000000e+00]> : tensor<2xf32> : tensor<2xf32>
  %0 = nibble.constant dense<[0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  // CHECK: nibble.constant dense<3> : tensor<2xi32> : tensor<2xi32>
  %1 = nibble.constant dense<3> : tensor<2xi32> : tensor<2xi32>
  // CHECK: nibble.constant dense<[1, -1]> : tensor<2xi8> : tensor<2x!nibble.binary>
  %2 = nibble.constant dense<[1, -1]> : tensor<2xi8> : tensor<2x!nibble.binary>
  // CHECK: nibble.constant dense<300> : tensor<2xi16> : tensor<2x!quant.uniform<i16:f32, 2.500000e-01>>
  %3 = nibble.constant dense<300> : tensor<2xi16> : tensor<2x!quant.uniform<i16:f32, 0.25>>
  // CHECK: nibble.constant dense<[33, -1]> : tensor<2xi8> : tensor<3x!nibble.ternary<5.000000e-01>, #nibble.layout<"order = [0], word = 8, bits = 2, lanes = 2">>
  %4 = nibble.constant dense<[33, -1]> : tensor<2xi8> : tensor<3x!nibble.ternary<0.5>, #nibble.layout<"order = [0], word = 8, bits = 2, lanes = 2">>
  // CHECK: nibble.constant dense_resource<blob> : tensor<2xf32> : tensor<2xf32>
  %5 = nibble.constant dense_resource<blob> : tensor<2xf32> : tensor<2xf32>
  return
}

// CHECK-LABEL: func.func @fake_quants
func.func @fake_quants(%x: tensor<?x3xf32>, %range: tensor<3xf32>, %w: tensor<2x3xf32>) {
  // CHECK: nibble.fake_quant %{{.*}}, %{{.*}} {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32, #nibble.grid<!quant.any<u8:f32>>>
  %0 = nibble.fake_quant %x, %range {quantizer = #a8} : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  // CHECK: nibble.fake_quant %{{.*}} {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  %1 = nibble.fake_quant %w {quantizer = #w4} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  // CHECK: scales = array<f32: 5.000000e-01, 2.500000e-01>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {5.000000e-01,2.500000e-01}>>>
  %2 = nibble.fake_quant %w {quantizer = #w4, scales = array<f32: 0.5, 0.25>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25}>>>
  // CHECK: scales = array<f32: 1.250000e-01>, zero_points = array<i64: 3>} : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!quant.uniform<u8:f32, 1.250000e-01:3>>>
  %3 = nibble.fake_quant %x {quantizer = #a8, scales = array<f32: 0.125>, zero_points = array<i64: 3>} : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!quant.uniform<u8:f32, 0.125:3>>>
  // CHECK: #nibble.quantizer<bits = 16, isSigned = true, estimator = identity>
  %4 = nibble.fake_quant %x {quantizer = #a16} : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!quant.any<i16<-32768:32767>:f32>>>
  return
}

// CHECK-LABEL: func.func @signs_and_ternary
func.func @signs_and_ternary(%x: tensor<?x64xf32>, %w: tensor<2x3xf32>) {
  // CHECK: nibble.sign %{{.*}} : (tensor<?x64xf32>) -> tensor<?x64xf32, #nibble.grid<!nibble.binary>>
  %0 = nibble.sign %x : (tensor<?x64xf32>) -> tensor<?x64xf32, #nibble.grid<!nibble.binary>>
  // CHECK: nibble.sign %{{.*}} {estimator = #nibble.estimator<identity>}
  %1 = nibble.sign %x {estimator = #nibble.estimator<identity>} : (tensor<?x64xf32>) -> tensor<?x64xf32, #nibble.grid<!nibble.binary>>
  // CHECK: nibble.ternarize %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  %2 = nibble.ternarize %w : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  // CHECK: nibble.ternarize %{{.*}} {axis = 0 : i64, estimator = #nibble.estimator<clipped>, rule = #nibble.ternary_rule<median>}
  %3 = nibble.ternarize %w {axis = 0 : i64, rule = #nibble.ternary_rule<median>, estimator = #nibble.estimator<clipped>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary>>
  // CHECK: nibble.ternarize %{{.*}} {axis = 0 : i64, rule = #nibble.ternary_rule<fixed>, scales = array<f32: 5.000000e-01, 2.500000e-01>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary<0 : 5.000000e-01, 2.500000e-01>>>
  %4 = nibble.ternarize %w {axis = 0 : i64, rule = #nibble.ternary_rule<fixed>, scales = array<f32: 0.5, 0.25>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!nibble.ternary<0 : 0.5, 0.25>>>
  return
}

!q8 = !quant.uniform<u8:f32, 0.125:3>
!u4 = !quant.uniform<u4:f32, 0.25>
// CHECK-LABEL: func.func @conversions
func.func @conversions(%x: tensor<?x2xf32>, %acc: tensor<?x2xi32>, %skip: tensor<?x2x!u4>) {
  // CHECK: nibble.quantize %{{.*}} : (tensor<?x2xf32>) -> tensor<?x2x!quant.uniform<u8:f32, 1.250000e-01:3>>
  %0 = nibble.quantize %x : (tensor<?x2xf32>) -> tensor<?x2x!q8>
  // CHECK: nibble.dequantize %{{.*}} -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 1.250000e-01:3>>>
  %1 = nibble.dequantize %0 : (tensor<?x2x!q8>) -> tensor<?x2xf32, #nibble.grid<!q8>>
  // CHECK: nibble.requantize %{{.*}}, %{{.*}} {bias = array<f32: 1.500000e+00, -5.000000e-01>, hi = array<f32: 1.500000e+01>, lo = array<f32: 0.000000e+00>, multiplier = array<f32: 2.500000e-01, 5.000000e-01>, residual_multiplier = 1.000000e+00 : f32}
  %2 = nibble.requantize %acc, %skip {multiplier = array<f32: 0.25, 0.5>, bias = array<f32: 1.5, -0.5>, lo = array<f32: 0.0>, hi = array<f32: 15.0>,
      residual_multiplier = 1.0 : f32} : (tensor<?x2xi32>, tensor<?x2x!u4>) -> tensor<?x2x!u4>
  // CHECK: flips = array<i32: 0, -1>, hi = array<f32: 0x7F800000>, lo = array<f32: 0xFF800000>{{.*}}, thresholds = array<i32: 4, -3>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  %3 = nibble.requantize %acc {multiplier = array<f32: 0.25>, bias = array<f32: 0.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>,
      thresholds = array<i32: 4, -3>, flips = array<i32: 0, -1>} : (tensor<?x2xi32>) -> tensor<?x2x!nibble.binary>
  // CHECK: profile = #nibble.profile<fixed>
  %4 = nibble.requantize %acc {multiplier = array<f32: 0.25>, bias = array<f32: 0.0>, lo = array<f32: 0.0>, hi = array<f32: 15.0>, profile = #nibble.profile<fixed>}
      : (tensor<?x2xi32>) -> tensor<?x2xf32, #nibble.grid<!u4>>
  return
}

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000003F0000803F"
    }
  }
#-}
