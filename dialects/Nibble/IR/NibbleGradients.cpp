// Reverse-mode derivatives of contractions, normalisation, elementwise ops, shape ops and the loss.
#include "dialects/Nibble/IR/NibbleGradients.h"

using namespace mlir;

namespace nibble {

RankedTensorType gradientType(Value value) { return offGrid(cast<RankedTensorType>(value.getType())); }

/// f32 constant of one value per element.
static Value splat(OpBuilder &builder, Location loc, Value like, float value) {
  auto type = gradientType(like);
  return ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, value));
}

/// The gradient of an operand that was broadcast to the gradient's shape (R9 sums); not summed when it was not.
static Value unbroadcast(OpBuilder &builder, Location loc, Value gradient, Value operand) {
  auto type = gradientType(operand);
  if (cast<RankedTensorType>(gradient.getType()).getShape() == type.getShape())
    return gradient;
  return SumRowsOp::create(builder, loc, type, gradient);
}

//===----------------------------------------------------------------------===//
// Contractions. With `accumulate` the gradient arrives with respect to the real-valued sum (see requantize_grad), so
// both forms pass the plain gradients of the operands' real values.
//===----------------------------------------------------------------------===//

SmallVector<Value> Conv2dOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  Value input, weight;
  if (needed[0])
    input = Conv2dGradInputOp::create(builder, getLoc(), gradientType(getInput()), gradient, getWeight(), getStrides(),
                                      getPadding(), getGroups(), getDilations());
  if (needed[1])
    weight = Conv2dGradWeightOp::create(builder, getLoc(), gradientType(getWeight()), gradient, getInput(),
                                        getStrides(), getPadding(), getGroups(), getDilations());
  return {input, weight};
}

SmallVector<Value> LinearOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  Value input, weight;
  if (needed[0])
    input = LinearGradInputOp::create(builder, getLoc(), gradientType(getInput()), gradient, getWeight());
  if (needed[1])
    weight = LinearGradWeightOp::create(builder, getLoc(), gradientType(getWeight()), gradient, getInput());
  return {input, weight};
}

//===----------------------------------------------------------------------===//
// Normalisation
//===----------------------------------------------------------------------===//

// With running statistics the op is affine: its own linear part maps the gradient, and batch_norm with gamma = 1 and
// beta = 0 gives the normalised input that gamma multiplies. The statistics are constants.
SmallVector<Value> BatchNormOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  Value input, gamma, beta;
  auto normalise = [&](Value x, Value scale, Value mean) -> Value {
    Value zero = splat(builder, getLoc(), getBeta(), 0.0f);
    return BatchNormOp::create(builder, getLoc(), gradientType(x), x, scale, zero, mean ? mean : zero, getVariance(),
                               getEpsilonAttr(), getMomentumAttr());
  };
  if (needed[0])
    input = normalise(gradient, getGamma(), Value());
  if (needed[1]) {
    Value xhat = normalise(getInput(), splat(builder, getLoc(), getGamma(), 1.0f), getMean());
    gamma = SumRowsOp::create(builder, getLoc(), gradientType(getGamma()),
                              MulOp::create(builder, getLoc(), gradientType(gradient), gradient, xhat).getResult());
  }
  if (needed[2])
    beta = SumRowsOp::create(builder, getLoc(), gradientType(getBeta()), gradient);
  return {input, gamma, beta, Value(), Value()};
}

SmallVector<Value> BatchNormTrainOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  auto grad = BatchNormGradOp::create(builder, getLoc(), gradientType(getInput()), gradientType(getGamma()),
                                      gradientType(getBeta()), gradient, getInput(), getGamma(), getBatchMean(),
                                      getBatchInvStd());
  return {needed[0] ? grad.getInputGradient() : Value(), needed[1] ? grad.getGammaGradient() : Value(),
          needed[2] ? grad.getBetaGradient() : Value(), Value(), Value()};
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

SmallVector<Value> AddOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  return {needed[0] ? gradient : Value(), needed[1] ? unbroadcast(builder, getLoc(), gradient, getRhs()) : Value()};
}

SmallVector<Value> MulOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  Value lhs, rhs;
  if (needed[0])
    lhs = MulOp::create(builder, getLoc(), gradientType(gradient), gradient, getRhs());
  if (needed[1])
    rhs = unbroadcast(builder, getLoc(), MulOp::create(builder, getLoc(), gradientType(gradient), gradient, getLhs()),
                      getRhs());
  return {lhs, rhs};
}

// The result has the input's sign, and is often alive anyway: the input is not kept for the backward pass.
SmallVector<Value> ReluOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {ReluGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getResult())};
}

SmallVector<Value> ClipOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {WindowGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getInput(), getLo(), getHi())};
}

//===----------------------------------------------------------------------===//
// Pooling and shape ops
//===----------------------------------------------------------------------===//

SmallVector<Value> MaxPool2dOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {MaxPool2dGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getInput(), getWindow(),
                                  getStrides(), getPadding())};
}

SmallVector<Value> AvgPool2dOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {AvgPool2dGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getWindow(), getStrides())};
}

// A single window as large as the image.
SmallVector<Value> GlobalAvgPoolOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  auto type = gradientType(getInput());
  auto onePixel = f32Tensor({type.getDimSize(0), 1, 1, type.getDimSize(3)}, getContext());
  int64_t window[] = {type.getDimSize(1), type.getDimSize(2)};
  Value image = ReshapeOp::create(builder, getLoc(), onePixel, gradient);
  return {AvgPool2dGradOp::create(builder, getLoc(), type, image, window, window)};
}

SmallVector<Value> ReshapeOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {ReshapeOp::create(builder, getLoc(), gradientType(getInput()), gradient)};
}

SmallVector<Value> ConcatOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  SmallVector<Value> gradients;
  SmallVector<int64_t> offsets(getResult().getType().getRank(), 0);
  for (auto [i, operand] : llvm::enumerate(getInputs())) {
    auto type = gradientType(operand);
    gradients.push_back(needed[i] ? SliceOp::create(builder, getLoc(), type, gradient, offsets).getResult() : Value());
    offsets[getAxis()] += type.getDimSize(getAxis());
  }
  return gradients;
}

SmallVector<Value> PadOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {SliceOp::create(builder, getLoc(), gradientType(getInput()), gradient, getLow())};
}

//===----------------------------------------------------------------------===//
// Softmax and loss
//===----------------------------------------------------------------------===//

SmallVector<Value> SoftmaxOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {SoftmaxGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getResult())};
}

SmallVector<Value> SoftmaxCrossEntropyOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  if (!needed[0])
    return {Value(), Value()};
  return {SoftmaxCrossEntropyGradOp::create(builder, getLoc(), gradientType(getLogits()), gradient, getLogits(),
                                            getLabels()),
          Value()};
}

} // namespace nibble
