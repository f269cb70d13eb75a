// The interpreter, for callers without MLIR.
#pragma once
#include "compiler/Graph/WeightTable.h"

namespace nibble::bench {

/// Interprets the only function of a module of the graph stage: one input of this shape to one output. Throws nothing;
/// after an error, which goes to standard error, the result is empty.
std::vector<float> interpretModel(const std::string &module, const WeightTable &weights,
                                  const std::vector<int64_t> &shape, const std::vector<float> &input);

} // namespace nibble::bench
