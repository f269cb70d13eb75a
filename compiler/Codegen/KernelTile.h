// Tiles whose sums come from calls of generated kernels: which pixels go together, and the epilogue behind a call.
#ifndef NIBBLE_COMPILER_CODEGEN_KERNELTILE_H
#define NIBBLE_COMPILER_CODEGEN_KERNELTILE_H

#include "compiler/Codegen/Contraction.h"
#include "compiler/Kernels/Requantize.h"
#include <map>

namespace nibble::codegen {

/// Valid taps: rows [y0, y1), columns [x0, x1) of the window.
struct Taps {
  int64_t y0, y1, x0, x1;
  /// Nothing but padding: sums of nothing.
  bool empty() const { return y1 == y0 || x1 == x0; }
};

/// Output pixels that one call computes: all see the same taps, and they are equally far from one another.
struct PixelRun {
  int64_t rows; ///< So many pixels.
  Taps taps;
  int64_t rowStride;   ///< Bytes of the input from the window of one pixel to that of the next.
  Value input;         ///< Byte of the input where the first tap of the first window begins.
  Value pixel;         ///< Number of the first output pixel,
  int64_t pixelStride; ///< and from it to the next.
};

/// What a tile reads and writes.
struct KernelOperands {
  Buffer input;   ///< Seen as bytes: Elem::U8 or I8, whatever they hold.
  Buffer weights; ///< I8: packed for the kernel.
  Buffer output;
  int64_t pixelBytes = 0; ///< Of `input`, for all channels of a pixel.
};

/// What is added to the sums of a call, by channel: nothing if there are no values. Its buffers are made when code asks
/// for them.
struct Correction {
  std::vector<int32_t> values;
  Buffer words;     ///< i32,
  Buffer constants; ///< or with multipliers and biases, as kernels/Requantize.h says.
};

/// Stored bytes: integers plus an offset, between bounds.
struct ByteRange {
  int offset, low, high;
};

/// One tile op: its kernels, and the epilogue of their sums.
class KernelTile {
public:
  virtual ~KernelTile() = default;

protected:
  /// Calls compute whole blocks of `columns` channels; those behind the last are never looked at.
  KernelTile(Emitter &emitter, TileOp op, llvm::StringRef name, const ConvShape &shape, const Epilogue &epilogue,
             const KernelOperands &operands, int64_t columns)
      : emitter(emitter), op(op), name(name.str()), s(shape), e(epilogue), operands(operands), columns(columns) {}

  /// The epilogue of `width` channels, a multiple of 8, from `channel` on, whose sums of each pixel of the run follow
  /// one another in `sums` from `from` on. `correction` is added to the sums.
  void finish(Region &r, Value from, Value channel, int64_t width, const PixelRun &run, Correction &correction);
  /// The range of the result where it is bytes that a kernel can make of sums: between bounds that all channels share,
  /// and with sums that stay integers of 32 bits, `largest` by channel at most.
  std::optional<ByteRange> byteRange(llvm::ArrayRef<double> largest);
  /// What makes bytes of sums with the correction, and where it lies for the channels from `channel` on, which begins
  /// a block of `columns`.
  const Buffer &constantsOf(Correction &correction);
  Value constantsFrom(Region &r, Value channel, const Correction &correction);
  /// Whether kernels reach the bytes of all pixels of a run: those of a column may be far from one another.
  bool isNear(const PixelRun &run) const { return run.rows == 1 || run.pixelStride <= kernels::maxByteStride / s.O; }
  /// Multipliers or biases for each channel.
  std::vector<float> perChannel(std::optional<llvm::ArrayRef<float>> values) const;
  /// Adds a kernel to the module with `create` and gives its symbol; without code reports why, fails and gives "".
  std::string
  defineKernel(const kernels::MachineCode &code, const llvm::Twine &suffix,
               llvm::function_ref<void(mlir::OpBuilder &, llvm::StringRef symbol, llvm::ArrayRef<int8_t> code)> create);

  Emitter &emitter;
  TileOp op;
  const std::string name;
  const ConvShape s;
  const Epilogue e;
  const KernelOperands operands;
  const int64_t columns;
  int64_t shares = 1;      ///< Of the channels; set by the constructors of subclasses.
  Value sums;              ///< i32: scratch of the thread.
  bool sumsAreF32 = false; ///< Their bits.
  Value channelEnd; ///< The first channel that is not a call's, where that is not the last of all; a multiple of 8.
  bool failedToGenerate = false;
  Correction noCorrection;
  std::optional<ByteRange> bytes; ///< Calls are finished by a kernel, where they are whole; set by subclasses.

private:
  void finishAny(Region &r, Value from, Value channel, int64_t width, const PixelRun &run, Correction &correction);
  void finishBytes(Region &r, Value from, Value channel, int64_t width, const PixelRun &run, Correction &correction);
  std::string requantizeKernelFor(const PixelRun &run, int64_t width, const Correction &correction);
  void finishEight(Region &r, Value from, Value channel, Value pixel, const Buffer &correction);
  void finishPacked(Region &r, llvm::function_ref<Value()> sums, Value channel, Value pixel, int64_t bits);

  std::map<std::tuple<int, int, int64_t, bool>, std::string> requantizeKernels;
};

/// A tile op whose sums run over all input channels. A work item is a share of the output channels for a run of pixels;
/// padded taps are skipped.
class WindowTile : public KernelTile {
public:
  /// Emits the region; at most `batch` images.
  mlir::LogicalResult lower(int64_t batch, bool batched);

protected:
  using KernelTile::KernelTile;

  /// The pixels of the next call, of `count` that are left in a row, `rowStride` bytes of the input apart.
  virtual int64_t rowsOfCall(int64_t count, int64_t rowStride) const = 0;
  /// The pixels of further calls that end a row of unknown length: what `most`, the first choice, leaves; 1 last.
  virtual llvm::SmallVector<int64_t> rowsOfRest(int64_t most) const = 0;
  /// The calls for one share of the channels, each with its epilogue.
  virtual void emitShare(Region &r, Value share, const PixelRun &run) = 0;
  /// What a zero point takes from the sums of pixels that see these taps: of `weights` [O, KH, KW, C / groups] times
  /// `zero`, which stands for 0 in the input.
  Correction &correctionOf(const Taps &taps, llvm::ArrayRef<int64_t> weights, int64_t zero);

  // Set by the constructors of subclasses.
  int64_t sumsOfCall = 0; ///< The most of one call.
  int64_t longLine = 1;   ///< Lines of so many pixels are computed as such, even where columns of pixels are longer.

private:
  /// All pixels are alike (1 x 1 windows, linear layers): rows run on from image to image.
  void lowerFlat(int64_t batch, bool batched);
  void lowerWindows(bool batched);
  /// `count` pixels from (oy, ox) on, to the right or down.
  void emitLine(Region &r, Value share, Value image, Value oy, Value ox, const Taps &taps, bool down, int64_t count);

  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Correction> corrections;
};

} // namespace nibble::codegen

#endif
