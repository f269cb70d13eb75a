// The list of cases.
#include "test/bench/compare/Case.h"

namespace nibble::bench {
namespace {

// Activations, then weights.
constexpr Operand f32{}, u8{Format::Unsigned, 8}, u4{Format::Unsigned, 4}, u2{Format::Unsigned, 2},
    s8{Format::Signed, 8}, ternary{Format::Ternary, 2}, binary{Format::Binary, 1};
constexpr Operand s8Channel{Format::Signed, 8, true}, s8Worst{Format::Signed, 8, false, true},
    s4Channel{Format::Signed, 4, true}, s2Channel{Format::Signed, 2, true};

const std::vector<Operands> &operandPairs() {
  static const std::vector<Operands> pairs = {
      {"f32xf32", f32, f32, Route::Fma},
      {"u8xs8-tensor", u8, s8, Route::Byte},
      {"u8xs8-channel", u8, s8Channel, Route::Byte},
      {"u8xs8-worst", u8, s8Worst, Route::ExactByte},
      {"s8xs8-channel", s8, s8Channel, Route::ExactByte},
      {"u8xs4", u8, s4Channel, Route::ShortSum},
      {"u4xs4", u4, s4Channel, Route::ShortSum},
      {"u2xs2", u2, s2Channel, Route::TwoBitLut},
      {"s8xt2", s8, ternary, Route::ShortSum},
      {"s8xb1", s8, binary, Route::ShortSum},
      {"t2xt2", ternary, ternary, Route::TernaryLut},
      {"b1xb1", binary, binary, Route::BinaryLut},
      {"s8xs4g128", s8, s4Channel, Route::ShortSum, 128},
      {"f32xs4g128", f32, s4Channel, Route::FmaUnpack4, 128},
  };
  return pairs;
}

constexpr Shape product(int64_t m, int64_t n, int64_t k, bool quick = false) {
  return {m, 1, 1, k, n, 1, 1, false, quick};
}
constexpr Shape convolution(int64_t size, int64_t width, int64_t c, int64_t o, int64_t window, bool quick = false) {
  return {1, size, width, c, o, window, window, false, quick};
}
constexpr Shape depthwise(int64_t size, int64_t width, int64_t c, int64_t window, bool quick = false) {
  return {1, size, width, c, c, window, window, true, quick};
}

constexpr Shape shapes[] = {
    product(1, 4096, 4096, true),
    product(1, 1001, 1531),
    product(64, 1024, 1024),
    product(512, 512, 512, true),
    product(512, 512, 4096),
    product(1024, 1024, 1024),
    product(3136, 64, 576),
    product(196, 512, 2304),
    product(17, 31, 67, true),
    product(251, 193, 509),
    convolution(56, 56, 64, 64, 3, true),
    convolution(14, 14, 256, 256, 3),
    convolution(28, 28, 128, 128, 1),
    convolution(23, 19, 37, 41, 3),
    depthwise(56, 56, 128, 3, true),
    depthwise(14, 14, 480, 5),
    depthwise(23, 19, 37, 3),
};

/// Sum over the output positions of one dimension of the taps that lie inside the image.
int64_t validTaps(int64_t size, int64_t window) {
  int64_t taps = 0;
  for (int64_t at = 0; at < size; ++at)
    for (int64_t k = 0; k < window; ++k) {
      const int64_t from = at + k - (window - 1) / 2;
      taps += from >= 0 && from < size;
    }
  return taps;
}

} // namespace

std::string Shape::op() const {
  if (linear())
    return batch == 1 ? "gemv" : "gemm";
  return depthwise ? "dwconv" : "conv";
}

std::string Shape::str() const {
  auto join = [](std::initializer_list<int64_t> numbers) {
    std::string text;
    for (int64_t v : numbers)
      text += (text.empty() ? "" : "x") + std::to_string(v);
    return text;
  };
  return linear() ? join({batch, o, c}) : join({h, w, c}) + "-" + join({o, kh, kw});
}

int64_t Shape::macs() const { return batch * validTaps(h, kh) * validTaps(w, kw) * perGroup() * o; }

double Case::bytes() const {
  auto width = [](const Operand &operand) { return operand.bits / 8.0; };
  const auto count = [](int64_t n) { return static_cast<double>(n); };
  const double scales = operands.group ? count(shape.weights()) / count(operands.group) * sizeof(float) : 0;
  return count(shape.inputs()) * width(operands.a) + count(shape.weights()) * width(operands.w) + scales +
         count(shape.outputs()) * width(operands.a); // the result has the form of the input
}

std::vector<Case> allCases() {
  std::vector<Case> cases;
  for (const Operands &pair : operandPairs())
    for (const Shape &shape : shapes)
      if (!pair.group || (shape.linear() && shape.c % pair.group == 0))
        cases.push_back({pair, shape});
  return cases;
}

} // namespace nibble::bench
