// Verifiers of the training ops: a wrong step written by hand is an error here, never a crash further down.
#include "dialects/Nibble/IR/NibbleVerify.h"

using namespace mlir;

namespace nibble {

static RankedTensorType tensorOf(Value v) { return cast<RankedTensorType>(v.getType()); }

/// Operands but for `exempt` are f32, on a grid or not; results are f32 off every grid.
static LogicalResult verifyReal(Operation *op, ValueRange exempt = {}) {
  if (failed(verifyTensors(op)))
    return failure();
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!llvm::is_contained(exempt, operand) && !tensorOf(operand).getElementType().isF32())
      return op->emitOpError("takes f32 values, got operand ") << i << " of type " << operand.getType();
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    if (tensorOf(result) != offGrid(tensorOf(result)))
      return op->emitOpError("gives f32 values without a grid, got result ") << i << " of type " << result.getType();
  return success();
}

static LogicalResult needsShape(Operation *op, Value value, StringRef role, ArrayRef<int64_t> shape) {
  if (tensorOf(value).getShape() == shape)
    return success();
  return op->emitOpError("needs ") << role << " of shape " << shapeText(shape) << ", got " << value.getType();
}

static LogicalResult needsRank(Operation *op, Value value, StringRef role, int64_t rank, StringRef layout) {
  if (tensorOf(value).getRank() == rank)
    return success();
  return op->emitOpError("needs ") << role << " of rank " << rank << " (" << layout << "), got " << value.getType();
}

static LogicalResult needsOne(Operation *op, Value value, StringRef role) {
  if (tensorOf(value).hasStaticShape() && tensorOf(value).getNumElements() == 1)
    return success();
  return op->emitOpError("needs ") << role << " of one element, got " << value.getType();
}

static LogicalResult needsFraction(Operation *op, StringRef name, const APFloat &value) {
  float v = value.convertToFloat();
  if (v >= 0 && v <= 1)
    return success();
  return op->emitOpError("needs ") << name << " in [0, 1], got " << v;
}

/// Logits [N, classes] and i32 labels [N].
static LogicalResult verifyLabels(Operation *op, Value logits, Value labels) {
  if (failed(verifyReal(op, labels)) || failed(needsRank(op, logits, "logits", 2, "N, classes")) ||
      failed(needsShape(op, labels, "labels", tensorOf(logits).getShape().take_front())))
    return failure();
  if (!tensorOf(labels).getElementType().isInteger(32))
    return op->emitOpError("takes i32 labels, got ") << labels.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

LogicalResult ObserveRangeOp::verify() {
  if (failed(verifyReal(*this)) || failed(needsShape(*this, getRange(), "a range [min, max, seen]", {3})) ||
      failed(needsShape(*this, getResult(), "a result", {3})))
    return failure();
  return needsFraction(*this, "momentum", getMomentum());
}

/// An input with a batch, and values of one element per channel (its last dimension).
static LogicalResult verifyNormalisation(Operation *op, Value input, ValueRange perChannel) {
  RankedTensorType x = tensorOf(input);
  if (x.getRank() < 2)
    return op->emitOpError("normalises over the last dimension of a batch, got ") << x;
  for (Value v : perChannel)
    if (failed(needsShape(op, v, "one value per channel, a tensor", x.getShape().take_back())))
      return failure();
  return success();
}

LogicalResult BatchNormTrainOp::verify() {
  if (failed(verifyReal(*this)) ||
      failed(verifyNormalisation(*this, getInput(),
                                 {getGamma(), getBeta(), getMean(), getVariance(), getNewMean(), getNewVariance(),
                                  getBatchMean(), getBatchInvStd()})) ||
      failed(needsShape(*this, getResult(), "a result", getInput().getType().getShape())))
    return failure();
  if (!(getEpsilon().convertToFloat() > 0) || !getEpsilon().isFinite())
    return emitOpError("needs a finite, positive epsilon");
  return needsFraction(*this, "momentum", getMomentum());
}

LogicalResult BatchNormGradOp::verify() {
  ArrayRef<int64_t> shape = getInput().getType().getShape();
  if (failed(verifyReal(*this)) ||
      failed(verifyNormalisation(
          *this, getInput(), {getGamma(), getBatchMean(), getBatchInvStd(), getGammaGradient(), getBetaGradient()})) ||
      failed(needsShape(*this, getGradient(), "a gradient", shape)))
    return failure();
  return needsShape(*this, getInputGradient(), "an input gradient", shape);
}

LogicalResult SumRowsOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  ArrayRef<int64_t> in = getInput().getType().getShape(), out = getResult().getType().getShape();
  bool one = getResult().getType().hasStaticShape() && getResult().getType().getNumElements() == 1;
  if (!one && (in.empty() || out != in.take_back()))
    return emitOpError("gives one sum per index of the last dimension, or one sum; got ")
           << getInput().getType() << " to " << getResult().getType();
  return success();
}

