// What all compiled programs have in common, for callers without MLIR: how compilation answers, and what an entry
// takes.
#ifndef NIBBLE_COMPILER_DRIVER_PROGRAM_H
#define NIBBLE_COMPILER_DRIVER_PROGRAM_H

#include "compiler/Builder/GraphBuilder.h"
#include <memory>

struct nibble_parallel; // runtime/include/nibble/runtime.h

namespace nibble::driver {

/// What a compilation gives: a value and the remarks and warnings on the way, or no value and at least one error.
/// Any number of compilations may run at once: each works in an MLIR context of its own.
template <typename T>
struct Outcome {
  std::unique_ptr<T> value;
  std::vector<BuildDiagnostic> diagnostics;
  explicit operator bool() const { return value != nullptr; }
  T *operator->() const { return value.get(); }
};

/// One tensor of an entry: contiguous, row-major, 4-byte elements.
struct Argument {
  enum class Direction { In, Out, InOut };
  enum class Role { Data, Parameter };
  std::string name;
  Direction direction = Direction::In;
  Role role = Role::Data;
  bool integer = false;       ///< i32 elements, else f32.
  std::vector<int64_t> shape; ///< Without the batch if `batched`.
  bool batched = false;       ///< Models: one such tensor per image.
  // Parameters and slots of an optimiser ("conv1.weight:m") only:
  ParamRole param = ParamRole::Trainable;
  InitialValue init = InitialValue::HeNormal;

  int64_t elements() const;
};

/// Memory that an entry works in: aligned to 64 bytes, of any content, for one call at a time.
struct ArenaSize {
  int64_t planned = 0, lowerBound = 0, scratch = 0; ///< Bytes; scratch per thread.
  int64_t bytes(int64_t threads) const { return planned + threads * scratch; }
};

/// The parameters of a model in the text form of the graph stage, in order of first use.
Outcome<std::vector<ParamSpec>> listParams(std::string_view module);

} // namespace nibble::driver

#endif
