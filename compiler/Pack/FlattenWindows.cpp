// nibble-flatten-windows: rows of the windows of few channels become runs of values.
#include "compiler/Graph/Elements.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Pack/KernelChoice.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_FLATTENWINDOWS
#include "compiler/Pack/Passes.h.inc"

namespace {

/// What a tile becomes.
struct Flat {
  int64_t run;        ///< R: values of a row of the window with what fills it.
  int64_t right;      ///< Columns that are added behind the image.
  Type weightElement; ///< Has a 0.
  bool needed;        ///< A dot kernel refuses the tile for the form of its window alone.
};

/// How the tile looks flattened, if a dot kernel refuses the form of its window, or padding cuts its rows between taps.
std::optional<Flat> flattened(TileOp op, const TileFacts &facts) {
  if (!facts.input || facts.groups != 1 || facts.input->binary || isTernary(*facts.input))
    return std::nullopt;
  const int64_t KH = facts.shape[1], KW = facts.shape[2], C = facts.channels, dilation = facts.dilations[1];
  const bool isRun = KW * C >= kernels::dotGroup && (KW == 1 || (dilation == 1 && C % kernels::dotGroup == 0));
  constexpr int64_t leastProducts = 8, mostRun = int64_t(1) << 24;
  // One output of one channel would be taken for a depthwise layer.
  if ((isRun && (!facts.columnsPadded || KW == 1)) || facts.shape[0] < 2 || KH * KW < 2 ||
      KH * KW * C < leastProducts || KW > mostRun / C / dilation)
    return std::nullopt;
  auto image = cast<RankedTensorType>(op.getInput().getType()),
       result = cast<RankedTensorType>(op.getResult().getType());
  const int64_t values = ((KW - 1) * dilation + 1) * C;
  Flat flat{.run = static_cast<int64_t>(llvm::alignTo(values, kernels::dotGroup)),
            .right = 0,
            .weightElement = {},
            .needed = !isRun};
  if (flat.run > 2 * KW * C)
    return std::nullopt;
  const int64_t left = op.getPadding().getLeft(), stride = op.getStrides()[1];
  const int64_t needed = (result.getDimSize(2) - 1) * stride + llvm::divideCeil(flat.run, C);
  flat.right = std::max<int64_t>(0, needed - left - image.getDimSize(2));
  flat.weightElement = cast<RankedTensorType>(op.getWeight().getType()).getElementType();
  if (facts.weight->binary)
    flat.weightElement = TernaryType::get(op.getContext(), -1, {1.0});
  return flat;
}

/// The weights [O, KH, KW, C] as [O, KH, R, 1] with zeros; nothing if they cannot be read.
std::optional<ElementsAttr> flatWeights(MLIRContext *context, const TileFacts &facts, const Flat &flat) {
  auto integers = readIntegers(facts.values);
  if (!integers)
    return std::nullopt;
  const int64_t rows = facts.shape[0] * facts.shape[1], KW = facts.shape[2], C = facts.shape[3];
  std::vector<int32_t> values(rows * flat.run, 0);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < KW * C; ++k)
      values[row * flat.run + k / C * facts.dilations[1] * C + k % C] = (*integers)[row * KW * C + k];
  StringRef name = resourceName(facts.values);
  return makeStorage(context, {facts.shape[0], facts.shape[1], flat.run, 1}, values,
                     (name.empty() ? Twine("weight") : Twine(name) + ".rows").str());
}

/// Whether the kernel makes up for the zeros. dot_u8s8_6x16_avx2_exact multiplies pairs of 16 bits as portable_i16
/// does, whose pairs are of neighbouring channels: it is worth it where it has no more of them.
bool isFaster(StringRef kernel, const TileFacts &facts, const Flat &flat) {
  if (isListedKernel(kernel))
    return true;
  const kernels::KernelInfo *info = kernels::findKernel({kernel.data(), kernel.size()});
  if (!info)
    return false;
  const bool hasPairs = info->accumulation == kernels::Accumulation::Exact32 && info->features == "avx2";
  return !hasPairs || flat.run / 2 <= facts.shape[2] * static_cast<int64_t>(llvm::divideCeil(facts.channels, 2));
}

/// Whether lists of whole rows of the window gain more than lists of single taps lose less to padding: groups of a tap
/// have fewer others to share a window with. Padded columns are computed then, and the image is copied.
bool areListsFaster(TileOp op, const TileFacts &facts, const Flat &flat, const kernels::ListedLength &taps,
                    const kernels::ListedLength &rows) {
  const int64_t width = cast<RankedTensorType>(op.getInput().getType()).getDimSize(2),
                outputs = cast<RankedTensorType>(op.getResult().getType()).getDimSize(2), KW = facts.shape[2],
                left = op.getPadding().getLeft(), stride = op.getStrides()[1];
  int64_t valid = 0;
  for (int64_t x = 0; x < outputs; ++x)
    valid += std::max<int64_t>(0, std::min(KW, width + left - x * stride) - std::max<int64_t>(0, left - x * stride));
  // Of a row of the image: a vector of 32 bytes costs about as much as 16 operations.
  constexpr int64_t copyOperations = 16;
  const int64_t copied =
      (left + width + flat.right) * facts.channels * copyOperations / 32 * static_cast<int64_t>(op.getStrides()[0]);
  return outputs * rows.operations() + copied < valid * taps.operations() / KW;
}

