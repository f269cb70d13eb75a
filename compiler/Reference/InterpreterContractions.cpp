// conv2d and linear (R7, R9.1).
#include "compiler/Reference/InterpreterOps.h"

#include <cmath>

using namespace mlir;

namespace nibble::reference {
namespace {

struct ConvShape {
  int64_t n, h, w, c;    // input
  int64_t o, kh, kw, cg; // weights; cg = c / groups
  int64_t oh, ow;        // output
  int64_t strideY, strideX, dilationY, dilationX, top, left;
  int64_t outputsPerGroup;
};

/// sum over (ky, kx, c) in this order of step(acc, x, w), from 0. Padded taps are skipped, or have the value `padded`.
template <typename Acc, typename Value, typename Step>
std::vector<Acc> sumTaps(const ConvShape &s, const std::vector<Value> &x, const std::vector<Value> &w,
                         std::optional<Value> padded, Step step) {
  std::vector<Acc> result;
  result.reserve(static_cast<std::size_t>(s.n * s.oh * s.ow * s.o));
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t oy = 0; oy < s.oh; ++oy)
      for (int64_t ox = 0; ox < s.ow; ++ox)
        for (int64_t o = 0; o < s.o; ++o) {
          Acc acc = 0;
          int64_t firstChannel = o / s.outputsPerGroup * s.cg;
          for (int64_t ky = 0; ky < s.kh; ++ky)
            for (int64_t kx = 0; kx < s.kw; ++kx) {
              int64_t iy = oy * s.strideY + ky * s.dilationY - s.top, ix = ox * s.strideX + kx * s.dilationX - s.left;
              bool valid = iy >= 0 && iy < s.h && ix >= 0 && ix < s.w;
              if (!valid && !padded)
                continue;
              const Value *tap = valid ? &x[((n * s.h + iy) * s.w + ix) * s.c + firstChannel] : nullptr;
              const Value *weight = &w[((o * s.kh + ky) * s.kw + kx) * s.cg];
              for (int64_t c = 0; c < s.cg; ++c)
                acc = step(acc, valid ? tap[c] : *padded, weight[c]);
            }
          result.push_back(acc);
        }
  return result;
}

/// q - z, by channel.
std::vector<int64_t> lessZeroPoint(const HostTensor &t) {
  ChannelIndex channel(t.shape, *t.grid);
  std::vector<int64_t> v(t.ints.size());
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] = t.ints[i] - t.grid->zeros[channel(i)];
  return v;
}

/// The sum of a group: integers of two grids, or f32 where the input has none.
FailureOr<float> groupSum(const Call &call, ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  int64_t acc = 0;
  for (auto [x, q] : llvm::zip_equal(a, b))
    acc += x * q;
  if (acc < INT32_MIN || acc > INT32_MAX)
    return call.op->emitOpError("has the accumulator ") << acc << ", which does not fit i32 (R5)";
  return static_cast<float>(acc);
}
FailureOr<float> groupSum(const Call &, ArrayRef<float> a, ArrayRef<int64_t> b) {
  float acc = 0.0f;
  for (auto [x, q] : llvm::zip_equal(a, b))
    acc = std::fma(x, static_cast<float>(q), acc);
  return acc;
}

/// R7.5: v = fma(f32(acc_g), sx * sw[o, g], v) over the groups of k in order, from +0. Windows are one pixel.
template <typename Input>
FailureOr<HostTensor> convolveGroups(const Call &call, const ConvShape &s, const std::vector<Input> &a, float sx,
                                     const HostTensor &w) {
  const int64_t group = w.grid->group, groups = s.cg / group;
  if (s.kh != 1 || s.kw != 1 || s.cg != s.c || s.top || s.left || s.cg % group)
    return call.op->emitOpError("has group scales in a window of several pixels (R7.5)");
  const std::vector<int64_t> b = lessZeroPoint(w);
  std::vector<float> y;
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t oy = 0; oy < s.oh; ++oy)
      for (int64_t ox = 0; ox < s.ow; ++ox)
        for (int64_t o = 0; o < s.o; ++o) {
          ArrayRef<Input> pixel(&a[((n * s.h + oy * s.strideY) * s.w + ox * s.strideX) * s.c], s.c);
          ArrayRef<int64_t> row(&b[o * s.c], s.c);
          float v = 0.0f;
          for (int64_t g = 0; g < groups; ++g) {
            auto acc = groupSum(call, pixel.slice(g * group, group), row.slice(g * group, group));
            if (failed(acc))
              return failure();
            v = std::fma(*acc, sx * w.grid->scales[o * groups + g], v);
          }
          y.push_back(v);
        }
  return HostTensor::ofFloats({s.n, s.oh, s.ow, s.o}, std::move(y));
}

} // namespace

