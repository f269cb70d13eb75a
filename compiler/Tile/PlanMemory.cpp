// nibble-plan-memory: life times of the arena's buffers, their offsets, and the views that replace ukr.buffer and
// ukr.scratch.
#include "compiler/Graph/RequireStage.h"
#include "compiler/Tile/MemoryPlan.h"
#include "compiler/Tile/Passes.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace nibble {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/Tile/Passes.h.inc"
} // namespace nibble

using namespace mlir;

namespace nibble {
namespace {

/// Vectors may read this far behind a buffer, so what lies there must be the arena's.
constexpr int64_t slack = 64;
int64_t roundUp64(int64_t bytes) { return (bytes + 63) / 64 * 64; }

bool isArena(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getRank() == 1 && memref.hasStaticShape() && memref.getElementType().isInteger(8);
}

/// What an entry knows of one function that it reaches.
struct Reach {
  int64_t first, last;      ///< positions in the entry's body
  int64_t scratchBase = 0;  ///< bytes of scratch that callers of the function hold
  int64_t scratchBytes = 0; ///< of the function itself
  bool takesArena = false;
};

class EntryPlan {
public:
  EntryPlan(func::FuncOp entry, SymbolTable &symbols) : entry(entry), symbols(symbols) {}

  LogicalResult run(llvm::DenseMap<Operation *, func::FuncOp> &owners) {
    Block &body = entry.getBody().front();
    if (body.getNumArguments() == 0 || !isArena(body.getArgument(0).getType()))
      return entry.emitOpError("is an entry: its first argument must be the arena, a static 1-D memref of i8");
    if (failed(reach()) || failed(place()))
      return failure();
    for (auto &[function, info] : reached) {
      if (!info.takesArena)
        continue;
      func::FuncOp &owner = owners[function];
      if (owner)
        return function.emitOpError("works on the arenas of two entries, @")
               << owner.getName() << " and @" << entry.getName() << "; give each entry its own copy";
      owner = entry;
      rewrite(function, info);
    }
    return success();
  }

private:
  /// Numbers the operations of the body that run other functions, and finds what they reach.
  LogicalResult reach() {
    reached.insert({entry, Reach{0, 0, 0, scratchOf(entry), true}});
    int64_t position = 0;
    for (Operation &op : entry.getBody().front()) {
      bool runs = false;
      WalkResult result = op.walk([&](Operation *nested) {
        StringAttr callee;
        ValueRange operands;
        if (auto parallel = dyn_cast<ukr::ParallelOp>(nested))
          callee = parallel.getRegionAttr().getAttr(), operands = parallel.getOperands_();
        else if (auto call = dyn_cast<func::CallOp>(nested))
          callee = call.getCalleeAttr().getAttr(), operands = call.getOperands();
        else
          return WalkResult::advance();
        runs = true;
        return WalkResult(visit(nested, entry, callee, operands, position));
      });
      if (result.wasInterrupted())
        return failure();
      position += runs;
    }
    // A buffer that the body itself touches lives all the time: its uses have no position.
    reached[entry].last = position;
    return success();
  }

  LogicalResult visit(Operation *call, func::FuncOp caller, StringAttr name, ValueRange operands, int64_t position) {
    auto callee = symbols.lookup<func::FuncOp>(name);
    if (!callee || callee.isExternal())
      return call->emitOpError("runs @") << name.getValue() << ", which is not a function with a body";
    if (llvm::is_contained(stack, callee) || callee == entry)
      return call->emitOpError("runs @") << name.getValue() << ", which would run itself";
    Value arena = caller.getBody().front().getNumArguments() ? caller.getBody().front().getArgument(0) : Value();
    bool takesArena = reached[caller].takesArena && !operands.empty() && operands[0] == arena;
    int64_t base = reached[caller].scratchBase + reached[caller].scratchBytes;
    auto [it, isNew] = reached.insert({callee, Reach{position, position, base, scratchOf(callee), takesArena}});
    Reach &info = it->second;
    if (info.takesArena != takesArena)
      return call->emitOpError("must pass the arena as operand 0 to @")
             << name.getValue() << ": all calls of one function do, or none";
    if (!isNew) {
      if (info.last == position && info.scratchBase >= base)
        return success();
      info.last = position;
      info.scratchBase = std::max(info.scratchBase, base);
    }
    stack.push_back(callee);
    WalkResult result = callee.walk([&](Operation *nested) {
      if (isa<ukr::ParallelOp>(nested)) {
        nested->emitOpError("stands in @") << callee.getName() << "; only an entry may start a parallel region";
        return WalkResult::interrupt();
      }
      auto inner = dyn_cast<func::CallOp>(nested);
      return inner ? WalkResult(visit(inner, callee, inner.getCalleeAttr().getAttr(), inner.getOperands(), position))
                   : WalkResult::advance();
    });
    stack.pop_back();
    return failure(result.wasInterrupted());
  }

