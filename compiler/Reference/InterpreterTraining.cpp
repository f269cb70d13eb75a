// Ops of training graphs but for the contractions: statistics, gradients, optimiser updates.
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

static LogicalResult evaluate(ObserveRangeOp op, Call &call) {
  const HostTensor &running = call.of(op.getRange());
  if (failed(call.check(running.f32.size() == 3, "takes a range [min, max, seen]")))
    return failure();
  float seen = running.f32[2];
  Range range = updateRange({running.f32[0], running.f32[1]}, seen, rangeOf(call.of(op.getInput()).f32),
                            op.getMomentum().convertToFloat());
  return call.give(HostTensor::ofFloats({3}, {range.min, range.max, seen + 1.0f}));
}

static LogicalResult evaluate(BatchNormTrainOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput()), &gamma = call.of(op.getGamma()), &beta = call.of(op.getBeta());
  const HostTensor &oldMean = call.of(op.getMean()), &oldVariance = call.of(op.getVariance());
  std::size_t channels = x.lastSize();
  std::vector<int64_t> perChannel{static_cast<int64_t>(channels)};
  for (const HostTensor *t : {&gamma, &beta, &oldMean, &oldVariance})
    if (failed(call.check(!x.shape.empty() && t->shape == perChannel, "needs one value per channel")))
      return failure();

  float momentum = op.getMomentum().convertToFloat(), epsilon = op.getEpsilon().convertToFloat();
  auto moved = [&](float running, float batch) { return std::fma(momentum, running, (1.0f - momentum) * batch); };
  HostTensor y = x.offGrid();
  HostTensor newMean = oldMean.offGrid(), newVariance = oldMean.offGrid(), mean = oldMean.offGrid(), invStd = mean;
  for (auto [c, column] : llvm::enumerate(columnsOf(x.f32, channels))) {
    Statistics batch = batchStatistics(column);
    mean.f32[c] = batch.mean;
    invStd.f32[c] = 1.0f / std::sqrt(batch.variance + epsilon);
    newMean.f32[c] = moved(oldMean.f32[c], batch.mean);
    newVariance.f32[c] = moved(oldVariance.f32[c], batch.variance);
  }
  for (std::size_t i = 0; i < y.f32.size(); ++i) {
    std::size_t c = i % channels;
    y.f32[i] = std::fma((x.f32[i] - mean.f32[c]) * invStd.f32[c], gamma.f32[c], beta.f32[c]);
  }
  for (HostTensor *result : {&y, &newMean, &newVariance, &mean, &invStd})
    call.results.push_back(std::move(*result));
  return success();
}

static LogicalResult evaluate(SumRowsOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  std::vector<int64_t> shape = call.resultShape(0);
  std::size_t sums = HostTensor::ofFloats(shape, {}).size();
  if (failed(call.check(sums == 1 || sums == x.lastSize(), "gives one sum for each channel or one for all")))
    return failure();
  std::vector<float> y;
  for (const std::vector<float> &column : columnsOf(x.f32, sums))
    y.push_back(rowSum(column));
  return call.give(HostTensor::ofFloats(std::move(shape), std::move(y)));
}

static LogicalResult evaluate(CountCorrectOp op, Call &call) {
  const HostTensor &logits = call.of(op.getLogits()), &labels = call.of(op.getLabels());
  if (failed(checkLabels(call, logits, labels)))
    return failure();
  std::size_t classes = logits.lastSize();
  std::vector<float> hits;
  hits.reserve(labels.ints.size());
  for (std::size_t row = 0; row < labels.ints.size(); ++row)
    hits.push_back(maxTap({&logits.f32[row * classes], classes}) == static_cast<std::size_t>(labels.ints[row]) ? 1.0f
                                                                                                               : 0.0f);
  return call.give(HostTensor::scalar(rowSum(hits)));
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

static LogicalResult sameShapes(Call &call) {
  for (const HostTensor *operand : call.operands)
    if (failed(call.check(operand->shape == call.operands[0]->shape, "takes operands of one shape")))
      return failure();
  return success();
}

static LogicalResult evaluate(BatchNormGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput()), &gamma = call.of(op.getGamma());
  const HostTensor &mean = call.of(op.getBatchMean()), &invStd = call.of(op.getBatchInvStd());
  std::size_t channels = x.lastSize();
  std::vector<int64_t> perChannel{static_cast<int64_t>(channels)};
  bool fits = !x.shape.empty() && dy.shape == x.shape;
  for (const HostTensor *t : {&gamma, &mean, &invStd})
    fits = fits && t->shape == perChannel;
  if (failed(call.check(fits, "takes a gradient of its input's shape and one value per channel")))
    return failure();

  HostTensor dx = x.offGrid(), dgamma = gamma.offGrid(), dbeta = gamma.offGrid();
  std::vector<std::vector<float>> inputs = columnsOf(x.f32, channels), gradients = columnsOf(dy.f32, channels);
  for (std::size_t c = 0; c < channels; ++c) {
    auto xhat = [&](std::size_t row) { return (inputs[c][row] - mean.f32[c]) * invStd.f32[c]; };
    std::size_t rows = inputs[c].size();
    auto n = static_cast<float>(rows);
    dbeta.f32[c] = rowSum(gradients[c]);
    dgamma.f32[c] = reduceRows(rows, [&](float acc, std::size_t row) { return acc + gradients[c][row] * xhat(row); });
    float meanGradient = dbeta.f32[c] / n, meanProduct = dgamma.f32[c] / n, scale = gamma.f32[c] * invStd.f32[c];
    for (std::size_t row = 0; row < rows; ++row)
      dx.f32[row * channels + c] = scale * std::fma(-xhat(row), meanProduct, gradients[c][row] - meanGradient);
  }
  for (HostTensor *result : {&dx, &dgamma, &dbeta})
    call.results.push_back(std::move(*result));
  return success();
}

