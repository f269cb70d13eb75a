// Quantisers and conversions: fake_quant, sign, ternarize, quantize, dequantize, requantize and their gradients.
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {

/// The values of each channel or group in row-major order: what one scale is for (R1, R4, R7.5).
static std::vector<std::vector<float>> valuesByChannel(const HostTensor &x, const HostGrid &grid) {
  ChannelIndex channel(x.shape, grid);
  std::vector<std::vector<float>> values(channel.channels());
  for (std::size_t i = 0; i < x.f32.size(); ++i)
    values[channel(i)].push_back(x.f32[i]);
  return values;
}

/// q = quantize(x) for each element (R1.2, R4.1).
static HostTensor quantizeTensor(const HostTensor &x, HostGrid grid, Grid range) {
  ChannelIndex channel(x.shape, grid);
  std::vector<int64_t> q(x.f32.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::size_t c = channel(i);
    q[i] = quantize(x.f32[i], {grid.scales[c], static_cast<int32_t>(grid.zeros[c])}, range);
  }
  return HostTensor::onGrid(x.shape, std::move(q), std::move(grid));
}

static HostTensor signTensor(const HostTensor &x) {
  std::vector<int64_t> q;
  q.reserve(x.f32.size());
  for (float v : x.f32)
    q.push_back(sign(v));
  return HostTensor::onGrid(x.shape, std::move(q), {});
}

static Grid rangeOfQuantizer(QuantizerAttr quantizer) {
  return {static_cast<int32_t>(quantizer.getQmin()), static_cast<int32_t>(quantizer.getQmax())};
}

/// The grid of fake_quant or of its gradient, which have the same operands and attributes.
template <typename Op>
static FailureOr<HostGrid> fakeQuantGrid(Op op, const Call &call) {
  QuantizerAttr quantizer = op.getQuantizer();
  HostGrid grid{{}, {}, quantizer.getAxis(), quantizer.getGroup()};
  if (grid.group)
    grid.axis = static_cast<int64_t>(call.of(op.getInput()).shape.size()) - 1;
  if (auto scales = op.getScales()) {
    grid.scales.assign(scales->begin(), scales->end());
    grid.zeros.assign(grid.scales.size(), 0);
    if (auto zeros = op.getZeroPoints(); zeros && !zeros->empty())
      grid.zeros.assign(zeros->begin(), zeros->end());
    return grid;
  }
  std::vector<Range> ranges;
  if (op.getRange()) {
    const HostTensor &range = call.of(op.getRange());
    ranges.push_back({range.f32[0], range.f32[1]});
  } else {
    for (const auto &values : valuesByChannel(call.of(op.getInput()), grid))
      ranges.push_back(rangeOf(values));
  }
  auto symmetry = quantizer.getSymmetric() ? Symmetry::Symmetric : Symmetry::Asymmetric;
  for (Range range : ranges) {
    auto params = paramsOf(range, rangeOfQuantizer(quantizer), symmetry);
    if (!params)
      return call.op->emitOpError(params.error());
    grid.scales.push_back(params->scale);
    grid.zeros.push_back(params->zeroPoint);
  }
  return grid;
}

/// R4.2: the scales of ternarize or of its gradient.
template <typename Op>
static HostGrid ternaryGrid(Op op, const Call &call) {
  HostGrid grid{{}, {}, static_cast<int64_t>(op.getAxis().value_or(-1)), 0};
  if (auto scales = op.getScales())
    grid.scales.assign(scales->begin(), scales->end());
  else
    for (const auto &values : valuesByChannel(call.of(op.getInput()), grid))
      grid.scales.push_back(
          ternaryScale(values, op.getRule() == nibble::TernaryRule::Median ? TernaryRule::Median : TernaryRule::Mean));
  grid.zeros.assign(grid.scales.size(), 0);
  return grid;
}

static LogicalResult evaluate(FakeQuantOp op, Call &call) {
  auto grid = fakeQuantGrid(op, call);
  if (failed(grid))
    return failure();
  return call.give(quantizeTensor(call.of(op.getInput()), std::move(*grid), rangeOfQuantizer(op.getQuantizer())));
}

static LogicalResult evaluate(SignOp op, Call &call) { return call.give(signTensor(call.of(op.getInput()))); }

static LogicalResult evaluate(TernarizeOp op, Call &call) {
  return call.give(quantizeTensor(call.of(op.getInput()), ternaryGrid(op, call), {-1, 1}));
}

static LogicalResult evaluate(QuantizeOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  auto facts = gridFacts(call.resultType().getElementType());
  if (facts->binary)
    return call.give(signTensor(x));
  return call.give(
      quantizeTensor(x, hostGrid(*facts), {static_cast<int32_t>(facts->qmin), static_cast<int32_t>(facts->qmax)}));
}

// Real values and integers are carried together: only the type changes.
static LogicalResult evaluate(DequantizeOp op, Call &call) { return call.give(call.of(op.getInput())); }

//===----------------------------------------------------------------------===//
// Requantisation
//===----------------------------------------------------------------------===//

float requantizedValue(const HostTensor &acc, const Epilogue &e, std::size_t i, std::size_t c) {
  float x = acc.f32.empty() ? static_cast<float>(acc.ints[i]) : acc.f32[i];
  float y = std::fma(x, pick(e.multiplier, c), pick(e.bias, c));
  if (!e.residual)
    return y;
  const HostTensor &r = *e.residual;
  float residual = r.f32[i];
  if (r.grid)
    residual = static_cast<float>(r.ints[i] - r.grid->zeros[ChannelIndex(r.shape, *r.grid)(i)]);
  return std::fma(residual, e.residualMultiplier->convertToFloat(), y);
}

static LogicalResult checkEpilogue(const Call &call, const HostTensor &acc, const Epilogue &e) {
  bool isInteger = acc.f32.empty();
  if (e.residual && (e.residual->shape != acc.shape || e.residual->f32.size() != acc.size()))
    return call.op->emitOpError("has a residual that does not fit its input");
  if (bool(e.residual) != e.residualMultiplier.has_value())
    return call.op->emitOpError("has a residual without residual_multiplier or the other way round");
  if ((e.thresholds || e.profile == RequantProfile::Fixed) && (!isInteger || e.residual))
    return call.op->emitOpError("with thresholds or the fixed profile takes i32 accumulators and no residual");
  return success();
}

/// R6.2, R6.3: the bias of the fixed profile is the zero point, added after the shift.
static FailureOr<int64_t> requantizeFixedElement(const Call &call, int64_t acc, const Epilogue &e, std::size_t c,
                                                 Grid bounds) {
  auto multiplier = fixedMultiplier(pick(e.multiplier, c));
  float zero = pick(e.bias, c);
  if (!multiplier)
    return call.op->emitOpError("channel ") << c << ": " << multiplier.error();
  if (zero != roundHalfEven(zero) || std::fabs(zero) > 65536.0f)
    return call.op->emitOpError("with the fixed profile takes the zero point as bias; channel ")
           << c << " has " << zero;
  return requantizeFixed(static_cast<int32_t>(acc), *multiplier, static_cast<int32_t>(zero), bounds);
}

FailureOr<HostTensor> requantize(const Call &call, const HostTensor &acc, const Epilogue &e) {
  if (failed(checkEpilogue(call, acc, e)))
    return failure();
  Type gridType = gridTypeOf(call.resultType());
  auto facts = gridType ? gridFacts(gridType) : std::nullopt;
  HostTensor y = HostTensor::ofFloats(acc.shape, std::vector<float>(facts ? 0 : acc.size()));
  std::vector<int64_t> q(facts ? acc.size() : 0);
  for (std::size_t i = 0; i < acc.size(); ++i) {
    std::size_t c = i % acc.lastSize();
    float lo = pick(e.lo, c), hi = pick(e.hi, c);
    if (e.thresholds) {
      int64_t compared = static_cast<int32_t>(acc.ints[i]) ^ pick(*e.flips, c);
      q[i] = compared < pick(*e.thresholds, c) ? -1 : 1;
      continue;
    }
    if (e.profile == RequantProfile::Fixed && facts && !facts->binary) {
      auto fixed =
          requantizeFixedElement(call, acc.ints[i], e, c, {static_cast<int32_t>(lo), static_cast<int32_t>(hi)});
      if (failed(fixed))
        return failure();
      q[i] = *fixed;
      continue;
    }
    float value = requantizedValue(acc, e, i, c);
    if (!facts)
      y.f32[i] = clampFloat(value, lo, hi);
    else if (facts->binary) // R8.4: the signs of the bounds decide where they exclude a sign
      q[i] = toSign(value, {sign(lo), sign(hi)});
    else
      q[i] = toGrid(value, {static_cast<int32_t>(lo), static_cast<int32_t>(hi)});
  }
  return facts ? HostTensor::onGrid(acc.shape, std::move(q), hostGrid(*facts)) : y;
}

static LogicalResult evaluate(RequantizeOp op, Call &call) {
  Epilogue e{op.getMultiplier(),         op.getBias(),       op.getLo(),    op.getHi(),     nullptr,
             op.getResidualMultiplier(), op.getThresholds(), op.getFlips(), op.getProfile()};
  if (op.getResidual())
    e.residual = &call.of(op.getResidual());
  auto result = requantize(call, call.of(op.getInput()), e);
  return failed(result) ? failure() : call.give(std::move(*result));
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// gradient where `passes` is true, else +0.
static LogicalResult giveMasked(Call &call, const HostTensor &gradient, function_ref<bool(std::size_t)> passes) {
  HostTensor result = gradient.offGrid();
  for (std::size_t i = 0; i < result.f32.size(); ++i)
    result.f32[i] = passes(i) ? result.f32[i] : 0.0f;
  return call.give(std::move(result));
}

static LogicalResult checkGradient(Call &call, const HostTensor &gradient, const HostTensor &input) {
  return call.check(gradient.shape == input.shape && gradient.f32.size() == gradient.size(),
                    "takes a gradient of its input's shape");
}

static LogicalResult evaluate(FakeQuantGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  if (failed(checkGradient(call, dy, x)) || failed(call.check(x.f32.size() == x.size(), "takes f32 input")) ||
      failed(call.check(!op.getRange() || call.of(op.getRange()).f32.size() == 3, "takes a range [min, max, seen]")) ||
      failed(call.check(op.getQuantizer().getAxis() < static_cast<int64_t>(x.shape.size()), "has no such axis")))
    return failure();
  auto grid = fakeQuantGrid(op, call);
  if (failed(grid))
    return failure();
  ChannelIndex channel(x.shape, *grid);
  if (failed(call.check(grid->scales.size() == channel.channels() && grid->zeros.size() == channel.channels(),
                        "has another number of scales than channels")))
    return failure();
  return giveMasked(call, dy, [&](std::size_t i) {
    std::size_t c = channel(i);
    return passesGradient(x.f32[i], {grid->scales[c], static_cast<int32_t>(grid->zeros[c])},
                          rangeOfQuantizer(op.getQuantizer()));
  });
}

static LogicalResult evaluate(TernarizeGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  int64_t axis = op.getAxis().value_or(-1);
  if (failed(checkGradient(call, dy, x)) || failed(call.check(x.f32.size() == x.size(), "takes f32 input")) ||
      failed(call.check(axis < static_cast<int64_t>(x.shape.size()), "has no such axis")) ||
      failed(
          call.check(op.getScales() || op.getRule() != nibble::TernaryRule::Fixed, "with the fixed rule needs scales")))
    return failure();
  HostGrid grid = ternaryGrid(op, call);
  ChannelIndex channel(x.shape, grid.axis);
  if (failed(call.check(grid.scales.size() == channel.channels(), "has another number of scales than channels")))
    return failure();
  return giveMasked(call, dy, [&](std::size_t i) { return std::fabs(x.f32[i]) <= grid.scales[channel(i)]; });
}

static LogicalResult evaluate(RequantizeGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  Epilogue e{op.getMultiplier(), op.getBias(), op.getLo(), op.getHi(), nullptr, op.getResidualMultiplier()};
  if (op.getResidual())
    e.residual = &call.of(op.getResidual());
  auto fits = [&](ArrayRef<float> values) { return values.size() == 1 || values.size() == x.lastSize(); };
  if (failed(checkGradient(call, dy, x)) || failed(checkEpilogue(call, x, e)) ||
      failed(call.check(fits(e.multiplier) && fits(e.bias) && fits(e.lo) && fits(e.hi) && fits(op.getFactors()),
                        "needs one constant per channel or one for all")))
    return failure();
  HostTensor result = dy.offGrid();
  for (std::size_t i = 0; i < result.f32.size(); ++i) {
    std::size_t c = i % x.lastSize();
    float y = requantizedValue(x, e, i, c);
    bool passes = pick(e.lo, c) <= y && y <= pick(e.hi, c);
    result.f32[i] = passes ? dy.f32[i] * pick(op.getFactors(), c) : 0.0f;
  }
  return call.give(std::move(result));
}

Outcome evaluateQuantizer(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<FakeQuantOp, SignOp, TernarizeOp, QuantizeOp, DequantizeOp, RequantizeOp, FakeQuantGradOp, TernarizeGradOp,
            RequantizeGradOp>([&](auto op) { return evaluate(op, call); })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
