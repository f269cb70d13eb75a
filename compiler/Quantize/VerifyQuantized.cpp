// nibble-verify-quantized: what must hold when a module leaves the quantized stage.
#include "compiler/Graph/Elements.h"
#include "compiler/Quantize/AccumulatorRanges.h"
#include "compiler/Quantize/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_VERIFYQUANTIZED
#include "compiler/Quantize/Passes.h.inc"

namespace {

static bool isQuantizedTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isQuantizedType(tensor.getElementType());
}

/// Arithmetic on f32, as opposed to conversions (quantize, dequantize, requantize) and ops that only move values.
static bool isFloatOp(Operation *op) {
  return isa<AddOp, MulOp, ReluOp, ClipOp, BatchNormOp, SoftmaxOp, SoftmaxCrossEntropyOp, Conv2dOp, LinearOp,
             MaxPool2dOp, AvgPool2dOp, GlobalAvgPoolOp>(op) &&
         !isQuantizedTensor(op->getOperand(0).getType());
}

static bool belongsToStage(Operation *op) {
  return isFloatOp(op) || isa<ConstantOp, QuantizeOp, DequantizeOp, RequantizeOp, Conv2dOp, LinearOp, MaxPool2dOp,
                              AvgPool2dOp, GlobalAvgPoolOp, ReshapeOp, ConcatOp, PadOp>(op);
}

/// Why a float op is where it is, and what to do.
static StringRef adviceFor(Operation *op) {
  if (isa<Conv2dOp, LinearOp>(op))
    return "quantise its input and its weights with fake_quant or sign";
  if (isa<MaxPool2dOp>(op))
    return "a step between it and the next quantiser has a negative factor or several uses and could not move above "
           "it; put the "
           "pooling behind the batch norm, or behind the quantiser";
  if (isa<AvgPool2dOp, GlobalAvgPoolOp>(op))
    return "put a fake_quant before it, so that its sum is an exact integer";
  if (isa<SoftmaxOp, SoftmaxCrossEntropyOp>(op))
    return "it has no integer form; keep it behind the last quantiser";
  return "freezing could not fold it into a requantisation (is an operand computed at run time, or does a value have "
         "several uses?); put a "
         "fake_quant before it";
}

class Verifier {
public:
  Verifier(func::FuncOp function, bool allowFloat) : function(function), allowFloat(allowFloat) {}

  LogicalResult run();

private:
  LogicalResult verifyOp(Operation *op);
  LogicalResult verifyContraction(ContractionOpInterface op);
  LogicalResult verifyConstant(ConstantOp op);
  /// Marks what depends on a quantised activation, and what a quantised activation depends on.
  void markQuantisers();

  func::FuncOp function;
  bool allowFloat;
  llvm::DenseSet<Value> behindQuantiser;
  llvm::DenseSet<Operation *> beforeQuantiser;
};

void Verifier::markQuantisers() {
  Block &block = function.front();
  for (Value argument : block.getArguments())
    if (isQuantizedTensor(argument.getType()))
      behindQuantiser.insert(argument);
  for (Operation &op : block) {
    bool quantises = isa<QuantizeOp, RequantizeOp>(op) && isQuantizedTensor(op.getResult(0).getType());
    if (quantises || llvm::any_of(op.getOperands(), [&](Value v) { return behindQuantiser.contains(v); }))
      behindQuantiser.insert(op.result_begin(), op.result_end());
  }
  for (Operation &op : llvm::reverse(block))
    for (Operation *user : op.getUsers()) {
      bool quantises = isa<QuantizeOp, RequantizeOp>(user) && isQuantizedTensor(user->getResult(0).getType());
      if (quantises || beforeQuantiser.contains(user))
        beforeQuantiser.insert(&op);
    }
}

LogicalResult Verifier::verifyConstant(ConstantOp op) {
  Type element = op.getResult().getType().getElementType();
  if (!isQuantizedType(element) || isa_and_nonnull<LayoutAttr>(op.getResult().getType().getEncoding()))
    return success();
  auto facts = gridFacts(element);
  auto values = readIntegers(op.getValue());
  if (!facts || !values)
    return op.emitOpError("holds no readable integers");
  for (int32_t v : *values)
    if (v < facts->qmin || v > facts->qmax || (facts->binary && v == 0))
      return op.emitOpError("holds ") << v << ", which is not on its grid " << element;
  return success();
}

