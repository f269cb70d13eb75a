// nibble-select-kernels: the kernel of each tile, with the reasons against the faster ones.
#include "compiler/Graph/Elements.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Costs.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Pack/KernelChoice.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_SELECTKERNELS
#include "compiler/Pack/Passes.h.inc"

FailureOr<TileFacts> tileFacts(TileOp op, int64_t images) {
  auto x = cast<RankedTensorType>(op.getInput().getType()), w = cast<RankedTensorType>(op.getWeight().getType());
  Type gx = x.getElementType(), gw = w.getElementType();
  TileFacts facts{gridFacts(gx),
                  gridFacts(gw),
                  SmallVector<int64_t, 4>(w.getShape()),
                  static_cast<int64_t>(op.getGroups()),
                  x.getDimSize(3),
                  SmallVector<int64_t, 2>(op.getDilations()),
                  op.getPadding().getLeft() > 0 || op.getPadding().getRight() > 0,
                  ShapedType::isDynamic(x.getDimSize(0)) ? images : x.getDimSize(0),
                  1,
                  {}};
  facts.pixels = facts.images;
  for (int64_t size : cast<RankedTensorType>(op.getResult().getType()).getShape().drop_front().drop_back())
    facts.pixels *= size;
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

/// What follows the sums of a generated kernel stores so many channels at a time.
constexpr int64_t vectorChannels = 8;

/// Why a kernel that needs multiples of `inputs` and `outputs` channels in each of several groups cannot; empty if it
/// can.
std::string againstGroups(const TileFacts &facts, int64_t inputs, int64_t outputs) {
  if (facts.groups == 1)
    return {};
  auto against = [&](int64_t channels, int64_t needed, const char *what) {
    if (channels % needed == 0)
      return std::string();
    return "groups = " + std::to_string(facts.groups) + " of " + count(channels, what) +
           (channels == 1 ? " channel" : " channels") + "; the kernel needs multiples of " + std::to_string(needed);
  };
  std::string reason = against(facts.shape[0] / facts.groups, outputs, "output");
  return reason.empty() ? against(facts.shape[3], inputs, "input") : reason;
}

/// Why no kernel of the manifest can compute the tile, whatever the target; empty if one may.
std::string againstByteKernels(const TileFacts &facts) {
  if (!facts.input)
    return facts.weight ? "activations are f32" : "operands are f32";
  if (facts.input->qmax - facts.input->qmin > 255)
    return "activations have " + count(facts.input->bits, "bits; the kernel multiplies bytes");
  if (facts.groups == 1 && facts.input->binary && facts.weight->binary)
    return "activations and weights are binary; bits are faster than bytes";
  if (std::string reason = againstGroups(facts, 1, vectorChannels); !reason.empty())
    return reason;
  if (facts.weight->qmin < -128 || facts.weight->qmax > 127)
    return "weights reach " + std::to_string(facts.weight->qmax) + "; the kernel takes signed bytes";
  if (const int64_t run = facts.tapsLieApart() ? facts.shape[3] : facts.run(); run < kernels::dotGroup)
    return (facts.tapsLieApart() ? "a tap has " : "a row of the window has ") +
           count(run, run == 1 ? "value; the kernel needs " : "values; the kernel needs ") +
           std::to_string(kernels::dotGroup);
  return {};
}

} // namespace

