// NumPy files: .npy (one array) and .npz (a zip archive of named arrays).
#ifndef NIBBLE_NPY_H
#define NIBBLE_NPY_H

#include <nibble/array.h>

#include <map>

namespace nibble {

/// Arrays by name, in the order of their names.
using NamedArrays = std::map<std::string, Array, std::less<>>;

/// Reads a .npy file: format 1.0, 2.0 or 3.0, little-endian, C order. Throws Error, naming the file, if it cannot be
/// read, is truncated or longer than its header says, is in Fortran order or big-endian, or has another element type.
Array load_npy(const std::string &path);

/// Writes a .npy file (format 1.0), atomically: a file that was there stays as it was until the new one is complete.
/// Throws Error for bf16, which the format does not have, and if the file cannot be written.
void save_npy(const std::string &path, const Array &array);

/// Reads the arrays of an .npz file, stored or deflated, under their names without the ".npy". Throws Error as load_npy
/// does, and for damaged archives, repeated names, and entries that are not .npy files.
NamedArrays load_npz(const std::string &path);

/// Writes an .npz file, stored (not compressed), atomically. The same arrays give the same bytes.
void save_npz(const std::string &path, const NamedArrays &arrays);

} // namespace nibble

#endif // NIBBLE_NPY_H
