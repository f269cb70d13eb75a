// RUN: nibble-opt %s --split-input-file --verify-diagnostics
// Types, attributes and signatures.

// expected-error@+1 {{the axis of a ternary type is a dimension, got -5}}
func.func private @type(tensor<4x!nibble.ternary<-5 : 0.5>>)

// -----

// expected-error@+1 {{the axis of a ternary type is a dimension, got -1}}
func.func private @type(tensor<4x!nibble.ternary<-1 : 0.5>>)

// -----

// expected-error@+1 {{several ternary scales need an axis: write !nibble.ternary<0 : s0, s1>}}
func.func private @type(tensor<4x!nibble.ternary<0.5, 0.25>>)

// -----

// expected-error@+1 {{a ternary type has scale 0.0, which is not a positive normal f32 value; use one from 1.1754943508222875e-38 to 3.4028234663852886e+38}}
func.func private @type(tensor<4x!nibble.ternary<0.0>>)

// -----

// expected-error@+1 {{a ternary type has scale 0.1, which is not exactly an f32 value; write the nearest one, 0.10000000149011612}}
func.func private @type(tensor<4x!nibble.ternary<0 : 1.0, 0.1>>)

// -----

// expected-error@+1 {{a ternary type has scale 1.0e-40, which is not a positive normal f32 value; use one from 1.1754943508222875e-38 to 3.4028234663852886e+38}}
func.func private @type(tensor<4x!nibble.ternary<1.0e-40>>)

// -----

// expected-error@+1 {{a ternary type has scale 1.0e+300, which is not a positive normal f32 value; use one from 1.1754943508222875e-38 to 3.4028234663852886e+38}}
func.func private @type(tensor<4x!nibble.ternary<1.0e300>>)

// -----

// expected-error@+1 {{expected ':'}}
func.func private @type(tensor<4x!nibble.ternary<0>>)

// -----

// expected-error@+1 {{expected}}
func.func private @type(tensor<4x!nibble.ternary<0 : >>)

// -----

// expected-error@+1 {{integer value too large}}
func.func private @type(tensor<4x!nibble.ternary<99999999999999999999 : 0.5>>)

// -----

// expected-error@+1 {{a uniform quantiser has 1..8 or 16 bits, got 0}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 0, isSigned = true>}

// -----

// expected-error@+1 {{a uniform quantiser has 1..8 or 16 bits, got 9}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 9, isSigned = true>}

// -----

// expected-error@+1 {{a uniform quantiser has 1..8 or 16 bits, got 4000000000 (-294967296)}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 4000000000, isSigned = true>}

// -----

// expected-error@+1 {{a uniform quantiser has 1..8 or 16 bits, got 4294967292 (-4)}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = -4, isSigned = true>}

// -----

// expected-error@+1 {{a uniform quantiser has 1..8 or 16 bits, got 17}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 17, isSigned = true>}

// -----

// expected-error@+1 {{only a signed grid can be narrow (R2): drop .narrow() or use qint}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 4, isSigned = false, narrow = true>}

// -----

// expected-error@+1 {{a narrow grid of 1 bit holds only 0 (R2): use sign() for binary values}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 1, isSigned = true, narrow = true>}

// -----

// expected-error@+1 {{a signed grid of 1 bit is {-1, 0} (R2): use sign() for binary values or quint(1)}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 1, isSigned = true>}

// -----

// expected-error@+1 {{asymmetric quantisation per channel is not supported: use .symmetric() or one scale per tensor}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false, axis = 0>}

// -----

// expected-error@+1 {{asymmetric quantisation of 16 bits would need 17-bit products: use .symmetric()}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 16, isSigned = true, symmetric = false>}

// -----

