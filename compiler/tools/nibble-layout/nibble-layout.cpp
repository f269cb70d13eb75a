// nibble-layout: shows where each element of a packed tensor lies.
#include "compiler/Layout/Layout.h"
#include "compiler/tools/support/CommandLine.h"
#include <charconv>
#include <iostream>

using namespace nibble;
using namespace nibble::layout;

namespace {

constexpr int64_t maxFields = int64_t{1} << 22;

constexpr const char *description =
    R"(Prints where each element of a packed tensor lies: its word, and the bit of the word where its field starts.

A layout is written as the compiler prints it in the packed stage, for example
  order = [0, 1], tile = [0:16, 1:2], word = 8, bits = 4, lanes = 16
order, word and bits are required; the others have defaults.
  order   the dims, outermost first
  tile    dim:size, outermost first; dims are padded to whole tiles (default [])
  word    bits of a word: 8, 16, 32, 64; words are little-endian
  bits    bits of a field: 1, 2, 4, 8, 16, 32
  fields  fields used of a word, from the lowest bit on (default: all that fit, word / bits)
  lanes   consecutive elements go to the same field of this many words (default 1)
  fill    field of the padding, as raw bits (default 0)
  offset  the stored value is q - offset (default 0)
  code    twos_complement, unsigned, or sign (bit 0 is +1, bit 1 is -1) (default twos_complement)
)";

int fail(const std::string &message) {
  std::cerr << "nibble-layout: error: " << message << "\n";
  return 1;
}

Result<std::vector<int64_t>> parseShape(const std::string &text) {
  std::vector<int64_t> shape;
  for (const char *at = text.data(), *end = at + text.size();; ++at) {
    int64_t size = 0;
    auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 0 || (next != end && *next != 'x'))
      return Failure{"--shape=" + text + ": expected sizes joined by 'x', for example 4x6"};
    shape.push_back(size);
    if (next == end)
      return shape;
    at = next;
  }
}

std::string indexText(std::span<const int64_t> index) {
  std::string text = "[";
  for (int64_t i : index)
    text += (text.size() > 1 ? ", " : "") + std::to_string(i);
  return text + "]";
}

void printText(const Mapping &map) {
  map.forEachElement([](int64_t, std::span<const int64_t> index, Position at) {
    std::cout << indexText(index) << " -> " << at.word << ":" << at.bit << "\n";
    return true;
  });
}

/// One line for each word: its fields from bit 0 upwards; padding is a dot.
void printGrid(const Mapping &map, const Layout &layout) {
  auto fields = static_cast<std::size_t>(layout.fieldsPerWord());
  std::vector<std::string> cells(static_cast<std::size_t>(map.words()) * fields, ".");
  std::size_t width = 1;
  map.forEachElement([&](int64_t, std::span<const int64_t> index, Position at) {
    std::string &cell =
        cells[static_cast<std::size_t>(at.word) * fields + static_cast<std::size_t>(at.bit / layout.bits)];
    cell.clear();
    for (int64_t i : index)
      cell += (cell.empty() ? "" : ",") + std::to_string(i);
    width = std::max(width, cell.size());
    return true;
  });
  std::size_t wordWidth = std::to_string(map.words() - 1).size();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i % fields == 0) {
      std::string word = std::to_string(i / fields);
      std::cout << "word " << std::string(wordWidth - word.size(), ' ') << word << " |";
    }
    std::cout << " " << std::string(width - cells[i].size(), ' ') << cells[i];
    if (i % fields == fields - 1)
      std::cout << "\n";
  }
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app(description, "nibble-layout");
  std::string layoutText, shapeText, format = "text";
  app.add_option("--layout", layoutText, "The layout, in the form above")->required()->type_name("LAYOUT");
  app.add_option("--shape", shapeText, "Sizes of the logical dims, joined by 'x'; for example 4x6")
      ->required()
      ->type_name("SHAPE");
  app.add_option("--format", format,
                 "text: one line '[index] -> word:bit' for each element, in row-major order; grid: one line for each "
                 "word, its fields from bit 0 upwards, '.' for padding")
      ->capture_default_str()
      ->type_name("text|grid");
  if (std::optional<int> status = tools::parse(app, argc, argv))
    return *status;
  if (format != "text" && format != "grid")
    return fail("--format=" + format + " is unknown; known: text grid");

  Result<Layout> layout = parse(layoutText);
  if (!layout)
    return fail("--layout: " + layout.error());
  Result<std::vector<int64_t>> shape = parseShape(shapeText);
  if (!shape)
    return fail(shape.error());
  Result<Mapping> map = Mapping::create(*layout, *shape);
  if (!map)
    return fail(map.error());
  if (map->words() * layout->fieldsPerWord() > maxFields)
    return fail("--shape=" + shapeText + " has more than " + std::to_string(maxFields) +
                " fields to print; choose a smaller shape");

  std::cout << "layout: " << print(*layout) << "\n"
            << "shape: " << shapeText << ", " << map->elements() << " elements in " << map->words() << " words of "
            << layout->wordBits << " bits, " << map->bytes() << " bytes\n";
  if (format == "grid")
    printGrid(*map, *layout);
  else
    printText(*map);
  return 0;
}
