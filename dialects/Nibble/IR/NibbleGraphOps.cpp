// Result types and verifiers of the layers. The same code checks IR and answers the DSL, so a message says what to do.
#include "dialects/Nibble/IR/NibbleVerify.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace nibble {

static RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Length of a padded dimension for a message.
static std::string paddedText(int64_t size, int64_t before, int64_t after) {
  bool overflow = llvm::AddOverflow(size, before, size) || llvm::AddOverflow(size, after, size);
  return overflow ? "(overflow)" : std::to_string(size);
}

/// " with dilation 2 x 2" for a message; nothing for taps that lie side by side.
static std::string dilationText(ArrayRef<int64_t> dilations) {
  if (dilations[0] == 1 && dilations[1] == 1)
    return "";
  return " with dilation " + std::to_string(dilations[0]) + " x " + std::to_string(dilations[1]);
}

LogicalResult checkPaddedImage(std::optional<Location> loc, StringRef name, ArrayRef<int64_t> image, PaddingAttr p) {
  if (p.isZeroSized())
    return success();
  int64_t height = 0, width = 0;
  bool overflow = llvm::AddOverflow(p.getTop(), p.getBottom(), height) || llvm::AddOverflow(height, image[1], height) ||
                  llvm::AddOverflow(p.getLeft(), p.getRight(), width) || llvm::AddOverflow(width, image[2], width);
  if (overflow || height > mostOfDimension || width > mostOfDimension ||
      !elementCount({image[0], height, width, image[3]}))
    return emitOptionalError(loc, name, " pads its image to ", paddedText(image[1], p.getTop(), p.getBottom()), " x ",
                             paddedText(image[2], p.getLeft(), p.getRight()), " x ", image[3],
                             "; at most 2^40 elements and ", mostOfDimension, " rows and columns are possible");
  return success();
}

