// What the attributes of an entry function say: its C interface and its memory.
#ifndef NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_ENTRY_H
#define NIBBLE_COMPILER_CONVERSION_UKRTOLLVM_ENTRY_H

#include "mlir/IR/BuiltinOps.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nibble {

/// One tensor of an entry, contiguous and row-major.
struct EntryArgument {
  enum class Direction { In, Out, InOut };
  std::string name;
  Direction direction = Direction::In;
  mlir::Type type;            ///< of one element
  int64_t elements = 0;       ///< per image if `batched`, else of the whole tensor
  bool batched = false;       ///< one such tensor per image, one after the other
  std::vector<int64_t> shape; ///< without the batch dimension; empty if not known
};

/// Attributes on the function: ukr.entry = "name", ukr.arguments = [{name, direction, elements, type, batched?,
/// shape?}], ukr.arena = {planned_bytes, lower_bound, scratch_bytes}, and ukr.batch_tile (models) or ukr.batch
/// (training steps).
struct Entry {
  std::string name;   ///< a C identifier
  bool model = false; ///< loops over batch tiles; else one call for a fixed batch
  int64_t batch = 0;  ///< images per tile, or of the training step
  std::vector<EntryArgument> arguments;
  std::optional<int64_t> plannedBytes; ///< no value before nibble-plan-memory
  int64_t lowerBoundBytes = 0, scratchBytes = 0;
  /// What the caller must provide, in bytes, aligned to 64.
  int64_t arenaBytes(int64_t threads) const { return plannedBytes.value_or(0) + threads * scratchBytes; }
};

inline constexpr llvm::StringLiteral entryAttribute = "ukr.entry";

/// The entry that `function` (of func or llvm) is; an error on it if its attributes are not as above.
mlir::FailureOr<Entry> readEntry(mlir::Operation *function);
/// All entries of a module, in order.
mlir::FailureOr<std::vector<Entry>> readEntries(mlir::ModuleOp module);

/// The C type of an element, for example "float"; empty if it has none.
llvm::StringRef cTypeOf(mlir::Type type);

} // namespace nibble

#endif
