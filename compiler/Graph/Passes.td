// Passes of the graph stage: values of parameters, and the inference form of a model.
#ifndef NIBBLE_GRAPH_PASSES
#define NIBBLE_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

def BindWeights : Pass<"nibble-bind-weights", "::mlir::ModuleOp"> {
  let summary = "Replaces nibble.param by nibble.constant with the value of the weight table";
  let description = [{
    The value is a `dense_resource` under the parameter's name (small or uniform tensors are written in place). One error lists
    all parameters that the table lacks or holds in another shape, and all tensors that no parameter asks for. Values that are not
    finite are an error at their parameter.

    Without a table (in nibble-opt) `seed` fills all parameters with reproducible numbers that suit their kind: he_normal weights,
    positive variances, ranges that contain zero.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "Without a table: fill parameters with numbers of this seed (0: no numbers)">,
    Option<"kinds", "kinds", "std::string", "\"all\"", "Which parameters to bind: all, state or trainable">,
    Option<"refuseExtra", "refuse-extra", "bool", "true", "Tensors of the table that no parameter names are an error">
  ];
}

def Freeze : Pass<"nibble-freeze", "::mlir::ModuleOp"> {
  let summary = "Turns scales and running statistics into constants and each layer's chain into one nibble.requantize (R8)";
  let description = [{
    Needs the value of every parameter, bound as a constant or in the table, and finite. Then, in every function:
    1. Each quantiser gets constant scales: weights max|w| / qmax (R1) or the ternary rule (R4), activations from their range state.
    2. relu, clip, quantisers and per-channel steps that never decrease move above max_pool2d and reshape (above concat: steps that
       treat all channels alike), which is exact; scales along channels stay where a factor is negative.
    3. From each contraction on, everything up to the next quantiser (or up to a value with several uses, or an op that is no such step) becomes one
       `nibble.requantize`: add and mul with a constant per channel or one constant, batch_norm, relu, clip, one residual addition, and the quantiser. Operands on
       grids make the contraction `accumulate`. Average pooling and residual additions of grid values start such chains too if a quantiser ends them.
    4. Parameters without use vanish. Trainable weights that are still used stay `nibble.param`, to be trained further on the frozen graph.
    Chains that cannot be folded stay as they are; lowering decides whether they are allowed.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "Without a table: read parameters as nibble-bind-weights{seed} binds them (0: no numbers)">,
    Option<"report", "report", "bool", "false", "A remark at each layer: what was folded, and where its chain ended">
  ];
}

#endif
