// Shared questions about tensors and grids.
#include "dialects/Nibble/IR/Nibble.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace nibble {

bool isQuantizedType(Type type) { return isa<quant::QuantizedType, BinaryType, TernaryType>(type); }

Type gridTypeOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  if (isQuantizedType(tensor.getElementType()))
    return tensor.getElementType();
  if (auto grid = dyn_cast_or_null<GridAttr>(tensor.getEncoding()))
    return grid.getElementType();
  return {};
}

int64_t GridFacts::maxMagnitude() const {
  int64_t largest = std::max(std::abs(qmin), std::abs(qmax));
  for (int64_t z : zeros)
    largest = std::max({largest, std::abs(qmin - z), std::abs(qmax - z)});
  // A zero point that is still to be found may lie anywhere on the grid.
  if (!known && !isSigned)
    largest = qmax - qmin;
  return largest;
}

std::optional<GridFacts> gridFacts(Type type) {
  GridFacts f;
  if (isa<BinaryType>(type)) {
    f.qmin = -1, f.qmax = 1, f.bits = 1, f.binary = true, f.known = true;
    f.scales = {1.0f}, f.zeros = {0};
    return f;
  }
  if (auto t = dyn_cast<TernaryType>(type)) {
    f.qmin = -1, f.qmax = 1, f.bits = 2, f.ternary = true, f.known = t.hasScales(), f.axis = t.getAxis();
    for (double s : t.getScales())
      f.scales.push_back(static_cast<float>(s)), f.zeros.push_back(0);
    return f;
  }
  // Others have no integers (calibrated) or scales along several dimensions.
  if (!isa<quant::AnyQuantizedType, quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(type))
    return std::nullopt;
  auto q = cast<quant::QuantizedType>(type);
  f.qmin = q.getStorageTypeMin(), f.qmax = q.getStorageTypeMax();
  f.bits = q.getStorageTypeIntegralWidth(), f.isSigned = q.isSigned();
  if (auto u = dyn_cast<quant::UniformQuantizedType>(type)) {
    f.known = true;
    f.scales = {static_cast<float>(u.getScale())}, f.zeros = {u.getZeroPoint()};
  } else if (auto u = dyn_cast<quant::UniformQuantizedPerAxisType>(type)) {
    f.known = true, f.axis = u.getQuantizedDimension();
    for (double s : u.getScales())
      f.scales.push_back(static_cast<float>(s));
    f.zeros.assign(u.getZeroPoints().begin(), u.getZeroPoints().end());
  }
  return f;
}

RankedTensorType withElement(RankedTensorType type, Type element, Attribute encoding) {
  return RankedTensorType::get(type.getShape(), element, encoding);
}

RankedTensorType f32Tensor(ArrayRef<int64_t> shape, MLIRContext *context, Type grid) {
  Attribute encoding = grid ? GridAttr::get(context, grid) : GridAttr();
  return RankedTensorType::get(shape, Float32Type::get(context), encoding);
}

RankedTensorType offGrid(RankedTensorType type) { return f32Tensor(type.getShape(), type.getContext()); }

std::optional<int64_t> elementCount(ArrayRef<int64_t> shape) {
  constexpr int64_t most = int64_t(1) << 40;
  int64_t count = 1;
  for (int64_t size : shape) {
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 0 || llvm::MulOverflow(count, size, count) || count > most)
      return std::nullopt;
  }
  return count;
}

int64_t windowReach(int64_t window, int64_t dilation) {
  int64_t reach = 0;
  if (window < 0 || dilation < 1)
    return -1;
  if (window == 0)
    return 0;
  if (llvm::MulOverflow(window - 1, dilation, reach) || llvm::AddOverflow(reach, int64_t(1), reach))
    return -1;
  return reach;
}

int64_t windowOutput(int64_t input, int64_t before, int64_t after, int64_t window, int64_t stride, int64_t dilation) {
  int64_t padded = 0, reach = windowReach(window, dilation);
  if (std::min({input, before, after, reach}) < 0 || stride < 1 || llvm::AddOverflow(input, before, padded) ||
      llvm::AddOverflow(padded, after, padded) || padded < reach)
    return -1;
  return (padded - reach) / stride + 1;
}

} // namespace nibble
