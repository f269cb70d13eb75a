// Freezing and lowering keep the numbers: the interpreter before and after each pass, on seeded random weights and
// images.
#include "test/unit/QuantizeTestNet.h"
#include <bit>
#include <gtest/gtest.h>

using namespace nibble;
using namespace nibble::test;

namespace {

std::vector<uint32_t> bitsOf(const std::vector<float> &values) {
  std::vector<uint32_t> bits;
  for (float v : values)
    bits.push_back(std::bit_cast<uint32_t>(v));
  return bits;
}

/// Binds, freezes, lowers and chooses thresholds; every stage after freezing gives the same bits. Returns the outputs
/// before and after freezing.
std::pair<std::vector<float>, std::vector<float>> checkStages(Net &net) {
  EXPECT_TRUE(net.bind()) << net.message;
  std::vector<float> graph = net.evaluate(3, 5);
  EXPECT_TRUE(net.freeze()) << net.message;
  std::vector<float> frozen = net.evaluate(3, 5);
  EXPECT_FALSE(frozen.empty()) << net.message;
  EXPECT_TRUE(net.lower()) << net.message;
  EXPECT_EQ(bitsOf(net.evaluate(3, 5)), bitsOf(frozen)) << "lowering changed the numbers\n" << net.message;
  EXPECT_EQ(net.count<FakeQuantOp>() + net.count<SignOp>() + net.count<TernarizeOp>() + net.count<BatchNormOp>(), 0);
  EXPECT_TRUE(net.chooseThresholds()) << net.message;
  EXPECT_EQ(bitsOf(net.evaluate(3, 5)), bitsOf(frozen)) << "thresholds changed the numbers\n" << net.message;
  EXPECT_EQ(graph.size(), frozen.size());
  return {graph, frozen};
}

double meanDistance(const std::vector<float> &a, const std::vector<float> &b) {
  double sum = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    sum += std::fabs(a[i] - b[i]);
  return sum / static_cast<double>(std::max<size_t>(a.size(), 1));
}

/// Freezing rounds differently, so a value may fall on the other side of a tie: seldom.
void expectClose(const std::pair<std::vector<float>, std::vector<float>> &outputs, double tolerance) {
  EXPECT_LE(meanDistance(outputs.first, outputs.second), tolerance);
}

struct Operands {
  unsigned actBits;
  bool isSigned, symmetric;
};

class OperandTest : public testing::TestWithParam<std::tuple<Operands, unsigned, bool>> {};

// Every pair of operand formats, per tensor and per channel: conv, bias, relu, quantise, linear.
TEST_P(OperandTest, KeepsBits) {
  auto [act, weightBits, perChannel] = GetParam();
  Net net({5, 5, 3});
  bool binary = act.actBits == 1 && act.isSigned;
  auto quantise = [&](mlir::Value v) { return net.act(v, act.actBits, act.isSigned, act.symmetric); };
  mlir::Value x = quantise(net.input());
  mlir::Value h = net.conv(x, net.weight({4, 3, 3, 3}, weightBits, perChannel), 2, 1, 1,
                           binary ? PadValue::PlusOne : PadValue::Zero);
  h = quantise(binary ? net.bias(h) : net.relu(net.bias(h)));
  net.finish(net.bias(net.linear(net.flatten(h), net.weight({6, 36}, weightBits, perChannel))));
  auto outputs = checkStages(net);
  // One step of an activation, passed through one weight, in at most a few places.
  expectClose(outputs, 0.05);
  EXPECT_EQ(net.count<RequantizeOp>(), 2);
}

std::vector<Operands> activations() {
  std::vector<Operands> all{{1, true, true}};
  for (unsigned bits : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    all.push_back({bits, false, true});
    all.push_back({bits, false, false});
    if (bits > 1)
      all.push_back({bits, true, true});
  }
  all.push_back({16, false, true});
  all.push_back({16, true, true});
  return all;
}

INSTANTIATE_TEST_SUITE_P(AllPairs, OperandTest,
                         testing::Combine(testing::ValuesIn(activations()),
                                          testing::Values(0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u), testing::Bool()),
                         [](const auto &info) {
                           Operands a = std::get<0>(info.param);
                           return (a.isSigned ? "s" : "u") + std::to_string(a.actBits) +
                                  (a.symmetric ? "" : "asymmetric") + "_w" + std::to_string(std::get<1>(info.param)) +
                                  (std::get<2>(info.param) ? "_channel" : "_tensor");
                         });

TEST(QuantizeTest, BatchNormPoolAndDepthwise) {
  Net net({8, 8, 4});
  mlir::Value x = net.act(net.input(), 8, false, false);
  mlir::Value h = net.act(net.clip(net.norm(net.conv(x, net.weight({4, 3, 3, 1}, 4), 1, 1, 4), true), -0.5f, 1.0f), 4);
  h = net.act(net.relu(net.maxPool(net.norm(net.conv(h, net.weight({6, 1, 1, 2}, 8), 1, 0, 2)), 2)), 6);
  net.finish(net.softmax(net.linear(net.flatten(h), net.weight({3, 96}, 8))));
  expectClose(checkStages(net), 0.02);
}

TEST(QuantizeTest, HoistingAboveThePoolIsExact) {
  auto build = [](Net &net, bool poolFirst) {
    mlir::Value x = net.act(net.input(), 8);
    mlir::Value h = net.norm(net.conv(x, net.weight({5, 3, 3, 2}, 8)));
    h = poolFirst ? net.act(net.relu(net.maxPool(h, 2)), 4) : net.maxPool(net.act(net.relu(h), 4), 2);
    net.finish(h);
  };
  Net first({8, 8, 2}), last({8, 8, 2});
  build(first, true), build(last, false);
  EXPECT_EQ(bitsOf(checkStages(first).second), bitsOf(checkStages(last).second));
}

TEST(QuantizeTest, NegativeFactorStaysBehindThePool) {
  Net net({8, 8, 2});
  mlir::Value h = net.conv(net.act(net.input(), 8), net.weight({5, 3, 3, 2}, 8));
  net.finish(net.act(net.relu(net.norm(net.maxPool(h, 2), true)), 8));
  ASSERT_TRUE(net.bind()) << net.message;
  std::vector<float> graph = net.evaluate(3, 5);
  ASSERT_TRUE(net.freeze()) << net.message;
  EXPECT_LE(meanDistance(graph, net.evaluate(3, 5)), 1.0e-3);
  EXPECT_FALSE(net.lower());
  EXPECT_NE(net.message.find("put the pooling behind the batch norm"), std::string::npos) << net.message;
}

// R7 without freezing's requantisation: the accumulator times the f32 product of the scales.
TEST(QuantizeTest, LoweringAlone) {
  Net net({50});
  mlir::Value x = net.frozen(net.input(), false, {0.0123f});
  net.finish(net.softmax(net.linear(x, net.frozen(net.param({3, 50}), true, {0.0031f, 0.017f, 0.0007f}))));
  ASSERT_TRUE(net.bind()) << net.message;
  std::vector<float> graph = net.evaluate(5, 5);
  ASSERT_TRUE(net.lower()) << net.message;
  EXPECT_EQ(net.count<RequantizeOp>(), 1);
  EXPECT_EQ(bitsOf(net.evaluate(5, 5)), bitsOf(graph));
}

TEST(QuantizeTest, BinaryNetWithThresholds) {
  Net net({7, 7, 9});
  mlir::Value x = net.act(net.input(), 1, true);
  mlir::Value h = net.conv(x, net.weight({8, 3, 3, 9}, 1), 1, 1, 1, PadValue::MinusOne);
  h = net.act(net.norm(h, true), 1, true); // gammas of both signs: flipped comparisons
  h = net.maxPool(net.act(net.norm(net.conv(h, net.weight({8, 3, 3, 8}, 1), 1, 1, 1, PadValue::PlusOne)), 1, true), 2);
  net.finish(net.linear(net.flatten(h), net.weight({4, 72}, 1)));
  auto outputs = checkStages(net);
  expectClose(outputs, 0.5);
  int thresholds = 0, flipped = 0;
  // Both binary requantisations compare integers, some channels in the other direction.
  for (RequantizeOp op : net.all<RequantizeOp>()) {
    thresholds += op.getThresholds().has_value();
    flipped += op.getFlips() && llvm::is_contained(*op.getFlips(), -1);
  }
  EXPECT_EQ(thresholds, 2);
  EXPECT_EQ(flipped, 1);
}

TEST(QuantizeTest, ResidualsOnAGridInFloatAndBetweenBranches) {
  Net net({6, 6, 4});
  mlir::Value x = net.act(net.input(), 8, true);
  mlir::Value a = net.act(net.relu(net.add(net.norm(net.conv(x, net.weight({4, 3, 3, 4}, 8), 1, 1)), x)), 8);
  mlir::Value left = net.norm(net.conv(a, net.weight({4, 3, 3, 4}, 4), 2, 1));
  mlir::Value right = net.norm(net.conv(a, net.weight({4, 1, 1, 4}, 4), 2));
  mlir::Value b = net.act(net.relu(net.add(left, right)), 8);
  mlir::Value c = net.act(net.clip(net.add(b, net.act(net.averagePool(a, 2), 8)), 0.25f, 2.0f), 4); // both on a grid
  net.finish(net.linear(net.flatten(c), net.weight({5, 36}, 8)));
  expectClose(checkStages(net), 0.05);
}

TEST(QuantizeTest, FloatResidualStreamOfABinaryNet) {
  Net net({6, 6, 4});
  mlir::Value x = net.input();
  for (int block = 0; block < 2; ++block)
    x = net.add(net.norm(net.conv(net.act(x, 1, true), net.weight({4, 3, 3, 4}, 1), 1, 1, 1, PadValue::PlusOne)), x);
  mlir::Value h = net.act(net.norm(x), 8, true);
  net.finish(net.linear(net.globalAverage(h), net.weight({3, 4}, 32)));
  EXPECT_TRUE(net.bind() && net.freeze());
  std::vector<float> frozen = net.evaluate(2, 1);
  EXPECT_TRUE(net.lower()) << net.message; // nothing but a float layer behind the last quantiser
  EXPECT_EQ(bitsOf(net.evaluate(2, 1)), bitsOf(frozen));
}

TEST(QuantizeTest, AveragesAndConcat) {
  Net net({6, 6, 4});
  mlir::Value x = net.act(net.input(), 4, true);
  mlir::Value a = net.conv(x, net.weight({3, 1, 1, 4}, 4)), b = net.conv(x, net.weight({2, 3, 3, 4}, 4), 1, 1);
  mlir::Value joined = net.act(net.relu(net.concat(a, b)), 4);
  mlir::Value mean = net.act(net.scale(net.globalAverage(joined)), 8, true);
  net.finish(net.linear(mean, net.weight({3, 5}, 8)));
  expectClose(checkStages(net), 0.02);
  EXPECT_EQ(net.count<DequantizeOp>(), 0);
}

TEST(QuantizeTest, FloatModel) {
  Net net({6, 6, 2});
  mlir::Value h = net.relu(net.norm(net.conv(net.input(), net.weight({5, 3, 3, 2}, 32), 1, 1)));
  h = net.maxPool(net.relu(net.norm(net.conv(h, net.weight({5, 3, 3, 5}, 32)))), 2);
  net.finish(net.bias(net.linear(net.flatten(h), net.weight({4, 20}, 32))));
  expectClose(checkStages(net), 1.0e-6);
  EXPECT_EQ(net.count<RequantizeOp>(), 3);
}

TEST(QuantizeTest, FrozenGraphKeepsWeightsAsParameters) {
  Net net({4});
  mlir::Value h = net.act(net.bias(net.linear(net.act(net.input(), 8), net.weight({3, 4}, 4))), 8);
  net.finish(h);
  auto table = std::make_shared<WeightTable>();
  (*table)["p0"] = {{3}, {0.0f, 2.0f, 1.0f}};
  (*table)["p1"] = {{3, 4}, std::vector<float>(12, 0.5f)};
  (*table)["p2"] = {{3}, {1.0f, 2.0f, 3.0f}};
  (*table)["p3"] = {{3}, {0.0f, 4.0f, 1.0f}};
  ASSERT_TRUE(net.run(createFreeze(table))) << net.message;
  EXPECT_EQ(net.count<ParamOp>(), 1); // the weights; the bias and the ranges have become constants
  ASSERT_TRUE(net.run(createBindWeights(table, {.refuseExtra = false}))) << net.message;
  std::vector<float> frozen = net.evaluate(4, 9);
  ASSERT_TRUE(net.lower()) << net.message;
  EXPECT_EQ(bitsOf(net.evaluate(4, 9)), bitsOf(frozen));
}

TEST(BindWeightsTest, OneErrorListsEverything) {
  Net net({4});
  net.finish(net.bias(net.linear(net.input(), net.weight({3, 4}, 32))));
  auto table = std::make_shared<WeightTable>();
  (*table)["p0"] = {{4, 3}, std::vector<float>(12)};
  (*table)["p0:m"] = {{3, 4}, std::vector<float>(12)};
  (*table)["fc.weight"] = {{1}, {0.0f}};
  EXPECT_FALSE(net.run(createBindWeights(table)));
  EXPECT_EQ(net.message,
            "the weights do not fit the model; missing: p1 [3]; of the wrong shape: p0 is [4, 3] but should be [3, 4]; "
            "unknown to the model: fc.weight\n");
}

} // namespace
