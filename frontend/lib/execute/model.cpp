// freeze, compile, Model.
#include "frontend/lib/execute/model.h"
#include "frontend/lib/execute/bridge.h"

#include <mutex>

namespace nibble {

using driver::Argument;

Graph freeze(const Graph &graph, const Weights &weights, std::vector<Diagnostic> *remarks) {
  const WeightTable table = to_table(checked_weights(graph, weights));
  auto frozen = value_or_throw(driver::freeze(module_text(graph), table), remarks);
  auto state = std::make_shared<detail::GraphState>(graph.name(), SourcePlace());
  state->frozen = std::move(frozen);
  return detail::Access::graph(std::move(state));
}

driver::ModelOptions model_options(const CompileOptions &options) {
  return {options.target, options.batch_tile, options.allow_float};
}

Report to_report(const driver::ModelReport &from, std::vector<Diagnostic> remarks) {
  Report report;
  report.name = from.name;
  report.target = from.target;
  for (const driver::LayerReport &layer : from.layers)
    report.layers.push_back({layer.name, layer.place.file, layer.place.line, layer.kernel, layer.rejected, layer.input,
                             layer.weight, layer.weightBytes});
  report.weight_bytes = from.constantBytes;
  report.batch_tile = from.batchTile;
  report.arena_planned = from.arena.planned;
  report.arena_lower_bound = from.arena.lowerBound;
  report.arena_scratch = from.arena.scratch;
  report.remarks = std::move(remarks);
  return report;
}

struct Model::State {
  Threads threads;
  std::unique_ptr<driver::ModelProgram> program;
  Report report;
  std::vector<const Argument *> inputs = {}, outputs = {};
  Array arena = {};
  std::mutex mutex = {}; ///< Of the arena and the threads.
};

struct ModelAccess {
  static Model make(Threads threads, std::unique_ptr<driver::ModelProgram> program, std::vector<Diagnostic> remarks) {
    Report report = to_report(program->report(), std::move(remarks));
    auto state =
        std::unique_ptr<Model::State>(new Model::State{std::move(threads), std::move(program), std::move(report)});
    for (const Argument &argument : state->program->arguments())
      (argument.direction == Argument::Direction::In ? state->inputs : state->outputs).push_back(&argument);
    state->arena = make_arena(state->report.arena_bytes(state->threads.count()), state->report.name);
    return Model(std::move(state));
  }
};

Model compile(const Graph &graph, const Weights &weights, const CompileOptions &options) {
  Threads threads(options.threads);
  std::vector<Diagnostic> remarks;
  const WeightTable table = to_table(checked_weights(graph, weights));
  auto program =
      value_or_throw(driver::ModelProgram::create(module_text(graph), table, model_options(options)), &remarks);
  return ModelAccess::make(std::move(threads), std::move(program), std::move(remarks));
}

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model &&) noexcept = default;
Model &Model::operator=(Model &&) noexcept = default;
Model::~Model() = default;

const Report &Model::report() const noexcept {
  static const Report none;
  return state_ ? state_->report : none;
}
int Model::threads() const noexcept { return state_ ? state_->threads.count() : 0; }

std::vector<Array> Model::run(std::span<const Array> inputs) const {
  State &s = live(state_, "Model");
  const std::int64_t batch = check_inputs(inputs, s.inputs, s.report.name);
  std::vector<Array> results;
  std::vector<void *> pointers;
  for (const Array &input : inputs) // the entry only reads them
    pointers.push_back(const_cast<std::byte *>(input.bytes().data()));
  for (const Argument *output : s.outputs) {
    Shape shape = output->shape;
    shape.insert(shape.begin(), batch);
    results.emplace_back(output->integer ? ElementType::i32 : ElementType::f32, std::move(shape));
  }
  if (batch == 0)
    return results;
  for (Array &result : results)
    pointers.push_back(result.bytes().data());
  std::lock_guard lock(s.mutex);
  check_status(s.program->run(pointers.data(), batch, s.arena.bytes().data(), s.threads.parallel()), s.report.name);
  return results;
}
Array Model::run(const Array &input) const { return only(run(std::span(&input, 1)), "Model::run"); }

} // namespace nibble
