// Host arrays.
#include <nibble/array.h>
#include <nibble/error.h>

#include <cstring>
#include <new>

namespace nibble {

constexpr std::align_val_t alignment{64};
constexpr std::int64_t maxBytes = std::int64_t{1} << 47; // the addresses of a process

std::int64_t element_size(ElementType type) { return nibble_element_size(static_cast<std::int32_t>(type)); }

std::string to_string(ElementType type) {
  switch (type) {
  case ElementType::boolean:
    return "boolean";
  case ElementType::u8:
    return "u8";
  case ElementType::i8:
    return "i8";
  case ElementType::u16:
    return "u16";
  case ElementType::i16:
    return "i16";
  case ElementType::u32:
    return "u32";
  case ElementType::i32:
    return "i32";
  case ElementType::u64:
    return "u64";
  case ElementType::i64:
    return "i64";
  case ElementType::f16:
    return "f16";
  case ElementType::bf16:
    return "bf16";
  case ElementType::f32:
    return "f32";
  case ElementType::f64:
    return "f64";
  }
  return "unknown";
}

std::string to_string(const Shape &shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// The number of elements; the size in bytes fits too. Extents of zero are left out of the product, so that an overflow
// is found wherever the zero stands.
static std::int64_t checkedSize(ElementType type, const Shape &shape) {
  std::int64_t elementBytes = element_size(type), bytes = elementBytes;
  bool empty = false;
  if (elementBytes == 0)
    throw Error("unknown element type " + std::to_string(static_cast<int>(type)));
  if (shape.size() > Array::max_rank)
    throw Error("shape " + to_string(shape) + " has more than " + std::to_string(Array::max_rank) + " dimensions");
  for (std::int64_t extent : shape) {
    if (extent < 0)
      throw Error("shape " + to_string(shape) + " has a negative extent");
    if (extent == 0)
      empty = true;
    else if (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > maxBytes)
      throw Error("shape " + to_string(shape) + " is too large for memory");
  }
  return empty ? 0 : bytes / elementBytes;
}

void detail::FreeAligned::operator()(std::byte *data) const noexcept { ::operator delete[](data, alignment); }

Array::Array() = default;

Array::Array(ElementType type, Shape shape) : type_(type), shape_(std::move(shape)), size_(checkedSize(type, shape_)) {
  if (size_ == 0)
    return;
  data_.reset(static_cast<std::byte *>(::operator new[](byte_size(), alignment, std::nothrow)));
  if (!data_)
    throw Error("out of memory for an array of shape " + to_string(shape_) + " and type " + to_string(type));
  std::memset(data_.get(), 0, byte_size());
}

Array::Array(const Array &other) : Array(other.type_, other.shape_) {
  if (size_)
    std::memcpy(data_.get(), other.data_.get(), byte_size());
}

Array::Array(Array &&other) noexcept : Array() { swap(other); }

Array &Array::operator=(Array other) noexcept {
  swap(other);
  return *this;
}

void Array::swap(Array &other) noexcept {
  std::swap(type_, other.type_);
  shape_.swap(other.shape_);
  std::swap(size_, other.size_);
  data_.swap(other.data_);
}

std::size_t Array::byte_size() const noexcept { return static_cast<std::size_t>(size_ * element_size(type_)); }

Array Array::reshaped(Shape shape) const & { return Array(*this).reshaped(std::move(shape)); }

Array Array::reshaped(Shape shape) && {
  if (checkedSize(type_, shape) != size_)
    throw Error("an array of shape " + to_string(shape_) + " cannot be reshaped to " + to_string(shape) +
                ": the numbers of elements differ");
  shape_ = std::move(shape);
  return std::move(*this);
}

nibble_tensor_view Array::view() const noexcept {
  nibble_tensor_view view{};
  view.data = data_.get();
  view.element_type = static_cast<std::int32_t>(type_);
  view.rank = static_cast<std::int32_t>(shape_.size());
  std::int64_t stride = 1;
  for (std::int32_t i = view.rank - 1; i >= 0; --i) {
    view.shape[i] = shape_[i];
    view.strides[i] = stride;
    stride *= size_ == 0 ? 1 : shape_[i];
  }
  return view;
}

bool operator==(const Array &a, const Array &b) noexcept {
  return a.type_ == b.type_ && a.shape_ == b.shape_ &&
         (a.size_ == 0 || std::memcmp(a.data_.get(), b.data_.get(), a.byte_size()) == 0);
}

void Array::require(ElementType type) const {
  if (type != type_)
    throw Error("an array of element type " + to_string(type_) + " was accessed as " + to_string(type));
}

void Array::copy_from(std::span<const std::byte> bytes) {
  if (bytes.size() != byte_size())
    throw Error("shape " + to_string(shape_) + " needs " + std::to_string(size_) + " values, but " +
                std::to_string(bytes.size() / element_size(type_)) + " were given");
  if (size_)
    std::memcpy(data_.get(), bytes.data(), bytes.size());
}

} // namespace nibble
