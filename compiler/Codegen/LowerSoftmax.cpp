// Softmax, cross entropy and what goes with them: one row at a time, sequential over its columns (R9.4), exp and log by
// R10.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Reference/Functions.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace nibble::codegen {

namespace {
/// The operations of reference::Functions as emitted code: one sequence for interpreter and compiler.
struct EmitOps {
  using Float = Value;
  using Int = Value;
  using Bool = Value;
  Region &r;
  int64_t w;

  Value constant(float v) { return r.cf(v, w); }
  Value constantInt(int32_t v) { return r.ci(v, w); }
  Value add(Value a, Value b) { return r.fadd(a, b); }
  Value sub(Value a, Value b) { return r.fsub(a, b); }
  Value mul(Value a, Value b) { return r.fmul(a, b); }
  Value div(Value a, Value b) { return r.fdiv(a, b); }
  Value fma(Value a, Value b, Value c) { return r.fma(a, b, c); }
  Value sqrt(Value a) { return r.fsqrt(a); }
  Value abs(Value a) { return r.fabs(a); }
  Value addInt(Value a, Value b) { return r.iadd(a, b); }
  Value subInt(Value a, Value b) { return r.isub(a, b); }
  Value andInt(Value a, Value b) { return arith::AndIOp::create(r, a, b); }
  Value orInt(Value a, Value b) { return arith::OrIOp::create(r, a, b); }
  Value shiftLeft(Value a, int n) { return r.shl(a, n); }
  Value shiftRight(Value a, int n) { return r.ashr(a, n); }
  Value intToFloat(Value a) { return r.toFloat(a); }
  Value bitsOf(Value a) { return r.bitcastTo(r.i32(w), a); }
  Value floatOf(Value a) { return r.bitcastTo(r.f32(w), a); }
  Value less(Value a, Value b) { return r.cmp(arith::CmpFPredicate::OLT, a, b); }
  Value isNan(Value a) { return r.cmp(arith::CmpFPredicate::UNO, a, a); }
  Value select(Value c, Value a, Value b) { return r.select(c, a, b); }
};

Value exponential(Region &r, Value x) {
  EmitOps ops{r, Code::widthOf(x)};
  return reference::Functions<EmitOps>(ops).exp(x);
}
Value logarithm(Region &r, Value x) {
  EmitOps ops{r, Code::widthOf(x)};
  return reference::Functions<EmitOps>(ops).log(x);
}

/// max over a row, then the sum of exp(x - max).
struct RowSum {
  Value max, sum;
};
RowSum rowSum(Region &r, const Expr &x, Value row, int64_t cols) {
  auto at = [&](Value c) { return x.eval(r, {row, c, cols, 0}); };
  Value max = r.loop(r.idx(1), r.idx(cols), 1, ValueRange{at(r.idx(0))}, [&](Value c, ValueRange m) {
    Value v = at(c);
    return SmallVector<Value>{r.select(r.cmp(arith::CmpFPredicate::OGT, v, m[0]), v, m[0])};
  })[0];
  Value sum = r.loop(r.idx(0), r.idx(cols), 1, ValueRange{r.cf(0)}, [&](Value c, ValueRange s) {
    return SmallVector<Value>{r.fadd(s[0], exponential(r, r.fsub(at(c), max)))};
  })[0];
  return {max, sum};
}
} // namespace

