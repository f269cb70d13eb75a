// The canonical text of layouts: printer and parser.
#include "compiler/Layout/Layout.h"
#include "compiler/Support/Spelling.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace nibble::layout {
namespace {

constexpr std::array<std::string_view, 9> keys = {"order", "tile", "word",   "bits", "fields",
                                                  "lanes", "fill", "offset", "code"};
constexpr std::array<std::string_view, 3> codes = {"twos_complement", "unsigned", "sign"}; // in the order of enum Code

bool isWordCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// A cursor over the text. Every method returns false after the first error, which `message` keeps.
class Parser {
public:
  explicit Parser(std::string_view text) : text(text) {}
  std::string message;

  bool fail(const std::string &what, std::size_t at) {
    if (message.empty())
      message = "layout, column " + std::to_string(at + 1) + ": " + what;
    return false;
  }
  bool fail(const std::string &what) { return fail(what, pos); }

  bool atEnd() {
    skipSpace();
    return pos == text.size();
  }
  bool accept(char c) {
    if (atEnd() || text[pos] != c)
      return false;
    ++pos;
    return true;
  }
  bool expect(char c) { return accept(c) || fail(std::string("expected '") + c + "'"); }

  bool word(std::string_view &result) {
    skipSpace();
    std::size_t begin = pos;
    while (pos < text.size() && isWordCharacter(text[pos]))
      ++pos;
    result = text.substr(begin, pos - begin);
    return !result.empty() || fail("expected a name");
  }

  template <typename Int>
  bool integer(Int &result) {
    skipSpace();
    auto [end, error] = std::from_chars(text.data() + pos, text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range)
      return fail("this number is too large");
    if (error != std::errc())
      return fail("expected an integer");
    pos = static_cast<std::size_t>(end - text.data());
    return true;
  }

  /// '[' (item (',' item)*)? ']' of at most `limit` items.
  template <typename Item>
  bool list(std::size_t limit, Item item) {
    if (!expect('['))
      return false;
    if (accept(']'))
      return true;
    for (std::size_t count = 0;; ++count) {
      if (count == limit)
        return fail("a list of more than " + std::to_string(limit) + " items");
      if (!item())
        return false;
      if (accept(']'))
        return true;
      if (!accept(','))
        return fail("expected ',' or ']'");
    }
  }

  bool keyAndValue(Layout &layout, std::array<bool, keys.size()> &seen) {
    skipSpace();
    std::size_t at = pos;
    std::string_view key;
    if (!word(key))
      return false;
    const auto *found = std::find(keys.begin(), keys.end(), key);
    if (found == keys.end())
      return unknown("key", key, keys, at);
    bool &known = seen[static_cast<std::size_t>(found - keys.begin())];
    if (known)
      return fail("'" + std::string(key) + "' comes twice", at);
    known = true;
    return expect('=') && value(key, layout);
  }

private:
  void skipSpace() {
    while (pos < text.size() && isSpace(text[pos]))
      ++pos;
  }

  bool unknown(const std::string &kind, std::string_view name, std::span<const std::string_view> candidates,
               std::size_t at) {
    std::string what = "unknown " + kind + " '" + std::string(name.substr(0, 64)) + "'; ";
    if (std::string_view near = nearestSpelling(name, candidates); !near.empty())
      what += "did you mean '" + std::string(near) + "'? ";
    what += "known:";
    for (std::string_view candidate : candidates)
      what += " " + std::string(candidate);
    return fail(what, at);
  }

  bool value(std::string_view key, Layout &layout) {
    if (key == "order")
      return list(maxRank, [&] { return integer(layout.order.emplace_back()); });
    if (key == "tile")
      return list(maxTiles, [&] {
        Tile &tile = layout.tiles.emplace_back(Tile{0, 0});
        return integer(tile.dim) && expect(':') && integer(tile.size);
      });
    if (key == "word")
      return integer(layout.wordBits);
    if (key == "bits")
      return integer(layout.bits);
    if (key == "fields")
      return integer(layout.fields) && (layout.fields > 0 || fail("a word has at least one field"));
    if (key == "lanes")
      return integer(layout.lanes);
    if (key == "fill")
      return integer(layout.fill);
    if (key == "offset")
      return integer(layout.offset);
    skipSpace();
    std::size_t at = pos;
    std::string_view name;
    if (!word(name))
      return false;
    const auto *found = std::find(codes.begin(), codes.end(), name);
    if (found == codes.end())
      return unknown("code", name, codes, at);
    layout.code = static_cast<Code>(found - codes.begin());
    return true;
  }

  std::string_view text;
  std::size_t pos = 0;
};

} // namespace

std::string print(const Layout &layout) {
  std::string text = "order = [";
  for (std::size_t i = 0; i < layout.order.size(); ++i)
    text += (i ? ", " : "") + std::to_string(layout.order[i]);
  text += "]";
  for (std::size_t i = 0; i < layout.tiles.size(); ++i)
    text +=
        (i ? ", " : ", tile = [") + std::to_string(layout.tiles[i].dim) + ":" + std::to_string(layout.tiles[i].size);
  if (!layout.tiles.empty())
    text += "]";
  text += ", word = " + std::to_string(layout.wordBits) + ", bits = " + std::to_string(layout.bits);
  if (layout.fields != 0)
    text += ", fields = " + std::to_string(layout.fields);
  if (layout.lanes != 1)
    text += ", lanes = " + std::to_string(layout.lanes);
  if (layout.fill != 0)
    text += ", fill = " + std::to_string(layout.fill);
  if (layout.offset != 0)
    text += ", offset = " + std::to_string(layout.offset);
  if (layout.code != Code::twos_complement)
    text += ", code = " + std::string(codes[static_cast<std::size_t>(layout.code)]);
  return text;
}

Result<Layout> parse(std::string_view text) {
  Parser parser(text);
  Layout layout;
  std::array<bool, keys.size()> seen = {};
  while (parser.keyAndValue(layout, seen)) {
    if (parser.atEnd())
      break;
    if (!parser.expect(','))
      break;
  }
  if (!parser.message.empty())
    return Failure{parser.message};
  for (std::size_t key : {0, 2, 3}) // order, word, bits
    if (!seen[key])
      return Failure{"layout: '" + std::string(keys[key]) + " = ...' is missing"};
  if (layout.bits > 0 && layout.fields == layout.wordBits / layout.bits)
    layout.fields = 0; // the one way to say that all are used
  if (std::optional<std::string> error = validate(layout, layout.rank()))
    return Failure{"layout: " + *error};
  return layout;
}

} // namespace nibble::layout
