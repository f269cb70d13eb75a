// Passes from the frozen graph to the quantized stage, and within that stage.
#ifndef NIBBLE_QUANTIZE_PASSES
#define NIBBLE_QUANTIZE_PASSES

include "mlir/Pass/PassBase.td"

def LowerToIntegers : Pass<"nibble-lower-to-integers", "::mlir::ModuleOp"> {
  let summary = "Moves number formats from the grids of a frozen graph into element types";
  let description = [{
    Quantisers of constants are evaluated into storage integers, those of activations become nibble.quantize; contractions of grids give i32
    accumulators that a nibble.requantize takes on (R7: `f32(acc) * (sx * sw[c])` where the graph has none); ops that keep a grid work on the integers; any
    other op gets its operands through nibble.dequantize.

    Expects bound weights and a frozen graph. What has no integer form is refused, and the result is checked as nibble-verify-quantized does.
  }];
  let options = [
    Option<"allowFloat", "allow-float", "bool", "false", "Accept float ops between two quantisers (each gives a remark)">
  ];
}

def ChooseThresholds : Pass<"nibble-choose-thresholds", "::mlir::ModuleOp"> {
  let summary = "Replaces the fma of binary requantisations by integer thresholds that are proved equal (R8.9)";
  let description = [{
    For each nibble.requantize from an accumulator to binary values, without a residual: per channel a binary search over the accumulators that the
    actual weights can reach (all 32-bit integers if they are unknown) for the point where the sign changes. -1 where `(acc ^ flip_c) < threshold_c`; flip is 0, or
    -1 where the multiplier is negative.
  }];
}

def VerifyQuantized : Pass<"nibble-verify-quantized", "::mlir::ModuleOp"> {
  let summary = "Checks what must hold when a module leaves the quantized stage";
  let description = [{
    No parameter, fake quantiser or grid encoding is left (but on the results of nibble.dequantize and on the arguments of a function); no float op lies between two
    quantisers outside nibble.requantize; weights are symmetric constants on their grid; no product of two 16-bit operands; every accumulator fits 32
    bits (R5); only nibble.requantize reads accumulators.
  }];
  let options = [
    Option<"allowFloat", "allow-float", "bool", "false", "Accept float ops between two quantisers (each gives a remark)">
  ];
}

#endif
