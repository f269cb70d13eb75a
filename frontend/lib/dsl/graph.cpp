// Graph: inputs, parameters, outputs, checking, text.
#include "frontend/lib/dsl/state.h"

#include <nibble/version.h>

#include <algorithm>

namespace nibble {

using detail::Access;

const char *version() noexcept { return NIBBLE_VERSION; }

Graph::Graph(std::string_view name, std::source_location where)
    : state_(std::make_shared<detail::GraphState>(name, place_of(where))) {}

const std::string &Graph::name() const { return state_->name; }

/// A frozen graph has its inputs and layers for good; gives true and notes the mistake when it is one.
static bool refuse_frozen(detail::GraphState &state, const char *what, const std::source_location &where) {
  if (!state.frozen)
    return false;
  state.builder.error(place_of(where), std::string(what) + ": graph \"" + state.name +
                                           "\" is frozen and cannot be extended; change the graph that it was made of");
  return true;
}

Tensor Graph::input(std::string_view name, ElementType type, const Shape &shape, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  if (refuse_frozen(*state_, "input", where))
    return Access::tensor(state_, GraphBuilder::poison);
  if (type != ElementType::f32)
    return Access::tensor(state_,
                          builder.error(place_of(where), "input \"" + std::string(name) + "\" has element type " +
                                                             to_string(type) + ": graph inputs are f32"));
  return Access::tensor(state_, builder.input(place_of(where), name, shape));
}

Tensor Graph::param(std::string_view name, const Shape &shape, Initializer init, std::source_location where) {
  if (refuse_frozen(*state_, "param", where))
    return Access::tensor(state_, GraphBuilder::poison);
  InitialValue value = init == Initializer::zeros  ? InitialValue::Zeros
                       : init == Initializer::ones ? InitialValue::Ones
                                                   : InitialValue::HeNormal;
  ParamSpec spec{std::string(name), shape, ParamRole::Trainable, value};
  return Access::tensor(state_, state_->builder.param(place_of(where), spec));
}

Tensor Graph::constant(const Array &values, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  if (refuse_frozen(*state_, "constant", where))
    return Access::tensor(state_, GraphBuilder::poison);
  if (values.type() != ElementType::f32)
    return Access::tensor(state_, builder.error(place_of(where), "a constant is f32, got " + to_string(values.type())));
  auto elements = values.span<float>();
  return Access::tensor(state_, builder.constant(place_of(where), values.shape(), {elements.begin(), elements.end()}));
}

void Graph::output(std::string_view name, const Tensor &value, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  const auto &state = Access::state(value);
  if (refuse_frozen(*state_, "output", where))
    return;
  if (!state)
    builder.error(place_of(where),
                  "output \"" + std::string(name) + "\" is an empty Tensor: give it the result of a layer");
  else if (state != state_)
    builder.error(place_of(where),
                  "output \"" + std::string(name) + "\" is a tensor of another graph, \"" + state->name + "\"");
  builder.output(place_of(where), name, state == state_ ? Access::id(value) : GraphBuilder::poison);
}

bool Graph::is_frozen() const noexcept { return state_->frozen != nullptr; }

std::vector<WeightSpec> Graph::parameters() const {
  std::vector<WeightSpec> result;
  for (ParamSpec &spec : parameter_specs(*this))
    result.push_back({std::move(spec.name), std::move(spec.shape), ElementType::f32});
  return result;
}

std::vector<Diagnostic> Graph::diagnostics() const { return to_diagnostics(state_->builder.diagnostics()); }

void check_graph(const Graph &graph) {
  detail::GraphState &state = *Access::state(graph);
  if (auto found = to_diagnostics(state.frozen ? state.builder.diagnostics() : state.builder.finish()); !found.empty())
    throw Error(std::move(found));
}

std::string module_text(const Graph &graph) { return graph.to_mlir(/*locations=*/true); }

std::vector<ParamSpec> parameter_specs(const Graph &graph) {
  check_graph(graph);
  const detail::GraphState &state = *Access::state(graph);
  std::vector<ParamSpec> specs = state.frozen ? state.frozen->params : state.builder.params();
  std::sort(specs.begin(), specs.end(), [](const ParamSpec &a, const ParamSpec &b) { return a.name < b.name; });
  return specs;
}

void Graph::check() const { check_graph(*this); }

std::string Graph::to_mlir(bool locations) const {
  check_graph(*this);
  if (const auto &frozen = state_->frozen)
    return locations ? frozen->located : frozen->text;
  return state_->builder.print(locations);
}

} // namespace nibble
