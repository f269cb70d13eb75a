// Registration of the dialect, and the verifiers of function signatures and of attributes beside those of ops.
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

namespace {

/// An attribute that passes set on ops, or look for, beside the ops' own; compiler/*/Passes.h say what each means.
struct Discardable {
  StringRef name, form, place;
  bool (*hasForm)(Attribute);
  bool (*isPlace)(Operation *);
};

template <typename Attr>
bool isForm(Attribute attribute) {
  return isa<Attr>(attribute);
}
bool isTile(Operation *op) { return isa<TileOp>(op); }
bool isContraction(Operation *op) { return isa<ContractionOpInterface, TileOp>(op); }
bool isFunction(Operation *op) { return isa<FunctionOpInterface>(op); }
bool isModule(Operation *op) { return isa<ModuleOp>(op); }
bool isAny(Operation *) { return true; }
bool isCount(Attribute attribute) {
  auto integer = dyn_cast<IntegerAttr>(attribute);
  return integer && integer.getType().isSignlessInteger(64) && integer.getInt() > 0;
}
template <int64_t size>
bool isNumbers(Attribute attribute) {
  auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute);
  return numbers && numbers.size() == size;
}

constexpr Discardable discardables[] = {
    {"nibble.absorbed", "an array", "a module", isForm<ArrayAttr>, isModule},
    {"nibble.batch_tile", "a positive i64", "a function", isCount, isFunction},
    {"nibble.choice", "a string", "a nibble.tile", isForm<StringAttr>, isTile},
    {"nibble.flattened", "an array of six i64", "a nibble.tile", isNumbers<6>, isTile},
    {"nibble.given_kernel", "a string", "a contraction or nibble.tile", isForm<StringAttr>, isContraction},
    {"nibble.layouts", "an array", "an op", isForm<ArrayAttr>, isAny},
    {"nibble.listed", "an array of three i64", "a nibble.tile", isNumbers<3>, isTile},
    {"nibble.measured", "a dictionary", "a contraction or nibble.tile", isForm<DictionaryAttr>, isContraction},
    {"nibble.target", "a string", "a module", isForm<StringAttr>, isModule},
    {"nibble.training", "a string", "a function", isForm<StringAttr>, isFunction},
};

} // namespace

// A misspelt name would do nothing, silently.
LogicalResult NibbleDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  const StringRef name = attribute.getName().getValue();
  const auto *known = llvm::find_if(discardables, [&](const Discardable &d) { return d.name == name; });
  if (known == std::end(discardables)) {
    InFlightDiagnostic error = op->emitError("'") << name << "' is no attribute of the nibble dialect; there are ";
    llvm::interleaveComma(discardables, error, [&](const Discardable &d) { error << d.name; });
    return error;
  }
  if (!known->isPlace(op))
    return op->emitError("'") << name << "' belongs on " << known->place << ", not here";
  if (!known->hasForm(attribute.getValue()))
    return op->emitError("'") << name << "' must be " << known->form;
  return success();
}

namespace {

// A signature is checked through its attributes: !quant.uniform itself does not check that it has as many scales as the
// dimension has channels.
LogicalResult verifyPort(Operation *op, ArrayRef<Type> types, StringRef what, unsigned index,
                         NamedAttribute attribute) {
  const StringRef name = attribute.getName().getValue();
  static constexpr StringLiteral known[] = {"nibble.gradient", "nibble.init",  "nibble.kind",
                                            "nibble.name",     "nibble.param", "nibble.tied"};
  if (!llvm::is_contained(known, name)) {
    InFlightDiagnostic error = op->emitError("'") << name << "' of " << what << " " << index
                                                  << " is no attribute of the nibble dialect; there are ";
    llvm::interleaveComma(known, error);
    return error;
  }
  if (name == "nibble.name" && !isa<StringAttr>(attribute.getValue()))
    return op->emitError("'nibble.name' of ") << what << " " << index << " must be a string";
  return index < types.size() ? verifyTensor(op, types[index], what, index) : success();
}

} // namespace

LogicalResult NibbleDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argIndex,
                                                      NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  return verifyPort(op, function ? function.getArgumentTypes() : ArrayRef<Type>(), "argument", argIndex, attribute);
}

LogicalResult NibbleDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned resultIndex,
                                                         NamedAttribute attribute) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  return verifyPort(op, function ? function.getResultTypes() : ArrayRef<Type>(), "result", resultIndex, attribute);
}

} // namespace nibble
