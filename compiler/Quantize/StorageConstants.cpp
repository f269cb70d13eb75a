// Quantisers of constants, evaluated when compiling.
#include "compiler/Quantize/StorageConstants.h"
#include "compiler/Graph/Elements.h"
#include "compiler/Reference/Quantize.h"

using namespace mlir;

namespace nibble {

FailureOr<ElementsAttr> quantizeConstant(Operation *op, ArrayRef<float> values, ArrayRef<int64_t> shape, Type grid,
                                         StringRef name) {
  auto facts = gridFacts(grid);
  if (!facts || !facts->known)
    return op->emitOpError("cannot quantise a constant to ") << grid << ", which has no scale; run nibble-freeze first";
  int64_t inner = 1, channels = 1;
  if (facts->axis >= 0) {
    channels = shape[facts->axis];
    for (int64_t d : shape.drop_front(facts->axis + 1))
      inner *= d;
  }
  reference::Grid bounds{static_cast<int32_t>(facts->qmin), static_cast<int32_t>(facts->qmax)};
  std::vector<int32_t> integers(values.size());
  for (auto [i, v] : llvm::enumerate(values)) {
    int64_t c = facts->group      ? static_cast<int64_t>(i) / facts->group
                : facts->axis < 0 ? 0
                                  : static_cast<int64_t>(i) / inner % channels;
    if (facts->binary)
      integers[i] = reference::sign(v);
    else
      integers[i] = reference::quantize(v, {facts->scales[c], static_cast<int32_t>(facts->zeros[c])}, bounds);
  }
  auto storage = makeStorage(op->getContext(), shape, integers, name.empty() ? "constant" : name.str() + ".q");
  if (!storage)
    return op->emitOpError("makes unsigned 16-bit constants, which have no storage type; use a signed quantiser");
  return *storage;
}

} // namespace nibble
