// Tiles of generated dot kernels (compiler/Kernels/Kernels.h): what they are called with, and what follows a call.
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERDOT_H
#define NIBBLE_COMPILER_CODEGEN_LOWERDOT_H

#include "compiler/Codegen/Contraction.h"
#include "compiler/Kernels/Select.h"
#include <map>

namespace nibble::codegen {

/// What a dot kernel multiplies.
struct DotOperands {
  Buffer input;                ///< U8: q - qmin
  Buffer weights;              ///< packed for the kernel
  std::vector<int64_t> values; ///< The weights [O, KH, KW, C], for the correction of a zero point.
  int64_t zero = 0;            ///< How 0 is stored in `input`.
  int64_t widenEvery = 0;
};

/// One tile op. Kernels sum rows x columns of stored activations, of which those that stand for 0 are not 0: each
/// rectangle of pixels that see the same taps has a correction of its own, and padded taps are skipped.
class DotTile {
public:
  DotTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
          const Epilogue &epilogue, DotOperands operands, const Buffer &output);

  /// Emits the region; at most `batch` images.
  mlir::LogicalResult lower(int64_t batch, bool batched);

private:
  /// Valid taps: rows [y0, y1), columns [x0, x1) of the window.
  struct Taps {
    int64_t y0, y1, x0, x1;
  };
  /// The shape of a call; a kernel is made for each.
  struct Call {
    int rows, tiles;
    int64_t rowStride, run;
  };

  std::string kernelFor(const Call &call);
  Buffer correctionFor(const Taps &taps);
  /// All pixels are alike (1 x 1 windows, linear layers): rows run on from image to image.
  void lowerFlat(int64_t batch, bool batched);
  void lowerWindows(bool batched);
  /// `count` pixels from (oy, ox) on, to the right or down.
  void emitLine(Region &r, Value part, Value image, Value oy, Value ox, const Taps &taps, bool down, int64_t count);
  /// One share of the tiles of columns for call.rows pixels.
  void emitShare(Region &r, Value shareIndex, Call call, const Taps &taps, Value input, Value pixel,
                 int64_t pixelStride);
  void emitCall(Region &r, const Call &call, const Taps &taps, Value input, Value tile, Value pixel,
                int64_t pixelStride);
  /// The epilogue of 8 sums at `from`: channels from `channel` on, as far as there are any.
  void finish(Region &r, Value from, const Buffer &correction, Value channel, Value pixel);

  Emitter &emitter;
  TileOp op;
  std::string name;
  const kernels::KernelInfo &info;
  const ConvShape s;
  const Epilogue e;
  const DotOperands operands;
  const Buffer output;
  const int64_t tiles, tileBytes; ///< of columns
  int64_t share, shares;          ///< Tiles that one work item computes, and how many such shares there are.
  Value sums;                     ///< scratch of the thread
  std::map<std::tuple<int, int, int64_t, int64_t>, std::string> symbols;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Buffer> corrections;
  bool failedToGenerate = false;
};

} // namespace nibble::codegen

#endif
