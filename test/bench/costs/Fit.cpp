// Least squares without negative costs, and the form of Costs.def.
#include "test/bench/costs/Fit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nibble::bench {

using kernels::costTerms;
using kernels::Terms;

double Fitted::errorOf(const Sample &sample) const {
  double predicted = 0;
  for (int i = 0; i < costTerms; ++i)
    predicted += costs[i] * sample.terms[i];
  return predicted / sample.picoseconds - 1;
}

// One cost at a time, each to where the sum of squares is least; the problem is convex and small.
Fitted fit(const std::vector<Sample> &samples) {
  double gram[costTerms][costTerms] = {}, target[costTerms] = {};
  for (const Sample &sample : samples)
    for (int i = 0; i < costTerms; ++i) {
      const double a = sample.terms[i] / sample.picoseconds;
      target[i] += a;
      for (int j = 0; j < costTerms; ++j)
        gram[i][j] += a * sample.terms[j] / sample.picoseconds;
    }
  Fitted fitted;
  for (int round = 0; round < 200000; ++round)
    for (int i = 0; i < costTerms; ++i) {
      if (gram[i][i] == 0)
        continue;
      double rest = target[i];
      for (int j = 0; j < costTerms; ++j)
        rest -= j == i ? 0 : gram[i][j] * fitted.costs[j];
      fitted.costs[i] = std::max(0.0, rest / gram[i][i]);
    }
  for (double &cost : fitted.costs) { // as they will be read
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", cost);
    cost = cost < 1e-3 ? 0 : std::strtod(text, nullptr);
  }
  for (const Sample &sample : samples) {
    const double error = std::abs(fitted.errorOf(sample));
    fitted.meanError += error / static_cast<double>(samples.size());
    fitted.worstError = std::max(fitted.worstError, error);
  }
  return fitted;
}

std::string costsHead(const std::string &machine) {
  return "// Measured costs of the kernels (Costs.h), in picoseconds. Written by kernel_costs (test/bench/costs), "
         "never by hand:\n"
         "//\n"
         "//   taskset -c 1 build/release/bin/bench/kernel_costs > costs && mv costs compiler/Kernels/Costs.def\n"
         "//\n"
         "// NIBBLE_COST_MACHINE(text)           where they were measured, with one core\n"
         "// NIBBLE_COST_LEVEL(name, features)   a set of target features, from the least to the most\n"
         "// NIBBLE_COST(level, kernel, one row, products, weights, activations, widenings, results, calls)\n"
         "//   one row     whether these are the costs of products of one row\n"
         "//   the others  the terms of Costs.h; behind each line the mean and the largest error of the fit\n"
         "// clang-format off\n"
         "#ifndef NIBBLE_COST_MACHINE\n#define NIBBLE_COST_MACHINE(...)\n#endif\n"
         "#ifndef NIBBLE_COST_LEVEL\n#define NIBBLE_COST_LEVEL(...)\n#endif\n"
         "#ifndef NIBBLE_COST\n#define NIBBLE_COST(...)\n#endif\n\n"
         "NIBBLE_COST_MACHINE(\"" +
         machine + "\")\n";
}

std::string costsLine(std::string_view level, const std::string &kernel, bool oneRow, const Fitted &fitted) {
  char text[256];
  std::string line = "NIBBLE_COST(" + std::string(level) + ", " + kernel + ", " + (oneRow ? "true" : "false");
  for (double cost : fitted.costs) {
    std::snprintf(text, sizeof text, ", %.4g", cost);
    line += text;
  }
  std::snprintf(text, sizeof text, ") // %.0f %%, %.0f %%\n", 100 * fitted.meanError, 100 * fitted.worstError);
  return line + text;
}

std::string costsTail() {
  return "\n#undef NIBBLE_COST_MACHINE\n#undef NIBBLE_COST_LEVEL\n#undef NIBBLE_COST\n// clang-format on\n";
}

} // namespace nibble::bench
