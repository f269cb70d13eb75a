// nibble-select-kernels: the kernel of each tile, with the reasons against the faster ones.
#include "compiler/Graph/Elements.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Pack/KernelChoice.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_SELECTKERNELS
#include "compiler/Pack/Passes.h.inc"

FailureOr<TileFacts> tileFacts(TileOp op) {
  auto x = cast<RankedTensorType>(op.getInput().getType()), w = cast<RankedTensorType>(op.getWeight().getType());
  Type gx = x.getElementType(), gw = w.getElementType();
  TileFacts facts{gridFacts(gx),
                  gridFacts(gw),
                  SmallVector<int64_t, 4>(w.getShape()),
                  static_cast<int64_t>(op.getGroups()),
                  x.getDimSize(3),
                  SmallVector<int64_t, 2>(op.getDilations()),
                  op.getPadding().getLeft() > 0 || op.getPadding().getRight() > 0,
                  1,
                  {}};
  for (int64_t size : cast<RankedTensorType>(op.getResult().getType()).getShape().drop_back())
    facts.pixels *= ShapedType::isDynamic(size) ? 1 : size;
  auto constant = op.getWeight().getDefiningOp<ConstantOp>();
  if (!constant)
    return op.emitOpError("has weights that are not constant; bind the parameters first (nibble-bind-weights)");
  facts.values = constant.getValue();
  if (gx.isF32() && gw.isF32())
    return facts;
  const bool weightsOnly = gx.isF32() && facts.weight && facts.weight->known && facts.weight->group;
  if (!weightsOnly && (!facts.input || !facts.weight || !facts.input->known || !facts.weight->known))
    return op.emitOpError("has an operand whose scale is not known; freeze the graph first (nibble-freeze)");
  if (facts.input && facts.input->axis >= 0)
    return op.emitOpError("has activations with scales along dimension ")
           << facts.input->axis << "; use one scale per tensor";
  if (facts.weight->axis > 0 && !facts.weight->group)
    return op.emitOpError("has weights with scales along dimension ")
           << facts.weight->axis << "; use one scale per output channel (dimension 0) or per tensor";
  if (llvm::any_of(facts.weight->zeros, [](int64_t z) { return z != 0; }))
    return op.emitOpError("has weights with a zero point, for which there is no kernel; use a symmetric quantiser");
  if (facts.weight->bits > 8)
    return op.emitOpError("has weights of ")
           << facts.weight->bits << " bits, for which there is no kernel; use at most 8 bits";
  return facts;
}

namespace {

/// The weights in the order in which the byte kernels multiply them, for the proofs about their sums.
struct Bytes {
  std::vector<uint8_t> bytes;
  int64_t tiles;
  kernels::WeightRange range;
  std::span<const int8_t> packed() const { return {reinterpret_cast<const int8_t *>(bytes.data()), bytes.size()}; }
};

/// Outer steps and their run, as kernels see them: one row of the window, also where its taps are no multiple of 4; a
/// tap, where these lie apart; or a group with a scale.
std::pair<int64_t, int64_t> stepsOf(const TileFacts &facts) {
  if (const int64_t group = facts.weight->group)
    return {facts.run() / group, group};
  if (facts.tapsLieApart())
    return {facts.shape[1] * facts.shape[2], facts.shape[3]};
  return {facts.shape[1], facts.run()};
}

std::optional<Bytes> bytesOf(const TileFacts &facts) {
  auto integers = readIntegers(facts.values);
  if (!integers || integers->empty())
    return std::nullopt;
  std::vector<int64_t> values(integers->begin(), integers->end());
  const auto [outer, run] = stepsOf(facts);
  const int64_t shape[] = {facts.shape[0], outer, 1, run};
  auto bytes = layout::pack(layout::dot4Tile(4), values, shape);
  if (!bytes)
    return std::nullopt;
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  return Bytes{std::move(*bytes), (facts.shape[0] + 15) / 16, {*min, *max}};
}

std::string count(int64_t n, const char *what) { return std::to_string(n) + " " + what; }

/// Why a kernel that reads the taps of a row side by side cannot; empty if it can.
std::string againstDilation(const TileFacts &facts) {
  if (facts.dilations[1] == 1 || facts.shape[2] == 1)
    return {};
  return "taps of a row are " + std::to_string(facts.dilations[1]) +
         " columns apart; the kernel reads them side by side";
}

/// Why no kernel of the manifest can compute the tile, whatever the target; empty if one may.
std::string againstByteKernels(const TileFacts &facts) {
  if (!facts.input)
    return facts.weight ? "activations are f32" : "operands are f32";
  if (facts.input->qmax - facts.input->qmin > 255)
    return "activations have " + count(facts.input->bits, "bits; the kernel multiplies bytes");
  if (facts.input->binary && facts.weight->binary)
    return "activations and weights are binary; bits are faster than bytes";
  constexpr int64_t vectorChannels = 8; // what follows the sums stores so many at a time
  if (const int64_t outputs = facts.shape[0] / facts.groups; facts.groups != 1 && outputs % vectorChannels)
    return "groups = " + std::to_string(facts.groups) + " of " +
           count(outputs, outputs == 1 ? "output channel; the kernel needs " : "output channels; the kernel needs ") +
           "multiples of " + std::to_string(vectorChannels);
  if (facts.weight->qmin < -128 || facts.weight->qmax > 127)
    return "weights reach " + std::to_string(facts.weight->qmax) + "; the kernel takes signed bytes";
  if (const int64_t run = facts.tapsLieApart() ? facts.shape[3] : facts.run(); run < kernels::dotGroup)
    return (facts.tapsLieApart() ? "a tap has " : "a row of the window has ") +
           count(run, run == 1 ? "value; the kernel needs " : "values; the kernel needs ") +
           std::to_string(kernels::dotGroup);
  constexpr int64_t leastProducts = 8;
  if (const int64_t products = facts.shape[1] * facts.run(); products < leastProducts)
    return "sums of " + count(products, "products are too little for a call; the kernel needs ") +
           std::to_string(leastProducts);
  return {};
}

} // namespace

