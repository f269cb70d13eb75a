// Weights, threads and arrays on their way into compiled code.
#include "frontend/lib/execute/bridge.h"

#include <algorithm>

namespace nibble {

WeightTable to_table(const Weights &weights) {
  WeightTable table;
  std::string wrong;
  for (const auto &[name, array] : weights) {
    if (name.find(':') != std::string::npos)
      continue;
    if (array.type() != ElementType::f32) {
      wrong += (wrong.empty() ? "" : ", ") + name + " is " + to_string(array.type());
      continue;
    }
    auto values = array.span<float>();
    table[name] = {array.shape(), {values.begin(), values.end()}};
  }
  if (!wrong.empty())
    throw Error("weights are f32, but " + wrong);
  return table;
}

Weights checked_weights(const Graph &graph, const Weights &weights) {
  Weights result;
  const auto &frozen = detail::Access::state(graph)->frozen;
  for (const auto &[name, array] : weights) {
    bool absorbed =
        frozen && std::find(frozen->absorbed.begin(), frozen->absorbed.end(), name) != frozen->absorbed.end();
    if (!absorbed && name.find(':') == std::string::npos)
      result.set(name, array);
  }
  result.check(graph.parameters());
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