/// Type of an op that leaves the grid: f32 without encoding.
static LogicalResult sameShapeOffGrid(std::optional<Location> loc, StringRef name, Value input,
                                      SmallVectorImpl<Type> &types) {
  auto type = tensorOf(input);
  if (!type.getElementType().isF32())
    return emitOptionalError(loc, name, " works on f32 values, got ", type, "; dequantize it first");
  types.push_back(offGrid(type));
  return success();
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// Result element of a contraction: i32 accumulators of quantised operands or on request, else f32; weights with group
/// scales always give f32 (R7.5), and may meet a float input, for which they are dequantised (R7.2).
static FailureOr<Type> contractionElement(std::optional<Location> loc, StringRef name, RankedTensorType x,
                                          RankedTensorType w, bool accumulate) {
  bool qx = isQuantizedType(x.getElementType()), qw = isQuantizedType(w.getElementType());
  Type gw = gridTypeOf(w);
  auto weights = gw ? gridFacts(gw) : std::nullopt;
  if (!weights && isa_and_nonnull<quant::UniformQuantizedSubChannelType>(gw))
    return emitOptionalError(loc, name,
                             " has weights with blocks of values with one scale that are no groups of "
                             "neighbours along the last dimension: ",
                             gw,
                             "; name all dimensions in order, with 1 but for "
                             "the last, a multiple of ",
                             groupUnit);
  if (weights && weights->group && accumulate)
    return emitOptionalError(loc, name, " of weights with group scales has no integer accumulators: its sum is f32");
  if (weights && weights->group && qw && (qx || x.getElementType().isF32()))
    return Type(Float32Type::get(x.getContext()));
  if (qx != qw)
    return emitOptionalError(loc, name, " has one quantised and one float operand (", x, " and ", w,
                             "); quantise both or none");
  if (accumulate && !(gridTypeOf(x) && gridTypeOf(w)))
    return emitOptionalError(loc, name, " can give integer accumulators only if both operands lie on a grid");
  if (accumulate || qx)
    return Type(IntegerType::get(x.getContext(), 32));
  if (!x.getElementType().isF32() || !w.getElementType().isF32())
    return emitOptionalError(loc, name, " takes f32 or quantised operands, got ", x, " and ", w);
  return Type(Float32Type::get(x.getContext()));
}

/// Whether weights have group scales. A grid without scales does not say so, the quantiser does.
static bool hasGroups(Value weight) {
  if (auto quantizer = weight.getDefiningOp<FakeQuantOp>())
    return quantizer.getQuantizer().isPerGroup();
  Type grid = gridTypeOf(weight.getType());
  auto facts = grid ? gridFacts(grid) : std::nullopt;
  return facts && facts->group;
}

/// R7: scales along k (any dimension but the output channel) are an error; asymmetric weights have no kernel.
static LogicalResult verifyContraction(ContractionOpInterface op) {
  auto x = tensorOf(op.getActivation()), w = tensorOf(op.getWeights());
  Type gx = gridTypeOf(x), gw = gridTypeOf(w);
  if (gx) {
    auto f = gridFacts(gx);
    if (f && f->axis >= 0)
      return op->emitOpError("takes activations with one scale per tensor; a scale per channel (dimension ")
             << f->axis << ") lies along the sum: multiply it into the weights before they are quantised";
  }
  if (gw) {
    auto f = gridFacts(gw);
    if (hasGroups(op.getWeights())) {
      if (!llvm::all_of(w.getShape().drop_front().drop_back(), [](int64_t size) { return size == 1; }) ||
          w.getShape().back() != x.getShape().back())
        return op->emitOpError("takes weights with group scales only where the sum runs over the channels of one pixel "
                               "(1 x 1 windows, groups = 1), got ")
               << shapeText(w.getShape()) << "; use one scale per output channel";
    } else if (f && f->axis > 0) {
      return op->emitOpError("takes weights with scales per output channel (dimension 0); dimension ")
             << f->axis << " lies along the sum";
    }
  }
  return success();
}

LogicalResult Conv2dOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                         SmallVectorImpl<Type> &types) {
  if (!checkRank(loc, "conv2d", a.getInput().getType(), 4, "an input", "N, H, W, C") ||
      !checkRank(loc, "conv2d", a.getWeight().getType(), 4, "weights", "O, H, W, I"))
    return failure();
  auto x = tensorOf(a.getInput()), w = tensorOf(a.getWeight());
  ArrayRef<int64_t> strides = a.getStrides();
  int64_t groups = a.getGroups();
  if (strides.size() != 2 || strides[0] < 1 || strides[1] < 1)
    return emitOptionalError(loc, "conv2d needs two strides of at least 1");
  ArrayRef<int64_t> dilations = a.getDilations();
  if (dilations.size() != 2 || dilations[0] < 1 || dilations[1] < 1)
    return emitOptionalError(loc, "conv2d needs two dilations of at least 1 (1: taps lie side by side)");
  if (!w.hasStaticShape() || x.isDynamicDim(1) || x.isDynamicDim(2) || x.isDynamicDim(3))
    return emitOptionalError(loc, "conv2d needs static shapes but for the batch, got ", x, " and ", w);
  if (groups < 1 || x.getDimSize(3) % groups || w.getDimSize(0) % groups)
    return emitOptionalError(loc, "conv2d with ", groups, " groups does not divide ", x.getDimSize(3), " input and ",
                             w.getDimSize(0), " output channels");
  if (w.getDimSize(3) != x.getDimSize(3) / groups)
    return emitOptionalError(loc, "conv2d weights have ", w.getDimSize(3), " input channels, but the input has ",
                             x.getDimSize(3), groups == 1 ? std::string() : " in " + std::to_string(groups) + " groups",
                             "; weights are [O, H, W, I / groups]");
  PaddingAttr p = a.getPadding();
  int64_t h = windowOutput(x.getDimSize(1), p.getTop(), p.getBottom(), w.getDimSize(1), strides[0], dilations[0]);
  int64_t v = windowOutput(x.getDimSize(2), p.getLeft(), p.getRight(), w.getDimSize(2), strides[1], dilations[1]);
  if (h < 1 || v < 1)
    return emitOptionalError(loc, "conv2d window ", w.getDimSize(1), " x ", w.getDimSize(2), dilationText(dilations),
                             " does not fit the padded image ", paddedText(x.getDimSize(1), p.getTop(), p.getBottom()),
                             " x ", paddedText(x.getDimSize(2), p.getLeft(), p.getRight()));
  auto element = contractionElement(loc, "conv2d", x, w, a.getAccumulate());
  if (failed(element) || failed(checkPaddedImage(loc, "conv2d", x.getShape(), p)))
    return failure();
  types.push_back(RankedTensorType::get({x.getDimSize(0), h, v, w.getDimSize(0)}, *element));
  return success();
}

