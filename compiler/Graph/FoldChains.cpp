// R8.5 to R8.8: everything between a contraction and the next quantiser becomes one nibble.requantize.
#include "compiler/Graph/Freezing.h"
#include "compiler/Graph/Steps.h"

using namespace mlir;
using nibble::reference::FrozenChain;

namespace nibble {
namespace {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The ops that one requantisation replaces, and its constants.
struct Chain {
  explicit Chain(Value start) : start(start) {}

  Value start;                       ///< What the requantisation reads.
  std::vector<FrozenChain> channels; ///< One per index of the last dimension.
  Value residual;
  std::optional<Terminal> end;
  SmallVector<Operation *> folded;
  bool hasOffset = false; ///< Something was added, if only a zero.
  std::string stoppedBy;  ///< Why the chain ends before a quantiser; empty at the function's result.

  Value result() const { return folded.empty() ? start : folded.back()->getResult(0); }
};

class Folder {
public:
  Folder(const ConstantReader &reader, bool report) : reader(reader), report(report) {}

  LogicalResult foldContraction(ContractionOpInterface op);
  LogicalResult foldLoose(Operation *first);

private:
  /// Takes ops into the chain from `next` on, which uses the chain's current result, as far as possible.
  void extend(Chain &chain, Operation *next);
  bool take(Chain &chain, Operation *op);
  bool takeResidual(Chain &chain, AddOp add);
  FailureOr<Value> build(const Chain &chain, Location loc);
  void remark(Operation *source, const Chain &chain);

