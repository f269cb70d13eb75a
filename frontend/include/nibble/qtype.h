// Quantisers: which integers a tensor is rounded to, and how its gradient passes.
#ifndef NIBBLE_QTYPE_H
#define NIBBLE_QTYPE_H

#include <cstdint>
#include <vector>

namespace nibble {

/// The gradient of a quantiser in training (straight-through estimators): that of the identity, or the same but zero
/// where the quantiser clips.
enum class GradientEstimator { identity, clipped };

/// A uniform quantiser: q = clamp(round_half_even(x / scale) + zero_point, qmin, qmax), and the value (q - zero_point)
/// * scale (rules R1 and R2 of docs/spec.md). Made by qint and quint; each member gives a changed copy:
///   qint(4).narrow().per_channel(0)      [-7, 7], one scale per output channel
///   quint(8).asymmetric()                [0, 255], one scale and zero point
///   qint(4).per_group(128)               [-8, 7], one scale for 128 neighbouring weights of an output
/// What does not go together (narrow quint, asymmetric per channel, widths other than 1..8 and 16, one-bit qint) is
/// reported where the quantiser is used.
class QType {
  // Before its uses, so that they are constant expressions.
  template <typename T>
  constexpr QType with(T QType::*member, T value) const {
    QType copy = *this;
    copy.*member = value;
    return copy;
  }

public:
  /// Leaves out the lowest integer of a signed grid: [-7, 7] instead of [-8, 7].
  constexpr QType narrow() const { return with(&QType::narrow_, true); }
  /// Zero point 0: real 0 is the integer 0. The default.
  constexpr QType symmetric() const { return with(&QType::symmetric_, true); }
  /// A zero point from the observed range. For activations, with one scale per tensor.
  constexpr QType asymmetric() const { return with(&QType::symmetric_, false); }
  /// One scale per index of dimension `axis`; 0 is the output channel of weights.
  constexpr QType per_channel(std::int64_t axis) const {
    return with(&QType::axis_, axis).with(&QType::group_, std::int64_t(0));
  }
  /// One scale for each `size` neighbours of the last dimension (rule R7.5), for the weights of linear layers and 1 x 1
  /// convolutions. A multiple of 16 that divides the last dimension, often 32 to 256. The activations may be f32: the
  /// layer then computes with dequantised weights, which are stored at their width (weight-only quantisation).
  constexpr QType per_group(std::int64_t size) const {
    return with(&QType::group_, size).with(&QType::axis_, std::int64_t(-1));
  }
  /// One scale per tensor. The default.
  constexpr QType per_tensor() const { return per_channel(-1); }
  /// The default is clipped.
  constexpr QType estimator(GradientEstimator e) const { return with(&QType::estimator_, e); }

  constexpr int bits() const { return bits_; }
  constexpr bool is_signed() const { return signed_; }
  constexpr bool is_narrow() const { return narrow_; }
  constexpr bool is_symmetric() const { return symmetric_; }
  constexpr std::int64_t axis() const { return axis_; }   ///< -1: one scale per tensor.
  constexpr std::int64_t group() const { return group_; } ///< 0: no groups.
  constexpr GradientEstimator estimator() const { return estimator_; }

  friend constexpr bool operator==(const QType &, const QType &) = default;

private:
  friend constexpr QType qint(int bits);
  friend constexpr QType quint(int bits);
  constexpr QType(int bits, bool is_signed) : bits_(bits), signed_(is_signed) {}

  int bits_;
  bool signed_, narrow_ = false, symmetric_ = true;
  std::int64_t axis_ = -1, group_ = 0;
  GradientEstimator estimator_ = GradientEstimator::clipped;
};

/// Signed integers of 2..8 or 16 bits: [-2^(bits-1), 2^(bits-1) - 1].
constexpr QType qint(int bits) { return QType(bits, true); }
/// Unsigned integers of 1..8 or 16 bits: [0, 2^bits - 1].
constexpr QType quint(int bits) { return QType(bits, false); }

/// Where a ternary quantiser takes its scale from: the mean or median of |x|, or given numbers (rule R4).
enum class TernaryThreshold { mean, median, fixed };

struct TernaryOptions {
  TernaryThreshold threshold = TernaryThreshold::mean;
  std::int64_t axis = -1;         ///< One scale per index of this dimension; -1: one per tensor.
  std::vector<float> scales = {}; ///< With TernaryThreshold::fixed: one, or one per index of the axis; positive.
  GradientEstimator estimator = GradientEstimator::identity;
};

} // namespace nibble

#endif // NIBBLE_QTYPE_H
