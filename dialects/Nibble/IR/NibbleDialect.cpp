// Registration of the dialect, and the verifiers of function signatures.
#include "dialects/Nibble/IR/Nibble.h"
#include "dialects/Nibble/IR/NibbleVerify.h"

#include "dialects/Nibble/IR/NibbleDialect.cpp.inc"
#include "dialects/Nibble/IR/NibbleEnums.cpp.inc"

using namespace mlir;

namespace nibble {

void NibbleDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Nibble/IR/NibbleOps.cpp.inc"
      >();
}

Operation *NibbleDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!elements || !tensor)
    return nullptr;
  return ConstantOp::create(builder, loc, tensor, elements);
}

// A signature is checked through `nibble.name` on its arguments and results: !quant.uniform itself does not check that
// it has as many scales as the dimension has channels.
LogicalResult NibbleDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argIndex,
                                                      NamedAttribute attribute) {
  if (attribute.getName() == "nibble.name" && !isa<StringAttr>(attribute.getValue()))
    return op->emitError("'nibble.name' of argument ") << argIndex << " must be a string";
  if (auto function = dyn_cast<FunctionOpInterface>(op); function && argIndex < function.getNumArguments())
    return verifyTensor(op, function.getArgumentTypes()[argIndex], "argument", argIndex);
  return success();
}

LogicalResult NibbleDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned resultIndex,
                                                         NamedAttribute attribute) {
  if (attribute.getName() == "nibble.name" && !isa<StringAttr>(attribute.getValue()))
    return op->emitError("'nibble.name' of result ") << resultIndex << " must be a string";
  if (auto function = dyn_cast<FunctionOpInterface>(op); function && resultIndex < function.getNumResults())
    return verifyTensor(op, function.getResultTypes()[resultIndex], "result", resultIndex);
  return success();
}

} // namespace nibble
