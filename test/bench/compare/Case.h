// What is measured: operand formats, shapes, and how much work each is.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace nibble::bench {

enum class Format { F32, Unsigned, Signed, Ternary, Binary };

/// One operand: its numbers, and for weights the granularity of the scale and where the values come from.
struct Operand {
  Format format = Format::F32;
  int bits = 32;
  bool perChannel = false;
  bool worst = false; ///< Every weight is +-qmax, instead of a normal distribution scaled to it.
};

/// Which instruction sequence bounds the computation (Limits.h).
enum class Route {
  Fma,
  Byte,       ///< u8 x s8 where weights differ: the smaller ones share 16-bit sums
  ExactByte,  ///< any 8-bit operands
  ShortSum,   ///< 16-bit accumulation
  TernaryLut, ///< 2 multiply-accumulates per table look-up
  TwoBitLut,  ///< likewise; not counted: sums of bytes are widened every 28 steps
  BinaryLut,  ///< 4 multiply-accumulates per table look-up
  FmaUnpack4  ///< f32 with weights unpacked from 4 bits
};

struct Operands {
  std::string name; ///< "u8xs8-tensor"
  Operand a, w;
  Route route;
  int64_t group = 0; ///< k values that share a weight scale; 0: all.
};

/// A linear layer is a convolution of a 1 x 1 image; its rows are the batch.
struct Shape {
  int64_t batch, h, w, c, o, kh, kw;
  bool depthwise = false;
  bool quick = false; ///< Part of a quick run.

  bool linear() const { return h == 1 && w == 1 && kh == 1 && kw == 1; }
  int64_t perGroup() const { return depthwise ? 1 : c; }
  int64_t depth() const { return kh * kw * perGroup(); } ///< Terms of one inner sum.
  int64_t inputs() const { return batch * h * w * c; }
  int64_t weights() const { return o * depth(); }
  int64_t rows() const { return batch * h * w; } ///< Results that each weight has a part in.
  int64_t outputs() const { return rows() * o; } ///< Padding keeps height and width.
  /// gemm, gemv, conv or dwconv.
  std::string op() const;
  /// MxNxK or HxWxC-OxKHxKW.
  std::string str() const;
  /// Multiply-accumulates, padded taps not counted.
  int64_t macs() const;
};

struct Case {
  Operands operands;
  Shape shape;
  std::string op() const { return shape.op(); }
  /// "gemm u8xs8-tensor 512x512x512": what --filter is matched with.
  std::string str() const { return op() + " " + operands.name + " " + shape.str(); }
  double gop() const { return 2e-9 * static_cast<double>(shape.macs()); }
  /// Bytes that have to be moved once: input, weights with their group scales, and result, at their own widths.
  double bytes() const;
};

/// Every combination, in the order of the table.
std::vector<Case> allCases();

} // namespace nibble::bench
