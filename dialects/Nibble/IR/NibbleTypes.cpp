// !nibble.ternary's text form and checks; checks of quantised element types in general.
#include "dialects/Nibble/IR/NibbleVerify.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include <charconv>
#include <cmath>
#include <limits>

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
    SMLoc loc = parser.getCurrentLocation();
    if (failed(*integer) || parser.parseColon())
      return {};
    if (first < 0) {
      parser.emitError(loc) << "the axis of a ternary type is a dimension, got " << first;
      return {};
    }
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

/// The shortest text that the parser reads back as this number; a float literal has a point.
static std::string floatText(double value) {
  char text[32];
  std::string number(text, std::to_chars(text, std::end(text), value).ptr);
  if (std::isfinite(value) && number.find('.') == std::string::npos)
    number.insert(std::min(number.find('e'), number.size()), ".0");
  return number;
}

/// What is wrong with a scale of a type, a double there and a float in what is computed; empty: nothing.
static std::string scaleProblem(double scale) {
  auto nearest = static_cast<float>(scale);
  if (!std::isnormal(nearest) || nearest < 0)
    return "which is not a positive normal f32 value; use one from " + floatText(std::numeric_limits<float>::min()) +
           " to " + floatText(std::numeric_limits<float>::max());
  if (static_cast<double>(nearest) != scale)
    return "which is not exactly an f32 value; write the nearest one, " + floatText(nearest);
  return "";
}

std::string sizeText(int64_t size) { return ShapedType::isDynamic(size) ? "?" : std::to_string(size); }
std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + sizeText(size);
  return text + "]";
}

LogicalResult TernaryType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t axis,
                                  DenseF64ArrayAttr values) {
  if (axis < -1)
    return emitError() << "the axis of a ternary type is a dimension, got " << axis;
  if (axis < 0 && values.size() > 1)
    return emitError() << "several ternary scales need an axis: write !nibble.ternary<0 : s0, s1>";
  if (axis >= 0 && values.empty())
    return emitError() << "a ternary type with an axis needs its scales";
  for (double scale : values.asArrayRef())
    if (std::string problem = scaleProblem(scale); !problem.empty())
      return emitError() << "a ternary type has scale " << floatText(scale) << ", " << problem;
  return success();
}

/// Shape, element type and encoding: what every op of the dialect can work on.
static LogicalResult verifyForm(Operation *op, RankedTensorType tensor, StringRef what, unsigned index) {
  auto fail = [&] { return op->emitOpError() << what << " " << index << " of type " << tensor << " has "; };
  for (auto [d, size] : llvm::enumerate(tensor.getShape())) {
    if (ShapedType::isDynamic(size) && d > 0)
      return fail() << "a dynamic dimension " << d << "; only dimension 0, the batch, may be dynamic";
    if (size == 0)
      return fail() << "no elements: its dimension " << d << " is empty";
  }
  if (!elementCount(tensor.getShape()))
    return fail() << "more than 2^40 elements";
  for (auto [d, size] : llvm::enumerate(tensor.getShape()))
    if (!ShapedType::isDynamic(size) && size > mostOfDimension)
      return fail() << "a dimension " << d << " of " << size << "; sizes are at most " << mostOfDimension;
  Type element = tensor.getElementType();
  if (!element.isF32() && !element.isInteger(32) && !isQuantizedType(element))
    return fail() << "elements of " << element << "; use f32, i32 or a quantised type";
  if (Attribute encoding = tensor.getEncoding(); encoding && !isa<GridAttr, LayoutAttr>(encoding))
    return fail() << "an encoding that is neither #nibble.grid nor #nibble.layout";
  return success();
}

/// One scale for each group of the last dimension.
static LogicalResult verifyGroups(RankedTensorType tensor, const GridFacts &facts,
                                  function_ref<InFlightDiagnostic()> fail) {
  int64_t last = tensor.getRank() ? tensor.getShape().back() : 1;
  if (facts.axis != tensor.getRank() - 1)
    return fail() << "has groups along dimension " << facts.axis << " but rank " << tensor.getRank();
  if (!tensor.hasStaticShape())
    return fail() << "has groups of values with one scale, which only static shapes can have, but type " << tensor;
  if (last % facts.group)
    return fail() << "has groups of " << facts.group << " values, which do not divide its last dimension, " << last;
  if (tensor.getNumElements() / facts.group != static_cast<int64_t>(facts.scales.size()))
    return fail() << "has " << facts.scales.size() << " scales for " << tensor.getNumElements() / facts.group
                  << " groups of " << facts.group << " values";
  SmallVector<int64_t> wanted(tensor.getShape());
  wanted.back() /= facts.group;
  if (auto given = cast<quant::UniformQuantizedSubChannelType>(gridTypeOf(tensor)).getScales().getType().getShape();
      given != ArrayRef<int64_t>(wanted))
    return fail() << "has scales of shape " << shapeText(given) << " for groups of " << facts.group
                  << " values; nest them as the tensor is, " << shapeText(wanted);
  if (llvm::any_of(facts.zeros, [](int64_t z) { return z != 0; }))
    return fail() << "has groups of values with a zero point other than 0; use a symmetric quantiser for weights";
  return success();
}

