// RUN: not nibble-opt %s --nibble-apply-optimizer="optimizer=rmsprop" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not nibble-opt %s --nibble-apply-optimizer="momentum=1" 2>&1 | FileCheck %s --check-prefix=MOMENTUM
// RUN: not nibble-opt %s --nibble-apply-optimizer="optimizer=adam decay=0.1" 2>&1 | FileCheck %s --check-prefix=DECAY
// RUN: not nibble-opt %s --nibble-apply-optimizer="optimizer=adam epsilon=0" 2>&1 | FileCheck %s --check-prefix=EPSILON
// RUN: not nibble-opt %s --nibble-apply-optimizer="binary-limit=-1" 2>&1 | FileCheck %s --check-prefix=LIMIT
// RUN: not nibble-opt %s --nibble-apply-optimizer 2>&1 | FileCheck %s --check-prefix=GRADIENT

// NAME: error: unknown optimizer 'rmsprop'; use sgd or adam
// MOMENTUM: error: sgd needs a momentum in [0, 1) and a finite decay of at least 0, got 1.000000e+00 and 0.000000e+00
// DECAY: error: adam takes no weight decay, got 1.000000e-01; use sgd or a decay of 0
// EPSILON: error: adam needs beta1 and beta2 in [0, 1) and a positive epsilon
// LIMIT: error: needs a binary limit of at least 0, got -1.000000e+00
// GRADIENT: error: has a gradient of "w" but no such parameter
func.func @step(%x: tensor<2xf32>) -> (tensor<2xf32> {nibble.gradient = "w"}) attributes {nibble.training = "gradients"} {
  return %x : tensor<2xf32>
}
