// Tiles whose sums come from calls of generated kernels: which pixels go together, and the epilogue behind a call.
#include "compiler/Codegen/KernelTile.h"
#include "compiler/Codegen/Elementwise.h"

using namespace mlir;

namespace nibble::codegen {

LogicalResult WindowTile::lower(int64_t batch, bool batched) {
  bool flat = s.KH == 1 && s.KW == 1 && s.SH == 1 && s.SW == 1 && s.PT == 0 && s.PL == 0 && s.OH == s.H && s.OW == s.W;
  if (flat)
    lowerFlat(batched ? batch : 1, batched);
  else
    lowerWindows(batched);
  return failure(failedToGenerate);
}

std::string KernelTile::defineKernel(const kernels::MachineCode &code, const Twine &suffix,
                                     llvm::function_ref<void(OpBuilder &, StringRef, ArrayRef<int8_t>)> create) {
  if (!code) {
    op.emitOpError("could not generate its kernel: ") << code.error;
    failedToGenerate = true;
    return "";
  }
  std::string symbol = emitter.unique((emitter.entry().getName() + "." + name + suffix).str());
  OpBuilder b = OpBuilder::atBlockBegin(emitter.module.getBody());
  create(b, symbol, {reinterpret_cast<const int8_t *>(code.bytes.data()), code.bytes.size()});
  return symbol;
}

void WindowTile::lowerFlat(int64_t batch, bool batched) {
  const int64_t perImage = s.OH * s.OW, most = rowsOfCall(batch * perImage, operands.pixelBytes);
  SmallVector<int64_t> sizes{most};
  if (perImage % most)
    for (int64_t rows : rowsOfRest(most))
      if (rows < most)
        sizes.push_back(rows);
  auto pixels = [&](Code &c, Value n) { return batched ? c.mul(n, perImage) : c.idx(perImage); };
  emitter.region(
      name, op.getLoc(), [&](Code &c, Value n) { return c.mul(c.ceilDiv(pixels(c, n), most), shares); },
      [&](Region &r) {
        sums = r.scratch(r.getI32Type(), sumsOfCall);
        Value all = pixels(r, r.n);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value first = r.mul(r.div(item, shares), most), share = r.rem(item, shares);
          Value end = r.min(r.add(first, most), all);
          for (int64_t rows : sizes) {
            Value whole = r.add(first, r.mul(r.div(r.sub(end, first), rows), rows));
            r.loop(first, whole, rows, [&](Value pixel) {
              emitShare(r, share,
                        {rows, {0, 1, 0, 1}, operands.pixelBytes, r.mul(pixel, operands.pixelBytes), pixel, 1});
            });
            first = whole;
          }
        });
      });
}

void WindowTile::lowerWindows(bool batched) {
  // Rectangles of pixels that see the same taps. A call takes pixels of one line, along the longer side.
  struct Rectangle {
    Span y, x;
    bool down;
    int64_t first, lines;
  };
  SmallVector<Rectangle> rectangles;
  int64_t lines = 0;
  for (const Span &y : spansOf(s.OH, s.H, s.KH, s.SH, s.PT, s.DH))
    for (const Span &x : spansOf(s.OW, s.W, s.KW, s.SW, s.PL, s.DW)) {
      bool down = x.count < longLine && y.count > x.count;
      rectangles.push_back({y, x, down, lines, down ? x.count : y.count});
      lines += rectangles.back().lines;
    }
  emitter.region(
      name, op.getLoc(), [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), lines * shares); },
      [&](Region &r) {
        sums = r.scratch(r.getI32Type(), sumsOfCall);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value image = r.div(item, lines * shares), rest = r.rem(item, lines * shares);
          Value share = r.div(rest, lines), line = r.rem(rest, lines);
          for (const Rectangle &q : rectangles) {
            auto body = [&] {
              Value step = r.sub(line, r.idx(q.first));
              emitLine(r, share, image, q.down ? r.idx(q.y.first) : r.add(step, q.y.first),
                       q.down ? r.add(step, q.x.first) : r.idx(q.x.first), {q.y.tap0, q.y.tap1, q.x.tap0, q.x.tap1},
                       q.down, q.down ? q.y.count : q.x.count);
            };
            if (rectangles.size() == 1) {
              body();
              continue;
            }
            Value after = r.cmp(arith::CmpIPredicate::sge, line, r.idx(q.first)),
                  before = r.cmp(arith::CmpIPredicate::slt, line, r.idx(q.first + q.lines));
            r.when(arith::AndIOp::create(r, after, before), body);
          }
        });
      });
}

