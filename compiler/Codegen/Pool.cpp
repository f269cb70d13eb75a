// Max and average pooling and their gradients, vectorised over channels.
#include "compiler/Codegen/Scalar.h"

using namespace mlir;

namespace nibble::codegen {

/// Calls body(column, width) over [0, cols) in vectors and then scalars.
static void overChannels(Region &r, int64_t cols, llvm::function_ref<void(Value, int64_t)> body) {
  int64_t whole = cols / lanes * lanes;
  if (whole)
    r.loop(r.idx(0), r.idx(whole), lanes, [&](Value c) { body(c, lanes); });
  if (whole < cols)
    r.loop(r.idx(whole), r.idx(cols), 1, [&](Value c) { body(c, 0); });
}

/// So many vectors of channels stand side by side, without a loop.
static constexpr int64_t unrolledVectors = 4;

/// Lanes of 32 bytes; of four such vectors where they share the loops over taps.
static int64_t widestOf(int64_t elementBits, bool unrolled) {
  constexpr int64_t vectorBits = 256, together = 4;
  return vectorBits / elementBits * (unrolled ? 1 : together);
}

/// body(ky, kx, values so far) for the taps of a window: side by side if they are few and all valid.
static Value overTaps(Region &r, const PoolShape &s, std::pair<Value, Value> ys, std::pair<Value, Value> xs,
                      bool unrolled, Value init, llvm::function_ref<Value(Value, Value, Value)> body) {
  if (unrolled) {
    for (int64_t ky = 0; ky < s.KH; ++ky)
      for (int64_t kx = 0; kx < s.KW; ++kx)
        init = body(r.idx(ky), r.idx(kx), init);
    return init;
  }
  return r.loop(ys.first, ys.second, 1, ValueRange{init}, [&](Value ky, ValueRange m) {
    return r.loop(xs.first, xs.second, 1, m,
                  [&](Value kx, ValueRange v) { return SmallVector<Value>{body(ky, kx, v[0])}; });
  })[0];
}

/// Whether the taps of a window stand side by side, without loops.
static bool hasFewTaps(const PoolShape &s) {
  constexpr int64_t few = 9;
  return s.KH * s.KW <= few;
}

/// First and last + 1 valid tap along one dimension: [max(0, -start), min(taps, size - start)).
static std::pair<Value, Value> validTaps(Region &r, Value start, int64_t taps, int64_t size, bool padded) {
  if (!padded)
    return {r.idx(0), r.idx(taps)};
  return {r.max(r.idx(0), r.sub(r.idx(0), start)), r.min(r.idx(taps), r.sub(r.idx(size), start))};
}

void emitMaxPool(Emitter &emitter, StringRef name, Location loc, const PoolShape &s, const Buffer &input,
                 const Buffer &output, bool batched) {
  const int64_t bits = packedBits(input.elem), cols = bits ? wordsOf(s.C, bits) : s.C;
  bool padY = s.PT || (s.OH - 1) * s.SH + s.KH > s.H + s.PT, padX = s.PL || (s.OW - 1) * s.SW + s.KW > s.W + s.PL;
  const bool unrolled = !padY && !padX && hasFewTaps(s);
  const int64_t widest = widestOf(emitter.elementType(input.elem).getIntOrFloatBitWidth(), unrolled);
  emitter.region(
      name, loc, [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), s.OH); },
      [&](Region &r) {
        Value in = r.ref(input), out = r.ref(output);
        auto larger = [&](Value x, Value m) -> Value {
          if (input.elem == Elem::Bits)
            return arith::AndIOp::create(r, x, m); // +1 (bit 0) wins
          if (input.elem == Elem::Fields) {
            // 00, 01 and 11 are 0, +1 and -1: the common bits, and +1 where there is one.
            int64_t w = Code::widthOf(x);
            auto one = [&](Value v) {
              Value notNegative = arith::XOrIOp::create(r, r.lshr(v, 1), r.ci(-1, w));
              return arith::AndIOp::create(r, arith::AndIOp::create(r, v, notNegative), r.ci(0x55555555, w));
            };
            return arith::OrIOp::create(r, arith::AndIOp::create(r, x, m), arith::OrIOp::create(r, one(x), one(m)));
          }
          if (input.elem == Elem::U2) {
            // High bits by or; a low bit counts unless the other field's high bit alone is set.
            int64_t w = Code::widthOf(x);
            auto both = [&](Value a, Value b) -> Value { return arith::AndIOp::create(r, a, b); };
            auto highOf = [&](Value v) { return both(r.lshr(v, 1), r.ci(0x55555555, w)); };
            auto lowWithout = [&](Value v, Value larger, Value own) {
              Value isLess = both(larger, arith::XOrIOp::create(r, own, r.ci(-1, w)));
              return both(both(v, r.ci(0x55555555, w)), arith::XOrIOp::create(r, isLess, r.ci(-1, w)));
            };
            Value hx = highOf(x), hm = highOf(m), high = r.shl(arith::OrIOp::create(r, hx, hm), 1);
            return arith::OrIOp::create(r, high, arith::OrIOp::create(r, lowWithout(x, hm, hx), lowWithout(m, hx, hm)));
          }
          if (input.elem == Elem::F32)
            return r.select(r.cmp(arith::CmpFPredicate::OGT, x, m), x, m);
          return r.select(r.cmp(input.elem == Elem::U8 ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt, x, m),
                          x, m);
        };
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value image = r.div(item, s.OH), oy = r.rem(item, s.OH);
          Value y0 = r.sub(r.mul(oy, s.SH), r.idx(s.PT));
          auto [ky0, ky1] = validTaps(r, y0, s.KH, s.H, padY);
          r.loop(r.idx(0), r.idx(s.OW), 1, [&, ky0 = ky0, ky1 = ky1](Value ox) {
            Value x0 = r.sub(r.mul(ox, s.SW), r.idx(s.PL));
            auto [kx0, kx1] = validTaps(r, x0, s.KW, s.W, padX);
            Value to = r.mul(r.add(r.mul(item, s.OW), ox), cols);
            overColumns(r, cols, widest, unrolledVectors, [&, kx0 = kx0, kx1 = kx1](Value c, int64_t w) {
              auto at = [&](Value ky, Value kx) {
                Value pixel = r.add(r.mul(r.add(r.mul(image, s.H), r.add(y0, ky)), s.W), r.add(x0, kx));
                return r.load(in, r.add(r.mul(pixel, cols), c), w);
              };
              // Starts with the first valid tap; seeing it again changes nothing.
              Value best = overTaps(r, s, {ky0, ky1}, {kx0, kx1}, unrolled, at(ky0, kx0),
                                    [&](Value ky, Value kx, Value m) { return larger(at(ky, kx), m); });
              r.store(best, out, r.add(to, c));
            });
          });
        });
      });
}

