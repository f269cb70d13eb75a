// Tiles of generated dot kernels: which pixels and channels each call computes, and the epilogue behind it.
#include "compiler/Codegen/LowerDot.h"
#include "compiler/Codegen/Elementwise.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

DotTile::DotTile(Emitter &emitter, TileOp op, StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
                 const Epilogue &epilogue, DotOperands operands, const Buffer &output)
    : emitter(emitter), op(op), name(name.str()), info(info), s(shape), e(epilogue), operands(std::move(operands)),
      output(output), tiles((s.O + info.columns - 1) / info.columns),
      tileBytes(s.KH * kernels::stepBytes(info, s.KW * s.C)) {
  // Weights of a share stay in the first-level cache while pixels pass. Every number of tiles in a call divides it.
  constexpr int64_t shareBytes = 16 * 1024;
  share = std::max<int64_t>(1, shareBytes / tileBytes / info.maxRows) * info.maxRows;
  shares = (tiles + share - 1) / share;
}

LogicalResult DotTile::lower(int64_t batch, bool batched) {
  bool flat = s.KH == 1 && s.KW == 1 && s.SH == 1 && s.SW == 1 && s.PT == 0 && s.PL == 0 && s.OH == s.H && s.OW == s.W;
  if (flat)
    lowerFlat(batched ? batch : 1, batched);
  else
    lowerWindows(batched);
  return failure(failedToGenerate);
}

std::string DotTile::kernelFor(const Call &call) {
  kernels::DotParams params{.rows = call.rows,
                            .aRowStride = call.rowStride,
                            .aOuterStride = s.W * s.C,
                            .run = call.run,
                            .bOuterStride = kernels::stepBytes(info, s.KW * s.C),
                            .widenEvery = operands.widenEvery,
                            .tiles = call.tiles,
                            .bTileStride = tileBytes};
  auto [it, isNew] = symbols.try_emplace({call.rows, call.tiles, call.rowStride, call.run});
  if (!isNew)
    return it->second;
  kernels::MachineCode code = kernels::generate(info, params);
  if (!code) {
    op.emitOpError("could not generate its kernel: ") << code.error;
    failedToGenerate = true;
    return "";
  }
  std::string symbol = (emitter.entry().getName() + "." + name + ".rows" + Twine(call.rows)).str();
  it->second = emitter.unique(call.tiles > 1 ? symbol + "x" + std::to_string(call.tiles) : symbol);
  OpBuilder b = OpBuilder::atBlockBegin(emitter.module.getBody());
  ukr::KernelOp::create(b, op.getLoc(), it->second, op.getKernel()->str(), call.rows, info.columns, call.run,
                        call.rowStride, params.aOuterStride, call.tiles, params.bOuterStride, params.bTileStride,
                        params.widenEvery,
                        ArrayRef<int8_t>(reinterpret_cast<const int8_t *>(code.bytes.data()), code.bytes.size()));
  return it->second;
}

Buffer DotTile::correctionFor(const Taps &taps) {
  if (!operands.zero)
    return {};
  auto [it, isNew] = corrections.try_emplace({taps.y0, taps.y1, taps.x0, taps.x1});
  if (!isNew)
    return it->second;
  std::vector<int32_t> sums((tiles * info.columns + tileColumns - 1) / tileColumns * tileColumns, 0);
  for (int64_t o = 0; o < s.O; ++o)
    for (int64_t y = taps.y0; y < taps.y1; ++y)
      for (int64_t k = taps.x0 * s.C; k < taps.x1 * s.C; ++k)
        sums[o] -= static_cast<int32_t>(operands.zero * operands.values[(o * s.KH + y) * s.KW * s.C + k]);
  return it->second = emitter.constantI32(name + ".correction", sums);
}

