// Packed and tiled ops: quantisers on storage, layout changes, and the tile op with its kernels.
#include "compiler/Codegen/LowerDepthwise.h"
#include "compiler/Codegen/LowerDot.h"
#include "compiler/Codegen/LowerLookup.h"
#include "compiler/Codegen/Lowering.h"
#include "compiler/Pack/StorageLayouts.h"

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

/// The weights of a tile in the order of their indices.
static FailureOr<std::vector<int64_t>> weightsOf(TileOp op) {
  std::vector<char> packed = rawBytes(op.getWeight().getDefiningOp<ConstantOp>().getValue());
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  auto values = layout::unpack(cast<LayoutAttr>(type.getEncoding()).getLayout(),
                               {reinterpret_cast<const uint8_t *>(packed.data()), packed.size()}, type.getShape());
  if (!values)
    return op.emitOpError("has weights that are not packed as their layout says: ") << values.error();
  return std::move(*values);
}

/// The weights of a layer with groups of channels: the blocks of the layout begin anew with each group.
static FailureOr<std::vector<char>> packedByGroup(TileOp op, const layout::Layout &layout, const ConvShape &s) {
  FailureOr<std::vector<int64_t>> values = weightsOf(op);
  if (failed(values))
    return failure();
  const int64_t shape[] = {s.outputsPerGroup(), s.KH, s.KW, s.channelsPerGroup()};
  const size_t size = values->size() / s.groups;
  std::vector<char> all;
  for (int64_t g = 0; g < s.groups; ++g) {
    auto bytes = layout::pack(layout, std::span(*values).subspan(g * size, size), shape);
    if (!bytes)
      return op.emitOpError("with kernel ") << *op.getKernel() << " cannot pack its weights: " << bytes.error();
    all.insert(all.end(), bytes->begin(), bytes->end());
  }
  return all;
}

/// [ceil(O / 16)][groups of a row][16]: sx * sw, one rounding (R7.5); 0 behind the last channel.
static std::vector<float> scalesInBlocks(const GridFacts &weights, float sx, int64_t channels) {
  const int64_t groups = static_cast<int64_t>(weights.scales.size()) / channels;
  std::vector<float> table((channels + tileColumns - 1) / tileColumns * groups * tileColumns, 0.0f);
  for (int64_t o = 0; o < channels; ++o)
    for (int64_t g = 0; g < groups; ++g)
      table[(o / tileColumns * groups + g) * tileColumns + o % tileColumns] = sx * weights.scales[o * groups + g];
  return table;
}

/// Constants of channels, as far as vectors read them; one that serves all channels stays one.
template <typename T>
static std::vector<T> padded(ArrayRef<T> values, uint64_t groups) {
  std::vector<T> out(values.begin(), values.end());
  if (out.size() > 1)
    out.resize(channelsOfConstants(static_cast<int64_t>(out.size()), static_cast<int64_t>(groups)));
  return out;
}

Epilogue Lowering::epilogueOf(TileOp op, StringRef name) {
  Epilogue e;
  if (!op.getMultiplier())
    return e;
  if (op.getThresholds()) {
    e.kind = Epilogue::Kind::Threshold;
    e.thresholds = emitter->constantI32((name + ".thresholds").str(), padded(*op.getThresholds(), op.getGroups()));
    e.flips = emitter->constantI32((name + ".flips").str(), padded(*op.getFlips(), op.getGroups()));
    return e;
  }
  e.kind = Epilogue::Kind::Affine;
  // Bounds that are the same for all channels are kept once.
  auto constants = [&](const char *what, ArrayRef<float> v) {
    bool same = llvm::all_of(v, [&](float x) { return std::bit_cast<int32_t>(x) == std::bit_cast<int32_t>(v[0]); });
    return emitter->constantF32((name + what).str(), padded(same ? v.take_front(1) : v, op.getGroups()));
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
        evaluate(*emitter, name, op->getLoc(), viewOf(get(q.getResult())), {{x, b, storedZero(l.type, elem)}});
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
        l.grid = from.grid, l.gridExpr = from.gridExpr, l.scale = from.scale, l.scaleGroup = from.scaleGroup;
        l.constant = from.constant;
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
        evaluate(*emitter, name, op->getLoc(), viewOf(get(y)), {{ints(x), b, storedZero(l.type, to)}});
        get(y).grid = b;
        return success();
      })
      .Default([&](Operation *) { return failure(); });
}

