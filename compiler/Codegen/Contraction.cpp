// The register-tiled contraction: which output pixels go together, and the tile of `rows` pixels x 16 channels.
#include "compiler/Codegen/Contraction.h"
#include "compiler/Codegen/Elementwise.h"
#include "compiler/Codegen/InnerProduct.h"

using namespace mlir;

namespace nibble::codegen {

TileShape tileShape(int vectorBits, int vectorRegisters) {
  // Accumulators of a 16-column tile, two registers of weights, one broadcast.
  int64_t perRow = std::max<int64_t>(1, 16 * 32 / std::max(vectorBits, 128));
  return {std::clamp<int64_t>((vectorRegisters - 3) / perRow, 2, 6), vectorBits >= 512 ? 2 * lanes : lanes,
          vectorRegisters};
}

int64_t channelsOfConstants(int64_t channels, int64_t groups) {
  // Tiles begin at multiples of their columns, or with a group.
  return llvm::alignTo(groups > 1 ? channels + lanes - 1 : channels, tileColumns);
}

SmallVector<Span> spansOf(int64_t outputs, int64_t inputs, int64_t taps, int64_t stride, int64_t before,
                          int64_t dilation) {
  // Taps that lie below a row.
  auto below = [&](int64_t row) { return row > 0 ? (row + dilation - 1) / dilation : 0; };
  auto valid = [&](int64_t o) {
    return std::pair(std::min(taps, below(before - o * stride)), std::min(taps, below(inputs + before - o * stride)));
  };
  SmallVector<Span> spans;
  for (int64_t o = 0; o < outputs;) {
    // Both ends only fall from one output to the next, and so equal ones follow one another. Images have many outputs
    // but few kinds of windows.
    auto kind = valid(o);
    int64_t last = o, step = 1;
    for (; last + step < outputs && valid(last + step) == kind; step *= 2)
      last += step;
    for (; step; step /= 2)
      if (last + step < outputs && valid(last + step) == kind)
        last += step;
    // Windows of padding alone are all alike.
    auto [t0, t1] = kind.first < kind.second ? kind : std::pair<int64_t, int64_t>(0, 0);
    if (!spans.empty() && spans.back().tap0 == t0 && spans.back().tap1 == t1)
      spans.back().count += last + 1 - o;
    else
      spans.push_back({o, last + 1 - o, t0, t1});
    o = last + 1;
  }
  return spans;
}

LogicalResult checkWindows(Operation *op, const ConvShape &s) {
  constexpr size_t most = 4096;
  size_t kinds = spansOf(s.OH, s.H, s.KH, s.SH, s.PT, s.DH).size() * spansOf(s.OW, s.W, s.KW, s.SW, s.PL, s.DW).size();
  if (kinds <= most)
    return success();
  return op->emitOpError("has ") << kinds << " kinds of windows at the borders of its image, and code for at most "
                                 << most << "; pad the image by an op in front (pad)";
}

namespace {

/// Stores one row of 16 accumulators, of which `valid` are channels that exist.
class RowStore {
public:
  RowStore(Region &r, const ConvShape &s, const Epilogue &e, const Buffer &out, Value block)
      : r(r), s(s), e(e), out(out), block(block), blocks(llvm::divideCeil(s.outputsPerGroup(), tileColumns)) {}