LogicalResult Conv2dOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  auto x = tensorOf(getInput()), w = tensorOf(getWeight());
  PaddingAttr p = getPadding();
  Type gx = gridTypeOf(x), gw = gridTypeOf(w);
  bool bothBinary = gx && gw && isa<BinaryType>(gx) && isa<BinaryType>(gw);
  if (!p.isZeroSized() && bothBinary && p.getValue() == PadValue::Zero) {
    auto diag = emitOpError("cannot stay binary: zero padding adds a third value to {-1, +1}");
    diag.attachNote() << "use Pad::same_plus_one, or keep this layer in 8 bits";
    return diag;
  }
  if (!p.isZeroSized() && p.getValue() != PadValue::Zero && !(gx && isa<BinaryType>(gx)))
    return emitOpError("pads with ") << (p.getValue() == PadValue::PlusOne ? "+1" : "-1")
                                     << ", which only a binary input may; use zero padding";
  if (!p.isZeroSized() && p.getValue() == PadValue::Zero && gx && isa<BinaryType>(gx) && !bothBinary) {
    auto diag = emitOpError("has a binary input and zero padding, which adds a third value to {-1, +1}");
    diag.attachNote() << "use Pad::same_plus_one";
    return diag;
  }
  if (hasGroups(getWeight()) && !p.isZeroSized())
    return emitOpError("takes weights with group scales only without padding; use one scale per output channel");
  return verifyContraction(*this);
}

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                         SmallVectorImpl<Type> &types) {
  if (!checkRank(loc, "linear", a.getInput().getType(), 2, "an input", "N, I; flatten() a feature map first") ||
      !checkRank(loc, "linear", a.getWeight().getType(), 2, "weights", "O, I"))
    return failure();
  auto x = tensorOf(a.getInput()), w = tensorOf(a.getWeight());
  if (!w.hasStaticShape() || x.isDynamicDim(1))
    return emitOptionalError(loc, "linear needs static shapes but for the batch, got ", x, " and ", w);
  if (x.getDimSize(1) != w.getDimSize(1))
    return emitOptionalError(loc, "linear weights take ", w.getDimSize(1), " inputs, but the input has ",
                             x.getDimSize(1), "; weights are [O, I]");
  auto element = contractionElement(loc, "linear", x, w, a.getAccumulate());
  if (failed(element))
    return failure();
  types.push_back(RankedTensorType::get({x.getDimSize(0), w.getDimSize(0)}, *element));
  return success();
}
LogicalResult LinearOp::verify() { return failed(verifyTensors(*this)) ? failure() : verifyContraction(*this); }

//===----------------------------------------------------------------------===//
// Normalisation and elementwise ops
//===----------------------------------------------------------------------===//

LogicalResult BatchNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                            SmallVectorImpl<Type> &types) {
  auto x = tensorOf(a.getInput());
  if (x.getRank() < 2)
    return emitOptionalError(loc, "batch_norm normalises over the last dimension of a batch, got ", x);
  for (Value v : {a.getGamma(), a.getBeta(), a.getMean(), a.getVariance()})
    if (tensorOf(v).getShape() != x.getShape().take_back() || !tensorOf(v).getElementType().isF32())
      return emitOptionalError(loc, "batch_norm of ", sizeText(x.getShape().back()),
                               " channels needs f32 gamma, beta, mean and variance of that length, got ", v.getType());
  return sameShapeOffGrid(loc, "batch_norm", a.getInput(), types);
}
LogicalResult BatchNormOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  if (!(getEpsilon().convertToFloat() > 0) || !getEpsilon().isFinite())
    return emitOpError("needs a finite, positive epsilon");
  if (float m = getMomentum().convertToFloat(); !(m >= 0 && m <= 1))
    return emitOpError("needs momentum in [0, 1], got ") << m;
  return success();
}