/// gradient where `passes(input)`, else +0.
template <typename Predicate>
static LogicalResult giveMasked(Call &call, const HostTensor &gradient, const HostTensor &input, Predicate passes) {
  HostTensor result = gradient.offGrid();
  for (std::size_t i = 0; i < result.f32.size(); ++i)
    result.f32[i] = passes(input.f32[i]) ? result.f32[i] : 0.0f;
  return call.give(std::move(result));
}

static LogicalResult evaluate(WindowGradOp op, Call &call) {
  float lo = op.getLo().convertToFloat(), hi = op.getHi().convertToFloat();
  if (failed(sameShapes(call)))
    return failure();
  return giveMasked(call, call.of(op.getGradient()), call.of(op.getInput()),
                    [=](float x) { return lo <= x && x <= hi; });
}

static LogicalResult evaluate(ReluGradOp op, Call &call) {
  if (failed(sameShapes(call)))
    return failure();
  return giveMasked(call, call.of(op.getGradient()), call.of(op.getInput()), [](float x) { return x > 0.0f; });
}

/// Windows of a pooling gradient: the image's shape, and whether the gradient has the shape of their outputs.
static bool windowsFit(const Windows &windows, ArrayRef<int64_t> image, const HostTensor &gradient) {
  if (windows.size.size() != 2 || windows.strides.size() != 2 || image.size() != 4)
    return false;
  for (int i : {0, 1})
    if (windows.size[i] < 1 || windows.strides[i] < 1)
      return false;
  return windows.top < windows.size[0] && windows.bottom < windows.size[0] && windows.left < windows.size[1] &&
         windows.right < windows.size[1] && image[1] > 0 && image[2] > 0 &&
         windows.outputShape(image) == gradient.shape;
}

static LogicalResult evaluate(MaxPool2dGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  PaddingAttr p = op.getPadding();
  Windows windows{op.getWindow(), op.getStrides(), p.getTop(), p.getLeft(), p.getBottom(), p.getRight()};
  if (failed(call.check(windowsFit(windows, x.shape, dy), "has a window or a gradient that does not fit its input")))
    return failure();
  HostTensor dx = HostTensor::ofFloats(x.shape, std::vector<float>(x.size(), 0.0f));
  windows.forEach(x.shape, [&](std::size_t output, ArrayRef<std::size_t> taps) {
    std::size_t best = taps.front();
    for (std::size_t tap : taps)
      best = x.f32[tap] > x.f32[best] ? tap : best;
    dx.f32[best] = dx.f32[best] + dy.f32[output];
  });
  return call.give(std::move(dx));
}

static LogicalResult evaluate(AvgPool2dGradOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient());
  std::vector<int64_t> shape = call.resultShape(dy.shape.empty() ? 0 : dy.shape[0]);
  Windows windows{op.getWindow(), op.getStrides()};
  if (failed(call.check(windowsFit(windows, shape, dy), "has a window or a gradient that does not fit its result")))
    return failure();
  HostTensor dx = HostTensor::ofFloats(shape, {});
  dx.f32.assign(dx.size(), 0.0f);
  float share = 1.0f / static_cast<float>(windows.size[0] * windows.size[1]);
  windows.forEach(shape, [&](std::size_t output, ArrayRef<std::size_t> taps) {
    for (std::size_t tap : taps)
      dx.f32[tap] = dx.f32[tap] + dy.f32[output] * share;
  });
  return call.give(std::move(dx));
}

static LogicalResult evaluate(SoftmaxGradOp op, Call &call) {
  if (failed(sameShapes(call)))
    return failure();
  const HostTensor &dy = call.of(op.getGradient()), &y = call.of(op.getSoftmax());
  HostTensor dx = y.offGrid();
  for (std::size_t row = 0, n = y.lastSize(); row < y.f32.size(); row += n) {
    float sum = contract({&dy.f32[row], n}, {&y.f32[row], n});
    for (std::size_t i = row; i < row + n; ++i)
      dx.f32[i] = y.f32[i] * (dy.f32[i] - sum);
  }
  return call.give(std::move(dx));
}

