// What the choice of a tile's kernel depends on; for passes that ask which kernel a tile would have.
#ifndef NIBBLE_COMPILER_PACK_KERNELCHOICE_H
#define NIBBLE_COMPILER_PACK_KERNELCHOICE_H

#include "compiler/Kernels/Select.h"
#include "compiler/Target/Target.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

struct TileFacts {
  std::optional<GridFacts> input, weight; ///< Both absent: f32 operands; no input: f32 with group scales.
  llvm::SmallVector<int64_t, 4> shape;    ///< [O, KH, KW, C / groups]
  int64_t groups, channels;
  llvm::SmallVector<int64_t, 2> dilations; ///< Of rows and columns.
  bool columnsPadded;                      ///< Some windows reach over the left or right border.
  int64_t pixels;                          ///< Of the result, in all images if the batch is static, else in one.
  mlir::ElementsAttr values;               ///< of the weights

  bool depthwise() const { return groups == channels && groups == shape[0]; }
  int64_t run() const { return shape[2] * shape[3]; }
  bool tapsLieApart() const { return kernels::tapsLieApart(shape[2], groups, dilations[1]); }
};

/// Facts of a tile that some kernel can compute; otherwise an error that says what to do.
mlir::FailureOr<TileFacts> tileFacts(TileOp op);

/// The first kernel of the manifest (dot_...) that computes the tile on `target`, if there is one, or a listed kernel
/// that is faster: sets `kernel`, `widenEvery` and `listed`, and appends the reasons against others.
void chooseByteKernel(const TileFacts &facts, const Target &target, kernels::Selection &selection);

/// A listed kernel, if there is one on `target` that is faster than the kernel of 8-bit weights that `selection` names;
/// else appends the reason against it. Segments of lists are the taps of a row where some windows reach over the left
/// or right border (listedSegments).
void chooseListedKernel(const TileFacts &facts, const Target &target, kernels::Selection &selection);

/// The kernel of the tile, with the reasons against the faster ones.
kernels::Selection chooseKernel(TileOp op, const TileFacts &facts, const Target &target);

} // namespace nibble

#endif
