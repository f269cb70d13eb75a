// convert-ukr-to-llvm: kernels, parallel regions, and everything that stands around them, to the LLVM dialect.
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Conversion/UkrToLLVM/FloatState.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "compiler/Graph/RequireStage.h"
#include "compiler/Kernels/Kernels.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace nibble {
#define GEN_PASS_DEF_CONVERTUKRTOLLVM
#include "compiler/Conversion/UkrToLLVM/Passes.h.inc"
} // namespace nibble

using namespace mlir;

namespace nibble {
namespace {

/// A naked function whose body is the code: the form that both ORC and a linked ELF file take (LLVM keeps its hands off
/// the arguments of naked functions).
struct KernelLowering : ConvertOpToLLVMPattern<ukr::KernelOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(ukr::KernelOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    MLIRContext *context = op.getContext();
    auto pointer = LLVM::LLVMPointerType::get(context);
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                            {pointer, pointer, pointer, rewriter.getI64Type()});
    auto function = LLVM::LLVMFuncOp::create(rewriter, op.getLoc(), op.getSymName(), type, LLVM::Linkage::Internal);
    function.setPassthroughAttr(rewriter.getStrArrayAttr({"naked", "noinline"}));
    function.setSection(".text.ukernels");
    function.setAlignment(64);
    ArrayRef<int8_t> code = op.getCode();
    std::string text = kernels::bytesToAsm({reinterpret_cast<const uint8_t *>(code.data()), code.size()});
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(function.addEntryBlock(rewriter));
    LLVM::InlineAsmOp::create(rewriter, op.getLoc(), TypeRange{}, ValueRange{}, text, "", /*has_side_effects=*/true,
                              /*is_align_stack=*/false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
    LLVM::UnreachableOp::create(rewriter, op.getLoc());
    rewriter.eraseOp(op);
    return success();
  }
};

/// All kernels share a type: three addresses, and a count or a fourth address in its place.
template <typename Call>
struct KernelCallLowering : ConvertOpToLLVMPattern<Call> {
  using ConvertOpToLLVMPattern<Call>::ConvertOpToLLVMPattern;

protected:
  /// The address of an element of a view, which has been converted.
  auto addressesFor(Call op, ConversionPatternRewriter &rewriter) const {
    return [this, op, &rewriter](Value original, Value converted, Value offset) {
      return this->getStridedElementPtr(rewriter, op->getLoc(), cast<MemRefType>(original.getType()), converted,
                                        offset);
    };
  }
  static Value number(Call op, int64_t value, ConversionPatternRewriter &rewriter) {
    return LLVM::ConstantOp::create(rewriter, op.getLoc(), rewriter.getI64IntegerAttr(value));
  }
  static Value asNumber(Call op, Value address, ConversionPatternRewriter &rewriter) {
    return LLVM::PtrToIntOp::create(rewriter, op.getLoc(), rewriter.getI64Type(), address);
  }
  static LogicalResult replace(Call op, ValueRange operands, ConversionPatternRewriter &rewriter) {
    rewriter.replaceOpWithNewOp<LLVM::CallOp>(op, TypeRange{}, op.getKernelAttr(), operands);
    return success();
  }
};

struct CallLowering : KernelCallLowering<ukr::CallOp> {
  using KernelCallLowering::KernelCallLowering;
  LogicalResult matchAndRewrite(ukr::CallOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    auto address = addressesFor(op, rewriter);
    return replace(op,
                   {address(op.getA(), adaptor.getA(), adaptor.getAOffset()),
                    address(op.getB(), adaptor.getB(), adaptor.getBOffset()),
                    address(op.getAcc(), adaptor.getAcc(), adaptor.getAccOffset()), adaptor.getOuter()},
                   rewriter);
  }
};

struct CallRequantizeLowering : KernelCallLowering<ukr::CallRequantizeOp> {
  using KernelCallLowering::KernelCallLowering;
  LogicalResult matchAndRewrite(ukr::CallRequantizeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto address = addressesFor(op, rewriter);
    return replace(op,
                   {address(op.getSums(), adaptor.getSums(), adaptor.getSumsOffset()),
                    address(op.getB(), adaptor.getB(), adaptor.getBOffset()),
                    address(op.getOut(), adaptor.getOut(), adaptor.getOutOffset()), number(op, 0, rewriter)},
                   rewriter);
  }
};

struct CallBytesLowering : KernelCallLowering<ukr::CallBytesOp> {
  using KernelCallLowering::KernelCallLowering;
  LogicalResult matchAndRewrite(ukr::CallBytesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto address = addressesFor(op, rewriter);
    Value constants = address(op.getConstants(), adaptor.getConstants(), adaptor.getConstantsOffset());
    return replace(op,
                   {address(op.getA(), adaptor.getA(), adaptor.getAOffset()),
                    address(op.getB(), adaptor.getB(), adaptor.getBOffset()),
                    address(op.getOut(), adaptor.getOut(), adaptor.getOutOffset()), asNumber(op, constants, rewriter)},
                   rewriter);
  }
};

struct CallLineLowering : KernelCallLowering<ukr::CallLineOp> {
  using KernelCallLowering::KernelCallLowering;
  LogicalResult matchAndRewrite(ukr::CallLineOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto address = addressesFor(op, rewriter);
    Value line = address(op.getLine(), adaptor.getLine(), number(op, 0, rewriter));
    return replace(op,
                   {address(op.getA(), adaptor.getA(), adaptor.getAOffset()),
                    address(op.getB(), adaptor.getB(), adaptor.getBOffset()),
                    address(op.getOut(), adaptor.getOut(), adaptor.getOutOffset()), asNumber(op, line, rewriter)},
                   rewriter);
  }
};

class ParallelLowering : public ConvertOpToLLVMPattern<ukr::ParallelOp> {
public:
  ParallelLowering(const LLVMTypeConverter &converter, const Target &target)
      : ConvertOpToLLVMPattern(converter), target(target) {}

