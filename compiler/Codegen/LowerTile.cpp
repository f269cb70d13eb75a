// Packed and tiled ops: quantisers on storage, layout changes, and the tile op with its kernels.
#include "compiler/Codegen/Lowering.h"
#include "compiler/Kernels/Kernels.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

/// Raw bytes of a packed constant.
static ArrayRef<char> bytesOf(DenseElementsAttr value) { return value.getRawData(); }

/// Bytes of any elements attribute, splats expanded.
static std::vector<char> rawBytes(ElementsAttr value) {
  std::vector<char> bytes;
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    ArrayRef<char> raw = bytesOf(dense);
    if (dense.isSplat()) {
      for (int64_t i = 0; i < dense.getNumElements(); ++i)
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    } else {
      bytes.assign(raw.begin(), raw.end());
    }
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    ArrayRef<char> raw = resource.getData();
    bytes.assign(raw.begin(), raw.end());
  }
  return bytes;
}

Epilogue Lowering::epilogueOf(TileOp op, StringRef name) {
  Epilogue e;
  if (!op.getMultiplier())
    return e;
  if (op.getThresholds()) {
    e.kind = Epilogue::Kind::Threshold;
    auto pad = [&](ArrayRef<int32_t> v) {
      std::vector<int32_t> out(v.begin(), v.end());
      if (out.size() > 1)
        out.resize((out.size() + tileColumns - 1) / tileColumns * tileColumns, 0);
      return out;
    };
    e.thresholds = emitter->constantI32((name + ".thresholds").str(), pad(*op.getThresholds()));
    e.flips = emitter->constantI32((name + ".flips").str(), pad(*op.getFlips()));
    return e;
  }
  e.kind = Epilogue::Kind::Affine;
  // Bounds that are the same for all channels are kept once.
  auto constants = [&](const char *what, ArrayRef<float> v) {
    bool same = llvm::all_of(v, [&](float x) { return std::bit_cast<int32_t>(x) == std::bit_cast<int32_t>(v[0]); });
    return emitter->constantF32((name + what).str(), padded(same ? v.take_front(1) : v, 0));
  };
  e.multiplier = constants(".multiplier", *op.getMultiplier());
  e.bias = constants(".bias", *op.getBias());
  e.lo = constants(".lo", *op.getLo());
  e.hi = constants(".hi", *op.getHi());
  return e;
}

