// Collects the report of a module on its way through the stages.
#ifndef NIBBLE_COMPILER_REPORT_COLLECT_H
#define NIBBLE_COMPILER_REPORT_COLLECT_H

#include "compiler/Pipelines/Stages.h"
#include "compiler/Report/Report.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>

namespace nibble::report {

/// Shapes, formats, kernels and operations come from the packed and tiled stages, memory and steps from the kernels
/// stage, the arena from the LLVM stage. A way that starts or ends between them gives what these stages say.
class Collector {
public:
  /// `target` in canonical form.
  explicit Collector(std::string target) : target(std::move(target)) {}
  /// Takes what the module says at this stage; to be called at each stage that is reached, in their order.
  void reached(mlir::ModuleOp module, Stage stage);
  /// One report for each function, in their order.
  const std::vector<Model> &models() const { return list; }

private:
  Model &modelOf(llvm::StringRef name);
  void addOps(mlir::func::FuncOp function);
  void addSteps(mlir::func::FuncOp entry);
  void addConstants(mlir::ModuleOp module);
  void addArenas(mlir::ModuleOp module);

  std::string target;
  std::vector<Model> list;
  /// For each function of the tiled stage, a layer for each op of its body, under its number there.
  std::map<std::string, std::vector<Layer>> ops;
};

} // namespace nibble::report

#endif
