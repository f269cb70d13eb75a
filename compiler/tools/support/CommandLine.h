// What the command lines of the tools have in common.
#ifndef NIBBLE_COMPILER_TOOLS_SUPPORT_COMMANDLINE_H
#define NIBBLE_COMPILER_TOOLS_SUPPORT_COMMANDLINE_H

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nibble::tools {

/// A flag that takes one whole number from `least` to `greatest`; anything else is an error that names both. `value`
/// keeps what it has, which --help shows if it is in the range, unless the flag is given.
CLI::Option *addNumber(CLI::App &app, const std::string &flag, std::int64_t &value, std::int64_t least,
                       std::int64_t greatest, const std::string &description);

/// Parses; gives the exit status if the program is done: 0 after --help, 1 after an error, which is printed as
/// "TOOL: error: ...". A flag that ends in '=' is an error: its value would be the next word.
std::optional<int> parse(CLI::App &app, int argc, char **argv);

/// "name=file" as (name, file); a text without '=' has no name.
std::pair<std::string, std::string> splitNamed(const std::string &text);

} // namespace nibble::tools

#endif
