// R5: which accumulators the weights of a contraction can reach.
#include "compiler/Quantize/AccumulatorRanges.h"
#include "compiler/Graph/Elements.h"

using namespace mlir;

namespace nibble {

std::optional<std::vector<reference::AccumulatorRange>> accumulatorRanges(ContractionOpInterface op) {
  auto x = cast<RankedTensorType>(op.getActivation().getType()), w = cast<RankedTensorType>(op.getWeights().getType());
  if (!isQuantizedType(x.getElementType()) || !isQuantizedType(w.getElementType()))
    return std::nullopt;
  auto xFacts = gridFacts(x.getElementType()), wFacts = gridFacts(w.getElementType());
  auto constant = op.getWeights().getDefiningOp<ConstantOp>();
  if (!xFacts || !xFacts->known || xFacts->axis >= 0 || !wFacts || !wFacts->known || !constant)
    return std::nullopt;
  auto values = readIntegers(constant.getValue());
  int64_t channels = w.getDimSize(0), depth = op.getDepth();
  if (!values || static_cast<int64_t>(values->size()) != channels * depth)
    return std::nullopt;
  auto lo = static_cast<int32_t>(xFacts->qmin - xFacts->zeros[0]),
       hi = static_cast<int32_t>(xFacts->qmax - xFacts->zeros[0]);
  // Each group of weights with a scale of its own has an accumulator of its own (R7.5).
  const int64_t length = wFacts->group ? wFacts->group : depth;
  std::vector<reference::AccumulatorRange> ranges;
  for (int64_t i = 0; i < channels * depth / length; ++i) {
    auto zero = static_cast<int32_t>(wFacts->zeros[wFacts->zeros.size() == 1 ? 0 : i]);
    std::vector<int32_t> row(values->begin() + i * length, values->begin() + (i + 1) * length);
    for (int32_t &v : row)
      v -= zero;
    ranges.push_back(reference::accumulatorRange(row, lo, hi));
  }
  return ranges;
}

} // namespace nibble