  /// `pixel`: index of the output pixel.
  void operator()(Value pixel, ArrayRef<Value> acc) {
    const int64_t tail = s.outputsPerGroup() % tileColumns;
    if (!tail || blocks == 1)
      return emit(pixel, acc, tail ? tail : tileColumns);
    Value last = r.cmp(arith::CmpIPredicate::eq, s.groups > 1 ? r.rem(block, blocks) : block, r.idx(blocks - 1));
    r.when(last, [&] { emit(pixel, acc, tail); }, [&] { emit(pixel, acc, tileColumns); });
  }

private:
  void emit(Value pixel, ArrayRef<Value> acc, int64_t valid) {
    Value channel = r.mul(block, tileColumns);
    if (const int64_t unused = blocks * tileColumns - s.outputsPerGroup(); unused && s.groups > 1)
      channel = r.sub(channel, r.mul(r.div(block, blocks), unused));
    Value index = r.add(r.mul(pixel, s.O), channel);
    SmallVector<Value> done;
    for (int64_t h = 0; h * lanes < valid; ++h)
      done.push_back(
          applyEpilogue(r, e, acc[h], pixel, r.add(channel, h * lanes), out, std::min(valid - h * lanes, lanes)));
    if (out.elem == Elem::Bits)
      return storeBits(pixel, done, valid);
    if (packedBits(out.elem) == 2)
      return storeFields(pixel, done, valid);
    for (int64_t h = 0; h * lanes < valid; ++h) {
      int64_t here = std::min(valid - h * lanes, lanes);
      if (here >= lanes)
        storeElements(r, done[h], out, r.add(index, h * lanes), e.stored);
      for (int64_t i = 0; here < lanes && i < here; ++i)
        storeElements(r, vector::ExtractOp::create(r, done[h], ArrayRef<int64_t>{i}), out, r.add(index, h * lanes + i),
                      e.stored);
    }
  }

  /// A whole word of a row, whose fields behind the last channel are 0.
  void storeFields(Value pixel, ArrayRef<Value> halves, int64_t valid) {
    Value word;
    for (auto [h, values] : llvm::enumerate(halves)) {
      Value stored = e.stored ? r.iadd(values, r.ci(static_cast<int32_t>(e.stored), lanes)) : values;
      Value fields = fieldsOfTwoBits(r, stored);
      word = word ? Value(arith::OrIOp::create(r, word, r.shl(fields, static_cast<int32_t>(h) * 2 * lanes))) : fields;
    }
    if (valid < tileColumns)
      word = arith::AndIOp::create(r, word, r.ci(static_cast<int32_t>((int64_t(1) << 2 * valid) - 1)));
    r.store(word, r.ref(out), r.add(r.mul(pixel, wordsOf(s.O, 2)), block));
  }

  /// 16 bits of a row; the last block of a row clears the rest of its word.
  void storeBits(Value pixel, ArrayRef<Value> halves, int64_t valid) {
    Value bits;
    for (auto [h, mask] : llvm::enumerate(halves)) {
      Value byte = vector::BitCastOp::create(r, VectorType::get({1}, r.getI8Type()), mask);
      Value word = arith::ExtUIOp::create(r, r.getI32Type(), vector::ExtractOp::create(r, byte, ArrayRef<int64_t>{0}));
      bits = bits ? Value(arith::OrIOp::create(r, bits, r.shl(word, static_cast<int32_t>(h) * 8))) : word;
    }
    if (valid < tileColumns)
      bits = arith::AndIOp::create(r, bits, r.ci((1 << valid) - 1));
    int64_t words = wordsOf(s.O), blocks = (s.O + tileColumns - 1) / tileColumns;
    auto half = [&] {
      Buffer halves16 = out;
      halves16.elem = Elem::I16, halves16.elements = out.elements * 2;
      r.store(arith::TruncIOp::create(r, r.getIntegerType(16), bits), r.ref(halves16),
              r.add(r.mul(pixel, words * 2), block));
    };
    if (blocks % 2 == 0)
      return half();
    Value last = r.cmp(arith::CmpIPredicate::eq, block, r.idx(blocks - 1));
    r.when(last, [&] { r.store(bits, r.ref(out), r.add(r.mul(pixel, words), words - 1)); }, half);
  }

