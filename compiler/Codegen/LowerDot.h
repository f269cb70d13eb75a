// Tiles of generated dot kernels (compiler/Kernels/Kernels.h).
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERDOT_H
#define NIBBLE_COMPILER_CODEGEN_LOWERDOT_H

#include "compiler/Codegen/KernelTile.h"
#include "compiler/Kernels/Select.h"
#include <map>

namespace nibble::codegen {

/// Beside the operands.
struct DotFacts {
  std::vector<int64_t> values; ///< The weights [O, KH, KW, C], for the correction of a zero point.
  int64_t zero = 0;            ///< How 0 is stored in the input.
  int64_t widenEvery = 0;
};

/// One tile op. Kernels sum rows x columns of stored activations (q - qmin in bytes), of which those that stand for 0
/// are not 0: each rectangle of pixels that see the same taps has a correction of its own.
class DotTile final : public WindowTile {
public:
  DotTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::KernelInfo &info, const ConvShape &shape,
          const Epilogue &epilogue, const KernelOperands &operands, DotFacts facts);

private:
  /// The shape of a call; a kernel is made for each.
  struct Call {
    int rows, tiles;
    int64_t rowStride, run;
  };

  int64_t rowsOfCall(int64_t count, int64_t rowStride) const override;
  llvm::SmallVector<int64_t> rowsOfRest(int64_t) const override { return {4, 1}; }
  void emitShare(Region &r, Value share, const PixelRun &run) override;
  void emitCall(Region &r, int tileCount, Value tile, const PixelRun &run);
  int64_t spreadOf(int64_t rows) const;
  std::string kernelFor(const Call &call);
  Buffer correctionFor(const Taps &taps);

  const kernels::KernelInfo &info;
  const DotFacts facts;
  const int64_t tiles, tileBytes; ///< of columns
  int64_t share;                  ///< Tiles that one work item computes.
  std::map<std::tuple<int, int, int64_t, int64_t>, std::string> symbols;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, Buffer> corrections;
};

} // namespace nibble::codegen

#endif