/// A file may name any kernel: what selection sees to is checked again. Portable tiles read whole words of bits and
/// write halves of them, so groups of channels must not share any.
static LogicalResult checkPortable(TileOp op, const ConvShape &s, const Buffer &input, const Buffer &output) {
  constexpr int64_t wordBits = 32;
  StringRef kernel = *op.getKernel();
  auto [elem, form] = kernel == "portable_binary" ? std::pair(Elem::Bits, "bits")
                      : kernel == "portable_i16"  ? std::pair(Elem::I16, "16-bit words")
                                                  : std::pair(Elem::F32, "f32");
  if (input.elem != elem)
    return op.emitOpError("with kernel ") << kernel << " needs its input in " << form;
  if (s.groups > 1 && input.elem == Elem::Bits && s.channelsPerGroup() % wordBits)
    return op.emitOpError("with kernel ")
           << kernel << " needs groups of multiples of " << wordBits << " input channels, got " << s.channelsPerGroup();
  if (s.groups > 1 && packedBits(output.elem) && s.outputsPerGroup() % tileColumns)
    return op.emitOpError("with kernel ") << kernel << " and a result in bits or fields needs groups of multiples of "
                                          << tileColumns << " output channels, got " << s.outputsPerGroup();
  return success();
}

/// The same of the weights: code reads as many bytes as the kernel's layout has, and also what fills its blocks, of
/// which proofs about the weights know nothing.
static LogicalResult checkWeights(TileOp op, ArrayRef<char> bytes) {
  const StringRef kernel = *op.getKernel();
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  auto facts = gridFacts(type.getElementType());
  const bool takesFloats = kernel == portableF32 || kernel == portableDepthwise || kernel == portableScalar;
  if (facts ? !facts->known || facts->bits > 8 : !takesFloats)
    return op.emitOpError("has weights that kernel ") << kernel << " does not take: " << type;
  const layout::Layout wanted = weightLayout(kernel, type);
  if (layoutOf(type).getLayout() != wanted)
    return op.emitOpError("needs weights in the layout \"")
           << layout::print(wanted) << "\" for kernel " << kernel << ", got " << type;
  if (!facts) // of f32 no kernel stores what it makes of the filling
    return success();
  const std::vector<uint8_t> packed(bytes.begin(), bytes.end());
  auto values = layout::unpack(wanted, packed, type.getShape());
  auto again = values ? layout::pack(wanted, *values, type.getShape()) : Failure{values.error()};
  if (!again || *again != packed)
    return op.emitOpError("has packed weights whose blocks are not filled as the layout \"")
           << layout::print(wanted) << "\" wants; pack them anew (nibble-pack-constants)";
  return success();
}

