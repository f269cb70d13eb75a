// Frozen graphs compiled to packed integer code: in this process, or as an object file. No MLIR in the interface.
#ifndef NIBBLE_COMPILER_DRIVER_MODEL_H
#define NIBBLE_COMPILER_DRIVER_MODEL_H

#include "compiler/Driver/Program.h"
#include "compiler/Graph/WeightTable.h"
#include "compiler/Report/Report.h"

namespace nibble::driver {

struct ModelOptions {
  std::string target = "native";
  int64_t batchTile = 0;      ///< Images that are computed at a time; 0: chosen.
  bool allowFloat = false;    ///< Accept float ops between two quantisers; each gives a remark.
  int level = 3;              ///< Of LLVM's optimisation; changes no result.
  bool tune = false;          ///< Measure the kernels of each layer on this machine.
  std::string tuneCache = {}; ///< Where times are kept; empty: the default.
};

using LayerReport = report::Layer;
using ModelReport = report::Model;

/// A model compiled for this machine.
class ModelProgram {
public:
  /// `module` is a frozen model in the text form of the graph stage; `weights` must hold all parameters that are left
  /// and, beside those that freezing absorbed, nothing else.
  static Outcome<ModelProgram> create(std::string_view module, const WeightTable &weights, const ModelOptions &options);
  ~ModelProgram();
  /// Inputs, then outputs.
  const std::vector<Argument> &arguments() const { return table; }
  const ModelReport &report() const { return facts; }
  /// Any batch >= 0. Gives a nibble_status. Safe from several threads as long as they share neither arena nor outputs.
  int32_t run(void *const *arguments, int64_t batch, void *arena, const nibble_parallel *parallel) const;

private:
  ModelProgram();
  struct Code;
  std::unique_ptr<Code> code;
  std::vector<Argument> table;
  ModelReport facts;
};

/// A model as a relocatable object and the C header that declares its entry. The same arguments give the same bytes.
struct ModelObject {
  std::string bytes, header;
  ModelReport report;
};
Outcome<ModelObject> compileObject(std::string_view module, const WeightTable &weights, const ModelOptions &options);

} // namespace nibble::driver

#endif
