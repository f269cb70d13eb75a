// Tiles of generated look-up kernels (compiler/Kernels/Binary.h).
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERLOOKUP_H
#define NIBBLE_COMPILER_CODEGEN_LOWERLOOKUP_H

#include "compiler/Codegen/KernelTile.h"
#include "compiler/Kernels/Binary.h"
#include <map>

namespace nibble::codegen {

/// One tile op of operands of one or two bits. Rows of the window are outer steps, their taps are runs of whole bytes;
/// a call that skips padded taps has fewer of both.
class LookupTile final : public WindowTile {
public:
  LookupTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::LookupKernelInfo &info,
             const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands, int64_t batch,
             std::vector<int64_t> weights, int64_t zero);

private:
  /// The shape of a call; a kernel is made for each.
  struct Call {
    int64_t rows, blocks, rowStride, taps;
  };

  int64_t rowsOfCall(int64_t count, int64_t rowStride) const override;
  llvm::SmallVector<int64_t> rowsOfRest(int64_t most) const override;
  void emitShare(Region &r, Value share, const PixelRun &run) override;
  /// Blocks from `block` on of a group of channels.
  void emitCall(Region &r, int64_t blockCount, Value group, Value block, const PixelRun &run);
  std::string kernelFor(const Call &call);

  const kernels::LookupKernelInfo &info;
  const std::vector<int64_t> weights; ///< [O, KH, KW, C / groups], for the correction of a zero point.
  const int64_t zero;                 ///< How 0 is stored in the input.
  int64_t mostRows;                   ///< Of a call.
  const int64_t tapBytes, tapWeights; ///< Bytes of a tap: of the input; of the weights of a block of columns.
  const int64_t blocks;               ///< of columns, in a group of channels
  int64_t sharesOfGroup, together;    ///< `together`: blocks of one call
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t>, std::string> symbols;
};

} // namespace nibble::codegen

#endif