static LogicalResult inferBinary(std::optional<Location> loc, StringRef name, Value lhs, Value rhs,
                                 SmallVectorImpl<Type> &types) {
  auto a = tensorOf(lhs), b = tensorOf(rhs);
  if (!b.getElementType().isF32())
    return emitOptionalError(loc, name, " works on f32 values, got ", b, "; dequantize it first");
  bool channel = a.getRank() >= 1 && b.getRank() == 1 && b.getDimSize(0) == a.getShape().back();
  if (a.getShape() != b.getShape() && !channel && !(b.hasStaticShape() && b.getNumElements() == 1))
    return emitOptionalError(loc, name, " of ", a, " and ", b,
                             ": the right side needs the same shape, one value per channel, or one value");
  return sameShapeOffGrid(loc, name, lhs, types);
}
LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(loc, "add", a.getLhs(), a.getRhs(), types);
}
LogicalResult MulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                      SmallVectorImpl<Type> &types) {
  return inferBinary(loc, "mul", a.getLhs(), a.getRhs(), types);
}
LogicalResult AddOp::verify() { return verifyTensors(*this); }
LogicalResult MulOp::verify() { return verifyTensors(*this); }

/// x * 1 is x for every x but signalling NaNs (x + 0 is not: -0 + 0 is +0).
static bool isSplatOf(Attribute attribute, float value) {
  auto elements = dyn_cast_or_null<DenseElementsAttr>(attribute);
  return elements && elements.isSplat() && elements.getElementType().isF32() &&
         elements.getSplatValue<float>() == value;
}
OpFoldResult MulOp::fold(FoldAdaptor a) {
  return isSplatOf(a.getRhs(), 1.0f) && getLhs().getType() == getType() ? getLhs() : OpFoldResult();
}
OpFoldResult AddOp::fold(FoldAdaptor a) {
  // Only -0 is neutral: -0 + -0 = -0 and x + -0 = x.
  auto elements = dyn_cast_or_null<DenseElementsAttr>(a.getRhs());
  if (elements && elements.isSplat() && elements.getElementType().isF32() &&
      elements.getSplatValue<APFloat>().isNegZero() && getLhs().getType() == getType())
    return getLhs();
  return {};
}

LogicalResult ReluOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                       SmallVectorImpl<Type> &types) {
  return sameShapeOffGrid(loc, "relu", a.getInput(), types);
}
LogicalResult ReluOp::verify() { return verifyTensors(*this); }
OpFoldResult ReluOp::fold(FoldAdaptor) {
  if (getInput().getDefiningOp<ReluOp>())
    return getInput();
  // A clip to [lo, hi] with hi above 0 gives positive values and lo, which relu keeps if it is +0 or positive.
  auto clip = getInput().getDefiningOp<ClipOp>();
  return clip && !clip.getLo().isNegative() && clip.getHi().convertToFloat() > 0 ? getInput() : OpFoldResult();
}

