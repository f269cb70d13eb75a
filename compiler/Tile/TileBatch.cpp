// nibble-tile-batch: from a dynamic batch to tiles of a static one.
#include "compiler/Graph/RequireStage.h"
#include "compiler/Target/Target.h"
#include "compiler/Tile/Passes.h"
#include "dialects/Nibble/IR/Nibble.h"

using namespace mlir;

namespace nibble {

#define GEN_PASS_DEF_TILEBATCH
#include "compiler/Tile/Passes.h.inc"

namespace {

constexpr int64_t smallestTile = 8, largestTile = 64;
/// Bytes of an op's operands and results for which a tile is made smaller than `smallestTile`.
constexpr int64_t largestOp = int64_t(1) << 28;

bool isBatched(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && tensor.isDynamicDim(0);
}

/// `type` with `batch` images where it has a dynamic batch.
Type tiled(Type type, int64_t batch) {
  if (!isBatched(type))
    return type;
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = batch;
  return RankedTensorType::get(shape, tensor.getElementType(), tensor.getEncoding());
}

/// Bytes of one image of a value; without layout its elements take 4 bytes.
int64_t bytesPerImage(Type type) {
  if (!isBatched(type))
    return 0;
  auto tensor = cast<RankedTensorType>(tiled(type, 1));
  if (auto layout = dyn_cast_or_null<LayoutAttr>(tensor.getEncoding()))
    if (auto bytes = layout::storageBytes(layout.getLayout(), tensor.getShape()))
      return *bytes;
  return tensor.getNumElements() * 4;
}

LogicalResult checkType(Operation *op, Type type) {
  auto tensor = dyn_cast<ShapedType>(type);
  if (!tensor || (tensor.hasRank() && tensor.hasStaticShape()))
    return success();
  if (!isa<RankedTensorType>(type) || !isBatched(type) || tensor.getNumDynamicDims() != 1)
    return op->emitOpError("has the type ") << type << "; only the first dimension, the batch, may be dynamic";
  return success();
}

/// Whether the body can compute a part of the batch at a time.
LogicalResult check(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("has control flow; a function whose batch is tiled must be straight-line");
  for (Type type : function.getFunctionType().getInputs())
    if (failed(checkType(function, type)))
      return failure();
  for (Operation &op : function.getBody().front()) {
    if (op.getNumRegions())
      return op.emitOpError("has a region; a function whose batch is tiled must be straight-line");
    for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
      if (failed(checkType(&op, type)))
        return failure();
    bool batchedOperand = llvm::any_of(op.getOperandTypes(), isBatched);
    bool batchedResults = llvm::all_of(op.getResultTypes(), isBatched);
    if (batchedOperand && !batchedResults)
      return op.emitOpError(
          "mixes the images of a batch, which cannot be computed in tiles; give the function a static batch");
    if (batchedOperand && !op.hasTrait<OpTrait::IsTerminator>() && !isa<NibbleDialect>(op.getDialect()))
      return op.emitOpError("is no op of the nibble dialect; its batch cannot be tiled");
    if (op.hasTrait<OpTrait::IsTerminator>() && op.getNumOperands() == 0)
      return function.emitOpError("gives no result, so there is nothing to compute");
    if (op.hasTrait<OpTrait::IsTerminator>() &&
        llvm::any_of(op.getOperandTypes(), isBatched) != llvm::all_of(op.getOperandTypes(), isBatched))
      return op.emitOpError(
          "gives results with and without a batch; the entry of the function would compute some of them many times");
  }
  return success();
}

int64_t chooseTile(func::FuncOp function, const Target &target) {
  int64_t widest = 1;
  for (Operation &op : function.getBody().front()) {
    int64_t bytes = 0;
    for (Type type : llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
      bytes += bytesPerImage(type);
    widest = std::max(widest, bytes);
  }
  int64_t tile = smallestTile;
  while (tile < largestTile && 2 * tile * widest <= target.l2Bytes() / 2)
    tile *= 2;
  while (tile > 1 && tile * widest > largestOp)
    tile /= 2;
  return tile;
}

struct TileBatchPass : impl::TileBatchBase<TileBatchPass> {
  using TileBatchBase::TileBatchBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    Result<Target> machine = Target::parse(target.getValue());
    if (!machine) {
      function.emitError() << "nibble-tile-batch: " << machine.error();
      return signalPassFailure();
    }
    if (batchTile < 0) {
      function.emitError() << "nibble-tile-batch: batch-tile=" << batchTile.getValue()
                           << " is negative; give 1 or more, or 0 for a choice";
      return signalPassFailure();
    }
    bool dynamic = false;
    auto look = [&](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      dynamic |= shaped && !(shaped.hasRank() && shaped.hasStaticShape());
    };
    llvm::for_each(function.getFunctionType().getInputs(), look);
    function.walk([&](Operation *op) { llvm::for_each(op->getResultTypes(), look); });
    if (!dynamic || function.isDeclaration())
      return;
    if (failed(requireStage(function, "nibble-tile-batch", Needs::Packed)) || failed(check(function)))
      return signalPassFailure();
    rewrite(function, batchTile ? batchTile : chooseTile(function, *machine));
  }

  static void rewrite(func::FuncOp function, int64_t batch) {
    for (Value argument : function.getArguments())
      argument.setType(tiled(argument.getType(), batch));
    function.walk([&](Operation *op) {
      for (Value result : op->getResults())
        result.setType(tiled(result.getType(), batch));
    });
    SmallVector<Type> inputs, results;
    for (Type type : function.getFunctionType().getInputs())
      inputs.push_back(tiled(type, batch));
    for (Type type : function.getFunctionType().getResults())
      results.push_back(tiled(type, batch));
    function.setType(FunctionType::get(function.getContext(), inputs, results));
    function->setAttr(batchTileAttrName, IntegerAttr::get(IntegerType::get(function.getContext(), 64), batch));
  }
};

} // namespace
} // namespace nibble