LogicalResult Lowering::lowerPackedOp(Operation *op) {
  std::string name = nameOf(op);
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](TileOp t) -> LogicalResult { return lowerTile(t); })
      .Case([&](QuantizeOp q) -> LogicalResult {
        LoweredValue &l = define(q.getResult(), get(q.getInput()).batched);
        auto facts = gridFacts(l.type.getElementType());
        if (facts->axis >= 0)
          return op->emitOpError("of an activation per channel has no kernel; use one scale per tensor");
        Elem elem = elemOf(l.type);
        Buffer b = place(q.getResult(), elem, ".q");
        Expr x = real(q.getInput());
        if (!facts->binary) {
          QuantizerValues v{emitter->constantF32(name + ".scale", {facts->scales[0]}),
                            emitter->constantF32(name + ".zero", {static_cast<float>(facts->zeros[0])}), facts->qmin,
                            facts->qmax, false};
          x = quantizedInts(x, v);
        } else if (elem != Elem::Bits) {
          x = map(
              x,
              [](Region &r, Value v) {
                int64_t w = Code::widthOf(v);
                return r.select(r.cmp(arith::CmpFPredicate::OLT, v, r.cf(0, w)), r.ci(-1, w), r.ci(1, w));
              },
              true);
        }
        evaluate(*emitter, name, op->getLoc(), viewOf(get(q.getResult())),
                 {{x, b, elem == Elem::U8 ? facts->zeros[0] : 0}});
        get(q.getResult()).grid = b;
        return success();
      })
      .Case([&](DequantizeOp d) -> LogicalResult {
        LoweredValue from = get(d.getInput());
        if (!gridTypeOf(d.getResult().getType())) {
          setReal(d.getResult(), from.batched, real(d.getInput()));
          return success();
        }
        // Still on its grid: the integers in memory serve both, and what sums or compares them stays exact (R7).
        LoweredValue &l = define(d.getResult(), from.batched);
        l.grid = from.grid, l.gridExpr = from.gridExpr, l.scale = from.scale, l.constant = from.constant;
        if (assigned.count(d.getResult()))
          realBuffer(d.getResult());
        return success();
      })
      .Case<PackOp, UnpackOp>([&](auto p) -> LogicalResult {
        Value x = p.getInput(), y = p.getResult();
        LoweredValue &from = get(x);
        Elem to = elemOf(cast<RankedTensorType>(y.getType()));
        LoweredValue &l = define(y, from.batched);
        if (!from.grid || from.grid.elem == to) { // nothing to convert
          l.grid = from.grid, l.real = from.real, l.constant = from.constant;
          return success();
        }
        Buffer b = place(y, to, ".q");
        evaluate(*emitter, name, op->getLoc(), viewOf(get(y)), {{ints(x), b, to == Elem::U8 ? zeroOf(l.type) : 0}});
        get(y).grid = b;
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

LogicalResult Lowering::lowerTile(TileOp op) {
  auto x = cast<RankedTensorType>(op.getInput().getType()), w = cast<RankedTensorType>(op.getWeight().getType()),
       y = cast<RankedTensorType>(op.getResult().getType());
  PaddingAttr p = op.getPadding();
  ConvShape s{x.getDimSize(1),
              x.getDimSize(2),
              x.getDimSize(3),
              w.getDimSize(0),
              w.getDimSize(1),
              w.getDimSize(2),
              y.getDimSize(1),
              y.getDimSize(2),
              op.getStrides()[0],
              op.getStrides()[1],
              p.getTop(),
              p.getLeft(),
              static_cast<int64_t>(op.getGroups())};
  auto constant_ = op.getWeight().getDefiningOp<ConstantOp>();
  auto layout = dyn_cast_or_null<LayoutAttr>(w.getEncoding());
  if (!constant_ || !layout)
    return op.emitOpError("needs packed constant weights; run nibble-pack-constants first");
  StringRef kernel = op.getKernel().value_or("");
  std::string name = nameOf(op);
  if (auto named = dyn_cast<NameLoc>(op.getLoc()); !named)
    name = "tile";

  std::vector<char> bytes = rawBytes(constant_.getValue());
  bool real_ = x.getElementType().isF32();
  ContractionOperands ops;
  ops.fieldBits = layout.getLayout().bits, ops.code = layout.getLayout().code;
  Elem weightElem = real_ ? Elem::F32 : kernel == "portable_binary" ? Elem::Bits : Elem::I8;
  LoweredValue &result = define(op.getResult(), get(op.getInput()).batched);
  bool batched = result.batched;
  Elem outElem = elemOf(y);
  Buffer out = place(op.getResult(), outElem, outElem == Elem::F32 ? "" : ".q");
  Epilogue e = epilogueOf(op, name);
  e.binary = isa<BinaryType>(y.getElementType());
  e.zero = isQuantizedType(y.getElementType()) ? zeroOf(y) : 0;
  if (Value residual = op.getResidual()) {
    e.residual = gridTypeOf(residual.getType()) ? get(residual).grid : realBuffer(residual);
    e.residualMultiplier = op.getResidualMultiplier()->convertToFloat();
    if (e.residual.elem != Elem::I16 && e.residual.elem != Elem::F32)
      return op.emitOpError("takes a residual in 16-bit words or f32; unpack it first");
  }
  ops.input = real_ ? realBuffer(op.getInput()) : get(op.getInput()).grid;
  if (!ops.input)
    return op.emitOpError("has an input without storage; give it a layout first");

  if (kernel.starts_with("dot_")) {
    if (failed(lowerDotKernel(op, s, e, out, batched)))
      return failure();
  } else if (kernel == "portable_f32" || kernel == "portable_i16" || kernel == "portable_binary") {
    ops.weights = emitter->constant(name + ".weights", weightElem, bytes);
    emitContraction(*emitter, name, op.getLoc(), s, ops, e, out, batched, rows);
  } else if (kernel == "portable_depthwise") {
    ops.weights = emitter->constant(name + ".weights", weightElem, bytes);
    emitDepthwise(*emitter, name, op.getLoc(), s, ops, e, out, batched);
  } else if (kernel == "portable_scalar") {
    ops.weights = emitter->constant(name + ".weights", weightElem, bytes);
    int64_t K = s.KH * s.KW * s.channelsPerGroup();
    Buffer weights = ops.weights;
    bool isUnsigned = ops.code == layout::Code::unsigned_;
    Expr read{[=](Region &r, const Coord &at) -> Value {
                Value v = r.load(r.ref(weights), r.add(r.mul(at.row, K), at.col), at.width);
                if (weights.elem == Elem::F32)
                  return v;
                return isUnsigned ? Value(arith::ExtUIOp::create(r, r.i32(at.width), v))
                                  : Value(arith::ExtSIOp::create(r, r.i32(at.width), v));
              },
              true, !real_};
    emitScalarConv(*emitter, name, op.getLoc(), s, real_ ? leaf(ops.input) : ints(op.getInput()), read, e, out,
                   batched);
  } else {
    return op.emitOpError("has no kernel (nibble-select-kernels chooses one), got '") << kernel << "'";
  }
  LoweredValue &l = get(op.getResult());
  (outElem == Elem::F32 ? l.real : outElem == Elem::I32 ? l.acc : l.grid) = out;
  return success();
}

/// A generated kernel computes `rows` consecutive pixels of one output row (linear: images) x 16 channels of raw
/// accumulators; the epilogue follows in portable code.
LogicalResult Lowering::lowerDotKernel(TileOp op, const ConvShape &s, const Epilogue &e, const Buffer &output,
                                       bool batched) {
  const kernels::KernelInfo *info = kernels::findKernel(op.getKernel()->str());
  if (!info)
    return op.emitOpError("names an unknown kernel '") << *op.getKernel() << "'";
  Buffer A = get(op.getInput()).grid;
  if (A.elem != Elem::U8)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs its input in unsigned bytes";
  std::string name = nameOf(op);
  std::vector<char> packed = rawBytes(op.getWeight().getDefiningOp<ConstantOp>().getValue());
  Buffer W = emitter->constant(name + ".weights", Elem::I8, packed);
  bool linear = s.H == 1 && s.W == 1 && s.KH == 1 && s.KW == 1;
  int64_t run = s.KW * s.C, perBlock = s.KH * ((run + 3) / 4) * 64, blocks = (s.O + tileColumns - 1) / tileColumns;
  int64_t rowStride = linear ? s.C : s.SW * s.C, outerStride = s.W * s.C;

  // The kernels sum q * w; the zero point's part is the same at every pixel, as nothing is padded.
  int64_t zero = zeroOf(op.getInput().getType());
  std::vector<int32_t> correction(blocks * tileColumns, 0);
  for (int64_t b = 0; b < blocks; ++b)
    for (int64_t i = 0; i < perBlock; ++i)
      correction[b * tileColumns + (i % 64) / 4] -=
          static_cast<int32_t>(zero) * static_cast<int8_t>(packed[b * perBlock + i]);
  Buffer corrections = zero ? emitter->constantI32(name + ".correction", correction) : Buffer();

  // One kernel for full tiles of rows, one for the rest.
  auto kernelFor = [&](int64_t count) -> std::string {
    kernels::MachineCode code = kernels::generate(*info, {static_cast<int>(count), rowStride, outerStride, run});
    if (!code) {
      op.emitOpError("could not generate its kernel: ") << code.error;
      return "";
    }
    std::string symbol = emitter->unique((emitter->entry().getName() + "." + name + ".rows" + Twine(count)).str());
    OpBuilder b = OpBuilder::atBlockBegin(emitter->module.getBody());
    ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), count, tileColumns, run, rowStride,
                          outerStride,
                          ArrayRef<int8_t>(reinterpret_cast<const int8_t *>(code.bytes.data()), code.bytes.size()));
    return symbol;
  };
  constexpr int64_t full = 6;
  bool needFull = linear || s.OW >= full, needRest = linear || s.OW % full;
  int64_t restRows = linear ? 1 : s.OW % full;
  std::string fullKernel = needFull ? kernelFor(full) : "", restKernel = needRest ? kernelFor(restRows) : "";
  if ((needFull && fullKernel.empty()) || (needRest && restKernel.empty()))
    return failure();

  emitter->region(
      name, op.getLoc(),
      [&](Code &c, Value n) {
        return linear ? c.ceilDiv(batched ? n : c.idx(1), full) : c.mul(batched ? n : c.idx(1), s.OH);
      },
      [&](Region &r) {
        Value scratch = r.scratch(r.getI32Type(), full * tileColumns);
        auto tile = [&](const std::string &kernel, int64_t count, Value aOffset, Value pixel) {
          r.loop(r.idx(0), r.idx(blocks), 1, [&](Value block) {
            ukr::CallOp::create(r, kernel, r.ref(A), aOffset, r.ref(W), r.mul(block, perBlock), scratch, r.idx(0),
                                r.idx(s.KH));
            Value channel = r.mul(block, tileColumns);
            auto rowOf = [&](Value m) {
              auto finish = [&](Value column, int64_t w) {
                Value acc = r.load(scratch, r.add(r.mul(m, tileColumns), r.sub(column, channel)), w);
                if (zero)
                  acc = r.iadd(acc, r.load(r.ref(corrections), column, w));
                Value index = r.add(r.mul(r.add(pixel, m), s.O), column);
                storeElements(r, applyEpilogue(r, e, acc, column, index, output), output, index, e.zero);
              };
              Value end = r.min(r.add(channel, tileColumns), r.idx(s.O));
              Value whole = r.add(channel, r.mul(r.div(r.sub(end, channel), lanes), lanes));
              r.loop(channel, whole, lanes, [&](Value c) { finish(c, lanes); });
              if (s.O % lanes)
                r.loop(whole, end, 1, [&](Value c) { finish(c, 0); });
            };
            r.loop(r.idx(0), r.idx(count), 1, rowOf);
          });
        };
        r.loop(r.begin, r.end, 1, [&](Value item) {
          if (linear) {
            Value first = r.mul(item, full), left = r.sub(batched ? r.n : r.idx(1), first);
            auto one = [&] {
              r.loop(r.idx(0), left, 1,
                     [&](Value m) { tile(restKernel, 1, r.mul(r.add(first, m), s.C), r.add(first, m)); });
            };
            r.when(
                r.cmp(arith::CmpIPredicate::sge, left, r.idx(full)),
                [&] { tile(fullKernel, full, r.mul(first, s.C), first); }, one);
            return;
          }
          Value image = r.div(item, s.OH), oy = r.rem(item, s.OH);
          Value row = r.mul(r.add(r.mul(image, s.H), r.mul(oy, s.SH)), s.W * s.C);
          Value outRow = r.mul(item, s.OW);
          if (needFull)
            r.loop(r.idx(0), r.idx(s.OW / full), 1, [&](Value t) {
              Value ox = r.mul(t, full);
              tile(fullKernel, full, r.add(row, r.mul(ox, rowStride)), r.add(outRow, ox));
            });
          if (needRest)
            tile(restKernel, restRows, r.add(row, s.OW / full * full * rowStride), r.add(outRow, s.OW / full * full));
        });
      });
  return output.elem == Elem::Bits ? op.emitOpError("with a byte kernel cannot give packed bits") : success();
}

} // namespace nibble::codegen
