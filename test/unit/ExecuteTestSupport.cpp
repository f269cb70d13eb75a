// Comparing compiled programs with each other and with the interpreter.
#include "test/unit/ExecuteTestSupport.h"

#include <bit>
#include <cstdio>
#include <gtest/gtest.h>
#include <unistd.h>

namespace nibble::test {

using reference::HostTensor;

std::string messageOf(const std::function<void()> &call) {
  try {
    call();
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}

HostTensor host(const Array &array) {
  if (array.type() == ElementType::i32) {
    auto values = array.span<std::int32_t>();
    return HostTensor::ofInts(array.shape(), {values.begin(), values.end()});
  }
  auto values = array.span<float>();
  return HostTensor::ofFloats(array.shape(), {values.begin(), values.end()});
}

void expectSame(const Array &have, const Array &wanted, const std::string &what) {
  ASSERT_EQ(have.shape(), wanted.shape()) << what;
  auto a = have.span<float>(), b = wanted.span<float>();
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a[i]), std::bit_cast<std::uint32_t>(b[i]))
        << what << ": value " << i << " is " << a[i] << ", not " << b[i];
}

namespace {

/// Everything that a trainer holds.
Weights stateOf(const Trainer &trainer) {
  // Several test programs run at a time.
  const std::string path = testing::TempDir() + "/nibble-state-" + std::to_string(getpid()) + ".safetensors";
  trainer.save_checkpoint(path);
  Weights weights = Weights::load(path);
  std::remove(path.c_str());
  return weights;
}

TrainingOptions compilerOptions(const TrainerOptions &options, std::int64_t step, Values &values) {
  TrainingOptions result{.batch = options.batch};
  const Adam *adam = std::get_if<Adam>(&options.optimizer);
  if (!adam) {
    result.momentum = std::get<Sgd>(options.optimizer).momentum;
    result.decay = std::get<Sgd>(options.optimizer).decay;
    return result;
  }
  result.optimizer = Optimizer::Adam;
  double b1 = 1, b2 = 1;
  for (std::int64_t t = 0; t < step; ++t)
    b1 *= static_cast<double>(adam->beta1), b2 *= static_cast<double>(adam->beta2);
  values["correction"] =
      HostTensor::ofFloats({2}, {static_cast<float>(1 / (1 - b1)), static_cast<float>(1 / (1 - b2))});
  return result;
}

} // namespace

void expectStepAsInterpreted(const Graph &graph, Trainer &trainer, const TrainerOptions &options,
                             const LabelledImages &batch, const std::string &what) {
  Values values;
  for (const auto &[name, array] : stateOf(trainer))
    values[name] = host(array);
  values["image"] = host(batch.images);
  values["labels"] = host(batch.labels);
  values["rate"] = HostTensor::scalar(options.rate);
  Values expected = interpretStep(graph.to_mlir(), compilerOptions(options, trainer.steps() + 1, values), values);
  ASSERT_FALSE(expected.empty());

  StepResult result = trainer.step(batch.images, batch.labels);
  EXPECT_EQ(static_cast<float>(result.correct), expected["correct"].f32[0]) << what;
  expectSame(Array::from<float>({}, {result.loss}), Array::from<float>({}, expected["loss"].f32), what + ", loss");
  for (const auto &[name, array] : stateOf(trainer)) {
    ASSERT_TRUE(values.contains(name)) << name;
    const HostTensor &wanted = expected.contains(name) ? expected[name] : values[name];
    expectSame(array, Array::from<float>(wanted.shape, wanted.f32), std::string(what).append(", ").append(name));
  }
}

} // namespace nibble::test