LogicalResult CountCorrectOp::verify() {
  if (failed(verifyLabels(*this, getLogits(), getLabels())))
    return failure();
  return needsShape(*this, getResult(), "a result", {});
}

//===----------------------------------------------------------------------===//
// Gradients of the contractions
//===----------------------------------------------------------------------===//

/// x [N, H, W, C], w [O, KH, KW, C / groups] and the gradient dy [N, OH, OW, O] of their convolution.
static LogicalResult verifyConvGradient(Operation *op, Value input, Value weight, Value gradient,
                                        ArrayRef<int64_t> strides, PaddingAttr p, int64_t groups,
                                        ArrayRef<int64_t> dilations) {
  if (failed(verifyReal(op)) || failed(needsRank(op, input, "an input", 4, "N, H, W, C")) ||
      failed(needsRank(op, weight, "weights", 4, "O, KH, KW, I")) ||
      failed(needsRank(op, gradient, "a gradient", 4, "N, OH, OW, O")))
    return failure();
  if (strides.size() != 2 || strides[0] < 1 || strides[1] < 1)
    return op->emitOpError("needs two strides of at least 1");
  if (dilations.size() != 2 || dilations[0] < 1 || dilations[1] < 1)
    return op->emitOpError("needs two dilations of at least 1");
  ArrayRef<int64_t> x = tensorOf(input).getShape(), w = tensorOf(weight).getShape();
  if (groups < 1 || x[3] % groups || w[0] % groups || w[3] != x[3] / groups)
    return op->emitOpError("has weights ")
           << weight.getType() << " that do not fit input " << input.getType() << " in " << groups << " groups";
  int64_t h = windowOutput(x[1], p.getTop(), p.getBottom(), w[1], strides[0], dilations[0]);
  int64_t v = windowOutput(x[2], p.getLeft(), p.getRight(), w[2], strides[1], dilations[1]);
  if (h < 1 || v < 1)
    return op->emitOpError("has a window ") << w[1] << " x " << w[2] << " that does not fit input " << input.getType();
  if (failed(checkPaddedImage(op->getLoc(), op->getName().stripDialect(), x, p)))
    return failure();
  return needsShape(op, gradient, "a gradient", {x[0], h, v, w[0]});
}

LogicalResult Conv2dGradInputOp::verify() {
  return verifyConvGradient(*this, getResult(), getWeight(), getGradient(), getStrides(), getPadding(), getGroups(),
                            getDilations());
}
LogicalResult Conv2dGradWeightOp::verify() {
  return verifyConvGradient(*this, getInput(), getResult(), getGradient(), getStrides(), getPadding(), getGroups(),
                            getDilations());
}

