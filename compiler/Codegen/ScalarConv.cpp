// Depthwise convolution over vectors of channels, and the scalar convolution for general groups.
#include "compiler/Codegen/Scalar.h"
#include <map>

using namespace mlir;

namespace nibble::codegen {

namespace {
/// Position of one output pixel: image, top-left input row and column, valid taps.
struct Pixel {
  Value image, y0, x0, ky0, ky1, kx0, kx1, out;
};

/// Taps of a window that lie in front of its row or column `end`.
Value tapsBelow(Region &r, Value end, int64_t dilation) { return r.ceilDiv(r.max(r.idx(0), end), dilation); }

/// What the pixels of a row have in common.
Pixel rowOf(Region &r, const ConvShape &s, Value item) {
  Pixel p;
  p.image = r.div(item, s.OH);
  p.y0 = r.sub(r.mul(r.rem(item, s.OH), s.SH), r.idx(s.PT));
  p.ky0 = tapsBelow(r, r.sub(r.idx(0), p.y0), s.DH),
  p.ky1 = r.min(r.idx(s.KH), tapsBelow(r, r.sub(r.idx(s.H), p.y0), s.DH));
  return p;
}

Pixel pixelOf(Region &r, const ConvShape &s, Pixel p, Value item, Value ox) {
  p.x0 = r.sub(r.mul(ox, s.SW), r.idx(s.PL));
  p.kx0 = tapsBelow(r, r.sub(r.idx(0), p.x0), s.DW),
  p.kx1 = r.min(r.idx(s.KW), tapsBelow(r, r.sub(r.idx(s.W), p.x0), s.DW));
  p.out = r.add(r.mul(item, s.OW), ox);
  return p;
}

void overPixels(Region &r, const ConvShape &s, llvm::function_ref<void(const Pixel &)> body) {
  r.loop(r.begin, r.end, 1, [&](Value item) {
    Pixel row = rowOf(r, s, item);
    r.loop(r.idx(0), r.idx(s.OW), 1, [&](Value ox) { body(pixelOf(r, s, row, item, ox)); });
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
      storeElements(r, applyEpilogue(r, e, accumulate(o), p.out, o, output), output, index, e.stored);
    });
    return;
  }
  int64_t words = wordsOf(s.O);
  r.loop(r.idx(0), r.idx(words), 1, [&](Value word) {
    Value first = r.mul(word, 32), last = r.min(r.add(first, 32), r.idx(s.O));
    auto bits = r.loop(first, last, 1, ValueRange{r.ci(0)}, [&](Value o, ValueRange in) {
      Value bit = arith::ExtUIOp::create(r, r.getI32Type(), applyEpilogue(r, e, accumulate(o), p.out, o, output));
      Value shift = arith::IndexCastOp::create(r, r.getI32Type(), r.sub(o, first));
      return SmallVector<Value>{arith::OrIOp::create(r, in[0], arith::ShLIOp::create(r, bit, shift))};
    });
    r.store(bits[0], r.ref(output), r.add(r.mul(p.out, words), word));
  });
}
} // namespace

void overColumns(Region &r, int64_t cols, int64_t widest, int64_t unrolled,
                 llvm::function_ref<void(Value, int64_t)> body) {
  constexpr int64_t narrowest = 4;
  int64_t width = widest;
  while (width > cols)
    width /= 2;
  if (width < narrowest)
    return r.loop(r.idx(0), r.idx(cols), 1, [&](Value c) { body(c, 0); });
  const int64_t whole = cols / width, rest = cols % width;
  if (whole <= unrolled)
    for (int64_t i = 0; i < whole; ++i)
      body(r.idx(i * width), width);
  else
    r.loop(r.idx(0), r.idx(whole * width), width, [&](Value c) { body(c, width); });
  if (rest) {
    const auto last = static_cast<int64_t>(llvm::PowerOf2Ceil(static_cast<uint64_t>(std::max(rest, narrowest))));
    body(r.idx(cols - last), last);
  }
}

namespace {

/// Depthwise over vectors of channels. Outputs whose windows lie inside the row go together: a weight serves all of
/// them, and so does an input that several windows contain. Those at the borders are computed one by one.
class DepthwiseRows {
public:
  DepthwiseRows(Region &r, const ConvShape &s, const ContractionOperands &ops, const Epilogue &e, const Buffer &output,
                int64_t tileRows)
      : r(r), s(s), ops(ops), e(e), output(output), input(leaf(ops.input)), real(ops.input.elem == Elem::F32) {
    constexpr int64_t longest = 9; // taps that are written side by side
    for (const Span &x : spansOf(s.OW, s.W, s.KW, s.SW, s.PL, s.DW))
      if (x.tap0 == 0 && x.tap1 == s.KW && s.KW <= longest)
        inside = x;
    together = std::min(inside.count, tileRows >= 6 ? int64_t(4) : int64_t(2));
  }

