// Tiles of generated look-up kernels: how pixels and channels are cut into calls.
#include "compiler/Codegen/LowerLookup.h"
#include "dialects/Ukr/IR/Ukr.h"

using namespace mlir;

namespace nibble::codegen {

LookupTile::LookupTile(Emitter &emitter, TileOp op, StringRef name, const kernels::LookupKernelInfo &info,
                       const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands, int64_t batch,
                       std::vector<int64_t> weights, int64_t zero)
    : WindowTile(emitter, op, name, shape, epilogue, operands, kernels::lookupColumns), info(info),
      weights(std::move(weights)), zero(zero), tapBytes(kernels::tapBytes(info.elements, s.channelsPerGroup())),
      tapWeights(kernels::lookupBlockBytes(info.elements, info.weights, tapBytes)),
      blocks(llvm::divideCeil(s.outputsPerGroup(), kernels::lookupColumns)) {
  // As equal as possible, so that most calls are alike.
  const bool isOneRow = s.OH * s.OW * batch == 1;
  const int64_t most = isOneRow ? kernels::lookupMaxColumns / kernels::lookupColumns : info.bestBlocks();
  sharesOfGroup = llvm::divideCeil(blocks, most);
  together = llvm::divideCeil(blocks, sharesOfGroup);
  // Look-ups: sums of so many rows of 128 columns stay in the first-level cache, with the tables and the weights in
  // use.
  mostRows = info.counts() ? info.maxRows(static_cast<int>(together * kernels::lookupColumns)) : 24;
  shares = sharesOfGroup * s.groups;
  sumsOfCall = mostRows * together * kernels::lookupColumns;
  longLine = mostRows / 2;
}

int64_t LookupTile::rowsOfCall(int64_t count, int64_t) const {
  if (count <= mostRows)
    return count;
  for (int64_t rows = mostRows; rows >= mostRows / 2; --rows)
    if (count % rows == 0)
      return rows;
  const int64_t calls = (count + mostRows - 1) / mostRows;
  return (count + calls - 1) / calls;
}

SmallVector<int64_t> LookupTile::rowsOfRest(int64_t most) const {
  if (info.counts())
    return {6, 3, 1};
  // The kernels share weights and tables among up to 6 rows.
  return most > 6 ? SmallVector<int64_t>{6, 1} : SmallVector<int64_t>{1};
}

std::string LookupTile::kernelFor(const Call &call) {
  auto [it, isNew] = symbols.try_emplace({call.rows, call.blocks, call.rowStride, call.taps});
  if (!isNew)
    return it->second;
  kernels::LookupParams params{.rows = call.rows,
                               .columns = static_cast<int>(call.blocks * kernels::lookupColumns),
                               .channels = s.channelsPerGroup(),
                               .taps = call.taps,
                               .maxOuter = s.KH,
                               .aRowStride = call.rowStride,
                               .aTapStride = s.DW * operands.pixelBytes,
                               .aOuterStride = s.DH * s.W * operands.pixelBytes,
                               .bColumnStride = s.KH * s.KW * tapWeights,
                               .bOuterStride = s.KW * tapWeights};
  return it->second = defineKernel(
             kernels::generate(info, params), ".rows" + Twine(call.rows) + "x" + Twine(params.columns),
             [&](OpBuilder &b, StringRef symbol, ArrayRef<int8_t> code) {
               ukr::KernelOp::create(b, op.getLoc(), symbol, op.getKernel()->str(), params.rows, params.columns,
                                     params.channels, params.aRowStride, params.aOuterStride, /*tiles=*/1,
                                     params.bOuterStride, params.bColumnStride, /*widen_every=*/0, params.taps,
                                     params.aTapStride, params.maxOuter, /*scaled=*/false, /*out_stride=*/IntegerAttr(),
                                     code);
             });
}

void LookupTile::emitCall(Region &r, int64_t blockCount, Value group, Value block, const PixelRun &run) {
  const Taps &taps = run.taps;
  std::string kernel = kernelFor({run.rows, blockCount, run.rowStride, std::max<int64_t>(1, taps.x1 - taps.x0)});
  if (kernel.empty())
    return;
  Value input = run.input, first = block, channel = r.mul(block, kernels::lookupColumns);
  if (s.groups > 1) {
    Value channelOfGroup = r.mul(group, s.outputsPerGroup());
    input = r.add(input, r.mul(group, tapBytes));
    first = r.add(r.mul(group, blocks), block);
    channel = r.add(channelOfGroup, channel);
    if (s.outputsPerGroup() % columns)
      channelEnd = r.add(channelOfGroup, s.outputsPerGroup());
  }
  Value weight = r.add(r.mul(first, s.KH * s.KW * tapWeights), (taps.y0 * s.KW + taps.x0) * tapWeights);
  ukr::CallOp::create(r, kernel, r.ref(operands.input), input, r.ref(operands.weights), weight, sums, r.idx(0),
                      r.idx(taps.empty() ? 0 : taps.y1 - taps.y0));
  finish(r, r.idx(0), channel, blockCount * kernels::lookupColumns, run, correctionOf(taps, weights, zero));
}

void LookupTile::emitShare(Region &r, Value share, const PixelRun &run) {
  Value group = r.idx(0);
  if (s.groups > 1)
    group = r.div(share, sharesOfGroup), share = r.rem(share, sharesOfGroup);
  Value block = r.mul(share, together);
  const int64_t rest = blocks - (sharesOfGroup - 1) * together;
  if (rest == together)
    return emitCall(r, together, group, block, run);
  r.when(
      r.cmp(arith::CmpIPredicate::slt, share, r.idx(sharesOfGroup - 1)),
      [&] { emitCall(r, together, group, block, run); }, [&] { emitCall(r, rest, group, block, run); });
}

} // namespace nibble::codegen
