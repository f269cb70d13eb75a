// Ops that move elements and keep the grid: reshape, slice, concat, pad, max_pool2d (R7).
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {

std::vector<int64_t> Windows::outputShape(ArrayRef<int64_t> input) const {
  return {input[0], windowOutput(input[1], top, bottom, size[0], strides[0]),
          windowOutput(input[2], left, right, size[1], strides[1]), input[3]};
}

void Windows::forEach(ArrayRef<int64_t> input, function_ref<void(std::size_t, ArrayRef<std::size_t>)> visit) const {
  std::vector<int64_t> output = outputShape(input);
  std::size_t number = 0;
  SmallVector<std::size_t> taps;
  for (int64_t n = 0; n < output[0]; ++n)
    for (int64_t oy = 0; oy < output[1]; ++oy)
      for (int64_t ox = 0; ox < output[2]; ++ox)
        for (int64_t c = 0; c < output[3]; ++c) {
          taps.clear();
          for (int64_t ky = 0; ky < size[0]; ++ky)
            for (int64_t kx = 0; kx < size[1]; ++kx) {
              int64_t iy = oy * strides[0] + ky - top, ix = ox * strides[1] + kx - left;
              if (iy >= 0 && iy < input[1] && ix >= 0 && ix < input[2])
                taps.push_back(static_cast<std::size_t>(((n * input[1] + iy) * input[2] + ix) * input[3] + c));
            }
          visit(number++, taps);
        }
}

/// The elements of `source` with these numbers, real values and integers alike. The grid stays unless its scales belong
/// to a dimension that changed.
static HostTensor gather(const HostTensor &source, std::vector<int64_t> shape, ArrayRef<std::size_t> elements) {
  HostTensor result;
  for (std::size_t i : elements) {
    if (!source.f32.empty())
      result.f32.push_back(source.f32[i]);
    if (!source.ints.empty())
      result.ints.push_back(source.ints[i]);
  }
  result.shape = std::move(shape);
  result.grid = source.grid;
  if (source.grid && source.grid->axis >= 0) {
    auto axis = static_cast<std::size_t>(source.grid->axis);
    if (source.shape.size() != result.shape.size() || source.shape[axis] != result.shape[axis])
      return result.offGrid();
  }
  return result;
}

/// Numbers of the elements of the box of `shape` at `offset` inside a tensor of shape `whole`, in row-major order of
/// the box.
static std::vector<std::size_t> boxElements(ArrayRef<int64_t> whole, ArrayRef<int64_t> offset,
                                            ArrayRef<int64_t> shape) {
  std::vector<std::size_t> elements{0};
  for (std::size_t d = 0; d < whole.size(); ++d) {
    std::vector<std::size_t> next;
    for (std::size_t outer : elements)
      for (int64_t i = 0; i < shape[d]; ++i)
        next.push_back(outer * static_cast<std::size_t>(whole[d]) + static_cast<std::size_t>(offset[d] + i));
    elements = std::move(next);
  }
  return elements;
}

static LogicalResult evaluate(ReshapeOp op, Call &call) {
  HostTensor x = call.of(op.getInput());
  int64_t rest = 1;
  for (int64_t d : call.resultType().getShape())
    rest *= ShapedType::isDynamic(d) ? 1 : d;
  x.shape = call.resultShape(rest ? static_cast<int64_t>(x.size()) / rest : x.shape.empty() ? 0 : x.shape[0]);
  if (x.grid && x.grid->axis >= 0)
    return call.give(x.offGrid());
  return call.give(std::move(x));
}

static LogicalResult evaluate(SliceOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  ArrayRef<int64_t> offsets = op.getOffsets();
  bool fits = offsets.size() == x.shape.size() && call.resultType().getRank() == static_cast<int64_t>(x.shape.size());
  std::vector<int64_t> shape = call.resultShape(fits && !x.shape.empty() ? x.shape[0] - offsets[0] : 0);
  for (std::size_t d = 0; fits && d < shape.size(); ++d)
    fits = offsets[d] >= 0 && shape[d] >= 0 && offsets[d] + shape[d] <= x.shape[d];
  if (failed(call.check(fits, "reaches outside its input")))
    return failure();
  return call.give(gather(x, shape, boxElements(x.shape, offsets, shape)));
}

static LogicalResult evaluate(ConcatOp op, Call &call) {
  auto axis = static_cast<std::size_t>(op.getAxis());
  auto runsAlongScales = [&](const HostGrid &grid) { return grid.axis == static_cast<int64_t>(axis); };
  HostTensor result = call.of(op.getInputs().front());
  result.shape[axis] = 0;
  bool sameGrid = result.grid && !runsAlongScales(*result.grid);
  for (Value input : op.getInputs()) {
    const HostTensor &x = call.of(input);
    sameGrid = sameGrid && x.grid == result.grid;
    for (std::size_t d = 0; d < x.shape.size(); ++d)
      if (failed(call.check(d == axis || x.shape[d] == result.shape[d], "has operands of different sizes")))
        return failure();
    result.shape[axis] += x.shape[axis];
  }
  result.f32.assign(result.f32.empty() ? 0 : result.size(), 0.0f);
  result.ints.assign(result.ints.empty() ? 0 : result.size(), 0);
  std::vector<int64_t> offset(result.shape.size(), 0);
  for (Value input : op.getInputs()) {
    const HostTensor &x = call.of(input);
    for (auto [from, to] : llvm::enumerate(boxElements(result.shape, offset, x.shape))) {
      if (!result.f32.empty())
        result.f32[to] = x.f32[from];
      if (!result.ints.empty() && !x.ints.empty())
        result.ints[to] = x.ints[from];
    }
    offset[axis] += x.shape[axis];
  }
  return call.give(result.grid && !sameGrid ? result.offGrid() : result);
}

/// The integer of a pad value, which the verifier has found on the grid. 0 is the zero point.
static int64_t padInteger(const HostGrid &grid, std::size_t channel, float value) {
  return grid.zeros[channel] + static_cast<int64_t>(roundHalfEven(value / grid.scales[channel]));
}

static LogicalResult evaluate(PadOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  float value = op.getValue().convertToFloat();
  HostTensor result = x;
  for (std::size_t d = 0; d < x.shape.size(); ++d)
    result.shape[d] += op.getLow()[d] + op.getHigh()[d];
  bool keepsGrid = x.grid && gridTypeOf(call.resultType());
  if (x.grid && !keepsGrid)
    result = HostTensor::ofFloats(result.shape, x.f32);
  ChannelIndex channel(result.shape, keepsGrid ? *x.grid : HostGrid{});
  if (!x.f32.empty())
    result.f32.assign(result.size(), value);
  if (!result.ints.empty()) {
    result.ints.assign(result.size(), static_cast<int64_t>(value));
    for (std::size_t i = 0; keepsGrid && i < result.ints.size(); ++i)
      result.ints[i] = padInteger(*x.grid, channel(i), value);
  }
  for (auto [from, to] : llvm::enumerate(boxElements(result.shape, op.getLow(), x.shape))) {
    if (!x.f32.empty())
      result.f32[to] = x.f32[from];
    if (!result.ints.empty())
      result.ints[to] = x.ints[from];
  }
  if (keepsGrid)
    return call.give(HostTensor::onGrid(result.shape, std::move(result.ints), *x.grid));
  return call.give(std::move(result));
}

static LogicalResult evaluate(MaxPool2dOp op, Call &call) {
  const HostTensor &x = call.of(op.getInput());
  PaddingAttr p = op.getPadding();
  Windows windows{op.getWindow(), op.getStrides(), p.getTop(), p.getLeft(), p.getBottom(), p.getRight()};
  // The integers have the order of the real values, but not across rows or columns with scales of their own.
  bool byInteger = !x.ints.empty() && (!x.grid || (x.grid->axis != 1 && x.grid->axis != 2));
  if (failed(call.check(x.shape[1] > 0 && x.shape[2] > 0, "has an empty image")))
    return failure();
  std::vector<std::size_t> largest;
  windows.forEach(x.shape, [&](std::size_t, ArrayRef<std::size_t> taps) {
    std::size_t best = taps.empty() ? 0 : taps.front();
    for (std::size_t tap : taps)
      if (byInteger ? x.ints[tap] > x.ints[best] : x.f32[tap] > x.f32[best])
        best = tap;
    largest.push_back(best);
  });
  return call.give(gather(x, windows.outputShape(x.shape), largest));
}

Outcome evaluateMovement(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<ReshapeOp, SliceOp, ConcatOp, PadOp, MaxPool2dOp>([&](auto op) { return evaluate(op, call); })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