static LogicalResult verifyScales(Operation *op, Type type, StringRef what, unsigned index) {
  auto grid = dyn_cast_if_present<quant::QuantizedType>(gridTypeOf(type));
  if (!grid || !grid.getExpressedType() || !grid.getExpressedType().isF32())
    return success();
  SmallVector<double> scales;
  std::string each = " in channel ";
  if (auto u = dyn_cast<quant::UniformQuantizedType>(grid)) {
    scales = {u.getScale()}, each.clear();
  } else if (auto u = dyn_cast<quant::UniformQuantizedPerAxisType>(grid)) {
    scales.assign(u.getScales().begin(), u.getScales().end());
  } else if (auto u = dyn_cast<quant::UniformQuantizedSubChannelType>(grid)) {
    each = " in group ";
    for (const APFloat &s : u.getScales().getValues<APFloat>())
      scales.push_back(s.convertToDouble());
  }
  for (auto [c, s] : llvm::enumerate(scales))
    if (std::string problem = scaleProblem(s); !problem.empty())
      return op->emitOpError() << what << " " << index << " has scale " << floatText(s)
                               << (each.empty() ? each : each + std::to_string(c)) << ", " << problem;
  return success();
}

LogicalResult verifyTensor(Operation *op, Type type, StringRef what, unsigned index) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  if (failed(verifyForm(op, tensor, what, index)))
    return failure();
  Type grid = gridTypeOf(type);
  if (!grid)
    return success();
  auto fail = [&] { return op->emitOpError() << what << " " << index << " "; };
  auto facts = gridFacts(grid);
  if (!facts && isa<quant::UniformQuantizedSubChannelType>(grid))
    return fail() << "has blocks of values with one scale that are no groups of neighbours along its last dimension: "
                  << grid << "; name all dimensions in order, with 1 but for the last, a multiple of " << groupUnit
                  << ": {0:1, 1:" << groupUnit << "}";
  if (!facts)
    return fail() << "has an element type without integer grid: " << grid
                  << "; use !quant.uniform, !nibble.binary or !nibble.ternary";
  if (auto q = dyn_cast<quant::QuantizedType>(grid); q && q.getExpressedType() && !q.getExpressedType().isF32())
    return fail() << "has a grid of " << q.getExpressedType() << " values: " << grid << "; only f32 is supported";
  if (!facts->binary && !facts->ternary && facts->bits > 8 && facts->bits != 16)
    return fail() << "has " << facts->bits << " bits; a grid has 1..8 or 16 bits";
  if (!facts->known)
    return success();
  if (facts->axis >= tensor.getRank())
    return fail() << "has scales along dimension " << facts->axis << " but rank " << tensor.getRank();
  if (facts->group) {
    if (failed(verifyGroups(tensor, *facts, fail)))
      return failure();
  } else if (facts->axis >= 0 && tensor.getDimSize(facts->axis) != static_cast<int64_t>(facts->scales.size()))
    return fail() << "has " << facts->scales.size() << " scales for " << sizeText(tensor.getDimSize(facts->axis))
                  << " channels (dimension " << facts->axis << ")";
  if (failed(verifyScales(op, type, what, index)))
    return failure();
  for (auto [c, z] : llvm::enumerate(facts->zeros))
    if (z < facts->qmin || z > facts->qmax)
      return fail() << "has zero point " << z << " in channel " << c << ", outside of its grid [" << facts->qmin << ", "
                    << facts->qmax << "]";
  return success();
}

/// The inference that the DSL uses, before MLIR checks it: one message for one mistake.
static LogicalResult verifyInference(Operation *op) {
  auto inference = dyn_cast<InferTypeOpInterface>(op);
  if (!inference)
    return success();
  SmallVector<Type> types;
  if (failed(inference.inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(), op->getRawDictionaryAttrs(),
                                        op->getPropertiesStorage(), op->getRegions(), types)))
    return failure();
  if (TypeRange(types) != op->getResultTypes())
    return op->emitOpError("gives ") << types << ", not " << op->getResultTypes();
  return success();
}

LogicalResult verifyTensors(Operation *op) {
  // Scales come before inference, whose message would show two types that differ in a digit and no reason.
  for (auto [i, type] : llvm::enumerate(op->getOperandTypes()))
    if (failed(verifyScales(op, type, "operand", i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(op->getResultTypes()))
    if (failed(verifyScales(op, type, "result", i)))
      return failure();
  if (failed(verifyInference(op)))
    return failure();
  for (auto [i, type] : llvm::enumerate(op->getOperandTypes()))
    if (failed(verifyTensor(op, type, "operand", i)))
      return failure();
  for (auto [i, type] : llvm::enumerate(op->getResultTypes()))
    if (failed(verifyTensor(op, type, "result", i)))
      return failure();
  return success();
}

bool checkRank(std::optional<Location> loc, StringRef name, Type type, int64_t rank, StringRef role, StringRef layout) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && tensor.getRank() == rank)
    return true;
  if (loc)
    mlir::emitError(*loc) << name << " needs " << role << " of rank " << rank << " (" << layout << "), got " << type;
  return false;
}

} // namespace nibble
