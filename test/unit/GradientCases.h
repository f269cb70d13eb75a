// Small functions whose gradients are compared with finite differences.
#pragma once
#include <ostream>
#include <string>
#include <vector>

namespace nibble::test {

/// One argument, an f32 tensor.
struct GradientArgument {
  std::string name, shape; ///< "x", "2x3" (empty: a scalar)
  bool trainable = true;   ///< Its gradient is compared.
  double offset = 0;       ///< Added to its values, which otherwise lie around 0.
  double step = 1.0 / 32;  ///< Distance of its values; they are odd multiples of half of it.
};

/// A function of the arguments that gives %y, and its smooth surrogate: the same function with its rounding left out.
/// Kinks of the surrogate lie on multiples of an argument's step, hence never closer to a value than half of it.
struct GradientCase {
  std::string name;
  std::vector<GradientArgument> arguments;
  std::string shape;          ///< Of %y.
  std::string body;           ///< MLIR.
  std::string surrogate = {}; ///< MLIR; the same when empty.
  std::string type = {};      ///< Of %y, when it is not f32 off every grid.
};

inline std::ostream &operator<<(std::ostream &out, const GradientCase &test) { return out << test.name; }

std::vector<GradientCase> gradientCases();

} // namespace nibble::test