  Region &r;
  const ConvShape &s;
  const Epilogue &e;
  const Buffer &out;
  Value block;
  const int64_t blocks; ///< Of a group.
};

/// The input element of tap (0, 0) for the window of output (oy, ox).
Value windowAt(Region &r, const ConvShape &s, int64_t pixelStride, Value image, Value oy, Value ox) {
  Value iy = r.sub(r.mul(oy, s.SH), r.idx(s.PT)), ix = r.sub(r.mul(ox, s.SW), r.idx(s.PL));
  return r.mul(r.add(r.mul(r.add(r.mul(image, s.H), iy), s.W), ix), pixelStride);
}

/// Walks over the output pixels of a rectangle, row by row and image by image, without a division for each.
class PixelWalk {
public:
  /// A pixel: the input element of tap (0, 0) of its window, its number in the output, its place in the rectangle.
  struct At {
    Value in, out, y, x;
    At(Value in, Value out, Value y, Value x) : in(in), out(out), y(y), x(x) {}
    explicit At(ValueRange v) : in(v[0]), out(v[1]), y(v[2]), x(v[3]) {}
    SmallVector<Value> values() const { return {in, out, y, x}; }
  };

  PixelWalk(Region &r, const ConvShape &s, const Span &y, const Span &x, int64_t pixelStride)
      : r(r), s(s), y(y), x(x), pixelStride(pixelStride) {}

  /// Pixel number `pixel` of the rectangle, in all images; `channel` is added to the input element.
  SmallVector<Value> begin(Value pixel, Value channel) const {
    Value image = r.div(pixel, y.count * x.count), rest = r.rem(pixel, y.count * x.count);
    Value row = r.div(rest, x.count), column = r.rem(rest, x.count);
    Value oy = r.add(row, y.first), ox = r.add(column, x.first);
    Value out = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox);
    return {r.add(windowAt(r, s, pixelStride, image, oy, ox), channel), out, row, column};
  }

  /// The pixel behind; the same one again where `isInside`, if there is one, is false.
  At next(const At &at, Value isInside) const {
    // From the last pixel of a row, and of an image.
    const int64_t toRow = s.SH * s.W - (x.count - 1) * s.SW, toRowOut = s.OW - (x.count - 1),
                  toImage = s.H * s.W - (y.count - 1) * s.SH * s.W - (x.count - 1) * s.SW,
                  toImageOut = s.OH * s.OW - (y.count - 1) * s.OW - (x.count - 1);
    Value step = r.idx(s.SW * pixelStride), stepOut = r.idx(1), row = at.y, column = r.add(at.x, 1);
    const auto wrap = [&](Value &counter, int64_t count, int64_t to, int64_t toOut) {
      Value ends = r.cmp(arith::CmpIPredicate::eq, counter, r.idx(count));
      counter = r.select(ends, r.idx(0), counter);
      step = r.select(ends, r.idx(to * pixelStride), step);
      stepOut = r.select(ends, r.idx(toOut), stepOut);
      return ends;
    };
    // What lies in one piece in the input and the output needs no wrapping.
    if (toRow != s.SW || toRowOut != 1 || toImage != s.SW || toImageOut != 1) {
      Value ends = wrap(column, x.count, toRow, toRowOut);
      row = r.add(row, r.select(ends, r.idx(1), r.idx(0)));
      wrap(row, y.count, toImage, toImageOut);
    }
    if (isInside) {
      step = r.select(isInside, step, r.idx(0));
      stepOut = r.select(isInside, stepOut, r.idx(0));
    }
    return {r.add(at.in, step), r.add(at.out, stepOut), row, column};
  }

private:
  Region &r;
  const ConvShape &s;
  const Span &y, &x;
  const int64_t pixelStride;
};

/// One contraction: its tiles, and the loops that call them.
class ContractionEmitter {
public:
  ContractionEmitter(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const ContractionOperands &ops,
                     const Epilogue &epilogue, const Buffer &output, bool batched, const TileShape &shape)
      : emitter(emitter), name(name), loc(loc), s(s), ops(ops), epilogue(epilogue), output(output), batched(batched),
        shape(shape), rows(unpacks() && isTight() ? shape.rows - 1 : shape.rows),
        blocksOfGroup(llvm::divideCeil(s.outputsPerGroup(), tileColumns)), blocks(s.groups * blocksOfGroup),
        pixelStride(ops.input.elem == Elem::Bits ? wordsOf(s.C) : s.C),
        ySpans(spansOf(s.OH, s.H, s.KH, s.SH, s.PT, s.DH)), xSpans(spansOf(s.OW, s.W, s.KW, s.SW, s.PL, s.DW)) {}

