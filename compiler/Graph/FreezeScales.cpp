// Constant scales for every quantiser (R1, R4).
#include "compiler/Graph/Freezing.h"
#include "compiler/Graph/Steps.h"

using namespace mlir;

namespace nibble {
namespace {

/// The values of each channel along `axis` (all values as one channel when it is -1), or of each group of neighbours.
std::vector<std::vector<float>> split(ArrayRef<float> values, RankedTensorType type, int64_t axis, int64_t group = 0) {
  if (group > 0) {
    std::vector<std::vector<float>> parts;
    for (size_t i = 0; i < values.size(); i += group)
      parts.emplace_back(values.begin() + i, values.begin() + i + group);
    return parts;
  }
  if (axis < 0)
    return {{values.begin(), values.end()}};
  int64_t channels = type.getDimSize(axis), inner = 1;
  for (int64_t d : type.getShape().drop_front(axis + 1))
    inner *= d;
  std::vector<std::vector<float>> parts(channels);
  for (auto [i, v] : llvm::enumerate(values))
    parts[i / inner % channels].push_back(v);
  return parts;
}

reference::Grid gridOf(QuantizerAttr q) {
  return {static_cast<int32_t>(q.getQmin()), static_cast<int32_t>(q.getQmax())};
}

/// Does the value depend on an input of the model, so that only a run can know it?
bool dependsOnInput(Value value) {
  SmallVector<Value> pending = {value};
  llvm::DenseSet<Value> seen;
  while (!pending.empty()) {
    Value next = pending.pop_back_val();
    if (isa<BlockArgument>(next))
      return true;
    if (seen.insert(next).second)
      llvm::append_range(pending, next.getDefiningOp()->getOperands());
  }
  return false;
}

/// A quantiser without range reads its scale off numbers that are there when freezing; `input` is something else.
LogicalResult refuseOperand(Operation *op, Value input, StringRef scale, StringRef activationAdvice) {
  auto error = op->emitOpError("cannot be frozen: its scale is ") << scale << " of a parameter or constant, but its ";
  if (dependsOnInput(input)) {
    error << "operand is computed at run time; " << activationAdvice;
    return error;
  }
  Operation *made = input.getDefiningOp();
  error << "operand is computed from parameters by " << made->getName().stripDialect()
        << "; quantise the parameter itself, reshaped at most";
  error.attachNote(made->getLoc())
      << "computed here; store weights that have this done already, or do it to the layer's "
         "result";
  return error;
}

LogicalResult refuseNonFinite(Operation *op, Value input, ArrayRef<float> values) {
  std::string bad = nonFinite(cast<RankedTensorType>(input.getType()).getShape(), values);
  if (bad.empty())
    return success();
  return op->emitOpError("cannot be frozen: its operand has a value that is no finite number, ") << bad;
}

LogicalResult freezeActivation(FakeQuantOp op, const ConstantReader &reader) {
  auto range = reader.read(op.getRange());
  if (!range || range->size() != 3)
    return op.emitOpError("cannot be frozen: its range is not a parameter or constant with a value");
  if (!((*range)[2] > 0.0f))
    return op.emitOpError("cannot be frozen: its range")
           << (ConstantReader::nameOf(op.getRange()).empty() ? "" : " @") << ConstantReader::nameOf(op.getRange())
           << " has seen no batch; train or calibrate the model first";
  if (!std::isfinite((*range)[0]) || !std::isfinite((*range)[1]))
    return op.emitOpError("cannot be frozen: its range [") << (*range)[0] << ", " << (*range)[1] << "] is not finite";
  if ((*range)[0] > (*range)[1])
    return op.emitOpError("cannot be frozen: its range [")
           << (*range)[0] << ", " << (*range)[1] << "] ends before it starts; ranges are [min, max, batches seen]";
  if ((*range)[0] == 0.0f && (*range)[1] == 0.0f)
    op.emitWarning()
        << op->getName().stripDialect()
        << " has the range [0, 0]: every value that it has observed was 0 (or NaN, which ranges skip), so its "
           "scale of 1 is a guess; train or calibrate the model with other data";
  QuantizerAttr q = op.getQuantizer();
  auto params =
      reference::paramsOf({(*range)[0], (*range)[1]}, gridOf(q),
                          q.getSymmetric() ? reference::Symmetry::Symmetric : reference::Symmetry::Asymmetric);
  if (!params)
    return op.emitOpError("cannot be frozen: ") << params.error();
  op.getRangeMutable().clear();
  op.setScales(ArrayRef<float>(params->scale));
  if (!q.getSymmetric())
    op.setZeroPoints(ArrayRef<int64_t>(static_cast<int64_t>(params->zeroPoint)));
  return success();
}

LogicalResult freezeWeights(FakeQuantOp op, const ConstantReader &reader) {
  auto values = reader.read(op.getInput());
  if (!values)
    return refuseOperand(op, op.getInput(), "max|x|", "give an activation quantiser a range");
  if (failed(refuseNonFinite(op, op.getInput(), *values)))
    return failure();
  QuantizerAttr q = op.getQuantizer();
  std::vector<float> scales;
  for (const auto &channel : split(*values, op.getInput().getType(), q.getAxis(), q.getGroup())) {
    auto params = reference::paramsOf(reference::rangeOf(channel), gridOf(q), reference::Symmetry::Symmetric);
    if (!params)
      return op.emitOpError("cannot be frozen: ") << params.error();
    scales.push_back(params->scale);
  }
  op.setScales(scales);
  return success();
}

LogicalResult freezeTernary(TernarizeOp op, const ConstantReader &reader) {
  auto values = reader.read(op.getInput());
  if (!values)
    return refuseOperand(op, op.getInput(), "the mean or median of |x|",
                         "use the fixed rule with a scale for activations");
  if (failed(refuseNonFinite(op, op.getInput(), *values)))
    return failure();
  auto rule = op.getRule() == TernaryRule::Mean ? reference::TernaryRule::Mean : reference::TernaryRule::Median;
  std::vector<float> scales;
  for (const auto &channel : split(*values, op.getInput().getType(), op.getAxis().value_or(-1)))
    scales.push_back(reference::ternaryScale(channel, rule));
  op.setScales(scales);
  return success();
}

LogicalResult freezeOne(Operation *op, const ConstantReader &reader) {
  if (auto quantizer = dyn_cast<FakeQuantOp>(op); quantizer && !quantizer.isFrozen())
    return quantizer.getRange() ? freezeActivation(quantizer, reader) : freezeWeights(quantizer, reader);
  if (auto ternarize = dyn_cast<TernarizeOp>(op); ternarize && !ternarize.isFrozen())
    return freezeTernary(ternarize, reader);
  return success();
}

} // namespace

LogicalResult freezeScales(func::FuncOp function, const ConstantReader &reader) {
  LogicalResult result = success();
  for (Operation &op : function.front())
    if (failed(freezeOne(&op, reader)))
      result = failure();
  if (failed(result))
    return failure();
  // Known scales travel along the ops that keep a grid, and make equal grids of a concat visible.
  for (Operation &op : function.front()) {
    if (failed(inferAgain(&op)))
      return failure();
  }
  Operation *terminator = function.front().getTerminator();
  function.setType(
      FunctionType::get(function.getContext(), function.getFunctionType().getInputs(), terminator->getOperandTypes()));
  return success();
}

} // namespace nibble
