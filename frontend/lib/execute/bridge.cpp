// Weights, threads and arrays on their way into compiled code.
#include "frontend/lib/execute/bridge.h"

#include <algorithm>

namespace nibble {

WeightTable to_table(const Weights &weights) {
  WeightTable table;
  for (const auto &[name, array] : weights) {
    auto values = array.span<float>();
    table[name] = {array.shape(), {values.begin(), values.end()}};
  }
  return table;
}

Weights checked_weights(const Graph &graph, const Weights &weights) {
  Weights result = weights;
  const auto &frozen = detail::Access::state(graph)->frozen;
  for (const auto &[name, array] : weights) {
    bool absorbed =
        frozen && std::find(frozen->absorbed.begin(), frozen->absorbed.end(), name) != frozen->absorbed.end();
    if (absorbed || name.find(':') != std::string::npos)
      result.erase(name);
  }
  result.check(graph.parameters());
  return result;
}

Weights finite_weights(const Graph &graph, const Weights &weights) {
  Weights result = checked_weights(graph, weights);
  std::vector<Diagnostic> problems;
  for (const auto &[name, array] : result)
    if (std::string bad = nonFinite(array.shape(), array.span<float>()); !bad.empty())
      problems.push_back({.message = std::string("tensor '")
                                         .append(name)
                                         .append("' has a value that is no finite number, ")
                                         .append(bad)
                                         .append(": take weights from before training diverged")});
  if (!problems.empty())
    throw Error(std::move(problems));
  return result;
}

void check_status(std::int32_t status, const std::string &what) {
  if (status != NIBBLE_OK)
    throw Error(what + " failed: " + nibble_status_string(status));
}

Threads::Threads(int count) : count_(count == 0 ? nibble_cpu_count() : count) {
  if (count_ < 1 || count_ > 1024)
    throw Error("cannot run on " + std::to_string(count) + " threads: give 1 to 1024, or 0 for one per CPU");
  if (count_ == 1)
    return;
  nibble_thread_pool *pool = nullptr;
  check_status(nibble_thread_pool_create(count_, &pool), "starting " + std::to_string(count_) + " threads");
  pool_.reset(pool);
  parallel_ = nibble_thread_pool_parallel(pool);
}

Array make_arena(std::int64_t bytes, const std::string &what) {
  try {
    return Array(ElementType::u8, {bytes > 0 ? bytes : 1});
  } catch (const Error &) {
    throw Error(what + " works in " + std::to_string(bytes) +
                " bytes, more than there is memory: compute fewer images at a time (batch, batch_tile)");
  }
}

Shape image_shape(const driver::Argument &argument) {
  return argument.batched || argument.shape.empty() ? argument.shape
                                                    : Shape(argument.shape.begin() + 1, argument.shape.end());
}

std::int64_t check_inputs(std::span<const Array> inputs, const std::vector<const driver::Argument *> &expected,
                          const std::string &what) {
  if (inputs.size() != expected.size())
    throw Error(what + " takes " + std::to_string(expected.size()) + " inputs, got " + std::to_string(inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape &shape = inputs[i].shape();
    Shape wanted = image_shape(*expected[i]);
    bool fits = inputs[i].type() == ElementType::f32 && shape.size() == wanted.size() + 1 &&
                std::equal(wanted.begin(), wanted.end(), shape.begin() + 1);
    if (!fits) {
      std::string extents = to_string(wanted);
      throw Error(what + " takes \"" + expected[i]->name + "\" as f32 [N" + (wanted.empty() ? "" : ", ") +
                  extents.substr(1) + ", got " + to_string(inputs[i].type()) + " " + to_string(shape));
    }
    if (shape[0] != inputs[0].shape()[0])
      throw Error(what + " takes inputs of one batch, got " + std::to_string(inputs[0].shape()[0]) + " and " +
                  std::to_string(shape[0]) + " images");
  }
  return inputs.empty() ? 0 : inputs[0].shape()[0];
}

Array only(std::vector<Array> results, const std::string &what) {
  if (results.size() != 1)
    throw Error(what + " has " + std::to_string(results.size()) +
                " outputs: call the form that takes several arrays and gives them all");
  return std::move(results.front());
}

} // namespace nibble
