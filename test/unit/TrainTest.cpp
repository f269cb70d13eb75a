// Trainer: the compiled step against the interpreter, learning, repeatability, checkpoints, mistakes.
#include "test/unit/ExecuteTestSupport.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using namespace nibble;
using nibble::test::messageOf;
using testing::HasSubstr;

namespace {

constexpr std::int64_t batch = 16;

/// Trains for `steps`; the losses.
std::vector<float> train(Trainer &trainer, int steps, std::uint64_t first = 100) {
  std::vector<float> losses;
  for (int i = 0; i < steps; ++i) {
    auto [images, labels] = test::makeImages(trainer.batch(), first + static_cast<std::uint64_t>(i));
    losses.push_back(trainer.step(images, labels).loss);
  }
  return losses;
}

float mean(std::span<const float> values) {
  float sum = 0;
  for (float v : values)
    sum += v;
  return sum / static_cast<float>(values.size());
}

class TrainPrecisionTest : public testing::TestWithParam<std::string> {};

TEST_P(TrainPrecisionTest, StepGivesTheBitsOfTheInterpreter) {
  Graph graph = test::tinyNet(GetParam());
  test::LabelledImages images = test::makeImages(batch, 7);
  for (bool adam : {false, true}) {
    TrainerOptions options{.batch = batch, .rate = 0.01f, .seed = 5, .threads = 2};
    if (adam)
      options.optimizer = Adam{};
    else
      options.optimizer = Sgd{.decay = 1e-3f};
    Trainer trainer(graph, options);
    const std::string what = adam ? "adam" : "sgd";
    test::expectStepAsInterpreted(graph, trainer, options, images, what + ", first step");
    train(trainer, 3);
    test::expectStepAsInterpreted(graph, trainer, options, images, what + ", later step");

    Graph frozen = freeze(graph, trainer.weights());
    Trainer last(frozen, trainer.weights(), options);
    test::expectStepAsInterpreted(frozen, last, options, images, what + ", frozen");
  }
}

TEST_P(TrainPrecisionTest, LearnsBeforeAndAfterFreezing) {
  Graph graph = test::tinyNet(GetParam());
  Trainer trainer(graph, {.batch = batch, .rate = 0.01f, .seed = 1});
  std::vector<float> losses = train(trainer, 80);
  EXPECT_EQ(trainer.steps(), 80);
  const float start = mean(std::span(losses).first(4)), end = mean(std::span(losses).last(10));
  EXPECT_LT(end, 0.5f * start);

  Graph frozen = freeze(graph, trainer.weights());
  Trainer last(frozen, trainer.weights(), {.batch = batch, .rate = 0.001f});
  std::vector<float> more = train(last, 40, 500);
  EXPECT_LT(mean(more), 2 * end + 0.2f) << "freezing keeps the network";
  EXPECT_LT(mean(std::span(more).last(10)), 1.5f * mean(std::span(more).first(10)));
  EXPECT_NE(last.weights().at("fc.weight"), trainer.weights().at("fc.weight"));

  auto [images, labels] = test::makeImages(100, 900);
  Array logits = last.evaluate(images);
  ASSERT_EQ(logits.shape(), (Shape{100, 4}));
  int correct = 0;
  for (int n = 0; n < 100; ++n) {
    auto row = logits.span<float>().subspan(static_cast<std::size_t>(n) * 4, 4);
    correct += std::max_element(row.begin(), row.end()) - row.begin() == labels.span<std::int32_t>()[n];
  }
  EXPECT_GE(correct, 80);
}

TEST_P(TrainPrecisionTest, SameBitsForAnyThreadsAndAgain) {
  Graph graph = test::tinyNet(GetParam());
  Trainer one(graph, {.batch = batch, .seed = 3, .threads = 1}), two(graph, {.batch = batch, .seed = 3, .threads = 2});
  const Weights start = one.weights();
  EXPECT_EQ(start, two.weights());
  const std::vector<float> losses = train(one, 10);
  const Weights end = one.weights();
  EXPECT_EQ(losses, train(two, 10));
  EXPECT_EQ(end, two.weights());
  one.load(start); // the optimiser starts anew
  EXPECT_EQ(losses, train(one, 10));
  EXPECT_EQ(end, one.weights());
}

INSTANTIATE_TEST_SUITE_P(All, TrainPrecisionTest, testing::ValuesIn(test::precisions()),
                         [](const auto &info) { return info.param; });

TEST(TrainTest, InitialParameters) {
  Graph graph = test::tinyNet("float");
  Weights a = Trainer(graph, {.seed = 1}).weights(), b = Trainer(graph, {.seed = 2}).weights();
  EXPECT_NE(a.at("conv2.weight"), b.at("conv2.weight"));
  EXPECT_EQ(a.at("bn1.gamma"), Array::from<float>({8}, std::vector<float>(8, 1.0f)));
  EXPECT_EQ(a.at("fc.bias"), Array(ElementType::f32, {4}));
  double square = 0;
  for (float v : a.at("conv2.weight").span<float>())
    square += v * v;
  EXPECT_NEAR(square / (16 * 72), 2.0 / 72, 0.2 * 2.0 / 72);
  // Rule of nibble/train.h: the stream is the parameter's index among all names.
  std::vector<WeightSpec> specs = graph.parameters();
  auto at = std::find_if(specs.begin(), specs.end(), [](const WeightSpec &s) { return s.name == "fc.weight"; });
  Random random(1, static_cast<std::uint64_t>(at - specs.begin()));
  EXPECT_EQ(a.at("fc.weight").span<float>()[0], random.normal() * std::sqrt(2.0f / 64));
}

TEST(TrainTest, CountsValidTapsOnly) {
  // conv1: 22 x 22 valid row-column taps of 1 x 8; conv2: 10 x 10 of 8 x 16; linear: 64 x 4. Backward: twice that, but
  // nobody needs the gradient of the images.
  const std::int64_t conv1 = 22 * 22 * 8, conv2 = 10 * 10 * 8 * 16, fc = 64 * 4;
  Trainer trainer(test::tinyNet("float"), {.batch = batch});
  EXPECT_EQ(trainer.flops_per_step(), 2 * batch * (2 * conv1 + 3 * conv2 + 3 * fc));
}

TEST(TrainTest, CheckpointGoesOnWithTheSameBits) {
  const std::string path = testing::TempDir() + "/nibble-checkpoint.safetensors";
  Graph graph = test::tinyNet("w4a4");
  const TrainerOptions options{.batch = batch, .rate = 0.01f, .seed = 9};
  Trainer one(graph, options), other(graph, {.batch = batch, .rate = 0.01f, .seed = 10});
  train(one, 7);
  one.save_checkpoint(path);
  other.load_checkpoint(path);
  EXPECT_EQ(other.steps(), 7);
  EXPECT_EQ(train(one, 5, 300), train(other, 5, 300));
  EXPECT_EQ(one.weights(), other.weights());

  Trainer sgd(graph, {.batch = batch, .optimizer = Sgd{}});
  EXPECT_THAT(messageOf([&] { sgd.load_checkpoint(path); }), HasSubstr("is a checkpoint of adam"));
  one.weights().save(path);
  EXPECT_THAT(messageOf([&] { one.load_checkpoint(path); }), HasSubstr("is no checkpoint"));
  std::filesystem::remove(path);
}

TEST(TrainTest, EvaluatesAnyNumberOfImages) {
  Trainer trainer(test::tinyNet("w8a8"), {.batch = batch, .threads = 2});
  train(trainer, 3);
  auto [images, labels] = test::makeImages(37, 4);
  Array logits = trainer.evaluate(images);
  Evaluator alone(test::tinyNet("w8a8"), trainer.weights(), {.batch = 5, .threads = 1});
  EXPECT_EQ(logits, alone.run(images));
  EXPECT_EQ(trainer.evaluate(Array(ElementType::f32, {0, 8, 8, 1})).shape(), (Shape{0, 4}));
}

TEST(TrainTest, MistakesAreOneClearError) {
  Graph graph = test::tinyNet("w8a8");
  Trainer trainer(graph, {.batch = 4});
  auto [images, labels] = test::makeImages(4, 1);
  EXPECT_THAT(messageOf([&] { trainer.step(images.reshaped({4, 64}), labels); }),
              HasSubstr("step takes \"image\" as f32 [N, 8, 8, 1], got f32 [4, 64]"));
  auto more = test::makeImages(5, 1);
  EXPECT_THAT(messageOf([&] { trainer.step(more.images, labels); }), HasSubstr("batches of 4 images, got 5"));
  EXPECT_THAT(messageOf([&] { trainer.step(images, more.labels); }), HasSubstr("takes labels [4], got [5]"));
  EXPECT_THAT(messageOf([&] { trainer.step(images, Array::from<std::int64_t>({4}, {0, 1, 4, 2})); }),
              HasSubstr("label 4 of image 2 is no class: the graph has 4"));
  EXPECT_THAT(messageOf([&] { trainer.step(images, Array(ElementType::f32, {4})); }), HasSubstr("u8, i32 or i64"));
  EXPECT_EQ(trainer.steps(), 0);

  Weights weights = trainer.weights();
  weights.erase("bn1.mean");
  weights.set("fc.weight", Array(ElementType::f32, {4, 63}));
  weights.set("other", Array(ElementType::f32, {1}));
  for (const std::string &message :
       {messageOf([&] { trainer.load(weights); }), messageOf([&] { Evaluator(graph, weights); }),
        messageOf([&] { freeze(graph, weights); })}) {
    EXPECT_THAT(message, HasSubstr("bn1.mean"));
    EXPECT_THAT(message, HasSubstr("fc.weight"));
    EXPECT_THAT(message, HasSubstr("other"));
  }
  // What is wrong with the options is not wrong at a line of the graph.
  weights = trainer.weights();
  for (const std::string &message :
       {messageOf([&] { Trainer(graph, {.batch = 0}); }), messageOf([&] { Evaluator(graph, weights, {.batch = 0}); })})
    EXPECT_EQ(message, "nibble: error: graph \"tiny\" cannot work on batches of 0 images; give a batch of at least 1");
  for (const std::string &message : {messageOf([&] { Trainer(graph, {.batch = std::int64_t{1} << 50}); }),
                                     messageOf([&] { Evaluator(graph, weights, {.batch = std::int64_t{1} << 30}); })}) {
    EXPECT_THAT(message, HasSubstr("nibble: error: graph \"tiny\" cannot work on batches of 1"));
    EXPECT_THAT(message, HasSubstr("images: a value of so many has more than 2^40 bytes; give a smaller batch\n"));
    EXPECT_THAT(message, HasSubstr("ExecuteTestNets.cpp:"));
  }
  EXPECT_EQ(messageOf([&] { Trainer(graph, {.optimizer = Adam{.beta1 = 1.5f}}); }),
            "nibble: error: training graph \"tiny\" needs a beta1 of Adam in [0, 1), got 1.5");
  EXPECT_THAT(messageOf([&] { Trainer(graph, {.target = "z80"}); }), HasSubstr("nibble: error: unknown target 'z80'"));
  EXPECT_THAT(messageOf([&] { Evaluator(graph, weights, {.target = "z80"}); }),
              HasSubstr("nibble: error: unknown target 'z80'"));
  EXPECT_THAT(messageOf([&] { Trainer(graph, {.threads = -1}); }), HasSubstr("threads"));

  Graph wrong("wrong");
  Tensor x = wrong.input("image", f32, {dyn, 4});
  wrong.output("logits", x + wrong.input("labels", f32, {dyn, 4}));
  const std::string message = messageOf([&] { Trainer trainer(wrong); });
  EXPECT_THAT(message, HasSubstr("TrainTest.cpp:")) << message;
  EXPECT_THAT(message, HasSubstr("rename the input"));

  Graph fixed("fixed");
  fixed.output("logits", relu(fixed.input("image", f32, {dyn, 4})));
  EXPECT_THAT(messageOf([&] { Trainer trainer(fixed); }),
              HasSubstr("error: the graph has no trainable parameter that its loss depends on"));
}

TEST(TrainTest, OptionsOutsideTheirRanges) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  Graph graph = test::tinyNet("w8a8");
  for (float rate : {nan, inf, -1.0f}) {
    const std::string message = messageOf([&] { Trainer(graph, {.rate = rate}); });
    EXPECT_THAT(message,
                HasSubstr("training graph \"tiny\" needs a learning rate that is finite and at least 0, got "));
  }
  const std::string all = messageOf([&] {
    Trainer(graph,
            {.optimizer = Sgd{.momentum = 1, .decay = nan}, .rate = -2, .range_momentum = 1, .binary_limit = -1});
  });
  for (const char *what : {"a learning rate", "a range momentum", "a limit of binary", "a momentum of", "a decay of"})
    EXPECT_THAT(all, HasSubstr(what));
  EXPECT_THAT(messageOf([&] { Trainer(graph, {.optimizer = Adam{.epsilon = 0}}); }),
              HasSubstr("greater than 0, got 0"));
}

