// nibble-emit-entries: the C functions that the outside calls.
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Conversion/UkrToLLVM/FloatState.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Support/CNames.h"
#include "llvm/ADT/StringMap.h"

namespace nibble {
#define GEN_PASS_DEF_EMITENTRIES
#include "compiler/Conversion/UkrToLLVM/Passes.h.inc"
} // namespace nibble

using namespace mlir;

namespace nibble {
namespace {

// nibble_status of runtime/include/nibble/runtime.h.
constexpr int32_t statusOk = 0, statusInvalidArgument = 1, statusMisaligned = 3;

/// Emits one C function around a body `(arena, arguments..., n, parallel)`.
class EntryEmitter {
public:
  EntryEmitter(ModuleOp module, LLVM::LLVMFuncOp body, const Entry &entry, const Target &target)
      : module(module), body(body), entry(entry), target(target), b(body.getLoc(), module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())), i32(b.getI32Type()), i64(b.getI64Type()) {}

  /// NAME, with arguments one by one (models) or in an array (training steps).
  LLVM::LLVMFuncOp emit() {
    size_t count = entry.arguments.size();
    SmallVector<Type> types(entry.model ? count : 1, pointer);
    if (entry.model)
      types.push_back(i64);
    types.append({pointer, pointer});
    LLVM::LLVMFuncOp function = start(entry.name, types);
    auto arguments = function.getArguments();
    Value arena = arguments[arguments.size() - 2], parallel = arguments.back();
    FloatState state(b, target);

    SmallVector<Value> tensors;
    if (entry.model) {
      tensors.append(arguments.begin(), arguments.begin() + static_cast<ptrdiff_t>(count));
    } else {
      if (count) // an empty array may be NULL
        require(isNotNull(arguments[0]), statusInvalidArgument);
      tensors = unpack(arguments[0]);
    }
    for (Value tensor : tensors)
      require(isNotNull(tensor), statusInvalidArgument);
    Value batch = entry.model ? arguments[count] : integer(i64, entry.batch);
    if (entry.model)
      require(compare(LLVM::ICmpPredicate::sge, batch, integer(i64, 0)), statusInvalidArgument);
    if (entry.arenaBytes(1)) {
      require(isNotNull(arena), statusInvalidArgument);
      Value low = LLVM::AndOp::create(b, LLVM::PtrToIntOp::create(b, i64, arena), integer(i64, 63));
      require(compare(LLVM::ICmpPredicate::eq, low, integer(i64, 0)), statusMisaligned);
    }

    requireThreads(parallel);

    state.set(b);
    if (entry.model)
      loopOverTiles(tensors, batch, arena, parallel);
    else
      callBody(tensors, batch, arena, parallel);
    state.restore(b);
    finish();
    return function;
  }

