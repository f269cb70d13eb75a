// Trainer: parameters, steps, checkpoints.
#include "frontend/lib/execute/evaluation.h"
#include "frontend/lib/execute/options.h"

#include <nibble/random.h>
#include <nibble/train.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <sstream>

namespace nibble {

using driver::Argument;

namespace {

TrainingOptions training_options(const TrainerOptions &options) {
  TrainingOptions result;
  result.batch = options.batch;
  result.rangeMomentum = options.range_momentum;
  result.binaryLimit = options.binary_limit;
  if (const auto *sgd = std::get_if<Sgd>(&options.optimizer)) {
    result.optimizer = Optimizer::Sgd;
    result.momentum = sgd->momentum;
    result.decay = sgd->decay;
  } else {
    const Adam &adam = std::get<Adam>(options.optimizer);
    result.optimizer = Optimizer::Adam;
    result.beta1 = adam.beta1;
    result.beta2 = adam.beta2;
    result.epsilon = adam.epsilon;
  }
  return result;
}

/// 1 / (1 - base^t), the power by repeated squaring: the same bits everywhere.
float correction_of(double base, std::int64_t t) {
  double power = 1;
  for (; t > 0; t /= 2, base *= base)
    if (t % 2)
      power *= base;
  return static_cast<float>(1 / (1 - power));
}

void initialize(Array &array, InitialValue init, std::uint64_t seed, std::uint64_t index) {
  auto values = array.span<float>();
  if (init != InitialValue::HeNormal)
    return std::fill(values.begin(), values.end(), init == InitialValue::Ones ? 1.0f : 0.0f);
  std::int64_t inputs = 1;
  for (std::size_t d = 1; d < array.shape().size(); ++d)
    inputs *= array.shape()[d];
  const auto deviation = static_cast<float>(std::sqrt(2.0 / static_cast<double>(inputs)));
  Random random(seed, index);
  for (float &v : values)
    v = random.normal() * deviation;
}

/// The first value that is not finite, or null. By bits, which is a fraction of a copy.
const float *find_bad(const Array &array) {
  auto values = array.span<float>();
  bool good = true;
  for (float v : values)
    good &= (std::bit_cast<std::uint32_t>(v) & 0x7f800000u) != 0x7f800000u;
  if (good)
    return nullptr;
  return &*std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
}

std::string text_of(float v) {
  std::ostringstream text;
  text << v;
  return std::isnan(v) ? "nan" : text.str(); // a NaN has a sign, which says nothing
}

void check_finite(const Array &images, const std::string &name) {
  const float *bad = find_bad(images);
  if (!bad)
    return;
  const auto index = bad - images.span<float>().data(), each = images.size() / images.shape()[0];
  throw Error("step takes finite numbers, but value " + std::to_string(index % each) + " of image " +
              std::to_string(index / each) + " in \"" + name + "\" is " + text_of(*bad));
}

const char *const kSteps = "nibble.steps";
const char *const kOptimizer = "nibble.optimizer";

} // namespace

struct Trainer::State {
  Graph graph;
  TrainerOptions options;
  Threads threads;
  std::unique_ptr<driver::TrainingProgram> program;
  std::vector<const Argument *> inputs = {};
  Buffers buffers = {}; ///< Parameters, states and slots.
  std::vector<Array> in = {};
  Array labels = {}, rate = {}, correction = {}, loss = {}, correct = {};
  Array arena = {};
  std::optional<Evaluation> evaluation = {};
  std::int64_t steps = 0;

