// Shared questions about tensors and grids.
#include "dialects/Nibble/IR/Nibble.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

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
  auto grouped = dyn_cast<quant::UniformQuantizedSubChannelType>(type);
  if (!isa<quant::AnyQuantizedType, quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(type) && !grouped)
    return std::nullopt;
  // Blocks are runs of the last dimension, all dimensions are named.
  if (grouped && grouped.getBlockSizes().empty())
    return std::nullopt;
  if (grouped)
    for (auto [d, size] : llvm::enumerate(grouped.getBlockSizes()))
      if (grouped.getQuantizedDimensions()[d] != static_cast<int32_t>(d) ||
          (d + 1 == grouped.getBlockSizes().size() ? size % groupUnit != 0 : size != 1))
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
  } else if (grouped) {
    f.known = true, f.axis = grouped.getQuantizedDimensions().back(), f.group = grouped.getBlockSizes().back();
    // Of another type than f32 verifyTensor refuses them.
    for (const APFloat &s : grouped.getScales().getValues<APFloat>())
      f.scales.push_back(static_cast<float>(s.convertToDouble()));
    for (const APInt &z : grouped.getZeroPoints().getValues<APInt>())
      f.zeros.push_back(z.getSExtValue());
  }
  return f;
}

Type groupedType(unsigned flags, Type storage, int64_t qmin, int64_t qmax, ArrayRef<double> scales,
                 ArrayRef<int64_t> shape, int64_t group) {
  SmallVector<int64_t> blocks(shape.size(), 1), counts(shape);
  SmallVector<int32_t> dimensions(shape.size());
  std::iota(dimensions.begin(), dimensions.end(), 0);
  blocks.back() = group, counts.back() /= group;
  Type f32 = Float32Type::get(storage.getContext());
  SmallVector<float> exact(scales.begin(), scales.end());
  auto values = DenseElementsAttr::get(RankedTensorType::get(counts, f32), ArrayRef<float>(exact));
  auto zeros =
      DenseElementsAttr::get(RankedTensorType::get(counts, storage), APInt(storage.getIntOrFloatBitWidth(), 0));
  return quant::UniformQuantizedSubChannelType::get(flags, storage, f32, values, zeros, dimensions, blocks, qmin, qmax);
}

Type groupedTypeOfShape(Type type, ArrayRef<int64_t> shape) {
  auto grouped = cast<quant::UniformQuantizedSubChannelType>(type);
  auto facts = gridFacts(type);
  return groupedType(grouped.getFlags(), grouped.getStorageType(), facts->qmin, facts->qmax,
                     SmallVector<double>(facts->scales.begin(), facts->scales.end()), shape, facts->group);
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
