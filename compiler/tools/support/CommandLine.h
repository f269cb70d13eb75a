// What the command lines of the tools have in common.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_COMMANDLINE_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_COMMANDLINE_H

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nibble::tools {

/// Parses; gives the exit status if the program is done: 0 after --help, 1 after an error, which is printed as
/// "TOOL: error: ...".
std::optional<int> parse(CLI::App &app, int argc, char **argv);

/// "name=file" as (name, file); a text without '=' has no name.
std::pair<std::string, std::string> splitNamed(const std::string &text);

} // namespace nibble::tools

#endif