  State(const Graph &graph, const TrainerOptions &options)
      : graph(graph), options(options), threads(options.threads),
        program(value_or_throw(
            driver::TrainingProgram::create(module_text(graph), training_options(options), options.target))) {
    labels = Array(ElementType::i32, {options.batch});
    rate = loss = correct = Array(ElementType::f32, {});
    correction = Array(ElementType::f32, {2});
    arena = make_arena(program->arena().bytes(threads.count()), "a step of graph \"" + graph.name() + "\"");
    for (const Argument &argument : program->arguments())
      if (argument.role == Argument::Role::Data && argument.direction == Argument::Direction::In &&
          argument.name != "labels" && argument.name != "rate" && argument.name != "correction") {
        inputs.push_back(&argument);
        in.emplace_back(ElementType::f32, argument.shape);
      }
    std::uint64_t index = 0;
    for (const ParamSpec &spec : parameter_specs(graph)) {
      auto [at, made] = buffers.emplace(spec.name, Array(ElementType::f32, spec.shape));
      initialize(at->second, spec.init, options.seed, index++);
    }
    for (const Argument &argument : program->arguments())
      if (argument.role == Argument::Role::Parameter && !buffers.contains(argument.name))
        buffers.emplace(argument.name, Array(ElementType::f32, argument.shape)); // slots start at zero
  }

  void *pointer_of(const Argument &argument) {
    if (argument.role == Argument::Role::Parameter)
      return buffers.at(argument.name).bytes().data();
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == &argument)
        return in[i].bytes().data();
    Array &array = argument.name == "labels"       ? labels
                   : argument.name == "rate"       ? rate
                   : argument.name == "correction" ? correction
                   : argument.name == "loss"       ? loss
                                                   : correct;
    return array.bytes().data();
  }

  template <typename T>
  void copy_labels(const Array &from) {
    auto to = labels.span<std::int32_t>();
    auto values = from.span<T>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (static_cast<std::int64_t>(values[i]) < 0 || static_cast<std::int64_t>(values[i]) >= program->classes())
        throw Error("label " + std::to_string(values[i]) + " of image " + std::to_string(i) +
                    " is no class: the graph has " + std::to_string(program->classes()));
      to[i] = static_cast<std::int32_t>(values[i]);
    }
  }

  void set_labels(const Array &from) {
    if (from.shape() != Shape{options.batch})
      throw Error("step takes labels [" + std::to_string(options.batch) + "], got " + to_string(from.shape()));
    switch (from.type()) {
    case ElementType::u8:
      return copy_labels<std::uint8_t>(from);
    case ElementType::i32:
      return copy_labels<std::int32_t>(from);
    case ElementType::i64:
      return copy_labels<std::int64_t>(from);
    default:
      throw Error("step takes labels of u8, i32 or i64, got " + to_string(from.type()));
    }
  }

  /// Throws Error if the step has shown that training diverges. relu and quantisers swallow NaN, so the loss alone does
  /// not tell; biases, norms and running statistics do, and are few.
  void check_progress() const {
    auto refuse = [&](const std::string &what, float bad) {
      throw Error("step " + std::to_string(steps) + " of training graph \"" + graph.name() + "\" gives " + what + " " +
                  text_of(bad) + ": training has diverged; go back with load() or load_checkpoint(), and lower the " +
                  "learning rate (" + text_of(rate.span<float>()[0]) + " now) or scale the images");
    };
    if (const float *bad = find_bad(loss))
      refuse("a loss of", *bad);
    for (const auto &[name, array] : buffers)
      if (array.rank() <= 1 && name.find(':') == std::string::npos)
        if (const float *bad = find_bad(array))
          refuse("'" + name + "' the value", *bad);
  }

  Weights everything() const {
    Weights all;
    for (const auto &[name, array] : buffers)
      all.set(name, array);
    return all;
  }

  std::string optimizer_name() const { return std::holds_alternative<Sgd>(options.optimizer) ? "sgd" : "adam"; }
};

Trainer::Trainer(const Graph &graph, const TrainerOptions &options) {
  check_graph(graph);
  check_options(graph, options);
  state_ = std::make_unique<State>(graph, options);
}
Trainer::Trainer(const Graph &graph, const Weights &weights, const TrainerOptions &options) : Trainer(graph, options) {
  load(weights);
}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer &&) noexcept = default;
Trainer &Trainer::operator=(Trainer &&) noexcept = default;

StepResult Trainer::step(const Array &images, const Array &labels) {
  return step(images, labels, live(state_, "Trainer").options.rate);
}
StepResult Trainer::step(const Array &images, const Array &labels, float rate) {
  return step(std::span(&images, 1), labels, rate);
}

