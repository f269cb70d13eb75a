// The way from the public handles to the graph builder of the compiler, for the sources of the frontend.
#pragma once
#include "compiler/Builder/GraphBuilder.h"
#include "compiler/Driver/Freeze.h"

#include <nibble/graph.h>

namespace nibble {

namespace detail {
struct GraphState {
  GraphState(std::string_view name, const SourcePlace &place) : name(name), builder(name, place) {}
  std::string name;
  GraphBuilder builder;
  /// The module of a frozen graph; the builder then only collects mistakes.
  std::shared_ptr<const driver::FrozenModule> frozen = {};
};

/// Reaches the private parts of Tensor and Graph.
struct Access {
  static const std::shared_ptr<GraphState> &state(const Tensor &t) { return t.state_; }
  static const std::shared_ptr<GraphState> &state(const Graph &g) { return g.state_; }
  static GraphBuilder::Value id(const Tensor &t) { return t.id_; }
  static Tensor tensor(std::shared_ptr<GraphState> state, GraphBuilder::Value id) {
    Tensor t;
    t.state_ = std::move(state);
    t.id_ = id;
    return t;
  }
  static Graph graph(std::shared_ptr<GraphState> state) {
    Graph g;
    g.state_ = std::move(state);
    return g;
  }
};
} // namespace detail

SourcePlace place_of(const std::source_location &where);
std::vector<Diagnostic> to_diagnostics(const std::vector<BuildDiagnostic> &diagnostics);

/// Throws Error with all mistakes of a graph unless it is complete and verified.
void check_graph(const Graph &graph);
/// A checked graph as text with locations, as the compiler takes it. Throws Error.
std::string module_text(const Graph &graph);
/// Its parameters in the order of their names. Throws Error.
std::vector<ParamSpec> parameter_specs(const Graph &graph);

/// One call of the DSL: looks at its operands, then makes ops at the caller's place.
class Call {
public:
  using Value = GraphBuilder::Value;

  /// `what` is the name of the function for messages. Throws Error if no operand belongs to a graph.
  Call(std::string_view what, std::vector<Tensor> operands, const std::source_location &where);

  /// No operand is empty, poisoned or of another graph. If false, return `poison()`.
  explicit operator bool() const { return good_; }
  Tensor poison() const { return wrap(GraphBuilder::poison); }

  GraphBuilder &builder() const { return state_->builder; }
  const SourcePlace &place() const { return place_; }
  Value operand(std::size_t i) const { return detail::Access::id(operands_[i]); }
  Shape shape(std::size_t i) const { return builder().shape(operand(i)); }

  /// The op `mnemonic` on all operands, or on these.
  Tensor create(std::string_view mnemonic, const std::vector<NamedAttributeSpec> &attributes = {}) const;
  Tensor create(std::string_view mnemonic, const std::vector<Value> &operands,
                const std::vector<NamedAttributeSpec> &attributes) const;
  Tensor wrap(Value value) const { return detail::Access::tensor(state_, value); }
  Tensor error(std::string message, std::vector<BuildNote> notes = {}) const;

private:
  std::vector<Tensor> operands_;
  SourcePlace place_;
  std::shared_ptr<detail::GraphState> state_;
  bool good_ = true;
};

} // namespace nibble