  void emit() {
    // One pixel an image: a few images leave most rows of a tile without work, so they have wider tiles of one row.
    const bool hasSingles = batched && isPixel() && s.groups == 1;
    prefetches = hasSingles && ops.weights.elem == Elem::F32 && blocks * blockElements() > mostInCache;
    // Where one vector holds the columns of a block, two blocks give a tile as many accumulators as hide the latency of
    // an fma, and three those that pairs leave over.
    if (lanesOfF32() == tileColumns && blocksOfGroup > 1 && (s.groups == 1 || blocksOfGroup % 2 == 0))
      width = 2, lastWidth = blocks % 2 ? 3 : 0;
    full = tiles("", width);
    if (lastWidth)
      last = tiles("_last", lastWidth);
    if (s.groups == 1 && (isPixel() ? batched : hasCorners())) {
      // As many accumulators as hide the latency of an addition, and as fit the registers.
      together = std::min(blocks, unpacks() && isTight()        ? int64_t(2)
                                  : lanesOfF32() == tileColumns ? int64_t(8)
                                  : shape.rows >= 6             ? int64_t(4)
                                                                : int64_t(2));
      single = tile(".single", 1, together);
      if (int64_t rest = blocks % together)
        singleRest = tile(".single_rest", 1, rest);
    }
    emitter.region(
        name, loc,
        [&](Code &c, Value n) {
          Value tiles = c.idx(0);
          for (const Span &y : ySpans)
            for (const Span &x : xSpans)
              tiles = c.add(tiles, c.ceilDiv(c.mul(images(c, n), y.count * x.count), rows));
          if (!hasSingles)
            return tiles;
          Value singles = c.mul(n, (blocks + together - 1) / together);
          return Value(arith::SelectOp::create(c, isFew(c, n), singles, tiles));
        },
        [&](Region &r) {
          if (hasSingles)
            r.when(isFew(r, r.n), [&] { callSingles(r); }, [&] { callTiles(r); });
          else
            callTiles(r);
        });
  }

private:
  /// At so many images each weight is read from a cache that is near enough once for each of them.
  static constexpr int64_t mostSingles = 3;

  Value images(Code &c, Value n) const { return batched ? n : c.idx(1); }
  static Value isFew(Code &c, Value images) { return c.cmp(arith::CmpIPredicate::sle, images, c.idx(mostSingles)); }
  /// Of the tile for what is left of the images, where that is so few.
  int64_t restRows() const { return rows * 2 / 3; }
  /// The result of an image.
  bool isPixel() const { return s.OH * s.OW == 1; }
  static bool isCorner(const Span &y, const Span &x) { return y.count * x.count == 1; }
  bool hasCorners() const {
    return llvm::any_of(
        ySpans, [&](const Span &y) { return llvm::any_of(xSpans, [&](const Span &x) { return isCorner(y, x); }); });
  }

  /// f32 weights that stay in a second-level cache while all tiles pass: half of 512 KiB.
  static constexpr int64_t mostInCache = 65536;
  /// Weights of a block of 16 columns.
  int64_t blockElements() const { return s.KH * s.KW * s.channelsPerGroup() * tileColumns; }

  /// Whether f32 numbers are made of packed weights, which takes registers of its own.
  bool unpacks() const { return ops.input.elem == Elem::F32 && ops.group && ops.weights.elem != Elem::F32; }
  bool isTight() const { return shape.registers < 32; }
  /// 0: operands are integers.
  int64_t lanesOfF32() const { return ops.input.elem == Elem::F32 ? shape.lanes : 0; }