LogicalResult Lowering::lowerSoftmaxOp(Operation *op) {
  std::string name = nameOf(op);
  // A region with one item per row of `x`.
  auto perRowOf = [&](Value x, llvm::function_ref<void(Region &, Value, const Expr &, int64_t)> body) {
    Expr in = leaf(realBuffer(x));
    View view = viewOf(get(x));
    emitter->region(
        name, op->getLoc(), [&](Code &c, Value n) { return view.rows(c, n); },
        [&](Region &r) { r.loop(r.begin, r.end, 1, [&](Value row) { body(r, row, in, view.cols); }); });
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](SoftmaxOp s) -> LogicalResult {
        realBuffer(s.getInput());
        define(s.getResult(), get(s.getInput()).batched);
        Buffer out = place(s.getResult(), Elem::F32);
        perRowOf(s.getInput(), [&](Region &r, Value row, const Expr &x, int64_t cols) {
          RowSum sum = rowSum(r, x, row, cols);
          r.loop(r.idx(0), r.idx(cols), 1, [&](Value c) {
            Value e = exponential(r, r.fsub(x.eval(r, {row, c, cols, 0}), sum.max));
            r.store(r.fdiv(e, sum.sum), r.ref(out), r.add(r.mul(row, cols), c));
          });
        });
        get(s.getResult()).real = out;
        return success();
      })
      .Case([&](SoftmaxGradOp s) -> LogicalResult {
        realBuffer(s.getSoftmax());
        Expr dy = leaf(realBuffer(s.getGradient()));
        define(s.getResult(), get(s.getSoftmax()).batched);
        Buffer out = place(s.getResult(), Elem::F32);
        perRowOf(s.getSoftmax(), [&](Region &r, Value row, const Expr &y, int64_t cols) {
          auto at = [&](const Expr &e, Value c) { return e.eval(r, {row, c, cols, 0}); };
          Value dot = r.loop(r.idx(0), r.idx(cols), 1, ValueRange{r.cf(0)}, [&](Value c, ValueRange s) {
            return SmallVector<Value>{r.fma(at(dy, c), at(y, c), s[0])};
          })[0];
          r.loop(r.idx(0), r.idx(cols), 1, [&](Value c) {
            r.store(r.fmul(at(y, c), r.fsub(at(dy, c), dot)), r.ref(out), r.add(r.mul(row, cols), c));
          });
        });
        get(s.getResult()).real = out;
        return success();
      })
      .Case([&](SoftmaxCrossEntropyOp s) -> LogicalResult {
        Buffer labels = get(s.getLabels()).acc;
        int64_t images = get(s.getLogits()).type.getDimSize(0);
        realBuffer(s.getLogits());
        Buffer losses = emitter->arena(name + ".rows", Elem::F32, images);
        perRowOf(s.getLogits(), [&](Region &r, Value row, const Expr &x, int64_t cols) {
          RowSum sum = rowSum(r, x, row, cols);
          Value label = arith::IndexCastOp::create(r, r.getIndexType(), r.load(r.ref(labels), row));
          Value own = r.fsub(x.eval(r, {row, label, cols, 0}), sum.max);
          r.store(r.fsub(logarithm(r, sum.sum), own), r.ref(losses), row);
        });
        Buffer total = sumAll(*emitter, name + ".sum", op->getLoc(), images, leaf(losses));
        setReal(s.getResult(), false, map(leaf(total), [images](Region &r, Value v) {
                  return r.fdiv(v, r.cf(static_cast<float>(images), Code::widthOf(v)));
                }));
        return success();
      })
      .Case([&](SoftmaxCrossEntropyGradOp s) -> LogicalResult {
        Buffer labels = get(s.getLabels()).acc, seed = realBuffer(s.getGradient());
        float images = static_cast<float>(get(s.getLogits()).type.getDimSize(0));
        realBuffer(s.getLogits());
        define(s.getResult(), true);
        Buffer out = place(s.getResult(), Elem::F32);
        perRowOf(s.getLogits(), [&](Region &r, Value row, const Expr &x, int64_t cols) {
          RowSum sum = rowSum(r, x, row, cols);
          Value label = arith::IndexCastOp::create(r, r.getIndexType(), r.load(r.ref(labels), row));
          Value factor = r.fdiv(r.load(r.ref(seed), r.idx(0)), r.cf(images));
          r.loop(r.idx(0), r.idx(cols), 1, [&](Value c) {
            Value p = r.fdiv(exponential(r, r.fsub(x.eval(r, {row, c, cols, 0}), sum.max)), sum.sum);
            Value onehot = r.select(r.cmp(arith::CmpIPredicate::eq, c, label), r.cf(1), r.cf(0));
            r.store(r.fmul(r.fsub(p, onehot), factor), r.ref(out), r.add(r.mul(row, cols), c));
          });
        });
        get(s.getResult()).real = out;
        return success();
      })
      .Case([&](CountCorrectOp s) -> LogicalResult {
        Buffer labels = get(s.getLabels()).acc;
        int64_t images = get(s.getLogits()).type.getDimSize(0);
        realBuffer(s.getLogits());
        Buffer hits = emitter->arena(name + ".rows", Elem::F32, images);
        perRowOf(s.getLogits(), [&](Region &r, Value row, const Expr &x, int64_t cols) {
          auto at = [&](Value c) { return x.eval(r, {row, c, cols, 0}); };
          auto best = r.loop(r.idx(1), r.idx(cols), 1, ValueRange{at(r.idx(0)), r.idx(0)}, [&](Value c, ValueRange m) {
            Value v = at(c), more = r.cmp(arith::CmpFPredicate::OGT, v, m[0]);
            return SmallVector<Value>{r.select(more, v, m[0]), r.select(more, c, m[1])};
          });
          Value label = arith::IndexCastOp::create(r, r.getIndexType(), r.load(r.ref(labels), row));
          r.store(r.select(r.cmp(arith::CmpIPredicate::eq, best[1], label), r.cf(1), r.cf(0)), r.ref(hits), row);
        });
        Buffer total = sumAll(*emitter, name + ".sum", op->getLoc(), images, leaf(hits));
        setReal(s.getResult(), false, leaf(total));
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

} // namespace nibble::codegen
