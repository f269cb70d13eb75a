// The command line of nibble-run, as text: what it means is checked where it is used.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_OPTIONS_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_RUN_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nibble::tools {

struct RunOptions {
  std::string model, weights, entry;
  std::string target = "native";
  std::vector<std::string> inputs, expects, outputs; ///< "file" or "name=file"
  bool reference = false, noFreeze = false, allowFloat = false;
  int64_t batchTile = 0;
  int64_t threads = 1;
  int64_t bench = 0, profile = 0; ///< 0: not given.
};

/// Fills `options`; gives the exit status if the program is done (help, error).
std::optional<int> parseRunOptions(int argc, char **argv, RunOptions &options);

} // namespace nibble::tools

#endif