  /// The tiles of `rows` pixels and so many blocks; the other one is for fewer images.
  struct Tiles {
    func::FuncOp full, rest;
    int64_t width;
  };
  Tiles tiles(StringRef suffix, int64_t width) {
    Tiles made{tile((".tile" + suffix).str(), rows, width, prefetches), nullptr, width};
    if (batched && isPixel() && s.groups == 1)
      made.rest = tile((".rest" + suffix).str(), restRows(), width, prefetches);
    return made;
  }

  /// A routine of block, ky0, ky1, kx0, kx1, then the input offset of tap (0, 0) and the output pixel of each row, and
  /// how far ahead it prefetches weights if it does.
  func::FuncOp tile(StringRef suffix, int64_t tileRows, int64_t width, bool prefetches = false) {
    const int64_t arguments = 5 + 2 * tileRows;
    return emitter.routine((name + suffix).str(), loc, arguments + prefetches, [=, this](Region &r, ValueRange a) {
      TileTaps taps{a[0],  a[1],        a[2],
                    a[3],  a[4],        SmallVector<Value>(a.slice(5, tileRows)),
                    width, shape.lanes, prefetches ? a[arguments] : Value()};
      SmallVector<Value> acc = innerProduct(r, s, ops, taps, pixelStride);
      for (int64_t b = 0; b < width; ++b) {
        RowStore store(r, s, epilogue, output, b ? r.add(a[0], b) : a[0]);
        for (int64_t m = 0; m < tileRows; ++m)
          store(a[5 + tileRows + m], ArrayRef<Value>(acc).slice(2 * (b * tileRows + m), 2));
      }
    });
  }

  /// Elements of a pixel in front of those that the block's group sees.
  Value channelOf(Region &r, Value block) {
    if (s.groups == 1)
      return r.idx(0);
    const int64_t channels = s.channelsPerGroup();
    return r.mul(r.div(block, blocksOfGroup), ops.input.elem == Elem::Bits ? wordsOf(channels) : channels);
  }

  void callTiles(Region &r) {
    r.loop(r.idx(0), r.idx(blocks - lastWidth), width, [&](Value block) { callTiles(r, full, block); });
    if (lastWidth)
      callTiles(r, last, r.idx(blocks - lastWidth));
  }

  void callTiles(Region &r, const Tiles &routines, Value block) {
    Value first = r.idx(0); // number of this rectangle's first tile
    Value channel = channelOf(r, block);
    for (const Span &y : ySpans)
      for (const Span &x : xSpans) {
        Value pixels = r.mul(images(r, r.n), y.count * x.count);
        Value tiles = r.ceilDiv(pixels, rows);
        Value lo = r.max(r.sub(r.begin, first), r.idx(0)), hi = r.min(r.sub(r.end, first), tiles);
        auto fullTiles = [&] {
          if (!routines.rest)
            return callRectangle(r, {routines.full, rows, routines.width}, y, x, block, channel, pixels, lo, hi, hi);
          // What is left behind the last whole tile of images is often little: their number is a power of two.
          Value left = r.sub(pixels, r.mul(r.sub(tiles, r.idx(1)), rows));
          Value isRest = arith::AndIOp::create(r, r.cmp(arith::CmpIPredicate::eq, hi, tiles),
                                               r.cmp(arith::CmpIPredicate::sle, left, r.idx(restRows())));
          Value end = r.select(isRest, r.max(lo, r.sub(hi, r.idx(1))), hi);
          callRectangle(r, {routines.full, rows, routines.width}, y, x, block, channel, pixels, lo, end, hi);
          callRectangle(r, {routines.rest, restRows(), routines.width}, y, x, block, channel, pixels, end, hi, hi);
        };
        if (single && !isPixel() && isCorner(y, x))
          r.when(isFew(r, pixels), [&] { callCorner(r, y, x, block, routines.width, lo, hi); }, fullTiles);
        else
          fullTiles();
        first = r.add(first, tiles);
      }
  }

