// Gradients of the contractions (R9.1, R9.2). They work on the real values of their operands, grid or not.
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {

/// A convolution seen from its gradients: x [N, H, W, C], w [O, KH, KW, CG], dy [N, OH, OW, O].
struct ConvGradient {
  ArrayRef<int64_t> x, w, dy, strides, dilations;
  PaddingAttr padding;
  int64_t groups;

  bool fits() const {
    return x.size() == 4 && w.size() == 4 && dy.size() == 4 && strides.size() == 2 && strides[0] >= 1 &&
           strides[1] >= 1 && dilations.size() == 2 && dilations[0] >= 1 && dilations[1] >= 1 && groups >= 1 &&
           w[3] * groups == x[3] && w[0] % groups == 0 && x[0] == dy[0] && w[0] == dy[3] &&
           dy[1] == windowOutput(x[1], padding.getTop(), padding.getBottom(), w[1], strides[0], dilations[0]) &&
           dy[2] == windowOutput(x[2], padding.getLeft(), padding.getRight(), w[2], strides[1], dilations[1]);
  }
};

static std::size_t at(ArrayRef<int64_t> shape, int64_t a, int64_t b, int64_t c, int64_t d) {
  return static_cast<std::size_t>(((a * shape[1] + b) * shape[2] + c) * shape[3] + d);
}

// dx is the convolution of dy with the flipped kernel. For strides above 1, dy is spread with +0 between its elements,
// which are multiplied as any other tap; taps outside the spread image are skipped.
static LogicalResult evaluate(Conv2dGradInputOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &w = call.of(op.getWeight());
  std::vector<int64_t> shape = call.resultShape(dy.shape.empty() ? 0 : dy.shape[0]);
  PaddingAttr p = op.getPadding();
  ConvGradient g{shape, w.shape, dy.shape, op.getStrides(), op.getDilations(), p, static_cast<int64_t>(op.getGroups())};
  if (failed(call.check(g.fits(), "has shapes that do not fit a convolution")))
    return failure();

  std::vector<int64_t> spreadShape{g.dy[0], (g.dy[1] - 1) * g.strides[0] + 1, (g.dy[2] - 1) * g.strides[1] + 1,
                                   g.dy[3]};
  std::vector<float> spread(HostTensor::ofFloats(spreadShape, {}).size(), 0.0f);
  for (int64_t n = 0; n < g.dy[0]; ++n)
    for (int64_t y = 0; y < g.dy[1]; ++y)
      for (int64_t x = 0; x < g.dy[2]; ++x)
        for (int64_t o = 0; o < g.dy[3]; ++o)
          spread[at(spreadShape, n, y * g.strides[0], x * g.strides[1], o)] = dy.f32[at(g.dy, n, y, x, o)];

  int64_t kh = g.w[1], kw = g.w[2], cg = g.w[3], outputs = g.w[0] / g.groups;
  std::vector<float> dx;
  for (int64_t n = 0; n < g.x[0]; ++n)
    for (int64_t y = 0; y < g.x[1]; ++y)
      for (int64_t x = 0; x < g.x[2]; ++x)
        for (int64_t c = 0; c < g.x[3]; ++c) {
          float acc = 0.0f;
          for (int64_t ky = 0; ky < kh; ++ky)
            for (int64_t kx = 0; kx < kw; ++kx) {
              int64_t sy = y + p.getTop() - (kh - 1 - ky) * g.dilations[0],
                      sx = x + p.getLeft() - (kw - 1 - kx) * g.dilations[1];
              if (sy < 0 || sy >= spreadShape[1] || sx < 0 || sx >= spreadShape[2])
                continue;
              for (int64_t o = c / cg * outputs; o < (c / cg + 1) * outputs; ++o)
                acc = std::fma(spread[at(spreadShape, n, sy, sx, o)],
                               w.f32[at(g.w, o, kh - 1 - ky, kw - 1 - kx, c % cg)], acc);
            }
          dx.push_back(acc);
        }
  return call.give(HostTensor::ofFloats(std::move(shape), std::move(dx)));
}

// dw[o, ky, kx, c] is the sum over the rows r = (n, y, x) of dy[r, o] * (the tap of row r), in blocks of 256 rows. A
// padded tap has its padding value, 0 too, and is multiplied.
static LogicalResult evaluate(Conv2dGradWeightOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  std::vector<int64_t> shape = call.resultShape(0);
  PaddingAttr p = op.getPadding();
  ConvGradient g{x.shape, shape, dy.shape, op.getStrides(), op.getDilations(), p, static_cast<int64_t>(op.getGroups())};
  if (failed(call.check(g.fits(), "has shapes that do not fit a convolution")))
    return failure();

  float padded = p.getValue() == PadValue::Zero ? 0.0f : p.getValue() == PadValue::PlusOne ? 1.0f : -1.0f;
  std::vector<std::vector<float>> gradients = columnsOf(dy.f32, static_cast<std::size_t>(g.dy[3]));
  HostTensor dw = HostTensor::ofFloats(shape, {});
  dw.f32.resize(dw.size());
  int64_t cg = g.w[3], outputs = g.w[0] / g.groups;
  std::vector<float> taps;
  for (int64_t ky = 0; ky < g.w[1]; ++ky)
    for (int64_t kx = 0; kx < g.w[2]; ++kx)
      for (int64_t c = 0; c < g.x[3]; ++c) {
        taps.clear();
        for (int64_t n = 0; n < g.dy[0]; ++n)
          for (int64_t oy = 0; oy < g.dy[1]; ++oy)
            for (int64_t ox = 0; ox < g.dy[2]; ++ox) {
              int64_t iy = oy * g.strides[0] + ky * g.dilations[0] - p.getTop(),
                      ix = ox * g.strides[1] + kx * g.dilations[1] - p.getLeft();
              bool valid = iy >= 0 && iy < g.x[1] && ix >= 0 && ix < g.x[2];
              taps.push_back(valid ? x.f32[at(g.x, n, iy, ix, c)] : padded);
            }
        for (int64_t o = c / cg * outputs; o < (c / cg + 1) * outputs; ++o)
          dw.f32[at(g.w, o, ky, kx, c % cg)] = rowDot(gradients[static_cast<std::size_t>(o)], taps);
      }
  return call.give(std::move(dw));
}

static LogicalResult evaluate(LinearGradInputOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &w = call.of(op.getWeight());
  if (failed(call.check(dy.shape.size() == 2 && w.shape.size() == 2 && dy.shape[1] == w.shape[0],
                        "takes a gradient [N, O] and weights [O, I]")))
    return failure();
  std::vector<std::vector<float>> weights = columnsOf(w.f32, w.lastSize());
  std::vector<float> dx;
  for (std::size_t row = 0, o = dy.lastSize(); row < dy.f32.size(); row += o)
    for (const std::vector<float> &column : weights)
      dx.push_back(contract({&dy.f32[row], o}, column));
  return call.give(HostTensor::ofFloats({dy.shape[0], w.shape[1]}, std::move(dx)));
}

static LogicalResult evaluate(LinearGradWeightOp op, Call &call) {
  const HostTensor &dy = call.of(op.getGradient()), &x = call.of(op.getInput());
  if (failed(call.check(dy.shape.size() == 2 && x.shape.size() == 2 && dy.shape[0] == x.shape[0],
                        "takes a gradient [N, O] and an input [N, I]")))
    return failure();
  std::vector<std::vector<float>> gradients = columnsOf(dy.f32, dy.lastSize()), inputs = columnsOf(x.f32, x.lastSize());
  std::vector<float> dw;
  for (const std::vector<float> &gradient : gradients)
    for (const std::vector<float> &input : inputs)
      dw.push_back(rowDot(gradient, input));
  return call.give(HostTensor::ofFloats({dy.shape[1], x.shape[1]}, std::move(dw)));
}

Outcome evaluateContractionGradient(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<Conv2dGradInputOp, Conv2dGradWeightOp, LinearGradInputOp, LinearGradWeightOp>([&](auto op) -> Outcome {
        for (const HostTensor *operand : call.operands)
          if (failed(call.check(operand->f32.size() == operand->size(), "takes operands with real values")))
            return failure();
        return evaluate(op, call);
      })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
