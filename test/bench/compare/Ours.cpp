// The product's side of the comparison.
#include "test/bench/compare/Ours.h"
#include "compiler/Driver/Model.h"
#include "frontend/lib/execute/bridge.h"
#include "test/bench/compare/Reference.h"

#include <nibble/nibble.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace nibble::bench {
namespace {

constexpr int64_t readerOutputs = 16;

Tensor quantizedInput(const Tensor &x, const Operand &operand, float ternaryScale) {
  switch (operand.format) {
  case Format::Unsigned:
    return x.fake_quant(quint(operand.bits));
  case Format::Signed:
    return x.fake_quant(qint(operand.bits));
  case Format::Ternary:
    return x.ternarize({.threshold = TernaryThreshold::fixed, .scales = {ternaryScale}});
  case Format::Binary:
    return x.sign();
  case Format::F32:
    break;
  }
  return x;
}

Tensor quantizedWeight(const Tensor &w, const Operand &operand, int64_t group) {
  const QType type = qint(operand.bits < 2 ? 2 : std::min(operand.bits, 8)).narrow();
  switch (operand.format) {
  case Format::Ternary:
    return w.ternarize();
  case Format::Binary:
    return w.sign();
  case Format::F32:
    return w;
  default:
    return w.fake_quant(group ? type.per_group(group) : operand.perChannel ? type.per_channel(0) : type);
  }
}

Graph describe(const Case &c) {
  const Shape &s = c.shape;
  Graph g("bench_layer");
  const bool quantized = c.operands.a.format != Format::F32;
  const Pad pad = c.operands.a.format == Format::Binary ? Pad::same_plus_one : Pad::same;
  auto contract = [&](const Tensor &x, const std::string &name, int64_t in, int64_t out, int64_t kh, int64_t kw,
                      int64_t groups, int64_t scaleGroup) {
    if (s.linear())
      return linear(x, quantizedWeight(g.param(name, {out, in}), c.operands.w, scaleGroup));
    const Tensor w = g.param(name, {out, kh, kw, in / groups});
    return conv2d(x, quantizedWeight(w, c.operands.w, scaleGroup),
                  {.pad = kh == 1 && kw == 1 ? Pad::valid : pad, .groups = groups});
  };
  Tensor x = g.input("x", f32, s.linear() ? nibble::Shape{dyn, s.c} : nibble::Shape{dyn, s.h, s.w, s.c});
  x = quantizedInput(x, c.operands.a, 1);
  Tensor y = contract(x, "layer.weight", s.c, s.o, s.kh, s.kw, s.depthwise ? s.c : 1, c.operands.group);
  if (quantized) {
    y = quantizedInput(y, c.operands.a, static_cast<float>(spread(c)));
    y = contract(y, "reader.weight", s.o, readerOutputs, 1, 1, 1, 0);
  }
  g.output("y", y);
  return g;
}

/// The data as parameters, and ranges as if they had been observed.
Weights weightsOf(const Graph &graph, const Case &c, const Data &data) {
  Case reader = c;
  reader.operands.w.worst = false;
  reader.shape = {1, 1, 1, c.shape.o, readerOutputs, 1, 1};
  const Data readerData = makeData(reader);
  const bool isSigned = c.operands.a.format == Format::Signed;
  Weights weights;
  for (const WeightSpec &spec : graph.parameters()) {
    Array array(ElementType::f32, spec.shape);
    auto values = array.span<float>();
    if (spec.name == "layer.weight") {
      std::copy(data.weight.begin(), data.weight.end(), values.begin());
    } else if (spec.name == "reader.weight") {
      std::copy(readerData.weight.begin(), readerData.weight.end(), values.begin());
    } else { // [min, max, batches seen]
      const float top =
          spec.name == "x.range" ? static_cast<float>(highest(c.operands.a)) : 3 * static_cast<float>(spread(c));
      values[0] = isSigned ? -top : 0;
      values[1] = top;
      values[2] = 1;
    }
    weights.set(spec.name, std::move(array));
  }
  return weights;
}

} // namespace

struct Network::State {
  struct Step {
    nibble_task task;
    void *context;
    int64_t count;
    void operator()() const { task(context, 0, count, 0); }
    void on(const nibble_parallel &team) const { team.parallel_for(team.pool, count, task, context); }
  };

  Case c;
  int threads = 1;
  std::string text;
  WeightTable weights;
  std::unique_ptr<driver::ModelProgram> program;
  Array input, output, arena;

  // Of the call that runs:
  std::vector<Step> steps;
  size_t expected = 0; ///< Number of steps; 0 while they are counted.
  const std::function<void(const Layer &)> *body = nullptr;

  bool quantized() const { return c.operands.a.format != Format::F32; }