LogicalResult ClipOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                       SmallVectorImpl<Type> &types) {
  return sameShapeOffGrid(loc, "clip", a.getInput(), types);
}
LogicalResult ClipOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  if (!(getLo().convertToFloat() <= getHi().convertToFloat()))
    return emitOpError("needs lo <= hi, got [") << getLo().convertToFloat() << ", " << getHi().convertToFloat() << "]";
  return success();
}
OpFoldResult ClipOp::fold(FoldAdaptor) {
  auto inner = getInput().getDefiningOp<ClipOp>();
  if (!inner)
    return {};
  APFloat a = inner.getLo(), b = inner.getHi();
  float innerLo = a.convertToFloat(), innerHi = b.convertToFloat(), lo = getLo().convertToFloat(),
        hi = getHi().convertToFloat();
  // The inner clip gives a, b or a value between them, of which a wider clip changes none; where bounds are equal they
  // must be the same bits, because +0 and -0 compare equal.
  if (innerLo < innerHi && (lo < innerLo || a.bitwiseIsEqual(getLo())) && (innerHi < hi || b.bitwiseIsEqual(getHi())))
    return getInput();
  // A narrower clip gives its own lo or hi wherever the inner one changes a value (NaN: both give their lo).
  if (innerLo <= lo && hi <= innerHi) {
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> poolShape(std::optional<Location> loc, StringRef name, RankedTensorType x,
                                          ArrayRef<int64_t> window, ArrayRef<int64_t> strides, PaddingAttr p) {
  if (!checkRank(loc, name, x, 4, "an input", "N, H, W, C"))
    return failure();
  if (x.isDynamicDim(1) || x.isDynamicDim(2) || x.isDynamicDim(3))
    return emitOptionalError(loc, name, " needs static shapes but for the batch, got ", x);
  if (window.size() != 2 || strides.size() != 2 || window[0] < 1 || window[1] < 1 || strides[0] < 1 || strides[1] < 1)
    return emitOptionalError(loc, name, " needs two window sizes and two strides of at least 1");
  if (p.getTop() >= window[0] || p.getBottom() >= window[0] || p.getLeft() >= window[1] || p.getRight() >= window[1])
    return emitOptionalError(loc, name, " has padding as large as its window: some windows would be empty");
  int64_t h = windowOutput(x.getDimSize(1), p.getTop(), p.getBottom(), window[0], strides[0]);
  int64_t w = windowOutput(x.getDimSize(2), p.getLeft(), p.getRight(), window[1], strides[1]);
  if (h < 1 || w < 1)
    return emitOptionalError(loc, name, " window ", window[0], " x ", window[1], " does not fit the padded image ",
                             paddedText(x.getDimSize(1), p.getTop(), p.getBottom()), " x ",
                             paddedText(x.getDimSize(2), p.getLeft(), p.getRight()));
  if (failed(checkPaddedImage(loc, name, x.getShape(), p)))
    return failure();
  return SmallVector<int64_t>{x.getDimSize(0), h, w, x.getDimSize(3)};
}

LogicalResult MaxPool2dOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                            SmallVectorImpl<Type> &types) {
  auto shape = poolShape(loc, "max_pool2d", tensorOf(a.getInput()), a.getWindow(), a.getStrides(), a.getPadding());
  if (failed(shape))
    return failure();
  auto x = tensorOf(a.getInput());
  types.push_back(RankedTensorType::get(*shape, x.getElementType(), x.getEncoding()));
  return success();
}
LogicalResult MaxPool2dOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  if (Type grid = gridTypeOf(getInput().getType()))
    if (auto f = gridFacts(grid); f && f->axis >= 0 && f->axis != 3)
      return emitOpError("keeps a grid with one scale per tensor or per channel, got scales along dimension ")
             << f->axis;
  return success();
}

// Windows of one pixel, each taken: every result is its only tap.
OpFoldResult MaxPool2dOp::fold(FoldAdaptor) {
  bool single = llvm::all_of(getWindow(), [](int64_t n) { return n == 1; }) &&
                llvm::all_of(getStrides(), [](int64_t n) { return n == 1; });
  return single && getInput().getType() == getType() ? getInput() : OpFoldResult();
}

LogicalResult AvgPool2dOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                            SmallVectorImpl<Type> &types) {
  auto shape = poolShape(loc, "avg_pool2d", tensorOf(a.getInput()), a.getWindow(), a.getStrides(), a.getPadding());
  if (failed(shape))
    return failure();
  if (!tensorOf(a.getInput()).getElementType().isF32() && !isQuantizedType(tensorOf(a.getInput()).getElementType()))
    return emitOptionalError(loc, "avg_pool2d works on f32 or quantised values, got ", a.getInput().getType());
  types.push_back(f32Tensor(*shape, context));
  return success();
}
LogicalResult AvgPool2dOp::verify() {
  if (failed(verifyTensors(*this)))
    return failure();
  if (!getPadding().isZeroSized())
    return emitOpError("takes no padding: whether padded taps count is ambiguous; pad first");
  return success();
}

LogicalResult GlobalAvgPoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                                SmallVectorImpl<Type> &types) {
  if (!checkRank(loc, "global_avg_pool", a.getInput().getType(), 4, "an input", "N, H, W, C"))
    return failure();
  auto x = tensorOf(a.getInput());
  if (!x.getElementType().isF32() && !isQuantizedType(x.getElementType()))
    return emitOptionalError(loc, "global_avg_pool works on f32 or quantised values, got ", x);
  types.push_back(f32Tensor({x.getDimSize(0), x.getDimSize(3)}, context));
  return success();
}
LogicalResult GlobalAvgPoolOp::verify() { return verifyTensors(*this); }