StepResult Trainer::step(std::span<const Array> inputs, const Array &labels, float rate) {
  State &s = live(state_, "Trainer");
  check_rate(s.graph, rate);
  const std::int64_t batch = check_inputs(inputs, s.inputs, "step");
  if (batch != s.options.batch)
    throw Error("step takes batches of " + std::to_string(s.options.batch) + " images, got " + std::to_string(batch));
  s.set_labels(labels);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    check_finite(inputs[i], s.inputs[i]->name);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::memcpy(s.in[i].bytes().data(), inputs[i].bytes().data(), s.in[i].byte_size());
  s.rate.span<float>()[0] = rate;
  if (const auto *adam = std::get_if<Adam>(&s.options.optimizer)) {
    s.correction.span<float>()[0] = correction_of(adam->beta1, s.steps + 1);
    s.correction.span<float>()[1] = correction_of(adam->beta2, s.steps + 1);
  }
  std::vector<void *> pointers;
  for (const Argument &argument : s.program->arguments())
    pointers.push_back(s.pointer_of(argument));
  check_status(s.program->run(pointers.data(), s.arena.bytes().data(), s.threads.parallel()), "step");
  ++s.steps;
  s.check_progress();
  return {s.loss.span<float>()[0], static_cast<std::int64_t>(s.correct.span<float>()[0])};
}

std::vector<Array> Trainer::evaluate(std::span<const Array> inputs) {
  State &s = live(state_, "Trainer");
  if (!s.evaluation)
    s.evaluation.emplace(module_text(s.graph), s.options.batch, s.options.target);
  return s.evaluation->run(inputs, s.buffers, s.threads);
}
Array Trainer::evaluate(const Array &images) { return only(evaluate(std::span(&images, 1)), "Trainer::evaluate"); }

Weights Trainer::weights() const {
  Weights result;
  for (const auto &[name, array] : live(state_, "Trainer").buffers)
    if (name.find(':') == std::string::npos)
      result.set(name, array);
  return result;
}

void Trainer::load(const Weights &weights) {
  State &s = live(state_, "Trainer");
  Weights checked = finite_weights(s.graph, weights);
  for (auto &[name, array] : s.buffers)
    array = checked.contains(name) ? checked.at(name) : Array(ElementType::f32, array.shape());
  s.steps = 0;
}

void Trainer::save_checkpoint(const std::string &path) const {
  const State &s = live(state_, "Trainer");
  Weights all = s.everything();
  all.metadata()[kSteps] = std::to_string(s.steps);
  all.metadata()[kOptimizer] = s.optimizer_name();
  all.save(path);
}

void Trainer::load_checkpoint(const std::string &path) {
  State &s = live(state_, "Trainer");
  Weights all = Weights::load(path);
  auto steps = all.metadata().find(kSteps), optimizer = all.metadata().find(kOptimizer);
  if (steps == all.metadata().end() || optimizer == all.metadata().end())
    throw Error(path, "is no checkpoint: it has weights only (use Weights::load and Trainer::load)");
  if (optimizer->second != s.optimizer_name())
    throw Error(path, "is a checkpoint of " + optimizer->second + ", but this trainer uses " + s.optimizer_name());
  std::int64_t count = 0;
  const std::string &text = steps->second;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc() || end != text.data() + text.size() || count < 0)
    throw Error(path, "has a damaged step counter: \"" + text + "\"");
  std::vector<WeightSpec> expected;
  for (const auto &[name, array] : s.buffers)
    expected.push_back({name, array.shape(), ElementType::f32});
  all.check(expected);
  for (auto &[name, array] : s.buffers)
    array = all.at(name);
  s.steps = count;
}

std::int64_t Trainer::batch() const noexcept { return state_ ? state_->options.batch : 0; }
std::int64_t Trainer::steps() const noexcept { return state_ ? state_->steps : 0; }
int Trainer::threads() const noexcept { return state_ ? state_->threads.count() : 0; }
std::int64_t Trainer::flops_per_step() const noexcept { return state_ ? state_->program->flops() : 0; }

} // namespace nibble