TEST(TrainTest, NumbersThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  Graph graph = test::tinyNet("w8a8");
  Trainer trainer(graph, {.batch = 4});
  auto [images, labels] = test::makeImages(4, 1);
  const Weights start = trainer.weights();
  for (float rate : {nan, inf, -1.0f})
    EXPECT_THAT(messageOf([&, &images = images, &labels = labels] { trainer.step(images, labels, rate); }),
                HasSubstr("needs a learning rate that is finite and at least 0"));
  for (float bad : {nan, inf, -inf}) {
    Array damaged = images;
    damaged.span<float>()[2 * 64 + 5] = bad;
    EXPECT_THAT(messageOf([&, &labels = labels] { trainer.step(damaged, labels); }),
                HasSubstr("step takes finite numbers, but value 5 of image 2 in \"image\" is "));
  }
  EXPECT_EQ(trainer.weights(), start) << "nothing has changed, no range has seen a batch";
  EXPECT_EQ(trainer.steps(), 0);

  // Rates that make a network overflow. Its loss stays plausible: relu takes NaN for 0.
  Trainer diverging(test::tinyNet("float"), {.batch = 4, .optimizer = Sgd{}});
  const std::string message = messageOf([&, &images = images, &labels = labels] {
    for (int i = 0; i < 50; ++i)
      diverging.step(images, labels, 1e30f);
  });
  EXPECT_THAT(message, HasSubstr("of training graph \"tiny\" gives 'bn1."));
  EXPECT_THAT(message, HasSubstr("training has diverged"));
  EXPECT_GT(diverging.steps(), 0);

  Weights damaged = start;
  damaged.at("fc.weight").span<float>()[64] = nan;
  EXPECT_THAT(messageOf([&] { trainer.load(damaged); }),
              HasSubstr("tensor 'fc.weight' has a value that is no finite number, nan at [1, 0]"));
  EXPECT_EQ(trainer.weights(), start);
}

TEST(TrainTest, TrainersThatWereMovedFrom) {
  Trainer trainer(test::tinyNet("float"), {.batch = 4}), other = std::move(trainer);
  auto [images, labels] = test::makeImages(4, 1);
  for (const std::string &message :
       {messageOf([&] { trainer.weights(); }), messageOf([&, &i = images, &l = labels] { trainer.step(i, l); }),
        messageOf([&, &i = images] { trainer.evaluate(i); }),
        messageOf([&] { trainer.save_checkpoint("x.safetensors"); })})
    EXPECT_THAT(message, HasSubstr("this Trainer has been moved from"));
  EXPECT_EQ(trainer.batch() + trainer.steps() + trainer.threads() + trainer.flops_per_step(), 0);
  EXPECT_EQ(other.batch(), 4);
}

} // namespace