/// Whether a dot kernel over whole rows of the window is predicted to take so much less than look-ups of single taps
/// that it pays for the copy of the image.
bool isFasterThanLookups(const std::vector<kernels::Candidate> &candidates, const kernels::Work &work,
                         const kernels::Selection &then, const std::vector<kernels::Candidate> &lookups,
                         const kernels::Work &workOfTaps, const kernels::Selection &before, const Target &target) {
  auto timeOf = [&](const std::vector<kernels::Candidate> &all, const std::string &kernel, const kernels::Work &work) {
    auto it = llvm::find_if(all, [&](const kernels::Candidate &candidate) { return candidate.kernel == kernel; });
    return it == all.end() ? std::nullopt
                           : kernels::predict(*it, work, [&](std::string_view name) { return target.has(name); });
  };
  constexpr double copy = 0.9;
  const std::optional<double> rows = timeOf(candidates, then.kernel, work),
                              taps = timeOf(lookups, before.kernel, workOfTaps);
  return rows && taps && *rows < copy * *taps;
}

void rewrite(TileOp op, const TileFacts &facts, const Flat &flat, ElementsAttr weights) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  const int64_t left = op.getPadding().getLeft(), width = type.getDimSize(2), channels = facts.channels;
  SmallVector<int64_t> shape(type.getShape());
  Value input = op.getInput();
  auto tensor = [&] { return RankedTensorType::get(shape, type.getElementType(), type.getEncoding()); };
  shape[2] = left + width + flat.right;
  if (shape[2] != width)
    input = PadOp::create(builder, loc, tensor(), input, {0, 0, left, 0}, {0, 0, flat.right, 0}, APFloat(0.0f));
  shape[2] *= channels, shape[3] = 1;
  if (channels != 1)
    input = ReshapeOp::create(builder, loc, tensor(), input);
  auto constant = op.getWeight().getDefiningOp<ConstantOp>();
  Value weight = ConstantOp::create(
      builder, constant.getLoc(),
      RankedTensorType::get(cast<ShapedType>(weights.getType()).getShape(), flat.weightElement), weights);
  op->setAttr(flattenedAttrName, builder.getDenseI64ArrayAttr(
                                     {width, channels, facts.shape[2], op.getStrides()[1], facts.dilations[1], left}));
  op.getInputMutable().assign(input);
  op.getWeightMutable().assign(weight);
  op.setWindow({facts.shape[1], flat.run});
  op.setStrides({op.getStrides()[0], op.getStrides()[1] * channels});
  op.setDilations({facts.dilations[0], 1});
  PaddingAttr p = op.getPadding();
  op.setPaddingAttr(PaddingAttr::get(op.getContext(), p.getTop(), 0, p.getBottom(), 0, p.getValue()));
  if (constant->use_empty())
    constant.erase();
}

// Over the module, so that the names of resources do not depend on the number of threads.
struct FlattenWindowsPass : impl::FlattenWindowsBase<FlattenWindowsPass> {
  using FlattenWindowsBase::FlattenWindowsBase;

  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-flatten-windows", Needs::Packed)))
      return signalPassFailure();
    Result<Target> machine = Target::parse(target.getValue());
    if (!machine) {
      getOperation().emitError() << "nibble-flatten-windows: " << machine.error();
      return signalPassFailure();
    }
    if (images < 1 || images > mostImages) {
      getOperation().emitError() << "nibble-flatten-windows: images=" << images.getValue()
                                 << " is not possible; give 1 to " << mostImages;
      return signalPassFailure();
    }
    SmallVector<TileOp> tiles;
    getOperation().walk([&](TileOp op) { tiles.push_back(op); });
    for (TileOp op : tiles) {
      FailureOr<TileFacts> facts = tileFacts(op, images);
      if (failed(facts))
        return signalPassFailure();
      std::optional<Flat> flat = flattened(op, *facts);
      if (!flat)
        continue;
      // A kernel that was given decides: it computes the tile as it is, or else as it would be.
      auto given = op->getAttrOfType<StringAttr>(givenKernelAttrName);
      auto takes = [&](const std::vector<kernels::Candidate> &candidates) {
        return llvm::any_of(candidates, [&](const kernels::Candidate &candidate) {
          return given && candidate.kernel == given.getValue() && candidate.reason.empty();
        });
      };
      const kernels::Selection before = given ? kernels::Selection() : chooseKernel(op, *facts, *machine);
      if (given          ? takes(candidatesOf(op, *facts, *machine))
          : flat->needed ? before.kernel != portableI16 && !isLookupKernel(before.kernel)
                         : !before.listed)
        continue;
      std::optional<ElementsAttr> weights = flatWeights(op.getContext(), *facts, *flat);
      if (!weights)
        continue;
      TileFacts after = *facts;
      after.weight = gridFacts(flat->weightElement);
      after.shape = {facts->shape[0], facts->shape[1], flat->run, 1};
      after.channels = 1, after.dilations[1] = 1, after.columnsPadded = false, after.values = *weights;
      const std::vector<kernels::Candidate> candidates = byteCandidates(after, *machine);
      kernels::Work work = workOf(op, *facts);
      work.columns = flat->run, work.channels = 1, work.borderColumns = 0;
      const kernels::Selection then = fastestOf(candidates, work, *machine);
      if (given ? takes(candidates)
          : flat->needed && isLookupKernel(before.kernel)
              ? isFasterThanLookups(candidates, work, then, candidatesOf(op, *facts, *machine), workOf(op, *facts),
                                    before, *machine)
          : flat->needed ? isFaster(then.kernel, *facts, *flat)
                         : then.listed && areListsFaster(op, *facts, *flat, *before.listed, *then.listed))
        rewrite(op, *facts, *flat, *weights);
    }
  }
};

} // namespace
} // namespace nibble
