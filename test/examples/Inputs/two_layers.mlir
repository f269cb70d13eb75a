module {
  func.func @two_layers(%arg0: tensor<?x6x6x4xf32> {nibble.name = "image"}) -> (tensor<?x10xf32> {nibble.name = "logits"}) {
    %0 = nibble.param @image.range {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<3xf32>
    %1 = nibble.fake_quant %arg0, %0 {quantizer = #nibble.quantizer<bits = 8, isSigned = false>} : (tensor<?x6x6x4xf32>, tensor<3xf32>) -> tensor<?x6x6x4xf32, #nibble.grid<!quant.any<u8:f32>>>
    %2 = nibble.param @conv1.weight : tensor<8x3x3x4xf32>
    %3 = nibble.fake_quant %2 {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true>} : (tensor<8x3x3x4xf32>) -> tensor<8x3x3x4xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
    %4 = nibble.conv2d %1, %3 {padding = #nibble.padding<0, 0, 0, 0>, strides = array<i64: 1, 1>} : (tensor<?x6x6x4xf32, #nibble.grid<!quant.any<u8:f32>>>, tensor<8x3x3x4xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<?x4x4x8xf32>
    %5 = nibble.param @bn1.gamma {init = #nibble.init<ones>} : tensor<8xf32>
    %6 = nibble.param @bn1.beta {init = #nibble.init<zeros>} : tensor<8xf32>
    %7 = nibble.param @bn1.mean {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<8xf32>
    %8 = nibble.param @bn1.variance {init = #nibble.init<ones>, kind = #nibble.kind<state>} : tensor<8xf32>
    %9 = nibble.batch_norm %4, %5, %6, %7, %8 : (tensor<?x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x4x4x8xf32>
    %10 = nibble.relu %9 : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8xf32>
    %11 = nibble.param @bn1.range {init = #nibble.init<zeros>, kind = #nibble.kind<state>} : tensor<3xf32>
    %12 = nibble.fake_quant %10, %11 {quantizer = #nibble.quantizer<bits = 4, isSigned = false>} : (tensor<?x4x4x8xf32>, tensor<3xf32>) -> tensor<?x4x4x8xf32, #nibble.grid<!quant.any<u4:f32>>>
    %13 = nibble.param @fc.weight : tensor<10x128xf32>
    %14 = nibble.fake_quant %13 {quantizer = #nibble.quantizer<bits = 4, isSigned = true, narrow = true>} : (tensor<10x128xf32>) -> tensor<10x128xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>
    %15 = nibble.reshape %12 : (tensor<?x4x4x8xf32, #nibble.grid<!quant.any<u4:f32>>>) -> tensor<?x128xf32, #nibble.grid<!quant.any<u4:f32>>>
    %16 = nibble.linear %15, %14 : (tensor<?x128xf32, #nibble.grid<!quant.any<u4:f32>>>, tensor<10x128xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>) -> tensor<?x10xf32>
    return %16 : tensor<?x10xf32>
  }
}
