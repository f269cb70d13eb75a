// nibble::Tensor: a value of a graph.
#ifndef NIBBLE_TENSOR_H
#define NIBBLE_TENSOR_H

#include <nibble/array.h>
#include <nibble/qtype.h>

#include <source_location>
#include <string_view>

namespace nibble {

/// The batch dimension of a shape.
inline constexpr std::int64_t dyn = -1;

/// The element type of graph inputs.
inline constexpr ElementType f32 = ElementType::f32;

class Graph;

namespace detail {
struct GraphState;
struct Access;
} // namespace detail

/// A handle on a value of a graph: f32, batch first, images NHWC. Copies mean the same value; the graph lives as long
/// as any handle on it.
///
/// A call with a mistake records it in the graph with the caller's file and line and gives a *poisoned* tensor; calls
/// that take one do nothing and give another. So all mistakes of a model are reported at once, by Graph::check or the
/// first use.
class Tensor {
public:
  /// No value; every call that takes it is a mistake.
  Tensor() = default;
  Tensor(const Tensor &) = default; // no move: a handle that was given away still means its value
  Tensor &operator=(const Tensor &) = default;

  /// Neither empty nor poisoned.
  bool valid() const noexcept { return id_ >= 0; }

  /// The extents; dyn for the batch. Throws Error (all that was recorded) if the tensor is poisoned or empty.
  Shape shape() const;
  /// The graph this value belongs to; throws Error if the tensor is empty.
  Graph graph() const;

  /// Rounds to the grid of `type` and back to f32; what follows knows the grid. An activation (anything that depends on
  /// an input) takes its scale from its observed range, the state parameter "LAYER.range" = [min, max, batches seen].
  /// LAYER is `name`, or the layer that the value comes from: the batch norm's name, the weight's up to its last dot,
  /// or the input's; a second one of a layer is "LAYER.2.range". A weight's scale is max|w| / qmax and needs no state.
  Tensor fake_quant(QType type, std::string_view name = {},
                    std::source_location where = std::source_location::current()) const;

  /// To {-1, +1}: -1 where x < 0, else +1 (also for -0 and NaN; rule R3).
  Tensor sign(GradientEstimator estimator = GradientEstimator::clipped,
              std::source_location where = std::source_location::current()) const;

  /// To {-1, 0, +1} times a scale (rule R4); one scale per tensor unless options.axis says otherwise.
  Tensor ternarize(const TernaryOptions &options = {},
                   std::source_location where = std::source_location::current()) const;

private:
  friend struct detail::Access;
  std::shared_ptr<detail::GraphState> state_;
  std::int32_t id_ = -1;
};

} // namespace nibble

#endif // NIBBLE_TENSOR_H
