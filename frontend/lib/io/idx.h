// The IDX format in memory, and gzip.
#ifndef NIBBLE_IO_IDX_H
#define NIBBLE_IO_IDX_H

#include <nibble/array.h>

namespace nibble::io {

// The content of one gzip member (RFC 1952). Throws Error if it is damaged or truncated or if bytes follow it.
std::vector<std::byte> gunzip(std::span<const std::byte> bytes, const std::string &source);

// Plain or gzip-compressed IDX of unsigned bytes.
Array decodeIdx(std::span<const std::byte> bytes, const std::string &source);

} // namespace nibble::io

#endif // NIBBLE_IO_IDX_H
