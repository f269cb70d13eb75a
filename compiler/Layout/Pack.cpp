// Encoding of values in fields, packing and unpacking of whole tensors.
#include "compiler/Layout/Layout.h"

namespace nibble::layout {
namespace {

/// Fields as they lie in memory: words are little-endian and no field crosses a word, so a field of at least 8 bits is
/// a run of whole bytes and a narrower one lies inside one byte.
struct FieldAddress {
  std::size_t byte;
  int shift;
  FieldAddress(const Layout &layout, Position position)
      : byte(static_cast<std::size_t>(position.word * (layout.wordBits / 8) + position.bit / 8)),
        shift(position.bit % 8) {}
};

void store(std::vector<uint8_t> &bytes, const Layout &layout, Position position, uint64_t field) {
  FieldAddress at(layout, position);
  if (layout.bits < 8) {
    auto mask = static_cast<uint8_t>(((1u << layout.bits) - 1) << at.shift);
    bytes[at.byte] = static_cast<uint8_t>((bytes[at.byte] & ~mask) | (field << at.shift));
    return;
  }
  for (int i = 0; i < layout.bits / 8; ++i)
    bytes[at.byte + static_cast<std::size_t>(i)] = static_cast<uint8_t>(field >> (8 * i));
}

uint64_t load(std::span<const uint8_t> bytes, const Layout &layout, Position position) {
  FieldAddress at(layout, position);
  if (layout.bits < 8)
    return (bytes[at.byte] >> at.shift) & ((1u << layout.bits) - 1);
  uint64_t field = 0;
  for (int i = 0; i < layout.bits / 8; ++i)
    field |= static_cast<uint64_t>(bytes[at.byte + static_cast<std::size_t>(i)]) << (8 * i);
  return field;
}

/// Bytes in which every field holds layout.fill.
std::vector<uint8_t> filled(const Layout &layout, int64_t size) {
  std::vector<uint8_t> bytes(static_cast<std::size_t>(size));
  if (layout.fill == 0)
    return bytes;
  uint64_t pattern = 0;
  for (int word = 0; word < 64; word += layout.wordBits)
    for (int field = 0; field < layout.fieldsPerWord(); ++field)
      pattern |= static_cast<uint64_t>(layout.fill) << (word + field * layout.bits);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(pattern >> (8 * (i % 8)));
  return bytes;
}

std::string indexText(std::span<const int64_t> index) {
  std::string text = "[";
  for (int64_t i : index)
    text += (text.size() > 1 ? ", " : "") + std::to_string(i);
  return text + "]";
}

} // namespace

int64_t minValue(const Layout &layout) {
  switch (layout.code) {
  case Code::sign:
    return -1;
  case Code::unsigned_:
    return layout.offset;
  case Code::twos_complement:
    break;
  }
  return layout.offset - (int64_t{1} << (layout.bits - 1));
}

int64_t maxValue(const Layout &layout) {
  switch (layout.code) {
  case Code::sign:
    return 1;
  case Code::unsigned_:
    return layout.offset + (int64_t{1} << layout.bits) - 1;
  case Code::twos_complement:
    break;
  }
  return layout.offset + (int64_t{1} << (layout.bits - 1)) - 1;
}

uint64_t encode(const Layout &layout, int64_t q) {
  if (layout.code == Code::sign)
    return q < 0;
  return static_cast<uint64_t>(q - layout.offset) & ((uint64_t{1} << layout.bits) - 1);
}

int64_t decode(const Layout &layout, uint64_t field) {
  if (layout.code == Code::sign)
    return field ? -1 : 1;
  auto value = static_cast<int64_t>(field);
  if (layout.code == Code::twos_complement && (field >> (layout.bits - 1)) != 0)
    value -= int64_t{1} << layout.bits;
  return value + layout.offset;
}

Result<std::vector<uint8_t>> pack(const Layout &layout, std::span<const int64_t> values,
                                  std::span<const int64_t> shape) {
  Result<Mapping> map = Mapping::create(layout, shape);
  if (!map)
    return Failure{map.error()};
  if (values.size() != static_cast<std::size_t>(map->elements()))
    return Failure{"pack got " + std::to_string(values.size()) + " values for a tensor of " +
                   std::to_string(map->elements()) + " elements"};
  std::vector<uint8_t> bytes = filled(layout, map->bytes());
  int64_t lo = minValue(layout), hi = maxValue(layout);
  std::string error;
  map->forEachElement([&](int64_t flat, std::span<const int64_t> index, Position position) {
    int64_t q = values[static_cast<std::size_t>(flat)];
    if (q < lo || q > hi || (layout.code == Code::sign && q == 0)) {
      error = "value " + std::to_string(q) + " at " + indexText(index) + " does not fit the layout, which holds " +
              (layout.code == Code::sign ? "-1 and 1" : std::to_string(lo) + " to " + std::to_string(hi));
      return false;
    }
    store(bytes, layout, position, encode(layout, q));
    return true;
  });
  if (!error.empty())
    return Failure{error};
  return bytes;
}

Result<std::vector<int64_t>> unpack(const Layout &layout, std::span<const uint8_t> bytes,
                                    std::span<const int64_t> shape) {
  Result<Mapping> map = Mapping::create(layout, shape);
  if (!map)
    return Failure{map.error()};
  if (bytes.size() != static_cast<std::size_t>(map->bytes()))
    return Failure{"unpack got " + std::to_string(bytes.size()) + " bytes for a storage of " +
                   std::to_string(map->bytes()) + " bytes"};
  std::vector<int64_t> values(static_cast<std::size_t>(map->elements()));
  map->forEachElement([&](int64_t flat, std::span<const int64_t>, Position position) {
    values[static_cast<std::size_t>(flat)] = decode(layout, load(bytes, layout, position));
    return true;
  });
  return values;
}

} // namespace nibble::layout