  void run() {
    if (output.elem == Elem::Bits || s.C < lanes)
      return overPixels(r, s, [&](const Pixel &p) {
        storeScalars(r, s, p, e, output, [&](Value o) { return accumulate(p, o, 0); });
      });
    r.loop(r.begin, r.end, 1, [&](Value item) {
      Pixel p = rowOf(r, s, item);
      overColumns(r, s.C, 2 * lanes, 0, [&](Value c, int64_t w) {
        const auto one = [&](Value ox) {
          Pixel at = pixelOf(r, s, p, item, ox);
          store(c, at, accumulate(at, c, w));
        };
        if (inside.first)
          r.loop(r.idx(0), r.idx(inside.first), 1, one);
        if (together)
          r.loop(r.idx(0), r.idx((inside.count + together - 1) / together), 1, [&](Value group) {
            // The last ones overlap their neighbours.
            Value ox = r.add(r.min(r.mul(group, together), r.idx(inside.count - together)), inside.first);
            Pixel first = pixelOf(r, s, p, item, ox);
            store(c, first, accumulateTogether(first, c, w));
          });
        if (const int64_t done = inside.first + inside.count; done < s.OW)
          r.loop(r.idx(done), r.idx(s.OW), 1, one);
      });
    });
  }

private:
  /// Weights of one tap: `width` channels from c on.
  Value weight(Value tap, Value c, int64_t w) {
    Value v = r.load(r.ref(ops.weights), r.add(r.mul(tap, s.C), c), w);
    if (real)
      return v;
    if (ops.code == layout::Code::unsigned_)
      return arith::ExtUIOp::create(r, r.i32(w), v);
    return arith::ExtSIOp::create(r, r.i32(w), v);
  }
  Value zero(int64_t w) { return real ? r.cf(0, w) : r.ci(0, w); }

  Value accumulate(const Pixel &p, Value c, int64_t w) {
    return r.loop(p.ky0, p.ky1, 1, ValueRange{zero(w)}, [&](Value ky, ValueRange in) {
      return r.loop(p.kx0, p.kx1, 1, in, [&](Value kx, ValueRange acc) {
        Value x = input.eval(r, {inputPixel(r, s, p, ky, kx), c, s.C, w});
        return SmallVector<Value>{multiplyAdd(r, x, weight(r.add(r.mul(ky, s.KW), kx), c, w), acc[0])};
      });
    })[0];
  }

  /// `together` outputs from p on, all of whose columns exist.
  SmallVector<Value> accumulateTogether(const Pixel &p, Value c, int64_t w) {
    return r.loop(p.ky0, p.ky1, 1, SmallVector<Value>(together, zero(w)), [&](Value ky, ValueRange in) {
      SmallVector<Value> acc(in);
      Value pixel = inputPixel(r, s, p, ky, r.idx(0)), tap = r.mul(ky, s.KW);
      std::map<int64_t, Value> columns;
      for (int64_t kx = 0; kx < s.KW; ++kx) {
        Value k = weight(r.add(tap, kx), c, w);
        for (int64_t u = 0; u < together; ++u) {
          Value &x = columns[u * s.SW + kx * s.DW];
          if (!x)
            x = input.eval(r, {r.add(pixel, u * s.SW + kx * s.DW), c, s.C, w});
          acc[u] = multiplyAdd(r, x, k, acc[u]);
        }
      }
      return acc;
    });
  }

  /// Outputs from p on.
  void store(Value c, const Pixel &p, ArrayRef<Value> sums) {
    for (auto [u, acc] : llvm::enumerate(sums)) {
      Value pixel = r.add(p.out, static_cast<int64_t>(u)), index = r.add(r.mul(pixel, s.C), c);
      const int64_t valid = std::max<int64_t>(Code::widthOf(acc), 1);
      storeElements(r, applyEpilogue(r, e, acc, pixel, c, output, valid), output, index, e.stored);
    }
  }

  Region &r;
  const ConvShape &s;
  const ContractionOperands &ops;
  const Epilogue &e;
  const Buffer &output;
  const Expr input;
  const bool real;
  Span inside{0, 0, 0, 0};
  int64_t together = 0;
};
} // namespace

void emitDepthwise(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const ContractionOperands &ops,
                   const Epilogue &e, const Buffer &output, bool batched, int64_t tileRows) {
  emitter.region(
      name, loc, [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), s.OH); },
      [&](Region &r) { DepthwiseRows(r, s, ops, e, output, tileRows).run(); });
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
