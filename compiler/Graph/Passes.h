// Passes of the graph stage, and what they read.
#ifndef NIBBLE_COMPILER_GRAPH_PASSES_H
#define NIBBLE_COMPILER_GRAPH_PASSES_H

#include "compiler/Graph/WeightTable.h"
#include "mlir/Pass/Pass.h"
#include <memory>

namespace nibble {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Graph/Passes.h.inc"

/// nibble-bind-weights with the values of `table`. Fails with one error that lists every missing, misshapen and (unless
/// allowed) extra tensor.
std::unique_ptr<mlir::Pass> createBindWeights(std::shared_ptr<const WeightTable> table,
                                              BindWeightsOptions options = {});

/// nibble-freeze; parameters that are not bound as constants are read from `table`.
std::unique_ptr<mlir::Pass> createFreeze(std::shared_ptr<const WeightTable> table, FreezeOptions options = {});

} // namespace nibble

#endif
