// Whole training steps of the small network of test/compiler/Train, run by the interpreter: before and after freezing.
#include "compiler/Graph/Passes.h"
#include "compiler/Reference/Interpreter.h"
#include "compiler/Train/Train.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace mlir;
using nibble::reference::HostTensor;

namespace {

constexpr int64_t kBatch = 16;
using Buffers = std::map<std::string, HostTensor>;

/// 4 x 4 images of noise with one bright quadrant: the label.
std::pair<HostTensor, HostTensor> makeBatch(std::mt19937 &random) {
  HostTensor images = HostTensor::ofFloats({kBatch, 4, 4, 1}, {}), labels = HostTensor::ofInts({kBatch}, {});
  for (int64_t n = 0; n < kBatch; ++n) {
    int64_t label = random() % 4;
    labels.ints.push_back(label);
    for (int64_t i = 0; i < 16; ++i) {
      bool bright = i / 8 == label / 2 && i % 4 / 2 == label % 2;
      images.f32.push_back((bright ? 0.75f : 0.0f) + static_cast<float>(random() % 256) / 1024.0f);
    }
  }
  return {images, labels};
}

class TrainingStepTest : public testing::Test {
protected:
  TrainingStepTest() {
    DialectRegistry registry;
    registry.insert<nibble::NibbleDialect, func::FuncDialect, quant::QuantDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  OwningOpRef<ModuleOp> load() { return parseSourceFile<ModuleOp>(NIBBLE_TEST_MODEL, &context); }
  static func::FuncOp modelOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("small"); }

  /// Trains for `steps`; buffers that are not there yet start as their attributes say.
  std::vector<float> train(func::FuncOp step, Buffers &buffers, int steps, float rate) {
    std::mt19937 random(3), noise(5);
    std::vector<float> losses;
    for (int t = 1; t <= steps; ++t) {
      auto [images, labels] = makeBatch(random);
      std::vector<HostTensor> inputs;
      for (unsigned i = 0; i < step.getNumArguments(); ++i) {
        auto name = step.getArgAttrOfType<StringAttr>(i, nibble::attr::name);
        llvm::StringRef key = name ? name.getValue() : "";
        if (key == "image" || key == "labels")
          inputs.push_back(key == "image" ? images : labels);
        else if (key == "rate")
          inputs.push_back(HostTensor::scalar(rate));
        else if (key == "correction")
          inputs.push_back(HostTensor::ofFloats(
              {2}, {1.0f / (1.0f - std::pow(0.9f, float(t))), 1.0f / (1.0f - std::pow(0.999f, float(t)))}));
        else
          inputs.push_back(
              buffers
                  .try_emplace(step.getArgAttrOfType<StringAttr>(i, nibble::attr::param).str(), initial(step, i, noise))
                  .first->second);
      }
      auto results = nibble::reference::interpret(step, inputs);
      if (failed(results)) {
        ADD_FAILURE() << "the step does not run";
        return losses;
      }
      losses.push_back((*results)[0].f32[0]);
      EXPECT_GE((*results)[1].f32[0], 0.0f);
      EXPECT_LE((*results)[1].f32[0], static_cast<float>(kBatch));
      for (unsigned r = 0; r < step.getNumResults(); ++r)
        if (auto tied = step.getResultAttrOfType<IntegerAttr>(r, nibble::attr::tied))
          buffers[step.getArgAttrOfType<StringAttr>(tied.getInt(), nibble::attr::param).str()] = (*results)[r];
    }
    return losses;
  }

  static HostTensor initial(func::FuncOp step, unsigned argument, std::mt19937 &noise) {
    auto init = step.getArgAttrOfType<nibble::InitAttr>(argument, nibble::attr::init).getValue();
    HostTensor tensor =
        HostTensor::ofFloats(cast<RankedTensorType>(step.getArgument(argument).getType()).getShape().vec(), {});
    while (tensor.f32.size() < tensor.size())
      tensor.f32.push_back(init == nibble::Init::Ones    ? 1.0f
                           : init == nibble::Init::Zeros ? 0.0f
                                                         : static_cast<float>(noise() % 2048) / 1024.0f - 1.0f);
    return tensor;
  }

