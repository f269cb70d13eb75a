// Tiles of generated dot kernels: what each call computes, and the correction of a zero point.
#include "compiler/Codegen/LowerDot.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

std::vector<char> withScales(ArrayRef<char> packed, const kernels::KernelInfo &info, const ConvShape &s,
                             const DotFacts &facts, ArrayRef<float> scales) {
  const int64_t tiles = (s.O + info.columns - 1) / info.columns, groups = s.C / facts.group;
  const int64_t fields = kernels::stepBytes(info, facts.group);
  if (static_cast<int64_t>(packed.size()) != tiles * groups * fields)
    return {};
  std::vector<char> bytes;
  bytes.reserve(tiles * groups * kernels::scaledStepBytes(info, facts.group));
  auto append = [&](const auto &column) {
    const char *raw = reinterpret_cast<const char *>(column.data());
    bytes.insert(bytes.end(), raw, raw + column.size() * 4);
  };
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t g = 0; g < groups; ++g) {
      const char *step = packed.data() + (tile * groups + g) * fields;
      bytes.insert(bytes.end(), step, step + fields);
      std::vector<float> scale(info.columns, 0.0f);
      std::vector<int32_t> correction(info.columns, 0);
      for (int64_t n = 0, o = tile * info.columns; n < info.columns && o < s.O; ++n, ++o) {
        scale[n] = scales[o * groups + g];
        for (int64_t k = 0; k < facts.group; ++k)
          correction[n] -= static_cast<int32_t>(facts.zero * facts.values[o * s.C + g * facts.group + k]);
      }
      append(scale), append(correction);
    }
  return bytes;
}

DotTile::DotTile(Emitter &emitter, TileOp op, StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
                 const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts)
    : ByteTile(emitter, op, name, shape, epilogue, operands, info.columns, std::move(facts)), info(info),
      tileBytes(this->facts.group ? s.C / this->facts.group * kernels::scaledStepBytes(info, this->facts.group)
                                  : s.KH * kernels::stepBytes(info, s.KW * s.C)) {
  cutShares(tileBytes, kernels::mostTilesOfCall); // every number of tiles in a call divides it
  sumsAreF32 = this->facts.group > 0;
  sumsOfCall = int64_t(info.maxRows) * info.columns * (sumsAreF32 ? 2 : 1);
  longLine = info.maxRows;
}

int64_t DotTile::rowsOfCall(int64_t count, int64_t rowStride) const {
  return kernels::blockingFor(info, count, tiles, rowStride).rows;
}

std::string DotTile::kernelFor(const Call &call) {
  kernels::DotParams params{.rows = call.rows,
                            .aRowStride = call.rowStride,
                            .aOuterStride = s.DH * s.W * s.C,
                            .run = call.run,
                            .bOuterStride = kernels::stepBytes(info, s.KW * s.C),
                            .widenEvery = facts.widenEvery,
                            .tiles = call.tiles,
                            .bTileStride = tileBytes};
  if (facts.group) {
    params.aOuterStride = params.run = facts.group;
    params.bOuterStride = kernels::scaledStepBytes(info, facts.group);
    params.scaled = true;
  }
  auto [it, isNew] = symbols.try_emplace({call.rows, call.tiles, call.rowStride, call.run});
  if (!isNew)
    return it->second;
  std::string suffix = ".rows" + std::to_string(call.rows);
  if (call.tiles > 1)
    suffix += "x" + std::to_string(call.tiles);
  return it->second = defineKernel(
             kernels::generate(info, params), suffix, [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), call.rows, info.columns, params.run,
                                     call.rowStride, params.aOuterStride, call.tiles, params.bOuterStride,
                                     params.bTileStride, params.widenEvery, /*taps=*/1, /*tap_stride=*/0,
                                     /*max_outer=*/0, params.scaled, code);
             });
}

void ByteTile::cutShares(int64_t tileBytes, int64_t multiple) {
  constexpr int64_t shareBytes = 16 * 1024;
  share = std::max<int64_t>(1, shareBytes / tileBytes / multiple) * multiple;
  shares = (tiles + share - 1) / share;
}

Buffer ByteTile::correctionFor(const Taps &taps) {
  if (!facts.zero || facts.group)
    return {};
  auto [it, isNew] = corrections.try_emplace({taps.y0, taps.y1, taps.x0, taps.x1});
  if (!isNew)
    return it->second;
  std::vector<int32_t> sums((tiles * columns + tileColumns - 1) / tileColumns * tileColumns, 0);
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
                      r.idx(facts.group    ? s.C / facts.group
                            : taps.empty() ? 0
                                           : taps.y1 - taps.y0));
  Buffer correction = correctionFor(taps);
  r.loop(r.idx(0), r.idx(tileCount), 1, [&](Value t) {
    finish(r, r.mul(t, run.rows * info.columns), r.mul(r.add(tile, t), info.columns), info.columns, run, correction);
  });
}

void DotTile::emitShare(Region &r, Value shareIndex, const PixelRun &run) {
  int together = kernels::blockingFor(info, run.rows, tiles, run.rowStride).tiles;
  Value first = r.mul(shareIndex, share), end = r.min(r.add(first, share), r.idx(tiles));
  Value whole = r.add(first, r.mul(r.div(r.sub(end, first), together), together));
  if (tiles >= together)
    r.loop(first, whole, together, [&](Value tile) { emitCall(r, together, tile, run); });
  if (int rest = static_cast<int>(tiles % together))
    r.when(r.cmp(arith::CmpIPredicate::slt, whole, end), [&] { emitCall(r, rest, whole, run); });
}

} // namespace nibble::codegen
