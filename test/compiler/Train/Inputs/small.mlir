// A small network with a uniform, a binary and two observed quantisers, for the tests of this folder.
#a8 = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false>
#a4 = #nibble.quantizer<bits = 4, isSigned = false>
#w4 = #nibble.quantizer<bits = 4, isSigned = true, narrow = true, axis = 0>
func.func @small(%image: tensor<?x4x4x1xf32> {nibble.name = "image"}) -> (tensor<?x10xf32> {nibble.name = "logits"}) {
  %r0 = nibble.param @image.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %x0 = nibble.fake_quant %image, %r0 {quantizer = #a8} : (tensor<?x4x4x1xf32>, tensor<3xf32>) -> tensor<?x4x4x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>
  %w = nibble.param @conv1.weight : tensor<2x3x3x1xf32>
  %wq = nibble.fake_quant %w {quantizer = #w4} : (tensor<2x3x3x1xf32>) -> tensor<2x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
  %c = nibble.conv2d %x0, %wq {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x4x1xf32, #nibble.grid<!quant.any<u8<0:255>:f32>>>, tensor<2x3x3x1xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<?x4x4x2xf32>
  %g = nibble.param @bn1.gamma {init = #nibble.init<ones>} : tensor<2xf32>
  %b = nibble.param @bn1.beta {init = #nibble.init<zeros>} : tensor<2xf32>
  %m = nibble.param @bn1.mean {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<2xf32>
  %v = nibble.param @bn1.variance {kind = #nibble.kind<state>, init = #nibble.init<ones>} : tensor<2xf32>
  %n = nibble.batch_norm %c, %g, %b, %m, %v : (tensor<?x4x4x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x4x4x2xf32>
  %h = nibble.relu %n : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32>
  %r1 = nibble.param @conv1.range {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<3xf32>
  %q = nibble.fake_quant %h, %r1 {quantizer = #a4} : (tensor<?x4x4x2xf32>, tensor<3xf32>) -> tensor<?x4x4x2xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>
  %p = nibble.max_pool2d %q {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x2xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>) -> tensor<?x2x2x2xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>
  %f = nibble.reshape %p : (tensor<?x2x2x2xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>) -> tensor<?x8xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>
  %fw = nibble.param @fc.weight : tensor<10x8xf32>
  %fq = nibble.sign %fw : (tensor<10x8xf32>) -> tensor<10x8xf32, #nibble.grid<!nibble.binary>>
  %l = nibble.linear %f, %fq : (tensor<?x8xf32, #nibble.grid<!quant.any<u4<0:15>:f32>>>, tensor<10x8xf32, #nibble.grid<!nibble.binary>>) -> tensor<?x10xf32>
  return %l : tensor<?x10xf32>
}
