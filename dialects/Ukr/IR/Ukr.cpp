// The ukr dialect: registration and verifiers.
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "dialects/Ukr/IR/UkrDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Ukr/IR/UkrOps.cpp.inc"

using namespace mlir;

namespace nibble::ukr {

void UkrDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Ukr/IR/UkrOps.cpp.inc"
      >();
}

int64_t bytesOf(MemRefType type) { return type.getNumElements() * (type.getElementTypeBitWidth() / 8); }

static LogicalResult verifyPart(Operation *op, Type type) {
  auto memref = cast<MemRefType>(type);
  if (memref.getRank() != 1 || !memref.hasStaticShape() || !memref.getElementType().isIntOrFloat() || memref.getElementTypeBitWidth() % 8)
    return op->emitOpError("is a static 1-D memref of whole bytes, got ") << memref;
  return success();
}
LogicalResult BufferOp::verify() { return verifyPart(*this, getResult().getType()); }
LogicalResult ScratchOp::verify() {
  if (getOffset() < 0 || getOffset() % 64)
    return emitOpError("offset must be a multiple of 64, got ") << getOffset();
  return verifyPart(*this, getResult().getType());
}

LogicalResult KernelOp::verify() {
  if (getCode().empty())
    return emitOpError("has no code");
  if (getRows() < 1 || getColumns() < 1 || getRun() < 1)
    return emitOpError("needs at least one row, one column and a run of one");
  return success();
}

LogicalResult ParallelOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto region = tables.lookupNearestSymbolFrom<func::FuncOp>(*this, getRegionAttr());
  if (!region)
    return emitOpError("runs @") << getRegion() << ", which is not a function";
  auto types = region.getArgumentTypes();
  if (types.size() != getOperands_().size() + 3)
    return emitOpError("passes ") << getOperands_().size() << " operands and begin, end, thread to @" << getRegion() << ", which takes " << types.size();
  for (auto [i, v] : llvm::enumerate(getOperands_()))
    if (v.getType() != types[i])
      return emitOpError("operand ") << i << " is " << v.getType() << ", but @" << getRegion() << " takes " << types[i];
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls @") << getKernel() << ", which is not a ukr.kernel";
  auto elementIs = [](Value v, unsigned bits) { return cast<MemRefType>(v.getType()).getElementType().isInteger(bits); };
  if (!elementIs(getA(), 8) || !elementIs(getB(), 8) || !elementIs(getAcc(), 32))
    return emitOpError("needs views of i8, i8 and i32");
  if (cast<MemRefType>(getAcc().getType()).getNumElements() < static_cast<int64_t>(kernel.getRows() * kernel.getColumns()))
    return emitOpError("has an accumulator view smaller than ") << kernel.getRows() << " x " << kernel.getColumns();
  return success();
}

} // namespace nibble::ukr
