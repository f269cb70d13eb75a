// Reshape, concat, pad, slice and pooling on buffers of any storage.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Codegen/PackedRows.h"
#include <bit>

using namespace mlir;

namespace nibble::codegen {

void Lowering::copyWindow(StringRef name, Location loc, const Buffer &source_, ArrayRef<int64_t> sourceShape,
                          ArrayRef<int64_t> sourceOffset, const Buffer &target, ArrayRef<int64_t> targetShape,
                          ArrayRef<int64_t> targetOffset, ArrayRef<int64_t> size, bool batched) {
  // Dimension 0 is split among threads; the last one is copied in vectors.
  size_t rank = size.size();
  emitter->region(
      name, loc, [&](Code &c, Value n) { return batched ? n : c.idx(size[0]); },
      [&](Region &r) {
        Value from = r.ref(source_), to = r.ref(target);
        std::function<void(size_t, Value, Value)> nest = [&](size_t d, Value s, Value t) {
          if (d + 1 == rank) {
            Value s0 = r.add(r.mul(s, sourceShape[d]), sourceOffset[d]),
                  t0 = r.add(r.mul(t, targetShape[d]), targetOffset[d]);
            int64_t whole = size[d] / lanes * lanes;
            if (whole)
              r.loop(r.idx(0), r.idx(whole), lanes,
                     [&](Value i) { r.store(r.load(from, r.add(s0, i), lanes), to, r.add(t0, i)); });
            if (whole < size[d])
              r.loop(r.idx(whole), r.idx(size[d]), 1,
                     [&](Value i) { r.store(r.load(from, r.add(s0, i)), to, r.add(t0, i)); });
            return;
          }
          r.loop(r.idx(0), r.idx(size[d]), 1, [&](Value i) {
            nest(d + 1, r.add(r.mul(s, sourceShape[d]), r.add(i, sourceOffset[d])),
                 r.add(r.mul(t, targetShape[d]), r.add(i, targetOffset[d])));
          });
        };
        r.loop(r.begin, r.end, 1, [&](Value i) {
          if (rank == 1) {
            r.store(r.load(from, r.add(i, sourceOffset[0])), to, r.add(i, targetOffset[0]));
            return;
          }
          nest(1, r.add(i, sourceOffset[0]), r.add(i, targetOffset[0]));
        });
      });
}

void Lowering::fill(StringRef name, Location loc, const Buffer &target, int64_t rows, int64_t cols, int64_t raw,
                    int64_t lastRaw, bool batched) {
  emitter->region(
      name, loc, [&](Code &c, Value n) { return batched ? c.mul(n, rows) : c.idx(rows); },
      [&](Region &r) {
        Value to = r.ref(target);
        Type element = cast<MemRefType>(to.getType()).getElementType();
        auto constantOf = [&](int64_t v) -> Value {
          if (isa<FloatType>(element))
            return r.cf(std::bit_cast<float>(static_cast<int32_t>(v)));
          return arith::ConstantOp::create(
              r, IntegerAttr::get(element,
                                  llvm::APInt(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(v), false, true)));
        };
        Value body = constantOf(raw), last = constantOf(lastRaw);
        r.loop(r.begin, r.end, 1, [&](Value row) {
          Value base = r.mul(row, cols);
          r.loop(r.idx(0), r.idx(cols - 1), 1, [&](Value i) { r.store(body, to, r.add(base, i)); });
          r.store(last, to, r.add(base, cols - 1));
        });
      });
}

Buffer Lowering::withBorder(StringRef name, Location loc, const Buffer &source_, int64_t images, const ConvShape &s,
                            float value, bool batched) {
  int64_t H = s.paddedHeight(), W = s.paddedWidth();
  Buffer out = emitter->arena(name, Elem::F32, images * H * W * s.C);
  int64_t raw = std::bit_cast<int32_t>(value), h = std::min(s.H, H - s.PT), w = std::min(s.W, W - s.PL);
  fill((name + ".border").str(), loc, out, H, W * s.C, raw, raw, batched);
  copyWindow((name + ".inner").str(), loc, source_, {images, s.H, s.W * s.C}, {0, 0, 0}, out, {images, H, W * s.C},
             {0, s.PT, s.PL * s.C}, {images, h, w * s.C}, batched);
  return out;
}

/// Storage elements along the last dimension.
static int64_t storedLast(const Buffer &b, int64_t channels) {
  const int64_t bits = packedBits(b.elem);
  return bits ? wordsOf(channels, bits) : channels;
}

LogicalResult Lowering::lowerShapeOp(Operation *op) {
  std::string name = nameOf(op);
  // Rows of packed elements: all dimensions but the last.
  auto packedRows = [&](const LoweredValue &v) {
    ArrayRef<int64_t> shape = v.type.getShape();
    return elementsOf(v) / shape.back() / (v.batched ? shape.front() : 1);
  };
  auto poolShape = [&](RankedTensorType x, RankedTensorType y, ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                       PaddingAttr p) {
    return PoolShape{x.getDimSize(1), x.getDimSize(2), x.getDimSize(3), y.getDimSize(1), y.getDimSize(2), window[0],
                     window[1],       strides[0],      strides[1],      p.getTop(),      p.getLeft()};
  };
  // The memory that holds a value in its own storage: integers if it lies on a grid, else f32.
  auto stored = [&](Value v) -> Buffer {
    return gridTypeOf(v.getType()) && !get(v).real ? gridBuffer(v) : realBuffer(v);
  };
  auto hold = [&](Value v, const Buffer &b, Value like) {
    bool grid = gridTypeOf(v.getType()) && !get(like).real;
    (grid ? get(v).grid : get(v).real) = b;
    get(v).scale = get(like).scale;
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ReshapeOp s) -> LogicalResult {
        Value x = s.getInput();
        LoweredValue from = get(x);
        LoweredValue &to = define(s.getResult(), from.batched);
        auto in = from.type.getShape(), out = to.type.getShape();
        if (const int64_t images = out.empty() ? 1 : out.front(); from.batched && in.front() != images)
          return op->emitOpError("makes ") << images << " images of " << in.front() << "; keep the first dimension";
        const int64_t bits = from.grid ? packedBits(from.grid.elem) : 0;
        Buffer b = stored(x);
        if (bits && in.back() != out.back() && (in.back() % (32 / bits) || out.back() % (32 / bits))) {
          Buffer packed = place(s.getResult(), b.elem, ".q");
          emitPackedReshape(*emitter, name, op->getLoc(), b, in.back(), packed, out.back(), packedRows(to), to.batched);
          b = packed;
        }
        hold(s.getResult(), b, x);
        if (assigned.count(s.getResult()) && get(s.getResult()).real)
          get(s.getResult()).real = b; // copied into the result at the end
        return success();
      })
      .Case([&](MaxPool2dOp p) -> LogicalResult {
        Value x = p.getInput(), y = p.getResult();
        Buffer in = stored(x);
        LoweredValue &to = define(y, get(x).batched);
        Buffer out = place(y, in.elem, in.elem == Elem::F32 && !gridTypeOf(y.getType()) ? "" : ".q");
        emitMaxPool(*emitter, name, op->getLoc(),
                    poolShape(get(x).type, to.type, p.getWindow(), p.getStrides(), p.getPadding()), in, out,
                    to.batched);
        hold(y, out, x);
        return success();
      })
      .Case<AvgPool2dOp, GlobalAvgPoolOp>([&](auto p) -> LogicalResult {
        Value x = p.getInput(), y = p.getResult();
        auto in = get(x).type;
        LoweredValue &to = define(y, get(x).batched);
        PoolShape s{
            in.getDimSize(1), in.getDimSize(2), in.getDimSize(3), 1, 1, in.getDimSize(1), in.getDimSize(2), 1, 1, 0, 0};
        if constexpr (std::is_same_v<decltype(p), AvgPool2dOp>)
          s = poolShape(in, to.type, p.getWindow(), p.getStrides(), p.getPadding());
        std::optional<Expr> factor;
        if (Type grid = gridTypeOf(in)) {
          auto facts = gridFacts(grid);
          float taps = static_cast<float>(s.KH * s.KW);
          auto perTap = [taps](Region &r, Value v) { return r.fdiv(v, r.cf(taps, Code::widthOf(v))); };
          if (get(x).scale)
            factor = map(perColumn(get(x).scale), perTap);
          else if (facts->scales.size() == 1)
            factor = constant(facts->scales[0] / taps);
          else
            factor = map(perColumn(emitter->constantF32(
                             name + ".scales", std::vector<float>(facts->scales.begin(), facts->scales.end()))),
                         perTap);
        }
        Buffer out = place(y, Elem::F32);
        AvgPoolInput input{factor ? ints(x) : leaf(realBuffer(x))};
        if (const LoweredValue &from = get(x); factor && from.grid && from.grid.elem == Elem::U8)
          input.bytes = from.grid, input.zero = storedZero(from.type);
        input.isPacked = factor && packedBits(get(x).grid.elem) != 0;
        emitAvgPool(*emitter, name, op->getLoc(), s, input, factor, out, to.batched);
        get(y).real = out;
        return success();
      })
      .Case([&](ConcatOp c) -> LogicalResult {
        int64_t axis = c.getAxis();
        Value y = c.getResult();
        bool sameStorage = true;
        Elem elem = stored(c.getInputs().front()).elem;
        for (Value v : c.getInputs())
          sameStorage &= stored(v).elem == elem && bool(get(v).real) == bool(get(c.getInputs().front()).real);
        LoweredValue &to = define(y, get(c.getInputs().front()).batched);
        if (!sameStorage || !gridTypeOf(y.getType()))
          for (Value v : c.getInputs())
            realBuffer(v);
        bool grid = gridTypeOf(y.getType()) && sameStorage && !get(c.getInputs().front()).real;
        Buffer out = place(y, grid ? elem : Elem::F32, grid ? ".q" : "");
        const int64_t bits = grid ? packedBits(elem) : 0;
        auto isWhole = [&](Value v) { return get(v).type.getShape().back() % (32 / bits) == 0; };
        if (bits && axis == to.type.getRank() - 1 && !llvm::all_of(c.getInputs(), isWhole)) {
          SmallVector<RowPart> parts;
          for (Value v : c.getInputs())
            parts.push_back({get(v).grid, get(v).type.getShape().back()});
          emitPackedConcat(*emitter, name, op->getLoc(), parts, out, packedRows(to), to.batched);
          get(y).grid = out;
          return success();
        }
        // Everything from `axis` on is one contiguous run.
        auto run = [&](ArrayRef<int64_t> shape, const Buffer &b) {
          int64_t n = 1;
          for (int64_t d : shape.drop_front(axis))
            n *= d;
          return n / shape.back() * storedLast(b, shape.back());
        };
        int64_t outer = 1;
        for (int64_t d : to.type.getShape().slice(1, axis - 1))
          outer *= d;
        int64_t total = run(to.type.getShape(), out), offset = 0, images = to.type.getDimSize(0);
        for (auto [i, v] : llvm::enumerate(c.getInputs())) {
          Buffer in = grid ? get(v).grid : get(v).real;
          int64_t length = run(get(v).type.getShape(), in);
          copyWindow(name + "." + std::to_string(i), op->getLoc(), in, {images, outer, length}, {0, 0, 0}, out,
                     {images, outer, total}, {0, 0, offset}, {images, outer, length}, get(y).batched);
          offset += length;
        }
        (grid ? get(y).grid : get(y).real) = out;
        get(y).scale = get(c.getInputs().front()).scale;
        return success();
      })
      .Case([&](PadOp p) -> LogicalResult {
        Value x = p.getInput(), y = p.getResult();
        Buffer in = gridTypeOf(y.getType()) ? stored(x) : realBuffer(x);
        bool grid = gridTypeOf(y.getType()) && !get(x).real;
        LoweredValue &to = define(y, get(x).batched);
        Buffer out = place(y, in.elem, grid ? ".q" : "");
        float value = p.getValue().convertToFloat();
        SmallVector<int64_t> inShape(get(x).type.getShape()), outShape(to.type.getShape()), low(p.getLow()),
            high(p.getHigh()), zero(inShape.size(), 0);
        auto facts = grid ? gridFacts(gridTypeOf(y.getType())) : std::nullopt;
        if (facts && !facts->known && value != 0)
          return op->emitOpError("with a value other than 0 needs a known scale");
        auto integer = [&] { return value != 0 ? static_cast<int64_t>(std::nearbyint(value / facts->scales[0])) : 0; };
        int64_t channels = outShape.back(), words = storedLast(in, channels), raw = 0, lastRaw = 0;
        if (int64_t bits = packedBits(in.elem)) {
          // A sign is 1 for -1; fields hold 0, 1 or -1, or what is stored for an integer.
          raw = value < 0 ? -1 : bits == 2 && value > 0 ? 0x55555555 : 0;
          if (in.elem == Elem::U2)
            raw = static_cast<int32_t>(0x55555555 * (integer() + storedZero(y.getType())));
          if (inShape.back() != channels) { // first rows with constants on both sides
            Buffer rows = emitter->arena(name + ".rows", in.elem, elementsOf(get(x)) / inShape.back() * words);
            emitPackedConcat(*emitter, name + ".rows", op->getLoc(),
                             {{{}, low.back(), raw}, {in, inShape.back()}, {{}, high.back(), raw}}, rows,
                             packedRows(get(x)), to.batched);
            in = rows, low.back() = high.back() = 0;
          }
          const int64_t rest = channels % (32 / bits) * bits;
          lastRaw = rest ? raw & ((int64_t(1) << rest) - 1) : raw;
          inShape.back() = outShape.back() = words;
        } else if (grid) {
          const int64_t q = integer();
          raw = lastRaw = in.elem == Elem::U8    ? q + storedZero(y.getType())
                          : in.elem == Elem::F32 ? std::bit_cast<int32_t>(static_cast<float>(q))
                                                 : q;
        } else {
          raw = lastRaw = std::bit_cast<int32_t>(value);
        }
        // Dimensions that are not padded make longer runs of those in front of them.
        while (inShape.size() > 2 && !low.back() && !high.back() && raw == lastRaw) {
          const int64_t inner = inShape.pop_back_val();
          outShape.pop_back(), low.pop_back(), high.pop_back();
          inShape.back() *= inner, outShape.back() *= inner, low.back() *= inner, high.back() *= inner;
        }
        zero.resize(inShape.size());
        int64_t rowsPer = 1;
        for (int64_t d : ArrayRef<int64_t>(outShape).drop_front().drop_back())
          rowsPer *= d;
        if (!to.batched)
          rowsPer *= outShape.front();
        fill(name + ".fill", op->getLoc(), out, rowsPer, outShape.back(), raw, lastRaw, to.batched);
        copyWindow(name, op->getLoc(), in, inShape, zero, out, outShape, low, inShape, to.batched);
        (grid ? get(y).grid : get(y).real) = out;
        get(y).scale = get(x).scale;
        return success();
      })
      .Case([&](SliceOp s) -> LogicalResult {
        Value x = s.getInput(), y = s.getResult();
        Buffer in = realBuffer(x);
        LoweredValue &to = define(y, get(x).batched);
        Buffer out = place(y, Elem::F32);
        SmallVector<int64_t> zero(to.type.getRank(), 0);
        copyWindow(name, op->getLoc(), in, get(x).type.getShape(), s.getOffsets(), out, to.type.getShape(), zero,
                   to.type.getShape(), to.batched);
        get(y).real = out;
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

} // namespace nibble::codegen
