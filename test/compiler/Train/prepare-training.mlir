// RUN: nibble-opt %S/Inputs/small.mlir --nibble-prepare-training="batch=8 range-momentum=0.5" | FileCheck %s
// RUN: nibble-opt %s --nibble-prepare-training="batch=2 step=s" | FileCheck %s --check-prefix=SHARED

// The model stays; the step has a static batch, labels, and parameters as arguments.
// CHECK: func.func @small(%{{.*}}: tensor<?x4x4x1xf32>
// CHECK: func.func @train_step(%[[IMAGE:.*]]: tensor<8x4x4x1xf32> {nibble.name = "image"}, %[[LABELS:.*]]: tensor<8xi32> {nibble.name = "labels"},
// CHECK-SAME: %[[R0:[^ ]*]]: tensor<3xf32> {nibble.init = #nibble.init<zeros>, nibble.kind = #nibble.kind<state>, nibble.param = "image.range"},
// CHECK-SAME: %[[W:[^ ]*]]: tensor<2x3x3x1xf32> {nibble.init = #nibble.init<he_normal>, nibble.kind = #nibble.kind<trainable>, nibble.param = "conv1.weight"},
// CHECK-SAME: %[[GAMMA:[^ ]*]]: tensor<2xf32> {{[^}]*}}"bn1.gamma"}, %[[BETA:[^ ]*]]: tensor<2xf32> {{[^}]*}}"bn1.beta"},
// CHECK-SAME: %[[MEAN:[^ ]*]]: tensor<2xf32> {{[^}]*}}"bn1.mean"}, %[[VAR:[^ ]*]]: tensor<2xf32> {{[^}]*}}"bn1.variance"},
// CHECK-SAME: %[[R1:[^ ]*]]: tensor<3xf32> {{[^}]*}}"conv1.range"},
// CHECK-SAME: -> (tensor<f32> {nibble.name = "loss"}, tensor<f32> {nibble.name = "correct"}, tensor<3xf32> {nibble.tied = 2 : i64},
// CHECK-SAME: tensor<2xf32> {nibble.tied = 6 : i64}, tensor<2xf32> {nibble.tied = 7 : i64}, tensor<3xf32> {nibble.tied = 8 : i64})
// CHECK-SAME: attributes {nibble.training = "forward"}
// CHECK: %[[N0:.*]] = nibble.observe_range %[[IMAGE]], %[[R0]] {momentum = 5.000000e-01 : f32}
// CHECK: nibble.fake_quant %[[IMAGE]], %[[N0]]
// CHECK: nibble.fake_quant %[[W]] {
// CHECK: %[[CONV:.*]] = nibble.conv2d
// CHECK: %[[BN:.*]], %[[NM:.*]], %[[NV:.*]], %{{.*}}, %{{.*}} = nibble.batch_norm_train %[[CONV]], %[[GAMMA]], %[[BETA]], %[[MEAN]], %[[VAR]]
// CHECK: %[[H:.*]] = nibble.relu %[[BN]]
// CHECK: %[[N1:.*]] = nibble.observe_range %[[H]], %[[R1]]
// CHECK: nibble.fake_quant %[[H]], %[[N1]]
// CHECK: %[[LOGITS:.*]] = nibble.linear
// CHECK: %[[LOSS:.*]] = nibble.softmax_cross_entropy %[[LOGITS]], %[[LABELS]]
// CHECK: %[[CORRECT:.*]] = nibble.count_correct %[[LOGITS]], %[[LABELS]]
// CHECK: return %[[LOSS]], %[[CORRECT]], %[[N0]], %[[NM]], %[[NV]], %[[N1]]

// Layers that share statistics move them in turn; what only an untrained result needs is dropped.
// SHARED-LABEL: func.func @s(
// SHARED: %{{.*}}, %[[M1:.*]], %[[V1:.*]], %{{.*}}, %{{.*}} = nibble.batch_norm_train %{{.*}}, %{{.*}}, %{{.*}}, %[[M0:arg[0-9]*]], %[[V0:arg[0-9]*]]
// SHARED: %{{.*}}, %[[M2:.*]], %[[V2:.*]], %{{.*}}, %{{.*}} = nibble.batch_norm_train %{{.*}}, %{{.*}}, %{{.*}}, %[[M1]], %[[V1]]
// SHARED-NOT: nibble.softmax %
// SHARED: return %{{.*}}, %{{.*}}, %[[M2]], %[[V2]]
func.func @twice(%x: tensor<?x3xf32> {nibble.name = "x"}) -> (tensor<?x3xf32> {nibble.name = "logits"}, tensor<?x3xf32> {nibble.name = "probabilities"}) {
  %g = nibble.param @g {init = #nibble.init<ones>} : tensor<3xf32>
  %b = nibble.param @b {init = #nibble.init<zeros>} : tensor<3xf32>
  %m = nibble.param @m {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %v = nibble.param @v {kind = #nibble.kind<state>, init = #nibble.init<ones>} : tensor<3xf32>
  %1 = nibble.batch_norm %x, %g, %b, %m, %v : (tensor<?x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %2 = nibble.batch_norm %1, %g, %b, %m, %v : (tensor<?x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %p = nibble.softmax %2 : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return %2, %p : tensor<?x3xf32>, tensor<?x3xf32>
}
