// Ops that change only the shape.
#include "frontend/lib/dsl/state.h"

#include <nibble/ops.h>

namespace nibble {

Tensor reshape(const Tensor &x, const Shape &shape, std::source_location where) {
  Call call("reshape", {x}, where);
  return call ? call.wrap(call.builder().reshape(call.place(), call.operand(0), shape)) : call.poison();
}

Tensor flatten(const Tensor &x, std::source_location where) {
  Call call("flatten", {x}, where);
  if (!call)
    return call.poison();
  Shape shape = call.shape(0);
  if (shape.empty())
    return call.error("flatten needs a batch dimension, got a single value");
  std::int64_t rest = 1;
  for (std::size_t d = 1; d < shape.size(); ++d)
    rest *= shape[d];
  return call.wrap(call.builder().reshape(call.place(), call.operand(0), {shape[0], rest}));
}

Tensor concat(const std::vector<Tensor> &tensors, std::int64_t axis, std::source_location where) {
  Call call("concat", tensors, where);
  if (!call)
    return call.poison();
  const auto rank = static_cast<std::int64_t>(call.shape(0).size());
  if (axis < -rank || axis >= rank)
    return call.error("concat along dimension " + std::to_string(axis) + " of tensors with " + std::to_string(rank) +
                      " dimensions: count from 0, the batch, or from -1, the last");
  return call.create("concat", {{"axis", axis < 0 ? axis + rank : axis}});
}

Tensor pad(const Tensor &x, const PadOptions &options, std::source_location where) {
  Call call("pad", {x}, where);
  if (!call)
    return call.poison();
  return call.create("pad", {{"low", options.low}, {"high", options.high}, {"value", options.value}});
}

} // namespace nibble
