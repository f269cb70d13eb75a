// Graph ops in f32: contractions, normalisation and elementwise ops, requantisation.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Reference/Accumulator.h"

using namespace mlir;

namespace nibble::codegen {

static float asFloat(const llvm::APFloat &v) { return v.convertToFloat(); }

static ConvShape linearShape(RankedTensorType w) {
  return {1, 1, w.getDimSize(1), w.getDimSize(0), 1, 1, 1, 1, 1, 1, 0, 0, 1};
}

Buffer Lowering::groupScales(StringRef name, Location loc, const ConvShape &s, const Buffer &input,
                             const Buffer &weights, int64_t group) {
  const int64_t blocks = (s.O + tileColumns - 1) / tileColumns, groups = s.C / group;
  Buffer table = emitter->arena(name, Elem::F32, blocks * groups * tileColumns);
  emitter->region(
      name, loc, [&](Code &c, Value) { return c.idx(blocks * groups); },
      [&](Region &r) {
        Value sx = r.load(r.ref(input), r.idx(0));
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value first = r.mul(r.div(item, groups), tileColumns), g = r.rem(item, groups);
          r.loop(r.idx(0), r.idx(tileColumns), 1, [&](Value j) {
            // Behind the last channel its scale is repeated: nobody looks at what becomes of it.
            Value o = r.min(r.add(first, j), r.idx(s.O - 1));
            Value sw = r.load(r.ref(weights), r.add(r.mul(o, groups), g));
            r.store(r.fmul(sx, sw), r.ref(table), r.add(r.mul(item, tileColumns), j));
          });
        });
      });
  return table;
}

LogicalResult Lowering::lowerGroups(Operation *op, const ConvShape &s, Value x, Value w, int64_t group,
                                    ContractionOperands &ops) {
  auto weights = gridFacts(gridTypeOf(w.getType()));
  Type gx = gridTypeOf(x.getType());
  std::string name = nameOf(op) + ".scales";
  auto scaleOf = [&](Value v, const GridFacts &facts) {
    return get(v).scale ? get(v).scale : emitter->constantF32(name, {facts.scales.begin(), facts.scales.end()});
  };
  Buffer inputScale;
  if (gx) {
    auto input = gridFacts(gx);
    if (reference::exactChunk(input->maxMagnitude(), weights->maxMagnitude()) < group)
      return op->emitOpError("has sums of ")
             << group << " products of " << input->bits << " x " << weights->bits
             << " bits, which f32 cannot hold exactly; train with fewer bits or smaller groups";
    inputScale = scaleOf(x, *input);
    ops.input = gridBuffer(x);
    if (ops.input.elem != Elem::F32)
      return op->emitOpError("expects training integers in f32");
  } else {
    inputScale = emitter->constantF32(name, {1.0f});
    ops.input = realBuffer(x);
  }
  ops.group = group;
  ops.groupScales = groupScales(name, op->getLoc(), s, inputScale, scaleOf(w, *weights), group);
  return success();
}

