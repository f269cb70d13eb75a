// Graphs compiled for training: the step, and the evaluation of a graph on a trainer's buffers. No MLIR in the
// interface.
#ifndef NIBBLE_COMPILER_DRIVER_TRAINING_H
#define NIBBLE_COMPILER_DRIVER_TRAINING_H

#include "compiler/Driver/Program.h"
#include "compiler/Train/TrainingOptions.h"

namespace nibble::driver {

/// A function with a static batch and parameters as arguments, compiled for this machine.
class FixedBatchProgram {
public:
  virtual ~FixedBatchProgram();
  /// In the order in which run() takes them.
  const std::vector<Argument> &arguments() const { return table; }
  const ArenaSize &arena() const { return memory; }
  int64_t batch() const { return images; }
  /// `arguments` has a pointer for each entry of the table; `parallel` may be null. Gives a nibble_status. Safe from
  /// several threads as long as they share neither arena nor written tensors.
  int32_t run(void *const *arguments, void *arena, const nibble_parallel *parallel) const;

protected:
  FixedBatchProgram();
  friend struct ProgramBuilder;
  struct Code;
  std::unique_ptr<Code> code;
  std::vector<Argument> table;
  ArenaSize memory;
  int64_t images = 0;
};

/// One step: forward, backward, update in place. Arguments as compiler/Train/Train.h describes them.
class TrainingProgram final : public FixedBatchProgram {
public:
  /// `module` is a model (unfrozen or frozen) in the text form of the graph stage, `target` a target of this machine.
  static Outcome<TrainingProgram> create(std::string_view module, const TrainingOptions &options,
                                         const std::string &target);
  /// Floating-point operations of the contractions of one step, forward and backward: a fused multiply-add counts as
  /// two; padded taps, which are skipped, do not count.
  int64_t flops() const { return operations; }
  /// Labels lie in [0, classes).
  int64_t classes() const { return labels; }

private:
  int64_t operations = 0, labels = 0;
};

/// The graph as it is, in f32 with exact integers on grids (R7): what training sees, and after freezing what is
/// shipped.
class EvaluationProgram final : public FixedBatchProgram {
public:
  static Outcome<EvaluationProgram> create(std::string_view module, int64_t batch, const std::string &target);
};

} // namespace nibble::driver

#endif
