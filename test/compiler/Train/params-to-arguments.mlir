// RUN: nibble-opt %s --nibble-params-to-arguments="model=shared name=eval batch=7" | FileCheck %s --check-prefixes=KEEP,COPY
// RUN: nibble-opt %s --nibble-params-to-arguments | FileCheck %s --check-prefix=INPLACE

// Two uses of a name become one argument; the model itself stays.
// KEEP-LABEL: func.func @shared
// KEEP: nibble.param @w
// COPY-LABEL: func.func @eval
// COPY-SAME: (%[[X:.*]]: tensor<7x4xf32> {nibble.name = "x"},
// COPY-SAME: %[[W:.*]]: tensor<4x4xf32> {nibble.init = #nibble.init<he_normal>, nibble.kind = #nibble.kind<trainable>, nibble.param = "w"},
// COPY-SAME: %[[B:.*]]: tensor<4xf32> {nibble.init = #nibble.init<zeros>, nibble.kind = #nibble.kind<state>, nibble.param = "b"})
// COPY-SAME: -> (tensor<7x4xf32> {nibble.name = "y"})
// COPY-NEXT: %[[L:.*]] = nibble.linear %[[X]], %[[W]]
// COPY-NEXT: %[[M:.*]] = nibble.linear %[[L]], %[[W]]
// COPY-NEXT: nibble.add %[[M]], %[[B]]

// INPLACE-LABEL: func.func @shared
// INPLACE-SAME: (%{{.*}}: tensor<?x4xf32> {nibble.name = "x"}, %{{.*}}: tensor<4x4xf32>
// INPLACE-NOT: nibble.param @
// INPLACE-NOT: func.func
func.func @shared(%x: tensor<?x4xf32> {nibble.name = "x"}) -> (tensor<?x4xf32> {nibble.name = "y"}) {
  %w0 = nibble.param @w : tensor<4x4xf32>
  %l = nibble.linear %x, %w0 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %w1 = nibble.param @w : tensor<4x4xf32>
  %m = nibble.linear %l, %w1 : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %b = nibble.param @b {kind = #nibble.kind<state>, init = #nibble.init<zeros>} : tensor<4xf32>
  %y = nibble.add %m, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
