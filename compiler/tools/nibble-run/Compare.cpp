// Comparison of arrays, element by element.
#include "compiler/tools/nibble-run/Compare.h"
#include "compiler/tools/nibble-run/Signature.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>

namespace nibble::tools {
namespace {

uint32_t wordOf(const Array &array, int64_t i) {
  uint32_t word;
  std::memcpy(&word, array.bytes().data() + i * 4, 4);
  return word;
}

float floatOf(uint32_t word) {
  float value;
  std::memcpy(&value, &word, 4);
  return value;
}

void print(llvm::raw_ostream &out, ElementType type, uint32_t word) {
  out << llvm::format("0x%08x (", word);
  if (type == ElementType::f32)
    out << llvm::format("%.9g)", static_cast<double>(floatOf(word)));
  else
    out << static_cast<int32_t>(word) << ")";
}

} // namespace

std::string differenceOf(const Array &actual, const Array &expected) {
  if (actual.type() != expected.type() || actual.shape() != expected.shape())
    return "it is " + textOf(actual.type(), actual.shape()) + ", expected " + textOf(expected.type(), expected.shape());
  int64_t different = 0, first = 0;
  for (int64_t i = 0; i < actual.size(); ++i) {
    uint32_t a = wordOf(actual, i), b = wordOf(expected, i);
    if (a == b || (actual.type() == ElementType::f32 && std::isnan(floatOf(a)) && std::isnan(floatOf(b))))
      continue;
    if (different++ == 0)
      first = i;
  }
  if (different == 0)
    return {};
  Shape index(actual.shape().size());
  int64_t rest = first;
  for (size_t d = index.size(); d-- > 0; rest /= actual.shape()[d])
    index[d] = rest % actual.shape()[d];
  std::string text;
  llvm::raw_string_ostream out(text);
  out << different << " of " << actual.size() << " values differ; first at " << to_string(index) << ": ";
  print(out, actual.type(), wordOf(actual, first));
  out << ", expected ";
  print(out, actual.type(), wordOf(expected, first));
  return text;
}

} // namespace nibble::tools
