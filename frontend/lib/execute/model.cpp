// freeze, compile, Model.
#include "frontend/lib/execute/model.h"
#include "compiler/Report/Convert.h"

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
  driver::ModelOptions wanted{.target = options.target,
                              .batchTile = options.batch_tile,
                              .allowFloat = options.allow_float,
                              .tune = options.tune,
                              .tuneCache = options.tune_cache};
  return wanted;
}

Report to_report(const driver::ModelReport &from, std::vector<Diagnostic> remarks) {
  auto report = report::convert<Report>(from);
  report.remarks = std::move(remarks);
  return report;
}

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

Model::State::Call Model::State::prepare(std::span<const Array> given) const {
  Call call;
  call.batch = check_inputs(given, inputs, report.name);
  for (const Array &input : given) // the entry only reads them
    call.pointers.push_back(const_cast<std::byte *>(input.bytes().data()));
  for (const Argument *output : outputs) {
    Shape shape = output->shape;
    shape.insert(shape.begin(), call.batch);
    call.results.emplace_back(output->integer ? ElementType::i32 : ElementType::f32, std::move(shape));
  }
  for (Array &result : call.results)
    call.pointers.push_back(result.bytes().data());
  return call;
}

std::vector<Array> Model::run(std::span<const Array> inputs) const {
  State &s = live(state_, "Model");
  State::Call call = s.prepare(inputs);
  if (call.batch == 0)
    return std::move(call.results);
  std::lock_guard lock(s.mutex);
  check_status(s.program->run(call.pointers.data(), call.batch, s.arena.bytes().data(), s.threads.parallel()),
               s.report.name);
  return std::move(call.results);
}
Array Model::run(const Array &input) const { return only(run(std::span(&input, 1)), "Model::run"); }

} // namespace nibble