  /// NAME_packed: the same with an array of pointers.
  void emitPacked(LLVM::LLVMFuncOp plain) {
    LLVM::LLVMFuncOp function = start(entry.name + "_packed", {pointer, i64, pointer, pointer});
    auto arguments = function.getArguments();
    require(isNotNull(arguments[0]), statusInvalidArgument);
    SmallVector<Value> operands = unpack(arguments[0]);
    operands.append(arguments.begin() + 1, arguments.end());
    Value status = LLVM::CallOp::create(b, plain, operands).getResult();
    LLVM::ReturnOp::create(b, status);
  }

private:
  LLVM::LLVMFuncOp start(StringRef name, ArrayRef<Type> types) {
    b.setInsertionPointToEnd(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(b, name, LLVM::LLVMFunctionType::get(i32, types));
    function.setNoUnwind(true);
    function.addEntryBlock(b);
    b.setInsertionPointToStart(&function.getBody().front());
    return function;
  }
  void finish() { LLVM::ReturnOp::create(b, integer(i32, statusOk)); }

  Value integer(IntegerType type, int64_t v) { return LLVM::ConstantOp::create(b, type, b.getIntegerAttr(type, v)); }
  Value compare(LLVM::ICmpPredicate predicate, Value x, Value y) { return LLVM::ICmpOp::create(b, predicate, x, y); }
  Value isNotNull(Value p) { return compare(LLVM::ICmpPredicate::ne, p, LLVM::ZeroOp::create(b, pointer)); }

  /// Returns `status` unless the condition holds.
  void require(Value condition, int32_t status) {
    Region *region = b.getInsertionBlock()->getParent();
    OpBuilder::InsertPoint here = b.saveInsertionPoint();
    Block *bad = b.createBlock(region, region->end());
    LLVM::ReturnOp::create(b, integer(i32, status));
    Block *good = b.createBlock(region, region->end());
    b.restoreInsertionPoint(here);
    LLVM::CondBrOp::create(b, condition, good, bad);
    b.setInsertionPointToStart(good);
  }

  /// A nibble_parallel, if there is one, has a thread at least and a function.
  void requireThreads(Value parallel) {
    Region *region = b.getInsertionBlock()->getParent();
    Value given = isNotNull(parallel);
    OpBuilder::InsertPoint here = b.saveInsertionPoint();
    Block *look = b.createBlock(region, region->end()), *done = b.createBlock(region, region->end());
    b.restoreInsertionPoint(here);
    LLVM::CondBrOp::create(b, given, look, done);
    b.setInsertionPointToStart(look);
    auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), {pointer, i32, pointer});
    auto load = [&](Type field, int32_t index) -> Value {
      Value address = LLVM::GEPOp::create(b, pointer, type, parallel, ArrayRef<LLVM::GEPArg>{0, index});
      return LLVM::LoadOp::create(b, field, address);
    };
    require(compare(LLVM::ICmpPredicate::sge, load(i32, 1), integer(i32, 1)), statusInvalidArgument);
    require(isNotNull(load(pointer, 2)), statusInvalidArgument);
    LLVM::BrOp::create(b, ValueRange{}, done);
    b.setInsertionPointToStart(done);
  }

  SmallVector<Value> unpack(Value array) {
    SmallVector<Value> tensors;
    for (int32_t i = 0; i < static_cast<int32_t>(entry.arguments.size()); ++i)
      tensors.push_back(
          LLVM::LoadOp::create(b, pointer, LLVM::GEPOp::create(b, pointer, pointer, array, ArrayRef<LLVM::GEPArg>{i})));
    return tensors;
  }

  void callBody(ArrayRef<Value> tensors, Value n, Value arena, Value parallel) {
    SmallVector<Value> operands{arena};
    operands.append(tensors.begin(), tensors.end());
    operands.append({n, parallel});
    LLVM::CallOp::create(b, body, operands);
  }

  /// for (done = 0; done < batch; done += tile) body(tensors at image `done`, min(tile, batch - done))
  void loopOverTiles(ArrayRef<Value> tensors, Value batch, Value arena, Value parallel) {
    Region *region = b.getInsertionBlock()->getParent();
    Value zero = integer(i64, 0), tile = integer(i64, entry.batch);
    OpBuilder::InsertPoint here = b.saveInsertionPoint();
    Block *head = b.createBlock(region, region->end(), {i64}, {b.getLoc()});
    Block *work = b.createBlock(region, region->end()), *done = b.createBlock(region, region->end());
    b.restoreInsertionPoint(here);
    LLVM::BrOp::create(b, ValueRange{zero}, head);
    b.setInsertionPointToStart(head);
    Value first = head->getArgument(0);
    LLVM::CondBrOp::create(b, compare(LLVM::ICmpPredicate::slt, first, batch), work, done);
    b.setInsertionPointToStart(work);
    Value rest = LLVM::SubOp::create(b, batch, first);
    Value n = LLVM::SMinOp::create(b, rest, tile);
    SmallVector<Value> moved;
    for (auto [tensor, argument] : llvm::zip(tensors, entry.arguments)) {
      if (!argument.batched) {
        moved.push_back(tensor);
        continue;
      }
      int64_t bytes = argument.elements * ((argument.type.getIntOrFloatBitWidth() + 7) / 8);
      Value offset = LLVM::MulOp::create(b, first, integer(i64, bytes));
      moved.push_back(LLVM::GEPOp::create(b, pointer, b.getI8Type(), tensor, ArrayRef<LLVM::GEPArg>{offset}));
    }
    callBody(moved, n, arena, parallel);
    // first + n cannot overflow, first + tile could.
    LLVM::BrOp::create(b, ValueRange{LLVM::AddOp::create(b, first, n)}, head);
    b.setInsertionPointToStart(done);
  }

