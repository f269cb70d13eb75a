// Reductions over rows: sequential in blocks of 256, pairwise between blocks (R9).
#include "compiler/Codegen/Reduce.h"

using namespace mlir;

namespace nibble::codegen {

void combineBlocks(Emitter &emitter, StringRef name, Location loc, const Buffer &partial, int64_t blocks, int64_t width,
                   const Buffer &out) {
  constexpr int64_t chunk = 1024;
  emitter.region(
      name, loc, [&](Code &c, Value) { return c.idx((width + chunk - 1) / chunk); },
      [&](Region &r) {
        Value P = r.ref(partial), O = r.ref(out);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value lo = r.mul(item, chunk), hi = r.min(r.add(lo, chunk), r.idx(width));
          Value whole = r.add(lo, r.mul(r.div(r.sub(hi, lo), lanes), lanes));
          auto columns = [&](llvm::function_ref<void(Value, int64_t)> body) {
            r.loop(lo, whole, lanes, [&](Value col) { body(col, lanes); });
            r.loop(whole, hi, 1, [&](Value col) { body(col, 0); });
          };
          // In place: block i of a level is written after blocks 2i and 2i + 1 were read.
          for (int64_t count = blocks; count > 1; count = (count + 1) / 2) {
            r.loop(r.idx(0), r.idx(count / 2), 1, [&](Value i) {
              Value a = r.mul(i, 2 * width), to = r.mul(i, width);
              columns([&](Value col, int64_t w) {
                Value sum = r.fadd(r.load(P, r.add(a, col), w), r.load(P, r.add(r.add(a, width), col), w));
                r.store(sum, P, r.add(to, col));
              });
            });
            if (count % 2)
              columns([&](Value col, int64_t w) {
                r.store(r.load(P, r.add(col, (count - 1) * width), w), P, r.add(col, count / 2 * width));
              });
          }
          columns([&](Value col, int64_t w) { r.store(r.load(P, col, w), O, col); });
        });
      });
}

/// Accumulates `step` over the rows of each block and stores [block][term][cols].
static void reduceBlocks(Emitter &emitter, StringRef name, Location loc, int64_t rows, int64_t cols, size_t terms,
                         const Buffer &partial,
                         llvm::function_ref<SmallVector<Value>(Region &, ValueRange, const Coord &)> step) {
  int64_t blocks = (rows + rowBlock - 1) / rowBlock, width = static_cast<int64_t>(terms) * cols;
  emitter.region(
      name, loc, [&](Code &c, Value) { return c.idx(blocks); },
      [&](Region &r) {
        Value P = r.ref(partial);
        r.loop(r.begin, r.end, 1, [&](Value block) {
          Value lo = r.mul(block, rowBlock), hi = r.min(r.add(lo, rowBlock), r.idx(rows));
          // `group` vectors side by side hide the latency of the sequential additions.
          auto columns = [&](Value col, int64_t w, int64_t group) {
            SmallVector<Value> init(terms * group, r.cf(0, w));
            auto acc = r.loop(lo, hi, 1, init, [&](Value row, ValueRange in) {
              SmallVector<Value> out;
              for (int64_t g = 0; g < group; ++g) {
                auto next = step(r, in.slice(g * terms, terms), {row, r.add(col, g * lanes), cols, w});
                out.append(next);
              }
              return out;
            });
            for (int64_t g = 0; g < group; ++g)
              for (size_t t = 0; t < terms; ++t)
                r.store(acc[g * terms + t], P,
                        r.add(r.add(r.mul(block, width), static_cast<int64_t>(t) * cols), r.add(col, g * lanes)));
          };
          int64_t vectors = cols / lanes, group = vectors % 4 == 0 ? 4 : vectors % 2 == 0 ? 2 : 1;
          if (vectors)
            r.loop(r.idx(0), r.idx(vectors * lanes), lanes * group, [&](Value col) { columns(col, lanes, group); });
          if (cols % lanes)
            r.loop(r.idx(vectors * lanes), r.idx(cols), 1, [&](Value col) { columns(col, 0, 1); });
        });
      });
}

