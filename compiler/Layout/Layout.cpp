// Validity of layouts, and the mapping from a logical index to a word and a bit.
#include "compiler/Layout/Layout.h"
#include <algorithm>

namespace nibble::layout {
namespace {

bool isOneOf(int value, std::initializer_list<int> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string str(int64_t value) { return std::to_string(value); }

/// a * b for factors >= 0, or nothing if it does not fit.
std::optional<int64_t> product(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a, b, &result))
    return std::nullopt;
  return result;
}

int64_t ceilDiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

std::string shapeText(std::span<const int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + str(size);
  return text.empty() ? "scalar" : text;
}

std::optional<std::string> validateTiles(const Layout &layout) {
  if (layout.tiles.size() > maxTiles)
    return "layout has " + str(static_cast<int64_t>(layout.tiles.size())) + " tiles; at most " + str(maxTiles) +
           " are supported";
  int64_t elements = 1;
  for (const Tile &tile : layout.tiles) {
    if (tile.dim < 0 || tile.dim >= layout.rank())
      return "tile dim " + str(tile.dim) + " does not exist: the layout has rank " + str(layout.rank());
    if (tile.size < 1)
      return "tile size " + str(tile.size) + " of dim " + str(tile.dim) + " must be at least 1";
    std::optional<int64_t> next = product(elements, tile.size);
    if (!next || *next > maxTileElements)
      return "the tile sizes multiply to more than " + str(maxTileElements) + " elements";
    elements = *next;
  }
  return std::nullopt;
}

} // namespace

std::optional<std::string> validate(const Layout &layout, int rank) {
  if (!isOneOf(layout.bits, {1, 2, 4, 8, 16, 32}))
    return "bits = " + str(layout.bits) + " must be 1, 2, 4, 8, 16 or 32";
  if (!isOneOf(layout.wordBits, {8, 16, 32, 64}))
    return "word = " + str(layout.wordBits) + " must be 8, 16, 32 or 64";
  if (layout.wordBits < layout.bits)
    return "word = " + str(layout.wordBits) + " must be at least bits = " + str(layout.bits);
  if (layout.fields != 0 && (layout.fields < 0 || layout.fields >= layout.wordBits / layout.bits))
    return "fields = " + str(layout.fields) +
           " must be at least 1 and fewer than word / bits = " + str(layout.wordBits / layout.bits);
  if (layout.order.size() > maxRank)
    return "layout has rank " + str(static_cast<int64_t>(layout.order.size())) + "; at most " + str(maxRank) +
           " is supported";
  if (rank != layout.rank())
    return "layout of rank " + str(layout.rank()) + " does not fit a tensor of rank " + str(rank);
  std::vector<bool> seen(layout.order.size(), false);
  for (int dim : layout.order) {
    if (dim < 0 || dim >= rank || seen[static_cast<std::size_t>(dim)])
      return "order must name each of the " + str(rank) + " dims (0 to " + str(rank - 1) + ") once; " + str(dim) +
             (dim < 0 || dim >= rank ? " does not exist" : " comes twice");
    seen[static_cast<std::size_t>(dim)] = true;
  }
  if (std::optional<std::string> error = validateTiles(layout))
    return error;
  if (layout.lanes < 1 || layout.lanes > maxLanes)
    return "lanes = " + str(layout.lanes) + " must be in 1.." + str(maxLanes);
  if (layout.fill < 0 || layout.fill >= int64_t{1} << layout.bits)
    return "fill = " + str(layout.fill) + " does not fit a field of " + str(layout.bits) + " bits";
  if (layout.offset > int64_t{1} << 32 || layout.offset < -(int64_t{1} << 32))
    return "offset = " + str(layout.offset) + " must be in -2^32..2^32";
  if (layout.code == Code::sign && (layout.bits != 1 || layout.offset != 0))
    return "code = sign needs bits = 1 and offset = 0";
  return std::nullopt;
}

std::size_t hash_value(const Layout &layout) {
  uint64_t hash = 0xcbf29ce484222325u; // FNV-1a over the fields, a word at a time
  auto add = [&hash](int64_t value) {
    hash = (hash ^ static_cast<uint64_t>(value)) * 0x100000001b3u;
    hash ^= hash >> 29;
  };
  add(layout.bits);
  add(layout.wordBits);
  add(layout.rank());
  for (int dim : layout.order)
    add(dim);
  for (const Tile &tile : layout.tiles) {
    add(tile.dim);
    add(tile.size);
  }
  add(layout.lanes);
  add(layout.fill);
  add(layout.offset);
  add(static_cast<int64_t>(layout.code));
  add(layout.fields);
  return static_cast<std::size_t>(hash);
}

