// RUN: nibble-opt --split-input-file --nibble-lower-to-integers %s | FileCheck %s

!q = !quant.uniform<u8:f32, 0.5>
!w = !quant.uniform<i4<-7:7>:f32:0, {0.25, 0.5}>

// Weights become i8 integers, the activation nibble.quantize, the contraction integers on integers; f32 results of grids are dequantised.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 2.000000e+00>>>
// CHECK-DAG: %[[W:.*]] = nibble.constant dense<{{\[\[}}7, -2], [-7, 0]]> : tensor<2x2xi8> : tensor<2x2x!quant.uniform<i4<-7:7>:f32:0, {2.500000e-01,5.000000e-01}>>
// CHECK-DAG: %[[X:.*]] = nibble.quantize %arg0 : (tensor<?x2xf32>) -> tensor<?x2x!quant.uniform<u8:f32, 5.000000e-01>>
// CHECK: %[[ACC:.*]] = nibble.linear %[[X]], %[[W]] : {{.*}} -> tensor<?x2xi32>
// CHECK: %[[Q:.*]] = nibble.requantize %[[ACC]], %[[X]] {{.*}} : (tensor<?x2xi32>, tensor<?x2x!quant.uniform<u8:f32, 5.000000e-01>>) -> tensor<?x2x!quant.uniform<u8:f32, 2.000000e+00>>
// CHECK: %[[F:.*]] = nibble.dequantize %[[Q]]
// CHECK: return %[[F]]
func.func @layer(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 2.0>>> {
  %w = nibble.constant dense<[[1.75, -0.625], [-9.0, 0.25]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>, scales = array<f32: 0.25, 0.5>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  %acc = nibble.linear %xq, %wq {accumulate} : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xi32>
  %q = nibble.requantize %acc, %xq {multiplier = array<f32: 0.5>, bias = array<f32: 0.25, 0.5>, lo = array<f32: 0.0>, hi = array<f32: 255.0>, residual_multiplier = 0.25 : f32} : (tensor<?x2xi32>, tensor<?x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 2.0>>>
  return %q : tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 2.0>>>
}

// -----

!q = !quant.uniform<u8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.1>

// R7 where the graph has no requantisation: f32(sx * sw), nothing added, no bounds.
// CHECK-LABEL: func.func @unfused
// CHECK: %[[ACC:.*]] = nibble.linear {{.*}} -> tensor<?x1xi32>
// CHECK: %[[Y:.*]] = nibble.requantize %[[ACC]] {bias = array<f32: -0.000000e+00>, hi = array<f32: 0x7F800000>, lo = array<f32: 0xFF800000>, multiplier = array<f32: 5.000000e-02>} : (tensor<?x1xi32>) -> tensor<?x1xf32>
// CHECK: %[[S:.*]] = nibble.softmax %[[Y]]
// CHECK: return %[[S]]
func.func @unfused(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = nibble.constant dense<[[12.7, -3.0]]> : tensor<1x2xf32> : tensor<1x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>, scales = array<f32: 0.5>, zero_points = array<i64: 3>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.1>} : (tensor<1x2xf32>) -> tensor<1x2xf32, #nibble.grid<!quant.uniform<i8<-127:127>:f32, 0.10000000149011612>>>
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<1x2xf32, #nibble.grid<!quant.uniform<i8<-127:127>:f32, 0.10000000149011612>>>) -> tensor<?x1xf32>
  %s = nibble.softmax %y : (tensor<?x1xf32>) -> tensor<?x1xf32>
  return %s : tensor<?x1xf32>
}

// -----

// Binary values and the ops that keep a grid.
// CHECK-LABEL: func.func @binary
// CHECK-DAG: nibble.constant dense<{{.*}}> : tensor<2x1x1x2xi8> : tensor<2x1x1x2x!nibble.binary>
// CHECK-DAG: nibble.quantize %arg0 : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2x!nibble.binary>
// CHECK: nibble.conv2d {{.*}} -> tensor<?x4x4x2xi32>
// CHECK: nibble.requantize {{.*}} -> tensor<?x4x4x2x!nibble.binary>
// CHECK: nibble.max_pool2d {{.*}} -> tensor<?x2x2x2x!nibble.binary>
// CHECK: nibble.reshape {{.*}} -> tensor<?x8x!nibble.binary>
// CHECK: nibble.dequantize {{.*}} -> tensor<?x8xf32, #nibble.grid<!nibble.binary>>
func.func @binary(%x: tensor<?x4x4x2xf32>) -> tensor<?x8xf32, #nibble.grid<!nibble.binary>> {
  %w = nibble.constant dense<[[[[0.5, -0.5]]], [[[-0.0, -1.0]]]]> : tensor<2x1x1x2xf32> : tensor<2x1x1x2xf32>
  %xs = nibble.sign %x : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32, #nibble.grid<!nibble.binary>>
  %ws = nibble.sign %w : (tensor<2x1x1x2xf32>) -> tensor<2x1x1x2xf32, #nibble.grid<!nibble.binary>>
  %acc = nibble.conv2d %xs, %ws {accumulate, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32, #nibble.grid<!nibble.binary>>, tensor<2x1x1x2xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x4x4x2xi32>
  %s = nibble.requantize %acc {multiplier = array<f32: 1.0>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x4x4x2xi32>) -> tensor<?x4x4x2xf32, #nibble.grid<!nibble.binary>>
  %p = nibble.max_pool2d %s {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x2x2x2xf32, #nibble.grid<!nibble.binary>>
  %r = nibble.reshape %p : (tensor<?x2x2x2xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x8xf32, #nibble.grid<!nibble.binary>>
  return %r : tensor<?x8xf32, #nibble.grid<!nibble.binary>>
}

// -----

// An argument on a grid is quantised on entry; a mean takes the integers; a sum behind the last quantiser takes f32.
!q = !quant.uniform<u8:f32, 0.5>
// CHECK-LABEL: func.func @argument
// CHECK: %[[X:.*]] = nibble.quantize %arg0
// CHECK: %[[M:.*]] = nibble.global_avg_pool %[[X]] : (tensor<?x4x4x2x!quant.uniform<u8:f32, 5.000000e-01>>) -> tensor<?x2xf32>
// CHECK: nibble.add %[[M]], %[[M]]
func.func @argument(%x: tensor<?x4x4x2xf32, #nibble.grid<!q>> {nibble.name = "x"}) -> tensor<?x2xf32> {
  %m = nibble.global_avg_pool %x : (tensor<?x4x4x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  %s = nibble.add %m, %m : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  return %s : tensor<?x2xf32>
}

// -----

// Ternary weights keep their integers; large constants keep their name.
// CHECK-LABEL: func.func @ternary
// CHECK: nibble.constant dense_resource<fc.weight.q> : tensor<1x9xi8> : tensor<1x9x!nibble.ternary<5.000000e-01>>
func.func @ternary(%x: tensor<?x9xf32>) -> tensor<?x1xf32> {
  %w = nibble.constant dense_resource<fc.weight> : tensor<1x9xf32> : tensor<1x9xf32>
  %xs = nibble.sign %x : (tensor<?x9xf32>) -> tensor<?x9xf32, #nibble.grid<!nibble.binary>>
  %wt = nibble.ternarize %w {scales = array<f32: 0.5>} : (tensor<1x9xf32>) -> tensor<1x9xf32, #nibble.grid<!nibble.ternary<0.5>>>
  %y = nibble.linear %xs, %wt : (tensor<?x9xf32, #nibble.grid<!nibble.binary>>, tensor<1x9xf32, #nibble.grid<!nibble.ternary<0.5>>>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

{-#
  dialect_resources: {
    builtin: {
      fc.weight: "0x040000000000003F0000003F0000003F000000BF000000BF000000BF0000000000000000CDCC4C3E"
    }
  }
#-}
