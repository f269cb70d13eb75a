// Named tensors as passes read them. Plain C++: tools and the frontend fill it from files, the compiler reads no file.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace nibble {

/// f32 values in row-major order; as many as the product of the shape.
struct WeightTensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// Parameter name ("conv1.weight", "bn1.mean") -> value. A name with a colon ("conv1.weight:m") is a slot of an
/// optimiser, which no pass asks for.
using WeightTable = std::map<std::string, WeightTensor>;

/// "nan at [0, 3]": the first value that is not finite, with its index; empty if all are.
std::string nonFinite(std::span<const int64_t> shape, std::span<const float> values);

} // namespace nibble