void chooseByteKernel(const TileFacts &facts, const Target &target, kernels::Selection &selection) {
  if (std::string reason = againstByteKernels(facts); !reason.empty()) {
    for (const kernels::KernelInfo &kernel : kernels::allKernels())
      selection.rejections.push_back({std::string(kernel.name), reason});
    return;
  }
  kernels::ContractionDesc desc;
  // Bytes hold q - qmin.
  const int64_t activationMax = facts.input->qmax - facts.input->qmin;
  desc.activationBits = llvm::Log2_64_Ceil(activationMax + 1);
  desc.activationZeroPoint = facts.input->zeros.front() - facts.input->qmin;
  desc.weightBits = static_cast<int>(facts.weight->bits);
  desc.weightsBinary = facts.weight->binary;
  // Taps of one value lie side by side in the packed weights, too; but then no call may begin behind the first.
  desc.tapValues = facts.shape[2] == 1 || (facts.shape[3] == 1 && !facts.columnsPadded) ? 0 : facts.shape[3];
  if (facts.tapsLieApart())
    desc.tapValues = 0;
  std::tie(desc.outer, desc.run) = stepsOf(facts);
  desc.groupScales = facts.weight->group > 0;
  desc.hasFeature = [&](std::string_view name) { return target.has(name); };
  if (std::optional<Bytes> bytes = bytesOf(facts)) {
    desc.weightRange = bytes->range;
    desc.worstPair = kernels::worstPair(bytes->packed(), bytes->tiles, desc.outer, desc.run);
    desc.window = kernels::safeWindow(bytes->packed(), bytes->tiles, desc.outer, desc.run, activationMax);
  }
  kernels::Selection chosen = kernels::selectKernel(desc);
  llvm::append_range(selection.rejections, chosen.rejections);
  if (kernels::findKernel(chosen.kernel))
    selection.kernel = chosen.kernel, selection.widenEvery = chosen.widenEvery;
  chooseListedKernel(facts, target, selection);
}

