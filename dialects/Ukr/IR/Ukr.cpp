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

/// No size, offset or stride is larger, so that sums and products of two fit in 64 bits.
static constexpr int64_t mostBytes = int64_t(1) << 40;
static constexpr int64_t mostOfKernel = int64_t(1) << 30;

static LogicalResult verifyPart(Operation *op, Type type) {
  auto memref = cast<MemRefType>(type);
  if (memref.getRank() != 1 || !memref.hasStaticShape() || !memref.getLayout().isIdentity() ||
      !memref.getElementType().isIntOrFloat() || memref.getElementTypeBitWidth() % 8)
    return op->emitOpError("is a static 1-D memref of whole bytes, got ") << memref;
  if (memref.getDimSize(0) > mostBytes / (memref.getElementTypeBitWidth() / 8))
    return op->emitOpError("has more than 2^40 bytes: ") << memref;
  return success();
}
LogicalResult BufferOp::verify() {
  if (getName().empty())
    return emitOpError("needs a name");
  return verifyPart(*this, getResult().getType());
}
LogicalResult ScratchOp::verify() {
  auto offset = static_cast<int64_t>(getOffset());
  if (offset < 0 || offset % 64 || offset > mostBytes)
    return emitOpError("needs an offset that is a multiple of 64, at least 0 and at most 2^40, got ") << offset;
  return verifyPart(*this, getResult().getType());
}

LogicalResult KernelOp::verify() {
  if (getCode().empty())
    return emitOpError("has no code");
  std::pair<StringRef, int64_t> sizes[] = {
      {"rows", getRows()}, {"columns", getColumns()}, {"run", getRun()}, {"tiles", getTiles()}, {"taps", getTaps()}};
  for (auto [name, value] : sizes)
    if (value < 1 || value > mostOfKernel)
      return emitOpError("needs ") << name << " of at least 1 and at most 2^30, got " << value;
  std::pair<StringRef, int64_t> strides[] = {
      {"row_stride", getRowStride()},        {"outer_stride", getOuterStride()},
      {"b_outer_stride", getBOuterStride()}, {"b_tile_stride", getBTileStride()},
      {"tap_stride", getTapStride()},        {"out_stride", getOutStride().value_or(0)}};
  for (auto [name, value] : strides)
    if (value < 0 || value > mostBytes)
      return emitOpError("needs ") << name << " of at least 0 and at most 2^40 bytes, got " << value;
  if (auto groups = static_cast<int64_t>(getWidenEvery()); groups < 0)
    return emitOpError("needs widen_every of at least 0 groups, got ") << groups;
  if (auto outer = static_cast<int64_t>(getMaxOuter()); outer < 0)
    return emitOpError("needs max_outer of at least 0 steps, got ") << outer;
  return success();
}

LogicalResult ParallelOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto region = tables.lookupNearestSymbolFrom<func::FuncOp>(*this, getRegionAttr());
  if (!region)
    return emitOpError("runs @") << getRegion() << ", which is not a function";
  auto types = region.getArgumentTypes();
  if (types.size() != getOperands_().size() + 3)
    return emitOpError("passes ") << getOperands_().size() << " operands and begin, end, thread to @" << getRegion()
                                  << ", which takes " << types.size();
  for (auto [i, v] : llvm::enumerate(getOperands_()))
    if (v.getType() != types[i])
      return emitOpError("operand ") << i << " is " << v.getType() << ", but @" << getRegion() << " takes " << types[i];
  if (!llvm::all_of(types.take_back(3), [](Type type) { return type.isIndex(); }) || region.getNumResults())
    return emitOpError("runs @") << getRegion()
                                 << ", which must end in three index arguments (begin, end, thread) and return nothing";
  return success();
}