FailureOr<HostTensor> convolve(const Call &call, const HostTensor &x, const HostTensor &w, ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> dilations, PaddingAttr padding, int64_t groups, bool accumulate) {
  ConvShape s{
      x.shape[0], x.shape[1], x.shape[2], x.shape[3], w.shape[0],   w.shape[1],   w.shape[2],       w.shape[3],
      0,          0,          strides[0], strides[1], dilations[0], dilations[1], padding.getTop(), padding.getLeft(),
      0};
  bool fits = groups >= 1 && s.strideY >= 1 && s.strideX >= 1 && s.cg * groups == s.c && s.o % groups == 0;
  s.oh = fits ? windowOutput(s.h, s.top, padding.getBottom(), s.kh, s.strideY, s.dilationY) : 0;
  s.ow = fits ? windowOutput(s.w, s.left, padding.getRight(), s.kw, s.strideX, s.dilationX) : 0;
  if (s.oh < 1 || s.ow < 1)
    return call.op->emitOpError("has an input and weights that do not fit each other");
  s.outputsPerGroup = std::max<int64_t>(s.o / groups, 1);
  std::vector<int64_t> shape{s.n, s.oh, s.ow, s.o};
  int64_t sign = padding.getValue() == PadValue::MinusOne ? -1 : 1;
  bool isPadded = padding.getValue() != PadValue::Zero;

  if (w.grid && w.grid->group) {
    if (!x.grid)
      return convolveGroups(call, s, x.f32, 1.0f, w);
    if (x.grid->scales.size() != 1)
      return call.op->emitOpError("has an input with several scales (R7)");
    return convolveGroups(call, s, lessZeroPoint(x), x.grid->scales[0], w);
  }
  if (!x.grid || !w.grid) {
    if (accumulate)
      return call.op->emitOpError("gives integer accumulators only for operands on a grid");
    auto padded = isPadded ? std::optional<float>(sign) : std::nullopt;
    auto step = [](float acc, float a, float b) { return std::fma(a, b, acc); };
    return HostTensor::ofFloats(std::move(shape), sumTaps<float>(s, x.f32, w.f32, padded, step));
  }

  if (x.grid->scales.size() != 1 || (w.grid->scales.size() != 1 && w.grid->axis != 0))
    return call.op->emitOpError(
        "has a scale along its sum: activations need one scale, weights one per output channel (R7)");
  // A tap padded with zero is the zero point, which adds nothing.
  auto padded = isPadded ? std::optional<int64_t>(sign) : std::nullopt;
  auto step = [](int64_t acc, int64_t a, int64_t b) { return acc + a * b; };
  std::vector<int64_t> acc = sumTaps<int64_t>(s, lessZeroPoint(x), lessZeroPoint(w), padded, step);
  if (accumulate)
    return HostTensor::ofInts(std::move(shape), std::move(acc));
  std::vector<float> y(acc.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = contractionValue(acc[i], x.grid->scales[0], pick(w.grid->scales, i % shape[3]));
  return HostTensor::ofFloats(std::move(shape), std::move(y));
}

static LogicalResult evaluate(Conv2dOp op, Call &call) {
  auto y = convolve(call, call.of(op.getInput()), call.of(op.getWeight()), op.getStrides(), op.getDilations(),
                    op.getPadding(), op.getGroups(), call.resultType().getElementType().isInteger(32));
  return failed(y) ? failure() : call.give(std::move(*y));
}

// A convolution of a 1 x 1 image.
static LogicalResult evaluate(LinearOp op, Call &call) {
  HostTensor x = call.of(op.getInput()), w = call.of(op.getWeight());
  for (HostTensor *t : {&x, &w})
    t->shape = {t->shape[0], 1, 1, t->shape[1]};
  auto y = convolve(call, x, w, {1, 1}, {1, 1}, PaddingAttr::get(op.getContext(), 0, 0, 0, 0, PadValue::Zero), 1,
                    call.resultType().getElementType().isInteger(32));
  if (failed(y))
    return failure();
  y->shape = {y->shape[0], y->shape[3]};
  return call.give(std::move(*y));
}

Outcome evaluateContraction(Call &call) {
  return llvm::TypeSwitch<Operation *, Outcome>(call.op)
      .Case<Conv2dOp, LinearOp>([&](auto op) { return evaluate(op, call); })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace nibble::reference
