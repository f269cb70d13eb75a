// Short forms for the interpreter's tests.
#pragma once
#include "test/unit/Equivalence.h"

#include <cmath>
#include <gmock/gmock.h>
#include <limits>
#include <random>

namespace nibble::test {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

inline HostTensor floats(std::vector<int64_t> shape, std::vector<float> values) {
  return HostTensor::ofFloats(std::move(shape), std::move(values));
}
inline HostTensor integers(std::vector<int64_t> shape, std::vector<int64_t> values) {
  return HostTensor::ofInts(std::move(shape), std::move(values));
}
inline HostTensor vector(std::vector<float> values) {
  auto size = static_cast<int64_t>(values.size());
  return HostTensor::ofFloats({size}, std::move(values));
}
/// Values in [-1, 1) with full 24-bit significands: the order of a sum shows in its last bits.
inline HostTensor noise(std::vector<int64_t> shape, uint32_t seed) {
  HostTensor t = HostTensor::ofFloats(std::move(shape), {});
  std::mt19937 random(seed);
  t.f32.resize(t.size());
  for (float &v : t.f32)
    v = (static_cast<float>(random() >> 8) - 0x1p23f) * 0x1p-23f;
  return t;
}

/// The only result of `func.func @f(ARGUMENTS) -> RESULT { %r = BODY; return %r }`.
inline std::string functionOf(const std::string &arguments, const std::string &body, const std::string &result) {
  return "func.func @f(" + arguments + ") -> " + result + " {\n" + body + "\nreturn %r : " + result + "\n}";
}
inline HostTensor runOne(const std::string &arguments, const std::string &body, const std::string &result,
                         std::vector<HostTensor> inputs) {
  auto results = run(functionOf(arguments, body, result), inputs);
  return results.empty() ? HostTensor() : results.front();
}
inline std::string errorOf(const std::string &arguments, const std::string &body, const std::string &result,
                           std::vector<HostTensor> inputs) {
  return runError(functionOf(arguments, body, result), inputs);
}

/// Bit-equal values (a matcher of -0 and +0 apart).
inline void expectBits(const std::vector<float> &actual, const std::vector<float> &expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_TRUE(sameBits(actual[i], expected[i]))
        << "element " << i << ": " << actual[i] << ", expected " << expected[i];
}

} // namespace nibble::test
