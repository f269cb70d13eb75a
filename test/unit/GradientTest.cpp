// The derivative of every op, as nibble-differentiate builds it and the interpreter runs it, against central
// differences of the op's smooth surrogate.
#include "compiler/Reference/Interpreter.h"
#include "compiler/Train/Train.h"
#include "mlir/Parser/Parser.h"
#include "test/unit/GradientCases.h"
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace mlir;
using nibble::reference::HostTensor;
using namespace nibble::test;

namespace {

std::vector<int64_t> sizesOf(const std::string &shape) {
  std::vector<int64_t> sizes;
  for (llvm::StringRef rest = shape; !rest.empty();) {
    auto [first, more] = rest.split('x');
    sizes.push_back(std::stoll(first.str()));
    rest = more;
  }
  return sizes;
}

std::string typeOf(const std::string &shape) { return "tensor<" + (shape.empty() ? "" : shape + "x") + "f32>"; }

/// loss = sum of coefficient * y over the elements of y, on the path that training takes.
std::string functionText(const GradientCase &test, const std::string &body, const std::string &type) {
  std::string flat = std::to_string(HostTensor::ofFloats(sizesOf(test.shape), {}).size());
  std::string row = typeOf("1x" + flat), text = "func.func @f(";
  for (const GradientArgument &a : test.arguments)
    text += "%" + a.name + ": " + typeOf(a.shape) + " {nibble.param = \"" + a.name + "\", nibble.kind = #nibble.kind<" +
            (a.trainable ? "trainable" : "state") + ">}, ";
  // A product with one drops the grid, whose scales may lie along a dimension that the reshape dissolves.
  return text + "%coefficients: " + row +
         ") -> (tensor<f32> {nibble.name = \"loss\"}) attributes {nibble.training = \"forward\"} {\n" + body +
         "%one = nibble.constant dense<1.0> : tensor<f32> : tensor<f32>\n%plain = nibble.mul %y, %one : (" + type +
         ", tensor<f32>) -> " + typeOf(test.shape) + "\n%flat = nibble.reshape %plain : (" + typeOf(test.shape) +
         ") -> " + row + "\n%dot = nibble.linear %flat, %coefficients : (" + row + ", " + row +
         ") -> tensor<1x1xf32>\n%loss = nibble.reshape %dot : (tensor<1x1xf32>) -> tensor<f32>\nreturn %loss : "
         "tensor<f32>\n}\n";
}

/// Odd multiples of step / 2 in random order, all different, around `offset`.
HostTensor valuesOf(const GradientArgument &argument, std::mt19937 &random) {
  HostTensor tensor = HostTensor::ofFloats(sizesOf(argument.shape), {});
  std::vector<int> order(tensor.size());
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random() % i]);
  int count = static_cast<int>(order.size());
  for (int k : order)
    tensor.f32.push_back(static_cast<float>(argument.offset + argument.step * (k - count / 2 + 0.5)));
  return tensor;
}

class GradientTest : public testing::TestWithParam<GradientCase> {
protected:
  GradientTest() {
    DialectRegistry registry;
    registry.insert<nibble::NibbleDialect, func::FuncDialect, quant::QuantDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  func::FuncOp parse(const std::string &text) {
    modules.push_back(parseSourceString<ModuleOp>(text, &context));
    EXPECT_TRUE(modules.back()) << text;
    return modules.back() ? *modules.back()->getOps<func::FuncOp>().begin() : func::FuncOp();
  }
  MLIRContext context;
  std::vector<OwningOpRef<ModuleOp>> modules;
};

TEST_P(GradientTest, AgreesWithCentralDifferences) {
  const GradientCase &test = GetParam();
  std::string plain = typeOf(test.shape);
  func::FuncOp real = parse(functionText(test, test.body, test.type.empty() ? plain : test.type));
  func::FuncOp surrogate = parse(functionText(test, test.surrogate.empty() ? test.body : test.surrogate, plain));
  ASSERT_TRUE(real && surrogate);
  ASSERT_TRUE(succeeded(nibble::differentiate(real)));

  std::mt19937 random(7);
  std::vector<HostTensor> inputs;
  for (const GradientArgument &argument : test.arguments)
    inputs.push_back(valuesOf(argument, random));
  inputs.push_back(
      HostTensor::ofFloats({1, static_cast<int64_t>(HostTensor::ofFloats(sizesOf(test.shape), {}).size())}, {}));
  while (inputs.back().f32.size() < inputs.back().size())
    inputs.back().f32.push_back(0.25f + static_cast<float>(random() % 64) /
                                            64.0f); // no sign change: a wrong sign cannot cancel

  auto results = nibble::reference::interpret(real, inputs);
  ASSERT_TRUE(succeeded(results));
  std::size_t next = 1, zeros = 0, compared = 0;
  for (std::size_t a = 0; a < test.arguments.size(); ++a) {
    if (!test.arguments[a].trainable)
      continue;
    ASSERT_LT(next, results->size()) << "no gradient of " << test.arguments[a].name;
    const HostTensor &gradient = (*results)[next++];
    ASSERT_EQ(gradient.shape, inputs[a].shape);
    float step = static_cast<float>(test.arguments[a].step / 8);
    for (std::size_t i = 0; i < gradient.f32.size(); ++i) {
      float value = inputs[a].f32[i];
      auto lossAt = [&](float moved) {
        inputs[a].f32[i] = moved;
        auto loss = nibble::reference::interpret(surrogate, inputs);
        inputs[a].f32[i] = value;
        return succeeded(loss) ? static_cast<double>(loss->front().f32.front()) : std::nan("");
      };
      double expected = (lossAt(value + step) - lossAt(value - step)) / (2.0 * static_cast<double>(step));
      // Rounding of an f32 loss and the third derivative; a wrong factor, sign or mask is far outside.
      EXPECT_NEAR(gradient.f32[i], expected, 2e-3 * std::max(1.0, std::abs(expected)))
          << test.arguments[a].name << "[" << i << "] = " << value;
      zeros += std::abs(expected) < 1e-6;
      ++compared;
    }
  }
  EXPECT_EQ(next, results->size());
  EXPECT_LT(zeros, compared) << "every expected gradient is zero: the case tests nothing";
}

INSTANTIATE_TEST_SUITE_P(Ops, GradientTest, testing::ValuesIn(gradientCases()),
                         [](const testing::TestParamInfo<GradientCase> &info) { return info.param.name; });

} // namespace
