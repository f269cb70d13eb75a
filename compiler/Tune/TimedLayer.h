// One tile as a program of its own, to see how long it takes with a kernel.
#ifndef NIBBLE_COMPILER_TUNE_TIMEDLAYER_H
#define NIBBLE_COMPILER_TUNE_TIMEDLAYER_H

#include "compiler/Emit/Jit.h"
#include "compiler/Kernels/Listed.h"
#include "compiler/Support/Result.h"
#include "dialects/Nibble/IR/Nibble.h"

namespace nibble {

/// A quantiser, the tile with the given kernel, and a layer that reads what the tile stores, compiled for this machine.
/// The times are those of the tile alone, epilogue included. One thread.
class TimedLayer {
public:
  /// `tile` is one of the packed stage in front of nibble-select-kernels; its module stays as it is. A dynamic batch
  /// has `images`. Error: the kernel cannot compute the tile, the target does not run here, or the code cannot be made.
  static Result<std::unique_ptr<TimedLayer>> create(TileOp tile, llvm::StringRef kernel, const Target &target,
                                                    int64_t images = 1);
  ~TimedLayer();

  /// Runs the tile for about so many seconds and gives the least time of one run, in nanoseconds.
  double measure(double seconds);

  /// What nibble-select-kernels has proved for the kernel and this tile: DotParams::widenEvery.
  int64_t widenEvery() const;
  /// Likewise, the lists of a listed kernel.
  std::optional<kernels::ListedLength> listed() const;

private:
  struct Program;
  explicit TimedLayer(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program;
};

} // namespace nibble

#endif
