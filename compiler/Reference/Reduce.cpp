// Rules R9.2 to R9.5: reductions in blocks of 256 rows, batch statistics, softmax, loss and pooling.
#include "compiler/Reference/Reduce.h"
#include "compiler/Reference/Functions.h"

#include <cmath>

namespace nibble::reference {

float pairwiseSum(std::vector<float> partial) {
  if (partial.empty())
    return 0.0f;
  while (partial.size() > 1) {
    std::size_t half = partial.size() / 2;
    for (std::size_t i = 0; i < half; ++i)
      partial[i] = partial[2 * i] + partial[2 * i + 1];
    if (partial.size() % 2 != 0)
      partial[half++] = partial.back();
    partial.resize(half);
  }
  return partial.front();
}

float rowSum(std::span<const float> values) {
  return reduceRows(values.size(), [&](float acc, std::size_t row) { return acc + values[row]; });
}

float rowDot(std::span<const float> a, std::span<const float> b) {
  return reduceRows(a.size(), [&](float acc, std::size_t row) { return std::fma(a[row], b[row], acc); });
}

float contract(std::span<const float> a, std::span<const float> b) {
  float acc = 0.0f;
  for (std::size_t k = 0; k < a.size(); ++k)
    acc = std::fma(a[k], b[k], acc);
  return acc;
}

Statistics batchStatistics(std::span<const float> values) {
  if (values.empty())
    return {};
  auto n = static_cast<float>(values.size());
  float mean = rowSum(values) / n;
  float squares = reduceRows(values.size(), [&](float acc, std::size_t row) {
    float d = values[row] - mean;
    return acc + d * d;
  });
  return {mean, squares / n};
}

namespace {

float maximum(std::span<const float> x) { return x[maxTap(x)]; }

} // namespace

void softmax(std::span<const float> x, std::span<float> out) {
  float max = maximum(x), sum = 0.0f;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = exp(x[i] - max);
    sum = sum + out[i];
  }
  for (float &value : out)
    value = value / sum;
}

float crossEntropy(std::span<const float> x, std::size_t label) {
  float max = maximum(x), sum = 0.0f;
  for (float value : x)
    sum = sum + exp(value - max);
  return log(sum) - (x[label] - max);
}

std::size_t maxTap(std::span<const float> taps) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < taps.size(); ++i)
    best = taps[i] > taps[best] ? i : best;
  return best;
}

float averageOfTaps(std::span<const float> taps) {
  float sum = 0.0f;
  for (float x : taps)
    sum = sum + x;
  return sum * (1.0f / static_cast<float>(taps.size()));
}

float averageOfGrid(int64_t sum, float scale, int64_t count) {
  return static_cast<float>(sum) * (scale / static_cast<float>(count));
}

} // namespace nibble::reference
