// nibble-run: runs a model on arrays from files, compiled or interpreted, and compares the results.
#include "compiler/Graph/Weights.h"
#include "compiler/Pipelines/Advance.h"
#include "compiler/Report/Collect.h"
#include "compiler/tools/nibble-run/Compare.h"
#include "compiler/tools/nibble-run/Execute.h"
#include "compiler/tools/nibble-run/Options.h"
#include "compiler/tools/support/Diagnostics.h"
#include "compiler/tools/support/Files.h"
#include "compiler/tools/support/Modules.h"
#include "compiler/tools/support/Output.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace nibble;
using namespace nibble::tools;

namespace {

constexpr llvm::StringLiteral tool = "nibble-run";

/// Flags that would have no effect.
std::optional<std::string> checkFlags(const RunOptions &o) {
  if (o.reference && o.bench)
    return "--bench times compiled code; leave --reference out";
  if (o.reference && o.profile)
    return "--profile times compiled code; leave --reference out";
  if (o.bench && o.profile)
    return "--profile times the whole run too; leave --bench out";
  if (o.reference && o.threads != 1)
    return "--threads=" + std::to_string(o.threads) + " is for compiled code; the interpreter of --reference has one";
  if (o.reference && o.batchTile)
    return "--batch-tile=" + std::to_string(o.batchTile) +
           " is for compiled code; the interpreter of --reference takes the whole batch";
  if (o.noFreeze && !o.reference)
    return "--no-freeze needs --reference: only a frozen graph is compiled";
  return std::nullopt;
}

/// Each output has a file of its own, which is none of those that are read.
std::optional<Failure> checkOutputs(const RunOptions &o, const std::vector<std::string> &inputs,
                                    const std::vector<std::string> &outputs, const std::vector<std::string> &expects) {
  std::vector<std::pair<StringRef, StringRef>> read{{"the model", o.model}, {"--weights", o.weights}};
  for (const std::string &file : inputs)
    read.emplace_back("--input", file);
  for (const std::string &file : expects)
    read.emplace_back("--expect", file);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (auto failure = keepsInputs("--output=", outputs[i], read))
      return failure;
    for (size_t other = 0; other < i; ++other)
      if (!outputs[i].empty() && isSameFile(outputs[i], outputs[other]))
        return Failure{"--output=" + outputs[i] + " is given for two outputs; give each a file of its own"};
  }
  return std::nullopt;
}

/// Writes, then compares.
int finish(const RunOptions &o, const Signature &signature, const Arrays &results,
           const std::vector<std::string> &outputs, const std::vector<std::string> &expects, const Arrays &expected) {
  for (size_t i = 0; i < results.size(); ++i)
    if (!outputs[i].empty())
      if (auto failure = writeArray(outputs[i], *results[i]))
        return fail(tool, failure->message);
  int status = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string &name = signature.outputs[i].name;
    if (expected[i]) {
      std::string difference = differenceOf(*results[i], *expected[i]);
      if (difference.empty())
        llvm::outs() << name << ": all " << results[i]->size() << " values equal those of " << expects[i] << "\n";
      else
        status = fail(tool, llvm::Twine(name) + " is not " + expects[i] + ": " + difference);
    } else if (o.outputs.empty() && o.expects.empty() && !o.bench && !o.profile) {
      llvm::outs() << name << ": " << textOf(results[i]->type(), results[i]->shape()) << "\n";
    }
  }
  llvm::outs().flush();
  return status;
}

