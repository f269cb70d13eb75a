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

std::string unsafeSums(const kernels::KernelInfo &info, const ConvShape &s, const DotFacts &facts,
                       int64_t activationMax) {
  if (info.accumulation == kernels::Accumulation::Exact32)
    return {};
  const int64_t channels = s.channelsPerGroup();
  int64_t outer = s.KH, run = s.KW * channels;
  if (facts.group)
    outer = s.C / facts.group, run = facts.group;
  else if (kernels::tapsLieApart(s.KW, s.groups, s.DW))
    outer = s.KH * s.KW, run = channels;
  const int64_t shape[] = {s.O, outer, 1, run};
  auto bytes = layout::pack(layout::dot4Tile(4), facts.values, shape);
  if (!bytes)
    return "its weights are no signed bytes";
  return kernels::unsafeSums(info, {reinterpret_cast<const int8_t *>(bytes->data()), bytes->size()},
                             (s.O + kernels::dotColumns - 1) / kernels::dotColumns, outer, run, activationMax,
                             facts.widenEvery, facts.group > 0);
}

DotTile::Steps DotTile::stepsOf(const ConvShape &s, const kernels::KernelInfo &info, int64_t group) {
  const int64_t row = s.DH * s.W * s.C, channels = s.channelsPerGroup();
  if (group)
    return {s.C / group, group, kernels::scaledStepBytes(info, group), 1, 0, 0, group};
  if (!kernels::tapsLieApart(s.KW, s.groups, s.DW))
    return {s.KH, row, kernels::stepBytes(info, s.KW * channels), 1, 0, 0, s.KW * channels};
  const int64_t tapBytes = kernels::stepBytes(info, channels);
  return {s.KH, row, s.KW * tapBytes, s.KW, s.DW * s.C, tapBytes, channels};
}

DotTile::DotTile(Emitter &emitter, TileOp op, StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
                 const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts)
    : ByteTile(emitter, op, name, shape, epilogue, operands, info.columns, std::move(facts)), info(info),
      steps(stepsOf(s, info, this->facts.group)), tileBytes(steps.outer * steps.outerBytes) {
  cutShares(tileBytes, kernels::mostTilesOfCall); // every number of tiles in a call divides it
  sumsAreF32 = this->facts.group > 0;
  sumsOfCall = int64_t(info.maxRows) * info.columns * (sumsAreF32 ? 2 : 1);
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
  const kernels::DotParams params{.rows = call.rows,
                                  .aRowStride = call.rowStride,
                                  .aOuterStride = steps.outerStride,
                                  .run = call.run,
                                  .bOuterStride = steps.outerBytes,
                                  .widenEvery = facts.widenEvery,
                                  .tiles = call.tiles,
                                  .bTileStride = spreadOf(call.rows) * tileBytes,
                                  .scaled = facts.group > 0,
                                  .taps = call.taps,
                                  .aTapStride = steps.tapStride,
                                  .bytes = call.bytes};
  auto [it, isNew] = symbols.try_emplace({call.rows, call.tiles, call.rowStride, call.taps, call.run,
                                          call.bytes ? call.bytes->outer : -1, call.bytes ? call.bytes->rowStride : 0,
                                          call.bytes && call.bytes->hasCorrection});
  if (!isNew)
    return it->second;
  std::string suffix = ".rows" + std::to_string(call.rows);
  if (call.tiles > 1)
    suffix += "x" + std::to_string(call.tiles);
  return it->second = defineKernel(
             kernels::generate(info, params), suffix, [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), call.rows, info.columns, call.run,
                                     call.rowStride, params.aOuterStride, call.tiles, params.bOuterStride,
                                     params.bTileStride, params.widenEvery, params.taps, params.aTapStride,
                                     /*max_outer=*/call.bytes ? call.bytes->outer : 0, params.scaled,
                                     call.bytes ? b.getI64IntegerAttr(call.bytes->rowStride) : IntegerAttr(), code);
             });
}

void ByteTile::cutShares(int64_t tileBytes, int64_t multiple) {
  constexpr int64_t shareBytes = 16 * 1024;
  share = std::max<int64_t>(1, shareBytes / tileBytes / multiple) * multiple;
  shares = (tiles + share - 1) / share * s.groups;
}

ByteTile::ByteTile(Emitter &emitter, TileOp op, StringRef name, const ConvShape &shape, const Epilogue &epilogue,
                   const KernelOperands &operands, int64_t columns, DotFacts given)
    : WindowTile(emitter, op, name, shape, epilogue, operands, columns), facts(std::move(given)),
      tiles(llvm::divideCeil(s.outputsPerGroup(), columns)) {
  if (facts.group) // sums are f32
    return;
  const int64_t terms = s.KH * s.KW * s.channelsPerGroup();
  std::vector<double> largest(s.O, 0);
  for (int64_t o = 0; o < s.O; ++o)
    for (int64_t k = 0; k < terms; ++k)
      largest[o] += 255.0 * std::abs(static_cast<double>(facts.values[o * terms + k]));
  bytes = byteRange(largest);
}

