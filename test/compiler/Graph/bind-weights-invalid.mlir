// RUN: nibble-opt --split-input-file --verify-diagnostics --nibble-bind-weights %s
// RUN: not nibble-opt --nibble-bind-weights="seed=1 kinds=some" %s 2>&1 | FileCheck %s --check-prefix=KINDS
// KINDS: kinds is all, state or trainable, not 'some'

// expected-error@+1 {{has no weights: give a weight table, or a seed}}
module {
  func.func @f() -> tensor<2xf32> {
    %w = nibble.param @w : tensor<2xf32>
    return %w : tensor<2xf32>
  }
}