  ModuleOp module;
  LLVM::LLVMFuncOp body;
  const Entry &entry;
  const Target &target;
  ImplicitLocOpBuilder b;
  LLVM::LLVMPointerType pointer;
  IntegerType i32, i64;
};

struct EmitEntriesPass : impl::EmitEntriesBase<EmitEntriesPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Target> machine = parseTarget(module, target);
    if (failed(machine) || failed(requireStage(module, "nibble-emit-entries", Needs::Llvm)))
      return signalPassFailure();
    SmallVector<LLVM::LLVMFuncOp> bodies;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(entryAttribute) && !isEmitted(function))
        bodies.push_back(function);
    if (failed(checkNames(module)))
      return signalPassFailure();
    for (LLVM::LLVMFuncOp body : bodies)
      if (failed(emit(module, body, *machine)))
        return signalPassFailure();
  }

private:
  /// A C function that an earlier run made.
  static bool isEmitted(LLVM::LLVMFuncOp function) { return function.getLinkage() == LLVM::Linkage::External; }

  /// Each entry gives a C program a function and macros (compiler/Emit/Header.h) that it has no other use for.
  LogicalResult checkNames(ModuleOp module) {
    llvm::StringMap<std::pair<LLVM::LLVMFuncOp, std::string>> taken;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
      if (!function->hasAttr(entryAttribute))
        continue;
      FailureOr<Entry> entry = readEntry(function);
      if (failed(entry))
        return failure();
      if (std::string_view why = whyNotEntryName(entry->name); !why.empty())
        return function.emitError("this entry cannot become the C function '")
               << entry->name << "', which " << StringRef(why) << "; rename the model";
      std::string capitals = StringRef(entry->name).upper();
      SmallVector<std::string> names = {entry->name, capitals + "_ARENA_BYTES", capitals + "_BATCH"};
      if (entry->model)
        names.back() += "_TILE";
      else
        names.push_back(capitals + "_ARGUMENTS");
      for (const std::string &name : names) {
        auto [at, isNew] = taken.try_emplace(name, function, entry->name);
        if (isNew)
          continue;
        auto error = function.emitError("this entry cannot become the C function '")
                     << entry->name << "': the name " << name << " in its header is also that of '" << at->second.second
                     << "'; rename one of them";
        error.attachNote(at->second.first.getLoc()) << "the other one";
        return error;
      }
    }
    return success();
  }

  LogicalResult emit(ModuleOp module, LLVM::LLVMFuncOp body, const Target &machine) {
    FailureOr<Entry> entry = readEntry(body);
    if (failed(entry))
      return failure();
    if (!entry->plannedBytes)
      return body.emitOpError("has no ukr.arena; run nibble-plan-memory first");
    auto types = body.getArgumentTypes();
    size_t count = entry->arguments.size();
    bool matches = types.size() == count + 3 && types[count + 1].isInteger(64);
    for (size_t i = 0; i < types.size() && matches; ++i)
      matches = i == count + 1 || isa<LLVM::LLVMPointerType>(types[i]);
    if (!matches)
      return body.emitOpError("must take (arena, the ") << count << " tensors of ukr.arguments, n, parallel)";

    SymbolTable symbols(module);
    std::string renamed = entry->name + ".body";
    for (const std::string &name : {entry->name, entry->name + "_packed", renamed}) {
      Operation *other = symbols.lookup(name);
      if (other && other != body)
        return other->emitOpError("has the name that a function of entry '") << entry->name << "' needs";
    }
    if (failed(symbols.rename(body, renamed)))
      return failure();
    EntryEmitter emitter(module, body, *entry, machine);
    LLVM::LLVMFuncOp function = emitter.emit();
    if (packed && entry->model)
      emitter.emitPacked(function);
    // The C function is the entry now; the body keeps nothing that would make it one.
    for (StringRef name : {"ukr.entry", "ukr.arguments", "ukr.arena", "ukr.batch_tile", "ukr.batch"})
      if (Attribute value = body->removeAttr(name))
        function->setAttr(name, value);
    return success();
  }
};

} // namespace
} // namespace nibble
