// Tiles of generated depthwise kernels (compiler/Kernels/Depthwise.h).
#ifndef NIBBLE_COMPILER_CODEGEN_LOWERDEPTHWISE_H
#define NIBBLE_COMPILER_CODEGEN_LOWERDEPTHWISE_H

#include "compiler/Codegen/KernelTile.h"
#include "compiler/Kernels/Depthwise.h"
#include <map>

namespace nibble::codegen {

/// One depthwise tile op. A work item is a part of a row of the result for a share of the channels. Where results are
/// bytes between bounds that all channels share, kernels store them; else kernels give sums, and finish() the rest.
class DepthwiseTile final : public KernelTile {
public:
  /// `weights` are [O, KH, KW]; `zero` is how 0 is stored in the input.
  DepthwiseTile(Emitter &emitter, TileOp op, llvm::StringRef name, const kernels::DepthwiseKernelInfo &info,
                const ConvShape &shape, const Epilogue &epilogue, const KernelOperands &operands,
                std::vector<int8_t> weights, int64_t zero);

  mlir::LogicalResult lower(bool batched);

private:
  /// Parts of a row that differ in their place alone: `parts` of them from number `first` on.
  struct Parts {
    int64_t first, parts, x; ///< x: the first output of the first of them.
    int64_t outputs, before, inputs;
  };

  /// Fills in `params` if the kernel can store the result.
  bool storesBytes();
  void cutRow();
  void emitCall(Region &r, const Span &rows, const Parts &q, int64_t channels, Value image, Value oy, Value part,
                Value share);
  std::string kernelFor(const kernels::DepthwiseParams &call);

  const kernels::DepthwiseKernelInfo &info;
  const std::vector<int8_t> weights;
  kernels::DepthwiseParams params; ///< What all calls have in common.
  std::vector<int32_t> start;
  llvm::SmallVector<Parts> row;
  int64_t parts = 0;    ///< Of a row.
  int64_t together = 1; ///< Blocks of channels of one share.
  Buffer constants;
  Value line;
  std::map<std::tuple<int64_t, int64_t, int64_t, int64_t, int, int>, std::string> symbols;
};

} // namespace nibble::codegen

#endif
