// Tiles of listed kernels: their lists, and what each call computes.
#include "compiler/Codegen/LowerDot.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

ListedTile::ListedTile(Emitter &emitter, TileOp op, StringRef name, const kernels::ListedKernelInfo &info,
                       const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts)
    : ByteTile(emitter, op, name, shape, epilogue, operands, kernels::listedColumns, std::move(facts)), info(info),
      segments(op.getPadding().getLeft() > 0 || op.getPadding().getRight() > 0 ? s.KW : 1) {
  cutShares(s.KH * s.KW * s.C * columns, 1);
  sumsOfCall = info.maxRows * columns;
  longLine = info.maxRows;
}

LogicalResult ListedTile::lowerLists(int64_t batch, bool batched, int64_t activationMax) {
  const std::vector<int8_t> values(facts.values.begin(), facts.values.end());
  const kernels::ListedWeights weights{values, s.O, s.KH, s.KW * s.C, segments, activationMax};
  if (std::string reason = kernels::listedRefusal(weights); !reason.empty())
    return op.emitOpError("with kernel ") << *op.getKernel() << " has weights that cannot be listed: " << reason;
  if (facts.widenEvery < 1 || facts.widenEvery > kernels::listedMaxWindow)
    return op.emitOpError("with kernel ") << *op.getKernel() << " needs widen_every of 1 to "
                                          << kernels::listedMaxWindow << ", got " << facts.widenEvery;
  const auto window = static_cast<int>(facts.widenEvery);
  std::vector<uint8_t> bytes = kernels::packListed(weights, window);
  if (std::string wrong = kernels::checkListed(bytes, weights, window); !wrong.empty())
    return op.emitOpError("with kernel ") << *op.getKernel() << " has lists that fail their proof: " << wrong;
  lists = emitter.constant(name + ".weights", Elem::I8, {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  return lower(batch, batched);
}

int64_t ListedTile::rowsOfCall(int64_t count, int64_t rowStride) const {
  kernels::KernelInfo like{};
  like.weightBits = 8, like.maxRows = info.maxRows, like.columns = kernels::listedColumns;
  return kernels::blockingFor(like, count, 1, rowStride).rows;
}

std::string ListedTile::kernelFor(const PixelRun &run, const std::optional<kernels::ByteResult> &bytes) {
  const Taps &taps = run.taps;
  const int64_t window = facts.widenEvery, taken = segments == 1 ? 1 : std::max<int64_t>(1, taps.x1 - taps.x0);
  kernels::ListedParams params{.rows = static_cast<int>(run.rows),
                               .aRowStride = run.rowStride,
                               .aOuterStride = s.DH * s.W * s.C,
                               .window = static_cast<int>(window),
                               .segments = taken,
                               .stepSegments = segments,
                               .firstK = taps.x0 * s.C,
                               .bytes = bytes};
  auto [it, isNew] = symbols.try_emplace({run.rows, run.rowStride, taken, params.firstK, bytes ? bytes->outer : -1,
                                          bytes ? bytes->rowStride : 0, bytes && bytes->hasCorrection});
  if (!isNew)
    return it->second;
  return it->second =
             defineKernel(kernels::generate(info, params), ".rows" + Twine(run.rows),
                          [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
                            ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), run.rows, columns,
                                                  s.KW * s.C / segments, run.rowStride, params.aOuterStride,
                                                  /*tiles=*/1, segments * window * kernels::listedEntryBytes,
                                                  /*b_tile_stride=*/0, window, taken, /*tap_stride=*/s.C,
                                                  /*max_outer=*/bytes ? bytes->outer : 0, /*scaled=*/false,
                                                  bytes ? b.getI64IntegerAttr(bytes->rowStride) : IntegerAttr(), code);
                          });
}

void ListedTile::emitShare(Region &r, Value shareIndex, const PixelRun &run) {
  const Taps &taps = run.taps;
  const int64_t outer = taps.empty() ? 0 : taps.y1 - taps.y0;
  Correction &correction = correctionFor(taps);
  const auto result = s.outputsPerGroup() % columns ? std::nullopt : bytesOf(run, outer, correction);
  std::string kernel = kernelFor(run, result);
  if (kernel.empty())
    return;
  const int64_t stepBytes = facts.widenEvery * segments * kernels::listedEntryBytes;
  const int64_t start = taps.y0 * stepBytes + (segments == 1 ? 0 : taps.x0 * kernels::listedEntryBytes);
  Value first = r.mul(shareIndex, share), end = r.min(r.add(first, share), r.idx(tiles));
  r.loop(first, end, 1, [&](Value tile) {
    Value entry = r.add(r.mul(tile, s.KH * stepBytes), start), channel = r.mul(tile, columns);
    if (result)
      return callBytes(r, kernel, run.input, lists, entry, channel, run, correction);
    ukr::CallOp::create(r, kernel, r.ref(operands.input), run.input, r.ref(lists), entry, sums, r.idx(0), r.idx(outer));
    finish(r, r.idx(0), channel, columns, run, correction);
  });
}

} // namespace nibble::codegen
