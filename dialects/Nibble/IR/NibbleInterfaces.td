// Op interfaces of the dialect.
#ifndef NIBBLE_IR_INTERFACES
#define NIBBLE_IR_INTERFACES

include "mlir/IR/OpBase.td"

def Nibble_DifferentiableOp : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::nibble";
  let description = "An op that knows its own reverse-mode derivative (quantisers: their gradient estimator).";
  let methods = [
    InterfaceMethod<[{
      Builds the gradient of each operand from the gradient of the first result. `needed[i]` says whether operand i
      wants one; a null value in the result means "no gradient flows here". An empty result means that the op cannot
      be differentiated in this form and has emitted an error. A gradient is f32, off every grid, and has the shape of
      its value; that of an i32 accumulator is taken with respect to the real-valued sum f32(acc) * (sx * sw[c]).
    }], "::llvm::SmallVector<::mlir::Value>", "buildGradients",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$resultGradient, "::llvm::ArrayRef<bool>":$needed)>
  ];
}

def Nibble_ContractionOp : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::nibble";
  let description = "conv2d and linear: a sum of products over k, with raw integer accumulators on request (R5, R7).";
  let methods = [
    InterfaceMethod<"The activation operand.", "::mlir::Value", "getActivation", (ins), [{}], [{ return $_op.getInput(); }]>,
    InterfaceMethod<"The weight operand; dimension 0 is the output channel.", "::mlir::Value", "getWeights", (ins), [{}], [{ return $_op.getWeight(); }]>,
    InterfaceMethod<"Number of products in one output element, padded taps included.", "int64_t", "getDepth", (ins), [{}], [{
      auto shape = ::llvm::cast<::mlir::RankedTensorType>($_op.getWeight().getType()).getShape();
      int64_t depth = 1;
      for (int64_t d : shape.drop_front()) depth *= d;
      return depth;
    }]>
  ];
}

#endif
