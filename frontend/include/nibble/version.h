// The version of the library.
#ifndef NIBBLE_VERSION_H
#define NIBBLE_VERSION_H

namespace nibble {

/// "0.1.0": major, minor, patch, as find_package(Nibble) sees them.
const char *version() noexcept;

} // namespace nibble

#endif // NIBBLE_VERSION_H
