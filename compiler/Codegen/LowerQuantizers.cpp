// Quantisers: their scales where these are computed in the graph, and the integers.
#include "compiler/Codegen/Lowering.h"

using namespace mlir;

namespace nibble::codegen {

/// t = x / s; integers minus zero point = round_half_even(clamp(t, qmin - z, qmax - z)); NaN gives 0 (R1).
Expr Lowering::quantizedInts(const Expr &x, const QuantizerValues &q) {
  auto bound = [](int64_t limit) {
    return [limit](Region &r, Value z) { return r.fsub(r.cf(static_cast<float>(limit), Code::widthOf(z)), z); };
  };
  Expr zero = q.zero ? perColumn(q.zero) : constant(0);
  Expr t = map(x, q.scales(), [](Region &r, Value v, Value s) { return r.fdiv(v, s); });
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
  QuantizerValues v{{}, {}, q.getQmin(), q.getQmax(), q.isPerAxis(), q.getGroup()};
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
    // max|x| over each row or group (or over everything) / qmax.
    View view = viewOf(get(input));
    if (q.isPerGroup())
      view = {view.rowsPerImage * view.cols / q.getGroup(), q.getGroup(), false};
    else if (!q.isPerAxis())
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
    if ((q.perRow || q.group) && get(input).batched)
      return op->emitOpError("per channel of an activation cannot be compiled: use one scale per tensor");
    if (q.perRow && f.getQuantizer().getAxis() != 0)
      return op->emitOpError("per channel of dimension ")
             << f.getQuantizer().getAxis() << " cannot be compiled; weights have scales along dimension 0";
    get(result).gridExpr = quantizedInts(real(input), q);
    get(result).scale = q.scale, get(result).scaleGroup = q.group;
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

/// The element at place (length - 1) / 2 of |x| in ascending order of bit patterns, of `length` elements from `first`
/// on. Its bits are found from the top: a bit is 1 if at most that many elements lie below the pattern so far with it.
static Value medianMagnitude(Region &r, const Buffer &x, Value first, int64_t length) {
  Value magnitudes = r.ci(0x7fffffff), place = r.ci(static_cast<int32_t>((length - 1) / 2));
  auto bits = r.loop(r.idx(0), r.idx(31), 1, ValueRange{r.ci(0)}, [&](Value step, ValueRange found) {
    Value shift = r.isub(r.ci(30), arith::IndexCastOp::create(r, r.i32(), step));
    Value tried = arith::OrIOp::create(r, found[0], arith::ShLIOp::create(r, r.ci(1), shift));
    Value below = r.loop(r.idx(0), r.idx(length), 1, ValueRange{r.ci(0)}, [&](Value i, ValueRange count) {
      Value pattern = arith::AndIOp::create(r, r.bitcastTo(r.i32(), r.load(r.ref(x), r.add(first, i))), magnitudes);
      Value less = r.cmp(arith::CmpIPredicate::slt, pattern, tried);
      return SmallVector<Value>{r.iadd(count[0], arith::ExtUIOp::create(r, r.i32(), less))};
    })[0];
    return SmallVector<Value>{r.select(r.cmp(arith::CmpIPredicate::sle, below, place), tried, found[0])};
  });
  return r.bitcastTo(r.f32(), bits[0]);
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
  View view = viewOf(get(input));
  int64_t groups = axis ? view.rowsPerImage : 1;
  int64_t length = (view.batched ? batch : 1) * view.rowsPerImage * view.cols / groups;
  Buffer x = realBuffer(input), scale = emitter->arena(name + ".scale", Elem::F32, groups);
  auto atLeast = [](Region &r, Value m) {
    Value least = r.cf(1e-5f, Code::widthOf(m));
    return legalScale(r, r.select(r.cmp(arith::CmpFPredicate::OGT, m, least), m, least));
  };
  if (rule == TernaryRule::Median) {
    emitter->region(
        name + ".scale", op->getLoc(), [&](Code &c, Value) { return c.idx(groups); },
        [&](Region &r) {
          r.loop(r.begin, r.end, 1, [&](Value group) {
            r.store(atLeast(r, medianMagnitude(r, x, r.mul(group, length), length)), r.ref(scale), group);
          });
        });
    return scale;
  }
  // Mean of |x| in blocks of 256 elements (R9.2). Each group is a column of a [length, groups] view.
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
    return atLeast(r, r.fdiv(s, r.cf(static_cast<float>(length), Code::widthOf(s))));
  });
  evaluate(*emitter, name + ".scale", op->getLoc(), {1, groups, false}, {{mean, scale}});
  return scale;
}

} // namespace nibble::codegen
