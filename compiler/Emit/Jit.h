// Compiled code in this process: the object that emitObject gives, linked by ORC.
#ifndef NIBBLE_COMPILER_EMIT_JIT_H
#define NIBBLE_COMPILER_EMIT_JIT_H

#include "compiler/Emit/Object.h"
#include <memory>
#include <string_view>

namespace nibble {

class JitModule {
public:
  /// From a module in the LLVM dialect. Error: the target does not run on this machine (says what is missing), or the
  /// code cannot be generated or linked.
  static Result<std::unique_ptr<JitModule>> create(mlir::ModuleOp module, const Target &target,
                                                   const EmitOptions &options = {});
  /// From an object for this machine, as emitObject writes them; `bytes` are copied.
  static Result<std::unique_ptr<JitModule>> load(std::string_view bytes);
  ~JitModule();

  /// The address of a function by its C name, or null. Valid as long as this object lives. Safe from several threads.
  void *lookup(std::string_view name) const;
  template <typename F>
  F *function(std::string_view name) const {
    return reinterpret_cast<F *>(lookup(name));
  }

private:
  struct Linked;
  explicit JitModule(std::unique_ptr<Linked> linked);
  std::unique_ptr<Linked> linked;
};

} // namespace nibble

#endif
