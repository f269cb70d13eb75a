// Attributes of the dialect: checks and text forms.
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#define GET_ATTRDEF_CLASSES
#include "dialects/Nibble/IR/NibbleAttrs.cpp.inc"

using namespace mlir;

namespace nibble {

void NibbleDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Nibble/IR/NibbleAttrs.cpp.inc"
      >();
}

LogicalResult QuantizerAttr::verify(function_ref<InFlightDiagnostic()> emitError, unsigned bits, bool isSigned,
                                    bool narrow, bool symmetric, int64_t axis, Estimator, int64_t group) {
  if ((bits < 1 || bits > 8) && bits != 16)
    return emitError() << "a uniform quantiser has 1..8 or 16 bits, got " << bits // the parser wraps numbers below 0
                       << (bits > INT32_MAX ? " (" + std::to_string(static_cast<int32_t>(bits)) + ")" : "");
  if (narrow && !isSigned)
    return emitError() << "only a signed grid can be narrow (R2): drop .narrow() or use qint";
  if (narrow && bits == 1)
    return emitError() << "a narrow grid of 1 bit holds only 0 (R2): use sign() for binary values";
  if (isSigned && bits == 1)
    return emitError() << "a signed grid of 1 bit is {-1, 0} (R2): use sign() for binary values or quint(1)";
  if (!symmetric && axis >= 0)
    return emitError()
           << "asymmetric quantisation per channel is not supported: use .symmetric() or one scale per tensor";
  if (!symmetric && bits == 16)
    return emitError() << "asymmetric quantisation of 16 bits would need 17-bit products: use .symmetric()";
  if (axis < -1)
    return emitError() << "the axis of a quantiser is a dimension, got " << axis;
  if (group < 0 || group % groupUnit)
    return emitError() << "a group of values with one scale is a multiple of " << groupUnit << ", got " << group;
  if (group && axis >= 0)
    return emitError() << "scales are per group or per channel, not both: groups have scales of their own in each "
                          "channel";
  if (group && !symmetric)
    return emitError() << "asymmetric quantisation per group is not supported: use .symmetric()";
  return success();
}

int64_t QuantizerAttr::getQmin() const {
  if (!getIsSigned())
    return 0;
  return -(int64_t(1) << (getBits() - 1)) + (getNarrow() ? 1 : 0);
}
int64_t QuantizerAttr::getQmax() const {
  return getIsSigned() ? (int64_t(1) << (getBits() - 1)) - 1 : (int64_t(1) << getBits()) - 1;
}

Type QuantizerAttr::getUnscaledType() const {
  return quant::AnyQuantizedType::get(getIsSigned() ? quant::QuantizationFlags::Signed : 0,
                                      IntegerType::get(getContext(), getBits()), Float32Type::get(getContext()),
                                      getQmin(), getQmax());
}

Type QuantizerAttr::getScaledType(ArrayRef<double> scales, ArrayRef<int64_t> zeroPoints,
                                  ArrayRef<int64_t> shape) const {
  unsigned flags = getIsSigned() ? quant::QuantizationFlags::Signed : 0;
  Type storage = IntegerType::get(getContext(), getBits()), expressed = Float32Type::get(getContext());
  if (isPerGroup())
    return groupedType(flags, storage, getQmin(), getQmax(), scales, shape, getGroup());
  if (!isPerAxis())
    return quant::UniformQuantizedType::get(flags, storage, expressed, scales.front(),
                                            zeroPoints.empty() ? 0 : zeroPoints.front(), getQmin(), getQmax());
  SmallVector<int64_t> zeros(zeroPoints);
  zeros.resize(scales.size(), 0);
  return quant::UniformQuantizedPerAxisType::get(flags, storage, expressed, scales, zeros, getAxis(), getQmin(),
                                                 getQmax());
}

LogicalResult GridAttr::verify(function_ref<InFlightDiagnostic()> emitError, Type elementType) {
  if (!isQuantizedType(elementType))
    return emitError() << "a grid needs a quantised type, got " << elementType;
  return success();
}

LogicalResult GridAttr::verifyEncoding(ArrayRef<int64_t>, Type elementType,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType) // the parser has reported a bad element type, and asks all the same
    return failure();
  if (!elementType.isF32())
    return emitError() << "#nibble.grid belongs to f32 tensors, got element type " << elementType;
  return success();
}

LogicalResult PaddingAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t top, int64_t left,
                                  int64_t bottom, int64_t right, PadValue) {
  if (top < 0 || left < 0 || bottom < 0 || right < 0)
    return emitError() << "padding cannot be negative: " << top << ", " << left << ", " << bottom << ", " << right;
  return success();
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  // The text between the angle brackets is the layout's own language: a quoted string keeps it apart from MLIR's.
  std::string text;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseString(&text) || parser.parseGreater())
    return {};
  auto layout = layout::parse(text);
  if (!layout) {
    parser.emitError(loc) << "bad layout: " << layout.error();
    return {};
  }
  return LayoutAttr::get(parser.getContext(), *layout);
}

void LayoutAttr::print(AsmPrinter &printer) const { printer << "<\"" << layout::print(getLayout()) << "\">"; }

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()>, layout::Layout) { return success(); }

LogicalResult LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  if (auto error = layout::validate(getLayout(), static_cast<int>(shape.size())))
    return emitError() << "layout does not fit a tensor of rank " << shape.size() << ": " << *error;
  return success();
}

} // namespace nibble
