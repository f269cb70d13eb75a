// RUN: nibble-opt %s --nibble-prepare-training="batch=4" --split-input-file --verify-diagnostics

// expected-error @+1 {{has no result named "logits" to train on; its results are: "a", an unnamed one}}
func.func @results(%x: tensor<?x3xf32>) -> (tensor<?x3xf32> {nibble.name = "a"}, tensor<?x3xf32>) {
  return %x, %x : tensor<?x3xf32>, tensor<?x3xf32>
}

// -----

// expected-error @+1 {{has an input named "labels", a name that the training step uses itself; rename the input}}
func.func @labels(%x: tensor<?x3xf32> {nibble.name = "labels"}) -> tensor<?x3xf32> {
  return %x : tensor<?x3xf32>
}

// -----

// expected-error @+1 {{trains on f32 logits [batch, classes], got 'tensor<4x2x3xf32>'}}
func.func @rank(%x: tensor<?x2x3xf32>) -> tensor<?x2x3xf32> {
  return %x : tensor<?x2x3xf32>
}

// -----

// expected-error @+1 {{has 9 rows of logits for a batch of 4; give its inputs a dynamic batch}}
func.func @rows(%x: tensor<9x3xf32>) -> tensor<9x3xf32> {
  return %x : tensor<9x3xf32>
}

// -----

// expected-error @+1 {{is not a model: it needs a body of one block}}
func.func @blocks(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  llvm.br ^bb1
^bb1:
  return %x : tensor<?x3xf32>
}