  struct Tile {
    func::FuncOp routine;
    int64_t rows;  ///< That it computes, of `rows` from one tile to the next.
    int64_t width; ///< Blocks.
  };

  /// Tiles lo to hi of a rectangle, which has `pixels` in all images; those of the block end at `last`.
  void callRectangle(Region &r, const Tile &tile, const Span &y, const Span &x, Value block, Value channel,
                     Value pixels, Value lo, Value hi, Value last) {
    const PixelWalk walk(r, s, y, x, pixelStride);
    const bool whole = y.count * x.count % rows == 0; // tiles are, for any number of images
    Value lastPixel = r.sub(pixels, r.idx(1));
    r.loop(lo, hi, 1, walk.begin(r.mul(lo, rows), channel), [&](Value t, ValueRange state) {
      PixelWalk::At at(state);
      SmallVector<Value> in, out;
      for (int64_t m = 0; m < tile.rows; ++m) {
        in.push_back(at.in), out.push_back(at.out);
        // The last tile repeats its last pixel: the same value is stored twice.
        Value isInside = whole ? Value() : r.cmp(arith::CmpIPredicate::slt, r.add(r.mul(t, rows), m), lastPixel);
        at = walk.next(at, isInside);
      }
      SmallVector<Value> args{block, r.idx(y.tap0), r.idx(y.tap1), r.idx(x.tap0), r.idx(x.tap1)};
      args.append(in);
      args.append(out);
      // The last tile brings the next block nearer; the others touch what they have.
      if (prefetches)
        args.push_back(r.select(r.cmp(arith::CmpIPredicate::eq, r.add(t, 1), last), r.idx(tile.width * blockElements()),
                                r.idx(0)));
      Emitter::call(r, tile.routine, args);
      return at.values();
    });
  }

  /// The pixel of a rectangle of one, in few images: with the first of `together` blocks, if it is one of the `width`
  /// from `block` on, for all of them, by whoever has the first tile.
  void callCorner(Region &r, const Span &y, const Span &x, Value block, int64_t width, Value lo, Value hi) {
    Value first = r.mul(r.ceilDiv(block, together), together);
    Value isMine = arith::AndIOp::create(r, r.cmp(arith::CmpIPredicate::eq, lo, r.idx(0)),
                                         r.cmp(arith::CmpIPredicate::sgt, hi, r.idx(0))),
          isFirst = r.cmp(arith::CmpIPredicate::slt, first, r.add(block, width));
    r.when(arith::AndIOp::create(r, isMine, isFirst),
           [&] { r.loop(r.idx(0), images(r, r.n), 1, [&](Value image) { callSingle(r, y, x, first, image); }); });
  }

  /// Items are groups of blocks; inside one, images, which share its weights.
  void callSingles(Region &r) {
    const Span &y = ySpans.front(), &x = xSpans.front();
    r.loop(r.begin, r.end, 1, [&](Value item) {
      Value group = arith::DivUIOp::create(r, item, r.n), image = arith::RemUIOp::create(r, item, r.n);
      callSingle(r, y, x, r.mul(group, together), image);
    });
  }

