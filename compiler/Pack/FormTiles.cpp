// nibble-form-tiles: contractions and their requantisations become tiles.
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/Passes.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Iterators.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_FORMTILES
#include "compiler/Pack/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// `value` with this shape; looks through the reshapes that gave it another one.
Value reshaped(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> shape) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  auto type = tensorOf(value);
  if (type.getShape() == shape)
    return value;
  return ReshapeOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType(), type.getEncoding()),
                           value);
}

/// f32 values of a quantised constant, (q - z) * s with one rounding. Not for group scales: a layer takes those as they
/// are.
std::optional<ElementsAttr> dequantized(ConstantOp constant) {
  auto type = tensorOf(constant.getResult());
  auto facts = gridFacts(type.getElementType());
  auto integers = readIntegers(constant.getValue());
  if (!facts || !facts->known || !integers)
    return std::nullopt;
  // Elements behind one index of the axis; one run for all without an axis.
  int64_t inner = 1, channels = 1;
  if (facts->axis >= 0) {
    channels = type.getDimSize(facts->axis);
    for (int64_t d : type.getShape().drop_front(facts->axis + 1))
      inner *= d;
  }
  std::vector<float> values;
  values.reserve(integers->size());
  for (auto [i, q] : llvm::enumerate(*integers)) {
    size_t c = (i / inner) % channels;
    values.push_back(static_cast<float>(q - facts->zeros[c]) * facts->scales[c]);
  }
  return makeFloats(constant.getContext(), type.getShape(), values, resourceName(constant.getValue()));
}

/// The weights as a constant [O, KH, KW, C / groups]. The grid encoding of f32 weights is dropped: a tile of f32
/// operands works on values.
FailureOr<Value> tileWeights(OpBuilder &builder, Operation *contraction, Value weight) {
  auto dequantize = weight.getDefiningOp<DequantizeOp>();
  auto constant = (dequantize ? dequantize.getInput() : weight).getDefiningOp<ConstantOp>();
  if (!constant) {
    auto diag =
        contraction->emitOpError("has weights that are not constant, so that they cannot be packed when compiling");
    diag.attachNote()
        << "bind the parameters first (nibble-bind-weights) and lower their quantisers (nibble-lower-to-integers)";
    return diag;
  }
  ElementsAttr value = constant.getValue();
  if (dequantize) {
    auto values = dequantized(constant);
    if (!values)
      return contraction->emitOpError("has weights whose integers cannot be read");
    value = *values;
  }
  auto type = tensorOf(weight);
  SmallVector<int64_t> shape(type.getShape());
  if (shape.size() == 2)
    shape = {shape[0], 1, 1, shape[1]};
  Type element = type.getElementType();
  if (auto facts = isQuantizedType(element) ? gridFacts(element) : std::nullopt; facts && facts->group)
    element = groupedTypeOfShape(element, shape);
  auto wanted = RankedTensorType::get(shape, element);
  if (wanted == constant.getType())
    return constant.getResult();
  auto valueType = RankedTensorType::get(shape, value.getElementType());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    value = DenseResourceElementsAttr::get(valueType, resource.getRawHandle());
  else if (auto dense = dyn_cast<DenseElementsAttr>(value))
    value = dense.reshape(valueType);
  else
    return contraction->emitOpError("has weights of an unknown attribute kind: ") << value.getElementType();
  return ConstantOp::create(builder, constant.getLoc(), wanted, value).getResult();
}

/// The input behind a nibble.pad of the padding's value, if that is not 0.
Value paddedInput(OpBuilder &builder, Location loc, Value input, PaddingAttr padding) {
  SmallVector<int64_t> low{0, padding.getTop(), padding.getLeft(), 0},
      high{0, padding.getBottom(), padding.getRight(), 0};
  auto type = tensorOf(input);
  SmallVector<int64_t> shape(type.getShape());
  for (int d : {1, 2})
    shape[d] += low[d] + high[d];
  return PadOp::create(builder, loc, RankedTensorType::get(shape, type.getElementType(), type.getEncoding()), input,
                       low, high, APFloat(padding.getValue() == PadValue::PlusOne ? 1.0f : -1.0f));
}

/// The requantisation that is the only use of an accumulator and can be a tile's epilogue.
RequantizeOp epilogueOf(Value accumulator) {
  if (!accumulator.hasOneUse())
    return {};
  auto requantize = dyn_cast<RequantizeOp>(*accumulator.user_begin());
  if (!requantize || requantize.getInput() != accumulator || requantize.getProfile() != RequantProfile::Float)
    return {};
  return requantize;
}

