// nibble-lower-to-integers: from grids as encodings of f32 tensors to quantised element types.
#include "compiler/Graph/Weights.h"
#include "compiler/Quantize/Passes.h"
#include "compiler/Quantize/StorageConstants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_LOWERTOINTEGERS
#include "compiler/Quantize/Passes.h.inc"

namespace {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// f32 values on a grid: what becomes integers.
static bool isOnGrid(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32() && gridTypeOf(type);
}

/// Lowers one function. Every f32 value on a grid gets an integer twin; its own op is erased at the end.
class Lowering {
public:
  Lowering(func::FuncOp function, bool allowFloat)
      : function(function), builder(function.getContext()), allowFloat(allowFloat), reader(nullptr) {}

  LogicalResult run();

private:
  LogicalResult lower(Operation *op);
  LogicalResult lowerConstant(Operation *op, ArrayRef<float> values, Value source);
  LogicalResult lowerQuantizer(Operation *op);
  LogicalResult lowerContraction(ContractionOpInterface op);
  LogicalResult lowerRequantize(RequantizeOp op);
  /// A copy of the op on other operands, with another type of its result.
  Operation *copyOn(Operation *op, ValueRange operands, Type type);

  Value integersOf(Value value);
  Value floatsOf(Value value);
  void setTwin(Operation *op, Value integers) {
    twins[op->getResult(0)] = integers;
    replaced.push_back(op);
  }
  RankedTensorType integerType(Value value) { return withElement(tensorOf(value), gridTypeOf(value.getType())); }

  func::FuncOp function;
  OpBuilder builder;
  bool allowFloat;
  ConstantReader reader;
  DenseMap<Value, Value> twins, floats;
  SmallVector<Operation *> replaced;
};

Value Lowering::integersOf(Value value) {
  Value &twin = twins[value];
  if (!twin) { // an argument: the caller passes f32 values on the grid
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    twin = QuantizeOp::create(builder, value.getLoc(), integerType(value), value);
  }
  return twin;
}

Value Lowering::floatsOf(Value value) {
  if (!isOnGrid(value) || isa<BlockArgument>(value))
    return value;
  Value &result = floats[value];
  if (!result) {
    OpBuilder::InsertionGuard guard(builder);
    Value integers = integersOf(value);
    builder.setInsertionPointAfterValue(integers);
    result = DequantizeOp::create(builder, value.getLoc(), value.getType(), integers);
  }
  return result;
}

Operation *Lowering::copyOn(Operation *op, ValueRange operands, Type type) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  copy->getResult(0).setType(type);
  return copy;
}

LogicalResult Lowering::lowerConstant(Operation *op, ArrayRef<float> values, Value source) {
  Value result = op->getResult(0);
  auto elements = quantizeConstant(op, values, tensorOf(result).getShape(), gridTypeOf(result.getType()),
                                   ConstantReader::nameOf(source));
  if (failed(elements))
    return failure();
  setTwin(op, ConstantOp::create(builder, op->getLoc(), integerType(result), *elements));
  return success();
}

LogicalResult Lowering::lowerQuantizer(Operation *op) {
  auto facts = gridFacts(gridTypeOf(op->getResult(0).getType()));
  if (!facts || !facts->known)
    return op->emitOpError("has no constant scale; run nibble-freeze first");
  if (auto values = reader.read(op->getOperand(0)))
    return lowerConstant(op, *values, op->getOperand(0));
  setTwin(op, QuantizeOp::create(builder, op->getLoc(), integerType(op->getResult(0)), floatsOf(op->getOperand(0))));
  return success();
}

