// Tiles of generated depthwise kernels: how rows and channels are cut into calls, and what the kernels can finish.
#include "compiler/Codegen/LowerDepthwise.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

/// A line of interleaved columns, or the sums of a call, stay in the nearest cache beside what else is in use.
static constexpr int64_t nearBytes = 1 << 14;
/// Work items of an image, so that threads have something to share.
static constexpr int64_t fewItems = 8;

DepthwiseTile::DepthwiseTile(Emitter &emitter, TileOp op, StringRef name, const kernels::DepthwiseKernelInfo &info,
                             const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands,
                             std::vector<int8_t> weights, int64_t zero)
    : KernelTile(emitter, op, name, shape, epilogue, operands, kernels::depthwiseBlock), info(info),
      weights(std::move(weights)) {
  params.channels = s.C;
  params.windowRows = static_cast<int>(s.KH), params.windowColumns = static_cast<int>(s.KW);
  params.stride = static_cast<int>(s.SW);
  params.pixelStride = operands.pixelBytes, params.aRowStride = s.DH * s.W * operands.pixelBytes;
  params.zero = static_cast<int>(zero), params.hasStart = zero != 0;
  const int64_t window = s.KH * s.KW;
  for (int64_t c = 0; c < s.C; ++c) {
    int64_t sum = 0;
    for (int64_t t = 0; t < window; ++t)
      sum += this->weights[c * window + t];
    start.push_back(static_cast<int32_t>(-zero * sum));
  }
  if (storesBytes())
    params.result = kernels::DepthwiseResult::Bytes;
  cutRow();

  if (row.empty())
    return;
  const int64_t blocks = params.blocks();
  together = blocks;
  if (params.result == kernels::DepthwiseResult::Sums)
    together = std::max<int64_t>(1, nearBytes / (row[0].outputs * kernels::depthwiseBlock * 4));
  const int64_t items = s.OH * parts, wanted = std::min(blocks, (fewItems + items - 1) / items);
  together = std::min(together, (blocks + wanted - 1) / wanted);
  shares = (blocks + together - 1) / together;
  together = (blocks + shares - 1) / shares;
  shares = (blocks + together - 1) / together;
}

bool DepthwiseTile::storesBytes() {
  const int64_t window = s.KH * s.KW;
  std::vector<double> largest;
  for (int64_t c = 0; c < s.C; ++c) {
    double sum = std::abs(static_cast<double>(start[c]));
    for (int64_t t = 0; t < window; ++t)
      sum += 255.0 * std::abs(weights[c * window + t]);
    largest.push_back(sum);
  }
  const std::optional<ByteRange> range = byteRange(largest);
  if (range)
    params.offset = range->offset, params.low = range->low, params.high = range->high;
  return range.has_value();
}

/// Parts of a row are as equal as multiples of 4 outputs allow; neighbours that are alike are one entry.
void DepthwiseTile::cutRow() {
  kernels::DepthwiseParams one = params;
  one.outputs = 1;
  const int64_t columnBytes = kernels::lineBytes(info, one) / one.columns();
  const int64_t most = std::max<int64_t>(4, (nearBytes / columnBytes - s.KW) / s.SW + 1);
  int64_t count = s.OW;
  if (count > most) {
    const int64_t pieces = (s.OW + most - 1) / most;
    count = ((s.OW + pieces - 1) / pieces + 3) / 4 * 4;
  }
  for (int64_t x = 0; x < s.OW; x += count, ++parts) {
    const int64_t outputs = std::min(count, s.OW - x), column = x * s.SW - s.PL;
    const int64_t first = std::max<int64_t>(0, column), end = std::min(s.W, column + (outputs - 1) * s.SW + s.KW);
    Parts part{parts, 1, x, outputs, first - column, std::max<int64_t>(0, end - first)};
    if (!row.empty() && !row.back().before && !part.before && row.back().outputs == outputs &&
        row.back().inputs == part.inputs)
      ++row.back().parts;
    else
      row.push_back(part);
  }
}

std::string DepthwiseTile::kernelFor(const kernels::DepthwiseParams &call) {
  auto [it, isNew] =
      symbols.try_emplace({call.channels, call.outputs, call.before, call.inputs, call.firstRow, call.lastRow});
  if (!isNew)
    return it->second;
  return it->second = defineKernel(
             kernels::generate(info, call), ".outputs" + Twine(call.outputs) + "x" + Twine(call.channels),
             [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               const bool bytes = call.result == kernels::DepthwiseResult::Bytes;
               ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), call.outputs, call.channels,
                                     call.windowColumns, call.aRowStride, call.stride * call.pixelStride, /*tiles=*/1,
                                     bytes ? call.pixelStride : 0, /*b_tile_stride=*/0, /*widen_every=*/0,
                                     call.windowRows, call.pixelStride, call.lastRow - call.firstRow, /*scaled=*/false,
                                     /*out_stride=*/IntegerAttr(), code);
             });
}

