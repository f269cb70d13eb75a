// Reading safetensors from files that nobody vouches for.
#include "frontend/lib/io/safetensors.h"

#include "frontend/lib/io/npy.h"

#include <nibble/error.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace nibble::io {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t maxHeader = 100'000'000; // as in the reference implementation

// Refuses repeated keys and deep nesting while parsing: the parser itself would keep the last of two keys.
Json parseObject(std::string_view text, const std::string &source) {
  std::vector<std::set<std::string>> keys;
  auto check = [&](int depth, Json::parse_event_t event, Json &parsed) {
    switch (event) {
    case Json::parse_event_t::object_start:
    case Json::parse_event_t::array_start:
      if (depth > 2) // the header, a tensor, its shape
        throw Error(source, "damaged header: JSON nested too deeply");
      keys.emplace_back();
      break;
    case Json::parse_event_t::object_end:
    case Json::parse_event_t::array_end:
      keys.pop_back();
      break;
    case Json::parse_event_t::key:
      if (!keys.back().insert(parsed.get<std::string>()).second)
        throw Error(source, "damaged header: the name '" + parsed.get<std::string>() + "' occurs twice");
      break;
    case Json::parse_event_t::value:
      break;
    }
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), check, /*allow_exceptions=*/false);
  if (!json.is_object())
    throw Error(source, "damaged header: not a JSON object");
  return json;
}

Weights::Metadata metadataOf(const Json &json, const std::string &source) {
  Weights::Metadata metadata;
  if (!json.is_object())
    throw Error(source, "damaged metadata: not a JSON object");
  for (const auto &[key, value] : json.items()) {
    if (!value.is_string())
      throw Error(source, "damaged metadata: '" + key + "' is not a string");
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

struct Entry {
  std::string name;
  ElementType type;
  Shape shape;
  std::uint64_t begin, end;
};

Entry entryOf(const std::string &name, const Json &json, const std::string &source) {
  auto fail = [&](const char *what) { throw Error(source, "damaged header: tensor '" + name + "': " + what); };
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets"))
    fail("dtype, shape and data_offsets expected, and nothing else");
  if (name.empty())
    fail("the name is empty");
  const Json &dtype = json["dtype"], &shape = json["shape"], &offsets = json["data_offsets"];
  if (!dtype.is_string())
    fail("dtype is not a string");
  auto isExtent = [](const Json &j) { return j.is_number_unsigned() && j.get<std::uint64_t>() <= INT64_MAX; };
  if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), isExtent))
    fail("shape is not a list of non-negative integers");
  if (shape.size() > Array::max_rank)
    fail("it has more than 8 dimensions");
  if (!offsets.is_array() || offsets.size() != 2 || !std::all_of(offsets.begin(), offsets.end(), isExtent))
    fail("data_offsets are not two non-negative integers");
  return {name, safetensorsType(dtype.get<std::string>(), source + ": tensor '" + name + "'"), shape.get<Shape>(),
          offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
}

} // namespace

Weights::Metadata parseMetadata(const std::string &text, const std::string &source) {
  return text.empty() ? Weights::Metadata{} : metadataOf(parseObject(text, source), source);
}

Safetensors decodeSafetensors(std::span<const std::byte> bytes, const std::string &source) {
  std::uint64_t length = 0;
  if (bytes.size() < 8)
    throw Error(source, "this is not a safetensors file, or it is truncated");
  std::memcpy(&length, bytes.data(), 8);
  if (length > maxHeader)
    throw Error(source, "this is not a safetensors file: its header would have " + std::to_string(length) + " bytes");
  if (length > bytes.size() - 8)
    throw Error(source, "truncated: the header has " + std::to_string(length) + " bytes, the file " +
                            std::to_string(bytes.size()));
  Safetensors result;
  Json header = parseObject({reinterpret_cast<const char *>(bytes.data()) + 8, length}, source);
  bytes = bytes.subspan(8 + length);
  std::vector<Entry> entries;
  for (const auto &[name, value] : header.items()) {
    if (name == metadataKey)
      result.metadata = metadataOf(value, source);
    else
      entries.push_back(entryOf(name, value, source));
  }
  // In order of their bytes the tensors must cover the data without gap or overlap.
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::uint64_t position = 0;
  for (Entry &e : entries) {
    if (e.begin != position || e.end < e.begin)
      throw Error(source, "damaged header: the bytes of tensor '" + e.name + "' overlap others or leave a gap");
    if (e.end > bytes.size())
      throw Error(source, "truncated: the bytes of tensor '" + e.name + "' go beyond the end of the file");
    position = e.end;
  }
  if (position != bytes.size())
    throw Error(source, "there are bytes after the last tensor");
  for (Entry &e : entries) {
    if (compareSize(e.type, e.shape, e.end - e.begin) != 0)
      throw Error(source, "damaged header: tensor '" + e.name + "' of shape " + to_string(e.shape) + " and type " +
                              to_string(e.type) + " does not have the size of its bytes");
    std::string place = source + ": tensor '" + e.name + "'";
    result.arrays.emplace(e.name,
                          makeArray(e.type, std::move(e.shape), bytes.subspan(e.begin, e.end - e.begin), place));
  }
  return result;
}

} // namespace nibble::io
