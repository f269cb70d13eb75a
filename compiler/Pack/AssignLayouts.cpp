// nibble-assign-layouts: which layout each quantised value has, as an attribute of the ops.
#include "compiler/Graph/RequireStage.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/Pack/Passes.h.inc"

namespace {

/// An activation: a quantised value that is not a constant (those are packed for each use).
bool isActivation(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isQuantizedType(type.getElementType()) && !value.getDefiningOp<ConstantOp>();
}
/// Rows of one dimension would go over several images.
bool hasPackedForm(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() > 1 && packedBits(*gridFacts(type.getElementType())) != 0;
}

/// Whether operands and result of `op` share one layout: the op copies or compares stored fields.
bool joins(Operation *op) { return isa<MaxPool2dOp, PadOp, ConcatOp, ReshapeOp>(op) && isActivation(op->getResult(0)); }

bool isByteTileInput(OpOperand &use) {
  auto tile = dyn_cast<TileOp>(use.getOwner());
  return tile && use.getOperandNumber() == 0 && tile.getKernel() && isByteKernel(*tile.getKernel());
}
/// Bits of an element where the use is the input of a kernel that reads it packed; else 0.
int packedTileInput(OpOperand &use) {
  auto tile = dyn_cast<TileOp>(use.getOwner());
  return tile && use.getOperandNumber() == 0 && tile.getKernel() ? packedInputBits(*tile.getKernel()) : 0;
}
/// Generated kernels do, and portable ones where no two groups of channels share a word.
bool storesFields(TileOp tile) {
  constexpr int64_t fieldsOfWord = 16;
  if (!tile.getKernel() || *tile.getKernel() == portableDepthwise || *tile.getKernel() == portableScalar)
    return false;
  const int64_t outputs = cast<RankedTensorType>(tile.getWeight().getType()).getDimSize(0);
  return !isPortableKernel(*tile.getKernel()) || tile.getGroups() == 1 ||
         outputs / static_cast<int64_t>(tile.getGroups()) % fieldsOfWord == 0;
}

/// The form of each group of values that `joins` connects.
class Storages {
public:
  explicit Storages(func::FuncOp function) {
    function.walk([&](Operation *op) {
      for (Value result : op->getResults())
        if (isActivation(result))
          groups.insert(result);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (Value argument : block.getArguments())
            if (isActivation(argument))
              groups.insert(argument);
    });
    function.walk([&](Operation *op) {
      if (joins(op))
        for (Value operand : op->getOperands())
          if (isActivation(operand))
            groups.unionSets(op->getResult(0), operand);
    });
    for (const auto *entry : groups)
      if (entry->isLeader())
        decide(entry->getData());
  }

  Storage of(Value value) const {
    return isActivation(value) ? storage.lookup(groups.getLeaderValue(value)) : Storage::None;
  }

private:
  void decide(Value leader) {
    bool bytes = false, bits = false, fields = false, possible = true, packedPossible = true, fieldsPossible = true;
    for (Value value : groups.members(leader)) {
      Operation *producer = value.getDefiningOp();
      possible &= !producer || joins(producer) || isa<QuantizeOp, RequantizeOp, TileOp>(producer);
      auto tile = dyn_cast_or_null<TileOp>(producer);
      packedPossible &= hasPackedForm(value);
      fieldsPossible &= !tile || storesFields(tile);
      for (OpOperand &use : value.getUses()) {
        bits |= packedTileInput(use) == 1;
        fields |= packedTileInput(use) == 2;
        bytes |= isByteTileInput(use);
      }
    }
    // Where several kernels read a value, the smallest form is stored and the others are converted.
    storage[leader] = !possible                                    ? Storage::Words
                      : packedPossible && bits                     ? Storage::Bits
                      : packedPossible && fields && fieldsPossible ? Storage::Fields
                      : bytes                                      ? Storage::Bytes
                                                                   : Storage::Words;
  }

  llvm::EquivalenceClasses<Value> groups;
  DenseMap<Value, Storage> storage;
};

struct AssignLayoutsPass : impl::AssignLayoutsBase<AssignLayoutsPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-assign-layouts", Needs::Packed)))
      return signalPassFailure();
    Storages storages(getOperation());
    auto result = getOperation().walk([&](Operation *op) {
      bool packed = isa<TileOp, QuantizeOp, RequantizeOp, DequantizeOp, MaxPool2dOp, AvgPool2dOp, GlobalAvgPoolOp,
                        PadOp, ConcatOp, ReshapeOp>(op);
      return packed ? WalkResult(assign(op, storages)) : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  /// The layout of `type` in this form; null without one. Fails with an error at `op`.
  static FailureOr<Attribute> layoutFor(Operation *op, Type type, Storage storage) {
    auto tensor = cast<RankedTensorType>(type);
    if (!isQuantizedType(tensor.getElementType()))
      return Attribute();
    auto layout = activationLayout(tensor.getElementType(), storage, tensor.getRank());
    if (!layout)
      return op->emitOpError("works on ") << type << ", which has no layout: " << layout.error();
    return Attribute(LayoutAttr::get(op->getContext(), *layout));
  }

  static LogicalResult assign(Operation *op, const Storages &storages) {
    SmallVector<Attribute> entries;
    auto tile = dyn_cast<TileOp>(op);
    if (tile && !tile.getKernel())
      return op->emitOpError("has no kernel yet; run nibble-select-kernels first");
    // The form that the operands of a joining op have is that of its result, whatever produced them.
    bool joined = joins(op);
    for (OpOperand &operand : op->getOpOperands()) {
      Type type = operand.get().getType();
      if (tile && operand.getOperandNumber() == 1) {
        layout::Layout layout = weightLayout(*tile.getKernel(), cast<RankedTensorType>(type));
        entries.push_back(LayoutAttr::get(op->getContext(), layout));
        continue;
      }
      // Elementwise code reads all forms.
      Storage storage = storages.of(operand.get());
      if (storage == Storage::None)
        storage = Storage::Words;
      if (joined)
        storage = storages.of(op->getResult(0));
      else if (tile && operand.getOperandNumber() == 0)
        storage = inputStorage(*tile.getKernel(), cast<RankedTensorType>(type).getElementType());
      auto entry = layoutFor(op, type, storage);
      if (failed(entry))
        return failure();
      entries.push_back(*entry);
    }
    for (Value value : op->getResults()) {
      auto entry = layoutFor(op, value.getType(), storages.of(value));
      if (failed(entry))
        return failure();
      entries.push_back(*entry);
    }
    if (llvm::none_of(entries, [](Attribute entry) { return bool(entry); }))
      return success();
    for (Attribute &entry : entries)
      if (!entry)
        entry = UnitAttr::get(op->getContext());
    op->setAttr(layoutsAttrName, ArrayAttr::get(op->getContext(), entries));
    return success();
  }
};

} // namespace
} // namespace nibble