  LogicalResult matchAndRewrite(ukr::ParallelOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    MLIRContext *context = op.getContext();
    auto pointer = LLVM::LLVMPointerType::get(context);
    if (op.getThreads().getType() != pointer)
      return rewriter.notifyMatchFailure(op, "threads is not a pointer");
    SmallVector<Value> values;
    for (auto [original, converted] : llvm::zip(op.getOperands_(), adaptor.getOperands_())) {
      auto memref = dyn_cast<MemRefType>(original.getType());
      values.push_back(memref
                           ? MemRefDescriptor(converted).bufferPtr(rewriter, op.getLoc(), *getTypeConverter(), memref)
                           : converted);
    }
    auto contextType = LLVM::LLVMStructType::getLiteral(context, llvm::to_vector(ValueRange(values).getTypes()));
    FlatSymbolRefAttr task = makeTask(op, contextType, rewriter);

    // With threads: fill the context, which lies in the caller's frame, and call parallel_for.
    Block *before = rewriter.getInsertionBlock();
    Block *after = rewriter.splitBlock(before, rewriter.getInsertionPoint());
    Block *with = rewriter.createBlock(after), *without = rewriter.createBlock(after),
          *run = rewriter.createBlock(after);
    Value count = adaptor.getCount(), threads = adaptor.getThreads();
    Block &frame = op->getParentRegion()->front();
    rewriter.setInsertionPointToStart(&frame);
    Value one = LLVM::ConstantOp::create(rewriter, op.getLoc(), rewriter.getI32Type(), rewriter.getI32IntegerAttr(1));
    Value packed = LLVM::AllocaOp::create(rewriter, op.getLoc(), pointer, contextType, one);
    rewriter.setInsertionPointToEnd(before);
    Value none = LLVM::ZeroOp::create(rewriter, op.getLoc(), pointer);
    Value sequential = LLVM::ICmpOp::create(rewriter, op.getLoc(), LLVM::ICmpPredicate::eq, threads, none);
    LLVM::CondBrOp::create(rewriter, op.getLoc(), sequential, without, with);

    rewriter.setInsertionPointToEnd(with);
    for (auto [i, value] : llvm::enumerate(values))
      LLVM::StoreOp::create(rewriter, op.getLoc(), value, member(rewriter, op.getLoc(), contextType, packed, i));
    auto parallelType = LLVM::LLVMStructType::getLiteral(context, {pointer, rewriter.getI32Type(), pointer});
    Value pool =
        LLVM::LoadOp::create(rewriter, op.getLoc(), pointer, member(rewriter, op.getLoc(), parallelType, threads, 0));
    Value parallelFor =
        LLVM::LoadOp::create(rewriter, op.getLoc(), pointer, member(rewriter, op.getLoc(), parallelType, threads, 2));
    Value taskAddress = LLVM::AddressOfOp::create(rewriter, op.getLoc(), pointer, task);
    auto forType = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                               {pointer, rewriter.getI64Type(), pointer, pointer});
    LLVM::CallOp::create(rewriter, op.getLoc(), forType, ValueRange{parallelFor, pool, count, taskAddress, packed});
    LLVM::BrOp::create(rewriter, op.getLoc(), after);

