// The numbers that a case computes with, the same in every run.
#pragma once
#include "test/bench/compare/Case.h"

namespace nibble::bench {

/// Largest integer of an operand, and the lowest.
int64_t highest(const Operand &operand);
int64_t lowest(const Operand &operand);

/// Input [batch, h, w, c] and weights [o, kh, kw, c / groups] as real numbers. Inputs lie on the grid of scale 1 (all
/// of its integers are equally likely); weights are normal with variance 1, or +-qmax for the worst case.
struct Data {
  std::vector<float> input, weight;
};
Data makeData(const Case &c);

/// The same for libraries that take 8-bit integers: the input as it is, the weights rounded to their grid. Formats
/// below 8 bits stand one to a byte.
struct IntegerData {
  std::vector<int16_t> input; ///< 0..255, or -128..127 where the format is signed.
  std::vector<int8_t> weight; ///< [o, kh, kw, c / groups]
  bool inputSigned = false;
  bool perChannel = false;
  /// 1 / (output scale): the result is clamp(sum * multiplier), of the input's signedness.
  float multiplier = 1;
};
IntegerData makeIntegers(const Case &c, const Data &data);

/// All inputs and all weights at the largest of the case's formats: the sum over all taps times the multiplier is 100,
/// to far less than half a step. What a library gives tells whether its sums saturate, or its weights were rounded
/// again.
IntegerData extremeIntegers(const Case &c);
inline constexpr int extremeResult = 100;

/// Standard deviation of the sums of a case, in units of the data's numbers.
double spread(const Case &c);

} // namespace nibble::bench