void WindowTile::emitLine(Region &r, Value share, Value image, Value oy, Value ox, const Taps &taps, bool down,
                          int64_t count) {
  const int64_t bytes = operands.pixelBytes;
  Value iy = r.add(r.mul(oy, s.SH), taps.y0 * s.DH - s.PT), ix = r.add(r.mul(ox, s.SW), taps.x0 * s.DW - s.PL);
  Value input = r.mul(r.add(r.mul(r.add(r.mul(image, s.H), iy), s.W), ix), bytes);
  Value pixel = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox);
  int64_t rowStride = (down ? s.SH * s.W : s.SW) * bytes, pixelStride = down ? s.OW : 1;
  if (taps.empty())
    input = r.idx(0);
  for (int64_t done = 0; done < count;) {
    const int64_t rows = rowsOfCall(count - done, rowStride), times = (count - done) / rows;
    r.loop(r.idx(0), r.idx(times), 1, [&](Value i) {
      Value at = r.add(r.mul(i, rows), done);
      emitShare(r, share,
                {rows, taps, rowStride, r.add(input, r.mul(at, rowStride)), r.add(pixel, r.mul(at, pixelStride)),
                 pixelStride});
    });
    done += times * rows;
  }
}

Correction &WindowTile::correctionOf(const Taps &taps, ArrayRef<int64_t> weights, int64_t zero) {
  if (!zero)
    return noCorrection;
  auto [it, isNew] = corrections.try_emplace({taps.y0, taps.y1, taps.x0, taps.x1});
  Correction &correction = it->second;
  if (!isNew)
    return correction;
  const int64_t channels = s.channelsPerGroup(), read = s.groups == 1 ? llvm::alignTo(s.O, columns) : s.O;
  correction.values.assign(llvm::alignTo(read, tileColumns), 0);
  for (int64_t o = 0; o < s.O; ++o)
    for (int64_t y = taps.y0; y < taps.y1; ++y)
      for (int64_t k = taps.x0 * channels; k < taps.x1 * channels; ++k)
        correction.values[o] -= static_cast<int32_t>(zero * weights[(o * s.KH + y) * s.KW * channels + k]);
  return correction;
}

void KernelTile::finish(Region &r, Value from, Value channel, int64_t width, const PixelRun &run,
                        Correction &correction) {
  if (!bytes || width != columns || !isNear(run))
    return finishAny(r, from, channel, width, run, correction);
  const int64_t inGroup = s.outputsPerGroup(), rest = inGroup % columns;
  auto whole = [&] { finishBytes(r, from, channel, columns, run, correction); };
  auto last = [&] {
    if (rest % kernels::requantizeStep == 0)
      finishBytes(r, from, channel, rest, run, correction);
    else
      finishAny(r, from, channel, width, run, correction);
  };
  if (!rest)
    return whole();
  if (inGroup < columns)
    return last();
  Value end = channelEnd ? channelEnd : r.idx(s.O);
  r.when(r.cmp(arith::CmpIPredicate::sle, r.add(channel, width), end), whole, last);
}

void KernelTile::finishAny(Region &r, Value from, Value channel, int64_t width, const PixelRun &run,
                           Correction &correction) {
  if (!correction.values.empty() && !correction.words)
    correction.words = emitter.constantI32(name + ".correction", correction.values);
  constexpr int64_t unrolled = 2 * lanes;
  // Of the channels behind the last, only those that fill its group of 8 are visited.
  Value end = r.idx(width);
  if (s.O % columns && width > unrolled)
    end = r.min(end, r.sub(r.idx((s.O + lanes - 1) / lanes * lanes), channel));
  if (channelEnd && width > unrolled)
    end = r.min(end, r.sub(channelEnd, channel));
  r.loop(r.idx(0), r.idx(run.rows), 1, [&](Value m) {
    Value row = r.add(from, r.mul(m, width)), pixel = r.add(run.pixel, r.mul(m, run.pixelStride));
    if (width <= unrolled) {
      for (int64_t c = 0; c < width; c += lanes) {
        Value first = r.add(channel, c);
        auto eight = [&] { finishEight(r, r.add(row, c), first, pixel, correction.words); };
        if (channelEnd)
          r.when(r.cmp(arith::CmpIPredicate::slt, first, channelEnd), eight);
        else
          eight();
      }
      return;
    }
    r.loop(r.idx(0), end, lanes,
           [&](Value c) { finishEight(r, r.add(row, c), r.add(channel, c), pixel, correction.words); });
  });
}

