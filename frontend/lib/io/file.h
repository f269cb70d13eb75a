// Whole files in memory, and files that appear complete or not at all.
#ifndef NIBBLE_IO_FILE_H
#define NIBBLE_IO_FILE_H

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nibble::io {

// Throws Error, naming the file, if it cannot be read or is not a regular file.
std::vector<std::byte> readFile(const std::string &path);

// Resizes, and throws Error, naming the file, if there is not enough memory.
void resize(std::vector<std::byte> &bytes, std::size_t size, const std::string &source);

// Writes a temporary file in the same directory, flushes it to the disk and renames it over `path` (or over what it
// links to). On failure throws Error, and `path` is as it was.
void writeFileAtomically(const std::string &path, std::span<const std::byte> bytes);

} // namespace nibble::io

#endif // NIBBLE_IO_FILE_H