namespace {

/// Why the look-up kernel cannot or should not compute the tile of its operands; empty if it should.
std::string againstLookup(const kernels::LookupKernelInfo &kernel, const TileFacts &facts, const Target &target) {
  SmallVector<StringRef> features;
  StringRef(kernel.features).split(features, ',', -1, false);
  for (StringRef feature : features)
    if (!target.has({feature.data(), feature.size()}))
      return "target has no " + feature.str();
  if (facts.groups != 1)
    return "groups = " + std::to_string(facts.groups);
  const int64_t bytes = facts.shape[1] * facts.shape[2] * kernels::tapBytes(kernel.elements, facts.shape[3]);
  if (bytes > kernels::lookupMaxBytes)
    return "a sum spans " + count(bytes, "bytes of activations; the kernel takes ") +
           std::to_string(kernels::lookupMaxBytes);
  // Few look-ups do not pay for the call and for the columns behind the last. Measured against what else there is:
  // xor and population count for binary operands, bytes for ternary ones, at half the speed of look-ups.
  const int64_t outputs = facts.shape[0],
                padded = llvm::alignTo(outputs, static_cast<uint64_t>(kernels::lookupColumns));
  const std::string work = "sums of " + count(facts.shape[1] * facts.run(), "products for ") +
                           count(outputs, outputs == 1 ? "output channel" : "output channels");
  const bool binary = kernel.elements == kernels::LookupElements::Binary;
  constexpr int64_t fewPixels = 2;
  if (binary ? bytes <= 2 && 2 * outputs <= padded : bytes < 8)
    return work + " are too little for a call";
  if (!binary && 3 * outputs < 2 * padded)
    return work + " would be computed for " + count(padded, "columns");
  // There the portable kernel is faster, for single rows too, but not where sums are short.
  constexpr int64_t shortBytes = 16;
  if (binary && target.has("avx512vpopcntdq") && bytes > shortBytes)
    return "the target counts the bits of whole vectors, which is faster for sums of " +
           count(facts.shape[1] * facts.run(), "products");
  // Unpacking costs more than the bytes that it saves as soon as several rows share them. A dynamic batch may be 1.
  if (kernel.weights == kernels::LookupWeights::Nibbles && facts.pixels <= fewPixels)
    return count(facts.pixels, facts.pixels == 1 ? "pixel shares" : "pixels share") +
           " the weights; packed ones are read faster";
  return {};
}

/// Look-up kernels are not mentioned for other operands than theirs.
void selectLookup(const TileFacts &facts, const Target &target, kernels::Selection &selection) {
  if (!facts.input || facts.weight->group || !fitsFields(*facts.input) || !fitsFields(*facts.weight))
    return;
  const bool binary = facts.input->binary && facts.weight->binary;
  for (const kernels::LookupKernelInfo &kernel : kernels::lookupKernels()) {
    if ((kernel.elements == kernels::LookupElements::Binary) != binary)
      continue;
    std::string reason = againstLookup(kernel, facts, target);
    if (reason.empty()) {
      selection.kernel = kernel.name;
      return;
    }
    selection.rejections.push_back({std::string(kernel.name), std::move(reason)});
  }
}

/// Why no depthwise kernel can compute the tile, whatever the target; empty if one may.
std::string againstDepthwise(TileOp op, const TileFacts &facts) {
  if (facts.input->qmax - facts.input->qmin > 255)
    return "activations have " + count(facts.input->bits, "bits; the kernel multiplies bytes");
  if (facts.weight->qmin < -128 || facts.weight->qmax > 127)
    return "weights reach " + std::to_string(facts.weight->qmax) + "; the kernel takes signed bytes";
  auto x = cast<RankedTensorType>(op.getInput().getType()), y = cast<RankedTensorType>(op.getResult().getType());
  const int64_t rows = facts.shape[1], columns = facts.shape[2], most = kernels::depthwiseMaxWindow;
  if (rows > most || columns > most || op.getStrides()[1] > most)
    return "a window of " + std::to_string(rows) + " x " + std::to_string(columns) + " with stride " +
           std::to_string(op.getStrides()[1]) + "; the kernel takes at most " + std::to_string(most) + " of each";
  // The zero point is stored where padding is read.
  const int64_t zero = facts.input->zeros.front() - facts.input->qmin;
  if (zero < 0 || zero > 255)
    return "padding, " + std::to_string(facts.input->zeros.front()) + ", is no value of a byte";
  if (std::string apart = againstDilation(facts); !apart.empty())
    return apart;
  const int64_t left = op.getPadding().getLeft(), width = x.getDimSize(2);
  if (left >= columns || (y.getDimSize(2) - 1) * static_cast<int64_t>(op.getStrides()[1]) - left >= width)
    return "some windows see nothing but padding";
  const int64_t fromRow = rows > 1 ? facts.dilations[0] : 1;
  if (width > kernels::depthwiseMaxStride / facts.channels / fromRow)
    return "from a row of the window to the next there are more than the kernel's " +
           std::to_string(kernels::depthwiseMaxStride) + " bytes";
  return {};
}

/// Why 16 bits may not hold the sums of halves of the weights.
std::string againstHalves(const TileFacts &facts) {
  auto integers = readIntegers(facts.values);
  if (!integers)
    return "the weights cannot be read";
  const std::vector<int8_t> weights(integers->begin(), integers->end());
  const int64_t window = facts.shape[1] * facts.shape[2], most = facts.input->qmax - facts.input->qmin;
  for (int64_t c = 0; c < facts.shape[0]; ++c)
    if (!kernels::halvesFit(std::span(weights).subspan(c * window, window), most))
      return "sums of halves of the weights of channel " + std::to_string(c) + " may leave 16 bits";
  return {};
}

/// Depthwise kernels are not mentioned for other tiles than theirs.
void selectDepthwise(TileOp op, const TileFacts &facts, const Target &target, kernels::Selection &selection) {
  if (!facts.input || !facts.depthwise())
    return;
  for (const kernels::DepthwiseKernelInfo &kernel : kernels::depthwiseKernels()) {
    std::string reason = againstDepthwise(op, facts);
    if (reason.empty() && kernel.products == kernels::DepthwiseProducts::Halves)
      reason = againstHalves(facts);
    SmallVector<StringRef> features;
    StringRef(kernel.features).split(features, ',', -1, false);
    for (StringRef feature : features)
      if (reason.empty() && !target.has({feature.data(), feature.size()}))
        reason = "target has no " + feature.str();
    if (reason.empty()) {
      selection.kernel = kernel.name;
      return;
    }
    selection.rejections.push_back({std::string(kernel.name), std::move(reason)});
  }
}

/// The kernels that the compiler makes itself, fastest first. Those for the other number format are not mentioned.
void selectPortable(const TileFacts &facts, kernels::Selection &selection) {
  std::string groups = facts.groups == 1 ? "" : "groups = " + std::to_string(facts.groups);
  std::string depthwise;
  if (!facts.depthwise())
    depthwise = "groups = " + std::to_string(facts.groups) + ", not one for each of " +
                count(facts.channels, "input and ") + count(facts.shape[0], "output channels");
  else if (facts.input && facts.input->binary)
    depthwise = "activations are binary";

  std::vector<kernels::Rejection> candidates;
  if (facts.input) {
    std::string binary = !facts.input->binary    ? "activations are not binary"
                         : !facts.weight->binary ? "weights are not binary"
                                                 : groups;
    candidates = {{portableBinary.str(), binary}, {portableI16.str(), groups}};
  } else if (facts.weight) {
    candidates = {{portableF32Packed.str(), ""}};
  } else {
    candidates = {{portableF32.str(), groups}};
  }
  candidates.push_back({portableDepthwise.str(), depthwise});
  candidates.push_back({portableScalar.str(), ""});
  for (kernels::Rejection &candidate : candidates) {
    if (candidate.reason.empty()) {
      selection.kernel = candidate.kernel;
      return;
    }
    selection.rejections.push_back(std::move(candidate));
  }
}

} // namespace