SmallVector<Buffer> sumRows(Emitter &emitter, StringRef name, Location loc, int64_t rows, int64_t cols,
                            ArrayRef<Expr> terms) {
  int64_t blocks = std::max<int64_t>(1, (rows + rowBlock - 1) / rowBlock),
          width = static_cast<int64_t>(terms.size()) * cols;
  Buffer partial = emitter.arena((name + ".blocks").str(), Elem::F32, blocks * width);
  reduceBlocks(emitter, (name + ".sum").str(), loc, rows, cols, terms.size(), partial,
               [&](Region &r, ValueRange acc, const Coord &at) {
                 SmallVector<Value> out;
                 for (auto [t, a] : llvm::zip(terms, acc))
                   out.push_back(r.fadd(a, t.eval(r, at)));
                 return out;
               });
  Buffer total = emitter.arena(name, Elem::F32, width);
  combineBlocks(emitter, (name + ".pairs").str(), loc, partial, blocks, width, total);
  if (terms.size() == 1)
    return {total};
  SmallVector<Buffer> parts;
  SmallVector<StoreTo> copies;
  for (size_t t = 0; t < terms.size(); ++t) {
    Buffer part = emitter.arena((name + "." + Twine(t)).str(), Elem::F32, cols);
    Expr read{[=](Region &r, const Coord &at) {
                return r.load(r.ref(total), r.add(at.col, static_cast<int64_t>(t) * cols), at.width);
              },
              false, false};
    copies.push_back({read, part});
    parts.push_back(part);
  }
  evaluate(emitter, (name + ".split").str(), loc, {1, cols, false}, copies);
  return parts;
}

Buffer sumAll(Emitter &emitter, StringRef name, Location loc, int64_t elements, const Expr &term) {
  return sumRows(emitter, name, loc, elements, 1, {term}).front();
}

Buffer rangeOfAll(Emitter &emitter, StringRef name, Location loc, int64_t rows, int64_t cols, const Expr &value) {
  int64_t blocks = std::max<int64_t>(1, (rows + rowBlock - 1) / rowBlock);
  Buffer partial = emitter.arena((name + ".blocks").str(), Elem::F32, blocks * 2 * cols);
  // Comparisons that a NaN fails; starting from +0 makes the result independent of the order and the range contain 0.
  auto lower = [](Region &r, Value x, Value m) { return r.select(r.cmp(arith::CmpFPredicate::OLT, x, m), x, m); };
  auto higher = [](Region &r, Value x, Value m) { return r.select(r.cmp(arith::CmpFPredicate::OGT, x, m), x, m); };
  reduceBlocks(emitter, (name + ".block").str(), loc, rows, cols, 2, partial,
               [&](Region &r, ValueRange acc, const Coord &at) {
                 Value x = value.eval(r, at);
                 return SmallVector<Value>{lower(r, x, acc[0]), higher(r, x, acc[1])};
               });
  Buffer range = emitter.arena(name, Elem::F32, 2);
  emitter.region((name + ".all").str(), loc, [](Code &c, Value) { return c.idx(1); },
                 [&](Region &r) {
                   Value P = r.ref(partial);
                   r.loop(r.begin, r.end, 1, [&](Value) {
                     auto acc = r.loop(r.idx(0), r.idx(blocks), 1, ValueRange{r.cf(0), r.cf(0)},
                                       [&](Value block, ValueRange outer) {
                                         return r.loop(r.idx(0), r.idx(cols), 1, outer, [&](Value col, ValueRange in) {
                                           Value at = r.add(r.mul(block, 2 * cols), col);
                                           return SmallVector<Value>{lower(r, r.load(P, at), in[0]),
                                                                     higher(r, r.load(P, r.add(at, cols)), in[1])};
                                         });
                                       });
                     r.store(acc[0], r.ref(range), r.idx(0));
                     r.store(acc[1], r.ref(range), r.idx(1));
                   });
                 });
  return range;
}

