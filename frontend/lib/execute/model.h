// What compile(), compile_to_object() and the members of Model share.
#pragma once
#include "compiler/Driver/Model.h"
#include "frontend/lib/execute/bridge.h"

#include <mutex>
#include <nibble/compile.h>

namespace nibble {

driver::ModelOptions model_options(const CompileOptions &options);
Report to_report(const driver::ModelReport &from, std::vector<Diagnostic> remarks);

struct Model::State {
  Threads threads;
  std::unique_ptr<driver::ModelProgram> program;
  Report report;
  std::vector<const driver::Argument *> inputs = {}, outputs = {};
  Array arena = {};
  std::mutex mutex = {}; ///< Of the arena and the threads.

  struct Call {
    std::int64_t batch = 0;
    std::vector<Array> results = {};
    std::vector<void *> pointers = {}; ///< To the inputs, then to the results.
  };
  /// Checks the inputs and makes room for the results.
  Call prepare(std::span<const Array> given) const;
};

} // namespace nibble
