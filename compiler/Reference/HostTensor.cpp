// Construction of host tensors.
#include "compiler/Reference/HostTensor.h"
#include "compiler/Reference/Quantize.h"

#include <algorithm>
#include <utility>

namespace nibble::reference {

ChannelIndex::ChannelIndex(const std::vector<int64_t> &shape, int64_t axis, int64_t group) {
  if (group > 0) {
    for (int64_t size : shape)
      count *= static_cast<std::size_t>(std::max<int64_t>(size, 1));
    inner = static_cast<std::size_t>(group), count = std::max<std::size_t>(count / inner, 1);
    return;
  }
  if (axis < 0)
    return;
  // At least 1, so that a tensor without elements does not divide by zero.
  auto position = static_cast<std::size_t>(axis);
  count = static_cast<std::size_t>(std::max<int64_t>(shape[position], 1));
  for (std::size_t d = position + 1; d < shape.size(); ++d)
    inner *= static_cast<std::size_t>(std::max<int64_t>(shape[d], 1));
}

HostTensor HostTensor::ofFloats(std::vector<int64_t> shape, std::vector<float> values) {
  return {std::move(shape), std::move(values), {}, std::nullopt};
}

HostTensor HostTensor::ofInts(std::vector<int64_t> shape, std::vector<int64_t> values) {
  return {std::move(shape), {}, std::move(values), std::nullopt};
}

HostTensor HostTensor::onGrid(std::vector<int64_t> shape, std::vector<int64_t> q, HostGrid grid) {
  ChannelIndex channel(shape, grid);
  std::vector<float> values(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::size_t c = channel(i);
    values[i] = dequantize(static_cast<int32_t>(q[i]), {grid.scales[c], static_cast<int32_t>(grid.zeros[c])});
  }
  return {std::move(shape), std::move(values), std::move(q), std::move(grid)};
}

std::size_t HostTensor::size() const {
  std::size_t count = 1;
  for (int64_t d : shape)
    count *= static_cast<std::size_t>(d);
  return count;
}

} // namespace nibble::reference