void emitAvgPool(Emitter &emitter, StringRef name, Location loc, const PoolShape &s, const AvgPoolInput &input,
                 std::optional<Expr> gridFactor, const Buffer &output, bool batched) {
  const bool integral = gridFactor.has_value();
  // Sums of bytes fit 16 bits where taps are not too many; the zero point is taken off once.
  const bool isShort = input.bytes && s.KH * s.KW <= 65535 / 255, unrolled = hasFewTaps(s);
  const int64_t widest = widestOf(isShort ? 16 : 32, unrolled);
  auto columns = [&](Region &r, llvm::function_ref<void(Value, int64_t)> body) {
    input.isPacked ? overChannels(r, s.C, body) : overColumns(r, s.C, widest, unrolledVectors, body);
  };
  emitter.region(
      name, loc, [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), s.OH); },
      [&](Region &r) {
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value image = r.div(item, s.OH), oy = r.rem(item, s.OH);
          r.loop(r.idx(0), r.idx(s.OW), 1, [&](Value ox) {
            Value outPixel = r.add(r.mul(item, s.OW), ox);
            columns(r, [&](Value c, int64_t w) {
              Type narrow = r.vec(r.getIntegerType(16), w);
              Value zero = isShort    ? Value(arith::ConstantOp::create(r, r.getZeroAttr(narrow)))
                           : integral ? r.ci(0, w)
                                      : r.cf(0, w);
              Value sum = overTaps(r, s, {r.idx(0), r.idx(s.KH)}, {r.idx(0), r.idx(s.KW)}, unrolled, zero,
                                   [&](Value ky, Value kx, Value sum) {
                                     Value y = r.add(r.mul(oy, s.SH), ky), x = r.add(r.mul(ox, s.SW), kx);
                                     Value pixel = r.add(r.mul(r.add(r.mul(image, s.H), y), s.W), x);
                                     if (isShort) {
                                       Value bytes = r.load(r.ref(input.bytes), r.add(r.mul(pixel, s.C), c), w);
                                       return r.iadd(sum, arith::ExtUIOp::create(r, narrow, bytes));
                                     }
                                     Value e = input.elements.eval(r, {pixel, c, s.C, w});
                                     if (integral && isa<FloatType>(getElementTypeOrSelf(e.getType())))
                                       e = r.toInt(e);
                                     return integral ? r.iadd(sum, e) : r.fadd(sum, e);
                                   });
              if (isShort)
                sum = r.isub(arith::ExtUIOp::create(r, r.i32(w), sum),
                             r.ci(static_cast<int32_t>(input.zero * s.KH * s.KW), w));
              Coord at{outPixel, c, s.C, w};
              Value y = integral ? r.fmul(r.toFloat(sum), gridFactor->eval(r, at))
                                 : r.fmul(sum, r.cf(1.0f / static_cast<float>(s.KH * s.KW), w));
              storeElements(r, y, output, r.add(r.mul(outPixel, s.C), c), 0);
            });
          });
        });
      });
}