    rewriter.setInsertionPointToEnd(without);
    Value zero = LLVM::ConstantOp::create(rewriter, op.getLoc(), rewriter.getI64Type(), rewriter.getI64IntegerAttr(0));
    Value some = LLVM::ICmpOp::create(rewriter, op.getLoc(), LLVM::ICmpPredicate::sgt, count, zero);
    LLVM::CondBrOp::create(rewriter, op.getLoc(), some, run, after);
    rewriter.setInsertionPointToEnd(run);
    values.append({zero, count, zero});
    LLVM::CallOp::create(rewriter, op.getLoc(), TypeRange{}, op.getRegionAttr(), values);
    LLVM::BrOp::create(rewriter, op.getLoc(), after);
    rewriter.eraseOp(op);
    return success();
  }

private:
  static Value member(OpBuilder &b, Location loc, Type type, Value base, int64_t index) {
    return LLVM::GEPOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), type, base,
                               ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)});
  }

  /// `void REGION.task(void *context, int64_t begin, int64_t end, int32_t thread)`.
  FlatSymbolRefAttr makeTask(ukr::ParallelOp op, LLVM::LLVMStructType contextType,
                             ConversionPatternRewriter &rewriter) const {
    MLIRContext *context = op.getContext();
    auto name = StringAttr::get(context, op.getRegion() + ".task");
    auto module = op->getParentOfType<ModuleOp>();
    if (module.lookupSymbol(name))
      return FlatSymbolRefAttr::get(name);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(module.getBody());
    auto pointer = LLVM::LLVMPointerType::get(context);
    auto i64 = rewriter.getI64Type();
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), {pointer, i64, i64, rewriter.getI32Type()});
    auto task = LLVM::LLVMFuncOp::create(rewriter, op.getLoc(), name.getValue(), type, LLVM::Linkage::Internal);
    Block *body = task.addEntryBlock(rewriter);
    ImplicitLocOpBuilder b(op.getLoc(), OpBuilder::atBlockEnd(body, rewriter.getListener()));
    FloatState state(b, target);
    SmallVector<Value> operands;
    for (auto [i, member_] : llvm::enumerate(contextType.getBody()))
      operands.push_back(
          LLVM::LoadOp::create(b, member_, member(b, op.getLoc(), contextType, body->getArgument(0), i)));
    operands.append({body->getArgument(1), body->getArgument(2), LLVM::SExtOp::create(b, i64, body->getArgument(3))});
    state.set(b);
    LLVM::CallOp::create(b, TypeRange{}, op.getRegionAttr(), operands);
    state.restore(b);
    LLVM::ReturnOp::create(b, ValueRange{});
    return FlatSymbolRefAttr::get(name);
  }

  const Target &target;
};

/// MLIR lowers vector.fma to llvm.intr.fmuladd, which may round twice; math.fma gives llvm.intr.fma.
struct FuseExactly : OpRewritePattern<vector::FMAOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::FMAOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<math::FmaOp>(op, op.getLhs(), op.getRhs(), op.getAcc());
    return success();
  }
};

struct ConvertUkrToLLVMPass : impl::ConvertUkrToLLVMBase<ConvertUkrToLLVMPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Target> machine = parseTarget(module, target);
    if (failed(machine) || failed(requireStage(module, "convert-ukr-to-llvm", Needs::Kernels)) ||
        failed(check(module, *machine)))
      return signalPassFailure();
    // The floating-point state is set around regions and bodies: their operations must not be moved out.
    SmallVector<StringAttr> outlined;
    module.walk([&](ukr::ParallelOp op) { outlined.push_back(op.getRegionAttr().getAttr()); });
    for (auto function : module.getOps<func::FuncOp>())
      // A routine is called from several places of its region and works long: copies of it only cost time and bytes.
      if (function->hasAttr(entryAttribute) || function->hasAttr("ukr.routine"))
        outlined.push_back(function.getSymNameAttr());
    if (failed(lowerVectors(module)) || failed(convert(module, *machine)))
      return signalPassFailure();
    SymbolTable symbols(module);
    for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
      if (!function.isExternal())
        function.setLinkage(LLVM::Linkage::Internal);
      function.setNoUnwind(true);
    }
    for (StringAttr name : outlined)
      if (auto function = symbols.lookup<LLVM::LLVMFuncOp>(name))
        function.setNoInline(true);
  }