/// The input of `count` rows (n, y, x) from `first` on as [row][ky][kx][c], each row filled up with zeros to `padded`
/// values. Padded taps are zeros (R9.8: they are multiplied).
static void unfold(Region &r, const ConvShape &s, const Expr &input, Value first, Value count, Value columns,
                   int64_t padded) {
  r.loop(r.idx(0), count, 1, [&](Value i) {
    Value row = r.add(first, i), to = r.mul(i, padded);
    Value image = r.div(row, s.OH * s.OW), rest = r.rem(row, s.OH * s.OW);
    Value y0 = r.sub(r.mul(r.div(rest, s.OW), s.SH), r.idx(s.PT)),
          x0 = r.sub(r.mul(r.rem(rest, s.OW), s.SW), r.idx(s.PL));
    bool inside = !s.isPadded();
    for (int64_t ky = 0; ky < s.KH; ++ky)
      for (int64_t kx = 0; kx < s.KW; ++kx) {
        Value y = r.add(y0, ky * s.DH), x = r.add(x0, kx * s.DW), at = r.add(to, (ky * s.KW + kx) * s.C);
        Value pixel = r.add(r.mul(r.add(r.mul(image, s.H), y), s.W), x);
        auto fill = [&](bool zero) {
          auto value = [&](Value c, int64_t w) { return zero ? r.cf(0, w) : input.eval(r, {pixel, c, s.C, w}); };
          int64_t whole = s.C / lanes * lanes;
          if (whole)
            r.loop(r.idx(0), r.idx(whole), lanes, [&](Value c) { r.store(value(c, lanes), columns, r.add(at, c)); });
          if (whole < s.C)
            r.loop(r.idx(whole), r.idx(s.C), 1, [&](Value c) { r.store(value(c, 0), columns, r.add(at, c)); });
        };
        if (inside) {
          fill(false);
          continue;
        }
        // One unsigned comparison covers both ends.
        Value okY = r.cmp(arith::CmpIPredicate::ult, y, r.idx(s.H)),
              okX = r.cmp(arith::CmpIPredicate::ult, x, r.idx(s.W));
        r.when(arith::AndIOp::create(r, okY, okX), [&] { fill(false); }, [&] { fill(true); });
      }
    for (int64_t k = s.KH * s.KW * s.C; k < padded; ++k)
      r.store(r.cf(0), columns, r.add(to, k));
  });
}

Buffer gradWeight(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, int64_t images,
                  const Buffer &gradient, const Expr &input, int64_t tileRows) {
  int64_t rows = images * s.OH * s.OW, blocks = (rows + rowBlock - 1) / rowBlock;
  int64_t K = s.KH * s.KW * s.C, padded = (K + tileColumns - 1) / tileColumns * tileColumns;
  Buffer partial = emitter.arena((name + ".blocks").str(), Elem::F32, blocks * s.O * padded);

  // One tile: `tileRows` output channels x 16 columns of the unfolded input, over the rows of a block.
  auto tile = [&](Region &r, Value columns, Value first, Value count, Value o0, Value k0) {
    Value dY = r.ref(gradient), P = r.ref(partial);
    SmallVector<Value> os;
    for (int64_t m = 0; m < tileRows; ++m)
      os.push_back(r.min(r.add(o0, m), r.idx(s.O - 1)));
    auto acc =
        r.loop(r.idx(0), count, 1, SmallVector<Value>(2 * tileRows, r.cf(0, lanes)), [&](Value row, ValueRange in) {
          Value x = r.add(r.mul(row, padded), k0), y = r.mul(r.add(first, row), s.O);
          Value x0 = r.load(columns, x, lanes), x1 = r.load(columns, r.add(x, lanes), lanes);
          SmallVector<Value> out;
          for (int64_t m = 0; m < tileRows; ++m) {
            Value g = r.splat(r.load(dY, r.add(y, os[m])), lanes);
            out.push_back(r.fma(g, x0, in[2 * m]));
            out.push_back(r.fma(g, x1, in[2 * m + 1]));
          }
          return out;
        });
    Value base = r.mul(r.div(first, rowBlock), s.O * padded);
    for (int64_t m = 0; m < tileRows; ++m)
      for (int64_t h = 0; h < 2; ++h)
        r.store(acc[2 * m + h], P, r.add(r.add(base, r.mul(os[m], padded)), r.add(k0, h * lanes)));
  };

  emitter.region((name + ".block").str(), loc, [&](Code &c, Value) { return c.idx(blocks); },
                 [&](Region &r) {
                   Value columns = r.scratch(r.getF32Type(), rowBlock * padded);
                   r.loop(r.begin, r.end, 1, [&](Value block) {
                     Value first = r.mul(block, rowBlock), count = r.min(r.sub(r.idx(rows), first), r.idx(rowBlock));
                     unfold(r, s, input, first, count, columns, padded);
                     r.loop(r.idx(0), r.idx(padded), tileColumns, [&](Value k0) {
                       r.loop(r.idx(0), r.idx(s.O), tileRows,
                              [&](Value o0) { tile(r, columns, first, count, o0, k0); });
                     });
                   });
                 });

  Buffer total = emitter.arena((name + ".padded").str(), Elem::F32, s.O * padded);
  combineBlocks(emitter, (name + ".pairs").str(), loc, partial, blocks, s.O * padded, total);
  if (padded == K)
    return total;
  Buffer out = emitter.arena(name, Elem::F32, s.O * K);
  Expr read{
      [=](Region &r, const Coord &at) { return r.load(r.ref(total), r.add(r.mul(at.row, padded), at.col), at.width); },
      false, false};
  evaluate(emitter, (name + ".cut").str(), loc, {s.O, K, false}, {{read, out}});
  return out;
}

