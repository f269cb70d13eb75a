// Command lines by CLI11, whose exceptions end here.
#include "compiler/tools/support/CommandLine.h"
#include "compiler/Support/Spelling.h"
#include <iostream>

namespace nibble::tools {
namespace {

/// "; did you mean --target?" for an unknown flag that looks like a known one.
std::string suggestion(const CLI::App &app) {
  std::vector<std::string> known;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &name : option->get_lnames())
      known.push_back("--" + name);
  std::vector<std::string_view> views(known.begin(), known.end());
  for (const std::string &extra : app.remaining()) {
    std::string flag = extra.substr(0, extra.find('='));
    if (std::string_view nearest = nearestSpelling(flag, views); flag.starts_with("--") && !nearest.empty())
      return "; did you mean " + std::string(nearest) + "?";
  }
  return "";
}

} // namespace

std::optional<int> parse(CLI::App &app, int argc, char **argv) {
  app.get_formatter()->column_width(34);
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    std::cerr << app.get_name() << ": error: " << error.what() << suggestion(app) << " (see --help)\n";
    return 1;
  }
}

std::pair<std::string, std::string> splitNamed(const std::string &text) {
  std::size_t at = text.find('=');
  if (at == std::string::npos)
    return {"", text};
  return {text.substr(0, at), text.substr(at + 1)};
}

} // namespace nibble::tools