/// x [N, I], w [O, I] and the gradient dy [N, O] of their product.
static LogicalResult verifyLinearGradient(Operation *op, Value input, Value weight, Value gradient) {
  if (failed(verifyReal(op)) || failed(needsRank(op, input, "an input", 2, "N, I")) ||
      failed(needsRank(op, weight, "weights", 2, "O, I")))
    return failure();
  ArrayRef<int64_t> x = tensorOf(input).getShape(), w = tensorOf(weight).getShape();
  if (w[1] != x[1])
    return op->emitOpError("has weights ") << weight.getType() << " that do not fit input " << input.getType();
  return needsShape(op, gradient, "a gradient", {x[0], w[0]});
}
LogicalResult LinearGradInputOp::verify() {
  return verifyLinearGradient(*this, getResult(), getWeight(), getGradient());
}
LogicalResult LinearGradWeightOp::verify() {
  return verifyLinearGradient(*this, getInput(), getResult(), getGradient());
}

//===----------------------------------------------------------------------===//
// Gradients of elementwise ops, quantisers and pools
//===----------------------------------------------------------------------===//

/// Gradient, input and result of one shape.
static LogicalResult verifyMask(Operation *op, Value gradient, Value input) {
  ArrayRef<int64_t> shape = tensorOf(input).getShape();
  if (failed(needsShape(op, gradient, "a gradient", shape)))
    return failure();
  return needsShape(op, op->getResult(0), "a result", shape);
}

LogicalResult FakeQuantGradOp::verify() {
  if (failed(verifyReal(*this)) ||
      failed(checkQuantizer(getLoc(), "fake_quant_grad", getInput().getType(), getQuantizer(), getScales(),
                            getZeroPoints())) ||
      failed(verifyQuantizerForm(*this, getRange(), getQuantizer(), getScales())))
    return failure();
  return verifyMask(*this, getGradient(), getInput());
}

LogicalResult TernarizeGradOp::verify() {
  if (failed(verifyReal(*this)) ||
      failed(checkTernary(getLoc(), "ternarize_grad", getInput().getType(), getRule(), getAxis(), getScales())))
    return failure();
  return verifyMask(*this, getGradient(), getInput());
}

LogicalResult WindowGradOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  if (!(getLo().convertToFloat() <= getHi().convertToFloat()))
    return emitOpError("needs lo <= hi, got [") << getLo().convertToFloat() << ", " << getHi().convertToFloat() << "]";
  return verifyMask(*this, getGradient(), getInput());
}

LogicalResult ReluGradOp::verify() {
  return failed(verifyReal(*this)) ? failure() : verifyMask(*this, getGradient(), getInput());
}

LogicalResult MaxPool2dGradOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  auto shape = poolShape(getLoc(), "max_pool2d_grad", getInput().getType(), getWindow(), getStrides(), getPadding());
  if (failed(shape) || failed(needsShape(*this, getGradient(), "a gradient", *shape)))
    return failure();
  return needsShape(*this, getResult(), "a result", getInput().getType().getShape());
}

LogicalResult AvgPool2dGradOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  auto none = PaddingAttr::get(getContext(), 0, 0, 0, 0, PadValue::Zero);
  auto shape = poolShape(getLoc(), "avg_pool2d_grad", getResult().getType(), getWindow(), getStrides(), none);
  return failed(shape) ? failure() : needsShape(*this, getGradient(), "a gradient", *shape);
}

LogicalResult SoftmaxGradOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  if (getSoftmax().getType().getRank() < 1)
    return emitOpError("needs a last dimension, got ") << getSoftmax().getType();
  return verifyMask(*this, getGradient(), getSoftmax());
}

LogicalResult SoftmaxCrossEntropyGradOp::verify() {
  if (failed(verifyLabels(*this, getLogits(), getLabels())) || failed(needsOne(*this, getGradient(), "a gradient")))
    return failure();
  return needsShape(*this, getResult(), "a result", getLogits().getType().getShape());
}