std::optional<kernels::ByteResult> ByteTile::bytesOf(const PixelRun &run, int64_t outer,
                                                     const Correction &correction) const {
  if (!bytes || !isNear(run))
    return std::nullopt;
  return kernels::ByteResult{.outer = outer,
                             .rowStride = run.rows == 1 ? 0 : run.pixelStride * s.O,
                             .tileStride = columns,
                             .hasCorrection = !correction.values.empty(),
                             .offset = bytes->offset,
                             .low = bytes->low,
                             .high = bytes->high};
}

void ByteTile::callBytes(Region &r, StringRef kernel, Value input, const Buffer &weights, Value weight, Value channel,
                         const PixelRun &run, Correction &correction) {
  const Buffer &constants = constantsOf(correction);
  ukr::CallBytesOp::create(r, kernel, r.ref(operands.input), input, r.ref(weights), weight, r.ref(operands.output),
                           r.add(r.mul(run.pixel, s.O), channel), r.ref(constants),
                           constantsFrom(r, channel, correction));
}

void DotTile::emitCall(Region &r, int tileCount, Value tile, Value channel, const PixelRun &run, bool isWhole) {
  const Taps &taps = run.taps;
  const int64_t columnsOfWindow = std::max<int64_t>(1, taps.x1 - taps.x0), channels = s.channelsPerGroup();
  const bool apart = steps.taps > 1;
  const int64_t outer = facts.group ? steps.outer : taps.empty() ? 0 : taps.y1 - taps.y0;
  Correction &correction = correctionFor(taps);
  // One row is for the kernels of one row, which keep no sums of narrow weights in registers.
  const auto result = info.storesBytes() && run.rows > 1 && isWhole ? bytesOf(run, outer, correction) : std::nullopt;
  std::string kernel = kernelFor({static_cast<int>(run.rows), tileCount, run.rowStride, apart ? columnsOfWindow : 1,
                                  facts.group ? facts.group
                                  : apart     ? channels
                                              : columnsOfWindow * channels,
                                  result});
  if (kernel.empty())
    return;
  const int64_t unit = int64_t(kernels::dotGroup) * info.unitGroups();
  const int64_t start =
      taps.y0 * steps.outerBytes + (apart ? taps.x0 * steps.tapBytes : taps.x0 * channels / unit * info.unitBytes());
  Value input = run.input, first = tile;
  if (s.groups > 1) {
    Value group = r.div(channel, s.outputsPerGroup());
    input = r.add(input, r.mul(group, channels));
    first = r.add(r.mul(group, tiles), tile);
  }
  Value weights = r.add(r.mul(first, tileBytes), start);
  if (result)
    return callBytes(r, kernel, input, operands.weights, weights, r.add(channel, r.mul(tile, columns)), run,
                     correction);
  ukr::CallOp::create(r, kernel, r.ref(operands.input), input, r.ref(operands.weights), weights, sums, r.idx(0),
                      r.idx(outer));
  if (s.groups > 1 && s.outputsPerGroup() % columns)
    channelEnd = r.add(channel, s.outputsPerGroup());
  const int64_t spread = spreadOf(run.rows);
  r.loop(r.idx(0), r.idx(tileCount), 1, [&](Value t) {
    finish(r, r.mul(t, run.rows * info.columns), r.add(channel, r.mul(r.add(tile, r.mul(t, spread)), info.columns)),
           info.columns, run, correction);
  });
}

void DotTile::emitShare(Region &r, Value shareIndex, const PixelRun &run) {
  int together = kernels::blockingFor(info, run.rows, tiles, run.rowStride).tiles;
  Value channel = r.idx(0);
  if (s.groups > 1) {
    const int64_t ofGroup = shares / s.groups;
    channel = r.mul(r.div(shareIndex, ofGroup), s.outputsPerGroup());
    shareIndex = r.rem(shareIndex, ofGroup);
  }
  Value first = r.mul(shareIndex, share), end = r.min(r.add(first, share), r.idx(tiles));
  Value whole = r.add(first, r.mul(r.div(r.sub(end, first), together), together));
  // The last tile is in the last call, which is another where tiles are left over.
  const bool hasTail = s.outputsPerGroup() % columns != 0;
  const int rest = static_cast<int>(tiles % together);
  if (tiles >= together)
    r.loop(first, whole, together, [&](Value tile) {
      emitCall(r, together, spreadOf(run.rows) > 1 ? r.div(tile, together) : tile, channel, run, !hasTail || rest);
    });
  if (rest)
    r.when(r.cmp(arith::CmpIPredicate::slt, whole, end), [&] { emitCall(r, rest, whole, channel, run, !hasTail); });
}

} // namespace nibble::codegen
