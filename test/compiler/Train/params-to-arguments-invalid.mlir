// RUN: nibble-opt %s --nibble-params-to-arguments="name=taken batch=2" --split-input-file --verify-diagnostics

func.func @types(%x: tensor<?x4xf32>) {
  // expected-note @+1 {{the other use}}
  %a = nibble.param @w : tensor<4xf32>
  // expected-error @+1 {{@w differs in type, kind or init from another use of the name}}
  %b = nibble.param @w {init = #nibble.init<zeros>} : tensor<4xf32>
  return
}

// -----

func.func @colon() {
  // expected-error @+1 {{has a ':' in its name, which marks slots of an optimiser; rename it}}
  %a = nibble.param @"w:m" : tensor<4xf32>
  return
}

// -----

// expected-error @+1 {{cannot be copied to @taken: the name is taken}}
func.func @model() { return }
// expected-note @+1 {{here}}
func.func private @taken()

// -----

func.func @dynamic(%x: tensor<?x4x4x2xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{has a dynamic dimension that is not the batch (dimension 0)}}
  %c = builtin.unrealized_conversion_cast %x : tensor<?x4x4x2xf32> to tensor<?x?xf32>
  return %c : tensor<?x?xf32>
}

// -----

// expected-error @below {{has 2 functions with a body; name the model}}
module {
  func.func @a() { return }
  func.func @b() { return }
}
