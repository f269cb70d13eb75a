// Tiles of generated dot kernels: what each call computes, and the correction of a zero point.
#include "compiler/Codegen/LowerDot.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

DotTile::DotTile(Emitter &emitter, TileOp op, StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
                 const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts)
    : WindowTile(emitter, op, name, shape, epilogue, operands, info.columns), info(info), facts(std::move(facts)),
      tiles((s.O + info.columns - 1) / info.columns), tileBytes(s.KH * kernels::stepBytes(info, s.KW * s.C)) {
  // Weights of a share stay in the first-level cache while pixels pass. Every number of tiles in a call divides it.
  constexpr int64_t shareBytes = 16 * 1024;
  constexpr int64_t most = kernels::mostTilesOfCall;
  share = std::max<int64_t>(1, shareBytes / tileBytes / most) * most;
  shares = (tiles + share - 1) / share;
  sumsOfCall = int64_t(info.maxRows) * info.columns;
  longLine = info.maxRows;
}

int64_t DotTile::rowsOfCall(int64_t count, int64_t rowStride) const {
  return kernels::blockingFor(info, count, tiles, rowStride).rows;
}

/// One row of a linear layer reads its weights once, at the speed of memory: the tiles of a call are spread over the
/// matrix, so that call after call each of them is one stream that goes on where it was, as prefetchers like it.
int64_t DotTile::spreadOf(int64_t rows) const {
  const int64_t together = kernels::blockingFor(info, rows, tiles, 0).tiles, spread = tiles / together;
  const bool isStreamed = rows == 1 && s.OH * s.OW * s.KH * s.KW == 1 && tiles > share;
  return isStreamed && tiles % together == 0 && spread * tileBytes <= INT32_MAX / kernels::dotMaxTiles ? spread : 1;
}

std::string DotTile::kernelFor(const Call &call) {
  kernels::DotParams params{.rows = call.rows,
                            .aRowStride = call.rowStride,
                            .aOuterStride = s.DH * s.W * s.C,
                            .run = call.run,
                            .bOuterStride = kernels::stepBytes(info, s.KW * s.C),
                            .widenEvery = facts.widenEvery,
                            .tiles = call.tiles,
                            .bTileStride = spreadOf(call.rows) * tileBytes};
  auto [it, isNew] = symbols.try_emplace({call.rows, call.tiles, call.rowStride, call.run});
  if (!isNew)
    return it->second;
  std::string suffix = ".rows" + std::to_string(call.rows);
  if (call.tiles > 1)
    suffix += "x" + std::to_string(call.tiles);
  return it->second = defineKernel(
             kernels::generate(info, params), suffix, [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), call.rows, info.columns, call.run,
                                     call.rowStride, params.aOuterStride, call.tiles, params.bOuterStride,
                                     params.bTileStride, params.widenEvery, /*taps=*/1, /*tap_stride=*/0,
                                     /*max_outer=*/0, code);
             });
}

Buffer DotTile::correctionFor(const Taps &taps) {
  if (!facts.zero)
    return {};
  auto [it, isNew] = corrections.try_emplace({taps.y0, taps.y1, taps.x0, taps.x1});
  if (!isNew)
    return it->second;
  std::vector<int32_t> sums((tiles * info.columns + tileColumns - 1) / tileColumns * tileColumns, 0);
  for (int64_t o = 0; o < s.O; ++o)
    for (int64_t y = taps.y0; y < taps.y1; ++y)
      for (int64_t k = taps.x0 * s.C; k < taps.x1 * s.C; ++k)
        sums[o] -= static_cast<int32_t>(facts.zero * facts.values[(o * s.KH + y) * s.KW * s.C + k]);
  return it->second = emitter.constantI32(name + ".correction", sums);
}

void DotTile::emitCall(Region &r, int tileCount, Value tile, const PixelRun &run) {
  const Taps &taps = run.taps;
  std::string kernel = kernelFor(
      {static_cast<int>(run.rows), tileCount, run.rowStride, std::max<int64_t>(1, (taps.x1 - taps.x0) * s.C)});
  if (kernel.empty())
    return;
  const int64_t unit = int64_t(kernels::dotGroup) * info.unitGroups();
  int64_t start = taps.y0 * kernels::stepBytes(info, s.KW * s.C) + taps.x0 * s.C / unit * info.unitBytes();
  ukr::CallOp::create(r, kernel, r.ref(operands.input), run.input, r.ref(operands.weights),
                      r.add(r.mul(tile, tileBytes), start), sums, r.idx(0),
                      r.idx(taps.empty() ? 0 : taps.y1 - taps.y0));
  Buffer correction = correctionFor(taps);
  const int64_t spread = spreadOf(run.rows);
  r.loop(r.idx(0), r.idx(tileCount), 1, [&](Value t) {
    finish(r, r.mul(t, run.rows * info.columns), r.mul(r.add(tile, r.mul(t, spread)), info.columns), info.columns, run,
           correction);
  });
}

void DotTile::emitShare(Region &r, Value shareIndex, const PixelRun &run) {
  int together = kernels::blockingFor(info, run.rows, tiles, run.rowStride).tiles;
  Value first = r.mul(shareIndex, share), end = r.min(r.add(first, share), r.idx(tiles));
  Value whole = r.add(first, r.mul(r.div(r.sub(end, first), together), together));
  if (tiles >= together)
    r.loop(first, whole, together,
           [&](Value tile) { emitCall(r, together, spreadOf(run.rows) > 1 ? r.div(tile, together) : tile, run); });
  if (int rest = static_cast<int>(tiles % together))
    r.when(r.cmp(arith::CmpIPredicate::slt, whole, end), [&] { emitCall(r, rest, whole, run); });
}

} // namespace nibble::codegen
