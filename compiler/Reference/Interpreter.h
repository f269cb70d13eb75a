// The interpreter: what every op of the nibble dialect means, by the rules of docs/spec.md. Written to be read;
// compiled code must give the same bits.
#pragma once
#include "compiler/Reference/HostTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <string>

namespace nibble::reference {

/// Values of `nibble.param` by name, without the `@`.
using Parameters = std::map<std::string, HostTensor>;

/// Executes a function of the graph (also frozen and training), quantized or packed stage and returns its results.
///
/// `inputs` holds one tensor for each argument. A dynamic dimension takes its size from them. An argument whose type is
/// a grid with a known scale, or a quantised element type, takes the integers q (`HostTensor::ofInts` or `onGrid`) or
/// real values that lie on the grid. The same goes for `parameters`, which may be null if the function has no
/// `nibble.param`.
///
/// The module must be verified. Errors are reported at the op's location: an op that the interpreter does not know, an
/// input or parameter that is missing or does not fit its type, sizes that do not agree at run time, a label that is no
/// class, an accumulator that leaves i32 (R5), a value that its packed layout cannot hold.
mlir::FailureOr<std::vector<HostTensor>> interpret(mlir::func::FuncOp function, llvm::ArrayRef<HostTensor> inputs,
                                                   const Parameters *parameters = nullptr);

} // namespace nibble::reference
