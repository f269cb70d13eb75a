// Steps and quantisers move above max_pool2d, reshape and concat, next to the contraction that they belong to. Each of
// them never decreases, so it gives the same value before and after a maximum.
#include "compiler/Graph/Freezing.h"
#include "compiler/Graph/Steps.h"

using namespace mlir;

namespace nibble {
namespace {

/// How the op that is to move treats channels.
struct Mover {
  bool monotone, uniform;
};

std::optional<Mover> moverOf(Operation *op, const ConstantReader &reader) {
  if (auto step = stepOf(op, reader))
    return Mover{step->isMonotone(), step->isUniform()};
  if (auto end = terminalOf(op))
    return Mover{true, end->params.size() == 1};
  return std::nullopt;
}

bool canPass(Operation *mover, Operation *still, const ConstantReader &reader) {
  auto facts = moverOf(mover, reader);
  if (!facts)
    return false;
  if (isa<MaxPool2dOp>(still))
    return facts->monotone;
  if (auto reshape = dyn_cast<ReshapeOp>(still)) {
    ArrayRef<int64_t> in = reshape.getInput().getType().getShape(), out = reshape.getResult().getType().getShape();
    // Scales of a type name their dimension, whose number the reshape may change.
    return facts->uniform || (!isQuantizer(mover) && !in.empty() && !out.empty() && in.back() == out.back());
  }
  return isa<ConcatOp>(still) && facts->uniform;
}

/// mover(still(x...)) -> still(mover(x)...).
void pass(Operation *mover, Operation *still) {
  OpBuilder builder(mover);
  SmallVector<Value> moved;
  for (Value x : still->getOperands()) {
    Operation *copy = builder.clone(*mover);
    copy->setOperand(0, x);
    auto type = cast<RankedTensorType>(mover->getResult(0).getType());
    auto shape = cast<RankedTensorType>(x.getType()).getShape();
    copy->getResult(0).setType(RankedTensorType::get(shape, type.getElementType(), type.getEncoding()));
    moved.push_back(copy->getResult(0));
  }
  Operation *copy = builder.clone(*still);
  copy->setOperands(moved);
  copy->getResult(0).setType(mover->getResult(0).getType());
  mover->getResult(0).replaceAllUsesWith(copy->getResult(0));
  mover->erase();
  still->erase();
}

} // namespace

void hoistSteps(func::FuncOp function, const ConstantReader &reader) {
  // Each exchange moves one op towards the start of its chain, so the loop ends.
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : llvm::make_early_inc_range(function.front())) {
      if (!isStepLike(&op) && !isQuantizer(&op))
        continue;
      Operation *still = op.getOperand(0).getDefiningOp();
      if (!still || !isa<MaxPool2dOp, ReshapeOp, ConcatOp>(still) || !op.getOperand(0).hasOneUse())
        continue;
      if (!llvm::any_of(still->getOperands(), comesFromChainStart) || !canPass(&op, still, reader))
        continue;
      pass(&op, still);
      changed = true;
    }
  }
}

} // namespace nibble