void KernelTile::finishEight(Region &r, Value from, Value channel, Value pixel, const Buffer &correction) {
  const Buffer &output = operands.output;
  auto accumulators = [&](Value at, Value c, int64_t width) {
    Value acc = r.load(sums, at, width);
    if (sumsAreF32)
      return r.bitcastTo(width ? Type(r.f32(width)) : Type(r.f32()), acc);
    return correction ? r.iadd(acc, r.load(r.ref(correction), c, width)) : acc;
  };
  if (const int64_t bits = packedBits(output.elem))
    return finishPacked(r, [&] { return accumulators(from, channel, lanes); }, channel, pixel, bits);
  Value index = r.add(r.mul(pixel, s.O), channel);
  auto whole = [&] {
    storeElements(r, applyEpilogue(r, e, accumulators(from, channel, lanes), pixel, channel, output), output, index,
                  e.stored);
  };
  if (s.O % columns == 0)
    return whole();
  r.when(r.cmp(arith::CmpIPredicate::sle, r.add(channel, lanes), r.idx(s.O)), whole, [&] {
    r.loop(channel, r.idx(s.O), 1, [&](Value c) {
      Value step = r.sub(c, channel), at = r.add(index, step);
      storeElements(r, applyEpilogue(r, e, accumulators(r.add(from, step), c, 0), pixel, c, output), output, at,
                    e.stored);
    });
  });
}

/// A byte (two of two bits each) holds 8 channels; what fills the last word of a pixel is 0.
void KernelTile::finishPacked(Region &r, llvm::function_ref<Value()> sums, Value channel, Value pixel, int64_t bits) {
  Buffer units = operands.output;
  units.elem = bits == 1 ? Elem::I8 : Elem::I16, units.elements = operands.output.elements * (4 / bits);
  const int64_t rowUnits = wordsOf(s.O, bits) * (4 / bits), last = s.O / lanes * lanes;
  Type unit = r.getIntegerType(lanes * bits);
  auto constant = [&](int64_t value) { return arith::ConstantOp::create(r, r.getIntegerAttr(unit, value)); };
  auto store = [&](int64_t valid) {
    Value result = applyEpilogue(r, e, sums(), pixel, channel, operands.output, valid), packed;
    if (e.stored)
      result = r.iadd(result, r.ci(static_cast<int32_t>(e.stored), lanes));
    if (bits == 1)
      packed = vector::ExtractOp::create(r, vector::BitCastOp::create(r, VectorType::get({1}, unit), result),
                                         ArrayRef<int64_t>{0});
    else
      packed = arith::TruncIOp::create(r, unit, fieldsOfTwoBits(r, result));
    if (valid < lanes)
      packed = arith::AndIOp::create(r, packed, constant((1 << valid * bits) - 1));
    r.store(packed, r.ref(units), r.add(r.mul(pixel, rowUnits), r.div(channel, lanes)));
  };
  if (s.O * bits % 32 == 0 && s.O % columns == 0)
    return store(lanes);
  r.when(r.cmp(arith::CmpIPredicate::slt, channel, r.idx(last)), [&] { store(lanes); });
  r.when(r.cmp(arith::CmpIPredicate::eq, channel, r.idx(s.O % lanes ? last : last - lanes)), [&] {
    if (s.O % lanes)
      store(s.O % lanes);
    for (int64_t u = (s.O + lanes - 1) / lanes; u < rowUnits; ++u)
      r.store(constant(0), r.ref(units), r.add(r.mul(pixel, rowUnits), u));
  });
}

} // namespace nibble::codegen
