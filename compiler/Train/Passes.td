// Passes that make a training step of a model function.
#ifndef NIBBLE_TRAIN_PASSES
#define NIBBLE_TRAIN_PASSES

include "mlir/Pass/PassBase.td"

def ParamsToArguments : Pass<"nibble-params-to-arguments", "::mlir::ModuleOp"> {
  let summary = "Turns the parameters of a model function into trailing arguments.";
  let description = [{
    Each name becomes one argument `{nibble.param = "conv1.weight", nibble.kind = ..., nibble.init = ...}`, in order of first use.
    So a graph is evaluated with the trainer's buffers. With `name` a copy of the function is changed, without it the
    function itself; with `batch` the dynamic batch dimension becomes that size.
  }];
  let options = [
    Option<"model", "model", "std::string", "\"\"", "Function to change (the only one with a body when left out)">,
    Option<"name", "name", "std::string", "\"\"", "Name of the copy to make">,
    Option<"batch", "batch", "int64_t", "0", "Static batch size; 0 keeps the batch dynamic">,
  ];
  let dependentDialects = ["::nibble::NibbleDialect"];
}

def PrepareTraining : Pass<"nibble-prepare-training", "::mlir::ModuleOp"> {
  let summary = "Makes the forward part of a training step of a model function, which stays as it is.";
  let description = [{
    The copy has a static batch, an argument of i32 labels, and parameters as arguments. batch_norm on running statistics becomes
    batch_norm_train, an activation quantiser observes its range first, and the results are the loss, the number of
    correct rows, and the new states (`nibble.tied` = index of the argument that each replaces).
    A model without state (frozen) goes the same way. The function is marked `nibble.training = "forward"`.
  }];
  let options = [
    Option<"model", "model", "std::string", "\"\"", "Model function (the only one with a body when left out)">,
    Option<"step", "step", "std::string", "\"train_step\"", "Name of the function to make">,
    Option<"batch", "batch", "int64_t", "64", "Images per step">,
    Option<"logits", "logits", "std::string", "\"\"", "Name of the result to train on (the only one, or \"logits\", when left out)">,
    Option<"rangeMomentum", "range-momentum", "float", "0.99f", "Momentum of observed activation ranges">,
  ];
  let dependentDialects = ["::nibble::NibbleDialect"];
}

def Differentiate : Pass<"nibble-differentiate", "::mlir::ModuleOp"> {
  let summary = "Reverse-mode differentiation of the loss of each function marked \"forward\".";
  let description = [{
    Appends the gradient of each trainable parameter as a result with `nibble.gradient = "conv1.weight"`, through
    DifferentiableOpInterface, for values between parameters and loss only. Several uses of a value add in reverse program
    order. Marks the function "gradients". A module without function marked "forward" is an error.
  }];
  let dependentDialects = ["::nibble::NibbleDialect"];
}

def ApplyOptimizer : Pass<"nibble-apply-optimizer", "::mlir::ModuleOp"> {
  let summary = "Turns the gradients of each function marked \"gradients\" into parameter updates.";
  let description = [{
    Adds the arguments `rate` (and `correction` for Adam) before the parameters and a slot per parameter behind them
    ("conv1.weight:m", for Adam also "conv1.weight:v"; zero at first). Updates come last; all new values are results tied to their
    arguments, ordered by argument. Marks the function "step".
  }];
  let options = [
    Option<"optimizer", "optimizer", "std::string", "\"sgd\"", "sgd or adam">,
    Option<"momentum", "momentum", "float", "0.9f", "Momentum of sgd">,
    Option<"decay", "decay", "float", "0.0f", "Weight decay of sgd; not applied to parameters of rank 1 (batch norm, biases)">,
    Option<"beta1", "beta1", "float", "0.9f", "adam">,
    Option<"beta2", "beta2", "float", "0.999f", "adam">,
    Option<"epsilon", "epsilon", "float", "1.0e-8f", "adam">,
    Option<"binaryLimit", "binary-limit", "float", "1.0f", "Latent weights of sign() are clamped to +-this; 0: not at all">,
  ];
  let dependentDialects = ["::nibble::NibbleDialect"];
}

def VerifyTrainingStep : Pass<"nibble-verify-training-step", "::mlir::ModuleOp"> {
  let summary = "Rejects a training step (marked \"step\") whose state cannot be updated in place.";
  let description = [{
    Every tied result must come from its argument through ops that may write their result over that operand (sgd, adam, observe_range,
    batch_norm_train), and no old value may be read after the op that overwrites it.
  }];
  let dependentDialects = ["::nibble::NibbleDialect"];
}

#endif
