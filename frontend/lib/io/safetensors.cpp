// Writing safetensors: 8 bytes of header length, a JSON header, the bytes of the tensors without gaps
// (https://github.com/huggingface/safetensors, "Format").
#include "frontend/lib/io/safetensors.h"

#include <nibble/error.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

namespace nibble::io {

namespace {

struct TypeName {
  std::string_view name;
  ElementType type;
};
constexpr TypeName typeNames[] = {
    {"BOOL", ElementType::boolean}, {"U8", ElementType::u8},   {"I8", ElementType::i8},     {"U16", ElementType::u16},
    {"I16", ElementType::i16},      {"U32", ElementType::u32}, {"I32", ElementType::i32},   {"U64", ElementType::u64},
    {"I64", ElementType::i64},      {"F16", ElementType::f16}, {"BF16", ElementType::bf16}, {"F32", ElementType::f32},
    {"F64", ElementType::f64},
};

// nlohmann::json refuses text that is not UTF-8 only now.
std::string dump(const nlohmann::ordered_json &json, const std::string &source) {
  try {
    return json.dump();
  } catch (const nlohmann::json::exception &) {
    throw Error(source, "a tensor name or a metadata string is not valid UTF-8");
  }
}

} // namespace

std::string_view safetensorsName(ElementType type) {
  for (const TypeName &t : typeNames)
    if (t.type == type)
      return t.name;
  throw Error("safetensors has no element type " + to_string(type));
}

ElementType safetensorsType(std::string_view name, const std::string &source) {
  for (const TypeName &t : typeNames)
    if (t.name == name)
      return t.type;
  throw Error(source, "element type '" + std::string(name) + "' is not supported");
}

std::vector<std::byte> encodeSafetensors(const NamedArrays &arrays, const Weights::Metadata &metadata,
                                         const std::string &source) {
  // Large elements first, so that every tensor is aligned to its elements.
  std::vector<NamedArrays::const_iterator> order;
  for (auto it = arrays.begin(); it != arrays.end(); ++it)
    order.push_back(it);
  std::sort(order.begin(), order.end(), [](auto a, auto b) {
    std::int64_t aSize = element_size(a->second.type()), bSize = element_size(b->second.type());
    return aSize != bSize ? aSize > bSize : a->first < b->first;
  });

  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty())
    json[std::string(metadataKey)] = std::map<std::string, std::string>(metadata.begin(), metadata.end());
  std::size_t size = 0;
  for (auto it : order) {
    const auto &[name, array] = *it;
    if (name == metadataKey)
      throw Error(source, "a tensor may not be called '" + name + "'");
    json[name] = {{"dtype", safetensorsName(array.type())},
                  {"shape", array.shape()},
                  {"data_offsets", {size, size + array.byte_size()}}};
    size += array.byte_size();
  }
  std::string header = dump(json, source);
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::vector<std::byte> bytes(8 + header.size() + size);
  std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  std::byte *out = bytes.data() + 8 + header.size();
  for (auto it : order)
    out = std::copy(it->second.bytes().begin(), it->second.bytes().end(), out);
  return bytes;
}

std::string formatMetadata(const Weights::Metadata &metadata, const std::string &source) {
  if (metadata.empty())
    return {};
  return dump(std::map<std::string, std::string>(metadata.begin(), metadata.end()), source);
}

} // namespace nibble::io
