// What the choice of a tile's kernel depends on; for passes that ask which kernel a tile would have.
#ifndef NIBBLE_COMPILER_PACK_KERNELCHOICE_H
#define NIBBLE_COMPILER_PACK_KERNELCHOICE_H

#include "compiler/Kernels/Costs.h"
#include "compiler/Target/Target.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

struct TileFacts {
  std::optional<GridFacts> input, weight; ///< Both absent: f32 operands; no input: f32 with group scales.
  llvm::SmallVector<int64_t, 4> shape;    ///< [O, KH, KW, C / groups]
  int64_t groups, channels;
  llvm::SmallVector<int64_t, 2> dilations; ///< Of rows and columns.
  bool columnsPadded;                      ///< Some windows reach over the left or right border.
  int64_t images;                          ///< Of a static batch; of a dynamic one, so many at a time.
  int64_t pixels;                          ///< Of the result, in all images.
  mlir::ElementsAttr values;               ///< of the weights

  bool depthwise() const { return groups == channels && groups == shape[0]; }
  int64_t run() const { return shape[2] * shape[3]; }
  bool tapsLieApart() const { return kernels::tapsLieApart(shape[2], groups, dilations[1]); }
};

/// Facts of a tile that some kernel can compute; otherwise an error that says what to do. A dynamic batch is taken to
/// have `images` at a time.
mlir::FailureOr<TileFacts> tileFacts(TileOp op, int64_t images = 1);

/// All kernels of the manifest (dot_...) for the tile on `target`, in its order, and behind the first that can compute
/// it the listed kernels, if that one's weights have 8 bits and its sums 32.
std::vector<kernels::Candidate> byteCandidates(const TileFacts &facts, const Target &target);

/// The listed kernels. Segments of lists are the taps of a row where some windows reach over the left or right border.
std::vector<kernels::Candidate> listedCandidates(const TileFacts &facts, const Target &target);

/// All kernels for the tile's operands: those of the families in the order in which they are preferred where they are
/// equally fast, then the portable ones.
std::vector<kernels::Candidate> candidatesOf(TileOp op, const TileFacts &facts, const Target &target);

/// What a kernel has to do for the tile.
kernels::Work workOf(TileOp op, const TileFacts &facts);

/// The candidate that is predicted to be the fastest (compiler/Kernels/Costs.h), with the reasons against the others.
kernels::Selection fastestOf(const std::vector<kernels::Candidate> &candidates, const kernels::Work &work,
                             const Target &target);
/// Of all candidates for the tile.
kernels::Selection chooseKernel(TileOp op, const TileFacts &facts, const Target &target);

/// The candidate of that name; an error of the op if it cannot compute the tile.
mlir::FailureOr<kernels::Selection> forcedKernel(TileOp op, llvm::StringRef kernel, const TileFacts &facts,
                                                 const Target &target);

} // namespace nibble

#endif
