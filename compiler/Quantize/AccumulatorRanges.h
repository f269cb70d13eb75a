// R5: which accumulators the weights of a contraction can reach.
#ifndef NIBBLE_COMPILER_QUANTIZE_ACCUMULATORRANGES_H
#define NIBBLE_COMPILER_QUANTIZE_ACCUMULATORRANGES_H

#include "compiler/Reference/Accumulator.h"
#include "dialects/Nibble/IR/Nibble.h"
#include <optional>
#include <vector>

namespace nibble {

/// One range per output channel of a contraction on quantised element types with constant weights; nothing if an
/// operand is not quantised or the weights are not a constant.
std::optional<std::vector<reference::AccumulatorRange>> accumulatorRanges(ContractionOpInterface op);

} // namespace nibble

#endif
