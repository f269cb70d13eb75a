// A frozen module names the parameters that have become constants; freezing it again keeps the names.
// RUN: nibble-opt %s --nibble-freeze="seed=3" | FileCheck %s
// RUN: nibble-opt %s --nibble-freeze="seed=3" | nibble-opt --nibble-freeze="seed=3" | FileCheck %s

// CHECK: module attributes {nibble.absorbed = ["bias", "image.range"]}
// CHECK: nibble.param @fc.weight
// CHECK-NOT: nibble.param
func.func @net(%image: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %r = nibble.param @image.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %x = nibble.fake_quant %image, %r {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x8xf32>, tensor<3xf32>) -> tensor<?x8xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  %w = nibble.param @fc.weight : tensor<4x8xf32>
  %q = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>} : (tensor<4x8xf32>) -> tensor<4x8xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>
  %y = nibble.linear %x, %q : (tensor<?x8xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>, tensor<4x8xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>) -> tensor<?x4xf32>
  %b = nibble.param @bias {init = #nibble.init<zeros>} : tensor<4xf32>
  %z = nibble.add %y, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
