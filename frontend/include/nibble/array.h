// nibble::Array: an owning n-d array in host memory.
#ifndef NIBBLE_ARRAY_H
#define NIBBLE_ARRAY_H

#include <nibble/runtime.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nibble {

/// Element types at the border of the library, with the values of the C ABI. A boolean is one byte, 0 or 1.
enum class ElementType : std::int32_t {
  boolean = NIBBLE_BOOLEAN,
  u8 = NIBBLE_U8,
  i8 = NIBBLE_I8,
  u16 = NIBBLE_U16,
  i16 = NIBBLE_I16,
  u32 = NIBBLE_U32,
  i32 = NIBBLE_I32,
  u64 = NIBBLE_U64,
  i64 = NIBBLE_I64,
  f16 = NIBBLE_F16,
  bf16 = NIBBLE_BF16,
  f32 = NIBBLE_F32,
  f64 = NIBBLE_F64,
};

/// Extents, outermost first; {} is a scalar of one element.
using Shape = std::vector<std::int64_t>;

/// Bytes of one element: 1, 2, 4 or 8.
std::int64_t element_size(ElementType type);

/// "f32", "u8", "boolean", ...
std::string to_string(ElementType type);

/// "[60000, 28, 28]"
std::string to_string(const Shape &shape);

namespace detail {
template <typename T>
struct ElementOf; // No definition: T is not an element type.
template <>
struct ElementOf<bool> {
  static constexpr ElementType value = ElementType::boolean;
};
template <>
struct ElementOf<std::uint8_t> {
  static constexpr ElementType value = ElementType::u8;
};
template <>
struct ElementOf<std::int8_t> {
  static constexpr ElementType value = ElementType::i8;
};
template <>
struct ElementOf<std::uint16_t> {
  static constexpr ElementType value = ElementType::u16;
};
template <>
struct ElementOf<std::int16_t> {
  static constexpr ElementType value = ElementType::i16;
};
template <>
struct ElementOf<std::uint32_t> {
  static constexpr ElementType value = ElementType::u32;
};
template <>
struct ElementOf<std::int32_t> {
  static constexpr ElementType value = ElementType::i32;
};
template <>
struct ElementOf<std::uint64_t> {
  static constexpr ElementType value = ElementType::u64;
};
template <>
struct ElementOf<std::int64_t> {
  static constexpr ElementType value = ElementType::i64;
};
template <>
struct ElementOf<float> {
  static constexpr ElementType value = ElementType::f32;
};
template <>
struct ElementOf<double> {
  static constexpr ElementType value = ElementType::f64;
};

struct FreeAligned {
  void operator()(std::byte *data) const noexcept;
};
} // namespace detail

/// The element type of a C++ type; f16 and bf16 have none and are read through bytes().
template <typename T>
inline constexpr ElementType element_type_of = detail::ElementOf<T>::value;

/// A contiguous row-major array that owns its elements, aligned to 64 bytes. Copies copy the elements.
class Array {
public:
  /// The greatest number of dimensions.
  static constexpr int max_rank = NIBBLE_MAX_RANK;

  /// An empty f32 array of shape [0].
  Array();
  /// Zeros. Throws Error if the rank is above max_rank, an extent is negative, or the size does not fit in memory.
  Array(ElementType type, Shape shape);
  /// A copy of `values` in row-major order: Array::from<float>({2, 2}, {1, 2, 3, 4}). Throws Error if their number is
  /// not the product of the shape.
  template <typename T>
  static Array from(Shape shape, const std::vector<T> &values) {
    Array array(element_type_of<T>, std::move(shape));
    array.copy_from(std::as_bytes(std::span<const T>(values)));
    return array;
  }

  Array(const Array &other);
  Array(Array &&other) noexcept; ///< `other` becomes empty.
  Array &operator=(Array other) noexcept;
  ~Array() = default;

  ElementType type() const noexcept { return type_; }
  const Shape &shape() const noexcept { return shape_; }
  std::int64_t rank() const noexcept { return static_cast<std::int64_t>(shape_.size()); }
  std::int64_t size() const noexcept { return size_; } ///< Number of elements.

  std::span<std::byte> bytes() noexcept { return {data_.get(), byte_size()}; }
  std::span<const std::byte> bytes() const noexcept { return {data_.get(), byte_size()}; }
  std::size_t byte_size() const noexcept;

  /// All elements in row-major order. Throws Error if T is not the element type.
  template <typename T>
  std::span<T> span() {
    require(element_type_of<T>);
    return {reinterpret_cast<T *>(data_.get()), static_cast<std::size_t>(size_)};
  }
  template <typename T>
  std::span<const T> span() const {
    require(element_type_of<T>);
    return {reinterpret_cast<const T *>(data_.get()), static_cast<std::size_t>(size_)};
  }

  /// The same elements under another shape of the same size; throws Error if the sizes differ.
  Array reshaped(Shape shape) const &;
  Array reshaped(Shape shape) &&;

  /// The array as the C ABI sees it; valid while the array lives and is not assigned to.
  nibble_tensor_view view() const noexcept;

  /// Equal type, shape and bits (so NaN equals NaN, and -0 differs from +0).
  friend bool operator==(const Array &a, const Array &b) noexcept;

private:
  void swap(Array &other) noexcept;
  void require(ElementType type) const;
  void copy_from(std::span<const std::byte> bytes);

  ElementType type_ = ElementType::f32;
  Shape shape_ = {0};
  std::int64_t size_ = 0;
  std::unique_ptr<std::byte[], detail::FreeAligned> data_;
};

} // namespace nibble

#endif // NIBBLE_ARRAY_H
