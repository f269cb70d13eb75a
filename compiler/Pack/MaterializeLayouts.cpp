// nibble-materialize-layouts: layouts move from attributes into types.
#include "compiler/Graph/RequireStage.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_MATERIALIZELAYOUTS
#include "compiler/Pack/Passes.h.inc"

namespace {

class Materializer {
public:
  LogicalResult run(func::FuncOp function) {
    WalkResult result = function.walk<WalkOrder::PreOrder>([&](Operation *op) { return WalkResult(visit(op)); });
    return failure(result.wasInterrupted());
  }

private:
  LogicalResult visit(Operation *op) {
    if (isa<PackOp, UnpackOp>(op))
      return success();
    auto entries = op->getAttrOfType<ArrayAttr>(layoutsAttrName);
    if (!entries) {
      if (isa<TileOp>(op))
        return op->emitOpError("has no '") << layoutsAttrName << "'; run nibble-assign-layouts first";
      // An op of another dialect, or one that knows no layouts.
      for (OpOperand &operand : op->getOpOperands())
        operand.set(converted(op, operand.get(), {}));
      return success();
    }
    if (entries.size() != op->getNumOperands() + op->getNumResults() ||
        !llvm::all_of(entries, [](Attribute a) { return isa<LayoutAttr, UnitAttr>(a); }))
      return op->emitOpError("needs one layout or 'unit' in '")
             << layoutsAttrName << "' for each of its " << op->getNumOperands() << " operands and "
             << op->getNumResults() << " results, got " << entries;
    for (OpOperand &operand : op->getOpOperands())
      operand.set(converted(op, operand.get(), dyn_cast<LayoutAttr>(entries[operand.getOperandNumber()])));
    for (OpResult result : op->getResults())
      if (auto layout = dyn_cast<LayoutAttr>(entries[op->getNumOperands() + result.getResultNumber()])) {
        auto type = cast<RankedTensorType>(result.getType());
        result.setType(withElement(type, type.getElementType(), layout));
      }
    op->removeAttr(layoutsAttrName);
    return success();
  }

  /// `value` in `layout` (null: none), converted in front of `op` unless it was converted in this block before.
  Value converted(Operation *op, Value value, LayoutAttr layout) {
    LayoutAttr current = layoutOf(value.getType());
    if (current == layout)
      return value;
    auto [entry, isNew] = done.try_emplace({op->getBlock(), value.getAsOpaquePointer(), layout.getAsOpaquePointer()});
    if (!isNew)
      return entry->second;
    OpBuilder builder(op);
    auto type = cast<RankedTensorType>(value.getType());
    if (layout) {
      Value plain = current ? converted(op, value, {}) : value;
      Value packed = PackOp::create(builder, op->getLoc(), withElement(type, type.getElementType(), layout), plain);
      return done[{op->getBlock(), value.getAsOpaquePointer(), layout.getAsOpaquePointer()}] = packed;
    }
    return entry->second = UnpackOp::create(builder, op->getLoc(), withElement(type, type.getElementType()), value);
  }

  using Key = std::tuple<Block *, const void *, const void *>;
  DenseMap<Key, Value> done;
};

struct MaterializeLayoutsPass : impl::MaterializeLayoutsBase<MaterializeLayoutsPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-materialize-layouts", Needs::Packed)))
      return signalPassFailure();
    if (failed(Materializer().run(getOperation())))
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