  static int64_t scratchOf(func::FuncOp function) {
    int64_t bytes = 0;
    function.walk([&](ukr::ScratchOp op) {
      int64_t size = ukr::bytesOf(cast<MemRefType>(op.getType())) + slack;
      bytes = std::max(bytes, static_cast<int64_t>(op.getOffset()) + roundUp64(size));
    });
    return bytes;
  }

  /// The plan over all buffers of the entry.
  LogicalResult place() {
    llvm::MapVector<StringAttr, PlanBuffer> buffers;
    for (auto &[function, info] : reached) {
      scratchBytes = std::max(scratchBytes, info.scratchBase + info.scratchBytes);
      bool uses = info.scratchBytes > 0;
      function.walk([&](ukr::BufferOp op) {
        uses = true;
        auto [it, isNew] = buffers.insert({op.getNameAttr(), PlanBuffer{}});
        PlanBuffer &buffer = it->second;
        if (isNew)
          buffer.id = static_cast<int64_t>(buffers.size()) - 1, buffer.firstUse = info.first,
          buffer.lastUse = info.last;
        buffer.bytes = std::max(buffer.bytes, ukr::bytesOf(cast<MemRefType>(op.getType())) + slack);
        buffer.firstUse = std::min(buffer.firstUse, info.first);
        buffer.lastUse = std::max(buffer.lastUse, info.last);
      });
      if (uses && !info.takesArena)
        return function.emitOpError("uses ukr.buffer or ukr.scratch, so its callers must pass it the arena first");
    }
    std::vector<PlanBuffer> list;
    for (auto &[name, buffer] : buffers)
      list.push_back(buffer);
    Result<MemoryPlan> plan = planMemory(list);
    if (!plan)
      return entry.emitOpError("memory plan: ") << plan.error();
    for (auto &[name, buffer] : buffers)
      offsets[name] = plan->offsets[static_cast<size_t>(buffer.id)];
    plannedBytes = roundUp64(plan->bytes);
    Builder b(entry.getContext());
    entry->setAttr("ukr.arena",
                   b.getDictionaryAttr({b.getNamedAttr("planned_bytes", b.getI64IntegerAttr(plannedBytes)),
                                        b.getNamedAttr("lower_bound", b.getI64IntegerAttr(plan->lowerBound)),
                                        b.getNamedAttr("scratch_bytes", b.getI64IntegerAttr(scratchBytes))}));
    return success();
  }

  void rewrite(func::FuncOp function, const Reach &info) {
    auto type = MemRefType::get({std::max<int64_t>(1, plannedBytes + scratchBytes)},
                                IntegerType::get(function.getContext(), 8));
    BlockArgument arena = function.getBody().front().getArgument(0);
    arena.setType(type);
    SmallVector<Type> inputs(function.getArgumentTypes());
    inputs[0] = type;
    function.setFunctionType(FunctionType::get(function.getContext(), inputs, function.getResultTypes()));
    function.walk([&](Operation *op) {
      OpBuilder b(op);
      Location loc = op->getLoc();
      Value byteOffset;
      if (auto buffer = dyn_cast<ukr::BufferOp>(op)) {
        byteOffset = arith::ConstantIndexOp::create(b, loc, offsets[buffer.getNameAttr()]);
      } else if (auto scratch = dyn_cast<ukr::ScratchOp>(op)) {
        Value stride = arith::ConstantIndexOp::create(b, loc, scratchBytes);
        int64_t start = plannedBytes + info.scratchBase + static_cast<int64_t>(scratch.getOffset());
        byteOffset = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, scratch.getThread(), stride),
                                           arith::ConstantIndexOp::create(b, loc, start));
      } else {
        return;
      }
      auto resultType = cast<MemRefType>(op->getResult(0).getType());
      op->getResult(0).replaceAllUsesWith(memref::ViewOp::create(b, loc, resultType, arena, byteOffset, ValueRange{}));
      op->erase();
    });
  }

  func::FuncOp entry;
  SymbolTable &symbols;
  llvm::MapVector<func::FuncOp, Reach> reached;
  SmallVector<func::FuncOp> stack;
  llvm::DenseMap<StringAttr, int64_t> offsets;
  int64_t plannedBytes = 0, scratchBytes = 0;
};

struct PlanMemoryPass : impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override {
    if (failed(requireStage(getOperation(), "nibble-plan-memory", Needs::Kernels)))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    llvm::DenseMap<Operation *, func::FuncOp> owners;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("ukr.entry") && !function->hasAttr("ukr.arena") && !function.isExternal() &&
          failed(EntryPlan(function, symbols).run(owners)))
        return signalPassFailure();
    WalkResult left = getOperation().walk([](Operation *op) {
      if (!isa<ukr::BufferOp, ukr::ScratchOp>(op))
        return WalkResult::advance();
      op->emitOpError("is in a function that no entry (ukr.entry) reaches");
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
