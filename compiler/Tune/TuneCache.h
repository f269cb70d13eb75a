// Measured times on disk.
#ifndef NIBBLE_COMPILER_TUNE_TUNECACHE_H
#define NIBBLE_COMPILER_TUNE_TUNECACHE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace nibble {

/// One file for each key, with the nanoseconds of each kernel and a checksum.
class TuneCache {
public:
  /// An empty directory: nothing is found or stored.
  explicit TuneCache(std::string directory) : directory(std::move(directory)) {}

  /// $XDG_CACHE_HOME/nibble, or ~/.cache/nibble; empty if neither variable is set.
  static std::string defaultDirectory();

  /// The times stored under `key` (hexadecimal digits), one for each of `kernels`. Nothing if there is no such file; if
  /// there is one that cannot be used, `damage` says which and why.
  std::optional<std::vector<double>> find(llvm::StringRef key, llvm::ArrayRef<std::string> kernels,
                                          std::string &damage) const;
  /// Stores them, complete or not at all. Gives an error message, or an empty one.
  std::string store(llvm::StringRef key, llvm::ArrayRef<std::string> kernels, llvm::ArrayRef<double> times) const;

private:
  std::string pathOf(llvm::StringRef key) const;
  std::string directory;
};

} // namespace nibble

#endif