LogicalResult Lowering::lowerContraction(Operation *op, ConvShape s, Value x, Value w, bool accumulate,
                                         PadValue padding) {
  Value y = op->getResult(0);
  std::string name = nameOf(op);
  LoweredValue &result = define(y, get(x).batched);
  bool batched = result.batched;
  Type gx = gridTypeOf(x.getType()), gw = gridTypeOf(w.getType());
  ContractionOperands ops;
  Epilogue e;
  Buffer out;
  // Without scales the type does not say that there are groups.
  const int64_t group = get(w).scaleGroup ? get(w).scaleGroup : gw && gridFacts(gw) ? gridFacts(gw)->group : 0;
  if (group) {
    if (failed(lowerGroups(op, s, x, w, group, ops)))
      return failure();
    out = place(y, Elem::F32);
  } else if (gx && gw) {
    auto fx = gridFacts(gx), fw = gridFacts(gw);
    ops.exactChunk = reference::exactChunk(fx->maxMagnitude(), fw->maxMagnitude());
    if (ops.exactChunk < 1)
      return op->emitOpError("has products of ")
             << fx->bits << " x " << fw->bits << " bits, which f32 cannot hold exactly; train with fewer bits";
    if (accumulate) {
      out = place(y, Elem::I32, ".acc");
    } else {
      e.kind = Epilogue::Kind::Scale;
      e.multiplier = emitter->arena(name + ".scale", Elem::F32, channelsOfConstants(s.O, s.groups));
      auto scaleOf = [&](LoweredValue &v, const GridFacts &f) {
        if (v.scale)
          return perColumn(v.scale);
        return f.scales.size() == 1 ? constant(f.scales[0])
                                    : perColumn(emitter->constantF32(
                                          name + ".scales", std::vector<float>(f.scales.begin(), f.scales.end())));
      };
      Expr product =
          map(scaleOf(get(x), *fx), scaleOf(get(w), *fw), [](Region &r, Value a, Value b) { return r.fmul(a, b); });
      product.flat = false;
      evaluate(*emitter, name + ".scales", op->getLoc(), {1, s.O, false}, {{product, e.multiplier}});
      out = place(y, Elem::F32);
    }
    ops.input = gridBuffer(x);
    if (ops.input.elem != Elem::F32)
      return op->emitOpError("expects training integers in f32");
  } else {
    ops.input = realBuffer(x);
    out = place(y, Elem::F32);
  }
  if (padding != PadValue::Zero && s.isPadded()) {
    ops.input = withBorder(name + ".padded", op->getLoc(), ops.input, batch, s,
                           padding == PadValue::PlusOne ? 1.0f : -1.0f, batched);
    s.H = s.paddedHeight(), s.W = s.paddedWidth(), s.PT = s.PL = 0;
  }
  if (s.isDepthwise()) {
    bool exact = ops.exactChunk > 0;
    auto toInt = [](Region &r, Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())) ? r.toInt(v) : v; };
    emitScalarConv(*emitter, name, op->getLoc(), s, exact ? map(leaf(ops.input), toInt, true) : leaf(ops.input),
                   exact ? map(ints(w), toInt, true) : real(w), e, out, batched);
  } else {
    Expr weights =
        ops.exactChunk || ops.group
            ? map(ints(w), [](Region &r,
                              Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())) ? v : r.toFloat(v); })
            : real(w);
    if (failed(checkWindows(op, s)))
      return failure();
    ops.weights = packF32Weights(*emitter, name + ".weights", op->getLoc(), s, weights, false);
    emitContraction(*emitter, name, op->getLoc(), s, ops, e, out, batched, tile);
  }
  (out.elem == Elem::I32 ? get(y).acc : get(y).real) = out;
  return success();
}