void DotTile::emitCall(Region &r, const Call &call, const Taps &taps, Value input, Value tile, Value pixel,
                       int64_t pixelStride) {
  std::string kernel = kernelFor(call);
  if (kernel.empty())
    return;
  const int64_t unit = int64_t(kernels::dotGroup) * info.unitGroups();
  int64_t start = taps.y0 * kernels::stepBytes(info, s.KW * s.C) + taps.x0 * s.C / unit * info.unitBytes();
  ukr::CallOp::create(r, kernel, r.ref(operands.input), input, r.ref(operands.weights),
                      r.add(r.mul(tile, tileBytes), start), sums, r.idx(0),
                      r.idx(taps.x1 > taps.x0 ? taps.y1 - taps.y0 : 0));
  Buffer correction = correctionFor(taps);
  r.loop(r.idx(0), r.idx(call.tiles), 1, [&](Value t) {
    Value channel = r.mul(r.add(tile, t), info.columns);
    r.loop(r.idx(0), r.idx(call.rows), 1, [&](Value m) {
      Value from = r.mul(r.add(r.mul(t, call.rows), m), info.columns), to = r.add(pixel, r.mul(m, pixelStride));
      for (int64_t half = 0; half < info.columns; half += lanes)
        finish(r, r.add(from, half), correction, r.add(channel, half), to);
    });
  });
}

void DotTile::finish(Region &r, Value from, const Buffer &correction, Value channel, Value pixel) {
  auto accumulators = [&](Value at, Value c, int64_t width) {
    Value acc = r.load(sums, at, width);
    return correction ? r.iadd(acc, r.load(r.ref(correction), c, width)) : acc;
  };
  Value index = r.add(r.mul(pixel, s.O), channel);
  if (output.elem == Elem::Bits) {
    // A byte holds 8 channels; the bytes that fill the last word of a pixel are 0.
    Buffer bytes = output;
    bytes.elem = Elem::I8, bytes.elements = output.elements * 4;
    int64_t words = wordsOf(s.O), last = s.O / lanes * lanes;
    auto store = [&](int64_t valid) {
      Value mask = applyEpilogue(r, e, accumulators(from, channel, lanes), channel, index, output, valid);
      Value byte = vector::ExtractOp::create(r, vector::BitCastOp::create(r, VectorType::get({1}, r.getI8Type()), mask),
                                             ArrayRef<int64_t>{0});
      if (valid < lanes)
        byte = arith::AndIOp::create(r, byte,
                                     arith::ConstantOp::create(r, r.getIntegerAttr(r.getI8Type(), (1 << valid) - 1)));
      r.store(byte, r.ref(bytes), r.add(r.mul(pixel, words * 4), r.div(channel, lanes)));
    };
    auto pad = [&] {
      for (int64_t b = (s.O + lanes - 1) / lanes; b < words * 4; ++b)
        r.store(arith::ConstantOp::create(r, r.getIntegerAttr(r.getI8Type(), 0)), r.ref(bytes),
                r.add(r.mul(pixel, words * 4), b));
    };
    Value here = r.cmp(arith::CmpIPredicate::slt, channel, r.idx(last));
    if (s.O % 32 == 0 && s.O % info.columns == 0)
      return store(lanes);
    r.when(here, [&] { store(lanes); });
    r.when(r.cmp(arith::CmpIPredicate::eq, channel, r.idx(s.O % lanes ? last : last - lanes)), [&] {
      if (s.O % lanes)
        store(s.O % lanes);
      pad();
    });
    return;
  }
  auto whole = [&] {
    storeElements(r, applyEpilogue(r, e, accumulators(from, channel, lanes), channel, index, output), output, index,
                  e.stored);
  };
  if (s.O % info.columns == 0)
    return whole();
  r.when(r.cmp(arith::CmpIPredicate::sle, r.add(channel, lanes), r.idx(s.O)), whole, [&] {
    r.loop(channel, r.idx(s.O), 1, [&](Value c) {
      Value step = r.sub(c, channel), at = r.add(index, step);
      storeElements(r, applyEpilogue(r, e, accumulators(r.add(from, step), c, 0), c, at, output), output, at, e.stored);
    });
  });
}

void DotTile::emitShare(Region &r, Value shareIndex, Call call, const Taps &taps, Value input, Value pixel,
                        int64_t pixelStride) {
  call.tiles = kernels::blockingFor(info, call.rows, tiles, call.rowStride).tiles;
  if (share % call.tiles)
    call.tiles = 1;
  Value first = r.mul(shareIndex, share), end = r.min(r.add(first, share), r.idx(tiles));
  Value whole = r.add(first, r.mul(r.div(r.sub(end, first), call.tiles), call.tiles));
  if (tiles >= call.tiles)
    r.loop(first, whole, call.tiles, [&](Value tile) { emitCall(r, call, taps, input, tile, pixel, pixelStride); });
  if (int rest = static_cast<int>(tiles % call.tiles)) {
    Call last = call;
    last.tiles = rest;
    r.when(r.cmp(arith::CmpIPredicate::slt, whole, end),
           [&] { emitCall(r, last, taps, input, whole, pixel, pixelStride); });
  }
}

