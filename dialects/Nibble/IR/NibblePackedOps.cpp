// Verifiers of pack, unpack and tile.
#include "dialects/Nibble/IR/NibbleVerify.h"

using namespace mlir;

namespace nibble {

static LayoutAttr layoutOf(Type type) {
  return dyn_cast_or_null<LayoutAttr>(cast<RankedTensorType>(type).getEncoding());
}

LogicalResult PackOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (!layoutOf(out) || layoutOf(in))
    return emitOpError("goes from a tensor without layout to one with a layout, got ") << in << " to " << out;
  if (in.getShape() != out.getShape() || in.getElementType() != out.getElementType())
    return emitOpError("keeps shape and element type, got ") << in << " to " << out;
  return verifyTensors(*this);
}
OpFoldResult PackOp::fold(FoldAdaptor) {
  auto unpack = getInput().getDefiningOp<UnpackOp>();
  return unpack && unpack.getInput().getType() == getType() ? unpack.getInput() : OpFoldResult();
}

LogicalResult UnpackOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (!layoutOf(in) || layoutOf(out))
    return emitOpError("goes from a tensor with a layout to one without, got ") << in << " to " << out;
  if (in.getShape() != out.getShape() || in.getElementType() != out.getElementType())
    return emitOpError("keeps shape and element type, got ") << in << " to " << out;
  return verifyTensors(*this);
}
OpFoldResult UnpackOp::fold(FoldAdaptor) {
  auto pack = getInput().getDefiningOp<PackOp>();
  return pack && pack.getInput().getType() == getType() ? pack.getInput() : OpFoldResult();
}

LogicalResult TileOp::verify() {
  auto x = getInput().getType(), w = getWeight().getType(), y = getResult().getType();
  if (failed(verifyTensors(*this)))
    return failure();
  if (getWindow().size() != 2 || getStrides().size() != 2)
    return emitOpError("needs two window sizes and two strides");
  if (getStrides()[0] < 1 || getStrides()[1] < 1 || static_cast<int64_t>(getGroups()) < 1)
    return emitOpError("needs strides and groups of at least 1");
  ArrayRef<int64_t> dilations = getDilations();
  if (dilations.size() != 2 || dilations[0] < 1 || dilations[1] < 1)
    return emitOpError("needs two dilations of at least 1");
  if (x.getRank() != 4 || w.getRank() != 4 || y.getRank() != 4)
    return emitOpError("takes [N, H, W, C] x [O, KH, KW, C / groups] -> [N, OH, OW, O], got ")
           << x << " x " << w << " -> " << y;
  int64_t groups = getGroups(), channels = x.getDimSize(3);
  if (w.getDimSize(0) != y.getDimSize(3) || w.getDimSize(1) != getWindow()[0] || w.getDimSize(2) != getWindow()[1] ||
      channels % groups || w.getDimSize(0) % groups || w.getDimSize(3) != channels / groups)
    return emitOpError("has weights ") << w << " that do not fit input " << x << " and result " << y;
  PaddingAttr p = getPadding();
  if (!p.isZeroSized() && p.getValue() != PadValue::Zero)
    return emitOpError(
        "skips padded taps, which is right for zeros only; pad with another value by nibble.pad in front");
  int64_t height =
      windowOutput(x.getDimSize(1), p.getTop(), p.getBottom(), getWindow()[0], getStrides()[0], dilations[0]);
  int64_t width =
      windowOutput(x.getDimSize(2), p.getLeft(), p.getRight(), getWindow()[1], getStrides()[1], dilations[1]);
  if (y.getDimSize(0) != x.getDimSize(0) || y.getDimSize(1) != height || y.getDimSize(2) != width)
    return emitOpError("of ") << x << " gives " << height << " x " << width << " pixels an image, got " << y;
  if (failed(checkPaddedImage(getLoc(), "tile", x.getShape(), p)))
    return failure();
  bool quantised = isQuantizedType(x.getElementType());
  auto weights = isQuantizedType(w.getElementType()) ? gridFacts(w.getElementType()) : std::nullopt;
  bool grouped = weights && weights->group;
  if ((quantised != weights.has_value() && !grouped) || (!quantised && !x.getElementType().isF32()) ||
      (!weights && !w.getElementType().isF32()))
    return emitOpError("takes operands that are both quantised or both f32, or f32 and weights with group scales, got ")
           << x << " and " << w;
  if (grouped && (groups != 1 || w.getDimSize(1) != 1 || w.getDimSize(2) != 1 || !p.isZeroSized()))
    return emitOpError("takes weights with group scales only where the sum runs over the channels of one pixel (1 x 1 "
                       "windows without padding, groups = 1), got ")
           << w;
  if (failed(verifyResidual(*this, y.getShape(), getResidual(), getResidualMultiplier())))
    return failure();
  if (!getMultiplier() && (getResidual() || getThresholds() || getFlips()))
    return emitOpError("has a residual or thresholds but no epilogue: it needs multiplier, bias, lo and hi");
  if (getThresholds() && getResidual())
    return emitOpError("cannot use thresholds with a residual");
  bool epilogue = getMultiplier().has_value();
  if (epilogue != getBias().has_value() || epilogue != getLo().has_value() || epilogue != getHi().has_value())
    return emitOpError("needs multiplier, bias, lo and hi together");
  if (!epilogue && !(quantised && !grouped ? y.getElementType().isInteger(32) : y.getElementType().isF32()))
    return emitOpError("without epilogue gives the raw accumulator (i32, or f32 of f32 operands and of group scales), "
                       "got ")
           << y;
  if (grouped && getThresholds())
    return emitOpError("cannot use thresholds for sums of group scales, which are f32");
  if (epilogue && y.getElementType().isInteger(32))
    return emitOpError("with an epilogue gives f32 or a quantised type, got ") << y;
  if (!epilogue)
    return success();
  return verifyRequantization(*this, y, *getMultiplier(), *getBias(), *getLo(), *getHi(), getThresholds(), getFlips());
}

} // namespace nibble
