// Depthwise convolution over vectors of channels, and the scalar convolution for general groups.
#include "compiler/Codegen/Scalar.h"

using namespace mlir;

namespace nibble::codegen {

namespace {
/// Position of one output pixel: image, top-left input row and column, valid taps.
struct Pixel {
  Value image, y0, x0, ky0, ky1, kx0, kx1, out;
};

/// Taps of a window that lie in front of its row or column `end`.
Value tapsBelow(Region &r, Value end, int64_t dilation) { return r.ceilDiv(r.max(r.idx(0), end), dilation); }

void overPixels(Region &r, const ConvShape &s, llvm::function_ref<void(const Pixel &)> body) {
  r.loop(r.begin, r.end, 1, [&](Value item) {
    Pixel p;
    p.image = r.div(item, s.OH);
    p.y0 = r.sub(r.mul(r.rem(item, s.OH), s.SH), r.idx(s.PT));
    p.ky0 = tapsBelow(r, r.sub(r.idx(0), p.y0), s.DH),
    p.ky1 = r.min(r.idx(s.KH), tapsBelow(r, r.sub(r.idx(s.H), p.y0), s.DH));
    r.loop(r.idx(0), r.idx(s.OW), 1, [&](Value ox) {
      p.x0 = r.sub(r.mul(ox, s.SW), r.idx(s.PL));
      p.kx0 = tapsBelow(r, r.sub(r.idx(0), p.x0), s.DW),
      p.kx1 = r.min(r.idx(s.KW), tapsBelow(r, r.sub(r.idx(s.W), p.x0), s.DW));
      p.out = r.add(r.mul(item, s.OW), ox);
      body(p);
    });
  });
}

Value inputPixel(Region &r, const ConvShape &s, const Pixel &p, Value ky, Value kx) {
  Value y = r.add(p.y0, r.mul(ky, s.DH)), x = r.add(p.x0, r.mul(kx, s.DW));
  return r.add(r.mul(r.add(r.mul(p.image, s.H), y), s.W), x);
}

Value multiplyAdd(Region &r, Value x, Value w, Value acc) {
  return isa<FloatType>(getElementTypeOrSelf(acc.getType())) ? r.fma(x, w, acc) : r.iadd(acc, r.imul(x, w));
}

/// Runs `accumulate(pixel, channel)` for every output element and stores it; binary results bit by bit.
void storeScalars(Region &r, const ConvShape &s, const Pixel &p, const Epilogue &e, const Buffer &output,
                  llvm::function_ref<Value(Value)> accumulate) {
  if (output.elem != Elem::Bits) {
    r.loop(r.idx(0), r.idx(s.O), 1, [&](Value o) {
      Value index = r.add(r.mul(p.out, s.O), o);
      storeElements(r, applyEpilogue(r, e, accumulate(o), o, index, output), output, index, e.stored);
    });
    return;
  }
  int64_t words = wordsOf(s.O);
  r.loop(r.idx(0), r.idx(words), 1, [&](Value word) {
    Value first = r.mul(word, 32), last = r.min(r.add(first, 32), r.idx(s.O));
    auto bits = r.loop(first, last, 1, ValueRange{r.ci(0)}, [&](Value o, ValueRange in) {
      Value bit = arith::ExtUIOp::create(r, r.getI32Type(),
                                         applyEpilogue(r, e, accumulate(o), o, r.add(r.mul(p.out, s.O), o), output));
      Value shift = arith::IndexCastOp::create(r, r.getI32Type(), r.sub(o, first));
      return SmallVector<Value>{arith::OrIOp::create(r, in[0], arith::ShLIOp::create(r, bit, shift))};
    });
    r.store(bits[0], r.ref(output), r.add(r.mul(p.out, words), word));
  });
}
} // namespace

void emitDepthwise(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const ContractionOperands &ops,
                   const Epilogue &e, const Buffer &output, bool batched) {
  Expr input = leaf(ops.input);
  bool real = ops.input.elem == Elem::F32;
  // Weights of one tap: `width` channels from c on.
  auto weight = [&](Region &r, Value tap, Value c, int64_t w) -> Value {
    Value v = r.load(r.ref(ops.weights), r.add(r.mul(tap, s.C), c), w);
    if (real)
      return v;
    if (ops.code == layout::Code::unsigned_)
      return arith::ExtUIOp::create(r, r.i32(w), v);
    v = arith::ExtSIOp::create(r, r.i32(w), v);
    return v;
  };
  auto accumulate = [&](Region &r, const Pixel &p, Value c, int64_t w) {
    return r.loop(p.ky0, p.ky1, 1, ValueRange{real ? r.cf(0, w) : r.ci(0, w)}, [&](Value ky, ValueRange in) {
      return r.loop(p.kx0, p.kx1, 1, in, [&](Value kx, ValueRange acc) {
        Value x = input.eval(r, {inputPixel(r, s, p, ky, kx), c, s.C, w});
        return SmallVector<Value>{multiplyAdd(r, x, weight(r, r.add(r.mul(ky, s.KW), kx), c, w), acc[0])};
      });
    })[0];
  };
  emitter.region(
      name, loc, [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), s.OH); },
      [&](Region &r) {
        overPixels(r, s, [&](const Pixel &p) {
          if (output.elem == Elem::Bits || s.C < lanes)
            return storeScalars(r, s, p, e, output, [&](Value o) { return accumulate(r, p, o, 0); });
          int64_t whole = s.C / lanes * lanes;
          auto at = [&](Value c, int64_t w) {
            Value index = r.add(r.mul(p.out, s.C), c);
            storeElements(r, applyEpilogue(r, e, accumulate(r, p, c, w), c, index, output), output, index, e.stored);
          };
          r.loop(r.idx(0), r.idx(whole), lanes, [&](Value c) { at(c, lanes); });
          if (whole < s.C)
            r.loop(r.idx(whole), r.idx(s.C), 1, [&](Value c) { at(c, 0); });
        });
      });
}

void emitScalarConv(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const Expr &input,
                    const Expr &weights, const Epilogue &e, const Buffer &output, bool batched) {
  int64_t cg = s.channelsPerGroup(), K = s.KH * s.KW * cg;
  bool integral = weights.integral;
  emitter.region(
      name, loc, [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), s.OH); },
      [&](Region &r) {
        overPixels(r, s, [&](const Pixel &p) {
          storeScalars(r, s, p, e, output, [&](Value o) {
            Value firstChannel = r.mul(r.div(o, s.O / s.groups), cg);
            return r.loop(p.ky0, p.ky1, 1, ValueRange{integral ? r.ci(0) : r.cf(0)}, [&](Value ky, ValueRange a) {
              return r.loop(p.kx0, p.kx1, 1, a, [&](Value kx, ValueRange b) {
                Value pixel = inputPixel(r, s, p, ky, kx), tap = r.mul(r.add(r.mul(ky, s.KW), kx), cg);
                return r.loop(r.idx(0), r.idx(cg), 1, b, [&](Value c, ValueRange acc) {
                  Value x = input.eval(r, {pixel, r.add(firstChannel, c), s.C, 0});
                  Value w = weights.eval(r, {o, r.add(tap, c), K, 0});
                  return SmallVector<Value>{multiplyAdd(r, x, w, acc[0])};
                });
              });
            })[0];
          });
        });
      });
}

} // namespace nibble::codegen