Result<Mapping> Mapping::create(const Layout &layout, std::span<const int64_t> shape) {
  if (shape.size() > maxRank)
    return Failure{"a tensor of rank " + str(static_cast<int64_t>(shape.size())) + " has no layout; at most rank " +
                   str(maxRank) + " is supported"};
  if (std::optional<std::string> error = validate(layout, static_cast<int>(shape.size())))
    return Failure{*error};
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (shape[d] < 0)
      return Failure{"size " + str(shape[d]) + " of dim " + str(static_cast<int64_t>(d)) +
                     " is not a static size: packed storage needs sizes of at least 0"};

  Mapping map;
  map.shape.assign(shape.begin(), shape.end());
  map.digits.resize(shape.size());
  map.bits = layout.bits;
  map.wordBits = layout.wordBits;
  map.lanes = layout.lanes;
  map.fields = layout.fieldsPerWord();
  map.group = map.lanes * map.fields;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return map; // no elements, no storage, no look-ups

  // From the innermost digit outwards; the tile sizes are bounded by validate, so only the outer extents can overflow.
  std::vector<int64_t> tileProduct(shape.size(), 1);
  int64_t stride = 1;
  for (auto tile = layout.tiles.rbegin(); tile != layout.tiles.rend(); ++tile) {
    auto dim = static_cast<std::size_t>(tile->dim);
    map.digits[dim].push_back({tileProduct[dim], tile->size, stride});
    tileProduct[dim] *= tile->size;
    stride *= tile->size;
  }
  // bytes <= (padded + group) * 8, so with this bound on padded nothing below overflows.
  std::optional<int64_t> padded = stride;
  for (auto order = layout.order.rbegin(); order != layout.order.rend(); ++order) {
    auto dim = static_cast<std::size_t>(*order);
    int64_t extent = ceilDiv(shape[dim], tileProduct[dim]);
    map.digits[dim].push_back({tileProduct[dim], extent, *padded});
    padded = product(*padded, extent);
    if (!padded || *padded > maxStorageBytes * 8)
      break;
  }
  if (padded && *padded <= maxStorageBytes * 8) {
    map.numPadded = *padded;
    map.numWords = ceilDiv(map.numPadded, map.group) * map.lanes;
  }
  if (!padded || map.numPadded == 0 || map.bytes() > maxStorageBytes)
    return Failure{"a tensor of shape " + shapeText(shape) + " needs more than 2^40 bytes of storage in this layout"};
  map.numElements = 1;
  for (int64_t size : shape) // at most numPadded
    map.numElements *= size;
  return map;
}

int64_t Mapping::contribution(std::size_t dim, int64_t i) const {
  int64_t sum = 0;
  for (const Digit &digit : digits[dim])
    sum += (i / digit.divisor) % digit.modulus * digit.stride;
  return sum;
}

bool Mapping::contains(std::span<const int64_t> index) const {
  if (index.size() != shape.size())
    return false;
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (index[d] < 0 || index[d] >= shape[d])
      return false;
  return true;
}

int64_t Mapping::elementNumber(std::span<const int64_t> index) const {
  int64_t e = 0;
  for (std::size_t d = 0; d < shape.size(); ++d)
    e += contribution(d, index[d]);
  return e;
}

Result<Position> locate(const Layout &layout, std::span<const int64_t> index, std::span<const int64_t> shape) {
  Result<Mapping> map = Mapping::create(layout, shape);
  if (!map)
    return Failure{map.error()};
  if (!map->contains(index))
    return Failure{"the index is not inside the shape " + shapeText(shape)};
  return map->position(map->elementNumber(index));
}

Result<int64_t> storageWords(const Layout &layout, std::span<const int64_t> shape) {
  Result<Mapping> map = Mapping::create(layout, shape);
  if (!map)
    return Failure{map.error()};
  return map->words();
}

Result<int64_t> storageBytes(const Layout &layout, std::span<const int64_t> shape) {
  Result<Mapping> map = Mapping::create(layout, shape);
  if (!map)
    return Failure{map.error()};
  return map->bytes();
}

} // namespace nibble::layout