std::vector<kernels::Candidate> byteCandidates(const TileFacts &facts, const Target &target) {
  if (std::string reason = againstByteKernels(facts); !reason.empty()) {
    std::vector<kernels::Candidate> candidates;
    for (const kernels::KernelInfo &kernel : kernels::allKernels())
      candidates.push_back({std::string(kernel.name), reason});
    return candidates;
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
  std::vector<kernels::Candidate> candidates = kernels::candidatesFor(desc);
  auto first = llvm::find_if(candidates, [](const kernels::Candidate &c) { return c.reason.empty(); });
  if (first == candidates.end())
    return candidates;
  const kernels::KernelInfo *other = kernels::findKernel(first->kernel);
  if (other->features == "avx2" && other->weightBits == 8 && other->accumulation != kernels::Accumulation::Windows16) {
    std::vector<kernels::Candidate> listed = listedCandidates(facts, target);
    candidates.insert(std::next(first), listed.begin(), listed.end()); // behind it: lists are larger
  }
  return candidates;
}

namespace {

/// Why the look-up kernel cannot compute the tile of its operands; empty if it can.
std::string againstLookup(const kernels::LookupKernelInfo &kernel, const TileFacts &facts, const Target &target) {
  SmallVector<StringRef> features;
  StringRef(kernel.features).split(features, ',', -1, false);
  for (StringRef feature : features)
    if (!target.has({feature.data(), feature.size()}))
      return "target has no " + feature.str();
  const int64_t bits = kernels::lookupBits(kernel.elements);
  if (std::string reason = againstGroups(facts, 8 / bits, vectorChannels); !reason.empty())
    return reason;
  const int64_t bytes = facts.shape[1] * facts.shape[2] * kernels::tapBytes(kernel.elements, facts.shape[3]);
  if (bytes > kernel.maxBytes())
    return "a sum spans " + count(bytes, "bytes of activations; the kernel takes ") + std::to_string(kernel.maxBytes());
  return {};
}

/// Look-up kernels are not mentioned for other operands than theirs.
void addLookup(const TileFacts &facts, const Target &target, std::vector<kernels::Candidate> &candidates) {
  if (!facts.input)
    return;
  const bool binary = facts.input->binary && facts.weight->binary; // fit ternary fields, too
  // One or two pixels read all weights once: that they are packed counts.
  constexpr int64_t fewPixels = 2;
  for (const kernels::LookupKernelInfo &kernel : kernels::lookupKernels())
    if (binary ? kernel.elements == kernels::LookupElements::Binary
               : lookupTakes(kernel.elements, *facts.input, *facts.weight)) {
      candidates.push_back({std::string(kernel.name), againstLookup(kernel, facts, target), 0,
                            facts.pixels <= fewPixels ? kernel.weightBits() : 0});
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
void addDepthwise(TileOp op, const TileFacts &facts, const Target &target,
                  std::vector<kernels::Candidate> &candidates) {
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
    candidates.push_back({std::string(kernel.name), std::move(reason)});
  }
}

/// The kernels that the compiler makes itself, fastest first. Those for the other number format are not mentioned.
void addPortable(TileOp op, const TileFacts &facts, std::vector<kernels::Candidate> &candidates) {
  std::string depthwise;
  if (!facts.depthwise())
    depthwise = "groups = " + std::to_string(facts.groups) + ", not one for each of " +
                count(facts.channels, "input and ") + count(facts.shape[0], "output channels");
  else if (facts.input && facts.input->binary)
    depthwise = "activations are binary";
  // Groups of one channel each leave most of a tile's columns without work. Bits of results are stored 16 at a time.
  const bool isBinary = isa<BinaryType>(cast<RankedTensorType>(op.getResult().getType()).getElementType());
  std::string groups = depthwise.empty() ? "groups = " + std::to_string(facts.groups) + ", one for each channel"
                                         : againstGroups(facts, 1, isBinary ? 16 : 1);
  std::string words = groups.empty() ? againstGroups(facts, 32, 1) : groups;

  if (facts.input) {
    std::string binary = !facts.input->binary    ? "activations are not binary"
                         : !facts.weight->binary ? "weights are not binary"
                                                 : words;
    candidates.push_back({portableBinary.str(), binary});
    candidates.push_back({portableI16.str(), groups});
  } else if (facts.weight) {
    candidates.push_back({portableF32Packed.str(), ""});
  } else {
    candidates.push_back({portableF32.str(), groups});
  }
  candidates.push_back({portableDepthwise.str(), depthwise});
  const bool isTaken = llvm::any_of(candidates, [](const kernels::Candidate &c) { return c.reason.empty(); });
  candidates.push_back({portableScalar.str(), isTaken ? "it is for layers that no other kernel takes" : ""});
}

} // namespace

kernels::Work workOf(TileOp op, const TileFacts &facts) {
  ArrayRef<int64_t> result = cast<RankedTensorType>(op.getResult().getType()).getShape(),
                    input = cast<RankedTensorType>(op.getInput().getType()).getShape();
  kernels::Work work;
  work.images = facts.images;
  work.height = result[1], work.width = result[2], work.outputs = facts.shape[0];
  work.groups = facts.groups;
  work.rows = facts.shape[1], work.columns = facts.shape[2], work.channels = facts.shape[3];
  work.stride = op.getStrides()[1];
  // Windows that begin in front of the image, and those that end behind it.
  auto border = [&](int d, int64_t before) {
    const int64_t stride = op.getStrides()[d - 1], span = (facts.shape[d] - 1) * facts.dilations[d - 1],
                  inside = std::max<int64_t>(0, input[d] + before - span);
    const int64_t first = llvm::divideCeil(before, stride), whole = llvm::divideCeil(inside, stride);
    return std::min(result[d], first + result[d] - std::min(result[d], whole));
  };
  work.borderRows = border(1, op.getPadding().getTop());
  work.borderColumns = border(2, op.getPadding().getLeft());
  work.flat = facts.shape[1] == 1 && facts.shape[2] == 1 && op.getPadding().isZeroSized() &&
              llvm::all_of(op.getStrides(), [](int64_t stride) { return stride == 1; });
  return work;
}

std::vector<kernels::Candidate> candidatesOf(TileOp op, const TileFacts &facts, const Target &target) {
  std::vector<kernels::Candidate> candidates;
  addDepthwise(op, facts, target, candidates);
  addLookup(facts, target, candidates);
  llvm::append_range(candidates, byteCandidates(facts, target));
  addPortable(op, facts, candidates);
  // A single row reads all weights once, and portable code reads its in order: it comes first where it is as fast.
  if (facts.pixels == 1)
    std::ranges::stable_partition(candidates, [](const kernels::Candidate &c) { return !isListedKernel(c.kernel); });
  return candidates;
}

kernels::Selection fastestOf(const std::vector<kernels::Candidate> &candidates, const kernels::Work &work,
                             const Target &target) {
  std::vector<std::optional<double>> predicted(candidates.size());
  for (auto [candidate, time] : llvm::zip(candidates, predicted))
    if (target.arch() == Arch::x86_64)
      time = kernels::predict(candidate, work, [&](std::string_view name) { return target.has(name); });
  return kernels::chooseFastest(candidates, predicted);
}

kernels::Selection chooseKernel(TileOp op, const TileFacts &facts, const Target &target) {
  return fastestOf(candidatesOf(op, facts, target), workOf(op, facts), target);
}

FailureOr<kernels::Selection> forcedKernel(TileOp op, StringRef kernel, const TileFacts &facts, const Target &target) {
  kernels::Selection selection;
  for (kernels::Candidate &candidate : candidatesOf(op, facts, target)) {
    if (candidate.kernel == kernel) {
      if (!candidate.reason.empty())
        return op.emitOpError("cannot use the kernel ") << kernel << ", which it was given: " << candidate.reason;
      selection.kernel = candidate.kernel;
      selection.widenEvery = candidate.widenEvery;
      selection.listed = candidate.listed;
      continue;
    }
    selection.rejections.push_back(
        {candidate.kernel, candidate.reason.empty() ? kernel.str() + " was given" : std::move(candidate.reason)});
  }
  if (selection.kernel.empty())
    return op.emitOpError("cannot use the kernel ")
           << kernel << ", which it was given: "
           << (isListedKernel(kernel) ? "lists are for 8-bit weights of which 16-bit sums may overflow, where the "
                                        "target has no vpdpbusd"
                                      : "there is none of that name for its operands");
  selection.choice = "given";
  return selection;
}

namespace {

/// The choice by `nibble.measured`; an error if that has no time of a kernel that can compute the tile.
FailureOr<kernels::Selection> measuredKernel(TileOp op, DictionaryAttr times, const TileFacts &facts,
                                             const Target &target) {
  const std::vector<kernels::Candidate> candidates = candidatesOf(op, facts, target);
  std::vector<std::optional<double>> measured;
  for (const kernels::Candidate &candidate : candidates) {
    auto time = times.getAs<FloatAttr>(candidate.kernel);
    measured.push_back(time ? std::optional(time.getValueAsDouble()) : std::nullopt);
    if (time && !(time.getValue().isFiniteNonZero() && !time.getValue().isNegative()))
      return op.emitOpError("has ") << measuredAttrName << " with a time of " << candidate.kernel
                                    << " that is no positive number";
  }
  kernels::Selection selection =
      kernels::chooseMeasured(candidates, measured, times.contains("cached") ? " (cached)" : "");
  if (selection.kernel.empty())
    return op.emitOpError("has ") << measuredAttrName << " without a time of a kernel that can compute it";
  return selection;
}

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
    if (images < 1 || images > mostImages) {
      getOperation().emitError() << "nibble-select-kernels: images=" << images.getValue()
                                 << " is not possible; give 1 to " << mostImages;
      return signalPassFailure();
    }
    bool failed = false;
    getOperation().walk([&](TileOp op) {
      FailureOr<TileFacts> facts = tileFacts(op, images);
      if (mlir::failed(facts)) {
        failed = true;
        return;
      }
      auto given = op->getAttrOfType<StringAttr>(givenKernelAttrName);
      auto measured = op->getAttrOfType<DictionaryAttr>(measuredAttrName);
      FailureOr<kernels::Selection> selection = given      ? forcedKernel(op, given, *facts, *machine)
                                                : measured ? measuredKernel(op, measured, *facts, *machine)
                                                           : chooseKernel(op, *facts, *machine);
      if (mlir::failed(selection)) {
        failed = true;
        return;
      }
      SmallVector<std::string> rejected;
      for (const kernels::Rejection &r : selection->rejections)
        rejected.push_back(r.kernel + ": " + r.reason);
      OpBuilder builder(op);
      op.setKernelAttr(builder.getStringAttr(selection->kernel));
      if (!op->hasAttr(choiceAttrName))
        op->setAttr(choiceAttrName, builder.getStringAttr(selection->choice));
      if (selection->widenEvery)
        op.setWidenEvery(selection->widenEvery);
      else
        op.removeWidenEveryAttr();
      op->removeAttr(listedAttrName);
      if (const auto &listed = selection->listed)
        op->setAttr(listedAttrName, builder.getDenseI64ArrayAttr({listed->groups, listed->windows, listed->bytes}));
      op.setRejectedAttr(builder.getStrArrayAttr(SmallVector<StringRef>(rejected.begin(), rejected.end())));
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