void DotTile::lowerFlat(int64_t batch, bool batched) {
  const int64_t perImage = s.OH * s.OW;
  const Taps taps{0, 1, 0, 1};
  const int most = kernels::blockingFor(info, batch * perImage, tiles, s.C).rows;
  // What is left of the last tile of rows: fours, then single rows.
  SmallVector<int> sizes{most};
  if (perImage % most)
    for (int rows : {4, 1})
      if (rows < most)
        sizes.push_back(rows);
  auto pixels = [&](Code &c, Value n) { return batched ? c.mul(n, perImage) : c.idx(perImage); };
  emitter.region(
      name, op.getLoc(), [&](Code &c, Value n) { return c.mul(c.ceilDiv(pixels(c, n), most), shares); },
      [&](Region &r) {
        sums = r.scratch(r.getI32Type(), info.maxRows * info.columns);
        Value all = pixels(r, r.n);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value first = r.mul(r.div(item, shares), most), part = r.rem(item, shares);
          Value end = r.min(r.add(first, most), all);
          for (int rows : sizes) {
            auto call = [&](Value pixel) {
              emitShare(r, part, {rows, 1, s.C, s.C}, taps, r.mul(pixel, s.C), pixel, 1);
            };
            Value whole = r.add(first, r.mul(r.div(r.sub(end, first), rows), rows));
            r.loop(first, whole, rows, call);
            first = whole;
          }
        });
      });
}

void DotTile::lowerWindows(bool batched) {
  // Rectangles of pixels that see the same taps. A call takes pixels of one line, along the longer side.
  struct Rectangle {
    Span y, x;
    bool down;
    int64_t first, lines;
  };
  SmallVector<Rectangle> rectangles;
  int64_t lines = 0;
  for (const Span &y : spansOf(s.OH, s.H, s.KH, s.SH, s.PT))
    for (const Span &x : spansOf(s.OW, s.W, s.KW, s.SW, s.PL)) {
      bool down = x.count < info.maxRows && y.count > x.count;
      rectangles.push_back({y, x, down, lines, down ? x.count : y.count});
      lines += rectangles.back().lines;
    }
  emitter.region(
      name, op.getLoc(), [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), lines * shares); },
      [&](Region &r) {
        sums = r.scratch(r.getI32Type(), info.maxRows * info.columns);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value image = r.div(item, lines * shares), rest = r.rem(item, lines * shares);
          Value part = r.div(rest, lines), line = r.rem(rest, lines);
          for (const Rectangle &q : rectangles) {
            auto body = [&] {
              Value step = r.sub(line, r.idx(q.first));
              emitLine(r, part, image, q.down ? r.idx(q.y.first) : r.add(step, q.y.first),
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

void DotTile::emitLine(Region &r, Value part, Value image, Value oy, Value ox, const Taps &taps, bool down,
                       int64_t count) {
  Value iy = r.add(r.mul(oy, s.SH), taps.y0 - s.PT), ix = r.add(r.mul(ox, s.SW), taps.x0 - s.PL);
  Value input = r.mul(r.add(r.mul(r.add(r.mul(image, s.H), iy), s.W), ix), s.C);
  Value pixel = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox);
  int64_t rowStride = down ? s.SH * s.W * s.C : s.SW * s.C, pixelStride = down ? s.OW : 1;
  if (taps.y1 == taps.y0 || taps.x1 == taps.x0) // nothing but padding: sums of nothing
    input = r.idx(0);
  for (int64_t done = 0; done < count;) {
    const int rows = kernels::blockingFor(info, count - done, tiles, rowStride).rows;
    const int64_t times = (count - done) / rows;
    r.loop(r.idx(0), r.idx(times), 1, [&](Value i) {
      Value at = r.add(r.mul(i, rows), done);
      emitShare(r, part, {rows, 1, rowStride, std::max<int64_t>(1, (taps.x1 - taps.x0) * s.C)}, taps,
                r.add(input, r.mul(at, rowStride)), r.add(pixel, r.mul(at, pixelStride)), pixelStride);
    });
    done += times * rows;
  }
}

} // namespace nibble::codegen
