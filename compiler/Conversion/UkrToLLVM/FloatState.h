// The floating-point environment of compiled code: round to nearest, no flush to zero (rule R10).
#ifndef NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_FLOATSTATE_H
#define NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_FLOATSTATE_H

#include "compiler/Target/Target.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace nibble {

/// Sets the state of the calling thread and keeps what it was. LLVM takes float operations for free to move, so the
/// code between set and restore must be a call that is not inlined.
class FloatState {
public:
  /// Insert in the entry block of a function.
  FloatState(mlir::ImplicitLocOpBuilder &builder, const Target &target);
  /// Where the work is done; in a block that the first dominates.
  void set(mlir::ImplicitLocOpBuilder &builder);
  void restore(mlir::ImplicitLocOpBuilder &builder);

private:
  const Target &target;
  mlir::Value saved, wanted; ///< x86: memory; other targets: `saved` is the register's value
};

} // namespace nibble

#endif
