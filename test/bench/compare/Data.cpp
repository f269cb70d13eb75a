// Data of a case.
#include "test/bench/compare/Data.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace nibble::bench {

int64_t highest(const Operand &operand) {
  switch (operand.format) {
  case Format::Unsigned:
    return (int64_t(1) << operand.bits) - 1;
  case Format::Signed:
    return (int64_t(1) << (operand.bits - 1)) - 1;
  default:
    return 1;
  }
}
int64_t lowest(const Operand &operand) {
  switch (operand.format) {
  case Format::Unsigned:
    return 0;
  case Format::Signed:
    return -highest(operand) - 1;
  default:
    return -1;
  }
}

Data makeData(const Case &c) {
  std::mt19937_64 random(20240517);
  Data data;
  data.input.resize(static_cast<size_t>(c.shape.inputs()));
  data.weight.resize(static_cast<size_t>(c.shape.weights()));
  const int64_t low = lowest(c.operands.a), count = highest(c.operands.a) - low + 1;
  for (float &x : data.input) {
    const uint64_t bits = random() >> 32;
    switch (c.operands.a.format) {
    case Format::F32:
      x = static_cast<float>(bits) * 0x1p-31f - 1;
      break;
    case Format::Binary:
      x = bits & 1 ? 1.0f : -1.0f;
      break;
    default:
      x = static_cast<float>(low + static_cast<int64_t>(bits % static_cast<uint64_t>(count)));
    }
  }
  if (c.operands.w.worst) {
    for (float &w : data.weight)
      w = static_cast<float>(random() >> 63 ? highest(c.operands.w) : -highest(c.operands.w));
    return data;
  }
  std::normal_distribution<float> normal;
  for (float &w : data.weight)
    w = normal(random);
  return data;
}

double spread(const Case &c) {
  const double low = static_cast<double>(lowest(c.operands.a)), high = static_cast<double>(highest(c.operands.a));
  double square = (low * low + low * high + high * high) / 3; // mean of x^2 for x between low and high
  if (c.operands.a.format == Format::Binary || c.operands.a.format == Format::F32)
    square = c.operands.a.format == Format::F32 ? 1.0 / 3 : 1;
  const double weight = c.operands.w.worst ? static_cast<double>(highest(c.operands.w)) : 1;
  return std::sqrt(static_cast<double>(c.shape.depth()) * square) * weight;
}

IntegerData makeIntegers(const Case &c, const Data &data) {
  IntegerData integers;
  integers.inputSigned = c.operands.a.format != Format::Unsigned;
  integers.perChannel = c.operands.w.perChannel;
  integers.input.assign(data.input.begin(), data.input.end());
  integers.weight.resize(data.weight.size());
  const size_t row = integers.perChannel ? static_cast<size_t>(c.shape.depth()) : data.weight.size();
  const float top = static_cast<float>(highest(c.operands.w));
  float last = 1;
  for (size_t first = 0; first < data.weight.size(); first += row) {
    float largest = 0;
    for (size_t i = first; i < first + row; ++i)
      largest = std::max(largest, std::fabs(data.weight[i]));
    last = largest > 0 ? top / largest : 1;
    for (size_t i = first; i < first + row; ++i)
      integers.weight[i] = static_cast<int8_t>(std::clamp(std::nearbyint(data.weight[i] * last), -top, top));
  }
  const float half = integers.inputSigned ? 127.0f : 255.0f;
  integers.multiplier = half / (3 * static_cast<float>(spread(c)) * last);
  return integers;
}

IntegerData extremeIntegers(const Case &c) {
  IntegerData integers;
  integers.inputSigned = c.operands.a.format != Format::Unsigned;
  integers.perChannel = c.operands.w.perChannel;
  const auto a = static_cast<int16_t>(highest(c.operands.a));
  const auto w = static_cast<int8_t>(highest(c.operands.w));
  integers.input.assign(static_cast<size_t>(c.shape.inputs()), a);
  integers.weight.assign(static_cast<size_t>(c.shape.weights()), w);
  integers.multiplier = extremeResult / (static_cast<float>(a * w) * static_cast<float>(c.shape.depth()));
  return integers;
}

} // namespace nibble::bench
