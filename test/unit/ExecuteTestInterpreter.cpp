// Running training steps and models in the interpreter.
#include "test/unit/ExecuteTestInterpreter.h"
#include "compiler/Reference/Interpreter.h"
#include "compiler/Train/Train.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using nibble::reference::HostTensor;

namespace nibble::test {
namespace {

struct Loaded {
  explicit Loaded(const std::string &text) {
    DialectRegistry registry;
    registry.insert<NibbleDialect, func::FuncDialect, quant::QuantDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    if (module)
      if (auto found = findModel(*module, ""); succeeded(found))
        model = *found;
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp model;
};

} // namespace

Values interpretStep(const std::string &text, const TrainingOptions &options, const Values &values) {
  Loaded loaded(text);
  if (!loaded.model) {
    ADD_FAILURE() << "the model cannot be read";
    return {};
  }
  FailureOr<func::FuncOp> step = buildTrainingStep(*loaded.module, loaded.model, options);
  if (failed(step)) {
    ADD_FAILURE() << "the step cannot be built";
    return {};
  }
  auto nameOf = [&](unsigned i) {
    auto name = step->getArgAttrOfType<StringAttr>(i, attr::param);
    return (name ? name : step->getArgAttrOfType<StringAttr>(i, attr::name)).str();
  };
  std::vector<HostTensor> inputs;
  for (unsigned i = 0; i < step->getNumArguments(); ++i) {
    auto found = values.find(nameOf(i));
    if (found == values.end()) {
      ADD_FAILURE() << "no value for " << nameOf(i);
      return {};
    }
    inputs.push_back(found->second);
  }
  auto results = reference::interpret(*step, inputs);
  if (failed(results)) {
    ADD_FAILURE() << "the step does not run in the interpreter";
    return {};
  }
  Values named;
  for (unsigned r = 0; r < step->getNumResults(); ++r) {
    auto tied = step->getResultAttrOfType<IntegerAttr>(r, attr::tied);
    named[tied ? nameOf(tied.getInt()) : step->getResultAttrOfType<StringAttr>(r, attr::name).str()] = (*results)[r];
  }
  return named;
}

HostTensor interpretModel(const std::string &text, const HostTensor &input, const Values &parameters) {
  Loaded loaded(text);
  reference::Parameters values(parameters.begin(), parameters.end());
  if (loaded.model)
    if (auto results = reference::interpret(loaded.model, input, &values); succeeded(results))
      return results->front();
  ADD_FAILURE() << "the model does not run in the interpreter";
  return {};
}

} // namespace nibble::test