// expected-error@+1 {{the axis of a quantiser is a dimension, got -2}}
func.func private @attribute() attributes {a = #nibble.quantizer<bits = 8, isSigned = true, axis = -2>}

// -----

// expected-error@+1 {{a grid needs a quantised type, got 'f32'}}
func.func private @attribute() attributes {a = #nibble.grid<f32>}

// -----

// expected-error@+1 {{#nibble.grid belongs to f32 tensors, got element type 'f64'}}
func.func private @encoding(tensor<4xf64, #nibble.grid<!nibble.binary>>)

// -----

// expected-error@+1 {{padding cannot be negative: 0, -1, 0, 0}}
func.func private @attribute() attributes {a = #nibble.padding<0, -1, 0, 0>}

// -----

// expected-error@+1 {{expected string}}
func.func private @attribute() attributes {a = #nibble.layout<4>}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0, 0], word = 8, bits = 8">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], word = 8, bits = 3">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], word = 8, bits = 16">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], tile = [7:2], word = 8, bits = 8">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], tile = [0:-2], word = 8, bits = 8">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], tile = [0:4611686018427387904, 0:4], word = 8, bits = 8">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [99999999999999999999], word = 8, bits = 8">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], word = 8, bits = 8, lanes = 0">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], word = 8, bits = 8, fill = 256">}

// -----

// expected-error@+1 {{bad layout: }}
func.func private @attribute() attributes {a = #nibble.layout<"order = [0], word = 8, bits = 8, \00\FF">}

// -----

// expected-error@+1 {{layout does not fit a tensor of rank 2: }}
func.func private @encoding(tensor<4x4xf32, #nibble.layout<"order = [0], word = 32, bits = 32">>)

// -----

// expected-error@+1 {{'nibble.name' of argument 0 must be a string}}
func.func private @signature(tensor<4xf32> {nibble.name = 3 : i32})

// -----

// expected-error@+1 {{'nibble.name' of result 0 must be a string}}
func.func private @signature() -> (tensor<4xf32> {nibble.name})

// -----

// expected-error@+1 {{argument 0 has 2 scales for 4 channels (dimension 1)}}
func.func private @signature(tensor<?x4x!quant.uniform<i8:f32:1, {0.5, 0.25}>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has 2 scales for ? channels (dimension 0)}}
func.func private @signature(tensor<?x4x!quant.uniform<i8:f32:0, {0.5, 0.25}>> {nibble.name = "x"})

// -----

// expected-error@+1 {{result 0 has scales along dimension 2 but rank 2}}
func.func private @signature() -> (tensor<2x4xf32, #nibble.grid<!nibble.ternary<2 : 0.5, 0.25>>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has an element type without integer grid: '!quant.calibrated<f32<-1.000000e+00:1.000000e+00>>'; use !quant.uniform, !nibble.binary or !nibble.ternary}}
func.func private @signature(tensor<4x!quant.calibrated<f32<-1.0:1.0>>> {nibble.name = "x"})

// -----

// expected-error@+1 {{are no groups of neighbours}}
func.func private @signature(tensor<4x4x!quant.uniform<i8:f32:{0:2, 1:4}, {{0.5}, {0.25}}>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has a grid of 'f16' values: '!quant.uniform<i8:f16, 5.000000e-01>'; only f32 is supported}}
func.func private @signature(tensor<4x!quant.uniform<i8:f16, 0.5>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has 12 bits; a grid has 1..8 or 16 bits}}
func.func private @signature(tensor<4x!quant.uniform<i12:f32, 0.5>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has scale 0.1 in channel 1, which is not exactly an f32 value; write the nearest one, 0.10000000149011612}}
func.func private @signature(tensor<2x!quant.uniform<i8:f32:0, {0.5, 0.1}>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 has scale 0.1, which is not exactly an f32 value; write the nearest one, 0.10000000149011612}}
func.func private @signature(tensor<2x!quant.uniform<i8:f32, 0.1>> {nibble.name = "x"})

// -----

// expected-error@+1 {{result 0 has zero point 300 in channel 0, outside of its grid [0, 255]}}
func.func private @signature() -> (tensor<2x!quant.uniform<u8:f32, 0.5:300>> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 of type 'tensor<4x?xf32>' has a dynamic dimension 1; only dimension 0, the batch, may be dynamic}}
func.func private @signature(tensor<4x?xf32> {nibble.name = "x"})

// -----

// expected-error@+1 {{argument 0 of type 'tensor<4xf64>' has elements of 'f64'; use f32, i32 or a quantised type}}
func.func private @signature(tensor<4xf64> {nibble.name = "x"})

// -----

// expected-error@+1 {{'nibble.nmae' of argument 0 is no attribute of the nibble dialect; there are nibble.gradient, nibble.init, nibble.kind, nibble.name, nibble.param, nibble.tied}}
func.func private @signature(tensor<4xf32> {nibble.nmae = "x"})

// -----

// expected-error@+1 {{'nibble.batch_tile' of result 0 is no attribute of the nibble dialect; there are nibble.gradient, }}
func.func private @signature() -> (tensor<4xf32> {nibble.batch_tile = 4 : i64})

// -----

func.func @misspelt(%x: tensor<?x2xf32>, %w: tensor<3x2xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{'nibble.given_kernels' is no attribute of the nibble dialect; there are nibble.absorbed, nibble.batch_tile, nibble.choice, nibble.flattened, nibble.given_kernel, nibble.layouts, nibble.listed, nibble.measured, nibble.target, nibble.training}}
  %y = nibble.linear %x, %w {nibble.given_kernels = "portable_f32"} : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// -----

func.func @without_kernels(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // expected-error@+1 {{'nibble.given_kernel' belongs on a contraction or nibble.tile, not here}}
  %y = nibble.relu %x {nibble.given_kernel = "portable_f32"} : (tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// expected-error@+1 {{'nibble.batch_tile' must be a positive i64}}
func.func private @tile() attributes {nibble.batch_tile = 0 : i64}

// -----

// expected-error@+1 {{'nibble.target' belongs on a module, not here}}
func.func private @target() attributes {nibble.target = "x86_64-linux-gnu"}

// -----

func.func @measured(%x: tensor<?x2xf32>, %w: tensor<3x2xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{'nibble.measured' must be a dictionary}}
  %y = nibble.linear %x, %w {nibble.measured = 3.0 : f64} : (tensor<?x2xf32>, tensor<3x2xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
