// The ops that R8 folds between a contraction and the next quantiser, seen as arithmetic per channel.
#include "compiler/Graph/Steps.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

using namespace mlir;

namespace nibble {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
static int64_t channelsOf(RankedTensorType type) { return type.getRank() ? type.getShape().back() : 1; }

bool Step::isMonotone() const {
  auto notNegative = [](float v) { return v >= 0.0f; };
  if (kind == Multiply)
    return llvm::all_of(values, notNegative);
  return kind != BatchNorm || llvm::all_of(gamma, notNegative);
}

void Step::apply(reference::FrozenChain &chain, int64_t channel) const {
  auto at = [&](const std::vector<float> &v) { return v[v.size() == 1 ? 0 : channel]; };
  switch (kind) {
  case Add:
    return chain.add(at(values));
  case Multiply:
    return chain.multiply(at(values));
  case BatchNorm:
    return chain.batchNorm(at(gamma), at(beta), at(mean), at(variance), epsilon);
  case Clip:
    return chain.clip(lo, hi);
  }
}

std::optional<Step> stepOf(Operation *op, const ConstantReader &reader) {
  if (auto relu = dyn_cast<ReluOp>(op))
    return Step{.kind = Step::Clip, .input = relu.getInput(), .lo = 0.0f, .hi = std::numeric_limits<float>::infinity()};
  if (auto clip = dyn_cast<ClipOp>(op))
    return Step{.kind = Step::Clip,
                .input = clip.getInput(),
                .lo = clip.getLo().convertToFloat(),
                .hi = clip.getHi().convertToFloat()};
  if (isa<AddOp, MulOp>(op)) {
    auto rhs = reader.read(op->getOperand(1));
    RankedTensorType type = tensorOf(op->getOperand(1));
    bool perChannel = type.getRank() == 1 && type.getDimSize(0) == channelsOf(tensorOf(op->getOperand(0)));
    if (!rhs || !(rhs->size() == 1 || perChannel))
      return std::nullopt;
    return Step{
        .kind = isa<AddOp>(op) ? Step::Add : Step::Multiply, .input = op->getOperand(0), .values = std::move(*rhs)};
  }
  auto norm = dyn_cast<BatchNormOp>(op);
  if (!norm)
    return std::nullopt;
  auto gamma = reader.read(norm.getGamma()), beta = reader.read(norm.getBeta());
  auto mean = reader.read(norm.getMean()), variance = reader.read(norm.getVariance());
  if (!gamma || !beta || !mean || !variance)
    return std::nullopt;
  return Step{.kind = Step::BatchNorm,
              .input = norm.getInput(),
              .gamma = std::move(*gamma),
              .beta = std::move(*beta),
              .mean = std::move(*mean),
              .variance = std::move(*variance),
              .epsilon = norm.getEpsilon().convertToFloat()};
}

std::optional<Terminal> terminalOf(Operation *op) {
  if (isa<SignOp>(op))
    return Terminal{.isSign = true};
  bool frozen = (isa<FakeQuantOp>(op) && cast<FakeQuantOp>(op).isFrozen()) ||
                (isa<TernarizeOp>(op) && cast<TernarizeOp>(op).isFrozen());
  if (!frozen)
    return std::nullopt;
  auto type = tensorOf(op->getResult(0));
  auto facts = gridFacts(gridTypeOf(type));
  if (!facts || !facts->known || (facts->axis >= 0 && facts->axis != type.getRank() - 1))
    return std::nullopt;
  Terminal end{.grid = {static_cast<int32_t>(facts->qmin), static_cast<int32_t>(facts->qmax)}, .params = {}};
  for (auto [scale, zero] : llvm::zip_equal(facts->scales, facts->zeros))
    end.params.push_back({scale, static_cast<int32_t>(zero)});
  return end;
}

bool isStepLike(Operation *op) { return isa<AddOp, MulOp, BatchNormOp, ReluOp, ClipOp>(op); }
bool isQuantizer(Operation *op) { return isa<FakeQuantOp, SignOp, TernarizeOp>(op); }
bool isAveragePool(Operation *op) { return isa<AvgPool2dOp, GlobalAvgPoolOp>(op); }

bool comesFromChainStart(Value value) {
  // Work list over operands, as add and concat have several.
  SmallVector<Value> work{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!work.empty()) {
    Value v = work.pop_back_val();
    Operation *op = v.getDefiningOp();
    if (!op || !v.hasOneUse() || !seen.insert(op).second)
      continue;
    if (isa<ContractionOpInterface>(op) || isAveragePool(op))
      return true;
    if (isStepLike(op) || isa<MaxPool2dOp, ReshapeOp, ConcatOp>(op))
      llvm::append_range(work, op->getOperands());
  }
  return false;
}

LogicalResult inferAgain(Operation *op) {
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    auto in = reshape.getInput().getType(), out = reshape.getResult().getType();
    reshape.getResult().setType(RankedTensorType::get(out.getShape(), in.getElementType(), in.getEncoding()));
    return success();
  }
  auto inferred = dyn_cast<InferTypeOpInterface>(op);
  if (!inferred)
    return success();
  SmallVector<Type> types;
  if (failed(inferred.inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(), op->getAttrDictionary(),
                                       op->getPropertiesStorage(), op->getRegions(), types)))
    return failure();
  for (auto [result, type] : llvm::zip_equal(op->getResults(), types))
    result.setType(type);
  return success();
}

} // namespace nibble
