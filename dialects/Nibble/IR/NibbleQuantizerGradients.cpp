// Gradient estimators of the quantisers, and the derivative of a frozen requantisation.
#include "dialects/Nibble/IR/NibbleGradients.h"

using namespace mlir;

namespace nibble {

// A signed grid whose scale is max|x| / qmax clips nothing, so both estimators are the identity there; comparing the
// rounded x / s with qmax would drop the gradient of the very largest value.
SmallVector<Value> FakeQuantOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  SmallVector<Value> gradients(getNumOperands());
  QuantizerAttr q = getQuantizer();
  bool clips = q.getEstimator() == Estimator::Clipped && (getRange() || isFrozen() || !q.getIsSigned());
  if (needed[0])
    gradients[0] = clips ? FakeQuantGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getInput(),
                                                   getRange(), q, getScalesAttr(), getZeroPointsAttr())
                               .getResult()
                         : gradient;
  return gradients;
}

SmallVector<Value> SignOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  if (getEstimator() == Estimator::Identity)
    return {gradient};
  return {WindowGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getInput(), APFloat(-1.0f),
                               APFloat(1.0f))};
}

SmallVector<Value> TernarizeOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  if (getEstimator() == Estimator::Identity)
    return {gradient};
  return {TernarizeGradOp::create(builder, getLoc(), gradientType(getInput()), gradient, getInput(), getRuleAttr(),
                                  getAxisAttr(), getScalesAttr())};
}

/// Real value of one unit of `acc`, one per channel (the last dimension) or one for all: sx * sw[c] of the contraction
/// that made it, 1 for an f32 value. None when the scales are not constants yet or `acc` has another origin.
static std::optional<SmallVector<double>> unitsOf(Value acc) {
  if (cast<RankedTensorType>(acc.getType()).getElementType().isF32())
    return SmallVector<double>{1.0};
  auto contraction = dyn_cast_or_null<ContractionOpInterface>(acc.getDefiningOp());
  if (!contraction)
    return std::nullopt;
  Type gx = gridTypeOf(contraction.getActivation().getType()), gw = gridTypeOf(contraction.getWeights().getType());
  auto fx = gx ? gridFacts(gx) : std::nullopt, fw = gw ? gridFacts(gw) : std::nullopt;
  if (!fx || !fw || !fx->known || !fw->known || fw->group)
    return std::nullopt;
  SmallVector<double> units;
  for (float sw : fw->scales)
    units.push_back(double(fx->scales.front()) * double(sw));
  return units;
}

// y = M * acc + R * (q_r - z_r) + B in units of the result's scale: clipped estimator, so the rounding is the identity.
SmallVector<Value> RequantizeOp::buildGradients(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  Type grid = gridTypeOf(getResult().getType());
  auto facts = grid ? gridFacts(grid) : std::nullopt;
  SmallVector<float> lo(getLo()), hi(getHi());
  if (facts && facts->binary) {
    for (float &v : lo)
      v = std::max(v, -1.0f);
    for (float &v : hi)
      v = std::min(v, 1.0f);
  }
  auto at = [](auto &&values, size_t c) { return double(values[values.size() == 1 ? 0 : c]); };
  auto outScale = [&](size_t c) { return facts && !facts->scales.empty() ? at(facts->scales, c) : 1.0; };
  size_t outScales = facts ? facts->scales.size() : 1;
  auto build = [&](Value operand, ArrayRef<float> factors) {
    return RequantizeGradOp::create(builder, getLoc(), gradientType(operand), gradient, getInput(), getResidual(),
                                    getMultiplier(), getBias(), lo, hi, getResidualMultiplierAttr(), factors);
  };

  SmallVector<Value> gradients(getNumOperands());
  if (needed[0]) {
    auto units = unitsOf(getInput());
    if (!units) {
      emitOpError("has no derivative: the scale of its accumulator is not known; it must come from a contraction of "
                  "frozen operands (nibble-freeze)");
      return {};
    }
    SmallVector<float> factors;
    for (size_t c = 0, n = std::max({getMultiplier().size(), units->size(), outScales}); c < n; ++c)
      factors.push_back(static_cast<float>(at(getMultiplier(), c) * outScale(c) / at(*units, c)));
    gradients[0] = build(getInput(), factors);
  }
  if (getResidual() && needed[1]) {
    Type residualGrid = gridTypeOf(getResidual().getType());
    auto residual = residualGrid ? gridFacts(residualGrid) : std::nullopt;
    if (residualGrid && (!residual || !residual->known)) {
      emitOpError("has no derivative: the scale of its residual is not known; freeze the graph first (nibble-freeze)");
      return {};
    }
    size_t residualScales = residual ? residual->scales.size() : 1;
    SmallVector<float> factors;
    for (size_t c = 0, n = std::max(residualScales, outScales); c < n; ++c)
      factors.push_back(static_cast<float>(double(getResidualMultiplier()->convertToFloat()) * outScale(c) /
                                           (residual ? at(residual->scales, c) : 1.0)));
    gradients[1] = build(getResidual(), factors);
  }
  return gradients;
}

} // namespace nibble
