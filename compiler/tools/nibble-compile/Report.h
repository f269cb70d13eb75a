// What --report prints: the kernel of each layer and the memory of the code.
#ifndef NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_REPORT_H
#define NIBBLE_COMPILER_TOOLS_NIBBLE_COMPILE_REPORT_H

#include "compiler/Pipelines/Stages.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace nibble::tools {

/// Collects lines as the module passes the stages:
///   nibble: remark: small_cnn/fc: kernel portable_i16 (u4 x s4, 8192 weight bytes); skipped dot_u8s4_12x8_avx2 (...)
///   nibble: remark: weights and all other constants: 8492 bytes
///   nibble: remark: small_cnn: 16384 bytes planned (lower bound 16384), 1024 of scratch a thread: an arena of 17408
///   bytes for 1 thread; batch tile 16
class Report {
public:
  explicit Report(int threads) : threads(threads) {}
  /// Takes what the module says at this stage.
  void add(mlir::ModuleOp module, Stage stage);
  const std::string &text() const { return lines; }

private:
  void addLayers(mlir::ModuleOp module);
  void addConstants(mlir::ModuleOp module);
  void addMemory(mlir::ModuleOp module);

  int threads;
  bool hasLayers = false;
  std::string lines;
};

} // namespace nibble::tools

#endif
