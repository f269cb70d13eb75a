// Tiles of generated dot kernels (compiler/Kernels/Kernels.h).
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERDOT_H
#define NIBBLE_COMPILER_CODEGEN_LOWERDOT_H

#include "compiler/Codegen/KernelTile.h"
#include "compiler/Kernels/Listed.h"
#include "compiler/Kernels/Select.h"
#include <map>

namespace nibble::codegen {

/// Beside the operands.
struct DotFacts {
  std::vector<int64_t> values; ///< The weights [O, KH, KW, C], for the correction of a zero point.
  int64_t zero = 0;            ///< How 0 is stored in the input.
  int64_t widenEvery = 0;
  int64_t group = 0; ///< k values with one scale (R7.5): what the kernel calls an outer step; 0: no group scales.
};

/// `packed` weights of a layer with group scales, [tiles][groups] of fields, with what the kernel wants behind each:
/// the scales sx * sw [O][groups] and the corrections of a zero point of `facts`. Empty if `packed` has another size.
std::vector<char> withScales(llvm::ArrayRef<char> packed, const kernels::KernelInfo &info, const ConvShape &shape,
                             const DotFacts &facts, llvm::ArrayRef<float> scales);

/// Why the kernel's 16-bit sums may be wrong for the weights of `facts`; empty if they cannot. Selection has proved
/// that, but a file may name any kernel.
std::string unsafeSums(const kernels::KernelInfo &info, const ConvShape &shape, const DotFacts &facts,
                       int64_t activationMax);

/// One tile op. Kernels sum rows x columns of stored activations (q - qmin in bytes), of which those that stand for 0
/// are not 0: each rectangle of pixels that see the same taps has a correction of its own.
class ByteTile : public WindowTile {
protected:
  ByteTile(Emitter &emitter, TileOp op, llvm::StringRef name, const ConvShape &shape, const Epilogue &epilogue,
           const KernelOperands &operands, int64_t columns, DotFacts facts);

  llvm::SmallVector<int64_t> rowsOfRest(int64_t) const override { return {4, 1}; }
  /// Sets the number of tiles that one work item computes, a multiple of `multiple`: the weights of a share stay in the
  /// first-level cache while pixels pass.
  void cutShares(int64_t tileBytes, int64_t multiple);
  Correction &correctionFor(const Taps &taps) {
    return facts.group ? noCorrection : correctionOf(taps, facts.values, facts.zero);
  }
  /// How a kernel that can stores the result itself, with the correction of the run's taps: calls whose columns are all
  /// channels; nothing where the result is no bytes.
  std::optional<kernels::ByteResult> bytesOf(const PixelRun &run, int64_t outer, const Correction &correction) const;
  /// A call of such a kernel for `columns` channels, or several times so many, from `channel` on.
  void callBytes(Region &r, llvm::StringRef kernel, Value input, const Buffer &weights, Value weight, Value channel,
                 const PixelRun &run, Correction &correction);

  const DotFacts facts;
  const int64_t tiles; ///< of columns, in a group of channels
  int64_t share = 1;   ///< Tiles that one work item computes.
};

/// With a kernel of the manifest (compiler/Kernels/Kernels.h).
class DotTile final : public ByteTile {
public:
  DotTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
          const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts);

private:
  /// The shape of a call; a kernel is made for each.
  struct Call {
    int rows, tiles;
    int64_t rowStride, taps, run;
    std::optional<kernels::ByteResult> bytes;
  };

  /// How the terms of a sum lie in memory: `outer` steps of `taps` runs. In bytes of b and, what ends in Stride, of the
  /// input. A step is a row of the window, its run all of it, or a tap where these lie apart; or a group of k with a
  /// scale.
  struct Steps {
    int64_t outer, outerStride, outerBytes, taps, tapStride, tapBytes, run;
  };
  static Steps stepsOf(const ConvShape &shape, const kernels::KernelInfo &info, int64_t group);

  int64_t rowsOfCall(int64_t count, int64_t rowStride) const override;
  void emitShare(Region &r, Value share, const PixelRun &run) override;
  /// Tiles from `tile` on of the channels from `channel` on; `isWhole`: all columns are channels.
  void emitCall(Region &r, int tileCount, Value tile, Value channel, const PixelRun &run, bool isWhole);
  /// From a tile of a call to the next, in tiles.
  int64_t spreadOf(int64_t rows) const;
  std::string kernelFor(const Call &call);
  const kernels::KernelInfo &info;
  const Steps steps;
  const int64_t tileBytes;
  std::map<std::tuple<int, int, int64_t, int64_t, int64_t, int64_t, int64_t, bool>, std::string> symbols;
};

/// With a listed kernel (compiler/Kernels/Listed.h): its lists are made here, of the weights in `facts`.
class ListedTile final : public ByteTile {
public:
  ListedTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::ListedKernelInfo &info,
             const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts);

  /// Makes the lists, with an error where they cannot be made or fail their proof; then all else.
  mlir::LogicalResult lowerLists(int64_t batch, bool batched, int64_t activationMax);

private:
  int64_t rowsOfCall(int64_t count, int64_t rowStride) const override;
  void emitShare(Region &r, Value share, const PixelRun &run) override;
  std::string kernelFor(const PixelRun &run, const std::optional<kernels::ByteResult> &bytes);

  const kernels::ListedKernelInfo &info;
  const int64_t segments; ///< Of a row of the window.
  Buffer lists;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bool>, std::string> symbols;
};

} // namespace nibble::codegen

#endif
