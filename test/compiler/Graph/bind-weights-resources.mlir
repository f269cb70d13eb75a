// A bound module reads back: the resources at the end of the text are the constants, names with any characters included.
// RUN: nibble-opt --nibble-bind-weights="seed=7" %s | nibble-opt | FileCheck %s

// CHECK: nibble.constant dense_resource<block1.conv.weight> : tensor<3x3xf32>
// CHECK: nibble.constant dense_resource<"a/b:0"> : tensor<3x3xf32>
// CHECK: dialect_resources
// CHECK-DAG: block1.conv.weight: "0x40000000{{[0-9A-F]+}}"
// CHECK-DAG: "a/b:0": "0x40000000{{[0-9A-F]+}}"
func.func @f() -> (tensor<3x3xf32>, tensor<3x3xf32>) {
  %v = nibble.param @block1.conv.weight : tensor<3x3xf32>
  %w = nibble.param @"a/b:0" : tensor<3x3xf32>
  return %v, %w : tensor<3x3xf32>, tensor<3x3xf32>
}
