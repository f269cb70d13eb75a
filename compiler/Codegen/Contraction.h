// Convolutions and matrix products as register-tiled loops (implicit matrix product: no im2col buffer; padded taps are
// skipped).
#ifndef NIBBLE_COMPILER_CODEGEN_CONTRACTION_H
#define NIBBLE_COMPILER_CODEGEN_CONTRACTION_H

#include "compiler/Codegen/Emitter.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble::codegen {

/// NHWC x OHWI -> NHWO. Padding below/right follows from the output size.
struct ConvShape {
  int64_t H, W, C, O, KH, KW, OH, OW, SH, SW, PT, PL, groups = 1, DH = 1, DW = 1;
  int64_t channelsPerGroup() const { return C / groups; }
  int64_t outputsPerGroup() const { return O / groups; }
  /// One input and one output channel a group.
  bool isDepthwise() const { return groups > 1 && groups == C && groups == O; }
  /// Rows and columns from the first to the last tap of a window, both included.
  int64_t reachY() const { return (KH - 1) * DH + 1; }
  int64_t reachX() const { return (KW - 1) * DW + 1; }
  /// Rows and columns of a padded image of which every one can be seen by a tap.
  int64_t paddedHeight() const { return (OH - 1) * SH + reachY(); }
  int64_t paddedWidth() const { return (OW - 1) * SW + reachX(); }
  /// Some tap of some window lies outside the image.
  bool isPadded() const { return PT || PL || paddedHeight() > H || paddedWidth() > W; }
};

/// The shape of a convolution-like op over `input` with `weight` and `result` (or its gradient).
template <typename Op>
ConvShape convShape(Op op, mlir::Value input, mlir::Value weight, mlir::Value result) {
  auto x = mlir::cast<mlir::RankedTensorType>(input.getType()),
       w = mlir::cast<mlir::RankedTensorType>(weight.getType()),
       y = mlir::cast<mlir::RankedTensorType>(result.getType());
  // What a single tap or window makes irrelevant may be any number.
  auto step = [](int64_t count, int64_t value) { return count > 1 ? value : 1; };
  return {.H = x.getDimSize(1),
          .W = x.getDimSize(2),
          .C = x.getDimSize(3),
          .O = w.getDimSize(0),
          .KH = w.getDimSize(1),
          .KW = w.getDimSize(2),
          .OH = y.getDimSize(1),
          .OW = y.getDimSize(2),
          .SH = step(y.getDimSize(1), op.getStrides()[0]),
          .SW = step(y.getDimSize(2), op.getStrides()[1]),
          .PT = op.getPadding().getTop(),
          .PL = op.getPadding().getLeft(),
          .groups = static_cast<int64_t>(op.getGroups()),
          .DH = step(w.getDimSize(1), op.getDilations()[0]),
          .DW = step(w.getDimSize(2), op.getDilations()[1])};
}

/// What happens to the accumulator of one output element.
struct Epilogue {
  enum class Kind {
    Raw,      ///< store it: i32, or f32 of a float contraction
    Scale,    ///< f32(acc) * multiplier_c (R7, training)
    Affine,   ///< clamp(fma(f32(acc), multiplier_c, bias_c), lo_c, hi_c), rounded when the result is an integer (R8)
    Threshold ///< binary result: -1 where (acc ^ flip_c) < threshold_c
  } kind = Kind::Raw;
  Buffer multiplier, bias, lo, hi; ///< f32, one per channel padded to a multiple of 16, or one (lo, hi)
  Buffer thresholds, flips;        ///< i32, likewise
  Buffer residual;                 ///< integers in any storage, or f32
  float residualMultiplier = 0;
  int64_t residualZero = 0; ///< How a residual in U8 or U2 stores 0.
  int64_t channels = 0;     ///< of the residual,
  bool inEights = false;    ///< which is read by vectors of 8 that begin at multiples of 8 of them
  int64_t zero = 0;         ///< of the result's grid
  int64_t stored = 0;       ///< How bytes store 0: what storage adds to an integer minus zero point.
  bool binary = false;      ///< the result is -1 or +1, whatever its storage
};

/// Operands by storage; decides the inner loop.
struct ContractionOperands {
  Buffer input;      ///< F32, I16 or Bits
  Buffer weights;    ///< packed (docs/layouts.md): F32 tiles of 16; I8 field tiles; I32 words of bits. Each group of
                     ///< output channels begins a tile
  int fieldBits = 0; ///< of integer weights: 1, 2, 4, 8
  layout::Code code = layout::Code::twos_complement;
  /// > 0: f32 operands hold integers whose products are summed exactly in chunks of at most this many terms (R7); the
  /// accumulator is then i32.
  int64_t exactChunk = 0;
  /// > 0: each `group` neighbours of k have a sum of their own, that is added to f32 accumulators with a scale (R7.5):
  /// an integer, also of f32 operands that hold integers if the sum is below 2^24, or f32 of f32 inputs.
  int64_t group = 0;
  Buffer groupScales; ///< F32 [ceil(O / 16)][C / group][16]
};

/// Output positions along one dimension that see the same taps [tap0, tap1).
struct Span {
  int64_t first, count, tap0, tap1;
};

/// Cuts [0, outputs) where the range of valid taps changes.
llvm::SmallVector<Span> spansOf(int64_t outputs, int64_t inputs, int64_t taps, int64_t stride, int64_t before,
                                int64_t dilation);

/// Each kind of window at the borders of an image has code of its own; an error where that would be too much.
mlir::LogicalResult checkWindows(mlir::Operation *op, const ConvShape &shape);

/// What the registers of a target have room for.
struct TileShape {
  int64_t rows;      ///< Of a tile of 16 columns.
  int64_t lanes;     ///< Of vectors of f32: 16 where a register has them, else 8, which LLVM splits where it must.
  int64_t registers; ///< Vector registers.
};
TileShape tileShape(int vectorBits, int vectorRegisters);

/// Emits the region(s) of one contraction. Each group of channels has tiles of its own; in bits they must not share
/// words of the input nor halves of words of the output. Vectors of constants are read up to `tileColumns` beyond the
/// last channel.
void emitContraction(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape,
                     const ContractionOperands &operands, const Epilogue &epilogue, const Buffer &output, bool batched,
                     const TileShape &tile);

/// The output tile's columns.
constexpr int64_t tileColumns = 16;

/// Elements of a vector of constants for `channels`, of which tiles of `groups` read so many.
int64_t channelsOfConstants(int64_t channels, int64_t groups);

/// Packs f32 weights [O, KH, KW, C / groups] of the arena, group by group, into [O/16][KH][KW][C][16]; `transpose`:
/// into the flipped [C/16][KH][KW][O][16] of the input gradient. `source` gives element (o, (ky*KW+kx)*C + c).
Buffer packF32Weights(Emitter &emitter, llvm::StringRef name, mlir::Location loc, const ConvShape &shape,
                      const Expr &source, bool transpose);

/// Applies an epilogue to `width` (8, 16 or 0) accumulators of an output pixel, from `channel` on. Result: f32, or i32
/// minus zero point; for Bits an i1.
Value applyEpilogue(Region &r, const Epilogue &e, Value acc, Value pixel, Value channel, const Buffer &output,
                    int64_t valid = lanes);

} // namespace nibble::codegen

#endif