  /// The first pixel of a rectangle of an image, for `together` blocks from `block` on, or those that are left.
  void callSingle(Region &r, const Span &y, const Span &x, Value block, Value image) {
    Value oy = r.idx(y.first), ox = r.idx(x.first);
    SmallVector<Value> args{block,
                            r.idx(y.tap0),
                            r.idx(y.tap1),
                            r.idx(x.tap0),
                            r.idx(x.tap1),
                            windowAt(r, s, pixelStride, image, oy, ox),
                            r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), ox)};
    if (blocks % together == 0)
      return Emitter::call(r, single, args);
    r.when(
        r.cmp(arith::CmpIPredicate::sle, r.add(block, together), r.idx(blocks)),
        [&] { Emitter::call(r, single, args); }, [&] { Emitter::call(r, singleRest, args); });
  }

  Emitter &emitter;
  const StringRef name;
  const Location loc;
  const ConvShape &s;
  const ContractionOperands &ops;
  const Epilogue &epilogue;
  const Buffer &output;
  const bool batched;
  const TileShape &shape;
  const int64_t rows, blocksOfGroup, blocks, pixelStride;
  const SmallVector<Span> ySpans, xSpans;
  int64_t width = 1;       ///< Blocks of a tile of several rows,
  int64_t lastWidth = 0;   ///< and of the one behind those if blocks are left over.
  int64_t together = 1;    ///< Blocks of a tile of one row.
  bool prefetches = false; ///< Tiles of several rows do, of the weights of the next block.
  Tiles full, last;
  func::FuncOp single, singleRest;
};

} // namespace

void emitContraction(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const ContractionOperands &ops,
                     const Epilogue &epilogue, const Buffer &output, bool batched, const TileShape &tile) {
  ContractionEmitter(emitter, name, loc, s, ops, epilogue, output, batched, tile).emit();
}

Buffer packF32Weights(Emitter &emitter, StringRef name, Location loc, const ConvShape &s, const Expr &source,
                      bool transpose) {
  const int64_t cg = s.channelsPerGroup(), og = s.outputsPerGroup(), K = s.KH * s.KW * cg;
  const int64_t N = transpose ? cg : og, inner = transpose ? og : cg; // of a group
  const int64_t blocksOfGroup = llvm::divideCeil(N, tileColumns), blocks = s.groups * blocksOfGroup;
  Buffer packed = emitter.arena(name, Elem::F32, blocks * s.KH * s.KW * inner * tileColumns);
  emitter.region(
      name, loc, [&](Code &c, Value) { return c.idx(blocks * s.KH * s.KW); },
      [&](Region &r) {
        Value out = r.ref(packed);
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value block = r.div(item, s.KH * s.KW), tap = r.rem(item, s.KH * s.KW);
          Value output = r.idx(0); // the first of the group
          if (s.groups > 1)
            output = r.mul(r.div(block, blocksOfGroup), og), block = r.rem(block, blocksOfGroup);
          r.loop(r.idx(0), r.idx(inner), 1, [&](Value k) {
            Value to = r.mul(r.add(r.mul(item, inner), k), tileColumns);
            // Element (o, tap, c): the channel that runs over the 16 columns is o, or c for the flipped weights.
            auto at = [&](Value column, int64_t width) {
              if (transpose)
                return source.eval(
                    r, {r.add(output, k), r.add(r.mul(r.sub(r.idx(s.KH * s.KW - 1), tap), cg), column), K, width});
              return source.eval(r, {r.add(output, column), r.add(r.mul(tap, cg), k), K, width});
            };
            if (transpose && N % lanes == 0) {
              for (int64_t h = 0; h < tileColumns; h += lanes) {
                Value column = r.add(r.mul(block, tileColumns), h);
                auto copy = [&] { r.store(at(column, lanes), out, r.add(to, h)); };
                if (N % tileColumns == 0)
                  copy();
                else
                  r.when(r.cmp(arith::CmpIPredicate::slt, column, r.idx(N)), copy,
                         [&] { r.store(r.cf(0, lanes), out, r.add(to, h)); });
              }
              return;
            }
            r.loop(r.idx(0), r.idx(tileColumns), 1, [&](Value j) {
              Value column = r.add(r.mul(block, tileColumns), j);
              auto copy = [&] { r.store(at(column, 0), out, r.add(to, j)); };
              if (N % tileColumns == 0)
                copy();
              else
                r.when(r.cmp(arith::CmpIPredicate::slt, column, r.idx(N)), copy,
                       [&] { r.store(r.cf(0), out, r.add(to, j)); });
            });
          });
        });
      });
  return packed;
}

} // namespace nibble::codegen
