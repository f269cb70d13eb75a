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

Tensor Graph::input(std::string_view name, ElementType type, const Shape &shape, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  if (type != ElementType::f32)
    return Access::tensor(state_,
                          builder.error(place_of(where), "input \"" + std::string(name) + "\" has element type " +
                                                             to_string(type) + ": graph inputs are f32"));
  return Access::tensor(state_, builder.input(place_of(where), name, shape));
}

Tensor Graph::param(std::string_view name, const Shape &shape, Initializer init, std::source_location where) {
  InitialValue value = init == Initializer::zeros  ? InitialValue::Zeros
                       : init == Initializer::ones ? InitialValue::Ones
                                                   : InitialValue::HeNormal;
  ParamSpec spec{std::string(name), shape, ParamRole::Trainable, value};
  return Access::tensor(state_, state_->builder.param(place_of(where), spec));
}

Tensor Graph::constant(const Array &values, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  if (values.type() != ElementType::f32)
    return Access::tensor(state_, builder.error(place_of(where), "a constant is f32, got " + to_string(values.type())));
  auto elements = values.span<float>();
  return Access::tensor(state_, builder.constant(place_of(where), values.shape(), {elements.begin(), elements.end()}));
}

void Graph::output(std::string_view name, const Tensor &value, std::source_location where) {
  GraphBuilder &builder = state_->builder;
  const auto &state = Access::state(value);
  if (!state)
    builder.error(place_of(where),
                  "output \"" + std::string(name) + "\" is an empty Tensor: give it the result of a layer");
  else if (state != state_)
    builder.error(place_of(where),
                  "output \"" + std::string(name) + "\" is a tensor of another graph, \"" + state->name + "\"");
  builder.output(place_of(where), name, state == state_ ? Access::id(value) : GraphBuilder::poison);
}

std::vector<WeightSpec> Graph::parameters() const {
  std::vector<WeightSpec> result;
  for (ParamSpec &spec : checked_builder(*this).params())
    result.push_back({std::move(spec.name), std::move(spec.shape), ElementType::f32});
  std::sort(result.begin(), result.end(), [](const WeightSpec &a, const WeightSpec &b) { return a.name < b.name; });
  return result;
}

std::vector<Diagnostic> Graph::diagnostics() const { return to_diagnostics(state_->builder.diagnostics()); }

GraphBuilder &checked_builder(const Graph &graph) {
  GraphBuilder &builder = Access::state(graph)->builder;
  if (auto found = to_diagnostics(builder.finish()); !found.empty())
    throw Error(std::move(found));
  return builder;
}

void Graph::check() const { checked_builder(*this); }

std::string Graph::to_mlir(bool locations) const { return checked_builder(*this).print(locations); }

} // namespace nibble
