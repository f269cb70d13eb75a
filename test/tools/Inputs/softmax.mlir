// A float op between two quantisers.
!q = !quant.uniform<u8:f32, 0.00390625>
func.func @soft(%x: tensor<?x3xf32> {nibble.name = "x"}) -> (tensor<?x2xf32> {nibble.name = "y"}) {
  %xq = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.00390625>} : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!q>>
  %s = nibble.softmax %xq : (tensor<?x3xf32, #nibble.grid<!q>>) -> tensor<?x3xf32>
  %sq = nibble.fake_quant %s {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.00390625>} : (tensor<?x3xf32>) -> tensor<?x3xf32, #nibble.grid<!q>>
  %w = nibble.constant dense<[[0.5, -1.0, 0.25], [1.0, 0.125, -0.5]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %wq = nibble.fake_quant %w {quantizer = #nibble.quantizer<bits = 8, isSigned = true, narrow = true>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>
  %y = nibble.linear %sq, %wq : (tensor<?x3xf32, #nibble.grid<!q>>, tensor<2x3xf32, #nibble.grid<!quant.any<i8<-127:127>:f32>>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
