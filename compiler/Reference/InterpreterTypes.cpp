// From MLIR types and attributes to host tensors.
#include "compiler/Reference/InterpreterOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <bit>

using namespace mlir;

namespace nibble::reference {

HostGrid hostGrid(const GridFacts &facts) {
  return {
      {facts.scales.begin(), facts.scales.end()}, {facts.zeros.begin(), facts.zeros.end()}, facts.axis, facts.group};
}

static LogicalResult checkShape(RankedTensorType type, const HostTensor &value,
                                function_ref<InFlightDiagnostic()> error) {
  bool fits = static_cast<int64_t>(value.shape.size()) == type.getRank();
  for (std::size_t d = 0; fits && d < value.shape.size(); ++d)
    fits = value.shape[d] >= 0 && (type.isDynamicDim(d) || type.getDimSize(d) == value.shape[d]);
  if (fits)
    return success();
  auto diagnostic = error() << "has shape [";
  llvm::interleaveComma(value.shape, diagnostic);
  return diagnostic << "], which does not fit " << type;
}

/// The integers of real values on a known grid; fails if one lies beside it.
static LogicalResult placeOnGrid(HostTensor &value, const GridFacts &facts, HostGrid grid,
                                 function_ref<InFlightDiagnostic()> error) {
  ChannelIndex channel(value.shape, grid);
  std::vector<int64_t> q(value.f32.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::size_t c = channel(i);
    Grid range{static_cast<int32_t>(facts.qmin), static_cast<int32_t>(facts.qmax)};
    q[i] = quantize(value.f32[i], {grid.scales[c], static_cast<int32_t>(grid.zeros[c])}, range);
  }
  HostTensor placed = HostTensor::onGrid(value.shape, std::move(q), std::move(grid));
  for (std::size_t i = 0; i < placed.f32.size(); ++i)
    if (placed.f32[i] != value.f32[i])
      return error() << "has the value " << value.f32[i] << " at element " << i << ", which is not on its grid";
  value = std::move(placed);
  return success();
}

/// The part of conform for a type with a grid.
static LogicalResult conformToGrid(RankedTensorType type, Type gridType, HostTensor &value,
                                   function_ref<InFlightDiagnostic()> error) {
  auto facts = gridFacts(gridType);
  if (!facts)
    return error() << "has an element type without integer grid: " << gridType;
  std::size_t count = value.size();
  if (facts->known) {
    HostGrid grid = hostGrid(*facts);
    if (value.grid && *value.grid != grid)
      return error() << "lies on another grid than its type " << type;
    if (!value.grid && value.ints.size() == count)
      value = HostTensor::onGrid(value.shape, std::move(value.ints), std::move(grid));
    else if (!value.grid && value.f32.size() == count && failed(placeOnGrid(value, *facts, std::move(grid), error)))
      return failure();
  }
  if (!value.grid)
    return error() << "of type " << type << " needs integers with a scale and a zero point";
  if (value.ints.size() != count || value.f32.size() != count)
    return error() << "has " << value.ints.size() << " integers and " << value.f32.size() << " real values for "
                   << type;
  for (auto [i, q] : llvm::enumerate(value.ints))
    if (q < facts->qmin || q > facts->qmax || (facts->binary && q == 0))
      return error() << "has the integer " << q << " at element " << i << ", which is not on the grid of " << type;
  return success();
}

LogicalResult conform(Type type, HostTensor &value, function_ref<InFlightDiagnostic()> error) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return error() << "is no ranked tensor: " << type;
  if (failed(checkShape(tensor, value, error)))
    return failure();
  if (Type grid = gridTypeOf(tensor))
    return conformToGrid(tensor, grid, value, error);
  Type element = tensor.getElementType();
  if (element.isF32()) {
    if (value.f32.size() != value.size())
      return error() << "has " << value.f32.size() << " f32 values for " << tensor;
    value = HostTensor::ofFloats(std::move(value.shape), std::move(value.f32));
  } else if (element.isInteger(32)) {
    if (value.grid || value.ints.size() != value.size())
      return error() << "has no plain integers for " << tensor;
    for (auto [i, v] : llvm::enumerate(value.ints))
      if (v < INT32_MIN || v > INT32_MAX)
        return error() << "has the integer " << v << " at element " << i << ", which does not fit i32 (R5)";
    value.f32.clear();
  } else {
    return error() << "has an element type that the interpreter does not know: " << element;
  }
  return success();
}

/// The elements as sign- or zero-extended integers, f32 as its bits. Nothing when the bytes cannot be read.
static std::optional<std::vector<int64_t>> rawElements(ElementsAttr attribute, bool isSigned) {
  auto count = static_cast<std::size_t>(attribute.getNumElements());
  unsigned width = attribute.getElementType().getIntOrFloatBitWidth();
  auto extend = [&](uint64_t bits) { return isSigned ? llvm::SignExtend64(bits, width) : static_cast<int64_t>(bits); };
  std::vector<int64_t> raw;
  raw.reserve(count);
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    if (dense.getElementType().isF32())
      for (float x : dense.getValues<float>())
        raw.push_back(extend(std::bit_cast<uint32_t>(x)));
    else
      for (const APInt &x : dense.getValues<APInt>())
        raw.push_back(extend(x.getZExtValue()));
    return raw;
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attribute);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  std::size_t bytes = width / 8;
  if (!blob || width % 8 != 0 || blob->getData().size() != count * bytes)
    return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    uint64_t bits = 0; // little-endian, as all storage of the project
    for (std::size_t b = 0; b < bytes; ++b)
      bits |= uint64_t(static_cast<uint8_t>(blob->getData()[i * bytes + b])) << (8 * b);
    raw.push_back(extend(bits));
  }
  return raw;
}

FailureOr<HostTensor> readConstant(Operation *op, ElementsAttr value, RankedTensorType type) {
  Type stored = value.getElementType();
  if (!stored.isF32() && !(isa<IntegerType>(stored) && stored.getIntOrFloatBitWidth() <= 32))
    return op->emitOpError("holds elements that the interpreter does not know: ") << stored;
  auto layout = dyn_cast_or_null<LayoutAttr>(type.getEncoding());
  auto facts = isQuantizedType(type.getElementType()) ? gridFacts(type.getElementType()) : std::nullopt;
  auto raw = rawElements(value, !layout && (!facts || facts->isSigned));
  if (!raw)
    return op->emitOpError("holds elements whose bytes cannot be read: a resource is missing or has another size");
  std::vector<int64_t> shape(type.getShape());
  if (layout) {
    std::vector<uint8_t> bytes(raw->begin(), raw->end());
    auto unpacked = layout::unpack(layout.getLayout(), bytes, shape);
    if (!unpacked)
      return op->emitOpError("cannot be unpacked: ") << unpacked.error();
    raw = std::move(*unpacked);
  }
  if (!type.getElementType().isF32())
    return HostTensor::ofInts(std::move(shape), std::move(*raw));
  std::vector<float> values;
  for (int64_t bits : *raw)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return HostTensor::ofFloats(std::move(shape), std::move(values));
}

std::vector<std::vector<float>> columnsOf(ArrayRef<float> values, std::size_t columns) {
  std::vector<std::vector<float>> result(columns);
  for (std::size_t i = 0; i < values.size(); ++i)
    result[i % columns].push_back(values[i]);
  return result;
}

} // namespace nibble::reference
