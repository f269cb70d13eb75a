// The parts of nibble-freeze, in the order in which it runs them over a function.
#ifndef NIBBLE_COMPILER_GRAPH_FREEZING_H
#define NIBBLE_COMPILER_GRAPH_FREEZING_H

#include "compiler/Graph/Weights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nibble {

/// Gives every quantiser constant scales (R1, R4) and every type behind it its known grid. An error per quantiser whose
/// scale cannot be known: no constant operand, or a range that has seen no batch.
mlir::LogicalResult freezeScales(mlir::func::FuncOp function, const ConstantReader &reader);

/// Moves steps and quantisers above max_pool2d, reshape and concat where that is exact.
void hoistSteps(mlir::func::FuncOp function, const ConstantReader &reader);

/// Makes the requantisations of R8. Fails where a folded constant is not finite.
mlir::LogicalResult foldChains(mlir::func::FuncOp function, const ConstantReader &reader, bool report);

} // namespace nibble

#endif
