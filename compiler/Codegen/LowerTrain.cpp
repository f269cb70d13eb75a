// Training ops: statistics, gradients of layers, optimisers. Batches are static here.
#include "compiler/Codegen/Lowering.h"

using namespace mlir;

namespace nibble::codegen {

static float asFloat(const llvm::APFloat &v) { return v.convertToFloat(); }

/// fma(momentum, old, (1 - momentum) * batch)
static Expr moved(const Expr &old, const Expr &batch, float momentum) {
  float rest = 1.0f - momentum;
  return map(old, batch, [=](Region &r, Value o, Value b) {
    int64_t w = Code::widthOf(o);
    return r.fma(r.cf(momentum, w), o, r.fmul(r.cf(rest, w), b));
  });
}

/// Whether computing `value` where it is used would read a parameter other than `own` that the step overwrites.
bool Lowering::readsParameter(Value value, Value own) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return value != own && source.getArgAttr(argument.getArgNumber(), "nibble.param");
  LoweredValue &v = get(value);
  if (v.real || v.grid || v.acc)
    return false;
  return llvm::any_of(value.getDefiningOp()->getOperands(),
                      [&](Value operand) { return readsParameter(operand, own); });
}

/// Gradients are recipes that the updates evaluate, one parameter after the other and in place. Those that read another
/// parameter are stored before the first update.
void Lowering::storeGradients() {
  for (Operation &op : source.getBody().front())
    if (isa<SgdOp, AdamOp>(op) && values.count(op.getOperand(1)) && readsParameter(op.getOperand(1), op.getOperand(0)))
      realBuffer(op.getOperand(1));
}

