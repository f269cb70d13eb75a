// Graph ops in f32: contractions, quantisers, normalisation and elementwise ops, pooling.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Reference/Accumulator.h"

using namespace mlir;

namespace nibble::codegen {

static float asFloat(const llvm::APFloat &v) { return v.convertToFloat(); }

static ConvShape shapeOf(RankedTensorType x, RankedTensorType w, RankedTensorType y, ArrayRef<int64_t> strides,
                         PaddingAttr p, int64_t groups) {
  return {x.getDimSize(1), x.getDimSize(2), x.getDimSize(3), w.getDimSize(0), w.getDimSize(1),
          w.getDimSize(2), y.getDimSize(1), y.getDimSize(2), strides[0],      strides[1],
          p.getTop(),      p.getLeft(),     groups};
}
static ConvShape linearShape(RankedTensorType w) {
  return {1, 1, w.getDimSize(1), w.getDimSize(0), 1, 1, 1, 1, 1, 1, 0, 0, 1};
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
  if (gx && gw) {
    auto fx = gridFacts(gx), fw = gridFacts(gw);
    ops.exactChunk = reference::exactChunk(fx->maxMagnitude(), fw->maxMagnitude());
    if (ops.exactChunk < 1)
      return op->emitOpError("has products of ")
             << fx->bits << " x " << fw->bits << " bits, which f32 cannot hold exactly; train with fewer bits";
    if (accumulate) {
      out = place(y, Elem::I32, ".acc");
    } else {
      e.kind = Epilogue::Kind::Scale;
      e.multiplier = emitter->arena(name + ".scale", Elem::F32, (s.O + tileColumns - 1) / tileColumns * tileColumns);
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
  if (padding != PadValue::Zero && (s.PT || s.PL || (s.OH - 1) * s.SH + s.KH > s.H || (s.OW - 1) * s.SW + s.KW > s.W)) {
    ops.input = withBorder(name + ".padded", op->getLoc(), ops.input, batch, s,
                           padding == PadValue::PlusOne ? 1.0f : -1.0f, batched);
    s.H = (s.OH - 1) * s.SH + s.KH, s.W = (s.OW - 1) * s.SW + s.KW, s.PT = s.PL = 0;
  }
  if (s.groups != 1) {
    bool exact = ops.exactChunk > 0;
    auto toInt = [](Region &r, Value v) { return isa<FloatType>(getElementTypeOrSelf(v.getType())) ? r.toInt(v) : v; };
    emitScalarConv(*emitter, name, op->getLoc(), s, exact ? map(leaf(ops.input), toInt, true) : leaf(ops.input),
                   exact ? map(ints(w), toInt, true) : real(w), e, out, batched);
  } else {
    Expr weights = ops.exactChunk ? map(ints(w),
                                        [](Region &r, Value v) {
                                          return isa<FloatType>(getElementTypeOrSelf(v.getType())) ? v : r.toFloat(v);
                                        })
                                  : real(w);
    ops.weights = packF32Weights(*emitter, name + ".weights", op->getLoc(), s, weights, false);
    emitContraction(*emitter, name, op->getLoc(), s, ops, e, out, batched, rows);
  }
  (out.elem == Elem::I32 ? get(y).acc : get(y).real) = out;
  return success();
}

LogicalResult Lowering::lowerGraphOp(Operation *op) {
  using R = Region;
  auto batchedOf = [&](Value v) { return get(v).batched; };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](Conv2dOp c) -> LogicalResult {
        auto x = cast<RankedTensorType>(c.getInput().getType()), w = cast<RankedTensorType>(c.getWeight().getType());
        return lowerContraction(op,
                                shapeOf(x, w, cast<RankedTensorType>(c.getResult().getType()), c.getStrides(),
                                        c.getPadding(), c.getGroups()),
                                c.getInput(), c.getWeight(), c.getAccumulate(), c.getPadding().getValue());
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

//===----------------------------------------------------------------------===//
// Quantisers
//===----------------------------------------------------------------------===//

/// t = x / s; integers minus zero point = round_half_even(clamp(t, qmin - z, qmax - z)); NaN gives 0 (R1).
Expr Lowering::quantizedInts(const Expr &x, const QuantizerValues &q) {
  auto bound = [](int64_t limit) {
    return [limit](Region &r, Value z) { return r.fsub(r.cf(static_cast<float>(limit), Code::widthOf(z)), z); };
  };
  Expr scale = q.perRow ? perRow(q.scale) : perColumn(q.scale);
  Expr zero = q.zero ? perColumn(q.zero) : constant(0);
  Expr t = map(x, scale, [](Region &r, Value v, Value s) { return r.fdiv(v, s); });
  return map(
      t, map(zero, bound(q.qmin)), map(zero, bound(q.qmax)),
      [](Region &r, Value t, Value lo, Value hi) {
        Value i = r.roundToInt(r.fclamp(t, lo, hi));
        return r.select(r.cmp(arith::CmpFPredicate::UNO, t, t), r.ci(0, Code::widthOf(t)), i);
      },
      true);
}

/// A positive normal number (R1.5): not positive -> 1; subnormal -> 2^-126; inf -> largest.
static Value legalScale(Region &r, Value s) {
  int64_t w = Code::widthOf(s);
  Value c = r.fclamp(s, r.cf(std::numeric_limits<float>::min(), w), r.cf(std::numeric_limits<float>::max(), w));
  return r.select(r.cmp(arith::CmpFPredicate::OGT, s, r.cf(0, w)), c, r.cf(1, w));
}

QuantizerValues Lowering::quantizerValues(Operation *op, Value input, Value range, QuantizerAttr q,
                                          std::optional<ArrayRef<float>> scales,
                                          std::optional<ArrayRef<int64_t>> zeros) {
  std::vector<const void *> key{scales ? scales->data() : nullptr, scales ? nullptr : input.getAsOpaquePointer(),
                                range ? range.getAsOpaquePointer() : nullptr, q.getAsOpaquePointer()};
  for (auto &[k, v] : quantizerCache)
    if (k == key)
      return v;
  std::string name = nameOf(op);
  QuantizerValues v{{}, {}, q.getQmin(), q.getQmax(), q.isPerAxis()};
  float qmin = static_cast<float>(v.qmin), qmax = static_cast<float>(v.qmax);
  if (scales) {
    v.scale = emitter->constantF32(name + ".scale", *scales);
    if (zeros)
      v.zero = emitter->constantF32(name + ".zero", SmallVector<float>(zeros->begin(), zeros->end()));
  } else if (range) {
    v.scale = emitter->arena(name + ".scale", Elem::F32, 1);
    v.zero = emitter->arena(name + ".zero", Elem::F32, 1);
    Buffer state = realBuffer(range);
    bool symmetric = q.getSymmetric(), isSigned = q.getIsSigned();
    emitter->region(
        name + ".scale", op->getLoc(), [](Code &c, Value) { return c.idx(1); },
        [&](Region &r) {
          r.loop(r.begin, r.end, 1, [&](Value) {
            Value lo = r.load(r.ref(state), r.idx(0)), hi = r.load(r.ref(state), r.idx(1)), zero = r.cf(0);
            hi = r.select(r.cmp(arith::CmpFPredicate::OGT, hi, zero), hi, zero);
            Value scale;
            if (symmetric) { // bound / qmax (R1.6)
              Value negative = isSigned ? r.fabs(lo) : zero;
              scale = legalScale(
                  r, r.fdiv(r.select(r.cmp(arith::CmpFPredicate::OGT, negative, hi), negative, hi), r.cf(qmax)));
            } else { // (hi - lo) / (qmax - qmin), z = qmin - lo / s (R1.7)
              lo = r.select(r.cmp(arith::CmpFPredicate::OLT, lo, zero), lo, zero);
              scale = legalScale(r, r.fdiv(r.fsub(hi, lo), r.cf(qmax - qmin)));
              Value z = r.fclamp(r.fsub(r.cf(qmin), r.fdiv(lo, scale)), r.cf(qmin), r.cf(qmax));
              zero = r.toFloat(r.roundToInt(z));
            }
            r.store(scale, r.ref(v.scale), r.idx(0));
            r.store(zero, r.ref(v.zero), r.idx(0));
          });
        });
  } else {
    // max|x| over each row (or over everything) / qmax.
    View view = viewOf(get(input));
    if (!q.isPerAxis())
      view = {1, view.rowsPerImage * view.cols, false};
    v.scale = emitter->arena(name + ".scale", Elem::F32, view.rowsPerImage);
    Buffer x = realBuffer(input);
    emitter->region(
        name + ".scale", op->getLoc(), [&](Code &c, Value) { return c.idx(view.rowsPerImage); },
        [&](Region &r) {
          Value X = r.ref(x);
          r.loop(r.begin, r.end, 1, [&](Value row) {
            auto largest = r.loop(r.idx(0), r.idx(view.cols), 1, ValueRange{r.cf(0)}, [&](Value col, ValueRange m) {
              Value a = r.fabs(r.load(X, r.add(r.mul(row, view.cols), col)));
              return SmallVector<Value>{r.select(r.cmp(arith::CmpFPredicate::OGT, a, m[0]), a, m[0])};
            });
            r.store(legalScale(r, r.fdiv(largest[0], r.cf(qmax))), r.ref(v.scale), row);
          });
        });
  }
  quantizerCache.push_back({key, v});
  return v;
}

LogicalResult Lowering::lowerQuantizer(Operation *op) {
  Value input = op->getOperand(0), result = op->getResult(0);
  LoweredValue &l = define(result, get(input).batched);
  if (auto f = dyn_cast<FakeQuantOp>(op)) {
    QuantizerValues q = quantizerValues(op, input, f.getRange(), f.getQuantizer(), f.getScales(), f.getZeroPoints());
    if (q.perRow && get(input).batched)
      return op->emitOpError("per channel of an activation cannot be compiled: use one scale per tensor");
    if (q.perRow && f.getQuantizer().getAxis() != 0)
      return op->emitOpError("per channel of dimension ")
             << f.getQuantizer().getAxis() << " cannot be compiled; weights have scales along dimension 0";
    get(result).gridExpr = quantizedInts(real(input), q);
    get(result).scale = q.scale;
    gridBuffer(result);
    return success();
  }
  if (isa<SignOp>(op)) {
    l.gridExpr = map(
        real(input),
        [](Region &r, Value x) {
          int64_t w = Code::widthOf(x);
          return r.select(r.cmp(arith::CmpFPredicate::OLT, x, r.cf(0, w)), r.ci(-1, w), r.ci(1, w));
        },
        true);
    gridBuffer(result);
    return success();
  }
  auto t = cast<TernarizeOp>(op);
  std::optional<Buffer> scale = ternaryScales(op, input, t.getRule(), t.getAxis(), t.getScales());
  if (!scale)
    return failure();
  get(result).gridExpr = quantizedInts(real(input), {*scale, {}, -1, 1, t.getAxis().has_value()});
  get(result).scale = *scale;
  gridBuffer(result);
  return success();
}

std::optional<Buffer> Lowering::ternaryScales(Operation *op, Value input, TernaryRule rule,
                                              std::optional<uint64_t> axis, std::optional<ArrayRef<float>> scales) {
  std::string name = nameOf(op);
  if (axis && (*axis != 0 || get(input).batched)) {
    op->emitOpError("per channel can be compiled for weights along dimension 0 only");
    return std::nullopt;
  }
  if (scales)
    return emitter->constantF32(name + ".scale", *scales);
  if (rule != TernaryRule::Mean) {
    op->emitOpError("with the median rule is not compiled for training: use the mean rule, or fixed scales");
    return std::nullopt;
  }
  // Mean of |x| in blocks of 256 elements (R4.2, R9.2), at least 1e-5. Each group is a column of a [length, groups]
  // view.
  View view = viewOf(get(input));
  int64_t groups = axis ? view.rowsPerImage : 1;
  int64_t length = (view.batched ? batch : 1) * view.rowsPerImage * view.cols / groups;
  Buffer x = realBuffer(input), scale = emitter->arena(name + ".scale", Elem::F32, groups);
  Expr magnitude{[=](Region &r, const Coord &at) -> Value {
                   auto one = [&](Value col) { return r.fabs(r.load(r.ref(x), r.add(r.mul(col, length), at.row))); };
                   if (!at.width)
                     return one(at.col);
                   SmallVector<Value> parts;
                   for (int64_t i = 0; i < at.width; ++i)
                     parts.push_back(one(r.add(at.col, i)));
                   return vector::FromElementsOp::create(r, cast<VectorType>(r.f32(at.width)), parts);
                 },
                 false, false};
  Buffer sum = sumRows(*emitter, name + ".magnitude", op->getLoc(), length, groups, {magnitude}).front();
  Expr mean = map(leaf(sum), [=](Region &r, Value s) {
    int64_t w = Code::widthOf(s);
    Value m = r.fdiv(s, r.cf(static_cast<float>(length), w)), least = r.cf(1e-5f, w);
    return legalScale(r, r.select(r.cmp(arith::CmpFPredicate::OGT, m, least), m, least));
  });
  evaluate(*emitter, name + ".scale", op->getLoc(), {1, groups, false}, {{mean, scale}});
  return scale;
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
    evaluate(*emitter, name, op.getLoc(), viewOf(l), {{*l.gridExpr, b, elem == Elem::U8 ? zero : 0}});
    get(result).grid = b;
  } else {
    gridBuffer(result);
  }
  return success();
}

} // namespace nibble::codegen
