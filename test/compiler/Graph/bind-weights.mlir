// RUN: nibble-opt --split-input-file --nibble-bind-weights="seed=7" %s | FileCheck %s
// RUN: nibble-opt --split-input-file --nibble-bind-weights="seed=7" %s > %t.1
// RUN: nibble-opt --split-input-file --nibble-bind-weights="seed=7" %s > %t.2
// RUN: diff %t.1 %t.2
// RUN: nibble-opt --split-input-file --nibble-bind-weights="seed=7 kinds=state" %s | FileCheck %s --check-prefix=STATE
// RUN: nibble-opt --split-input-file --nibble-bind-weights="seed=7 kinds=trainable" %s | FileCheck %s --check-prefix=TRAINABLE

// CHECK-LABEL: func.func @linear
// CHECK-NOT: nibble.param
// CHECK: nibble.constant dense_resource<fc.weight> : tensor<4x9xf32> : tensor<4x9xf32>
// CHECK: nibble.constant dense<[{{[^,]+}}, {{[^,]+}}, {{[^,]+}}, {{[^,]+}}]> : tensor<4xf32> : tensor<4xf32>
// STATE-LABEL: func.func @linear
// STATE: nibble.param @fc.weight
// STATE: nibble.param @fc.bias
// TRAINABLE-LABEL: func.func @linear
// TRAINABLE-NOT: nibble.param
func.func @linear(%x: tensor<?x9xf32>) -> tensor<?x4xf32> {
  %w = nibble.param @fc.weight : tensor<4x9xf32>
  %b = nibble.param @fc.bias {init = #nibble.init<zeros>} : tensor<4xf32>
  %y = nibble.linear %x, %w : (tensor<?x9xf32>, tensor<4x9xf32>) -> tensor<?x4xf32>
  %z = nibble.add %y, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}

// -----

// A range contains zero and has been seen.
// CHECK-LABEL: func.func @range
// CHECK: nibble.constant dense<[-{{[^,]+}}, {{[1-3]\.[^,]+}}, 1.000000e+00]> : tensor<3xf32>
// STATE-LABEL: func.func @range
// STATE-NOT: nibble.param
// TRAINABLE-LABEL: func.func @range
// TRAINABLE: nibble.param @x.range
func.func @range(%x: tensor<?x9xf32>) -> tensor<?x9xf32, #nibble.grid<!quant.any<u8:f32>>> {
  %r = nibble.param @x.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %q = nibble.fake_quant %x, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x9xf32>, tensor<3xf32>) -> tensor<?x9xf32, #nibble.grid<!quant.any<u8:f32>>>
  return %q : tensor<?x9xf32, #nibble.grid<!quant.any<u8:f32>>>
}

// -----

// Two functions that name one parameter share its value.
// STATE-LABEL: func.func @first
// TRAINABLE-LABEL: func.func @first
// CHECK-LABEL: func.func @first
// CHECK: dense_resource<[[SHARED:shared[_0-9]*]]>
// CHECK-LABEL: func.func @second
// CHECK: dense_resource<[[SHARED]]>
func.func @first() -> tensor<3x3xf32> {
  %w = nibble.param @shared : tensor<3x3xf32>
  return %w : tensor<3x3xf32>
}
func.func @second() -> tensor<3x3xf32> {
  %w = nibble.param @shared : tensor<3x3xf32>
  return %w : tensor<3x3xf32>
}
