// RUN: nibble-opt %s --nibble-tile-batch=batch-tile=4 --split-input-file --verify-diagnostics
// RUN: not nibble-opt %s --split-input-file --nibble-tile-batch=batch-tile=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not nibble-opt %s --split-input-file --nibble-tile-batch=target=x87 2>&1 | FileCheck %s --check-prefix=TARGET

// NEGATIVE: error: nibble-tile-batch: batch-tile=-1 is negative; give 1 or more, or 0 for a choice
// TARGET: error: nibble-tile-batch: {{.*}}x87

func.func @loss(%x: tensor<?x8xf32>, %l: tensor<?xi32>) -> tensor<f32> {
  // expected-error@+1 {{mixes the images of a batch, which cannot be computed in tiles; give the function a static batch}}
  %0 = nibble.softmax_cross_entropy %x, %l : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// expected-error@+1 {{has the type 'tensor<?x?xf32>'; only the first dimension, the batch, may be dynamic}}
func.func @two(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  return %x : tensor<?x?xf32>
}

// -----

// expected-error@+1 {{has control flow; a function whose batch is tiled must be straight-line}}
func.func @blocks(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  llvm.br ^next
^next:
  return %x : tensor<?x8xf32>
}

// -----

func.func @region(%x: tensor<?x8xf32>, %c: i1) -> tensor<?x8xf32> {
  // expected-error@+1 {{has a region; a function whose batch is tiled must be straight-line}}
  %0 = scf.if %c -> tensor<?x8xf32> {
    scf.yield %x : tensor<?x8xf32>
  } else {
    scf.yield %x : tensor<?x8xf32>
  }
  return %0 : tensor<?x8xf32>
}

// -----

func.func @foreign(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error@+1 {{is no op of the nibble dialect; its batch cannot be tiled}}
  %0 = math.exp %x : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @both(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<1xf32>) {
  %c = nibble.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>
  // expected-error@+1 {{gives results with and without a batch}}
  return %x, %c : tensor<?x8xf32>, tensor<1xf32>
}

// -----

// expected-error@+1 {{gives no result, so there is nothing to compute}}
func.func @nothing(%x: tensor<?x8xf32>) {
  return
}
