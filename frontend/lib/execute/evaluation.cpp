// Evaluation in batches of a fixed size, and Evaluator.
#include "frontend/lib/execute/evaluation.h"

#include <nibble/train.h>

#include <algorithm>
#include <cstring>

namespace nibble {

using driver::Argument;

Evaluation::Evaluation(const std::string &module, std::int64_t batch, const std::string &target)
    : program_(value_or_throw(driver::EvaluationProgram::create(module, batch, target))) {
  for (const Argument &argument : program_->arguments())
    if (argument.role == Argument::Role::Data)
      (argument.direction == Argument::Direction::In ? inputs_ : outputs_).push_back(&argument);
}

std::vector<Array> Evaluation::run(std::span<const Array> inputs, Buffers &parameters, const Threads &threads) {
  const std::int64_t count = check_inputs(inputs, inputs_, "evaluate"), batch = program_->batch();
  auto make = [&](const std::vector<const Argument *> &arguments, std::int64_t rows) {
    std::vector<Array> arrays;
    for (const Argument *argument : arguments) {
      Shape shape = image_shape(*argument);
      shape.insert(shape.begin(), rows);
      arrays.emplace_back(argument->integer ? ElementType::i32 : ElementType::f32, std::move(shape));
    }
    return arrays;
  };
  std::vector<Array> results = make(outputs_, count), in = make(inputs_, batch), out = make(outputs_, batch);
  const std::int64_t bytes = program_->arena().bytes(threads.count());
  if (arena_.size() < bytes)
    arena_ = make_arena(bytes, "evaluate");

  std::vector<void *> pointers;
  std::size_t nextIn = 0, nextOut = 0;
  for (const Argument &argument : program_->arguments())
    pointers.push_back(argument.role == Argument::Role::Parameter      ? parameters.at(argument.name).bytes().data()
                       : argument.direction == Argument::Direction::In ? in[nextIn++].bytes().data()
                                                                       : out[nextOut++].bytes().data());
  // Rows behind the end keep the images of the batch before: any numbers will do, their results are dropped.
  for (std::int64_t first = 0; first < count; first += batch) {
    const auto rows = static_cast<std::size_t>(std::min(batch, count - first));
    const auto skip = static_cast<std::size_t>(first), all = static_cast<std::size_t>(batch);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const std::size_t row = in[i].byte_size() / all;
      std::memcpy(in[i].bytes().data(), inputs[i].bytes().data() + skip * row, rows * row);
    }
    check_status(program_->run(pointers.data(), arena_.bytes().data(), threads.parallel()), "evaluate");
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t row = out[i].byte_size() / all;
      std::memcpy(results[i].bytes().data() + skip * row, out[i].bytes().data(), rows * row);
    }
  }
  return results;
}

struct Evaluator::State {
  Threads threads;
  Evaluation evaluation;
  Buffers parameters = {};
};

Evaluator::Evaluator(const Graph &graph, const Weights &weights, const EvaluatorOptions &options) {
  Weights checked = finite_weights(graph, weights);
  state_.reset(new State{Threads(options.threads), Evaluation(module_text(graph), options.batch, options.target)});
  for (const auto &[name, array] : checked)
    state_->parameters.emplace(name, array);
}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator &&) noexcept = default;
Evaluator &Evaluator::operator=(Evaluator &&) noexcept = default;

std::vector<Array> Evaluator::run(std::span<const Array> inputs) {
  State &s = live(state_, "Evaluator");
  return s.evaluation.run(inputs, s.parameters, s.threads);
}
Array Evaluator::run(const Array &images) { return only(run(std::span(&images, 1)), "Evaluator::run"); }

} // namespace nibble
