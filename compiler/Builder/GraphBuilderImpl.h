// What the sources of GraphBuilder share. Private to this folder.
#ifndef NIBBLE_COMPILER_BUILDER_GRAPHBUILDERIMPL_H
#define NIBBLE_COMPILER_BUILDER_GRAPHBUILDERIMPL_H

#include "compiler/Builder/GraphBuilder.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>

namespace nibble {

struct GraphBuilder::Impl {
  struct Param {
    ParamSpec spec;
    SourcePlace place;
    Value value;
  };
  struct Port { // an input or output
    std::string name;
    SourcePlace place;
    Value value;
  };

  Impl(std::string_view name, const SourcePlace &place);

  mlir::Location locate(const SourcePlace &place);
  Value add(mlir::Value value, bool activation);
  /// Where the next op goes; takes back the return that finish() made.
  mlir::OpBuilder end();
  /// Infers the result type unless `type` is given, creates the op at the end of the function and verifies it.
  Value insert(mlir::OperationState &state, mlir::Type type, const std::string &layer);
  mlir::Attribute attribute(mlir::Location loc, const AttributeSpec &spec);
  Value error(const SourcePlace &place, std::string message, std::vector<BuildNote> notes = {});
  /// Names of inputs and outputs are identifiers and differ; false after an error.
  bool checkPort(const SourcePlace &place, const char *what, std::string_view name);
  std::string layerOf(mlir::Value value) const;
  /// "has 9 dimensions; ..." or "has shape ..., which is more than 2^40 elements"; empty if neither. The batch does not
  /// count.
  static std::string tooLarge(const std::vector<int64_t> &shape);

  mlir::MLIRContext context;
  std::string name; ///< As the user wrote it, identifier or not.
  SourcePlace place;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::Block *body = nullptr;
  std::vector<mlir::Value> values;
  std::vector<bool> activations;
  std::vector<Port> inputs, outputs;
  std::vector<Param> params;
  std::map<std::string, size_t, std::less<>> paramIndex;
  std::vector<BuildDiagnostic> diagnostics;
};

} // namespace nibble

#endif
