// nibble-verify-layouts: what must hold when a function leaves the packed stage.
#include "compiler/Graph/RequireStage.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_VERIFYLAYOUTS
#include "compiler/Pack/Passes.h.inc"

namespace {

const char *nameOf(Storage storage) {
  switch (storage) {
  case Storage::Words:
    return "16-bit words (q - zero point)";
  case Storage::Bytes:
    return "bytes (q - qmin)";
  case Storage::Bits:
    return "bits along the last dimension";
  case Storage::Fields:
    return "fields of two bits along the last dimension";
  case Storage::None:
    break;
  }
  return "no layout";
}

LogicalResult checkTile(TileOp op) {
  if (!op.getKernel())
    return op.emitOpError("has no kernel; run nibble-select-kernels");
  auto input = cast<RankedTensorType>(op.getInput().getType()),
       weight = cast<RankedTensorType>(op.getWeight().getType());
  StringRef kernel = *op.getKernel();
  if (!isKernel(kernel))
    return op.emitOpError("names a kernel that does not exist: '") << kernel << "'";
  bool floats = input.getElementType().isF32() && weight.getElementType().isF32();
  auto x = gridFacts(input.getElementType()), w = gridFacts(weight.getElementType());
  bool known = x && x->known && w && w->known && w->bits <= 8;
  // Of f32 activations only the weights are packed; group scales are for kernels that have an accumulator per group.
  bool weightsOnly = input.getElementType().isF32() && w && w->group && w->bits <= 8;
  bool perGroup = w && w->group;
  const kernels::LookupKernelInfo *lookup = kernels::findLookupKernel({kernel.data(), kernel.size()});
  bool fits = weightsOnly ? kernel == portableF32Packed
              : perGroup  ? known && (kernel == portableI16 || scalesGroups(kernel))
              : floats    ? kernel != portableI16 && kernel != portableBinary && kernel != portableF32Packed &&
                                !isByteKernel(kernel) && !isLookupKernel(kernel)
                          : known && kernel != portableF32 && kernel != portableF32Packed &&
                                (kernel != portableBinary || (x->binary && w->binary)) &&
                                (!lookup || lookupTakes(lookup->elements, *x, *w));
  if (!fits)
    return op.emitOpError("has operands that kernel ") << kernel << " does not take: " << input << " and " << weight;
  if (!floats && !weightsOnly && storageOf(input) != inputStorage(kernel, input.getElementType()))
    return op.emitOpError("needs activations in ")
           << nameOf(inputStorage(kernel, input.getElementType())) << " for kernel " << kernel << ", got " << input;
  layout::Layout wanted = weightLayout(kernel, weight);
  if (!layoutOf(weight) || layoutOf(weight).getLayout() != wanted)
    return op.emitOpError("needs weights in the layout \"")
           << layout::print(wanted) << "\" for kernel " << kernel << ", got " << weight;
  return success();
}

/// reshape, max_pool2d, pad and concat copy fields: the same form on both sides.
LogicalResult checkJoin(Operation *op) {
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  if (!isQuantizedType(result.getElementType()))
    return success();
  auto storage = storageOf(result);
  for (Value operand : op->getOperands())
    if (storageOf(cast<RankedTensorType>(operand.getType())) != storage)
      return op->emitOpError("copies stored values, but its operand ")
             << operand.getType() << " and its result " << result << " are stored differently";
  return success();
}

LogicalResult check(Operation *op) {
  if (op->hasAttr(layoutsAttrName))
    return op->emitOpError("has layouts that are not in its types yet; run nibble-materialize-layouts");
  if (isa<PackOp, UnpackOp, ConstantOp>(op))
    return success();
  bool nibbleOp = isa_and_nonnull<NibbleDialect>(op->getDialect());
  for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults())) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    if (!nibbleOp && layoutOf(type))
      return op->emitOpError("takes values without layout, got ") << type << "; put a nibble.unpack in front";
    bool isWeight = isa<TileOp>(op) && value == op->getOperand(1);
    if (nibbleOp && isQuantizedType(type.getElementType()) && !isWeight && !storageOf(type))
      return op->emitOpError("works on stored integers, but ")
             << type
             << (layoutOf(type) ? " has a layout that no op works on" : " has no layout; run nibble-assign-layouts")
             << "; activations are stored as 16-bit words (q - zero point), bytes (q - qmin), or bits or fields of two "
                "bits along the last dimension";
  }
  if (auto tile = dyn_cast<TileOp>(op))
    return checkTile(tile);
  if (isa<ReshapeOp, MaxPool2dOp, PadOp, ConcatOp>(op))
    return checkJoin(op);
  return success();
}

struct VerifyLayoutsPass : impl::VerifyLayoutsBase<VerifyLayoutsPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-verify-layouts", Needs::Bound)))
      return signalPassFailure();
    bool good = true;
    getOperation().walk([&](Operation *op) { good &= succeeded(check(op)); });
    if (!good)
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
