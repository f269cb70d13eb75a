// The weight table against the parameters of a module.
#ifndef NIBBLE_COMPILER_GRAPH_WEIGHTS_H
#define NIBBLE_COMPILER_GRAPH_WEIGHTS_H

#include "compiler/Graph/WeightTable.h"
#include "dialects/Nibble/IR/Nibble.h"
#include <functional>
#include <optional>

namespace nibble {

/// Attribute of a frozen module: the names of the parameters that nibble-freeze has made constants, an array of
/// strings.
inline constexpr llvm::StringLiteral absorbedAttrName = "nibble.absorbed";

/// One error at the module that lists every parameter which `table` lacks or holds in another shape (only those that
/// `wanted` accepts) and, with `refuseExtra`, every tensor that no parameter names
/// (absorbed ones and slots of optimisers aside). A missing one comes with the tensor that it may be a misspelling of.
mlir::LogicalResult checkWeights(
    mlir::ModuleOp module, const WeightTable &table, bool refuseExtra,
    llvm::function_ref<bool(ParamOp)> wanted = [](ParamOp) { return true; });

/// An error at each parameter that `wanted` accepts and whose values in `table` are not all finite. Ranges of
/// activations are left to nibble-freeze, which knows more about them. `table` fits the module (checkWeights).
mlir::LogicalResult checkFinite(
    mlir::ModuleOp module, const WeightTable &table,
    llvm::function_ref<bool(ParamOp)> wanted = [](ParamOp) { return true; });

/// Reproducible values for all parameters: the same on every platform, each parameter's values depend on its name and
/// the seed only. he_normal: about normal, variance 2 / inputs; ones: [0.5, 1.5); zeros: [-0.25, 0.25); a range of an
/// activation: a random interval round zero, seen once.
WeightTable seededWeights(mlir::ModuleOp module, uint64_t seed);

/// Values that are known when compiling: constants, parameters of the table, and reshapes of both.
class ConstantReader {
public:
  /// `table` may be null and must outlive the reader.
  explicit ConstantReader(const WeightTable *table) : table(table) {}

  /// f32 values in row-major order, or nothing.
  std::optional<std::vector<float>> read(mlir::Value value) const;
  /// "bn1.mean" for a parameter, a resource's name for a constant, else empty.
  static llvm::StringRef nameOf(mlir::Value value);

private:
  const WeightTable *table;
};

} // namespace nibble

#endif