LogicalResult Lowering::lowerTile(TileOp op) {
  auto x = cast<RankedTensorType>(op.getInput().getType()), w = cast<RankedTensorType>(op.getWeight().getType()),
       y = cast<RankedTensorType>(op.getResult().getType());
  ConvShape s = convShape(op, op.getInput(), op.getWeight(), op.getResult());
  auto constant_ = op.getWeight().getDefiningOp<ConstantOp>();
  auto layout = dyn_cast_or_null<LayoutAttr>(w.getEncoding());
  if (!constant_ || !layout)
    return op.emitOpError("needs packed constant weights; run nibble-pack-constants first");
  StringRef kernel = op.getKernel().value_or("");
  if (kernel != "portable_depthwise" && kernel != "portable_scalar" && failed(checkWindows(op, s)))
    return failure();
  std::string name = nameOf(op);
  if (auto named = dyn_cast<NameLoc>(op.getLoc()); !named)
    name = "tile";

  std::vector<char> bytes = rawBytes(constant_.getValue());
  bool real_ = x.getElementType().isF32();
  ContractionOperands ops;
  ops.fieldBits = layout.getLayout().bits, ops.code = layout.getLayout().code;
  auto weights = isQuantizedType(w.getElementType()) ? gridFacts(w.getElementType()) : std::nullopt;
  if (weights && weights->group) {
    float sx = real_ ? 1.0f : gridFacts(x.getElementType())->scales[0];
    ops.group = weights->group;
    ops.groupScales = emitter->constantF32(name + ".scales", scalesInBlocks(*weights, sx, s.O));
  }
  Elem weightElem = real_ && !weights ? Elem::F32 : kernel == "portable_binary" ? Elem::Bits : Elem::I8;
  LoweredValue &result = define(op.getResult(), get(op.getInput()).batched);
  bool batched = result.batched;
  Elem outElem = elemOf(y);
  Buffer out = place(op.getResult(), outElem, outElem == Elem::F32 ? "" : ".q");
  Epilogue e = epilogueOf(op, name);
  e.binary = isa<BinaryType>(y.getElementType());
  e.zero = isQuantizedType(y.getElementType()) ? zeroOf(y) : 0;
  e.stored = storedZero(y, outElem);
  if (Value residual = op.getResidual()) {
    e.residual = gridTypeOf(residual.getType()) ? get(residual).grid : realBuffer(residual);
    e.residualMultiplier = op.getResidualMultiplier()->convertToFloat();
    e.residualZero = storedZero(residual.getType(), e.residual.elem);
    e.channels = s.O;
    e.inEights =
        kernel != portableDepthwise && (s.groups == 1 || isDepthwiseKernel(kernel) || s.outputsPerGroup() % lanes == 0);
  }
  ops.input = real_ ? realBuffer(op.getInput()) : get(op.getInput()).grid;
  if (!ops.input)
    return op.emitOpError("has an input without storage; give it a layout first");

  if (isKernel(kernel) && failed(checkWeights(op, bytes)))
    return failure();
  if (packedBits(outElem) == 2 && (kernel == portableDepthwise || kernel == portableScalar))
    return op.emitOpError("gives fields of two bits, which kernel ") << kernel << " does not store; use 16-bit words";
  if (kernel.starts_with("dot_")) {
    if (failed(lowerDotKernel(op, s, e, out, batched)))
      return failure();
  } else if (kernel.starts_with("listed_")) {
    if (failed(lowerListedKernel(op, s, e, out, batched)))
      return failure();
  } else if (kernels::findLookupKernel(kernel.str())) {
    if (failed(lowerLookupKernel(op, s, e, out, batched)))
      return failure();
  } else if (kernel.starts_with("depthwise_")) {
    if (failed(lowerDepthwiseKernel(op, s, e, out, batched)))
      return failure();
  } else if (kernel == "portable_f32" || kernel == "portable_f32_packed" || kernel == "portable_i16" ||
             kernel == "portable_binary") {
    if (failed(checkPortable(op, s, ops.input, out)))
      return failure();
    if (s.outputsPerGroup() % tileColumns && s.groups > 1) {
      auto packed = packedByGroup(op, layout.getLayout(), s);
      if (failed(packed))
        return failure();
      bytes = std::move(*packed);
    }
    ops.weights = emitter->constant(name + ".weights", weightElem, bytes);
    emitContraction(*emitter, name, op.getLoc(), s, ops, e, out, batched, tile);
  } else if (kernel == "portable_depthwise") {
    if (s.groups != s.C || s.groups != s.O)
      return op.emitOpError("with kernel ") << kernel << " needs one group for each channel";
    if (ops.input.elem != (real_ ? Elem::F32 : Elem::I16))
      return op.emitOpError("with kernel ") << kernel << " needs its input in f32 or 16-bit words";
    ops.weights = emitter->constant(name + ".weights", weightElem, bytes);
    emitDepthwise(*emitter, name, op.getLoc(), s, ops, e, out, batched, tile.rows);
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

FailureOr<Lowering::ByteOperands> Lowering::byteOperandsOf(TileOp op) {
  auto values = weightsOf(op);
  if (failed(values))
    return failure();
  Buffer input = get(op.getInput()).grid;
  if (input.elem != Elem::U8)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs its input in unsigned bytes";
  auto grid = gridFacts(cast<RankedTensorType>(op.getInput().getType()).getElementType());
  return ByteOperands{input, std::move(*values), storedZero(op.getInput().getType()), grid->qmax - grid->qmin};
}

LogicalResult Lowering::lowerDotKernel(TileOp op, const ConvShape &s, const Epilogue &e, const Buffer &output,
                                       bool batched) {
  const kernels::KernelInfo *info = kernels::findKernel(op.getKernel()->str());
  if (!info)
    return op.emitOpError("names an unknown kernel '") << *op.getKernel() << "'";
  if (const int64_t unit = int64_t(kernels::dotGroup) * info->unitGroups();
      s.PL > 0 && s.KW > 1 && s.C % unit && !kernels::tapsLieApart(s.KW, s.groups, s.DW))
    return op.emitOpError("with kernel ") << *op.getKernel() << " skips padded columns, so that it needs multiples of "
                                          << unit << " channels, got " << s.C << "; pad with nibble.pad in front";
  std::string name = nameOf(op);
  std::vector<char> packed = rawBytes(op.getWeight().getDefiningOp<ConstantOp>().getValue());
  auto operands = byteOperandsOf(op);
  if (failed(operands))
    return failure();
  auto weights = gridFacts(cast<RankedTensorType>(op.getWeight().getType()).getElementType());
  DotFacts facts{std::move(operands->weights), operands->zero, static_cast<int64_t>(op.getWidenEvery().value_or(0)),
                 weights ? weights->group : 0};
  if (std::string unsafe = unsafeSums(*info, s, facts, operands->activationMax); !unsafe.empty())
    return op.emitOpError("cannot use the kernel ") << *op.getKernel() << ": " << unsafe;
  if (s.groups > 1) {
    if (s.outputsPerGroup() % lanes)
      return op.emitOpError("with kernel ")
             << *op.getKernel() << " needs groups of multiples of " << lanes << " output channels";
    // Taps lie apart, also those of one value, which the layout of the whole puts side by side.
    auto groups = packedByGroup(op, layout::dotTile(4, info->weightBits, info->columns), s);
    if (failed(groups))
      return failure();
    packed = std::move(*groups);
  }
  if (facts.group) {
    const float sx = gridFacts(cast<RankedTensorType>(op.getInput().getType()).getElementType())->scales[0];
    SmallVector<float> scales;
    for (float sw : weights->scales)
      scales.push_back(sx * sw);
    packed = withScales(packed, *info, s, facts, scales);
    if (packed.empty())
      return op.emitOpError("with kernel ") << *op.getKernel() << " has weights of another size than its layout";
  }
  return DotTile(*emitter, op, name, *info, s, e,
                 {operands->input, emitter->constant(name + ".weights", Elem::I8, packed), output, s.C},
                 std::move(facts))
      .lower(batch, batched);
}

/// Kernels that read the taps of a row side by side.
static LogicalResult checkColumns(TileOp op, const ConvShape &s) {
  if (s.KW == 1 || s.DW == 1)
    return success();
  return op.emitOpError("with kernel ") << *op.getKernel() << " needs the taps of a row side by side, got dilation "
                                        << s.DW;
}

LogicalResult Lowering::lowerListedKernel(TileOp op, const ConvShape &s, const Epilogue &e, const Buffer &output,
                                          bool batched) {
  const kernels::ListedKernelInfo *info = kernels::findListedKernel(op.getKernel()->str());
  if (!info)
    return op.emitOpError("names an unknown kernel '") << *op.getKernel() << "'";
  if (s.groups != 1)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs groups = 1, got " << s.groups;
  if (failed(checkColumns(op, s)))
    return failure();
  auto operands = byteOperandsOf(op);
  if (failed(operands))
    return failure();
  return ListedTile(
             *emitter, op, nameOf(op), *info, s, e, {operands->input, {}, output, s.C},
             {std::move(operands->weights), operands->zero, static_cast<int64_t>(op.getWidenEvery().value_or(1))})
      .lowerLists(batch, batched, operands->activationMax);
}

LogicalResult Lowering::lowerDepthwiseKernel(TileOp op, const ConvShape &s, const Epilogue &e, const Buffer &output,
                                             bool batched) {
  const kernels::DepthwiseKernelInfo *info = kernels::findDepthwiseKernel(op.getKernel()->str());
  if (!info)
    return op.emitOpError("names an unknown kernel '") << *op.getKernel() << "'";
  if (s.groups != s.C || s.groups != s.O)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs one group for each channel";
  if (failed(checkColumns(op, s)))
    return failure();
  auto operands = byteOperandsOf(op);
  if (failed(operands))
    return failure();
  const std::vector<int8_t> weights(operands->weights.begin(), operands->weights.end());
  for (int64_t c = 0; info->products == kernels::DepthwiseProducts::Halves && c < s.C; ++c)
    if (!kernels::halvesFit(std::span(weights).subspan(c * s.KH * s.KW, s.KH * s.KW), operands->activationMax))
      return op.emitOpError("cannot use the kernel ")
             << *op.getKernel() << ": sums of halves of the weights of channel " << c << " may leave 16 bits";
  return DepthwiseTile(*emitter, op, nameOf(op), *info, s, e, {operands->input, {}, output, s.C}, weights,
                       operands->zero)
      .lower(batched);
}

LogicalResult Lowering::lowerLookupKernel(TileOp op, const ConvShape &s, const Epilogue &e, const Buffer &output,
                                          bool batched) {
  const kernels::LookupKernelInfo *info = kernels::findLookupKernel(op.getKernel()->str());
  if (!info)
    return op.emitOpError("names an unknown kernel '") << *op.getKernel() << "'";
  std::string name = nameOf(op);
  std::vector<char> packed = rawBytes(op.getWeight().getDefiningOp<ConstantOp>().getValue());
  Buffer input = get(op.getInput()).grid;
  auto [elem, form] = info->elements == kernels::LookupElements::Binary ? std::pair(Elem::Bits, "bits")
                      : info->elements == kernels::LookupElements::Ternary
                          ? std::pair(Elem::Fields, "ternary fields")
                          : std::pair(Elem::U2, "unsigned fields of two bits");
  if (input.elem != elem)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs its input in " << form;
  auto weights = weightsOf(op);
  if (failed(weights))
    return failure();
  const int64_t bits = kernels::lookupBits(info->elements);
  if (s.groups > 1) {
    if (s.outputsPerGroup() % lanes || s.channelsPerGroup() * bits % 8)
      return op.emitOpError("with kernel ") << *op.getKernel() << " needs groups of multiples of " << 8 / bits
                                            << " input and " << lanes << " output channels";
    const Attribute encoding = cast<RankedTensorType>(op.getWeight().getType()).getEncoding();
    auto groups = packedByGroup(op, cast<LayoutAttr>(encoding).getLayout(), s);
    if (failed(groups))
      return failure();
    packed = std::move(*groups);
  }
  if (info->counts() && info->elements == kernels::LookupElements::Ternary) {
    const auto words = kernels::ternaryWords({reinterpret_cast<const uint8_t *>(packed.data()), packed.size()});
    packed.assign(words.begin(), words.end());
  }
  input.elem = Elem::I8, input.elements *= 4;
  return LookupTile(*emitter, op, name, *info, s, e,
                    {input, emitter->constant(name + ".weights", Elem::I8, packed), output, wordsOf(s.C, bits) * 4},
                    batch, std::move(*weights), storedZero(op.getInput().getType(), elem))
      .lower(batch, batched);
}

} // namespace nibble::codegen
