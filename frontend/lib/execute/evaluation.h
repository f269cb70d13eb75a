// A graph's evaluation on parameters that live elsewhere: what Trainer and Evaluator share.
#pragma once
#include "compiler/Driver/Training.h"
#include "frontend/lib/execute/bridge.h"

namespace nibble {

/// Parameter name -> value.
using Buffers = std::map<std::string, Array, std::less<>>;

class Evaluation {
public:
  Evaluation(const std::string &module, std::int64_t batch, const std::string &target);
  /// All outputs for any number of images.
  std::vector<Array> run(std::span<const Array> inputs, Buffers &parameters, const Threads &threads);

private:
  std::unique_ptr<driver::EvaluationProgram> program_;
  std::vector<const driver::Argument *> inputs_, outputs_;
  Array arena_;
};

} // namespace nibble
