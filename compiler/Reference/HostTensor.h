// A tensor on the host: what the interpreter takes, computes with and gives. Plain C++: no MLIR.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace nibble::reference {

/// Where the values of a tensor lie (R7): value = f32(q - zero) * scale. One scale and zero point, or one for each
/// index of dimension `axis`, or for each `group` neighbours of `axis`, the last dimension then (R7.5). Binary values
/// have scale 1 and zero point 0.
struct HostGrid {
  std::vector<float> scales = {1.0f};
  std::vector<int64_t> zeros = {0};
  int64_t axis = -1;
  int64_t group = 0;
  bool operator==(const HostGrid &) const = default;
};

/// Maps the row-major number of an element to its index along one dimension (to 0 for axis -1), or to the number of its
/// group of neighbours: in either case to that of its scale.
class ChannelIndex {
public:
  ChannelIndex(const std::vector<int64_t> &shape, int64_t axis, int64_t group = 0);
  ChannelIndex(const std::vector<int64_t> &shape, const HostGrid &grid) : ChannelIndex(shape, grid.axis, grid.group) {}
  std::size_t operator()(std::size_t flat) const { return flat / inner % count; }
  std::size_t channels() const { return count; }

private:
  std::size_t inner = 1, count = 1;
};

/// Elements in row-major order. An f32 tensor has `f32` only; an i32 tensor `ints` only; a tensor on a grid (f32 with
/// `#nibble.grid` or of a quantised element type) has the real values in `f32`, the integers q in `ints`, and `grid`.
struct HostTensor {
  std::vector<int64_t> shape;
  std::vector<float> f32;
  std::vector<int64_t> ints;
  std::optional<HostGrid> grid;

  static HostTensor ofFloats(std::vector<int64_t> shape, std::vector<float> values);
  static HostTensor ofInts(std::vector<int64_t> shape, std::vector<int64_t> values);
  static HostTensor scalar(float value) { return ofFloats({}, {value}); }
  /// The value of q on a grid; the real values are computed (R1.3). `grid` has as many scales and zeros as channels.
  static HostTensor onGrid(std::vector<int64_t> shape, std::vector<int64_t> q, HostGrid grid);

  /// Product of the sizes.
  std::size_t size() const;
  /// Size of the last dimension, 1 for a scalar.
  std::size_t lastSize() const { return shape.empty() ? 1 : static_cast<std::size_t>(shape.back()); }
  /// The same real values off every grid.
  HostTensor offGrid() const { return ofFloats(shape, f32); }
};

} // namespace nibble::reference
