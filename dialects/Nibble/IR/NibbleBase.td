// The nibble dialect: definition and the base class of its ops.
#ifndef NIBBLE_IR_BASE
#define NIBBLE_IR_BASE

include "mlir/IR/OpBase.td"

def Nibble_Dialect : Dialect {
  let name = "nibble";
  let cppNamespace = "::nibble";
  let summary = "Neural networks with any number format per tensor, from the training graph to packed integer code.";
  let description = [{
    One op per call of the C++ DSL. The same ops serve three stages: on `f32` tensors (graph stage; a value on a
    quantiser's grid says so in its type, `tensor<4xf32, #nibble.grid<...>>`), on tensors of quantised elements
    (quantized stage) and on tensors with a `#nibble.layout` (packed stage). Numeric rules are cited as R1..R10 and are
    written down in docs/spec.md.

    Activations are NHWC, convolution weights OHWI (output, height, width, input / groups), linear weights OI.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect"];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerTypes();
    void registerAttributes();
  }];
}

class Nibble_Op<string mnemonic, list<Trait> traits = []> : Op<Nibble_Dialect, mnemonic, traits>;

#endif
