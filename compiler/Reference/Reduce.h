// Rules R9.2 to R9.5: reductions in blocks of 256 rows, batch statistics, softmax, loss and pooling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nibble::reference {

/// R9.2: rows of one block.
inline constexpr std::size_t kRowBlock = 256;

/// R9.2: adds neighbours level by level; an odd last value passes up unchanged. No value gives +0.
float pairwiseSum(std::vector<float> partial);

/// R9.2: `step(accumulator, row)` in turn over the rows of each block of 256, from +0; then pairwiseSum over the
/// blocks.
template <typename Step>
float reduceRows(std::size_t rows, Step step) {
  std::vector<float> partial;
  for (std::size_t begin = 0; begin < rows; begin += kRowBlock) {
    std::size_t end = rows - begin < kRowBlock ? rows : begin + kRowBlock;
    float acc = 0.0f;
    for (std::size_t row = begin; row < end; ++row)
      acc = step(acc, row);
    partial.push_back(acc);
  }
  return pairwiseSum(std::move(partial));
}

/// R9.2 with plain additions.
float rowSum(std::span<const float> values);

/// R9.2 with acc = fma(a, b, acc): one element of a weight gradient. Both spans have the same size.
float rowDot(std::span<const float> a, std::span<const float> b);

/// R9.1: acc = fma(a, b, acc) over k in turn from +0: one element of a float contraction. Both spans have the same
/// size.
float contract(std::span<const float> a, std::span<const float> b);

/// R9.3: mean and biased variance over rows; no rows give 0, 0.
struct Statistics {
  float mean = 0.0f;
  float variance = 0.0f;
};
Statistics batchStatistics(std::span<const float> values);

/// R9.4: out[i] = exp(x[i] - max) / sum. `out` has the size of `x`, at least 1.
void softmax(std::span<const float> x, std::span<float> out);

/// R9.4: log(sum of exp(x - max)) - (x[label] - max), the loss of one row.
float crossEntropy(std::span<const float> x, std::size_t label);

/// R9.5: the first tap that no later tap exceeds: starts at tap 0, moves where x > current. At least one tap.
std::size_t maxTap(std::span<const float> taps);

/// R9.5: plain sum in turn from +0, times f32(1 / number of taps). At least one tap.
float averageOfTaps(std::span<const float> taps);

/// R7.4: f32(sum) * f32(s / n) for the exact integer sum of n grid values less their zero point.
float averageOfGrid(int64_t sum, float scale, int64_t count);

} // namespace nibble::reference