Buffer gradWeightGrouped(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, int64_t images,
                         const Buffer &gradient, const Expr &input) {
  int64_t rows = images * s.OH * s.OW, blocks = (rows + rowBlock - 1) / rowBlock, taps = s.KH * s.KW;
  int64_t cg = s.channelsPerGroup(), og = s.O / s.groups, unfolded = taps * s.C, width = s.O * taps * cg;
  bool depthwise = cg == 1 && og == 1; // Vectors run over the channels: partial sums are [tap][c], else [o][tap][c].
  Buffer partial = emitter.arena((name + ".blocks").str(), Elem::F32, blocks * width);
  emitter.region((name + ".block").str(), loc, [&](Code &c, Value) { return c.idx(blocks); },
                 [&](Region &r) {
                   Value columns = r.scratch(r.getF32Type(), rowBlock * unfolded), dY = r.ref(gradient),
                         P = r.ref(partial);
                   r.loop(r.begin, r.end, 1, [&](Value block) {
                     Value first = r.mul(block, rowBlock), count = r.min(r.sub(r.idx(rows), first), r.idx(rowBlock));
                     unfold(r, s, input, first, count, columns, unfolded);
                     // Sum over the rows for outputs o.. and unfolded columns k.., stored at `to` of the block.
                     auto sum = [&](Value o, Value k, Value to, int64_t w) {
                       Value acc = r.loop(r.idx(0), count, 1, ValueRange{r.cf(0, w)}, [&](Value row, ValueRange in) {
                         Value at = r.add(r.mul(r.add(first, row), s.O), o);
                         Value g = depthwise || !w ? r.load(dY, at, w) : r.splat(r.load(dY, at), w);
                         return SmallVector<Value>{r.fma(g, r.load(columns, r.add(r.mul(row, unfolded), k), w), in[0])};
                       })[0];
                       r.store(acc, P, r.add(r.mul(block, width), to));
                     };
                     auto channels = [&](int64_t n, llvm::function_ref<void(Value, int64_t)> body) {
                       int64_t whole = n / lanes * lanes;
                       if (whole)
                         r.loop(r.idx(0), r.idx(whole), lanes, [&](Value c) { body(c, lanes); });
                       if (whole < n)
                         r.loop(r.idx(whole), r.idx(n), 1, [&](Value c) { body(c, 0); });
                     };
                     r.loop(r.idx(0), r.idx(taps), 1, [&](Value tap) {
                       Value start = r.mul(tap, s.C);
                       if (depthwise)
                         return channels(s.C, [&](Value c, int64_t w) { sum(c, r.add(start, c), r.add(start, c), w); });
                       r.loop(r.idx(0), r.idx(s.O), 1, [&](Value o) {
                         Value from = r.add(start, r.mul(r.div(o, og), cg)), to = r.mul(r.add(r.mul(o, taps), tap), cg);
                         channels(cg, [&](Value c, int64_t w) { sum(o, r.add(from, c), r.add(to, c), w); });
                       });
                     });
                   });
                 });
  Buffer total = emitter.arena((name + ".total").str(), Elem::F32, width);
  combineBlocks(emitter, (name + ".pairs").str(), loc, partial, blocks, width, total);
  if (!depthwise)
    return total;
  Buffer out = emitter.arena(name, Elem::F32, width);
  emitter.region((name + ".transpose").str(), loc, [&](Code &c, Value) { return c.idx(s.C); },
                 [&](Region &r) {
                   r.loop(r.begin, r.end, 1, [&](Value c) {
                     r.loop(r.idx(0), r.idx(taps), 1, [&](Value tap) {
                       r.store(r.load(r.ref(total), r.add(r.mul(tap, s.C), c)), r.ref(out), r.add(r.mul(c, taps), tap));
                     });
                   });
                 });
  return out;
}

} // namespace nibble::codegen