//===----------------------------------------------------------------------===//
// Shape ops
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  auto in = getInput().getType(), out = getResult().getType();
  if (in.getElementType() != out.getElementType())
    return emitOpError("keeps the element type, got ") << in << " to " << out;
  bool sameDynamic = in.getNumDynamicDims() == out.getNumDynamicDims() && in.getNumDynamicDims() <= 1;
  if (!sameDynamic || elementCount(in.getShape()) != elementCount(out.getShape()))
    return emitOpError("cannot give ") << in << " the shape of " << out << ": the number of elements differs";
  if (in.getNumDynamicDims() && (!in.isDynamicDim(0) || !out.isDynamicDim(0)))
    return emitOpError("keeps the batch as the first dimension, got ") << in << " to " << out;
  if (failed(verifyTensors(*this)))
    return failure();
  Type grid = gridTypeOf(in);
  if (auto f = grid ? gridFacts(grid) : std::nullopt; f && f->axis >= 0)
    return emitOpError("keeps a grid with one scale per tensor; this one has scales along dimension ") << f->axis;
  if (gridTypeOf(out) && gridTypeOf(out) != grid)
    return emitOpError("keeps the grid (R7), got ") << in << " to " << out;
  return success();
}
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  // Row-major order is the same through any shape in between; a grid that is kept must be that of the first input.
  auto inner = getInput().getDefiningOp<ReshapeOp>();
  if (!inner || (gridTypeOf(getType()) && gridTypeOf(getType()) != gridTypeOf(inner.getInput().getType())))
    return {};
  getInputMutable().assign(inner.getInput());
  return getResult();
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                         SmallVectorImpl<Type> &types) {
  if (a.getInputs().empty())
    return emitOptionalError(loc, "concat needs at least one operand");
  auto first = tensorOf(a.getInputs().front());
  int64_t axis = a.getAxis();
  if (axis < 1 || axis >= first.getRank())
    return emitOptionalError(loc, "concat axis ", axis, " is not a dimension of ", first, " behind the batch");
  if (!first.getElementType().isF32() && !isQuantizedType(first.getElementType()))
    return emitOptionalError(loc, "concat works on f32 or quantised values, got ", first);
  SmallVector<int64_t> shape(first.getShape());
  shape[axis] = 0;
  bool sameGrid = true;
  for (Value v : a.getInputs()) {
    auto t = tensorOf(v);
    if (t.getRank() != first.getRank() || t.getElementType() != first.getElementType())
      return emitOptionalError(loc, "concat operands need one rank and element type, got ", first, " and ", t,
                               "; requantise them to one grid first");
    for (int64_t d = 0; d < t.getRank(); ++d)
      if (d != axis && t.getDimSize(d) != first.getDimSize(d))
        return emitOptionalError(loc, "concat along ", axis, " needs equal sizes elsewhere, got ", first, " and ", t);
    if (t.isDynamicDim(axis) || llvm::AddOverflow(shape[axis], t.getDimSize(axis), shape[axis]))
      return emitOptionalError(loc, "concat along ", axis,
                               " needs static sizes there, and a sum of them that fits; got ", t);
    sameGrid &= t.getEncoding() == first.getEncoding();
  }
  // Two unknown scales are equal only if the types are; a !quant.any grid therefore does not survive.
  Type grid = gridTypeOf(first);
  auto f = grid ? gridFacts(grid) : std::nullopt;
  bool keep = isQuantizedType(first.getElementType()) || (sameGrid && f && f->known && f->axis < 0);
  types.push_back(RankedTensorType::get(shape, first.getElementType(), keep ? first.getEncoding() : Attribute()));
  return success();
}
LogicalResult ConcatOp::verify() { return verifyTensors(*this); }
// Of one operand.
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 && getInputs()[0].getType() == getType() ? getInputs()[0] : Value();
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                      SmallVectorImpl<Type> &types) {
  auto x = tensorOf(a.getInput());
  ArrayRef<int64_t> low = a.getLow(), high = a.getHigh();
  if (static_cast<int64_t>(low.size()) != x.getRank() || low.size() != high.size())
    return emitOptionalError(loc, "pad of a tensor of rank ", x.getRank(), " needs as many low and high sizes, got ",
                             low.size(), " and ", high.size());
  if (!x.getElementType().isF32() && !isQuantizedType(x.getElementType()))
    return emitOptionalError(loc, "pad works on f32 or quantised values, got ", x);
  SmallVector<int64_t> shape(x.getShape());
  for (size_t d = 0; d < low.size(); ++d) {
    if (low[d] < 0 || high[d] < 0 || (d == 0 && (low[d] || high[d])))
      return emitOptionalError(loc, "pad sizes cannot be negative, and the batch is not padded");
    int64_t more = 0;
    if (d &&
        (x.isDynamicDim(d) || llvm::AddOverflow(low[d], high[d], more) || llvm::AddOverflow(shape[d], more, shape[d])))
      return emitOptionalError(loc, "pad needs a static dimension ", d, " and a padded size that fits, got ", x,
                               " and ", low[d], ", ", high[d]);
  }
  float value = a.getValueAttr() ? a.getValueAttr().getValue().convertToFloat() : 0.0f;
  Attribute encoding = x.getEncoding();
  if (Type grid = gridTypeOf(x)) {
    auto f = gridFacts(grid);
    bool on = false;
    if (f && f->binary)
      on = value == 1 || value == -1;
    else if (f && value == 0)
      on = true; // the zero point is an integer of the grid
    else if (f && f->known && f->axis < 0) {
      float q = value / f->scales[0];
      on = q == std::nearbyint(q) && q + f->zeros[0] >= f->qmin && q + f->zeros[0] <= f->qmax &&
           q * f->scales[0] == value;
    }
    // The rows that are added along the scales have none.
    if (f && f->axis >= 0 && f->axis < x.getRank() && shape[f->axis] != x.getDimSize(f->axis))
      on = false;
    if (!on && isQuantizedType(x.getElementType()))
      return emitOptionalError(loc, "pad value ", value, " is not on the grid of ", x,
                               (f && f->binary ? "; a binary tensor is padded with +1 or -1" : ""));
    if (!on)
      encoding = {};
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType(), encoding));
  return success();
}
LogicalResult PadOp::verify() { return verifyTensors(*this); }
// By nothing.
OpFoldResult PadOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : OpFoldResult(); }

