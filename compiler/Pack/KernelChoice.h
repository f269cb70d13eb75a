// What the choice of a tile's kernel depends on; for passes that ask which kernel a tile would have.
#ifndef NIBBLE_COMPILER_PACK_KERNELCHOICE_H
#define NIBBLE_COMPILER_PACK_KERNELCHOICE_H

#include "compiler/Kernels/Select.h"
#include "compiler/Target/Target.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

struct TileFacts {
  std::optional<GridFacts> input, weight; ///< Both absent: f32 operands.
  llvm::SmallVector<int64_t, 4> shape;    ///< [O, KH, KW, C / groups]
  int64_t groups, channels;
  llvm::SmallVector<int64_t, 2> dilations; ///< Of rows and columns.
  bool columnsPadded;                      ///< Some windows reach over the left or right border.
  int64_t pixels;                          ///< Of the result, in all images if the batch is static, else in one.
  mlir::ElementsAttr values;               ///< of the weights

  bool depthwise() const { return groups == channels && groups == shape[0]; }
  int64_t run() const { return shape[2] * shape[3]; }
};

/// Facts of a tile that some kernel can compute; otherwise an error that says what to do.
mlir::FailureOr<TileFacts> tileFacts(TileOp op);

/// All kernels of the manifest (dot_...) for the tile on `target`, in its order.
std::vector<kernels::Candidate> byteCandidates(const TileFacts &facts, const Target &target);

/// All kernels for the tile's operands: those of the families in the order in which they are preferred where they are
/// equally fast, then the portable ones.
std::vector<kernels::Candidate> candidatesOf(TileOp op, const TileFacts &facts, const Target &target);

/// The candidate that is predicted to be the fastest (compiler/Kernels/Costs.h), with the reasons against the others.
kernels::Selection chooseKernel(TileOp op, const TileFacts &facts, const Target &target);

/// The candidate of that name; an error of the op if it cannot compute the tile.
mlir::FailureOr<kernels::Selection> forcedKernel(TileOp op, llvm::StringRef kernel, const TileFacts &facts,
                                                 const Target &target);

} // namespace nibble

#endif
