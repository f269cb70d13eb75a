// Layers. Activations are NHWC ([N, H, W, C]) or [N, C]; convolution weights OHWI ([O, H, W, I / groups]); linear
// weights OI. A call with a mistake is recorded in the graph and gives a poisoned tensor (see tensor.h); nothing here
// throws for it.
#ifndef NIBBLE_OPS_H
#define NIBBLE_OPS_H

#include <nibble/tensor.h>

namespace nibble {

/// Height and width; one number means both.
struct Size2d {
  std::int64_t height, width;
  constexpr Size2d(std::int64_t both) : height(both), width(both) {}
  constexpr Size2d(std::int64_t height, std::int64_t width) : height(height), width(width) {}
  friend constexpr bool operator==(const Size2d &, const Size2d &) = default;
};

/// Value of padded taps. A binary input ({-1, +1}) may only be padded with one of its own values.
enum class PadFill { zero, plus_one, minus_one };

/// Padding of a window.
class Pad {
public:
  /// None.
  static const Pad valid;
  /// Zeros, such that output = ceil(input / stride): of the (output - 1) * stride + window - input rows that are
  /// missing (a dilated window counts as (window - 1) * dilation + 1), half are added at the top and, if odd, one more
  /// at the bottom; columns likewise (TensorFlow's SAME).
  static const Pad same;
  /// As same, with +1: for binary inputs.
  static const Pad same_plus_one;
  /// Given numbers of rows and columns.
  static constexpr Pad amounts(std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right,
                               PadFill fill = PadFill::zero) {
    return Pad(false, top, left, bottom, right, fill);
  }

  constexpr bool is_same() const { return same_; } ///< The amounts follow from input, window and stride.
  constexpr std::int64_t top() const { return top_; }
  constexpr std::int64_t left() const { return left_; }
  constexpr std::int64_t bottom() const { return bottom_; }
  constexpr std::int64_t right() const { return right_; }
  constexpr PadFill fill() const { return fill_; }

private:
  constexpr Pad(bool same, std::int64_t top, std::int64_t left, std::int64_t bottom, std::int64_t right, PadFill fill)
      : same_(same), top_(top), left_(left), bottom_(bottom), right_(right), fill_(fill) {}
  bool same_;
  std::int64_t top_, left_, bottom_, right_;
  PadFill fill_;
};
inline constexpr Pad Pad::valid = Pad(false, 0, 0, 0, 0, PadFill::zero);
inline constexpr Pad Pad::same = Pad(true, 0, 0, 0, 0, PadFill::zero);
inline constexpr Pad Pad::same_plus_one = Pad(true, 0, 0, 0, 0, PadFill::plus_one);

struct Conv2dOptions {
  Size2d stride = 1;
  Pad pad = Pad::valid;
  std::int64_t groups = 1; ///< Divides input and output channels; groups = input channels is a depthwise convolution.
  Size2d dilation = 1;     ///< Rows and columns between neighbouring taps of the window; 1: they lie side by side.
};

struct BatchNormOptions {
  float epsilon = 1e-5f; ///< Added to the variance; positive.
  float momentum = 0.9f; ///< Running = momentum * running + (1 - momentum) * batch, in training.
};

struct PoolOptions {
  Size2d window = 2;
  Size2d stride = 0; ///< 0: the window.
  Pad pad = Pad::valid;
};

struct PadOptions {
  Shape low = {}, high = {}; ///< Elements added before and after, one number per dimension; 0 for the batch.
  float value = 0;
};

/// 2-D convolution; padded taps do not count. `weight` is [O, H, W, I / groups] and, like that of linear, made of
/// parameters and constants alone.
Tensor conv2d(const Tensor &x, const Tensor &weight, const Conv2dOptions &options = {},
              std::source_location where = std::source_location::current());

/// [N, I] x [O, I] -> [N, O].
Tensor linear(const Tensor &x, const Tensor &weight, std::source_location where = std::source_location::current());
/// The same plus a bias of shape [O] (or one value, or a tensor of the result's shape).
Tensor linear(const Tensor &x, const Tensor &weight, const Tensor &bias,
              std::source_location where = std::source_location::current());

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta per index of the last dimension. Makes the parameters
/// NAME.gamma (ones) and NAME.beta (zeros) and the states NAME.mean (zeros) and NAME.variance (ones); each batch norm
/// needs its own name.
Tensor batch_norm(const Tensor &x, std::string_view name, const BatchNormOptions &options = {},
                  std::source_location where = std::source_location::current());

/// x > 0 ? x : +0.
Tensor relu(const Tensor &x, std::source_location where = std::source_location::current());
/// The nearest value in [lo, hi].
Tensor clip(const Tensor &x, float lo, float hi, std::source_location where = std::source_location::current());

/// Elementwise. The right side has the left side's shape, or one value per index of the last dimension (a bias), or one
/// value.
Tensor add(const Tensor &x, const Tensor &y, std::source_location where = std::source_location::current());
Tensor add(const Tensor &x, float y, std::source_location where = std::source_location::current());
Tensor mul(const Tensor &x, const Tensor &y, std::source_location where = std::source_location::current());
Tensor mul(const Tensor &x, float y, std::source_location where = std::source_location::current());

/// Largest tap of each window; padded taps do not count. Keeps the grid of its input.
Tensor max_pool2d(const Tensor &x, const PoolOptions &options = {},
                  std::source_location where = std::source_location::current());
/// Mean of each window; no padding.
Tensor avg_pool2d(const Tensor &x, const PoolOptions &options = {},
                  std::source_location where = std::source_location::current());
/// Mean over height and width: [N, H, W, C] -> [N, C].
Tensor global_avg_pool2d(const Tensor &x, std::source_location where = std::source_location::current());

/// The same elements in row-major order; the batch stays first: {dyn, ...}.
Tensor reshape(const Tensor &x, const Shape &shape, std::source_location where = std::source_location::current());
/// [N, ...] -> [N, product of the rest].
Tensor flatten(const Tensor &x, std::source_location where = std::source_location::current());
/// Joins tensors along a dimension other than the batch; a negative axis counts from the end: -rank < axis < rank,
/// axis != 0.
Tensor concat(const std::vector<Tensor> &tensors, std::int64_t axis = -1,
              std::source_location where = std::source_location::current());
/// Adds elements of one value around a tensor.
Tensor pad(const Tensor &x, const PadOptions &options, std::source_location where = std::source_location::current());

/// exp(x - max) / sum over the last dimension.
Tensor softmax(const Tensor &x, std::source_location where = std::source_location::current());

namespace detail {
/// A left operand that knows where it was written: an operator has no parameter for that.
struct LocatedTensor {
  LocatedTensor(const Tensor &tensor, std::source_location where = std::source_location::current())
      : tensor(tensor), where(where) {}
  const Tensor &tensor;
  std::source_location where;
};
} // namespace detail

inline Tensor operator+(detail::LocatedTensor x, const Tensor &y) { return add(x.tensor, y, x.where); }
inline Tensor operator+(detail::LocatedTensor x, float y) { return add(x.tensor, y, x.where); }
inline Tensor operator*(detail::LocatedTensor x, const Tensor &y) { return mul(x.tensor, y, x.where); }
inline Tensor operator*(detail::LocatedTensor x, float y) { return mul(x.tensor, y, x.where); }

} // namespace nibble

#endif // NIBBLE_OPS_H
