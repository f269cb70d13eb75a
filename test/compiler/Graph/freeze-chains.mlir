// RUN: nibble-opt --split-input-file --nibble-freeze="seed=1 report=true" %s 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err

!q = !quant.uniform<u8:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>

// A residual on a grid: R = s_residual / s = 0.5 / 0.25. The add may have the contraction on either side.
// CHECK-LABEL: func.func @residual
// CHECK: %[[X:.*]] = nibble.fake_quant %arg0
// CHECK: %[[ACC:.*]] = nibble.linear %[[X]]
// CHECK: nibble.requantize %[[ACC]], %[[X]] {bias = array<f32: 0.000000e+00>, hi = array<f32: 2.550000e+02>, lo = array<f32: 0.000000e+00>, multiplier = array<f32: 5.000000e-01>, residual_multiplier = 2.000000e+00 : f32}
// CHECK-NEXT: return
// REMARK: one requantize replaces add, relu, fake_quant
func.func @residual(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 0.25>>> {
  %w = nibble.param @w : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  %y = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  %a = nibble.add %xq, %y : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %h = nibble.relu %a : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %h {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.25>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 0.25>>>
  return %q : tensor<?x2xf32, #nibble.grid<!quant.uniform<u8:f32, 0.25>>>
}

// -----

// Two branches meet: the second gives f32, the first takes it as its residual. A relu before the add ends a chain: the add
// becomes a requantisation of its own.
!q = !quant.uniform<u8:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
// CHECK-LABEL: func.func @branches
// CHECK: %[[X:.*]] = nibble.fake_quant %arg0
// CHECK: %[[A:.*]] = nibble.linear
// CHECK: %[[B:.*]] = nibble.linear
// CHECK: %[[BF:.*]] = nibble.requantize %[[B]] {{.*}} -> tensor<?x2xf32>
// CHECK: %[[AF:.*]] = nibble.requantize %[[A]], %[[BF]] {{.*}}residual_multiplier = 1.000000e+00 : f32} {{.*}} -> tensor<?x2xf32>
// CHECK: nibble.requantize %[[AF]], %[[X]] {{.*}}multiplier = array<f32: 2.000000e+00>, residual_multiplier = 1.000000e+00 : f32} {{.*}}!quant.uniform
// REMARK: one requantize replaces mul, add, relu; it gives f32 because the chain ends at add
// REMARK: one requantize replaces mul; it gives f32 because the chain ends at requantize
// REMARK: one requantize replaces add, fake_quant
func.func @branches(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %w = nibble.param @w : tensor<2x2xf32>
  %two = nibble.constant dense<2.0> : tensor<1xf32> : tensor<1xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  %a = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  %am = nibble.mul %a, %two : (tensor<?x2xf32>, tensor<1xf32>) -> tensor<?x2xf32>
  %b = nibble.linear %xq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  %bm = nibble.mul %b, %two : (tensor<?x2xf32>, tensor<1xf32>) -> tensor<?x2xf32>
  %c = nibble.add %am, %bm : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %h = nibble.relu %c : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %d = nibble.add %h, %xq : (tensor<?x2xf32>, tensor<?x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %d {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}

// -----

// A value with two uses ends the chain in f32; a batch norm and sign behind it make a chain of their own. The residual has one multiplier, so
// no per-channel factor joins behind it.
// CHECK-LABEL: func.func @binary_residual
// CHECK: %[[X:.*]] = nibble.sign %arg0
// CHECK: %[[A:.*]] = nibble.linear
// CHECK: %[[Y:.*]] = nibble.requantize %[[A]], %arg0 {{.*}} -> tensor<?x2xf32>
// CHECK: nibble.requantize %[[Y]] {bias = array<f32: -2.000000e+00, -4.000000e+00>, {{.*}}multiplier = array<f32: 2.000000e+00, 4.000000e+00>} {{.*}}!nibble.binary
// CHECK: return {{.*}}, %[[Y]]
func.func @binary_residual(%x: tensor<?x2xf32>) -> (tensor<?x2xf32, #nibble.grid<!nibble.binary>>, tensor<?x2xf32>) {
  %w = nibble.param @w : tensor<2x2xf32>
  %gamma = nibble.constant dense<[2.0, 4.0]> : tensor<2xf32> : tensor<2xf32>
  %beta = nibble.constant dense<0.0> : tensor<2xf32> : tensor<2xf32>
  %mean = nibble.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %variance = nibble.constant dense<0.25> : tensor<2xf32> : tensor<2xf32>
  %xs = nibble.sign %x : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>>
  %ws = nibble.sign %w : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!nibble.binary>>
  %a = nibble.linear %xs, %ws : (tensor<?x2xf32, #nibble.grid<!nibble.binary>>, tensor<2x2xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x2xf32>
  %y = nibble.add %a, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %n = nibble.batch_norm %y, %gamma, %beta, %mean, %variance {epsilon = 0.75 : f32} : (tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %s = nibble.sign %n : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!nibble.binary>>
  return %s, %y : tensor<?x2xf32, #nibble.grid<!nibble.binary>>, tensor<?x2xf32>
}

// -----

// Pooling and flattening move behind the quantiser.
!q = !quant.uniform<u4:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
// CHECK-LABEL: func.func @pool
// CHECK: %[[ACC:.*]] = nibble.conv2d
// CHECK: %[[Q:.*]] = nibble.requantize %[[ACC]] {{.*}} -> tensor<?x4x4x2xf32, #nibble.grid<!quant.uniform<u4:f32, 5.000000e-01>>>
// CHECK: %[[P:.*]] = nibble.max_pool2d %[[Q]] {{.*}} -> tensor<?x2x2x2xf32, #nibble.grid<!quant.uniform<u4:f32, 5.000000e-01>>>
// CHECK: %[[R:.*]] = nibble.reshape %[[P]] {{.*}} -> tensor<?x8xf32, #nibble.grid<!quant.uniform<u4:f32, 5.000000e-01>>>
// CHECK-NEXT: return %[[R]]
// REMARK: one requantize replaces batch_norm, relu, fake_quant
func.func @pool(%x: tensor<?x4x4x1xf32>) -> tensor<?x8xf32, #nibble.grid<!q>> {
  %w = nibble.param @w : tensor<2x1x1x1xf32>
  %gamma = nibble.param @bn.gamma {init = #nibble.init<ones>} : tensor<2xf32>
  %beta = nibble.param @bn.beta {init = #nibble.init<zeros>} : tensor<2xf32>
  %mean = nibble.param @bn.mean {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<2xf32>
  %variance = nibble.param @bn.variance {init = #nibble.init<ones>, kind = #nibble.kind<state>} : tensor<2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x4x4x1xf32>) -> tensor<?x4x4x1xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x1x1x1xf32>) -> tensor<2x1x1x1xf32, #nibble.grid<!w>>
  %y = nibble.conv2d %xq, %wq {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x1xf32, #nibble.grid<!q>>, tensor<2x1x1x1xf32, #nibble.grid<!w>>) -> tensor<?x4x4x2xf32>
  %p = nibble.max_pool2d %y {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>) -> tensor<?x2x2x2xf32>
  %n = nibble.batch_norm %p, %gamma, %beta, %mean, %variance : (tensor<?x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x2x2xf32>
  %f = nibble.reshape %n : (tensor<?x2x2x2xf32>) -> tensor<?x8xf32>
  %h = nibble.relu %f : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %q = nibble.fake_quant %h {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x8xf32>) -> tensor<?x8xf32, #nibble.grid<!q>>
  return %q : tensor<?x8xf32, #nibble.grid<!q>>
}

// -----

// A negative factor turns the maximum round: it stays behind the pooling, in f32.
!q = !quant.uniform<u4:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
// CHECK-LABEL: func.func @negative
// CHECK: nibble.conv2d
// CHECK: nibble.requantize {{.*}} -> tensor<?x4x4x2xf32>
// CHECK: nibble.max_pool2d {{.*}} -> tensor<?x2x2x2xf32>
// CHECK: nibble.mul
// CHECK: nibble.fake_quant
// REMARK: one requantize replaces the scale of the accumulators; it gives f32 because the chain ends at max_pool2d
func.func @negative(%x: tensor<?x4x4x1xf32>) -> tensor<?x2x2x2xf32, #nibble.grid<!q>> {
  %w = nibble.param @w : tensor<2x1x1x1xf32>
  %g = nibble.constant dense<[1.0, -1.0]> : tensor<2xf32> : tensor<2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x4x4x1xf32>) -> tensor<?x4x4x1xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x1x1x1xf32>) -> tensor<2x1x1x1xf32, #nibble.grid<!w>>
  %y = nibble.conv2d %xq, %wq {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x1xf32, #nibble.grid<!q>>, tensor<2x1x1x1xf32, #nibble.grid<!w>>) -> tensor<?x4x4x2xf32>
  %p = nibble.max_pool2d %y {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32>) -> tensor<?x2x2x2xf32>
  %m = nibble.mul %p, %g : (tensor<?x2x2x2xf32>, tensor<2xf32>) -> tensor<?x2x2x2xf32>
  %q = nibble.fake_quant %m {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2x2x2xf32>) -> tensor<?x2x2x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2x2x2xf32, #nibble.grid<!q>>
}

// -----

// The mean of a grid, requantised; two branches quantised alike before they are joined.
!q = !quant.uniform<u4:f32, 0.5>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
// CHECK-LABEL: func.func @mean_and_concat
// CHECK: %[[M:.*]] = nibble.global_avg_pool
// CHECK: %[[Q:.*]] = nibble.requantize %[[M]] {bias = array<f32: 0.000000e+00>, {{.*}}multiplier = array<f32: 2.000000e+00>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid
// CHECK: %[[A:.*]] = nibble.requantize {{.*}} -> tensor<?x2xf32, #nibble.grid
// CHECK: %[[B:.*]] = nibble.requantize {{.*}} -> tensor<?x2xf32, #nibble.grid
// CHECK: nibble.concat %[[A]], %[[B]] {{.*}} -> tensor<?x4xf32, #nibble.grid<!quant.uniform<u4:f32, 5.000000e-01>>>
func.func @mean_and_concat(%x: tensor<?x4x4x2xf32>) -> tensor<?x4xf32, #nibble.grid<!q>> {
  %w = nibble.param @w : tensor<2x2xf32>
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32, #nibble.grid<!q>>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>, scales = array<f32: 0.25>} : (tensor<2x2xf32>) -> tensor<2x2xf32, #nibble.grid<!w>>
  %m = nibble.global_avg_pool %xq : (tensor<?x4x4x2xf32, #nibble.grid<!q>>) -> tensor<?x2xf32>
  %mq = nibble.fake_quant %m {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  %a = nibble.linear %mq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  %b = nibble.linear %mq, %wq : (tensor<?x2xf32, #nibble.grid<!q>>, tensor<2x2xf32, #nibble.grid<!w>>) -> tensor<?x2xf32>
  %c = nibble.concat %a, %b {axis = 1 : i64} : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
  %h = nibble.relu %c : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %q = nibble.fake_quant %h {quantizer = #nibble.quantizer<bits = 4, isSigned = false>, scales = array<f32: 0.5>} : (tensor<?x4xf32>) -> tensor<?x4xf32, #nibble.grid<!q>>
  return %q : tensor<?x4xf32, #nibble.grid<!q>>
}

// -----

// Softmax is no step: it and the quantiser behind it stay.
!q = !quant.uniform<u8:f32, 0.00390625>
// CHECK-LABEL: func.func @softmax
// CHECK: nibble.linear {{.*}} -> tensor<?x2xf32>
// CHECK-NEXT: nibble.softmax
// CHECK-NEXT: nibble.fake_quant
// CHECK-NEXT: return
func.func @softmax(%x: tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>> {
  %w = nibble.param @w : tensor<2x2xf32>
  %y = nibble.linear %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  %s = nibble.softmax %y : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %q = nibble.fake_quant %s {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.00390625>} : (tensor<?x2xf32>) -> tensor<?x2xf32, #nibble.grid<!q>>
  return %q : tensor<?x2xf32, #nibble.grid<!q>>
}
