// Command lines by CLI11, whose exceptions end here.
#include "compiler/tools/support/CommandLine.h"
#include "compiler/Support/Spelling.h"
#include <charconv>
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

/// The first flag with an '=' and nothing behind it; empty if there is none.
std::string withoutValue(const CLI::App &app, int argc, char **argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
    if (std::string_view word = argv[i]; word.starts_with("--") && word.find('=') == word.size() - 1)
      if (std::string flag(word.substr(0, word.size() - 1)); app.get_option_no_throw(flag))
        return flag;
  return "";
}

} // namespace

CLI::Option *addNumber(CLI::App &app, const std::string &flag, std::int64_t &value, std::int64_t least,
                       std::int64_t greatest, const std::string &description) {
  auto read = [=, &value](const std::string &text) {
    const char *end = text.data() + text.size();
    std::int64_t number = 0;
    auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || at != end || number < least || number > greatest)
      throw CLI::ConversionError(flag + "=" + text + " is no whole number from " + std::to_string(least) + " to " +
                                 std::to_string(greatest));
    value = number;
  };
  CLI::Option *option = app.add_option_function<std::string>(flag, read, description)->type_name("N");
  return value >= least && value <= greatest ? option->default_str(std::to_string(value)) : option;
}

std::optional<int> parse(CLI::App &app, int argc, char **argv) {
  app.get_formatter()->column_width(34);
  if (std::string flag = withoutValue(app, argc, argv); !flag.empty()) {
    std::cerr << app.get_name() << ": error: " << flag << "= has no value (see --help)\n";
    return 1;
  }
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
