// The command line of nibble-compile, as text: what it means is checked where it is used.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_OPTIONS_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nibble::tools {

struct CompileOptions {
  std::string input, weights, entry, output;
  std::string target = "native";
  std::string from, to, emit; ///< Empty: not given.
  std::string dumpDirectory;
  int64_t batchTile = 0;
  int64_t level = 3;
  int64_t threads = 1;
  bool tune = false;
  std::string tuneCache;            ///< Empty: not given.
  std::vector<std::string> reports; ///< Files, or "true": text to the standard error stream.
  bool allowFloat = false, stripLocations = false;
};

/// Fills `options`; gives the exit status if the program is done (help, error).
std::optional<int> parseCompileOptions(int argc, char **argv, CompileOptions &options);

} // namespace nibble::tools

#endif
