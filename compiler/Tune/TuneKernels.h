// Kernels chosen by measuring them on this machine.
#ifndef NIBBLE_COMPILER_TUNE_TUNEKERNELS_H
#define NIBBLE_COMPILER_TUNE_TUNEKERNELS_H

#include "compiler/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace nibble {

struct TuneOptions {
  Target target;
  std::string cache;  ///< A directory that keeps times; empty: they are not kept.
  int64_t images = 1; ///< For a dynamic batch: so many are computed at a time.
};

/// Measures every kernel that can compute a tile, for each tile that has several, and notes the times in
/// `nibble.measured`, by which nibble-select-kernels chooses. `module` is at the packed stage in front of that pass.
/// Times are those of single layers, in turns, the least of several, with this thread on one CPU. They are kept under a
/// hash of everything that they depend on: the tile with its types, weights and shapes, the target, the CPU, the
/// kernels. A file that cannot be used gives a warning, and its layer is measured again. A target that does not run
/// here is an error.
mlir::LogicalResult tuneKernels(mlir::ModuleOp module, const TuneOptions &options);

} // namespace nibble

#endif
