// The block of binary networks: sign is the quantiser, padding is +1.
#include <nibble/models.h>
#include <nibble/ops.h>

namespace nibble::models {

Tensor binary_block(const Tensor &x, std::int64_t channels, std::string_view name, std::source_location where) {
  Tensor b = x.sign(GradientEstimator::clipped, where);
  if (!b.valid())
    return b;
  Shape shape = b.shape();
  Shape weight = {channels, 3, 3, shape.empty() ? 1 : shape.back()};
  Tensor w = b.graph().param(std::string(name) + ".weight", weight, Initializer::he_normal, where);
  Tensor h = conv2d(b, w.sign(GradientEstimator::clipped, where), {.pad = Pad::same_plus_one}, where);
  return batch_norm(h, name, {}, where);
}

} // namespace nibble::models
