// Freezing a graph (R8) for callers without MLIR.
#ifndef NIBBLE_COMPILER_DRIVER_FREEZE_H
#define NIBBLE_COMPILER_DRIVER_FREEZE_H

#include "compiler/Driver/Program.h"
#include "compiler/Graph/WeightTable.h"

namespace nibble::driver {

struct FrozenModule {
  std::string text;                  ///< For people: without locations.
  std::string located;               ///< For the other functions of the driver: with locations.
  std::vector<ParamSpec> params;     ///< What is left to train.
  std::vector<std::string> absorbed; ///< Names of the parameters that are constants now; weight tables may hold them.
};

/// Turns the scales and running statistics of a model into constants. `weights` must hold every parameter and nothing
/// else (slots of an optimiser aside). The remarks say what was folded into each layer.
Outcome<FrozenModule> freeze(std::string_view module, const WeightTable &weights);

} // namespace nibble::driver

#endif
