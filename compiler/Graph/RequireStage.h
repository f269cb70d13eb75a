// What a pass asks of its input: a module of an earlier stage is an error, not a module to leave as it is.
#pragma once
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nibble {

/// The first stage that a pass takes. Later ones are no error: there is then nothing left to do.
enum class Needs {
  Bound,     ///< No parameter: steps and evaluations of a trainer, which have arguments in their place, are taken.
  Quantized, ///< Nothing of the graph stage: no parameter, no fake quantiser.
  Packed,    ///< Nor a contraction that is no nibble.tile.
  Kernels,   ///< No op of the nibble dialect.
  Llvm       ///< Nor one of the ukr and func dialects.
};

/// Why `op` lies before that stage, as "the STAGE stage, ..."; null if it does not.
inline const char *whyBefore(Needs needs, mlir::Operation *op) {
  llvm::StringRef dialect = op->getName().getDialectNamespace();
  bool ofNibble = dialect == NibbleDialect::getDialectNamespace();
  switch (needs) {
  case Needs::Bound:
    return mlir::isa<ParamOp>(op) ? "the packed stage; run nibble-bind-weights, nibble-freeze, "
                                    "nibble-lower-to-integers and nibble-to-packed first"
                                  : nullptr;
  case Needs::Quantized:
    return mlir::isa<ParamOp, FakeQuantOp, TernarizeOp>(op)
               ? "the quantized stage; run nibble-bind-weights, nibble-freeze and nibble-lower-to-integers first"
               : nullptr;
  case Needs::Packed:
    if (whyBefore(Needs::Quantized, op) || (mlir::isa<ContractionOpInterface>(op) && !mlir::isa<TileOp>(op)))
      return "the packed stage; run nibble-lower-to-integers and nibble-to-packed first (or nibble-form-tiles)";
    return nullptr;
  case Needs::Kernels:
    return ofNibble ? "the kernels stage; run nibble-lower-to-kernels first" : nullptr;
  case Needs::Llvm:
    return ofNibble || dialect == "ukr" || dialect == mlir::func::FuncDialect::getDialectNamespace()
               ? "the llvm stage; run nibble-to-llvm first"
               : nullptr;
  }
  return nullptr;
}

/// "the graph stage": where such ops stand, as far as one op can tell.
inline const char *stageWithOp(mlir::Operation *op) {
  auto quantised = [](mlir::Type type) {
    auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
    return tensor && isQuantizedType(tensor.getElementType());
  };
  if (op->getName().getDialectNamespace() != NibbleDialect::getDialectNamespace())
    return "the kernels stage";
  if (mlir::isa<TileOp, PackOp, UnpackOp>(op))
    return "the packed stage";
  if (llvm::any_of(op->getOperandTypes(), quantised) || llvm::any_of(op->getResultTypes(), quantised))
    return "the quantized stage";
  return "the graph stage";
}

/// An error at the first op that lies before the stage which `pass` needs. Training steps, whose results are tied to
/// arguments, have no quantized and packed stage: those are passed over.
inline mlir::LogicalResult requireStage(mlir::Operation *root, llvm::StringRef pass, Needs needs) {
  auto isStep = [](mlir::func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (function.getResultAttr(i, "nibble.tied"))
        return true;
    return false;
  };
  mlir::WalkResult result = root->walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (auto function = mlir::dyn_cast<mlir::func::FuncOp>(op);
        function && (needs == Needs::Quantized || needs == Needs::Packed) && isStep(function))
      return mlir::WalkResult::skip();
    const char *why = whyBefore(needs, op);
    if (!why)
      return mlir::WalkResult::advance();
    mlir::emitError(op->getLoc()) << "'" << op->getName() << "' belongs to " << stageWithOp(op) << "; " << pass
                                  << " needs " << why;
    return mlir::WalkResult::interrupt();
  });
  return mlir::failure(result.wasInterrupted());
}

} // namespace nibble
