// Layers off the grid: normalisation, elementwise ops, average pooling, softmax and the loss.
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {

/// function(x) for each element.
template <typename Function>
static HostTensor mapped(const HostTensor &x, Function function) {
  HostTensor y = x.offGrid();
  for (float &v : y.f32)
    v = function(v);
  return y;
}

static LogicalResult evaluate(BatchNormOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput()), &gamma = call.of(op.getGamma()), &beta = call.of(op.getBeta());
  const HostTensor &mean = call.of(op.getMean()), &variance = call.of(op.getVariance());
  float epsilon = op.getEpsilon().convertToFloat();
  HostTensor y = x.offGrid();
  for (std::size_t i = 0; i < y.f32.size(); ++i) {
    std::size_t c = i % x.lastSize();
    float invStd = 1.0f / std::sqrt(variance.f32[c] + epsilon);
    y.f32[i] = std::fma((x.f32[i] - mean.f32[c]) * invStd, gamma.f32[c], beta.f32[c]);
  }
  return call.give(std::move(y));
}

/// rhs has lhs's shape, one value per index of the last dimension, or one value.
template <typename Op, typename Function>
static LogicalResult evaluateBinary(Op op, Call &call, Function function) {
  const HostTensor &a = call.of(op.getLhs()), &b = call.of(op.getRhs());
  bool byChannel = b.shape.size() == 1 && b.size() == a.lastSize();
  if (failed(call.check(a.shape == b.shape || byChannel || b.size() == 1, "has operands of different sizes")))
    return failure();
  HostTensor y = a.offGrid();
  for (std::size_t i = 0; i < y.f32.size(); ++i)
    y.f32[i] = function(a.f32[i], b.f32[a.shape == b.shape ? i : i % b.size()]);
  return call.give(std::move(y));
}
static LogicalResult evaluate(AddOp op, Call &call) {
  return evaluateBinary(op, call, [](float a, float b) { return a + b; });
}
static LogicalResult evaluate(MulOp op, Call &call) {
  return evaluateBinary(op, call, [](float a, float b) { return a * b; });
}

static LogicalResult evaluate(ReluOp op, Call &call) {
  return call.give(mapped(call.of(op.getInput()), [](float v) { return relu(v); }));
}

static LogicalResult evaluate(ClipOp op, Call &call) {
  float lo = op.getLo().convertToFloat(), hi = op.getHi().convertToFloat();
  return call.give(mapped(call.of(op.getInput()), [=](float v) { return clampFloat(v, lo, hi); }));
}

/// R7.4 for a grid, else R9.5. Each window lies in one channel.
static LogicalResult giveAverages(Call &call, Value input, const Windows &windows, std::vector<int64_t> shape) {
  const HostTensor &x = call.of(input);
  bool isExact = gridTypeOf(input.getType()) && x.grid;
  if (failed(call.check(x.f32.size() == x.size(), "takes f32 or quantised values")) ||
      failed(
          call.check(!isExact || x.grid->axis < 0 || x.grid->axis == 3, "needs one scale per tensor or per channel")))
    return failure();
  std::vector<float> averages, values;
  windows.forEach(x.shape, [&](std::size_t, ArrayRef<std::size_t> taps) {
    if (isExact) {
      std::size_t c = ChannelIndex(x.shape, x.grid->axis)(taps.empty() ? 0 : taps.front());
      int64_t sum = 0;
      for (std::size_t tap : taps)
        sum += x.ints[tap] - x.grid->zeros[c];
      averages.push_back(averageOfGrid(sum, x.grid->scales[c], static_cast<int64_t>(taps.size())));
      return;
    }
    values.clear();
    for (std::size_t tap : taps)
      values.push_back(x.f32[tap]);
    averages.push_back(averageOfTaps(values));
  });
  return call.give(HostTensor::ofFloats(std::move(shape), std::move(averages)));
}

static LogicalResult evaluate(AvgPool2dOp op, Call &call) {
  Windows windows{op.getWindow(), op.getStrides()};
  return giveAverages(call, op.getInput(), windows, windows.outputShape(call.of(op.getInput()).shape));
}

// One window as large as the image.
static LogicalResult evaluate(GlobalAvgPoolOp op, Call &call) {
  const std::vector<int64_t> &shape = call.of(op.getInput()).shape;
  if (failed(call.check(shape[1] > 0 && shape[2] > 0, "has an empty image")))
    return failure();
  int64_t size[] = {shape[1], shape[2]};
  return giveAverages(call, op.getInput(), {size, size}, {shape[0], shape[3]});
}

static LogicalResult evaluate(SoftmaxOp op, Call &call) {
  HostTensor y = call.of(op.getInput()).offGrid();
  std::size_t n = y.lastSize();
  for (std::size_t row = 0; row < y.f32.size(); row += n)
    softmax(std::vector<float>(&y.f32[row], &y.f32[row] + n), {&y.f32[row], n});
  return call.give(std::move(y));
}

LogicalResult checkLabels(const Call &call, const HostTensor &logits, const HostTensor &labels) {
  if (failed(call.check(logits.shape.size() == 2 && logits.f32.size() == logits.size(), "takes logits [N, classes]")) ||
      failed(call.check(labels.shape.size() == 1 && labels.f32.empty() && labels.shape[0] == logits.shape[0],
                        "takes one i32 label for each row of the logits")))
    return failure();
  for (auto [row, label] : llvm::enumerate(labels.ints))
    if (label < 0 || label >= logits.shape[1])
      return call.op->emitOpError("has the label ")
             << label << " in row " << row << " for " << logits.shape[1] << " classes";
  return success();
}

static LogicalResult evaluate(SoftmaxCrossEntropyOp op, Call &call) {
  const HostTensor &logits = call.of(op.getLogits()), &labels = call.of(op.getLabels());
  if (failed(checkLabels(call, logits, labels)))
    return failure();
  std::size_t rows = labels.size(), classes = logits.lastSize();
  std::vector<float> losses;
  losses.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row)
    losses.push_back(crossEntropy({&logits.f32[row * classes], classes}, static_cast<std::size_t>(labels.ints[row])));
  return call.give(HostTensor::scalar(rowSum(losses) / static_cast<float>(rows)));
}

Outcome evaluateLayer(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<BatchNormOp, AddOp, MulOp, ReluOp, ClipOp, AvgPool2dOp, GlobalAvgPoolOp, SoftmaxOp, SoftmaxCrossEntropyOp>(
          [&](auto op) { return evaluate(op, call); })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
