// The equivalence checker sees a changed bit, and passes what is the same.
#include "test/unit/Equivalence.h"
#include "dialects/Nibble/IR/Nibble.h"

#include <gtest/gtest-spi.h>
#include <limits>

using namespace mlir;
using namespace nibble::test;

namespace {

const char *const kModel = R"(
func.func @model(%x: tensor<?x4xf32>, %labels: tensor<?xi32>) -> (tensor<f32>, tensor<?x3xf32>) {
  %w = nibble.param @fc.weight : tensor<3x4xf32>
  %one = nibble.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %y = nibble.linear %x, %w : (tensor<?x4xf32>, tensor<3x4xf32>) -> tensor<?x3xf32>
  %z = nibble.mul %y, %one : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
  %loss = nibble.softmax_cross_entropy %z, %labels : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>
  return %loss, %z : tensor<f32>, tensor<?x3xf32>
})";

TEST(Equivalence, PipelinesThatKeepEveryBit) {
  expectEquivalent(kModel, "canonicalize,cse");
  expectEquivalent(kModel, "canonicalize", {.seed = 9, .rounds = 5, .batch = 2, .special = true});
}

LogicalResult breakEpsilon(ModuleOp module) {
  module.walk([](nibble::ConstantOp op) {
    auto type = cast<ShapedType>(op.getValue().getType());
    op.setValueAttr(DenseElementsAttr::get(type, 1.0f + std::numeric_limits<float>::epsilon()));
  });
  return success();
}

TEST(Equivalence, OneUnitInTheLastPlaceIsSeen) {
  EXPECT_FATAL_FAILURE(expectEquivalent(kModel, breakEpsilon), "before");
  EXPECT_FATAL_FAILURE(expectEquivalent(kModel, "no-such-pass"), "no-such-pass");
}

TEST(Equivalence, Difference) {
  HostTensor a = HostTensor::ofFloats({1}, {0.0f}), b = HostTensor::ofFloats({1}, {-0.0f});
  EXPECT_EQ(difference({a}, {a}), "");
  EXPECT_NE(difference({a}, {b}), "");
  EXPECT_NE(difference({a}, {}), "");
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(difference({HostTensor::scalar(nan)}, {HostTensor::scalar(-nan)}), "");
  HostTensor q = HostTensor::onGrid({1}, {2}, {{0.5f}, {0}}), r = HostTensor::onGrid({1}, {3}, {{0.5f}, {1}});
  EXPECT_NE(difference({q}, {r}), "");                                 // equal real values, other integers
  EXPECT_EQ(difference({q}, {HostTensor::ofFloats({1}, {1.0f})}), ""); // only one side has integers
}

TEST(Equivalence, RandomValuesFitTheirUses) {
  Session session;
  auto module = session.parse(R"(
func.func @f(%x: tensor<?x2xf32>, %range: tensor<3xf32>, %b: tensor<5x!nibble.binary>, %q: tensor<?x!quant.uniform<u4:f32, 5.0e-1:3>>, %l: tensor<?xi32>) -> tensor<f32> {
  %0 = nibble.observe_range %x, %range : (tensor<?x2xf32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = nibble.count_correct %x, %l : (tensor<?x2xf32>, tensor<?xi32>) -> tensor<f32>
  return %1 : tensor<f32>
})");
  ASSERT_TRUE(module);
  auto function = *module->getOps<func::FuncOp>().begin();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto inputs = randomInputs(function, seed);
    EXPECT_LE(inputs[1].f32[0], 0.0f);
    EXPECT_GE(inputs[1].f32[1], 0.0f);
    EXPECT_TRUE(succeeded(interpret(function, inputs))) << session.diagnostics;
  }
}

} // namespace
