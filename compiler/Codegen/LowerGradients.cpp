// Gradients of contractions, pools, quantisers and elementwise ops.
#include "compiler/Codegen/Lowering.h"

using namespace mlir;

namespace nibble::codegen {

static float asFloat(const llvm::APFloat &v) { return v.convertToFloat(); }

/// Weights [C][KH][KW] of a depthwise convolution as [KH'][KW'][C] of the convolution that gives dX from dY (R9.8).
Buffer Lowering::flippedDepthwise(const std::string &name, Location loc, const Buffer &weights, int64_t taps,
                                  int64_t channels) {
  Buffer out = emitter->arena(name, Elem::F32, taps * channels);
  emitter->region(
      name, loc, [&](Code &c, Value) { return c.idx(taps); },
      [&](Region &r) {
        r.loop(r.begin, r.end, 1, [&](Value tap) {
          r.loop(r.idx(0), r.idx(channels), 1, [&](Value c) {
            Value from = r.add(r.mul(c, taps), r.sub(r.idx(taps - 1), tap));
            r.store(r.load(r.ref(weights), from), r.ref(out), r.add(r.mul(tap, channels), c));
          });
        });
      });
  return out;
}

LogicalResult Lowering::lowerGradientOp(Operation *op) {
  std::string name = nameOf(op);
  Location loc = op->getLoc();
  using R = Region;
  // gradient where `pass`, else 0.
  auto masked = [](R &r, Value pass, Value dy) { return r.select(pass, dy, r.cf(0, Code::widthOf(dy))); };
  // Keeps windows of a larger gradient buffer: the shape of the convolution that gives dX from dY.
  auto gradInput = [&](Conv2dGradInputOp op) -> LogicalResult {
    Value dy = op.getGradient(), w = op.getWeight(), dx = op.getResult();
    const ConvShape whole = convShape(op, dx, w, dy);
    const int64_t O = whole.O, C = whole.C, KH = whole.KH, KW = whole.KW, groups = whole.groups;
    Buffer g = realBuffer(dy);
    int64_t H = whole.OH, W = whole.OW;
    if (whole.SH != 1 || whole.SW != 1) {
      // Spread dY with zeros between its rows and columns (R9.8).
      int64_t SH = (H - 1) * whole.SH + 1, SW = (W - 1) * whole.SW + 1;
      Buffer spread = emitter->arena(name + ".spread", Elem::F32, batch * SH * SW * O);
      fill(name + ".zero", loc, spread, SH * SW, O, 0, 0, true);
      emitter->region(
          name + ".spread", loc, [&](Code &c, Value n) { return c.mul(n, H * W); },
          [&](R &r) {
            r.loop(r.begin, r.end, 1, [&](Value i) {
              Value image = r.div(i, H * W), rest = r.rem(i, H * W), y = r.div(rest, W), x = r.rem(rest, W);
              Value to = r.mul(r.add(r.mul(r.add(r.mul(image, SH), r.mul(y, whole.SH)), SW), r.mul(x, whole.SW)), O),
                    from = r.mul(i, O);
              r.loop(r.idx(0), r.idx(O), 1,
                     [&](Value o) { r.store(r.load(r.ref(g), r.add(from, o)), r.ref(spread), r.add(to, o)); });
            });
          });
      g = spread, H = SH, W = SW;
    }
    ConvShape forward{0, 0, C, O, KH, KW, 0, 0, 1, 1, 0, 0, groups};
    ConvShape s{.H = H,
                .W = W,
                .C = O,
                .O = C,
                .KH = KH,
                .KW = KW,
                .OH = whole.H,
                .OW = whole.W,
                .SH = 1,
                .SW = 1,
                .PT = whole.reachY() - 1 - whole.PT,
                .PL = whole.reachX() - 1 - whole.PL,
                .groups = groups,
                .DH = whole.DH,
                .DW = whole.DW};
    if (!s.isDepthwise() && failed(checkWindows(op, s)))
      return failure();
    ContractionOperands ops;
    ops.input = g;
    if (s.isDepthwise())
      ops.weights = flippedDepthwise(name + ".weights", loc, realBuffer(w), KH * KW, C);
    else
      ops.weights = packF32Weights(*emitter, name + ".weights", loc, forward, real(w), true);
    define(dx, true);
    Buffer out = place(dx, Elem::F32);
    if (s.isDepthwise())
      emitDepthwise(*emitter, name, loc, s, ops, Epilogue(), out, true, tile.rows);
    else
      emitContraction(*emitter, name, loc, s, ops, Epilogue(), out, true, tile);
    get(dx).real = out;
    return success();
  };
  auto weightGradient = [&](Value dy, const Expr &x, Value dw, const ConvShape &s) {
    define(dw, false);
    Buffer sum = s.groups == 1 ? gradWeight(*emitter, name, loc, s, batch, realBuffer(dy), x, tile.rows)
                               : gradWeightGrouped(*emitter, name, loc, s, batch, realBuffer(dy), x);
    if (assigned.count(dw)) {
      get(dw).realExpr = leaf(sum);
      realBuffer(dw);
    } else {
      get(dw).real = sum;
    }
  };
  auto pool = [&](RankedTensorType x, RankedTensorType y, ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                  int64_t top, int64_t left) {
    return PoolShape{x.getDimSize(1),
                     x.getDimSize(2),
                     x.getDimSize(3),
                     y.getDimSize(1),
                     y.getDimSize(2),
                     window[0],
                     window[1],
                     strides[0],
                     strides[1],
                     top,
                     left};
  };

  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](Conv2dGradInputOp c) -> LogicalResult { return gradInput(c); })
      .Case([&](Conv2dGradWeightOp c) -> LogicalResult {
        ConvShape s = convShape(c, c.getInput(), c.getResult(), c.getGradient());
        constexpr int64_t mostTaps = 4096; // Each has code of its own.
        if (s.KH * s.KW > mostTaps)
          return op->emitOpError("has a window of ") << s.KH * s.KW << " taps, and code for at most " << mostTaps;
        PadValue padding = c.getPadding().getValue();
        if (padding == PadValue::Zero) {
          weightGradient(c.getGradient(), real(c.getInput()), c.getResult(), s);
          return success();
        }
        // Padded taps are inputs of +1 or -1 here.
        Buffer bordered = withBorder(name + ".padded", loc, realBuffer(c.getInput()), batch, s,
                                     padding == PadValue::PlusOne ? 1.0f : -1.0f, true);
        s.H = s.paddedHeight(), s.W = s.paddedWidth(), s.PT = s.PL = 0;
        weightGradient(c.getGradient(), leaf(bordered), c.getResult(), s);
        return success();
      })
      .Case([&](LinearGradInputOp l) -> LogicalResult {
        auto w = cast<RankedTensorType>(l.getWeight().getType());
        int64_t O = w.getDimSize(0), I = w.getDimSize(1);
        ConvShape forward{1, 1, I, O, 1, 1, 1, 1, 1, 1, 0, 0, 1}, s{1, 1, O, I, 1, 1, 1, 1, 1, 1, 0, 0, 1};
        ContractionOperands ops;
        ops.input = realBuffer(l.getGradient());
        ops.weights = packF32Weights(*emitter, name + ".weights", loc, forward, real(l.getWeight()), true);
        define(l.getResult(), true);
        Buffer out = place(l.getResult(), Elem::F32);
        emitContraction(*emitter, name, loc, s, ops, Epilogue(), out, true, tile);
        get(l.getResult()).real = out;
        return success();
      })
      .Case([&](LinearGradWeightOp l) -> LogicalResult {
        auto w = cast<RankedTensorType>(l.getResult().getType());
        weightGradient(l.getGradient(), real(l.getInput()), l.getResult(),
                       {1, 1, w.getDimSize(1), w.getDimSize(0), 1, 1, 1, 1, 1, 1, 0, 0, 1});
        return success();
      })
      .Case([&](FakeQuantGradOp f) -> LogicalResult {
        QuantizerValues q =
            quantizerValues(op, f.getInput(), f.getRange(), f.getQuantizer(), f.getScales(), f.getZeroPoints());
        Expr t = map(real(f.getInput()), q.scales(), [](R &r, Value x, Value s) { return r.fdiv(x, s); });
        Expr zero = q.zero ? perColumn(q.zero) : constant(0);
        float qmin = static_cast<float>(q.qmin), qmax = static_cast<float>(q.qmax);
        Expr pass = map(t, zero, [=](R &r, Value t, Value z) {
          int64_t w = Code::widthOf(t);
          Value above = r.cmp(arith::CmpFPredicate::OGE, t, r.fsub(r.cf(qmin, w), z)),
                below = r.cmp(arith::CmpFPredicate::OLE, t, r.fsub(r.cf(qmax, w), z));
          return Value(arith::AndIOp::create(r, above, below));
        });
        setReal(f.getResult(), get(f.getInput()).batched, map(pass, real(f.getGradient()), masked));
        return success();
      })
      .Case([&](WindowGradOp w) -> LogicalResult {
        float lo = asFloat(w.getLo()), hi = asFloat(w.getHi());
        Expr pass = map(real(w.getInput()), [=](R &r, Value x) {
          int64_t n = Code::widthOf(x);
          return Value(arith::AndIOp::create(r, r.cmp(arith::CmpFPredicate::OGE, x, r.cf(lo, n)),
                                             r.cmp(arith::CmpFPredicate::OLE, x, r.cf(hi, n))));
        });
        setReal(w.getResult(), get(w.getInput()).batched, map(pass, real(w.getGradient()), masked));
        return success();
      })
      .Case([&](TernarizeGradOp t) -> LogicalResult {
        std::optional<Buffer> scale = ternaryScales(op, t.getInput(), t.getRule(), t.getAxis(), t.getScales());
        if (!scale)
          return failure();
        Expr s = t.getAxis() ? perRow(*scale) : perColumn(*scale);
        Expr pass = map(real(t.getInput()), s,
                        [](R &r, Value x, Value s) { return r.cmp(arith::CmpFPredicate::OLE, r.fabs(x), s); });
        setReal(t.getResult(), get(t.getInput()).batched, map(pass, real(t.getGradient()), masked));
        return success();
      })
      .Case([&](ReluGradOp g) -> LogicalResult {
        Expr pass = map(real(g.getInput()),
                        [](R &r, Value x) { return r.cmp(arith::CmpFPredicate::OGT, x, r.cf(0, Code::widthOf(x))); });
        setReal(g.getResult(), get(g.getInput()).batched, map(pass, real(g.getGradient()), masked));
        return success();
      })
      .Case([&](MaxPool2dGradOp p) -> LogicalResult {
        auto x = cast<RankedTensorType>(p.getInput().getType()), y = cast<RankedTensorType>(p.getGradient().getType());
        // Of a grid the integers order the taps as the values do, and are already in memory.
        Expr in = get(p.getInput()).grid ? ints(p.getInput()) : leaf(realBuffer(p.getInput()));
        define(p.getResult(), true);
        Buffer out = place(p.getResult(), Elem::F32);
        emitMaxPoolGrad(*emitter, name, loc,
                        pool(x, y, p.getWindow(), p.getStrides(), p.getPadding().getTop(), p.getPadding().getLeft()),
                        in, real(p.getGradient()), out, batch);
        get(p.getResult()).real = out;
        return success();
      })
      .Case([&](AvgPool2dGradOp p) -> LogicalResult {
        auto x = cast<RankedTensorType>(p.getResult().getType()), y = cast<RankedTensorType>(p.getGradient().getType());
        Expr dy = real(p.getGradient());
        define(p.getResult(), true);
        Buffer out = place(p.getResult(), Elem::F32);
        emitAvgPoolGrad(*emitter, name, loc, pool(x, y, p.getWindow(), p.getStrides(), 0, 0), dy, out, batch);
        get(p.getResult()).real = out;
        return success();
      })
      .Case([&](RequantizeGradOp g) -> LogicalResult {
        auto channels = [&](ArrayRef<float> v) {
          return v.size() == 1 ? constant(v[0]) : perColumn(emitter->constantF32(name + ".c", v));
        };
        Expr y = map(real(g.getInput()), channels(g.getMultiplier()), channels(g.getBias()),
                     [](R &r, Value a, Value m, Value b) { return r.fma(a, m, b); });
        if (Value res = g.getResidual()) {
          float factor = asFloat(*g.getResidualMultiplier());
          Expr x = gridTypeOf(res.getType()) ? ints(res) : real(res);
          y = map(x, y, [factor](R &r, Value x, Value y) {
            return r.fma(isa<FloatType>(getElementTypeOrSelf(x.getType())) ? x : r.toFloat(x),
                         r.cf(factor, Code::widthOf(y)), y);
          });
        }
        Expr pass = map(y, channels(g.getLo()), channels(g.getHi()), [](R &r, Value y, Value lo, Value hi) {
          return Value(arith::AndIOp::create(r, r.cmp(arith::CmpFPredicate::OGE, y, lo),
                                             r.cmp(arith::CmpFPredicate::OLE, y, hi)));
        });
        Expr scaled =
            map(real(g.getGradient()), channels(g.getFactors()), [](R &r, Value d, Value f) { return r.fmul(d, f); });
        setReal(g.getResult(), get(g.getInput()).batched, map(pass, scaled, masked));
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

} // namespace nibble::codegen