  const ConstantReader &reader;
  bool report;
};

bool Folder::takeResidual(Chain &chain, AddOp add) {
  Value current = chain.result();
  Value other = add.getLhs() == current ? add.getRhs() : add.getLhs();
  if (other == current || tensorOf(other).getShape() != tensorOf(current).getShape() ||
      !tensorOf(other).getElementType().isF32())
    return false;
  float scale = 1.0f; // an f32 residual is its own integer
  if (Type grid = gridTypeOf(other.getType())) {
    auto facts = gridFacts(grid);
    if (!facts || !facts->known || facts->axis >= 0)
      return false;
    scale = facts->scales[0];
  }
  std::vector<FrozenChain> channels = chain.channels;
  for (FrozenChain &channel : channels)
    if (!channel.addResidual(scale))
      return false;
  chain.channels = std::move(channels);
  chain.residual = other;
  return true;
}

bool Folder::take(Chain &chain, Operation *op) {
  if (auto end = terminalOf(op)) {
    chain.end = std::move(end);
    return true;
  }
  Value current = chain.result();
  auto step = stepOf(op, reader);
  if (!step || step->input != current) {
    auto add = dyn_cast<AddOp>(op);
    return add && takeResidual(chain, add);
  }
  // The residual has one multiplier for all channels.
  if (chain.residual && !step->keepsScale())
    return false;
  for (auto [c, channel] : llvm::enumerate(chain.channels))
    step->apply(channel, c);
  chain.hasOffset |= step->kind == Step::Add || step->kind == Step::BatchNorm;
  return true;
}

void Folder::extend(Chain &chain, Operation *next) {
  while (next) {
    if (!take(chain, next)) {
      chain.stoppedBy = next->getName().stripDialect();
      return;
    }
    chain.folded.push_back(next);
    Value current = chain.result();
    if (chain.end || current.use_empty())
      return;
    next = *current.getUsers().begin();
    if (!current.hasOneUse()) {
      chain.stoppedBy = "a value with several uses";
      return;
    }
    if (next->hasTrait<OpTrait::IsTerminator>())
      return;
  }
}

/// One value where all channels agree (as bits, so that -0 stays).
static SmallVector<float> compress(ArrayRef<float> values) {
  bool same =
      llvm::all_of(values, [&](float v) { return llvm::bit_cast<uint32_t>(v) == llvm::bit_cast<uint32_t>(values[0]); });
  return SmallVector<float>(same ? values.take_front(1) : values);
}

FailureOr<Value> Folder::build(const Chain &chain, Location loc) {
  SmallVector<float> multiplier, bias, lo, hi;
  float residual = 0.0f;
  for (auto [c, channel] : llvm::enumerate(chain.channels)) {
    auto frozen = !chain.end ? channel.toFloat()
                  : chain.end->isSign
                      ? channel.toSign()
                      : channel.toGrid(chain.end->params[chain.end->params.size() == 1 ? 0 : c], chain.end->grid);
    if (!frozen)
      return emitError(loc, "channel ") << c << " cannot be frozen: " << frozen.error();
    multiplier.push_back(frozen->multiplier);
    // -0 is the offset that changes nothing, not even a -0.
    bias.push_back(chain.hasOffset || chain.end ? frozen->offset : -0.0f);
    lo.push_back(frozen->lo), hi.push_back(frozen->hi);
    residual = frozen->residual;
  }
  RankedTensorType type = tensorOf(chain.result());
  if (chain.folded.empty())
    type = offGrid(type);
  OpBuilder builder(type.getContext());
  if (chain.folded.empty())
    builder.setInsertionPointAfterValue(chain.start);
  else
    builder.setInsertionPoint(chain.folded.back());
  FloatAttr factor = chain.residual ? builder.getF32FloatAttr(residual) : FloatAttr();
  return RequantizeOp::create(builder, loc, type, chain.start, chain.residual, compress(multiplier), compress(bias),
                              compress(lo), compress(hi), factor, DenseI32ArrayAttr(), DenseI32ArrayAttr())
      .getResult();
}

void Folder::remark(Operation *source, const Chain &chain) {
  if (!report)
    return;
  std::string names;
  for (Operation *op : chain.folded)
    names += (names.empty() ? "" : ", ") + op->getName().stripDialect().str();
  auto diag = emitRemark(source->getLoc(), "one requantize replaces ")
              << (names.empty() ? "the scale of the accumulators" : names);
  if (!chain.end && !chain.stoppedBy.empty())
    diag << "; it gives f32 because the chain ends at " << chain.stoppedBy;
}

LogicalResult Folder::foldContraction(ContractionOpInterface op) {
  Value acc = op->getResult(0);
  RankedTensorType type = tensorOf(acc);
  if (!type.getElementType().isF32())
    return success(); // accumulates already
  Type gx = gridTypeOf(op.getActivation().getType()), gw = gridTypeOf(op.getWeights().getType());
  bool onGrids = gx && gw;
  // Group scales are inside the sum, which is an f32 value then (R7.5), as with a float input.
  auto weights = gw ? gridFacts(gw) : std::nullopt;
  if (weights && weights->known && weights->group)
    onGrids = false;
  if (onGrids && !(gridFacts(gx)->known && gridFacts(gw)->known))
    return op->emitOpError("has an operand on a grid without a scale: ") << (gridFacts(gx)->known ? gw : gx);
  Chain chain(acc);
  float sx = onGrids ? gridFacts(gx)->scales[0] : 1.0f;
  SmallVector<float> sw = onGrids ? gridFacts(gw)->scales : SmallVector<float>{1.0f};
  for (int64_t c = 0; c < type.getShape().back(); ++c)
    chain.channels.push_back(FrozenChain::contraction(sx, sw[sw.size() == 1 ? 0 : c]));
  if (acc.hasOneUse() && !acc.use_begin()->getOwner()->hasTrait<OpTrait::IsTerminator>())
    extend(chain, *acc.getUsers().begin());
  if (chain.folded.empty() && !onGrids)
    return success();
  if (chain.folded.empty() && acc.use_empty())
    return success();
  auto value = build(chain, op->getLoc());
  if (failed(value))
    return failure();
  remark(op, chain);
  chain.result().replaceAllUsesExcept(*value, value->getDefiningOp());
  for (Operation *done : llvm::reverse(chain.folded))
    done->erase();
  if (onGrids) {
    op->setAttr("accumulate", UnitAttr::get(op->getContext()));
    acc.setType(withElement(type, IntegerType::get(op->getContext(), 32)));
  }
  return success();
}

LogicalResult Folder::foldLoose(Operation *first) {
  // Starts are values whose numbers are fixed by the rules already: on a grid, a mean of a grid, or requantised.
  auto isStart = [](Value v) {
    Operation *op = v.getDefiningOp();
    if (Type grid = gridTypeOf(v.getType()))
      return gridFacts(grid) && gridFacts(grid)->known;
    return op && (isa<RequantizeOp>(op) || isAveragePool(op));
  };
  Value start = first->getOperand(0);
  if (!isStart(start) && isa<AddOp>(first) && isStart(first->getOperand(1)) &&
      tensorOf(first->getOperand(1)).getShape() == tensorOf(start).getShape())
    start = first->getOperand(1);
  if (!isStart(start) || reader.read(start))
    return success();
  // A quantiser alone divides (R1); only behind a mean does it belong to that mean's requantisation.
  if (isQuantizer(first) && !(start.getDefiningOp() && isAveragePool(start.getDefiningOp())))
    return success();
  Chain chain(start);
  chain.channels.assign(tensorOf(start).getShape().back(), FrozenChain::contraction(1.0f, 1.0f));
  extend(chain, first);
  if (!chain.end)
    return success();
  auto value = build(chain, first->getLoc());
  if (failed(value))
    return failure();
  remark(first, chain);
  chain.result().replaceAllUsesWith(*value);
  for (Operation *done : llvm::reverse(chain.folded))
    done->erase();
  return success();
}

/// The next op that foldLoose has not seen yet; ops vanish while chains are folded, so a plain loop will not do.
Operation *nextLoose(func::FuncOp function, llvm::SmallPtrSetImpl<Operation *> &seen) {
  for (Operation &op : function.front())
    if ((isStepLike(&op) || isQuantizer(&op)) && seen.insert(&op).second)
      return &op;
  return nullptr;
}

} // namespace

LogicalResult foldChains(func::FuncOp function, const ConstantReader &reader, bool report) {
  Folder folder(reader, report);
  SmallVector<ContractionOpInterface> contractions(function.front().getOps<ContractionOpInterface>());
  for (ContractionOpInterface op : contractions)
    if (failed(folder.foldContraction(op)))
      return failure();
  llvm::SmallPtrSet<Operation *, 32> seen;
  while (Operation *op = nextLoose(function, seen))
    if (failed(folder.foldLoose(op)))
      return failure();
  return success();
}

} // namespace nibble
