// nibble-verify-llvm: refuses what would call a library or give other bits on another machine (rules R9, R10).
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/RequireStage.h"
#include "llvm/ADT/StringSet.h"

namespace nibble {
#define GEN_PASS_DEF_VERIFYLLVM
#include "compiler/Conversion/UkrToLLVM/Passes.h.inc"
} // namespace nibble

using namespace mlir;

namespace nibble {
namespace {

/// Operations for which LLVM calls libm on some or all targets.
bool isLibraryCall(StringRef name) {
  static const llvm::StringSet<> names = {
      "llvm.intr.memmove", "llvm.frem",         "llvm.intr.exp",   "llvm.intr.exp2",  "llvm.intr.exp10",
      "llvm.intr.log",     "llvm.intr.log2",    "llvm.intr.log10", "llvm.intr.pow",   "llvm.intr.powi",
      "llvm.intr.sin",     "llvm.intr.cos",     "llvm.intr.tan",   "llvm.intr.asin",  "llvm.intr.acos",
      "llvm.intr.atan",    "llvm.intr.atan2",   "llvm.intr.sinh",  "llvm.intr.cosh",  "llvm.intr.tanh",
      "llvm.intr.sincos",  "llvm.intr.ldexp",   "llvm.intr.frexp", "llvm.intr.modf",  "llvm.intr.round",
      "llvm.intr.lround",  "llvm.intr.llround", "llvm.intr.lrint", "llvm.intr.llrint"};
  return names.contains(name);
}

bool isRounding(Operation *op) {
  return isa<LLVM::FFloorOp, LLVM::FCeilOp, LLVM::FTruncOp, LLVM::RintOp, LLVM::NearbyintOp, LLVM::RoundEvenOp>(op);
}

bool mayCall(StringRef name) { return name == "memcpy" || name == "memset"; }

/// The type of nibble_parallel::parallel_for, the only pointer that is called.
bool isParallelFor(LLVM::CallOp call) {
  auto operands = call.getArgOperands().getTypes();
  auto isPointer = [&](size_t i) { return isa<LLVM::LLVMPointerType>(operands[i]); };
  return call.getNumResults() == 0 && operands.size() == 4 && isPointer(0) && operands[1].isInteger(64) &&
         isPointer(2) && isPointer(3);
}

class Checker {
public:
  Checker(ModuleOp module, const Target &target) : symbols(module), target(target) {}

  LogicalResult operator()(Operation *op) {
    if (auto call = dyn_cast<LLVM::CallOp>(op))
      return checkCall(call);
    if (isa<LLVM::InvokeOp>(op))
      return op->emitOpError("may unwind; compiled code does not");
    if (auto intrinsic = dyn_cast<LLVM::CallIntrinsicOp>(op); intrinsic && isForeign(intrinsic.getIntrin()))
      return op->emitOpError("calls ") << intrinsic.getIntrin() << ", which " << target.str()
                                       << " does not have; the module was made for another target";
    if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
      return checkSymbol(op, address.getGlobalName(), "takes the address of");
    if (isa<LLVM::FMulAddOp>(op))
      return op->emitOpError("may round once or twice, as LLVM likes; use llvm.intr.fma (rule R9)");
    if (isa<LLVM::FMAOp>(op) && !target.hasFma())
      return op->emitOpError("becomes a call of fmaf on ") << target.str() << "; run nibble-expand-fma (rule R9)";
    if (isLibraryCall(op->getName().getStringRef()))
      return op->emitOpError(
          "becomes a call of the C library; compiled code calls nothing but memcpy and memset (rule R10)");
    if (isRounding(op) && target.arch() == Arch::x86_64 && !target.has(Feature::sse41))
      return op->emitOpError("becomes a call of the C library on ")
             << target.str() << ", which has no sse4.1 (rule R10)";
    if (auto fast = dyn_cast<LLVM::FastmathFlagsInterface>(op))
      if (auto flags = fast.getFastmathAttr(); flags && flags.getValue() != LLVM::FastmathFlags::none)
        return op->emitOpError("has fast-math flags; results must not depend on what LLVM makes of them (rule R9)");
    return success();
  }

private:
  /// An intrinsic of another architecture, which LLVM would not survive.
  bool isForeign(StringRef intrinsic) const {
    const std::pair<const char *, Arch> prefixes[] = {{"llvm.x86.", Arch::x86_64},
                                                      {"llvm.aarch64.", Arch::aarch64},
                                                      {"llvm.riscv.", Arch::riscv64},
                                                      {"llvm.wasm.", Arch::wasm32}};
    return llvm::any_of(
        prefixes, [&](auto &prefix) { return intrinsic.starts_with(prefix.first) && target.arch() != prefix.second; });
  }

  LogicalResult checkCall(LLVM::CallOp call) {
    if (std::optional<StringRef> callee = call.getCallee())
      return checkSymbol(call, *callee, "calls");
    if (!isParallelFor(call))
      return call.emitOpError("calls a pointer that is not a parallel_for (void *, int64_t, nibble_task, void *)");
    return success();
  }
  LogicalResult checkSymbol(Operation *op, StringRef name, const char *verb) {
    auto function = symbols.lookup<LLVM::LLVMFuncOp>(name);
    if (function && function.isExternal() && !mayCall(name))
      return op->emitOpError(verb) << " @" << name
                                   << ", which is outside the module; only memcpy and memset may be (rule R10)";
    auto global = symbols.lookup<LLVM::GlobalOp>(name);
    if (global && !global.getValueOrNull() && global.getInitializerRegion().empty())
      return op->emitOpError(verb) << " @" << name << ", a variable outside the module";
    return success();
  }

  SymbolTable symbols;
  const Target &target;
};

struct VerifyLLVMPass : impl::VerifyLLVMBase<VerifyLLVMPass> {
  using Base::Base;
  void runOnOperation() override {
    FailureOr<Target> machine = parseTarget(getOperation(), target);
    if (failed(machine) || failed(requireStage(getOperation(), "nibble-verify-llvm", Needs::Llvm)))
      return signalPassFailure();
    Checker check(getOperation(), *machine);
    bool failed = false;
    getOperation().walk([&](Operation *op) { failed |= check(op).failed(); });
    if (failed)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace nibble