static LogicalResult evaluate(SoftmaxCrossEntropyGradOp op, Call &call) {
  const HostTensor &logits = call.of(op.getLogits()), &labels = call.of(op.getLabels());
  const HostTensor &gradient = call.of(op.getGradient());
  if (failed(checkLabels(call, logits, labels)) || failed(call.check(gradient.f32.size() == 1, "takes one gradient")))
    return failure();
  HostTensor dx = logits.offGrid();
  std::size_t classes = logits.lastSize();
  float scale = gradient.f32[0] / static_cast<float>(labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    std::span<float> p{&dx.f32[row * classes], classes};
    softmax({&logits.f32[row * classes], classes}, p);
    for (std::size_t i = 0; i < classes; ++i)
      p[i] = (p[i] - (static_cast<int64_t>(i) == labels.ints[row] ? 1.0f : 0.0f)) * scale;
  }
  return call.give(std::move(dx));
}

//===----------------------------------------------------------------------===//
// Optimisers
//===----------------------------------------------------------------------===//

static float limited(float w, std::optional<llvm::APFloat> limit) {
  return limit ? clampFloat(w, -limit->convertToFloat(), limit->convertToFloat()) : w;
}

static LogicalResult evaluate(SgdOp op, Call &call) {
  const HostTensor &w = call.of(op.getWeight()), &g = call.of(op.getGradient()), &v = call.of(op.getVelocity());
  const HostTensor &rate = call.of(op.getRate());
  if (failed(call.check(g.shape == w.shape && v.shape == w.shape && rate.f32.size() == 1,
                        "takes weight, gradient and velocity of one shape and one rate")))
    return failure();
  float momentum = op.getMomentum().convertToFloat(), decay = op.getDecay().convertToFloat();
  HostTensor newWeight = w.offGrid(), newVelocity = v.offGrid();
  for (std::size_t i = 0; i < w.f32.size(); ++i) {
    float velocity = std::fma(momentum, v.f32[i], std::fma(decay, w.f32[i], g.f32[i]));
    newVelocity.f32[i] = velocity;
    newWeight.f32[i] = limited(std::fma(-rate.f32[0], velocity, w.f32[i]), op.getLimit());
  }
  call.results.push_back(std::move(newWeight));
  return call.give(std::move(newVelocity));
}

static LogicalResult evaluate(AdamOp op, Call &call) {
  const HostTensor &w = call.of(op.getWeight()), &g = call.of(op.getGradient());
  const HostTensor &first = call.of(op.getFirst()), &second = call.of(op.getSecond());
  const HostTensor &rate = call.of(op.getRate()), &correction = call.of(op.getCorrection());
  if (failed(call.check(g.shape == w.shape && first.shape == w.shape && second.shape == w.shape &&
                            rate.f32.size() == 1 && correction.f32.size() == 2,
                        "takes weight, gradient and moments of one shape, one rate and two corrections")))
    return failure();
  float b1 = op.getBeta1().convertToFloat(), b2 = op.getBeta2().convertToFloat();
  float epsilon = op.getEpsilon().convertToFloat();
  HostTensor newWeight = w.offGrid(), newFirst = w.offGrid(), newSecond = w.offGrid();
  for (std::size_t i = 0; i < w.f32.size(); ++i) {
    float m = std::fma(b1, first.f32[i], (1.0f - b1) * g.f32[i]);
    float v = std::fma(b2, second.f32[i], (1.0f - b2) * (g.f32[i] * g.f32[i]));
    float step = (rate.f32[0] * (m * correction.f32[0])) / (std::sqrt(v * correction.f32[1]) + epsilon);
    newFirst.f32[i] = m;
    newSecond.f32[i] = v;
    newWeight.f32[i] = limited(w.f32[i] - step, op.getLimit());
  }
  call.results.push_back(std::move(newWeight));
  call.results.push_back(std::move(newFirst));
  return call.give(std::move(newSecond));
}

Outcome evaluateTraining(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<ObserveRangeOp, BatchNormTrainOp, BatchNormGradOp, WindowGradOp, ReluGradOp, MaxPool2dGradOp,
            AvgPool2dGradOp, SoftmaxGradOp, SoftmaxCrossEntropyGradOp, SumRowsOp, CountCorrectOp, SgdOp, AdamOp>(
          [&](auto op) -> Outcome {
            // Labels are the only operands without real values; checkLabels looks at them.
            bool hasLabels = isa<CountCorrectOp, SoftmaxCrossEntropyGradOp>(call.op);
            for (const HostTensor *operand : call.operands)
              if (failed(call.check(hasLabels || operand->f32.size() == operand->size(),
                                    "takes operands with real values")))
                return failure();
            return evaluate(op, call);
          })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