LogicalResult Lowering::lowerTrainOp(Operation *op) {
  if (isa<SgdOp, AdamOp>(op) && !updating) {
    updating = true;
    storeGradients();
  }
  std::string name = nameOf(op);
  using R = Region;
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ObserveRangeOp o) -> LogicalResult {
        LoweredValue &x = get(o.getInput());
        View view = viewOf(x);
        int64_t rows = (view.batched ? batch : 1) * view.rowsPerImage;
        Buffer range = rangeOfAll(*emitter, name + ".batch", op->getLoc(), rows, view.cols, real(o.getInput()));
        Buffer old = realBuffer(o.getRange());
        define(o.getResult(), false);
        Buffer out = place(o.getResult(), Elem::F32);
        float momentum = asFloat(o.getMomentum());
        emitter->region(
            name, op->getLoc(), [](Code &c, Value) { return c.idx(1); },
            [&](Region &r) {
              r.loop(r.begin, r.end, 1, [&](Value) {
                Value seen = r.load(r.ref(old), r.idx(2));
                Value first = r.cmp(arith::CmpFPredicate::OEQ, seen, r.cf(0));
                SmallVector<Value> next;
                for (int64_t i = 0; i < 2; ++i) {
                  Value b = r.load(r.ref(range), r.idx(i));
                  Value m = r.fma(r.cf(momentum), r.load(r.ref(old), r.idx(i)), r.fmul(r.cf(1.0f - momentum), b));
                  next.push_back(r.select(first, b, m));
                }
                next.push_back(r.fadd(seen, r.cf(1)));
                for (int64_t i = 0; i < 3; ++i)
                  r.store(next[i], r.ref(out), r.idx(i));
              });
            });
        get(o.getResult()).real = out;
        return success();
      })
      .Case([&](BatchNormTrainOp b) -> LogicalResult {
        LoweredValue &x = get(b.getInput());
        View view = viewOf(x);
        int64_t rows = batch * view.rowsPerImage, C = view.cols;
        float n = static_cast<float>(rows), eps = asFloat(b.getEpsilon()), momentum = asFloat(b.getMomentum());
        // The statistics read the input twice and the backward pass again: keep it.
        Expr in = leaf(realBuffer(b.getInput()));
        auto overN = [n](R &r, Value v) { return r.fdiv(v, r.cf(n, Code::widthOf(v))); };
        Buffer sum = sumRows(*emitter, name + ".sum", op->getLoc(), rows, C, {in}).front();
        auto vectorResult = [&](Value v, Expr e) {
          define(v, false);
          Buffer out = place(v, Elem::F32);
          evaluate(*emitter, name + ".vector", op->getLoc(), {1, C, false}, {{e, out}});
          get(v).real = out;
          return out;
        };
        Buffer mean = vectorResult(b.getBatchMean(), map(leaf(sum), overN));
        Expr square = map(in, perColumn(mean), [](R &r, Value x, Value m) {
          Value d = r.fsub(x, m);
          return r.fmul(d, d);
        });
        Buffer squares = sumRows(*emitter, name + ".squares", op->getLoc(), rows, C, {square}).front();
        Expr variance = map(leaf(squares), overN);
        Buffer inv = vectorResult(b.getBatchInvStd(), map(variance, [eps](R &r, Value v) {
                                    int64_t w = Code::widthOf(v);
                                    return r.fdiv(r.cf(1, w), r.fsqrt(r.fadd(v, r.cf(eps, w))));
                                  }));
        vectorResult(b.getNewMean(), moved(real(b.getMean()), leaf(mean), momentum));
        vectorResult(b.getNewVariance(), moved(real(b.getVariance()), variance, momentum));
        Expr hat = map(in, perColumn(mean), perColumn(inv),
                       [](R &r, Value x, Value m, Value i) { return r.fmul(r.fsub(x, m), i); });
        setReal(b.getResult(), true,
                map(hat, perColumn(realBuffer(b.getGamma())), perColumn(realBuffer(b.getBeta())),
                    [](R &r, Value h, Value g, Value c) { return r.fma(h, g, c); }));
        return success();
      })
      .Case([&](BatchNormGradOp b) -> LogicalResult {
        LoweredValue &x = get(b.getInput());
        View view = viewOf(x);
        int64_t rows = batch * view.rowsPerImage, C = view.cols;
        float n = static_cast<float>(rows);
        Expr dy = leaf(realBuffer(b.getGradient())), in = leaf(realBuffer(b.getInput()));
        Expr mean = perColumn(realBuffer(b.getBatchMean())), inv = perColumn(realBuffer(b.getBatchInvStd()));
        Expr hat = map(in, mean, inv, [](R &r, Value x, Value m, Value i) { return r.fmul(r.fsub(x, m), i); });
        auto sums = sumRows(*emitter, name + ".sums", op->getLoc(), rows, C,
                            {dy, map(dy, hat, [](R &r, Value d, Value h) { return r.fmul(d, h); })});
        auto vectorResult = [&](Value v, const Buffer &sum) {
          define(v, false);
          if (!assigned.count(v)) {
            get(v).real = sum;
            return;
          }
          get(v).realExpr = leaf(sum);
          realBuffer(v);
        };
        vectorResult(b.getBetaGradient(), sums[0]);
        vectorResult(b.getGammaGradient(), sums[1]);
        Expr betaPart = map(perColumn(sums[0]), [n](R &r, Value v) { return r.fdiv(v, r.cf(n, Code::widthOf(v))); });
        Expr gammaPart = map(perColumn(sums[1]), [n](R &r, Value v) { return r.fdiv(v, r.cf(n, Code::widthOf(v))); });
        Expr rest = map(map(dy, betaPart, [](R &r, Value d, Value s) { return r.fsub(d, s); }), hat, gammaPart,
                        [](R &r, Value d, Value h, Value g) { return r.fma(r.fneg(h), g, d); });
        setReal(b.getInputGradient(), true,
                map(rest, perColumn(realBuffer(b.getGamma())), inv,
                    [](R &r, Value t, Value g, Value i) { return r.fmul(r.fmul(g, i), t); }));
        return success();
      })
      .Case([&](SumRowsOp s) -> LogicalResult {
        LoweredValue &x = get(s.getInput());
        auto shape = x.type.getShape();
        int64_t elements = elementsOf(x), C = shape.empty() ? 1 : shape.back();
        bool single = cast<RankedTensorType>(s.getResult().getType()).getNumElements() == 1 && C != 1;
        Expr in = leaf(realBuffer(s.getInput()));
        Buffer sum = single ? sumAll(*emitter, name, op->getLoc(), elements, in)
                            : sumRows(*emitter, name, op->getLoc(), elements / C, C, {in}).front();
        setReal(s.getResult(), false, leaf(sum));
        get(s.getResult()).real = get(s.getResult()).real ? get(s.getResult()).real : sum;
        return success();
      })
      .Case([&](SgdOp s) -> LogicalResult {
        float momentum = asFloat(s.getMomentum()), decay = asFloat(s.getDecay());
        Expr w = real(s.getWeight()), g = real(s.getGradient()), v = real(s.getVelocity());
        Expr rate = perColumn(realBuffer(s.getRate()));
        Expr full = map(g, w, [=](R &r, Value g, Value w) { return r.fma(r.cf(decay, Code::widthOf(w)), w, g); });
        Expr velocity =
            map(v, full, [=](R &r, Value v, Value g) { return r.fma(r.cf(momentum, Code::widthOf(v)), v, g); });
        Expr weight = map(rate, velocity, w, [](R &r, Value a, Value v, Value w) { return r.fma(r.fneg(a), v, w); });
        if (auto limit = s.getLimit()) {
          float l = asFloat(*limit);
          weight = map(weight, [l](R &r, Value w) {
            return r.fclamp(w, r.cf(-l, Code::widthOf(w)), r.cf(l, Code::widthOf(w)));
          });
        }
        define(s.getNewWeight(), false);
        define(s.getNewVelocity(), false);
        Buffer bw = place(s.getNewWeight(), Elem::F32), bv = place(s.getNewVelocity(), Elem::F32);
        evaluate(*emitter, name, op->getLoc(), viewOf(get(s.getNewWeight())), {{weight, bw}, {velocity, bv}});
        get(s.getNewWeight()).real = bw;
        get(s.getNewVelocity()).real = bv;
        return success();
      })
      .Case([&](AdamOp a) -> LogicalResult {
        float b1 = asFloat(a.getBeta1()), b2 = asFloat(a.getBeta2()), eps = asFloat(a.getEpsilon());
        Buffer corrections = realBuffer(a.getCorrection());
        auto correction = [=](int64_t i) {
          return Expr{[=](R &r, const Coord &at) { return r.splat(r.load(r.ref(corrections), r.idx(i)), at.width); },
                      true, false};
        };
        Expr w = real(a.getWeight()), g = real(a.getGradient()), rate = perColumn(realBuffer(a.getRate()));
        Expr m = moved(real(a.getFirst()), g, b1);
        Expr v = moved(real(a.getSecond()), map(g, [](R &r, Value g) { return r.fmul(g, g); }), b2);
        auto times = [](R &r, Value x, Value y) { return r.fmul(x, y); };
        Expr step = map(rate, map(m, correction(0), times), times);
        Expr root = map(v, correction(1), [eps](R &r, Value v, Value c) {
          return r.fadd(r.fsqrt(r.fmul(v, c)), r.cf(eps, Code::widthOf(v)));
        });
        Expr weight = map(w, step, root, [](R &r, Value w, Value s, Value d) { return r.fsub(w, r.fdiv(s, d)); });
        if (auto limit = a.getLimit()) {
          float l = asFloat(*limit);
          weight = map(weight, [l](R &r, Value w) {
            return r.fclamp(w, r.cf(-l, Code::widthOf(w)), r.cf(l, Code::widthOf(w)));
          });
        }
        SmallVector<StoreTo> stores;
        for (const auto &[value, e] :
             {std::pair<Value, Expr>{a.getNewWeight(), weight}, {a.getNewFirst(), m}, {a.getNewSecond(), v}}) {
          define(value, false);
          Buffer b = place(value, Elem::F32);
          get(value).real = b;
          stores.push_back({e, b});
        }
        evaluate(*emitter, name, op->getLoc(), viewOf(get(a.getNewWeight())), stores);
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

} // namespace nibble::codegen
