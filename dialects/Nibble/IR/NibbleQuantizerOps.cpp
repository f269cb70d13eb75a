// Result types and verifiers of parameters, constants and quantisers.
#include "dialects/Nibble/IR/NibbleVerify.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace nibble {

//===----------------------------------------------------------------------===//
// param, constant
//===----------------------------------------------------------------------===//

LogicalResult ParamOp::verify() {
  auto type = getResult().getType();
  if (getName().empty())
    return emitOpError("needs a name, for example @conv1.weight");
  if (!type.hasStaticShape())
    return emitOpError("@") << getName() << " needs a static shape, got " << type;
  return verifyTensors(*this);
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

/// Data that is there: `dense<...>`, or a resource with as many bytes as its type needs.
static LogicalResult verifyData(ConstantOp op) {
  auto value = op.getValue();
  if (!isa<RankedTensorType>(value.getType()))
    return op.emitOpError("holds a tensor, got ") << value.getType();
  if (isa<DenseIntOrFPElementsAttr>(value))
    return success();
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  if (!resource)
    return op.emitOpError("holds dense<...> or dense_resource<...> of numbers, got ") << value;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return op.emitOpError("names the resource '") << resource.getRawHandle().getKey() << "', which has no data";
  auto count = elementCount(value.getShapedType().getShape());
  size_t bytes = (value.getElementType().isIntOrFloat() ? value.getElementType().getIntOrFloatBitWidth() : 0) / 8;
  if (!count || !bytes || blob->getData().size() != static_cast<size_t>(*count) * bytes)
    return op.emitOpError("has a resource of ")
           << blob->getData().size() << " bytes, which does not fill " << value.getType();
  return success();
}

LogicalResult ConstantOp::verify() {
  auto type = getResult().getType();
  ShapedType value = getValue().getShapedType();
  if (!type.hasStaticShape())
    return emitOpError("needs a static shape, got ") << type;
  if (failed(verifyTensors(*this)) || failed(verifyData(*this)))
    return failure();
  Type element = type.getElementType();
  if (auto encoding = dyn_cast_or_null<LayoutAttr>(type.getEncoding())) {
    if (!value.getElementType().isInteger(8))
      return emitOpError("with a layout holds bytes (i8), got ") << value.getElementType();
    auto bytes = layout::storageBytes(encoding.getLayout(), type.getShape());
    if (!bytes)
      return emitOpError("has a layout that does not fit: ") << bytes.error();
    if (value.getNumElements() != *bytes)
      return emitOpError("holds ") << value.getNumElements() << " bytes, but its layout needs " << *bytes;
    return success();
  }
  if (value.getShape() != type.getShape())
    return emitOpError("holds a value of shape ")
           << shapeText(value.getShape()) << " for a result of shape " << shapeText(type.getShape());
  if (isQuantizedType(element)) {
    if (!value.getElementType().isInteger(8) && !value.getElementType().isInteger(16))
      return emitOpError("of a quantised type holds integers (i8 or i16), got ") << value.getElementType();
  } else if (value.getElementType() != element) {
    return emitOpError("holds ") << value.getElementType() << " for a result of " << element;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// fake_quant, sign, ternarize
//===----------------------------------------------------------------------===//

/// Scales of a frozen quantiser as the type wants them.
static SmallVector<double> toDouble(ArrayRef<float> values) {
  return SmallVector<double>(values.begin(), values.end());
}

/// One scale per tensor, one per index of a dimension of known size, or one for each `group` neighbours of the last.
static LogicalResult checkScales(std::optional<Location> loc, StringRef name, RankedTensorType input, int64_t axis,
                                 std::optional<ArrayRef<float>> scales, int64_t group = 0) {
  if (!input.getElementType().isF32())
    return emitOptionalError(loc, name, " takes f32 values, got ", input);
  if (axis >= input.getRank())
    return emitOptionalError(loc, name, " per channel ", axis, " of a tensor of rank ", input.getRank());
  if (axis >= 0 && input.isDynamicDim(axis))
    return emitOptionalError(loc, name, " per channel ", axis, " needs a static size there, got ", input,
                             "; use one scale per tensor");
  if (group) {
    if (!input.hasStaticShape() || input.getRank() == 0)
      return emitOptionalError(loc, name, " per group needs a static shape, got ", input, "; use one scale per tensor");
    if (input.getShape().back() % group)
      return emitOptionalError(loc, name, " in groups of ", group, " needs a last dimension that they divide, got ",
                               input.getShape().back());
  }
  if (!scales)
    return success();
  int64_t wanted = group ? input.getNumElements() / group : axis >= 0 ? input.getDimSize(axis) : 1;
  if (static_cast<int64_t>(scales->size()) != wanted)
    return emitOptionalError(loc, name, " has ", scales->size(), " scales for ", wanted,
                             group ? " groups" : " channels");
  for (float s : *scales)
    if (!std::isnormal(s) || s < 0)
      return emitOptionalError(loc, name, " scale ", s, " is not a positive normal number");
  return success();
}

LogicalResult checkQuantizer(std::optional<Location> loc, StringRef name, RankedTensorType input, QuantizerAttr q,
                             std::optional<ArrayRef<float>> scales, std::optional<ArrayRef<int64_t>> zeros) {
  if (failed(checkScales(loc, name, input, q.getAxis(), scales, q.getGroup())))
    return failure();
  if (!zeros)
    return success();
  if (!scales)
    return emitOptionalError(loc, name, " has zero points but no scales");
  if (zeros->size() != scales->size())
    return emitOptionalError(loc, name, " has ", zeros->size(), " zero points for ", scales->size(), " scales");
  for (int64_t z : *zeros)
    if (z < q.getQmin() || z > q.getQmax() || (q.getSymmetric() && z != 0))
      return emitOptionalError(loc, name, " has zero point ", z,
                               q.getSymmetric() ? " but is symmetric" : " outside of its grid", " [", q.getQmin(), ", ",
                               q.getQmax(), "]");
  return success();
}

LogicalResult verifyQuantizerForm(Operation *op, Value range, QuantizerAttr q, std::optional<ArrayRef<float>> scales) {
  if (range) {
    auto type = cast<RankedTensorType>(range.getType());
    if (!type.getElementType().isF32() || type.getShape() != ArrayRef<int64_t>{3})
      return op->emitOpError("takes a range [min, max, seen] of type tensor<3xf32>, got ") << type;
    if (scales)
      return op->emitOpError("has both a range and frozen scales: drop one");
    if (q.isPerAxis())
      return op->emitOpError("with a range has one scale per tensor: drop the axis");
    if (q.isPerGroup())
      return op->emitOpError("with a range has one scale per tensor: drop the group");
  } else if (!scales && !q.getSymmetric()) {
    return op->emitOpError("without range or scales takes its scale from max|x| and must be symmetric (R1)");
  }
  return success();
}

LogicalResult FakeQuantOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                            SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  QuantizerAttr q = a.getQuantizer();
  if (failed(checkQuantizer(loc, "fake_quant", input, q, a.getScales(), a.getZeroPoints())))
    return failure();
  Type grid = a.getScales() ? q.getScaledType(toDouble(*a.getScales()), a.getZeroPoints().value_or(ArrayRef<int64_t>()),
                                              input.getShape())
                            : q.getUnscaledType();
  types.push_back(f32Tensor(input.getShape(), context, grid));
  return success();
}

LogicalResult FakeQuantOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  return verifyQuantizerForm(*this, getRange(), getQuantizer(), getScales());
}

LogicalResult SignOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                       SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  if (!input.getElementType().isF32())
    return emitOptionalError(loc, "sign takes f32 values, got ", input);
  types.push_back(f32Tensor(input.getShape(), context, BinaryType::get(context)));
  return success();
}
LogicalResult SignOp::verify() { return verifyTensors(*this); }