int run(const RunOptions &o) {
  if (auto error = checkFlags(o))
    return fail(tool, *error);
  Result<Target> target = Target::parse(o.target);
  if (!target)
    return fail(tool, "--target: " + target.error());
  if (std::string why = target->whyNotOn(Target::host()); !why.empty() && !o.reference)
    return fail(tool, "--target=" + o.target + " cannot run here: " + why + Target::capText());
  Result<std::string> text = readModuleText(o.model);
  if (!text)
    return fail(tool, text.error());
  std::shared_ptr<const WeightTable> weights;
  if (!o.weights.empty()) {
    auto read = readWeights(o.weights);
    if (!read)
      return fail(tool, read.error());
    weights = *read;
  }

  auto context = makeContext();
  DiagnosticPrinter printer(context.get(), tool.str(), /*remarks=*/false);
  // A failure whose reason the diagnostics have said already has no message.
  auto failed = [&](const std::string &message) {
    return message.empty() && printer.hasErrors() ? 1
                                                  : fail(tool, message.empty() ? "failed without a message" : message);
  };
  OwningOpRef<ModuleOp> module = parseModule(*context, *text, o.model);
  if (!module)
    return printer.hasErrors() ? 1 : fail(tool, o.model + ": this is no MLIR module");
  if (Stage stage = stageOf(*module); stage > Stage::Tiled)
    return fail(tool, o.model + " is at the " + stageName(stage).str() +
                          " stage; nibble-run takes the stages graph, quantized, packed and tiled");
  Result<func::FuncOp> entry = chooseEntry(*module, o.model, o.entry);
  if (!entry)
    return fail(tool, entry.error());
  auto kept = keepOnly(*module, *entry, weights ? *weights : WeightTable());
  weights = weights ? kept : nullptr;
  if (mlir::failed(checkFunctions(*module)))
    return 1;
  Stage from = stageOf(*module);
  if (std::string why = whyNotAt(*module, from); !why.empty())
    return fail(tool, o.model + " cannot be run: " + why);
  if (auto error = weightsError(*module, o.model, from, weights.get()))
    return fail(tool, *error);
  if (auto error = batchTileError(*module, o.model, o.batchTile))
    return fail(tool, *error);
  FailureOr<Signature> signature = signatureOf(*entry);
  if (mlir::failed(signature))
    return 1;
  auto files = matchFiles("--input", o.inputs, signature->inputs);
  auto outputs = matchFiles("--output", o.outputs, signature->outputs);
  auto expects = matchFiles("--expect", o.expects, signature->outputs);
  for (auto *list : {&files, &outputs, &expects})
    if (!*list)
      return fail(tool, list->error());
  if (auto failure = checkOutputs(o, *files, *outputs, *expects))
    return fail(tool, failure->message);
  Result<Inputs> inputs = readInputs(*files, signature->inputs);
  if (!inputs)
    return fail(tool, inputs.error());
  for (auto [flag, runs] : {std::pair("--bench=", o.bench), {"--profile=", o.profile}})
    if (runs && inputs->batch == 0)
      return fail(tool, flag + std::to_string(runs) + " has nothing to time: the batch is empty");
  Arrays expected(expects->size());
  for (size_t i = 0; i < expects->size(); ++i)
    if (!(*expects)[i].empty()) {
      auto array = readArray((*expects)[i]);
      if (!array)
        return fail(tool, "--expect: " + array.error());
      expected[i] = *array;
    }

  if (o.noFreeze && weights && mlir::failed(checkWeights(*module, *weights, /*refuseExtra=*/true)))
    return failed("");
  AdvanceOptions options{target->str(), o.noFreeze ? nullptr : weights, o.allowFloat, o.batchTile, true, {}};
  Stage to = !o.reference ? Stage::LLVM : from == Stage::Graph && !o.noFreeze ? Stage::Frozen : from;
  report::Collector collector(target->str());
  auto reached = [&](Stage stage) {
    if (o.profile)
      collector.reached(*module, stage);
    return success();
  };
  if (mlir::failed(advance(*module, from, to, options, reached)))
    return failed("");
  static const WeightTable none;
  Outputs results = o.reference ? interpretFunction(*entry, *signature, *inputs, weights ? *weights : none)
                                : runCompiled(*module, *target, *signature, *inputs,
                                              {static_cast<int>(o.threads), static_cast<int>(o.bench),
                                               static_cast<int>(o.profile), collector.models()});
  if (!results)
    return failed(results.error());
  return finish(o, *signature, *results, *outputs, *expects, expected);
}

} // namespace

int main(int argc, char **argv) {
  RunOptions options;
  if (std::optional<int> status = parseRunOptions(argc, argv, options))
    return *status;
  return runGuarded([&] { return run(options); });
}