LogicalResult Verifier::verifyContraction(ContractionOpInterface op) {
  auto x = cast<RankedTensorType>(op.getActivation().getType()), w = cast<RankedTensorType>(op.getWeights().getType());
  auto xFacts = gridFacts(x.getElementType()), wFacts = gridFacts(w.getElementType());
  if (!xFacts || !xFacts->known || !wFacts || !wFacts->known)
    return op->emitOpError("has an operand without a scale; run nibble-freeze first");
  if (llvm::any_of(wFacts->zeros, [](int64_t z) { return z != 0; }))
    return op->emitOpError("has asymmetric weights (a zero point other than 0); use a symmetric quantiser for weights");
  if (xFacts->bits == 16 && wFacts->bits == 16)
    return op->emitOpError(
        "multiplies 16-bit by 16-bit values, whose sum does not fit 32 bits; use at most 8 bits for one of them");
  if (Operation *made = op.getWeights().getDefiningOp(); !isa_and_nonnull<ConstantOp>(made)) {
    auto error =
        op->emitOpError("has weights that are computed at run time: only a parameter with a value or a constant, "
                        "directly before its quantiser, can be packed");
    if (made)
      error.attachNote(made->getLoc()) << "computed here by " << made->getName().stripDialect()
                                       << "; do this to the stored weights, or before they are quantised";
    return error;
  }
  auto ranges = accumulatorRanges(op);
  if (!ranges)
    return op->emitOpError("has weights without readable integers");
  const int64_t sums = static_cast<int64_t>(ranges->size()) / w.getDimSize(0); // of a channel: one, or one per group
  for (auto [i, range] : llvm::enumerate(*ranges))
    if (!range.fits(32))
      return op->emitOpError("can overflow its 32-bit accumulator: output channel ")
             << static_cast<int64_t>(i) / sums << " reaches " << range.lo << ".." << range.hi << " over "
             << op.getDepth() / sums << " products (R5); use fewer bits or split the layer";
  if (wFacts->group)
    return success();
  for (Operation *user : op->getUsers())
    if (!isa<RequantizeOp>(user))
      return op->emitOpError("gives accumulators to ") << user->getName() << "; only nibble.requantize reads them";
  return success();
}

LogicalResult Verifier::verifyOp(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>())
    return success();
  if (isa<FakeQuantOp, SignOp, TernarizeOp>(op))
    return op->emitOpError("belongs to the graph stage; run nibble-lower-to-integers");
  if (auto param = dyn_cast<ParamOp>(op))
    return param.emitOpError("@") << param.getName() << " has no value; run nibble-bind-weights first";
  if (!belongsToStage(op))
    return op->emitOpError("has no place in the quantized stage");
  for (Value result : op->getResults())
    if (!isa<DequantizeOp>(op) && gridTypeOf(result.getType()) && !isQuantizedTensor(result.getType()))
      return op->emitOpError("gives f32 values on a grid; run nibble-lower-to-integers");
  if (auto constant = dyn_cast<ConstantOp>(op))
    return verifyConstant(constant);
  if (auto requantize = dyn_cast<RequantizeOp>(op)) {
    if (requantize.getProfile() == RequantProfile::Fixed)
      return op->emitOpError("uses the fixed-point profile, for which there is no code; use the float profile (R6)");
    if (gridTypeOf(requantize.getResult().getType()) &&
        gridFacts(gridTypeOf(requantize.getResult().getType()))->axis >= 0)
      return op->emitOpError("gives activations with one scale per channel; use one scale per tensor");
    return success();
  }
  if (auto quantize = dyn_cast<QuantizeOp>(op)) {
    if (gridFacts(quantize.getResult().getType().getElementType())->axis >= 0)
      return op->emitOpError("gives activations with one scale per channel; use one scale per tensor");
    return success();
  }
  if (auto contraction = dyn_cast<ContractionOpInterface>(op); contraction && !isFloatOp(op))
    return verifyContraction(contraction);
  bool between = isFloatOp(op) && beforeQuantiser.contains(op) &&
                 llvm::any_of(op->getOperands(), [&](Value v) { return behindQuantiser.contains(v); });
  if (between && allowFloat)
    emitRemark(op->getLoc(), "'") << op->getName()
                                  << "' works on float values between two quantisers: " << adviceFor(op);
  else if (between)
    return op->emitOpError("works on float values between two quantisers: ") << adviceFor(op) << ", or allow float ops";
  return success();
}

LogicalResult Verifier::run() {
  markQuantisers();
  LogicalResult result = success();
  for (Operation &op : function.front())
    if (failed(verifyOp(&op)))
      result = failure();
  return result;
}

struct VerifyQuantizedPass : impl::VerifyQuantizedBase<VerifyQuantizedPass> {
  using VerifyQuantizedBase::VerifyQuantizedBase;
  void runOnOperation() override {
    if (failed(verifyQuantized(getOperation(), allowFloat)))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace

LogicalResult verifyQuantized(ModuleOp module, bool allowFloat) {
  LogicalResult result = success();
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    if (!function.getBody().hasOneBlock())
      return function.emitError("the quantized stage has functions of one block");
    if (failed(Verifier(function, allowFloat).run()))
      result = failure();
  }
  return result;
}

} // namespace nibble