LogicalResult Lowering::lowerContraction(ContractionOpInterface op) {
  Value x = op.getActivation(), w = op.getWeights(), result = op->getResult(0);
  if (!isOnGrid(x) && !isOnGrid(w))
    return success();
  auto groups = isOnGrid(w) ? gridFacts(gridTypeOf(w.getType())) : std::nullopt;
  if (groups && groups->group) {
    // The sum is f32 in any case (R7.5). Of a float input, too, the weights stay integers: the layer dequantises them.
    Operation *sum = copyOn(op, {isOnGrid(x) ? integersOf(x) : x, integersOf(w)}, result.getType());
    result.replaceAllUsesWith(sum->getResult(0));
    replaced.push_back(op);
    return success();
  }
  if (!isOnGrid(x) || !isOnGrid(w)) {
    Value quantised = isOnGrid(x) ? x : w;
    if (!allowFloat)
      return op->emitOpError("has ")
             << (isOnGrid(x) ? "a quantised input but float weights" : "quantised weights but a float input")
             << "; quantise both with fake_quant (or sign), quantise neither, or allow float ops";
    op->replaceUsesOfWith(quantised, floatsOf(quantised));
    return success();
  }
  auto xFacts = gridFacts(gridTypeOf(x.getType())), wFacts = gridFacts(gridTypeOf(w.getType()));
  if (!xFacts || !xFacts->known || !wFacts || !wFacts->known)
    return op->emitOpError("has an operand on a grid without a scale; run nibble-freeze first");
  auto type = withElement(tensorOf(result), builder.getI32Type());
  Operation *sum = copyOn(op, {integersOf(x), integersOf(w)}, type);
  sum->removeAttr("accumulate");
  Value value = sum->getResult(0);
  if (!tensorOf(result).getElementType().isInteger(32)) {
    // R7: one rounding for the product of the scales, one for the product with it. -0 adds nothing, not even to -0.
    SmallVector<float> multiplier;
    for (float sw : wFacts->scales)
      multiplier.push_back(xFacts->scales[0] * sw);
    float inf = std::numeric_limits<float>::infinity();
    value = RequantizeOp::create(builder, op->getLoc(), result.getType(), value, Value(), multiplier,
                                 ArrayRef<float>(-0.0f), ArrayRef<float>(-inf), ArrayRef<float>(inf), FloatAttr(),
                                 DenseI32ArrayAttr(), DenseI32ArrayAttr());
  }
  result.replaceAllUsesWith(value);
  replaced.push_back(op);
  return success();
}

LogicalResult Lowering::lowerRequantize(RequantizeOp op) {
  SmallVector<Value> operands{floatsOf(op.getInput())};
  if (Value residual = op.getResidual())
    operands.push_back(isOnGrid(residual) ? integersOf(residual) : residual);
  if (isOnGrid(op.getResult()))
    setTwin(op, copyOn(op, operands, integerType(op.getResult()))->getResult(0));
  else
    op->setOperands(operands);
  return success();
}

LogicalResult Lowering::lower(Operation *op) {
  builder.setInsertionPoint(op);
  if (auto param = dyn_cast<ParamOp>(op))
    return param.emitOpError("@") << param.getName() << " has no value; run nibble-bind-weights first";
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    if (!isOnGrid(constant.getResult()))
      return success();
    auto values = reader.read(constant.getResult());
    if (!values)
      return constant.emitOpError("holds no readable f32 values");
    return lowerConstant(op, *values, constant.getResult());
  }
  if (isa<FakeQuantOp, SignOp, TernarizeOp>(op))
    return lowerQuantizer(op);
  if (auto contraction = dyn_cast<ContractionOpInterface>(op))
    return lowerContraction(contraction);
  if (auto requantize = dyn_cast<RequantizeOp>(op))
    return lowerRequantize(requantize);
  if (isa<MaxPool2dOp, ReshapeOp, ConcatOp, PadOp>(op) && isOnGrid(op->getResult(0))) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(integersOf(operand));
    setTwin(op, copyOn(op, operands, integerType(op->getResult(0)))->getResult(0));
    return success();
  }
  if (isa<AvgPool2dOp, GlobalAvgPoolOp>(op) && isOnGrid(op->getOperand(0))) {
    op->setOperand(0, integersOf(op->getOperand(0))); // R7: an exact integer sum, then f32
    return success();
  }
  for (OpOperand &operand : op->getOpOperands())
    operand.set(floatsOf(operand.get()));
  return success();
}

LogicalResult Lowering::run() {
  SmallVector<Operation *> ops;
  for (Operation &op : function.front())
    ops.push_back(&op);
  LogicalResult result = success();
  for (Operation *op : ops)
    if (failed(lower(op)))
      result = failure();
  if (failed(result))
    return failure();
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

struct LowerToIntegersPass : impl::LowerToIntegersBase<LowerToIntegersPass> {
  using LowerToIntegersBase::LowerToIntegersBase;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (!function.getBody().hasOneBlock()) {
        function.emitError("nibble-lower-to-integers works on functions of one block");
        return signalPassFailure();
      }
      if (failed(Lowering(function, allowFloat).run()))
        return signalPassFailure();
    }
    if (failed(verifyQuantized(getOperation(), allowFloat)))
      signalPassFailure();
  }
};

} // namespace
} // namespace nibble