LogicalResult Lowering::lowerGraphOp(Operation *op) {
  using R = Region;
  auto batchedOf = [&](Value v) { return get(v).batched; };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](Conv2dOp c) -> LogicalResult {
        return lowerContraction(op, convShape(c, c.getInput(), c.getWeight(), c.getResult()), c.getInput(),
                                c.getWeight(), c.getAccumulate(), c.getPadding().getValue());
      })
      .Case([&](LinearOp l) -> LogicalResult {
        return lowerContraction(op, linearShape(cast<RankedTensorType>(l.getWeight().getType())), l.getInput(),
                                l.getWeight(), l.getAccumulate());
      })
      .Case<FakeQuantOp, SignOp, TernarizeOp>([&](auto) { return lowerQuantizer(op); })
      .Case([&](RequantizeOp r) -> LogicalResult { return lowerRequantize(r); })
      .Case([&](BatchNormOp b) -> LogicalResult {
        // inv = 1 / sqrt(variance + epsilon), one value per channel.
        float eps = asFloat(b.getEpsilon());
        int64_t channels = b.getVariance().getType().getDimSize(0);
        Buffer inv = emitter->arena(nameOf(op) + ".inv_std", Elem::F32, channels);
        Expr e = map(real(b.getVariance()), [eps](R &r, Value v) {
          int64_t w = Code::widthOf(v);
          return r.fdiv(r.cf(1, w), r.fsqrt(r.fadd(v, r.cf(eps, w))));
        });
        evaluate(*emitter, nameOf(op) + ".inv_std", op->getLoc(), {1, channels, false}, {{e, inv}});
        Expr hat = map(real(b.getInput()), perColumn(realBuffer(b.getMean())), perColumn(inv),
                       [](R &r, Value x, Value m, Value i) { return r.fmul(r.fsub(x, m), i); });
        setReal(b.getResult(), batchedOf(b.getInput()),
                map(hat, perColumn(realBuffer(b.getGamma())), perColumn(realBuffer(b.getBeta())),
                    [](R &r, Value h, Value g, Value c) { return r.fma(h, g, c); }));
        return success();
      })
      .Case([&](AddOp a) -> LogicalResult {
        setReal(a.getResult(), batchedOf(a.getLhs()),
                map(real(a.getLhs()), broadcastOperand(a.getLhs(), a.getRhs()),
                    [](R &r, Value x, Value y) { return r.fadd(x, y); }));
        return success();
      })
      .Case([&](MulOp m) -> LogicalResult {
        setReal(m.getResult(), batchedOf(m.getLhs()),
                map(real(m.getLhs()), broadcastOperand(m.getLhs(), m.getRhs()),
                    [](R &r, Value x, Value y) { return r.fmul(x, y); }));
        return success();
      })
      .Case([&](ReluOp a) -> LogicalResult {
        setReal(a.getResult(), batchedOf(a.getInput()), map(real(a.getInput()), [](R &r, Value x) {
                  Value zero = r.cf(0, Code::widthOf(x));
                  return r.select(r.cmp(arith::CmpFPredicate::OGT, x, zero), x, zero);
                }));
        return success();
      })
      .Case([&](ClipOp c) -> LogicalResult {
        float lo = asFloat(c.getLo()), hi = asFloat(c.getHi());
        setReal(c.getResult(), batchedOf(c.getInput()), map(real(c.getInput()), [=](R &r, Value x) {
                  int64_t w = Code::widthOf(x);
                  return r.fclamp(x, r.cf(lo, w), r.cf(hi, w));
                }));
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

LogicalResult Lowering::lowerRequantize(RequantizeOp op) {
  Value result = op.getResult();
  LoweredValue &l = define(result, get(op.getInput()).batched);
  std::string name = nameOf(op);
  auto channels = [&](ArrayRef<float> v) {
    return v.size() == 1 ? constant(v[0]) : perColumn(emitter->constantF32(name + ".c", v));
  };
  Expr acc = real(op.getInput());
  Type grid = gridTypeOf(l.type);
  bool binary = grid && isa<BinaryType>(grid);
  Expr y = map(acc, channels(op.getMultiplier()), channels(op.getBias()),
               [](Region &r, Value a, Value m, Value b) { return r.fma(a, m, b); });
  if (Value res = op.getResidual()) {
    float R = asFloat(*op.getResidualMultiplier());
    Expr x = gridTypeOf(res.getType()) ? ints(res) : real(res);
    y = map(x, y, [R](Region &r, Value x, Value y) {
      Value f = isa<FloatType>(getElementTypeOrSelf(x.getType())) ? x : r.toFloat(x);
      return r.fma(f, r.cf(R, Code::widthOf(y)), y);
    });
  }
  if (binary) // the sign first (R8.4)
    y = map(y, [](Region &r, Value y) {
      int64_t w = Code::widthOf(y);
      return r.select(r.cmp(arith::CmpFPredicate::OLT, y, r.cf(0, w)), r.cf(-1, w), r.cf(1, w));
    });
  y = map(y, channels(op.getLo()), channels(op.getHi()),
          [](Region &r, Value y, Value lo, Value hi) { return r.fclamp(y, lo, hi); });
  if (!grid) {
    l.realExpr = y;
    realBuffer(result);
    return success();
  }
  int32_t zero = static_cast<int32_t>(zeroOf(l.type));
  l.gridExpr = map(
      y,
      [=](Region &r, Value y) {
        int64_t w = Code::widthOf(y);
        if (binary)
          return r.select(r.cmp(arith::CmpFPredicate::OLT, y, r.cf(0, w)), r.ci(-1, w), r.ci(1, w));
        Value q = r.roundToInt(y);
        return zero ? r.isub(q, r.ci(zero, w)) : q;
      },
      true);
  if (isQuantizedType(l.type.getElementType())) {
    Elem elem = elemOf(l.type);
    Buffer b = place(result, elem, ".q");
    evaluate(*emitter, name, op.getLoc(), viewOf(l), {{*l.gridExpr, b, storedZero(l.type, elem)}});
    get(result).grid = b;
  } else {
    gridBuffer(result);
  }
  return success();
}

} // namespace nibble::codegen
