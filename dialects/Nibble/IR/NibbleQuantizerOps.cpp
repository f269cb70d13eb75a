// Result types and verifiers of parameters, constants and quantisers.
#include "dialects/Nibble/IR/NibbleVerify.h"

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

LogicalResult ConstantOp::verify() {
  auto type = getResult().getType();
  ShapedType value = getValue().getShapedType();
  if (!type.hasStaticShape())
    return emitOpError("needs a static shape, got ") << type;
  Type element = type.getElementType();
  bool packed = isa_and_nonnull<LayoutAttr>(type.getEncoding());
  if (!packed && value.getShape() != type.getShape())
    return emitOpError("holds a value of shape [") << value.getShape() << "] for a result of shape [" << type.getShape() << "]";
  if (packed) {
    if (!value.getElementType().isInteger(8))
      return emitOpError("with a layout holds bytes (i8), got ") << value.getElementType();
    auto layout = cast<LayoutAttr>(type.getEncoding()).getLayout();
    auto bytes = layout::storageBytes(layout, type.getShape());
    if (!bytes)
      return emitOpError("has a layout that does not fit: ") << bytes.error();
    if (value.getNumElements() != *bytes)
      return emitOpError("holds ") << value.getNumElements() << " bytes, but its layout needs " << *bytes;
  } else if (isQuantizedType(element)) {
    if (!value.getElementType().isInteger(8) && !value.getElementType().isInteger(16))
      return emitOpError("of a quantised type holds integers (i8 or i16), got ") << value.getElementType();
  } else if (value.getElementType() != element) {
    return emitOpError("holds ") << value.getElementType() << " for a result of " << element;
  }
  return verifyTensors(*this);
}

//===----------------------------------------------------------------------===//
// fake_quant, sign, ternarize
//===----------------------------------------------------------------------===//

/// Scales of a frozen quantiser as the type wants them.
static SmallVector<double> toDouble(ArrayRef<float> values) { return SmallVector<double>(values.begin(), values.end()); }

LogicalResult FakeQuantOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  QuantizerAttr q = a.getQuantizer();
  if (!input.getElementType().isF32())
    return emitOptionalError(loc, "fake_quant takes f32 values, got ", input);
  if (q.isPerAxis() && q.getAxis() >= input.getRank())
    return emitOptionalError(loc, "fake_quant per channel ", q.getAxis(), " of a tensor of rank ", input.getRank());
  Type grid = q.getUnscaledType();
  if (auto scales = a.getScales()) {
    int64_t wanted = q.isPerAxis() ? input.getDimSize(q.getAxis()) : 1;
    if (static_cast<int64_t>(scales->size()) != wanted)
      return emitOptionalError(loc, "fake_quant has ", scales->size(), " scales for ", wanted, " channels");
    ArrayRef<int64_t> zeros = a.getZeroPoints() ? *a.getZeroPoints() : ArrayRef<int64_t>();
    if (!zeros.empty() && zeros.size() != scales->size())
      return emitOptionalError(loc, "fake_quant has ", zeros.size(), " zero points for ", scales->size(), " scales");
    for (float s : *scales)
      if (!std::isnormal(s) || s < 0)
        return emitOptionalError(loc, "fake_quant scale ", s, " is not a positive normal number");
    grid = q.getScaledType(toDouble(*scales), zeros);
  }
  types.push_back(f32Tensor(input.getShape(), context, grid));
  return success();
}

LogicalResult FakeQuantOp::verify() {
  if (Value range = getRange()) {
    auto type = cast<RankedTensorType>(range.getType());
    if (!type.getElementType().isF32() || type.getShape() != ArrayRef<int64_t>{3})
      return emitOpError("takes a range [min, max, seen] of type tensor<3xf32>, got ") << type;
    if (getScales())
      return emitOpError("has both a range and frozen scales: drop one");
    if (getQuantizer().isPerAxis())
      return emitOpError("with a range has one scale per tensor: drop the axis");
  } else if (!getScales() && !getQuantizer().getSymmetric()) {
    return emitOpError("without range or scales takes its scale from max|x| and must be symmetric (R1)");
  }
  if (getZeroPoints() && !getScales())
    return emitOpError("has zero points but no scales");
  return verifyTensors(*this);
}

LogicalResult SignOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  if (!input.getElementType().isF32())
    return emitOptionalError(loc, "sign takes f32 values, got ", input);
  types.push_back(f32Tensor(input.getShape(), context, BinaryType::get(context)));
  return success();
}
LogicalResult SignOp::verify() { return verifyTensors(*this); }

