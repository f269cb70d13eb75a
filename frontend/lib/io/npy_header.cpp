// The header of a .npy file: magic, version, length, and a Python dictionary with three keys
// (numpy.lib.format; NEP 1).
#include "frontend/lib/io/npy.h"

#include <nibble/error.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace nibble::io {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct TypeName {
  std::string_view descr;
  ElementType type;
};
constexpr TypeName typeNames[] = {
    {"|b1", ElementType::boolean}, {"|u1", ElementType::u8},  {"|i1", ElementType::i8},  {"<u2", ElementType::u16},
    {"<i2", ElementType::i16},     {"<u4", ElementType::u32}, {"<i4", ElementType::i32}, {"<u8", ElementType::u64},
    {"<i8", ElementType::i64},     {"<f2", ElementType::f16}, {"<f4", ElementType::f32}, {"<f8", ElementType::f64},
};

// The few literals of Python that a header holds: strings without escapes, True, False and tuples of integers.
class Parser {
public:
  Parser(std::string_view text, const std::string &source) : text(text), source(source) {}

  [[noreturn]] void fail(const std::string &what) const { throw Error(source, "damaged .npy header: " + what); }

  bool accept(char c) {
    skipBlanks();
    if (text.empty() || text.front() != c)
      return false;
    text.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      fail(std::string("'") + c + "' expected");
  }
  bool atEnd() {
    skipBlanks();
    return text.empty();
  }
  std::string_view string() {
    skipBlanks();
    char quote = text.empty() ? '\0' : text.front();
    if (quote != '\'' && quote != '"')
      fail("a string expected");
    std::size_t end = text.find(quote, 1);
    if (end == std::string_view::npos)
      fail("a string does not end");
    std::string_view result = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return result;
  }
  bool boolean() {
    skipBlanks();
    for (std::string_view word : {"True", "False"})
      if (text.starts_with(word)) {
        text.remove_prefix(word.size());
        return word == "True";
      }
    fail("True or False expected");
  }
  Shape shape() {
    Shape result;
    expect('(');
    while (!accept(')')) {
      result.push_back(integer());
      if (result.size() > Array::max_rank)
        throw Error(source, "the array has more than " + std::to_string(Array::max_rank) + " dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }

private:
  void skipBlanks() {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\t'))
      text.remove_prefix(1);
  }
  std::int64_t integer() {
    skipBlanks();
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[digits] - '0', &value))
        fail("an extent is too large");
    if (digits == 0)
      fail("an extent that is not a non-negative integer");
    text.remove_prefix(digits);
    accept('L'); // Python 2
    return value;
  }

  std::string_view text;
  const std::string &source;
};

ElementType elementType(std::string_view descr, const std::string &source) {
  for (const TypeName &name : typeNames)
    if (name.descr == descr || (descr.size() == 3 && descr[0] == '<' && name.descr.substr(1) == descr.substr(1)))
      return name.type;
  if (descr.starts_with('>'))
    throw Error(source, "big-endian elements ('" + std::string(descr) +
                            "') are not supported; save the array with array.astype(array.dtype.newbyteorder('<'))");
  throw Error(source,
              "element type '" + std::string(descr) + "' is not supported; use bool, an integer or float16/32/64");
}

} // namespace

NpyHeader parseNpyHeader(std::span<const std::byte> bytes, const std::string &source) {
  auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
  if (bytes.size() < 10 || std::memcmp(data, magic.data(), magic.size()) != 0)
    throw Error(source, "this is not a .npy file, or it is truncated");
  int major = data[6];
  if (major < 1 || major > 3 || data[7] != 0)
    throw Error(source, ".npy format " + std::to_string(major) + "." + std::to_string(data[7]) + " is not known");
  std::size_t begin = major == 1 ? 10 : 12;
  if (bytes.size() < begin)
    throw Error(source, "the .npy header is truncated");
  std::size_t length = data[8] | std::size_t{data[9]} << 8;
  if (major > 1)
    length |= std::size_t{data[10]} << 16 | std::size_t{data[11]} << 24;
  if (length > bytes.size() - begin)
    throw Error(source, "the .npy header is truncated");

  Parser parser({reinterpret_cast<const char *>(data) + begin, length}, source);
  std::optional<std::string_view> descr;
  std::optional<bool> fortran;
  std::optional<Shape> shape;
  parser.expect('{');
  while (!parser.accept('}')) {
    std::string_view key = parser.string();
    parser.expect(':');
    if (key == "descr" && !descr)
      descr = parser.string();
    else if (key == "fortran_order" && !fortran)
      fortran = parser.boolean();
    else if (key == "shape" && !shape)
      shape = parser.shape();
    else
      parser.fail("unexpected key '" + std::string(key) + "'");
    if (!parser.accept(',')) {
      parser.expect('}');
      break;
    }
  }
  if (!descr || !fortran || !shape || !parser.atEnd())
    parser.fail("'descr', 'fortran_order' and 'shape' expected, and nothing else");
  if (*fortran)
    throw Error(source, "the array is in Fortran order, which is not supported; save numpy.ascontiguousarray(array)");
  return {elementType(*descr, source), std::move(*shape), begin + length};
}

std::string makeNpyHeader(ElementType type, const Shape &shape, const std::string &source) {
  const TypeName *name =
      std::find_if(std::begin(typeNames), std::end(typeNames), [&](auto &n) { return n.type == type; });
  if (name == std::end(typeNames))
    throw Error(source, "the .npy format has no element type " + to_string(type));
  std::string text = "{'descr': '" + std::string(name->descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i ? " " : "") + std::to_string(shape[i]) + (i + 1 < shape.size() || i == 0 ? "," : "");
  text += "), }";
  // The elements begin at a multiple of 64; the header ends with a newline. It is short: rank <= 8.
  std::size_t length = (10 + text.size() + 1 + 63) / 64 * 64 - 10;
  text.resize(length - 1, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\1', '\0', static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  return header + text;
}

} // namespace nibble::io