static void zeroImage(Region &r, const PoolShape &s, Value image, const Buffer &output) {
  Value out = r.ref(output), base = r.mul(image, s.H * s.W * s.C);
  overChannels(r, s.H * s.W * s.C, [&](Value i, int64_t w) { r.store(r.cf(0, w), out, r.add(base, i)); });
}

void emitMaxPoolGrad(Emitter &emitter, StringRef name, Location loc, const PoolShape &s, const Expr &input,
                     const Expr &gradient, const Buffer &output, int64_t images) {
  emitter.region(
      name, loc, [&](Code &c, Value) { return c.idx(images); },
      [&](Region &r) {
        Value out = r.ref(output);
        r.loop(r.begin, r.end, 1, [&](Value image) {
          zeroImage(r, s, image, output);
          r.loop(r.idx(0), r.idx(s.OH), 1, [&](Value oy) {
            Value y0 = r.sub(r.mul(oy, s.SH), r.idx(s.PT));
            auto [ky0, ky1] = validTaps(r, y0, s.KH, s.H, true);
            r.loop(r.idx(0), r.idx(s.OW), 1, [&, ky0 = ky0, ky1 = ky1](Value ox) {
              Value x0 = r.sub(r.mul(ox, s.SW), r.idx(s.PL));
              auto [kx0, kx1] = validTaps(r, x0, s.KW, s.W, true);
              Value outPixel = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox);
              overChannels(r, s.C, [&, kx0 = kx0, kx1 = kx1](Value c, int64_t w) {
                auto pixelAt = [&](Value ky, Value kx) {
                  return r.add(r.mul(r.add(r.mul(image, s.H), r.add(y0, ky)), s.W), r.add(x0, kx));
                };
                auto at = [&](Value ky, Value kx) { return input.eval(r, {pixelAt(ky, kx), c, s.C, w}); };
                // The largest tap and its number ky * KW + kx; only a larger one replaces it, so the first wins.
                auto number = [&](Value ky, Value kx) {
                  return r.splat(arith::IndexCastOp::create(r, r.getI32Type(), r.add(r.mul(ky, s.KW), kx)), w);
                };
                Value first = at(ky0, kx0);
                bool real = isa<FloatType>(getElementTypeOrSelf(first.getType()));
                auto best = r.loop(ky0, ky1, 1, ValueRange{first, number(ky0, kx0)}, [&](Value ky, ValueRange m) {
                  return r.loop(kx0, kx1, 1, m, [&](Value kx, ValueRange v) {
                    Value x = at(ky, kx);
                    Value more =
                        real ? r.cmp(arith::CmpFPredicate::OGT, x, v[0]) : r.cmp(arith::CmpIPredicate::sgt, x, v[0]);
                    return SmallVector<Value>{r.select(more, x, v[0]), r.select(more, number(ky, kx), v[1])};
                  });
                });
                Value dy = gradient.eval(r, {outPixel, c, s.C, w});
                r.loop(ky0, ky1, 1, [&](Value ky) {
                  r.loop(kx0, kx1, 1, [&](Value kx) {
                    Value here = r.cmp(arith::CmpIPredicate::eq, number(ky, kx), best[1]);
                    Value to = r.add(r.mul(pixelAt(ky, kx), s.C), c);
                    Value old = r.load(out, to, w);
                    r.store(r.select(here, r.fadd(old, dy), old), out, to);
                  });
                });
              });
            });
          });
        });
      });
}

void emitAvgPoolGrad(Emitter &emitter, StringRef name, Location loc, const PoolShape &s, const Expr &gradient,
                     const Buffer &output, int64_t images) {
  emitter.region(
      name, loc, [&](Code &c, Value) { return c.idx(images); },
      [&](Region &r) {
        Value out = r.ref(output);
        r.loop(r.begin, r.end, 1, [&](Value image) {
          zeroImage(r, s, image, output);
          r.loop(r.idx(0), r.idx(s.OH), 1, [&](Value oy) {
            r.loop(r.idx(0), r.idx(s.OW), 1, [&](Value ox) {
              Value outPixel = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox);
              overChannels(r, s.C, [&](Value c, int64_t w) {
                Value dy =
                    r.fmul(gradient.eval(r, {outPixel, c, s.C, w}), r.cf(1.0f / static_cast<float>(s.KH * s.KW), w));
                r.loop(r.idx(0), r.idx(s.KH), 1, [&](Value ky) {
                  r.loop(r.idx(0), r.idx(s.KW), 1, [&](Value kx) {
                    Value y = r.add(r.mul(oy, s.SH), ky), x = r.add(r.mul(ox, s.SW), kx);
                    Value to = r.add(r.mul(r.add(r.mul(r.add(r.mul(image, s.H), y), s.W), x), s.C), c);
                    r.store(r.fadd(r.load(out, to, w), dy), out, to);
                  });
                });
              });
            });
          });
        });
      });
}

} // namespace nibble::codegen
