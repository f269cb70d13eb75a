// The .npz format: .npy entries of a zip archive, and one entry for metadata.
#ifndef NIBBLE_IO_NPZ_H
#define NIBBLE_IO_NPZ_H

#include <nibble/weights.h>

namespace nibble::io {

struct Npz {
  NamedArrays arrays;
  std::string metadata; // the text of the entry __metadata__.json; empty if there is none
};

Npz decodeNpz(std::span<const std::byte> bytes, const std::string &source);
std::vector<std::byte> encodeNpz(const NamedArrays &arrays, const std::string &metadata, const std::string &source);

} // namespace nibble::io

#endif // NIBBLE_IO_NPZ_H
