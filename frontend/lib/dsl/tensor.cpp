// Tensor: its shape, and the quantisers.
#include "frontend/lib/dsl/state.h"

namespace nibble {

using detail::Access;

Graph Tensor::graph() const {
  if (!state_)
    throw Error("an empty Tensor belongs to no graph: use the result of Graph::input, Graph::param or a layer");
  return Access::graph(state_);
}

Shape Tensor::shape() const {
  if (!valid())
    throw Error(graph().diagnostics());
  return state_->builder.shape(id_);
}

static AttributeText estimator_text(GradientEstimator e) {
  return {e == GradientEstimator::clipped ? "#nibble.estimator<clipped>" : "#nibble.estimator<identity>"};
}

Tensor Tensor::fake_quant(QType type, std::string_view name, std::source_location where) const {
  Call call("fake_quant", {*this}, where);
  if (!call)
    return call.poison();
  if (type.bits() < 0) // others are the verifier's to judge
    return call.error("a uniform quantiser has 1..8 or 16 bits, got " + std::to_string(type.bits()));
  QuantizerSpec spec{.bits = static_cast<unsigned>(type.bits()),
                     .isSigned = type.is_signed(),
                     .narrow = type.is_narrow(),
                     .symmetric = type.is_symmetric(),
                     .axis = type.axis(),
                     .clipped = type.estimator() == GradientEstimator::clipped,
                     .group = type.group()};
  GraphBuilder &builder = call.builder();
  if (!builder.isActivation(call.operand(0))) {
    if (!type.is_symmetric())
      return call.error("fake_quant of a weight takes its scale from max|w| and must be symmetric: use .symmetric()");
    return call.create("fake_quant", {{"quantizer", spec}});
  }
  if (type.axis() >= 0)
    return call.error("fake_quant of an activation has one scale per tensor: drop .per_channel()");
  if (type.group() != 0)
    return call.error("fake_quant of an activation has one scale per tensor: drop .per_group()");
  std::string range =
      name.empty() ? builder.freeName(builder.layerOf(call.operand(0)), ".range") : std::string(name) + ".range";
  if (const SourcePlace *first = builder.findParam(range))
    return call.error("the range \"" + range + "\" belongs to another quantiser: give this one another name",
                      {{*first, "first used here"}});
  Call::Value state = builder.param(call.place(), {range, {3}, ParamRole::State, InitialValue::Zeros});
  return call.create("fake_quant", {call.operand(0), state}, {{"quantizer", spec}});
}

Tensor Tensor::sign(GradientEstimator estimator, std::source_location where) const {
  Call call("sign", {*this}, where);
  return call ? call.create("sign", {{"estimator", estimator_text(estimator)}}) : call.poison();
}

Tensor Tensor::ternarize(const TernaryOptions &options, std::source_location where) const {
  Call call("ternarize", {*this}, where);
  if (!call)
    return call.poison();
  bool fixed = options.threshold == TernaryThreshold::fixed;
  if (fixed != !options.scales.empty())
    return call.error(fixed ? "ternarize with TernaryThreshold::fixed needs .scales"
                            : "ternarize takes its scale from the data: drop .scales or use TernaryThreshold::fixed");
  std::string rule = fixed ? "fixed" : options.threshold == TernaryThreshold::median ? "median" : "mean";
  std::vector<NamedAttributeSpec> attributes = {{"rule", AttributeText{"#nibble.ternary_rule<" + rule + ">"}},
                                                {"estimator", estimator_text(options.estimator)}};
  if (options.axis >= 0)
    attributes.emplace_back("axis", options.axis);
  if (fixed)
    attributes.emplace_back("scales", options.scales);
  return call.create("ternarize", attributes);
}

} // namespace nibble