static bool isView(Value v, unsigned bits) {
  auto type = cast<MemRefType>(v.getType());
  return type.getRank() == 1 && type.getLayout().isIdentity() && type.getElementType().isInteger(bits);
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls @") << getKernel() << ", which is not a ukr.kernel";
  if (kernel.getOutStride())
    return emitOpError("calls @") << getKernel() << ", which stores bytes; with out_stride it is for ukr.call_bytes";
  if (!isView(getA(), 8) || !isView(getB(), 8) || !isView(getAcc(), 32))
    return emitOpError("needs 1-D views of i8, i8 and i32, got ")
           << getA().getType() << ", " << getB().getType() << " and " << getAcc().getType();
  auto acc = cast<MemRefType>(getAcc().getType());
  // Three factors of up to 2^30: one after the other, so that none overflows.
  int64_t needed = static_cast<int64_t>(kernel.getRows()) * static_cast<int64_t>(kernel.getColumns());
  needed *= kernel.getScaled() ? 2 : 1;
  if (acc.hasStaticShape() &&
      (acc.getDimSize(0) < needed || acc.getDimSize(0) / needed < static_cast<int64_t>(kernel.getTiles())))
    return emitOpError("has an accumulator view smaller than ")
           << kernel.getTiles() << " x " << kernel.getRows() << " x " << kernel.getColumns()
           << (kernel.getScaled() ? ", twice" : "");
  return success();
}

/// Whether a view holds rows of so many elements, `stride` from one to the next: sizes are up to 2^40.
static LogicalResult verifyRows(Operation *op, Value view, int64_t rows, int64_t columns, int64_t stride) {
  auto type = cast<MemRefType>(view.getType());
  const int64_t free = type.hasStaticShape() ? type.getDimSize(0) - columns : 0;
  if (type.hasStaticShape() && (free < 0 || (rows > 1 && free / (rows - 1) < stride)))
    return op->emitOpError("has a view of the result smaller than ")
           << rows << " rows of " << columns << ", " << stride << " apart";
  return success();
}

LogicalResult CallBytesOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls @") << getKernel() << ", which is not a ukr.kernel";
  if (!kernel.getOutStride())
    return emitOpError("calls @") << getKernel() << ", which gives sums; without out_stride it is for ukr.call";
  if (!isView(getA(), 8) || !isView(getB(), 8) || !isView(getOut(), 8) || !isView(getConstants(), 8))
    return emitOpError("needs 1-D views of i8, got ") << getA().getType() << ", " << getB().getType() << ", "
                                                      << getOut().getType() << " and " << getConstants().getType();
  // Both factors are at most 2^30. Tiles lie side by side.
  const auto columns = static_cast<int64_t>(kernel.getColumns()) * static_cast<int64_t>(kernel.getTiles());
  return verifyRows(*this, getOut(), static_cast<int64_t>(kernel.getRows()), columns,
                    static_cast<int64_t>(*kernel.getOutStride()));
}

LogicalResult CallRequantizeOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls @") << getKernel() << ", which is not a ukr.kernel";
  if (!isView(getSums(), 32) || !isView(getB(), 8) || !isView(getOut(), 8))
    return emitOpError("needs 1-D views of i32, i8 and i8, got ")
           << getSums().getType() << ", " << getB().getType() << " and " << getOut().getType();
  const auto rows = static_cast<int64_t>(kernel.getRows()), columns = static_cast<int64_t>(kernel.getColumns()),
             stored = static_cast<int64_t>(kernel.getRun());
  if (stored > columns)
    return emitOpError("calls @") << getKernel() << ", which stores " << stored << " of " << columns << " columns";
  if (auto type = cast<MemRefType>(getSums().getType()); type.hasStaticShape() && type.getDimSize(0) / columns < rows)
    return emitOpError("has a view of sums smaller than ") << rows << " x " << columns;
  return verifyRows(*this, getOut(), rows, stored, static_cast<int64_t>(kernel.getRowStride()));
}

LogicalResult CallLineOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel = tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("calls @") << getKernel() << ", which is not a ukr.kernel";
  if (!isView(getA(), 8) || !isView(getB(), 8) || !isView(getLine(), 8) ||
      !(isView(getOut(), 8) || isView(getOut(), 32)))
    return emitOpError("needs 1-D views of i8, i8, i8 or i32, and i8, got ")
           << getA().getType() << ", " << getB().getType() << ", " << getOut().getType() << " and "
           << getLine().getType();
  auto out = cast<MemRefType>(getOut().getType());
  if (out.hasStaticShape() &&
      out.getDimSize(0) / static_cast<int64_t>(kernel.getColumns()) < static_cast<int64_t>(kernel.getRows()))
    return emitOpError("has a view of the result smaller than ") << kernel.getRows() << " x " << kernel.getColumns();
  return success();
}

} // namespace nibble::ukr