LogicalResult checkTernary(std::optional<Location> loc, StringRef name, RankedTensorType input, TernaryRule rule,
                           std::optional<int64_t> axis, std::optional<ArrayRef<float>> scales) {
  if (axis && *axis < 0)
    return emitOptionalError(loc, name, " per channel ", *axis, " of a tensor of rank ", input.getRank());
  if (rule == TernaryRule::Fixed && !scales)
    return emitOptionalError(loc, name, " with the fixed rule needs scales");
  return checkScales(loc, name, input, axis.value_or(-1), scales);
}

LogicalResult TernarizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                            SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  if (failed(checkTernary(loc, "ternarize", input, a.getRule(), a.getAxis(), a.getScales())))
    return failure();
  SmallVector<double> scales = toDouble(a.getScales().value_or(ArrayRef<float>()));
  int64_t axis = scales.empty() ? -1 : static_cast<int64_t>(a.getAxis().value_or(-1));
  types.push_back(f32Tensor(input.getShape(), context, TernaryType::get(context, axis, scales)));
  return success();
}

LogicalResult TernarizeOp::verify() { return verifyTensors(*this); }

//===----------------------------------------------------------------------===//
// quantize, dequantize, requantize
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  auto in = getInput().getType(), out = getResult().getType();
  if (!in.getElementType().isF32() || !isQuantizedType(out.getElementType()))
    return emitOpError("goes from f32 to a quantised element type, got ") << in << " to " << out;
  if (in.getShape() != out.getShape())
    return emitOpError("keeps the shape, got ") << in << " to " << out;
  if (!gridFacts(out.getElementType()) || !gridFacts(out.getElementType())->known)
    return emitOpError("needs a scale in its result type: freeze the graph first (nibble-freeze)");
  return success();
}

// q -> (q - z) * s -> q: the product and the quotient are off by at most 2^-24 each, far less than half a step, as long
// as no product overflows (none underflows: s is normal).
OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  auto inner = getInput().getDefiningOp<DequantizeOp>();
  auto facts = inner && inner.getInput().getType() == getType() ? gridFacts(getType().getElementType()) : std::nullopt;
  if (!facts || !facts->known)
    return {};
  for (float s : facts->scales)
    if (!std::isfinite(static_cast<float>(facts->maxMagnitude()) * s))
      return {};
  return inner.getInput();
}

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                             SmallVectorImpl<Type> &types) {
  auto in = cast<RankedTensorType>(a.getInput().getType());
  if (!isQuantizedType(in.getElementType()))
    return emitOptionalError(loc, "dequantize takes a quantised element type, got ", in);
  types.push_back(f32Tensor(in.getShape(), context, in.getElementType()));
  return success();
}
LogicalResult DequantizeOp::verify() { return verifyTensors(*this); }