kernels::Selection chooseKernel(TileOp op, const TileFacts &facts, const Target &target) {
  kernels::Selection selection;
  selectDepthwise(op, facts, target, selection);
  if (selection.kernel.empty())
    selectLookup(facts, target, selection);
  if (selection.kernel.empty())
    chooseByteKernel(facts, target, selection);
  if (selection.kernel.empty())
    selectPortable(facts, selection);
  return selection;
}

namespace {

struct SelectKernelsPass : impl::SelectKernelsBase<SelectKernelsPass> {
  using SelectKernelsBase::SelectKernelsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-select-kernels", Needs::Packed)))
      return signalPassFailure();
    Result<Target> machine = Target::parse(target.getValue());
    if (!machine) {
      getOperation().emitError() << "nibble-select-kernels: " << machine.error();
      return signalPassFailure();
    }
    bool failed = false;
    getOperation().walk([&](TileOp op) {
      FailureOr<TileFacts> facts = tileFacts(op);
      if (mlir::failed(facts)) {
        failed = true;
        return;
      }
      const kernels::Selection selection = chooseKernel(op, *facts, *machine);
      SmallVector<std::string> rejected;
      for (const kernels::Rejection &r : selection.rejections)
        rejected.push_back(r.kernel + ": " + r.reason);
      OpBuilder builder(op);
      op.setKernelAttr(builder.getStringAttr(selection.kernel));
      if (selection.widenEvery)
        op.setWidenEvery(selection.widenEvery);
      else
        op.removeWidenEveryAttr();
      op->removeAttr(listedAttrName);
      if (const auto &listed = selection.listed)
        op->setAttr(listedAttrName, builder.getDenseI64ArrayAttr({listed->groups, listed->windows, listed->bytes}));
      op.setRejectedAttr(builder.getStrArrayAttr(SmallVector<StringRef>(rejected.begin(), rejected.end())));
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
