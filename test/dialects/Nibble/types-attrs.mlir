// RUN: nibble-opt %s | nibble-opt | FileCheck %s
// Text forms of types and attributes; defaults are left out.

// CHECK: func.func private @types(tensor<2x!nibble.binary>, tensor<2x!nibble.ternary>, tensor<2x!nibble.ternary<5.000000e-01>>, tensor<2x!nibble.ternary<0 : 5.000000e-01, 2.500000e-01>>)
func.func private @types(tensor<2x!nibble.binary>, tensor<2x!nibble.ternary>, tensor<2x!nibble.ternary<0.5>>, tensor<2x!nibble.ternary<0 : 0.5, 0.25>>)

// CHECK: func.func private @grids(tensor<4xf32, #nibble.grid<!nibble.binary>>, tensor<4xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>, tensor<4xf32, #nibble.grid<!quant.uniform<u1:f32, 5.000000e-01>>>)
func.func private @grids(tensor<4xf32, #nibble.grid<!nibble.binary>>, tensor<4xf32, #nibble.grid<!quant.any<i4<-7:7>:f32>>>, tensor<4xf32, #nibble.grid<!quant.uniform<u1:f32, 0.5>>>)

// CHECK: func.func private @attributes() attributes
// CHECK-SAME: a = #nibble.quantizer<bits = 4, isSigned = true>,
// CHECK-SAME: b = #nibble.quantizer<bits = 8, isSigned = false, symmetric = false, estimator = identity>,
// CHECK-SAME: c = #nibble.quantizer<bits = 16, isSigned = true, narrow = true, axis = 3>,
// CHECK-SAME: d = #nibble.padding<1, 2, 3, 4>,
// CHECK-SAME: e = #nibble.padding<1, 2, 3, 4, minus_one>,
// CHECK-SAME: f = #nibble.layout<"order = [1, 0], tile = [0:16, 1:2], word = 8, bits = 4, lanes = 16, fill = 1, offset = -8, code = unsigned">,
// CHECK-SAME: g = #nibble.estimator<clipped>, h = #nibble.profile<fixed>, i = #nibble.ternary_rule<median>, j = #nibble.kind<state>, k = #nibble.init<he_normal>
func.func private @attributes() attributes {
  a = #nibble.quantizer<bits = 4, isSigned = true, narrow = false, symmetric = true, axis = -1, estimator = clipped>,
  b = #nibble.quantizer<isSigned = false, bits = 8, estimator = identity, symmetric = false>,
  c = #nibble.quantizer<bits = 16, isSigned = true, narrow = true, axis = 3>,
  d = #nibble.padding<1, 2, 3, 4, zero>, e = #nibble.padding<1, 2, 3, 4, minus_one>,
  f = #nibble.layout<"bits = 4, word = 8, order = [1, 0], tile = [0:16, 1:2], code = unsigned, lanes = 16, fill = 1, offset = -8">,
  g = #nibble.estimator<clipped>, h = #nibble.profile<fixed>, i = #nibble.ternary_rule<median>, j = #nibble.kind<state>, k = #nibble.init<he_normal>
}

// CHECK: func.func private @names(tensor<?x4xf32> {nibble.name = "image"}) -> (tensor<?x2xf32> {nibble.name = "logits"})
func.func private @names(tensor<?x4xf32> {nibble.name = "image"}) -> (tensor<?x2xf32> {nibble.name = "logits"})
