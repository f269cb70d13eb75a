// What every function of the DSL does first: operands of one graph, none of them empty or poisoned.
#include "frontend/lib/dsl/state.h"

namespace nibble {

SourcePlace place_of(const std::source_location &where) {
  return {where.file_name(), static_cast<int>(where.line()), static_cast<int>(where.column())};
}

std::vector<Diagnostic> to_diagnostics(const std::vector<BuildDiagnostic> &diagnostics) {
  std::vector<Diagnostic> result;
  for (const BuildDiagnostic &d : diagnostics) {
    Severity severity = d.severity == BuildSeverity::Error     ? Severity::error
                        : d.severity == BuildSeverity::Warning ? Severity::warning
                                                               : Severity::remark;
    Diagnostic &out = result.emplace_back(Diagnostic{d.place.file, d.place.line, severity, d.message, {}});
    for (const BuildNote &note : d.notes)
      out.notes.push_back({note.place.file, note.place.line, note.message});
  }
  return result;
}

Call::Call(std::string_view what, std::vector<Tensor> operands, const std::source_location &where)
    : operands_(std::move(operands)), place_(place_of(where)) {
  for (const Tensor &t : operands_)
    if (!state_)
      state_ = detail::Access::state(t);
  const std::string name(what);
  const std::string empty = name + " got an empty Tensor: give it the result of Graph::input, Graph::param or a layer";
  if (!state_)
    throw Error({Diagnostic{place_.file,
                            place_.line,
                            Severity::error,
                            operands_.empty() ? name + " needs at least one tensor" : empty,
                            {}}});
  for (const Tensor &t : operands_) {
    const auto &state = detail::Access::state(t);
    if (state && state == state_ && detail::Access::id(t) != GraphBuilder::poison)
      continue;
    good_ = false;
    if (!state)
      error(empty);
    else if (state != state_)
      error(name + " got tensors of two graphs, \"" + state_->name + "\" and \"" + state->name + "\"");
  }
}

Tensor Call::create(std::string_view mnemonic, const std::vector<NamedAttributeSpec> &attributes) const {
  std::vector<Value> operands;
  operands.reserve(operands_.size());
  for (const Tensor &t : operands_)
    operands.push_back(detail::Access::id(t));
  return create(mnemonic, operands, attributes);
}

Tensor Call::create(std::string_view mnemonic, const std::vector<Value> &operands,
                    const std::vector<NamedAttributeSpec> &attributes) const {
  return wrap(builder().create(place_, mnemonic, operands, attributes));
}

Tensor Call::error(std::string message, std::vector<BuildNote> notes) const {
  return wrap(builder().error(place_, std::move(message), std::move(notes)));
}

} // namespace nibble
