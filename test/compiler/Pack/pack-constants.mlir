// RUN: nibble-opt %s --nibble-pack-constants | FileCheck %s

!w4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>
#nibbles = #nibble.layout<"order = [0, 1], word = 8, bits = 4">
#columns = #nibble.layout<"order = [1, 0], word = 8, bits = 8">
#signs = #nibble.layout<"order = [0], word = 8, bits = 1, code = sign">
#floats = #nibble.layout<"order = [0, 1], tile = [0:2], word = 32, bits = 32">

// -1, 2 | 3, -7: the first of two fields in the low half of a byte.
// CHECK-LABEL: func.func @small
// CHECK: nibble.constant dense<[47, -109]> : tensor<2xi8> : tensor<2x2x!quant.uniform<i4<-7:7>:f32, 5.000000e-01>, #nibble.layout<"order = [0, 1], word = 8, bits = 4">>
// One constant in two layouts.
// CHECK: nibble.constant dense<[-1, 3, 2, -7]> : tensor<4xi8>
// Bit 0 is +1, bit 1 is -1.
// CHECK: nibble.constant dense<6> : tensor<1xi8> : tensor<4x!nibble.binary, #nibble.layout<"order = [0], word = 8, bits = 1, code = sign">>
// CHECK-NOT: pack
// CHECK: return
func.func @small() -> (tensor<2x2x!w4, #nibbles>, tensor<2x2x!w4, #columns>, tensor<4x!nibble.binary, #signs>) {
  %w = nibble.constant dense<[[-1, 2], [3, -7]]> : tensor<2x2xi8> : tensor<2x2x!w4>
  %b = nibble.constant dense<[1, -1, -1, 1]> : tensor<4xi8> : tensor<4x!nibble.binary>
  %0 = nibble.pack %w : (tensor<2x2x!w4>) -> tensor<2x2x!w4, #nibbles>
  %1 = nibble.pack %w : (tensor<2x2x!w4>) -> tensor<2x2x!w4, #columns>
  %2 = nibble.pack %b : (tensor<4x!nibble.binary>) -> tensor<4x!nibble.binary, #signs>
  return %0, %1, %2 : tensor<2x2x!w4, #nibbles>, tensor<2x2x!w4, #columns>, tensor<4x!nibble.binary, #signs>
}

// f32 by their bits, padded to tiles; more than 8 bytes are a resource named after its source.
// CHECK-LABEL: func.func @floats
// CHECK: nibble.constant dense_resource<[[NAME:fc.weight.packed]]> : tensor<16xi8> : tensor<3x1xf32,
func.func @floats() -> tensor<3x1xf32, #floats> {
  %w = nibble.constant dense_resource<fc.weight> : tensor<3x1xf32> : tensor<3x1xf32>
  %0 = nibble.pack %w : (tensor<3x1xf32>) -> tensor<3x1xf32, #floats>
  return %0 : tensor<3x1xf32, #floats>
}

// CHECK: [[NAME]]: "0x400000000000803F00000040000000C000000000"
{-#
  dialect_resources: { builtin: { fc.weight: "0x040000000000803f00000040000000c0" } }
#-}