LogicalResult checkChannels(Operation *op, StringRef name, size_t count, RankedTensorType type) {
  int64_t channels = type.getRank() ? type.getShape().back() : 1;
  if (count == 1 || static_cast<int64_t>(count) == channels)
    return success();
  return op->emitOpError() << "has " << count << " values of '" << name << "' for " << sizeText(channels)
                           << " channels; give one per channel or one";
}

LogicalResult verifyResidual(Operation *op, ArrayRef<int64_t> shape, Value residual, std::optional<APFloat> factor) {
  if (bool(residual) != factor.has_value())
    return op->emitOpError("has a residual without residual_multiplier or the other way round");
  if (!residual)
    return success();
  auto type = cast<RankedTensorType>(residual.getType());
  if (type.getShape() != shape)
    return op->emitOpError("takes a residual of the result's shape, got ") << type;
  Type grid = gridTypeOf(type);
  auto facts = grid ? gridFacts(grid) : std::nullopt;
  if (grid ? !facts || !facts->known : !type.getElementType().isF32())
    return op->emitOpError("takes a residual of f32 or of a grid with known scales, got ") << type;
  if (!factor->isFinite())
    return op->emitOpError("has a residual_multiplier that is not finite");
  return success();
}

LogicalResult verifyRequantizeOperands(Operation *op, Value input, Value residual, std::optional<APFloat> factor) {
  auto type = cast<RankedTensorType>(input.getType());
  if (!type.getElementType().isF32() && !type.getElementType().isInteger(32))
    return op->emitOpError("takes i32 accumulators or f32, got ") << type;
  return verifyResidual(op, type.getShape(), residual, factor);
}

/// Checks shared by requantize and tile (whose epilogue is a requantisation).
LogicalResult verifyRequantization(Operation *op, RankedTensorType result, ArrayRef<float> multiplier,
                                   ArrayRef<float> bias, ArrayRef<float> lo, ArrayRef<float> hi,
                                   std::optional<ArrayRef<int32_t>> thresholds,
                                   std::optional<ArrayRef<int32_t>> flips) {
  if (failed(checkChannels(op, "multiplier", multiplier.size(), result)) ||
      failed(checkChannels(op, "bias", bias.size(), result)) || failed(checkChannels(op, "lo", lo.size(), result)) ||
      failed(checkChannels(op, "hi", hi.size(), result)))
    return failure();
  for (auto values : {multiplier, bias})
    for (float v : values)
      if (!std::isfinite(v))
        return op->emitOpError("has a multiplier or bias that is not finite");
  Type grid = gridTypeOf(result);
  auto facts = grid ? gridFacts(grid) : std::nullopt;
  if (grid && (!facts || !facts->known))
    return op->emitOpError("needs a known scale in its result type");
  for (size_t c = 0; c < std::max(lo.size(), hi.size()); ++c) {
    float l = lo[lo.size() == 1 ? 0 : c], h = hi[hi.size() == 1 ? 0 : c];
    if (!(l <= h))
      return op->emitOpError("has an empty clamp range [") << l << ", " << h << "] in channel " << c;
    if (!facts || facts->binary)
      continue;
    if (l != std::nearbyint(l) || h != std::nearbyint(h) || l < facts->qmin || h > facts->qmax)
      return op->emitOpError("clamps channel ")
             << c << " to [" << l << ", " << h << "], which is not a range of integers of the grid [" << facts->qmin
             << ", " << facts->qmax << "]";
  }
  if (thresholds.has_value() != flips.has_value())
    return op->emitOpError("has thresholds without flips or flips without thresholds");
  if (thresholds) {
    if (!facts || !facts->binary)
      return op->emitOpError("has thresholds but no binary result");
    if (thresholds->size() != flips->size())
      return op->emitOpError("has ") << thresholds->size() << " thresholds and " << flips->size() << " flips";
    if (failed(checkChannels(op, "thresholds", thresholds->size(), result)))
      return failure();
  }
  return success();
}

LogicalResult RequantizeOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (failed(verifyTensors(*this)) ||
      failed(verifyRequantizeOperands(*this, getInput(), getResidual(), getResidualMultiplier())))
    return failure();
  if (in.getShape() != out.getShape())
    return emitOpError("keeps the shape, got ") << in << " to " << out;
  if (out.getElementType().isInteger(32))
    return emitOpError("gives f32 or a quantised type, got ") << out;
  if (getThresholds() && (getResidual() || !in.getElementType().isInteger(32)))
    return emitOpError("with thresholds takes i32 accumulators and no residual");
  return verifyRequantization(*this, out, getMultiplier(), getBias(), getLo(), getHi(), getThresholds(), getFlips());
}

} // namespace nibble
