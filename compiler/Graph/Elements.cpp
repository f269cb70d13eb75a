// Reading and making the elements of nibble.constant.
#include "compiler/Graph/Elements.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace nibble {
namespace {

/// Elements of the C++ type T, whose MLIR type the caller has checked.
template <typename T>
std::optional<std::vector<T>> readAs(ElementsAttr elements) {
  size_t count = elements.getNumElements();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != count * sizeof(T))
      return std::nullopt;
    std::vector<T> values(count);
    std::memcpy(values.data(), blob->getData().data(), count * sizeof(T));
    return values;
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return std::nullopt;
  auto range = dense.getValues<T>();
  return std::vector<T>(range.begin(), range.end());
}

template <typename T>
std::optional<std::vector<int32_t>> readWidened(ElementsAttr elements) {
  auto values = readAs<T>(elements);
  if (!values)
    return std::nullopt;
  return std::vector<int32_t>(values->begin(), values->end());
}

template <typename T>
ElementsAttr make(ArrayRef<int64_t> shape, Type element, ArrayRef<T> values, StringRef name) {
  auto type = RankedTensorType::get(shape, element);
  // Compared as bits: -0 is not +0, and a NaN is itself.
  auto bitsOf = [](const T &v) {
    if constexpr (std::is_same_v<T, float>)
      return std::bit_cast<uint32_t>(v);
    else
      return v;
  };
  bool uniform = llvm::all_of(values, [&](const T &v) { return bitsOf(v) == bitsOf(values.front()); });
  uniform &= !values.empty();
  if (uniform)
    return DenseElementsAttr::get(type, values.front());
  if (values.size() <= 8)
    return DenseElementsAttr::get(type, values);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
  return DenseResourceElementsAttr::get(type, name, HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 64, false));
}

} // namespace

std::optional<std::vector<float>> readFloats(ElementsAttr elements) {
  if (!elements.getElementType().isF32())
    return std::nullopt;
  return readAs<float>(elements);
}

std::optional<std::vector<int32_t>> readIntegers(ElementsAttr elements) {
  Type type = elements.getElementType();
  if (type.isInteger(8))
    return readWidened<int8_t>(elements);
  if (type.isInteger(16))
    return readWidened<int16_t>(elements);
  if (type.isInteger(32))
    return readAs<int32_t>(elements);
  return std::nullopt;
}

ElementsAttr makeFloats(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<float> values, StringRef name) {
  return make<float>(shape, Float32Type::get(context), values, name);
}

std::optional<ElementsAttr> makeStorage(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<int32_t> values,
                                        StringRef name) {
  auto allFit = [&](int32_t lo, int32_t hi) {
    return llvm::all_of(values, [=](int32_t v) { return lo <= v && v <= hi; });
  };
  if (allFit(INT8_MIN, INT8_MAX)) {
    std::vector<int8_t> bytes(values.begin(), values.end());
    return make<int8_t>(shape, IntegerType::get(context, 8), bytes, name);
  }
  if (!allFit(INT16_MIN, INT16_MAX))
    return std::nullopt;
  std::vector<int16_t> words(values.begin(), values.end());
  return make<int16_t>(shape, IntegerType::get(context, 16), words, name);
}

StringRef resourceName(ElementsAttr elements) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(elements);
  return resource ? resource.getRawHandle().getKey() : StringRef();
}

} // namespace nibble