LogicalResult formTile(ContractionOpInterface contraction) {
  Operation *op = contraction;
  Value input = contraction.getActivation(), weight = contraction.getWeights();
  if (tensorOf(input).getElementType().isF32() && gridTypeOf(input.getType()) && gridTypeOf(weight.getType()))
    return op->emitOpError("sums f32 values of two grids, which R7 defines on their integers; lower it first "
                           "(nibble-lower-to-integers)");
  RequantizeOp requantize = epilogueOf(op->getResult(0));
  Operation *last = requantize ? requantize.getOperation() : op;
  OpBuilder builder(last);
  Location loc = op->getLoc();
  auto conv = dyn_cast<Conv2dOp>(op);

  FailureOr<Value> weights = tileWeights(builder, op, weight);
  if (failed(weights))
    return failure();
  ArrayRef<int64_t> kernel = tensorOf(*weights).getShape();
  PaddingAttr padding = conv ? conv.getPadding() : PaddingAttr::get(op->getContext(), 0, 0, 0, 0, PadValue::Zero);
  SmallVector<int64_t> strides{1, 1}, dilations{1, 1};
  if (conv) {
    strides.assign(conv.getStrides().begin(), conv.getStrides().end());
    dilations.assign(conv.getDilations().begin(), conv.getDilations().end());
    if (!padding.isZeroSized() && padding.getValue() != PadValue::Zero)
      input = paddedInput(builder, loc, input, padding);
    if (padding.isZeroSized() || padding.getValue() != PadValue::Zero)
      padding = PaddingAttr::get(op->getContext(), 0, 0, 0, 0, PadValue::Zero);
  } else {
    int64_t batch = tensorOf(input).getDimSize(0);
    input = reshaped(builder, loc, input, {batch, 1, 1, kernel[3]});
  }

  auto finalType = tensorOf(last->getResult(0));
  SmallVector<int64_t> shape(finalType.getShape());
  if (!conv)
    shape = {shape[0], 1, 1, shape[1]};
  auto type = RankedTensorType::get(shape, finalType.getElementType(), finalType.getEncoding());
  Value residual = requantize ? requantize.getResidual() : Value();
  if (residual && !conv)
    residual = reshaped(builder, loc, residual, shape);

  IntegerAttr groups = builder.getI64IntegerAttr(conv ? conv.getGroups() : 1);
  auto window = builder.getDenseI64ArrayAttr(kernel.slice(1, 2));
  auto tile =
      TileOp::create(builder, loc, type, input, *weights, residual, window, builder.getDenseI64ArrayAttr(strides),
                     padding, groups, builder.getDenseI64ArrayAttr(dilations), nullptr, nullptr, nullptr, nullptr,
                     nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  if (requantize) {
    tile.setMultiplierAttr(requantize.getMultiplierAttr());
    tile.setBiasAttr(requantize.getBiasAttr());
    tile.setLoAttr(requantize.getLoAttr());
    tile.setHiAttr(requantize.getHiAttr());
    tile.setResidualMultiplierAttr(requantize.getResidualMultiplierAttr());
    tile.setThresholdsAttr(requantize.getThresholdsAttr());
    tile.setFlipsAttr(requantize.getFlipsAttr());
    for (NamedAttribute attribute : requantize->getDiscardableAttrs())
      tile->setDiscardableAttr(attribute.getName(), attribute.getValue());
  }
  Value result = tile.getResult();
  if (!conv)
    result = ReshapeOp::create(builder, loc, finalType, result);
  last->getResult(0).replaceAllUsesWith(result);
  last->erase();
  if (last != op)
    op->erase();
  return success();
}

struct FormTilesPass : impl::FormTilesBase<FormTilesPass> {
  void runOnOperation() override {
    SmallVector<ContractionOpInterface> contractions;
    getOperation().walk([&](ContractionOpInterface op) { contractions.push_back(op); });
    for (ContractionOpInterface op : contractions)
      if (failed(formTile(op)))
        return signalPassFailure();
    // What was looked through has lost its last use; users come after producers.
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isa<ReshapeOp, ConstantOp, DequantizeOp>(op) && op->use_empty())
        op->erase();
    });
  }
};

} // namespace
} // namespace nibble