//===----------------------------------------------------------------------===//
// Softmax and loss
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor a,
                                          SmallVectorImpl<Type> &types) {
  if (tensorOf(a.getInput()).getRank() < 1)
    return emitOptionalError(loc, "softmax needs a last dimension");
  return sameShapeOffGrid(loc, "softmax", a.getInput(), types);
}
LogicalResult SoftmaxOp::verify() { return verifyTensors(*this); }

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor a,
                                                      SmallVectorImpl<Type> &types) {
  if (!checkRank(loc, "softmax_cross_entropy", a.getLogits().getType(), 2, "logits", "N, classes") ||
      !checkRank(loc, "softmax_cross_entropy", a.getLabels().getType(), 1, "labels", "N"))
    return failure();
  if (!tensorOf(a.getLogits()).getElementType().isF32())
    return emitOptionalError(loc, "softmax_cross_entropy takes f32 logits, got ", a.getLogits().getType());
  if (!tensorOf(a.getLabels()).getElementType().isInteger(32))
    return emitOptionalError(loc, "softmax_cross_entropy takes i32 labels, got ", a.getLabels().getType());
  if (tensorOf(a.getLogits()).getDimSize(0) != tensorOf(a.getLabels()).getDimSize(0))
    return emitOptionalError(loc, "softmax_cross_entropy has logits and labels of different batch: ",
                             a.getLogits().getType(), " and ", a.getLabels().getType());
  types.push_back(f32Tensor({}, context));
  return success();
}
LogicalResult SoftmaxCrossEntropyOp::verify() { return verifyTensors(*this); }

} // namespace nibble
