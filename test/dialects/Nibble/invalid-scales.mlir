// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Scales of types are doubles in the text; one that no f32 equals is named, with the number to write.

func.func @quantize(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{'nibble.quantize' op result 0 has scale 0.1, which is not exactly an f32 value; write the nearest one, 0.10000000149011612}}
  %0 = nibble.quantize %x : (tensor<?x4xf32>) -> tensor<?x4x!quant.uniform<u8:f32, 0.1>>
  return
}

// -----

func.func @as_advised(%x: tensor<?x4xf32>) {
  %0 = nibble.quantize %x : (tensor<?x4xf32>) -> tensor<?x4x!quant.uniform<u8:f32, 0.10000000149011612>>
  return
}

// -----

// The type that would be inferred differs in the scale alone.
func.func @fake_quant(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{'nibble.fake_quant' op result 0 has scale 0.1, which is not exactly an f32 value; write the nearest one, 0.10000000149011612}}
  %0 = nibble.fake_quant %x {quantizer = #nibble.quantizer<bits = 8, isSigned = false>, scales = array<f32: 0.1>} : (tensor<?x4xf32>) -> tensor<?x4xf32, #nibble.grid<!quant.uniform<u8:f32, 0.1>>>
  return
}

// -----

func.func @channels(%x: tensor<?x2x!quant.uniform<u8:f32:1, {0.5, 1.0e-5}>>) {
  // expected-error@+1 {{'nibble.dequantize' op operand 0 has scale 1.0e-05 in channel 1, which is not exactly an f32 value; write the nearest one, 9.999999747378752e-06}}
  %0 = nibble.dequantize %x : (tensor<?x2x!quant.uniform<u8:f32:1, {0.5, 1.0e-5}>>) -> tensor<?x2xf32>
  return
}

// -----

func.func @weights(%x: tensor<?x2x!quant.uniform<u8:f32, 0.5>>, %w: tensor<3x2x!quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25, 0.3}>>) {
  // expected-error@+1 {{'nibble.linear' op operand 1 has scale 0.3 in channel 2, which is not exactly an f32 value; write the nearest one, 0.30000001192092896}}
  %0 = nibble.linear %x, %w : (tensor<?x2x!quant.uniform<u8:f32, 0.5>>, tensor<3x2x!quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25, 0.3}>>) -> tensor<?x3xi32>
  return
}

// -----

// Above the smallest of all f32, below the smallest normal one.
func.func @subnormal(%x: tensor<?x4xf32>) {
  // expected-error@+1 {{'nibble.quantize' op result 0 has scale 1.0e-40, which is not a positive normal f32 value; use one from 1.1754943508222875e-38 to 3.4028234663852886e+38}}
  %0 = nibble.quantize %x : (tensor<?x4xf32>) -> tensor<?x4x!quant.uniform<u8:f32, 1.0e-40>>
  return
}

// -----

func.func @groups(%w: tensor<1x32x!quant.uniform<i8:f32:{0:1, 1:16}, {{0.5, 1.0e-40}}>>) {
  // expected-error@+1 {{'nibble.dequantize' op operand 0 has scale 9.99994610111476e-41 in group 1, which is not a positive normal f32 value}}
  %0 = nibble.dequantize %w : (tensor<1x32x!quant.uniform<i8:f32:{0:1, 1:16}, {{0.5, 1.0e-40}}>>) -> tensor<1x32xf32>
  return
}