LogicalResult TernarizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(a.getInput().getType());
  if (!input.getElementType().isF32())
    return emitOptionalError(loc, "ternarize takes f32 values, got ", input);
  int64_t axis = a.getAxis().value_or(-1);
  if (axis < -1 || axis >= input.getRank())
    return emitOptionalError(loc, "ternarize per channel ", axis, " of a tensor of rank ", input.getRank());
  SmallVector<double> scales;
  if (auto given = a.getScales()) {
    int64_t wanted = axis >= 0 ? input.getDimSize(axis) : 1;
    if (static_cast<int64_t>(given->size()) != wanted)
      return emitOptionalError(loc, "ternarize has ", given->size(), " scales for ", wanted, " channels");
    scales = toDouble(*given);
  }
  types.push_back(f32Tensor(input.getShape(), context, TernaryType::get(context, scales.empty() ? -1 : axis, scales)));
  return success();
}

LogicalResult TernarizeOp::verify() {
  if (getRule() == TernaryRule::Fixed && !getScales())
    return emitOpError("with the fixed rule needs scales");
  return verifyTensors(*this);
}

//===----------------------------------------------------------------------===//
// quantize, dequantize, requantize
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (!in.getElementType().isF32() || !isQuantizedType(out.getElementType()))
    return emitOpError("goes from f32 to a quantised element type, got ") << in << " to " << out;
  if (in.getShape() != out.getShape())
    return emitOpError("keeps the shape, got ") << in << " to " << out;
  if (!gridFacts(out.getElementType()) || !gridFacts(out.getElementType())->known)
    return emitOpError("needs a scale in its result type: freeze the graph first (nibble-freeze)");
  return verifyTensors(*this);
}

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a, SmallVectorImpl<Type> &types) {
  auto in = cast<RankedTensorType>(a.getInput().getType());
  if (!isQuantizedType(in.getElementType()))
    return emitOptionalError(loc, "dequantize takes a quantised element type, got ", in);
  types.push_back(f32Tensor(in.getShape(), context, in.getElementType()));
  return success();
}
LogicalResult DequantizeOp::verify() { return verifyTensors(*this); }

/// One value per channel or one for all.
static LogicalResult checkChannels(Operation *op, StringRef name, size_t count, int64_t channels) {
  if (count == 1 || static_cast<int64_t>(count) == channels)
    return success();
  return op->emitOpError() << "has " << count << " values of '" << name << "' for " << channels << " channels; give one per channel or one";
}

/// Checks shared by requantize and tile (whose epilogue is a requantisation).
LogicalResult verifyRequantization(Operation *op, RankedTensorType result, ArrayRef<float> multiplier, ArrayRef<float> bias, ArrayRef<float> lo,
                                   ArrayRef<float> hi, std::optional<ArrayRef<int32_t>> thresholds, std::optional<ArrayRef<int32_t>> flips) {
  int64_t channels = result.getRank() ? result.getShape().back() : 1;
  if (failed(checkChannels(op, "multiplier", multiplier.size(), channels)) || failed(checkChannels(op, "bias", bias.size(), channels)) ||
      failed(checkChannels(op, "lo", lo.size(), channels)) || failed(checkChannels(op, "hi", hi.size(), channels)))
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
      return op->emitOpError("clamps channel ") << c << " to [" << l << ", " << h << "], which is not a range of integers of the grid ["
                                                << facts->qmin << ", " << facts->qmax << "]";
  }
  if (thresholds.has_value() != flips.has_value())
    return op->emitOpError("has thresholds without flips or flips without thresholds");
  if (thresholds) {
    if (!facts || !facts->binary)
      return op->emitOpError("has thresholds but no binary result");
    if (thresholds->size() != flips->size())
      return op->emitOpError("has ") << thresholds->size() << " thresholds and " << flips->size() << " flips";
    if (failed(checkChannels(op, "thresholds", thresholds->size(), channels)))
      return failure();
  }
  return success();
}

LogicalResult RequantizeOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (!in.getElementType().isF32() && !in.getElementType().isInteger(32))
    return emitOpError("takes i32 accumulators or f32, got ") << in;
  if (in.getShape() != out.getShape())
    return emitOpError("keeps the shape, got ") << in << " to " << out;
  if (out.getElementType().isInteger(32))
    return emitOpError("gives f32 or a quantised type, got ") << out;
  if (bool(getResidual()) != getResidualMultiplier().has_value())
    return emitOpError("has a residual without residual_multiplier or the other way round");
  if (getResidual() && (cast<RankedTensorType>(getResidual().getType()).getShape() != out.getShape()))
    return emitOpError("takes a residual of the result's shape, got ") << getResidual().getType();
  if (getThresholds() && getResidual())
    return emitOpError("cannot use thresholds with a residual");
  if (failed(verifyRequantization(*this, out, getMultiplier(), getBias(), getLo(), getHi(), getThresholds(), getFlips())))
    return failure();
  return verifyTensors(*this);
}

} // namespace nibble