  static float mean(const std::vector<float> &values, std::size_t begin, std::size_t end) {
    float sum = 0;
    for (std::size_t i = begin; i < end; ++i)
      sum += values[i];
    return sum / static_cast<float>(end - begin);
  }

  MLIRContext context;
};

TEST_F(TrainingStepTest, SgdAndAdamLowerTheLossAndRepeatTheirBits) {
  for (nibble::Optimizer optimizer : {nibble::Optimizer::Sgd, nibble::Optimizer::Adam}) {
    OwningOpRef<ModuleOp> module = load();
    ASSERT_TRUE(module);
    auto step = nibble::buildTrainingStep(*module, modelOf(*module), {.batch = kBatch, .optimizer = optimizer});
    ASSERT_TRUE(succeeded(step));
    Buffers first, second;
    std::vector<float> losses = train(*step, first, 120, optimizer == nibble::Optimizer::Sgd ? 0.02f : 0.01f);
    ASSERT_EQ(losses.size(), 120u);
    EXPECT_LT(mean(losses, 100, 120), 0.7f * mean(losses, 0, 5));
    EXPECT_EQ(losses, train(*step, second, 120, optimizer == nibble::Optimizer::Sgd ? 0.02f : 0.01f));
    for (auto &[name, tensor] : first)
      EXPECT_EQ(tensor.f32, second[name].f32) << name;
    EXPECT_EQ(first["image.range"].f32[2], 120.0f);
    for (float w : first["fc.weight"].f32)
      EXPECT_LE(std::abs(w), 1.0f) << "latent weights of sign are clamped";
    EXPECT_EQ(first.count("fc.weight:v"), optimizer == nibble::Optimizer::Adam ? 1u : 0u);
  }
}

TEST_F(TrainingStepTest, FrozenModelTrainsOnAndEvaluatesOnTheSameBuffers) {
  OwningOpRef<ModuleOp> module = load(), frozen = load();
  ASSERT_TRUE(module && frozen);
  auto step = nibble::buildTrainingStep(*module, modelOf(*module), {.batch = kBatch});
  ASSERT_TRUE(succeeded(step));
  Buffers buffers;
  std::vector<float> losses = train(*step, buffers, 120, 0.02f);

  auto table = std::make_shared<nibble::WeightTable>();
  for (auto &[name, tensor] : buffers)
    (*table)[name] = {tensor.shape, tensor.f32};
  PassManager passes(&context);
  passes.addPass(nibble::createFreeze(table));
  ASSERT_TRUE(succeeded(passes.run(*frozen)));
  auto evaluation = nibble::buildEvaluation(*frozen, modelOf(*frozen), "evaluate", kBatch);
  auto last = nibble::buildTrainingStep(*frozen, modelOf(*frozen), {.step = "train_frozen", .batch = kBatch});
  ASSERT_TRUE(succeeded(evaluation) && succeeded(last));

  // Only the latent weights are left, with a slot each.
  std::vector<std::string> names;
  for (unsigned i = 0; i < last->getNumArguments(); ++i)
    if (auto name = last->getArgAttrOfType<StringAttr>(i, nibble::attr::param))
      names.push_back(name.str());
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "fc.weight", "conv1.weight:m", "fc.weight:m"}));

  Buffers before = buffers;
  std::vector<float> more = train(*last, buffers, 60, 0.005f);
  ASSERT_EQ(more.size(), 60u);
  EXPECT_LT(more.front(), 2.0f * losses.back() + 0.1f) << "freezing keeps the network";
  EXPECT_LT(mean(more, 40, 60), 1.2f * mean(losses, 100, 120));
  EXPECT_NE(buffers["conv1.weight"].f32, before["conv1.weight"].f32);
  EXPECT_EQ(buffers["bn1.mean"].f32, before["bn1.mean"].f32);

  std::mt19937 random(9);
  auto [images, labels] = makeBatch(random);
  auto logits = nibble::reference::interpret(*evaluation, {images, buffers["conv1.weight"], buffers["fc.weight"]});
  ASSERT_TRUE(succeeded(logits));
  int correct = 0;
  for (int64_t n = 0; n < kBatch; ++n) {
    auto row = (*logits)[0].f32.begin() + n * 10;
    correct += std::max_element(row, row + 10) - row == labels.ints[n];
  }
  EXPECT_GE(correct, kBatch / 2);
}

} // namespace
