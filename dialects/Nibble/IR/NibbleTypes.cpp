// !nibble.ternary's text form and checks; checks of quantised element types in general.
#include "dialects/Nibble/IR/NibbleVerify.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#define GET_TYPEDEF_CLASSES
#include "dialects/Nibble/IR/NibbleTypes.cpp.inc"

using namespace mlir;

namespace nibble {

void NibbleDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Nibble/IR/NibbleTypes.cpp.inc"
      >();
}

Type TernaryType::parse(AsmParser &parser) {
  int64_t axis = -1;
  SmallVector<double> scales;
  if (failed(parser.parseOptionalLess()))
    return TernaryType::get(parser.getContext(), axis, scales);
  int64_t first = 0;
  double scale = 0;
  OptionalParseResult integer = parser.parseOptionalInteger(first);
  if (integer.has_value()) {
    if (failed(*integer) || parser.parseColon())
      return {};
    axis = first;
  }
  do {
    if (parser.parseFloat(scale))
      return {};
    scales.push_back(scale);
  } while (succeeded(parser.parseOptionalComma()));
  if (parser.parseGreater())
    return {};
  return parser.getChecked<TernaryType>(parser.getContext(), axis, DenseF64ArrayAttr::get(parser.getContext(), scales));
}

void TernaryType::print(AsmPrinter &printer) const {
  if (!hasScales())
    return;
  printer << "<";
  if (isPerAxis())
    printer << getAxis() << " : ";
  llvm::interleaveComma(getScales(), printer, [&](double s) { printer.printFloat(APFloat(s)); });
  printer << ">";
}

LogicalResult TernaryType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t axis, DenseF64ArrayAttr values) {
  if (axis < -1)
    return emitError() << "the axis of a ternary type is a dimension, got " << axis;
  if (axis < 0 && values.size() > 1)
    return emitError() << "several ternary scales need an axis: write !nibble.ternary<0 : s0, s1>";
  return success();
}

LogicalResult verifyTensor(Operation *op, Type type, StringRef what, unsigned index) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type grid = gridTypeOf(type);
  if (!tensor || !grid)
    return success();
  auto facts = gridFacts(grid);
  if (!facts)
    return op->emitOpError() << what << " " << index << " has an element type without integer grid: " << grid
                             << "; use !quant.uniform, !nibble.binary or !nibble.ternary";
  if (!facts->binary && !facts->ternary && facts->bits > 8 && facts->bits != 16)
    return op->emitOpError() << what << " " << index << " has " << facts->bits << " bits; a grid has 1..8 or 16 bits";
  if (!facts->known)
    return success();
  if (facts->axis >= tensor.getRank())
    return op->emitOpError() << what << " " << index << " has scales along dimension " << facts->axis << " but rank " << tensor.getRank();
  if (facts->axis >= 0 && tensor.getDimSize(facts->axis) != static_cast<int64_t>(facts->scales.size()))
    return op->emitOpError() << what << " " << index << " has " << facts->scales.size() << " scales for "
                             << tensor.getDimSize(facts->axis) << " channels (dimension " << facts->axis << ")";
  auto exact = [](double s) { return std::isnormal(static_cast<float>(s)) && s > 0 && static_cast<double>(static_cast<float>(s)) == s; };
  SmallVector<double> scales;
  if (auto u = dyn_cast<quant::UniformQuantizedType>(grid))
    scales = {u.getScale()};
  else if (auto u = dyn_cast<quant::UniformQuantizedPerAxisType>(grid))
    scales.assign(u.getScales().begin(), u.getScales().end());
  else if (auto t = dyn_cast<TernaryType>(grid))
    scales.assign(t.getScales().begin(), t.getScales().end());
  for (auto [c, s] : llvm::enumerate(scales))
    if (!exact(s))
      return op->emitOpError() << what << " " << index << ": scale " << c << " (" << s << ") is not a positive normal f32 value";
  for (auto [c, z] : llvm::enumerate(facts->zeros))
    if (z < facts->qmin || z > facts->qmax)
      return op->emitOpError() << what << " " << index << ": zero point " << z << " of channel " << c << " lies outside the grid ["
                               << facts->qmin << ", " << facts->qmax << "]";
  return success();
}

LogicalResult verifyTensors(Operation *op) {
  for (auto [i, type] : llvm::enumerate(op->getOperandTypes()))
    if (failed(verifyTensor(op, type, "operand", i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(op->getResultTypes()))
    if (failed(verifyTensor(op, type, "result", i)))
      return failure();
  return success();
}

bool checkRank(std::optional<Location> loc, Type type, int64_t rank, StringRef role, StringRef layout) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.getRank() == rank)
    return true;
  if (loc)
    mlir::emitError(*loc) << "expects " << role << " of rank " << rank << " (" << layout << "), got " << type;
  return false;
}

} // namespace nibble