void DepthwiseTile::emitCall(Region &r, const Span &rows, const Parts &q, int64_t channels, Value image, Value oy,
                             Value part, Value share) {
  kernels::DepthwiseParams call = params;
  call.channels = channels;
  call.outputs = q.outputs, call.before = q.before, call.inputs = q.inputs;
  call.firstRow = static_cast<int>(rows.tap0), call.lastRow = static_cast<int>(rows.tap1);
  std::string kernel = kernelFor(call);
  if (kernel.empty())
    return;
  Value x = r.add(r.mul(r.sub(part, r.idx(q.first)), q.outputs), q.x);
  Value channel = r.mul(share, together * columns);
  Value iy = r.add(r.mul(oy, s.SH), rows.tap0 * s.DH - s.PT), ix = r.add(r.mul(x, s.SW), q.before - s.PL);
  Value input = r.add(r.mul(r.add(r.mul(r.add(r.mul(image, s.H), iy), s.W), ix), s.C), channel);
  if (rows.tap0 == rows.tap1)
    input = r.idx(0);
  Value pixel = r.add(r.mul(r.add(r.mul(image, s.OH), oy), s.OW), x);
  Value record = r.mul(share, together * kernels::recordBytes(info, params));
  const bool bytes = params.result == kernels::DepthwiseResult::Bytes;
  ukr::CallLineOp::create(r, kernel, r.ref(operands.input), input, r.ref(constants), record,
                          bytes ? r.ref(operands.output) : sums, bytes ? r.add(r.mul(pixel, s.C), channel) : r.idx(0),
                          line);
  if (!bytes)
    finish(r, r.idx(0), channel, call.blocks() * columns, {q.outputs, {}, 0, input, pixel, 1}, noCorrection);
}

LogicalResult DepthwiseTile::lower(bool batched) {
  if (row.empty())
    return success();
  std::vector<float> multiplier = perChannel(op.getMultiplier()), bias = perChannel(op.getBias());
  std::vector<uint8_t> packed = kernels::packDepthwise(info, params, {weights, start, multiplier, bias});
  constants = emitter.constant(name + ".weights", Elem::I8,
                               ArrayRef<char>(reinterpret_cast<const char *>(packed.data()), packed.size()));

  kernels::DepthwiseParams longest = params;
  for (const Parts &q : row)
    longest.outputs = std::max(longest.outputs, q.outputs);
  const int64_t lastChannels = s.C - (shares - 1) * together * columns;
  const auto ySpans = spansOf(s.OH, s.H, s.KH, s.SH, s.PT, s.DH);
  const int64_t perRow = parts * shares, perImage = s.OH * perRow;
  emitter.region(
      name, op.getLoc(), [&](Code &c, Value n) { return c.mul(batched ? n : c.idx(1), perImage); },
      [&](Region &r) {
        line = r.scratch(r.getI8Type(), kernels::lineBytes(info, longest));
        if (params.result == kernels::DepthwiseResult::Sums)
          sums = r.scratch(r.getI32Type(), longest.outputs * together * columns);
        auto within = [&](Value v, int64_t first, int64_t count, int64_t all, llvm::function_ref<void()> body) {
          if (count == all)
            return body();
          Value after = r.cmp(arith::CmpIPredicate::sge, v, r.idx(first)),
                before = r.cmp(arith::CmpIPredicate::slt, v, r.idx(first + count));
          r.when(arith::AndIOp::create(r, after, before), body);
        };
        r.loop(r.begin, r.end, 1, [&](Value item) {
          Value image = r.div(item, perImage), rest = r.rem(item, perImage);
          Value oy = r.div(rest, perRow), inRow = r.rem(rest, perRow);
          Value part = r.div(inRow, shares), share = r.rem(inRow, shares);
          for (const Span &rows : ySpans)
            within(oy, rows.first, rows.count, s.OH, [&] {
              for (const Parts &q : row)
                within(part, q.first, q.parts, parts, [&] {
                  const bool alike = lastChannels == together * columns;
                  if (shares > 1 && !alike)
                    within(share, 0, shares - 1, shares,
                           [&] { emitCall(r, rows, q, together * columns, image, oy, part, share); });
                  within(share, alike ? 0 : shares - 1, alike ? shares : 1, shares,
                         [&] { emitCall(r, rows, q, lastChannels, image, oy, part, share); });
                });
            });
        });
      });
  return failure(failedToGenerate);
}

} // namespace nibble::codegen