LogicalResult RequantizeGradOp::verify() {
  SmallVector<Value> exempt{getInput()};
  if (getResidual())
    exempt.push_back(getResidual());
  if (failed(verifyReal(*this, exempt)) ||
      failed(verifyRequantizeOperands(*this, getInput(), getResidual(), getResidualMultiplier())) ||
      failed(verifyMask(*this, getGradient(), getInput())))
    return failure();
  // A range may be empty: a clip outside of sign's window passes no gradient.
  std::pair<StringRef, ArrayRef<float>> constants[] = {{"multiplier", getMultiplier()},
                                                       {"bias", getBias()},
                                                       {"factors", getFactors()},
                                                       {"lo", getLo()},
                                                       {"hi", getHi()}};
  for (auto [name, values] : constants) {
    if (failed(checkChannels(*this, name, values.size(), getResult().getType())))
      return failure();
    bool bounds = name == "lo" || name == "hi";
    if (!llvm::all_of(values, [=](float v) { return bounds ? !std::isnan(v) : std::isfinite(v); }))
      return emitOpError("has a value of '") << name << "' that is not " << (bounds ? "a number" : "finite");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// slice, optimisers
//===----------------------------------------------------------------------===//

LogicalResult SliceOp::verify() {
  if (failed(verifyReal(*this)))
    return failure();
  RankedTensorType in = getInput().getType(), out = getResult().getType();
  if (in.getRank() != out.getRank() || static_cast<int64_t>(getOffsets().size()) != in.getRank())
    return emitOpError("needs one offset per dimension and a result of its input's rank, got ")
           << getOffsets().size() << " offsets for " << in << " to " << out;
  for (auto [d, offset] : llvm::enumerate(getOffsets())) {
    int64_t whole = in.getDimSize(d), part = out.getDimSize(d);
    bool inside = in.isDynamicDim(d) || out.isDynamicDim(d) ? whole == part && offset == 0
                                                            : offset >= 0 && part <= whole && offset <= whole - part;
    if (!inside)
      return emitOpError("reaches outside its input in dimension ")
             << d << ": offset " << offset << ", " << out << " of " << in;
  }
  return success();
}

// All of the input.
OpFoldResult SliceOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : OpFoldResult(); }

/// Weights, gradients, slots and their new values have one shape; the rate is one value; `limit` is at least 0.
static LogicalResult verifyUpdate(Operation *op, ArrayRef<std::pair<Value, StringRef>> like, Value weight, Value rate,
                                  std::optional<APFloat> limit) {
  if (failed(verifyReal(op)))
    return failure();
  for (auto [value, role] : like)
    if (failed(needsShape(op, value, role, tensorOf(weight).getShape())))
      return failure();
  if (limit && !(limit->convertToFloat() >= 0))
    return op->emitOpError("needs a limit of at least 0, got ") << limit->convertToFloat();
  return needsOne(op, rate, "a rate");
}

LogicalResult SgdOp::verify() {
  if (failed(verifyUpdate(*this,
                          {{getGradient(), "a gradient"},
                           {getVelocity(), "a velocity"},
                           {getNewWeight(), "a new weight"},
                           {getNewVelocity(), "a new velocity"}},
                          getWeight(), getRate(), getLimit())))
    return failure();
  if (!(getDecay().convertToFloat() >= 0) || !getDecay().isFinite())
    return emitOpError("needs a finite decay of at least 0, got ") << getDecay().convertToFloat();
  return needsFraction(*this, "momentum", getMomentum());
}

LogicalResult AdamOp::verify() {
  if (failed(verifyUpdate(*this,
                          {{getGradient(), "a gradient"},
                           {getFirst(), "a first moment"},
                           {getSecond(), "a second moment"},
                           {getNewWeight(), "a new weight"},
                           {getNewFirst(), "a new first moment"},
                           {getNewSecond(), "a new second moment"}},
                          getWeight(), getRate(), getLimit())) ||
      failed(needsShape(*this, getCorrection(), "a correction", {2})) ||
      failed(needsFraction(*this, "beta1", getBeta1())) || failed(needsFraction(*this, "beta2", getBeta2())))
    return failure();
  if (!(getEpsilon().convertToFloat() > 0) || !getEpsilon().isFinite())
    return emitOpError("needs a finite, positive epsilon");
  return success();
}

} // namespace nibble