private:
  /// Nothing else would notice machine code that the target lacks the instructions for.
  static LogicalResult checkFeatures(ukr::KernelOp kernel, const Target &machine) {
    std::string name = kernel.getGenerator().str();
    const kernels::KernelInfo *dot = kernels::findKernel(name);
    const auto needed = kernels::featuresOf(name);
    if (!needed)
      return kernel.emitOpError("comes from the unknown generator '") << name << "'";
    SmallVector<StringRef> features;
    StringRef(*needed).split(features, ',', -1, false);
    if (kernel.getScaled() && (!dot || !dot->scalesGroups()))
      return kernel.emitOpError("is scaled, but its generator '") << name << "' has no group scales";
    if (dot && (kernel.getScaled() || kernel.getOutStride()) && !dot->featureOfScales().empty())
      features.push_back(dot->featureOfScales());
    for (StringRef feature : features)
      if (!machine.has({feature.data(), feature.size()}))
        return kernel.emitOpError("needs ") << feature << ", which " << machine.str() << " does not have";
    return success();
  }

  static LogicalResult check(ModuleOp module, const Target &machine) {
    WalkResult result = module.walk([&](Operation *op) {
      if (isa<ukr::BufferOp, ukr::ScratchOp>(op)) {
        op->emitOpError("has no place yet; run nibble-plan-memory first");
        return WalkResult::interrupt();
      }
      if (auto kernel = dyn_cast<ukr::KernelOp>(op); kernel && machine.arch() != Arch::x86_64) {
        op->emitOpError("holds x86-64 code, which ") << machine.str() << " cannot run";
        return WalkResult::interrupt();
      }
      if (auto kernel = dyn_cast<ukr::KernelOp>(op); kernel && failed(checkFeatures(kernel, machine)))
        return WalkResult::interrupt();
      if (auto parallel = dyn_cast<ukr::ParallelOp>(op);
          parallel && !isa<LLVM::LLVMPointerType>(parallel.getThreads().getType())) {
        op->emitOpError("needs the address of a nibble_parallel (!llvm.ptr) as threads");
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult lowerVectors(ModuleOp module) {
    using namespace vector;
    RewritePatternSet patterns(&getContext());
    populateVectorToVectorCanonicalizationPatterns(patterns);
    populateVectorBitCastLoweringPatterns(patterns);
    populateVectorBroadcastLoweringPatterns(patterns);
    populateVectorContractLoweringPatterns(patterns, VectorContractLowering::OuterProduct);
    populateVectorMaskOpLoweringPatterns(patterns);
    populateVectorShapeCastLoweringPatterns(patterns);
    populateVectorInterleaveLoweringPatterns(patterns);
    populateVectorTransposeLoweringPatterns(patterns, VectorTransposeLowering::EltWise);
    populateVectorTransferLoweringPatterns(patterns, /*maxTransferRank=*/1);
    patterns.add<FuseExactly>(&getContext());
    return applyPatternsGreedily(module, std::move(patterns));
  }

  LogicalResult convert(ModuleOp module, const Target &machine) {
    LowerToLLVMOptions options(&getContext());
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(&getContext(), options);
    RewritePatternSet patterns(&getContext());
    SymbolTableCollection symbols;
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns, &symbols);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns, &symbols);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    patterns.add<KernelLowering, CallLowering, CallLineLowering, CallBytesLowering, CallRequantizeLowering>(converter);
    patterns.add<ParallelLowering>(converter, machine);
    LLVMConversionTarget legal(getContext());
    legal.addLegalOp<ModuleOp>();
    return applyFullConversion(module, legal, std::move(patterns));
  }
};

} // namespace
} // namespace nibble
