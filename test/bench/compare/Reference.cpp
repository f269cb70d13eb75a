// The interpreter on a module in text form.
#include "test/bench/compare/Reference.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Reference/Interpreter.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace nibble::bench {

std::vector<float> interpretModel(const std::string &text, const WeightTable &weights,
                                  const std::vector<int64_t> &shape, const std::vector<float> &input) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return {};
  func::FuncOp function = *module->getOps<func::FuncOp>().begin();
  reference::Parameters parameters;
  for (const auto &[name, tensor] : weights)
    parameters[name] = reference::HostTensor::ofFloats(tensor.shape, tensor.values);
  auto results = reference::interpret(function, {reference::HostTensor::ofFloats(shape, input)}, &parameters);
  if (failed(results) || results->size() != 1)
    return {};
  return (*results)[0].f32;
}

} // namespace nibble::bench