  void call() {
    nibble_parallel parallel{this, threads, [](void *self, int64_t count, nibble_task task, void *context) {
                               static_cast<State *>(self)->step({task, context, count});
                             }};
    void *arguments[] = {input.bytes().data(), output.bytes().data()};
    steps.clear();
    check_status(program->run(arguments, c.shape.batch, arena.bytes().data(), &parallel), "the compiled network");
  }

  /// The contexts of earlier steps stay valid while the entry runs, since they lie in its frame.
  void step(const Step &next) {
    steps.push_back(next);
    const bool last = steps.size() == expected;
    if (!last || !quantized())
      next();
    if (!last)
      return;
    // Without the quantisation in front and the second layer behind, where there are any.
    const size_t first = quantized() ? 1 : 0, end = steps.size() - first;
    auto run = [this](size_t from, size_t to) {
      for (size_t i = from; i < to; ++i)
        steps[i]();
    };
    Layer layer{{},
                [=] { run(first, end); },
                [this, first, end](const nibble_parallel &team) {
                  for (size_t i = first; i < end; ++i)
                    steps[i].on(team);
                }};
    // A single step leaves its input alone; of several, a later one may reuse the memory of an earlier one's.
    if (end - first > 1)
      layer.prepare = [=] { run(0, first); };
    (*body)(layer);
    if (quantized())
      next();
  }
};

Network::Network(const Case &c, const Data &data, const std::string &target, int threads)
    : state(std::make_unique<State>()) {
  State &s = *state;
  s.c = c;
  s.threads = threads;
  const Graph graph = describe(c);
  const Weights weights = weightsOf(graph, c, data);
  const Graph frozen = freeze(graph, weights);
  s.text = module_text(frozen);
  s.weights = to_table(weights);
  s.program = value_or_throw(driver::ModelProgram::create(
      s.text, s.weights, {.target = target, .batchTile = c.shape.batch, .allowFloat = false}));
  const driver::ModelReport &report = s.program->report();
  for (const driver::LayerReport &layer : report.layers)
    if (layer.name == "layer") {
      kernelName = layer.kernel;
      rejections = layer.rejected;
      packedBytes = layer.weightBytes;
    }
  auto arrayFor = [&](const driver::Argument &argument) {
    nibble::Shape shape = argument.shape;
    shape.insert(shape.begin(), c.shape.batch);
    return Array(ElementType::f32, shape);
  };
  s.input = arrayFor(s.program->arguments().at(0));
  s.output = arrayFor(s.program->arguments().at(1));
  s.arena = make_arena(report.arena.bytes(threads), "the benchmark");
  std::copy(data.input.begin(), data.input.end(), s.input.span<float>().begin());
}
Network::~Network() = default;

void Network::withLayer(const std::function<void(const Layer &)> &body) {
  State &s = *state;
  s.body = &body;
  if (!s.expected) {
    s.call();
    s.expected = s.steps.size();
    if (s.expected < (s.quantized() ? 3u : 1u))
      throw std::runtime_error("the compiled network has " + std::to_string(s.expected) +
                               " steps: its layer cannot be told apart");
  }
  s.call();
}

double Network::check(double macs) const {
  const State &s = *state;
  const int64_t batch = s.c.shape.batch;
  const double perImage = static_cast<double>(s.c.shape.macs()) / static_cast<double>(batch);
  const auto count = std::clamp<int64_t>(static_cast<int64_t>(macs / perImage), 1, batch);
  const auto in = s.input.span<float>(), out = s.output.span<float>();
  const size_t inRow = in.size() / static_cast<size_t>(batch), outRow = out.size() / static_cast<size_t>(batch);
  std::vector<float> images, results;
  std::vector<size_t> rows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = count == 1 ? 0 : i * (batch - 1) / (count - 1);
    rows.push_back(static_cast<size_t>(row));
    const auto first = in.begin() + static_cast<std::ptrdiff_t>(rows.back() * inRow);
    images.insert(images.end(), first, first + static_cast<std::ptrdiff_t>(inRow));
  }
  nibble::Shape shape = s.input.shape();
  shape[0] = count;
  results = interpretModel(s.text, s.weights, shape, images);
  if (results.size() != rows.size() * outRow)
    throw std::runtime_error("the interpreter gives " + std::to_string(results.size()) + " outputs");
  for (size_t i = 0; i < results.size(); ++i) {
    const size_t at = rows[i / outRow] * outRow + i % outRow;
    if (std::bit_cast<uint32_t>(results[i]) != std::bit_cast<uint32_t>(out[at]))
      throw std::runtime_error("output " + std::to_string(at) + " is " + std::to_string(out[at]) +
                               ", the interpreter gives " + std::to_string(results[i]));
  }
  return static_cast<double>(count) / static_cast<double>(batch);
}

} // namespace nibble::bench
