// The .npy format in memory.
#ifndef NIBBLE_IO_NPY_H
#define NIBBLE_IO_NPY_H

#include <nibble/array.h>

namespace nibble::io {

// What the header of a .npy file says.
struct NpyHeader {
  ElementType type;
  Shape shape;
  std::size_t length; // bytes from the start of the file to the first element
};

// `source` names the file in messages. Reads only the header: `bytes` may go on.
NpyHeader parseNpyHeader(std::span<const std::byte> bytes, const std::string &source);
// The text before the elements, as NumPy writes it. Throws Error for bf16.
std::string makeNpyHeader(ElementType type, const Shape &shape, const std::string &source);

Array decodeNpy(std::span<const std::byte> bytes, const std::string &source);
std::vector<std::byte> encodeNpy(const Array &array, const std::string &source);

// Whether an array of that type and shape needs fewer (-1), exactly (0) or more (1) than `available` bytes. No extent
// is too large and nothing is allocated: the header of a hostile file may ask for any size.
int compareSize(ElementType type, const Shape &shape, std::size_t available);

// Copies file bytes into an array of that type and shape. Throws Error if a boolean is neither 0 nor 1.
Array makeArray(ElementType type, Shape shape, std::span<const std::byte> bytes, const std::string &source);

} // namespace nibble::io

#endif // NIBBLE_IO_NPY_H
