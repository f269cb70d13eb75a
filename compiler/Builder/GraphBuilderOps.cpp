// Ops: attributes from plain values, inference, creation, verification.
#include "compiler/Builder/DiagnosticCollector.h"
#include "compiler/Builder/GraphBuilderImpl.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace nibble {

Attribute GraphBuilder::Impl::attribute(Location loc, const AttributeSpec &spec) {
  Builder builder(&context);
  auto complain = [&] { return emitError(loc); };
  if (auto *v = std::get_if<int64_t>(&spec))
    return builder.getI64IntegerAttr(*v);
  if (auto *v = std::get_if<float>(&spec))
    return builder.getF32FloatAttr(*v);
  if (auto *v = std::get_if<std::vector<int64_t>>(&spec))
    return builder.getDenseI64ArrayAttr(*v);
  if (auto *v = std::get_if<std::vector<float>>(&spec))
    return builder.getDenseF32ArrayAttr(*v);
  if (auto *v = std::get_if<AttributeText>(&spec))
    return parseAttribute(v->text, &context);
  if (auto *q = std::get_if<QuantizerSpec>(&spec))
    return QuantizerAttr::getChecked(complain, &context, q->bits, q->isSigned, q->narrow, q->symmetric, q->axis,
                                     q->clipped ? Estimator::Clipped : Estimator::Identity, q->group);
  const auto &p = std::get<PaddingSpec>(spec);
  PadValue value = p.value > 0 ? PadValue::PlusOne : p.value < 0 ? PadValue::MinusOne : PadValue::Zero;
  return PaddingAttr::getChecked(complain, &context, p.top, p.left, p.bottom, p.right, value);
}

namespace {
/// Storage for the properties of an op that does not exist yet: inference reads attributes from there.
class Properties {
public:
  Properties(OperationName name, DictionaryAttr attributes, Location loc)
      : name(name), bytes(name.getOpPropertyByteSize() + 1) {
    name.initOpProperties(get(), nullptr);
    name.populateDefaultProperties(get());
    // An op without attributes has no properties and refuses to set any.
    valid = !name.getOpPropertyByteSize() ||
            succeeded(name.setOpPropertiesFromAttribute(name, get(), attributes, [&] { return emitError(loc); }));
  }
  ~Properties() { name.destroyOpProperties(get()); }
  Properties(const Properties &) = delete;
  Properties &operator=(const Properties &) = delete;

  OpaqueProperties get() { return OpaqueProperties(bytes.data()); }
  bool valid = false;

private:
  OperationName name;
  std::vector<char> bytes; // from operator new: aligned for any attribute
};
} // namespace

GraphBuilder::Value GraphBuilder::Impl::insert(OperationState &state, Type type, const std::string &layer) {
  DictionaryAttr attributes = state.attributes.getDictionary(&context);
  size_t before = diagnostics.size();
  auto fail = [&](const char *why) {
    // Every failure has a message; this one would be a fault of the dialect.
    return diagnostics.size() > before ? poison : error(placeOf(state.location), state.name.stripDialect().str() + why);
  };
  SmallVector<Type> types;
  if (type) {
    types.push_back(type);
  } else {
    auto *inference = state.name.getInterface<InferTypeOpInterface>();
    Properties properties(state.name, attributes, state.location);
    if (!inference || !properties.valid ||
        failed(inference->inferReturnTypes(&context, state.location, state.operands, attributes, properties.get(), {},
                                           types)))
      return fail(" has no result type for these operands");
  }
  state.addTypes(types);
  // The layer's name travels with the location, into reports about this op.
  if (!layer.empty())
    state.location = NameLoc::get(StringAttr::get(&context, layer), state.location);
  Operation *op = end().create(state);
  if (failed(mlir::verify(op))) {
    op->erase();
    return fail(" is not valid");
  }
  return 0;
}

/// A parameter's name without its last part: conv1.weight -> conv1.
static std::string layerOfParam(StringRef name) {
  auto [layer, part] = name.rsplit('.');
  return layer.str();
}

std::string GraphBuilder::Impl::layerOf(mlir::Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    if (auto param = dyn_cast<ParamOp>(op))
      return layerOfParam(param.getName());
    if (auto contraction = dyn_cast<ContractionOpInterface>(op))
      value = contraction.getWeights();
    else if (auto norm = dyn_cast<BatchNormOp>(op))
      value = norm.getGamma();
    else if (op->getNumOperands())
      value = op->getOperand(0);
    else
      return func::FuncOp(function).getName().str();
  }
  for (const Port &port : inputs)
    if (port.value != poison && values[port.value] == value)
      return port.name;
  return func::FuncOp(function).getName().str();
}

std::string GraphBuilder::layerOf(Value value) const { return impl->layerOf(impl->values[value]); }

GraphBuilder::Value GraphBuilder::create(const SourcePlace &place, std::string_view mnemonic,
                                         std::span<const Value> operands,
                                         const std::vector<NamedAttributeSpec> &attributes) {
  DiagnosticCollector collector(&impl->context, impl->diagnostics);
  OperationState state(impl->locate(place), ("nibble." + std::string(mnemonic)));
  bool activation = false;
  for (Value operand : operands) {
    if (operand == poison)
      return poison;
    state.operands.push_back(impl->values[operand]);
    activation |= impl->activations[operand];
  }
  for (const auto &[name, spec] : attributes) {
    Attribute attribute = impl->attribute(state.location, spec);
    if (!attribute)
      return poison;
    state.addAttribute(name, attribute);
  }
  // The type of a grid without scales does not say along which dimension they will lie (R7), the quantiser does.
  if ((mnemonic == "conv2d" || mnemonic == "linear") && operands.size() > 1)
    if (auto quantizer = state.operands[1].getDefiningOp<FakeQuantOp>();
        quantizer && quantizer.getQuantizer().getAxis() > 0)
      return error(place, std::string(mnemonic) +
                              " takes weights with scales per output channel (dimension 0); dimension " +
                              std::to_string(quantizer.getQuantizer().getAxis()) + " lies along the sum");
  bool named = mnemonic == "conv2d" || mnemonic == "linear" || mnemonic == "batch_norm";
  std::string layer = named && operands.size() > 1 ? impl->layerOf(state.operands[1]) : std::string();
  if (impl->insert(state, {}, layer) == poison)
    return poison;
  return impl->add(impl->body->back().getResult(0), activation);
}

GraphBuilder::Value GraphBuilder::reshape(const SourcePlace &place, Value input, const std::vector<int64_t> &shape) {
  if (input == poison)
    return poison;
  DiagnosticCollector collector(&impl->context, impl->diagnostics);
  SmallVector<int64_t> extents(shape.begin(), shape.end());
  for (int64_t &d : extents) {
    if (d < 1 && d != batch)
      return error(place, "reshape to an extent of " + std::to_string(d) +
                              ": extents are at least 1, or nibble::dyn for the batch");
    d = d == batch ? ShapedType::kDynamic : d;
  }
  if (std::string why = Impl::tooLarge(shape); !why.empty())
    return error(place, "reshape to a tensor that " + why);
  OperationState state(impl->locate(place), ReshapeOp::getOperationName());
  auto type = cast<RankedTensorType>(impl->values[input].getType());
  state.addOperands(impl->values[input]);
  if (impl->insert(state, RankedTensorType::get(extents, type.getElementType(), type.getEncoding()), {}) == poison)
    return poison;
  return impl->add(impl->body->back().getResult(0), impl->activations[input]);
}

} // namespace nibble
