// Every tied result of a training step must be producible in the buffer of its argument, without a copy.
#include "compiler/Train/ModelFunction.h"
#include "compiler/Train/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace nibble {
#define GEN_PASS_DEF_VERIFYTRAININGSTEP
#include "compiler/Train/Passes.h.inc"

/// The operand whose buffer may take this result: the op reads each element before it writes it.
static Value overwrittenOperand(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return {};
  auto pick = [&](std::initializer_list<std::pair<Value, Value>> pairs) {
    for (auto [made, from] : pairs)
      if (made == value)
        return from;
    return Value();
  };
  return TypeSwitch<Operation *, Value>(result.getOwner())
      .Case([&](SgdOp op) {
        return pick({{op.getNewWeight(), op.getWeight()}, {op.getNewVelocity(), op.getVelocity()}});
      })
      .Case([&](AdamOp op) {
        return pick({{op.getNewWeight(), op.getWeight()},
                     {op.getNewFirst(), op.getFirst()},
                     {op.getNewSecond(), op.getSecond()}});
      })
      .Case([&](BatchNormTrainOp op) {
        return pick({{op.getNewMean(), op.getMean()}, {op.getNewVariance(), op.getVariance()}});
      })
      .Case([&](ObserveRangeOp op) { return pick({{op.getResult(), op.getRange()}}); })
      .Default([](Operation *) { return Value(); });
}

/// A read of `old`, or of a reshape of it (which may share its buffer), behind `update`.
static Operation *findLateRead(Value old, Operation *update) {
  SmallVector<Value> aliases = {old};
  for (size_t i = 0; i < aliases.size(); ++i)
    for (Operation *user : aliases[i].getUsers()) {
      if (user != update && !user->isBeforeInBlock(update))
        return user;
      if (auto reshape = dyn_cast<ReshapeOp>(user))
        aliases.push_back(reshape.getResult());
    }
  return nullptr;
}

/// How often `update` reads `old`: twice means that one of the reads is not element by element.
static bool readsTwice(Value old, Operation *update) { return llvm::count(update->getOperands(), old) > 1; }

LogicalResult verifyTrainingStep(func::FuncOp function) {
  llvm::DenseMap<unsigned, unsigned> takenBy;
  for (auto [i, result] : llvm::enumerate(getResults(function))) {
    Attribute mark = result.attributes.get(attr::tied);
    if (!mark)
      continue;
    auto index = dyn_cast<IntegerAttr>(mark);
    if (!index || index.getInt() < 0 || index.getInt() >= function.getNumArguments())
      return function.emitError("result ") << i << " is tied to argument " << mark << ", which does not exist";
    unsigned number = index.getInt();
    BlockArgument argument = function.getArgument(number);
    auto name = function.getArgAttrOfType<StringAttr>(number, attr::param);
    std::string what = "argument " + std::to_string(number) + (name ? " (\"" + name.str() + "\")" : "");
    if (auto [taken, isNew] = takenBy.try_emplace(number, i); !isNew)
      return function.emitError("results ") << taken->second << " and " << i << " are both tied to " << what;
    if (result.value.getType() != argument.getType())
      return function.emitError("result ")
             << i << " is tied to " << what << " but has another type: " << result.value.getType() << " and "
             << argument.getType();
    for (Value value = result.value; value != argument;) {
      Value old = overwrittenOperand(value);
      if (!old) {
        auto diagnostic = function.emitError("result ")
                          << i << " cannot be made in place of " << what << ": it is not an update of that argument";
        diagnostic.attachNote(value.getLoc()) << "made here";
        return diagnostic;
      }
      Operation *update = value.getDefiningOp();
      Operation *late = readsTwice(old, update) ? update : findLateRead(old, update);
      if (late) {
        auto diagnostic = update->emitError("cannot update ")
                          << what << " in place: its old value is still read afterwards, so it would be copied";
        diagnostic.attachNote(late->getLoc()) << "read here";
        return diagnostic;
      }
      value = old;
    }
  }
  return success();
}

namespace {
struct VerifyTrainingStepPass : impl::VerifyTrainingStepBase<VerifyTrainingStepPass> {
  void runOnOperation() override {
    auto marked = findMarked(getOperation(), "step", "nibble-verify-training-step");
    if (failed(marked) || llvm::any_of(*marked, [](func::FuncOp f) { return failed(verifyTrainingStep(f)); }))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace nibble
