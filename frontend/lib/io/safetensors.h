// The safetensors format in memory, and its metadata as JSON text.
#ifndef NIBBLE_IO_SAFETENSORS_H
#define NIBBLE_IO_SAFETENSORS_H

#include <nibble/weights.h>

namespace nibble::io {

// The key of the metadata in the header; no tensor may have this name.
constexpr std::string_view metadataKey = "__metadata__";

struct Safetensors {
  NamedArrays arrays;
  Weights::Metadata metadata;
};

// `source` names the file in messages.
Safetensors decodeSafetensors(std::span<const std::byte> bytes, const std::string &source);
std::vector<std::byte> encodeSafetensors(const NamedArrays &arrays, const Weights::Metadata &metadata,
                                         const std::string &source);

// A JSON object of strings; empty text stands for no metadata.
Weights::Metadata parseMetadata(const std::string &text, const std::string &source);
std::string formatMetadata(const Weights::Metadata &metadata, const std::string &source);

// The element types of the format: its name for each, and back. Throws Error for others.
std::string_view safetensorsName(ElementType type);
ElementType safetensorsType(std::string_view name, const std::string &source);

} // namespace nibble::io

#endif // NIBBLE_IO_SAFETENSORS_H
