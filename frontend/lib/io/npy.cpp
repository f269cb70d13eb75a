// Arrays as .npy bytes and files.
#include "frontend/lib/io/npy.h"

#include "frontend/lib/io/file.h"

#include <nibble/error.h>
#include <nibble/npy.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace nibble {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied as they are");

namespace io {

int compareSize(ElementType type, const Shape &shape, std::size_t available) {
  auto needed = static_cast<std::uint64_t>(element_size(type));
  bool more = needed > available; // once more, only a zero can make it fewer
  for (std::int64_t extent : shape) {
    if (extent == 0)
      return available == 0 ? 0 : -1;
    more = more || __builtin_mul_overflow(needed, static_cast<std::uint64_t>(extent), &needed) || needed > available;
  }
  return more ? 1 : needed < available ? -1 : 0;
}

Array makeArray(ElementType type, Shape shape, std::span<const std::byte> bytes, const std::string &source) {
  if (type == ElementType::boolean &&
      std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; }))
    throw Error(source, "a boolean element is neither 0 nor 1");
  Array array;
  try {
    array = Array(type, std::move(shape));
  } catch (const Error &error) {
    throw Error(source, error.diagnostics().front().message);
  }
  if (array.byte_size() != bytes.size())
    throw Error(source, "an array of shape " + to_string(array.shape()) + " and type " + to_string(type) + " needs " +
                            std::to_string(array.byte_size()) + " bytes, but there are " +
                            std::to_string(bytes.size()));
  if (!bytes.empty())
    std::memcpy(array.bytes().data(), bytes.data(), bytes.size());
  return array;
}

Array decodeNpy(std::span<const std::byte> bytes, const std::string &source) {
  NpyHeader header = parseNpyHeader(bytes, source);
  bytes = bytes.subspan(header.length);
  if (int order = compareSize(header.type, header.shape, bytes.size()))
    throw Error(source, std::string(order > 0 ? "truncated" : "bytes after the end") + ": an array of shape " +
                            to_string(header.shape) + " and type " + to_string(header.type) + " does not fit " +
                            std::to_string(bytes.size()) + " bytes");
  return makeArray(header.type, std::move(header.shape), bytes, source);
}

std::vector<std::byte> encodeNpy(const Array &array, const std::string &source) {
  std::string header = makeNpyHeader(array.type(), array.shape(), source);
  std::vector<std::byte> bytes(header.size() + array.byte_size());
  std::memcpy(bytes.data(), header.data(), header.size());
  std::copy(array.bytes().begin(), array.bytes().end(), bytes.begin() + static_cast<std::ptrdiff_t>(header.size()));
  return bytes;
}

} // namespace io

Array load_npy(const std::string &path) { return io::decodeNpy(io::readFile(path), path); }

void save_npy(const std::string &path, const Array &array) {
  io::writeFileAtomically(path, io::encodeNpy(array, path));
}

} // namespace nibble
