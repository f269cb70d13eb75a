// nibble-compile: takes a module from one stage to another, and to code.
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Emit/Header.h"
#include "compiler/Emit/Object.h"
#include "compiler/Pipelines/Advance.h"
#include "compiler/Report/Collect.h"
#include "compiler/Support/Spelling.h"
#include "compiler/Tune/TuneCache.h"
#include "compiler/Tune/TuneKernels.h"
#include "compiler/tools/nibble-compile/Options.h"
#include "compiler/tools/nibble-compile/Report.h"
#include "compiler/tools/support/Diagnostics.h"
#include "compiler/tools/support/Files.h"
#include "compiler/tools/support/Modules.h"
#include "compiler/tools/support/Output.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace nibble;
using namespace nibble::tools;

namespace {

constexpr llvm::StringLiteral tool = "nibble-compile";
constexpr std::string_view reportToStderr = "true"; ///< What CLI11 makes of --report without a file.

enum class Emit { Mlir, Llvm, Asm, Object, Header };
constexpr std::string_view emitNames[] = {"mlir", "llvm", "asm", "object", "header"};
constexpr std::string_view stageNames[] = {"graph", "frozen",  "quantized", "packed",
                                           "tiled", "kernels", "llvm",      "object"};

/// "FLAG=VALUE is unknown; known: ...; did you mean ...?"
std::string unknown(StringRef flag, StringRef value, ArrayRef<std::string_view> known) {
  std::string text = (flag + "=" + value + " is unknown; known: " + llvm::join(known, " ")).str();
  std::string_view nearest = nearestSpelling(std::string_view(value), std::span(known.data(), known.size()));
  return nearest.empty() ? text : text + "; did you mean " + std::string(nearest) + "?";
}

/// What to do, once the flags are understood.
struct Plan {
  Target target;
  std::optional<Stage> from;
  Stage to; ///< At most Stage::LLVM: what follows is `emit`.
  Emit emit;
};

/// Each file of --report has a name of a kind that is known, and is written once.
std::optional<Failure> checkReports(const CompileOptions &o) {
  std::vector<std::string_view> files;
  for (std::string_view path : o.reports) {
    if (path == reportToStderr)
      continue;
    if (auto failure = checkReportPath(path))
      return failure;
    for (std::string_view other : files)
      if (isSameFile(path, other))
        return Failure{"--report=" + std::string(path) + " is given twice" +
                       (path == other ? "" : ", the other time as " + std::string(other))};
    if (isSameFile(path, o.output))
      return Failure{"--report=" + std::string(path) + " and -o " + o.output +
                     " name one file; give the report another name"};
    files.push_back(path);
  }
  return std::nullopt;
}

/// DIR/02-frozen.mlir
std::string dumpPath(StringRef directory, Stage stage) {
  return (directory + "/0" + llvm::Twine(static_cast<int>(stage) + 1) + "-" + stageName(stage) + ".mlir").str();
}

/// Nothing that is read is overwritten, nor one output by another. A dump may be the model that it was made of.
std::optional<Failure> checkOutputs(const CompileOptions &o) {
  if (auto failure = checkReports(o))
    return failure;
  const std::pair<StringRef, StringRef> read[] = {{"the model", o.input}, {"--weights", o.weights}};
  if (auto failure = keepsInputs("-o ", o.output, read))
    return failure;
  for (StringRef path : o.reports)
    if (path != StringRef(reportToStderr))
      if (auto failure = keepsInputs("--report=", path, read))
        return failure;
  if (!o.dumpDirectory.empty())
    for (int stage = 0; stage < static_cast<int>(Stage::Object); ++stage)
      if (isSameFile(dumpPath(o.dumpDirectory, static_cast<Stage>(stage)), o.output))
        return Failure{"-o " + o.output + " and --dump-stages=" + o.dumpDirectory +
                       " write one file; give the output another name"};
  return std::nullopt;
}

Result<Plan> planOf(const CompileOptions &o) {
  Result<Target> target = Target::parse(o.target);
  if (!target)
    return Failure{"--target: " + target.error()};
  Plan plan{*target, std::nullopt, Stage::LLVM, Emit::Object};
  std::optional<Stage> to;
  for (auto [flag, value, stage] :
       {std::tuple("--compile-from", &o.from, &plan.from), std::tuple("--compile-to", &o.to, &to)}) {
    if (value->empty())
      continue;
    *stage = parseStage(*value);
    if (!*stage)
      return Failure{unknown(flag, *value, stageNames)};
  }
  if (plan.from == Stage::Object)
    return Failure{"--compile-from=object is not possible: nothing follows an object"};
  bool beforeObject = to && *to != Stage::Object;
  plan.emit = beforeObject ? Emit::Mlir : Emit::Object;
  if (!o.emit.empty()) {
    auto found = llvm::find(emitNames, std::string_view(o.emit));
    if (found == std::end(emitNames))
      return Failure{unknown("--emit", o.emit, emitNames)};
    plan.emit = static_cast<Emit>(found - std::begin(emitNames));
  }
  if (plan.emit != Emit::Mlir && beforeObject)
    return Failure{"--emit=" + o.emit + " needs the whole way to the object; leave --compile-to=" + o.to + " out"};
  if (plan.emit == Emit::Mlir && to == Stage::Object)
    return Failure{"--emit=mlir has no object stage; the last one in MLIR is --compile-to=llvm"};
  plan.to = beforeObject ? *to : Stage::LLVM;
  if (plan.from && *plan.from > plan.to)
    return Failure{"--compile-from=" + o.from + " lies behind --compile-to=" + o.to};
  if (o.batchTile && plan.to < Stage::Packed)
    return Failure{"--batch-tile=" + std::to_string(o.batchTile) + " has no effect with --compile-to=" + o.to +
                   ": kernels are chosen at the packed stage, batches are tiled at the tiled stage"};
  if (o.tune && plan.to < Stage::Packed)
    return Failure{"--tune has no effect with --compile-to=" + o.to + ": kernels are chosen at the packed stage"};
  if (!o.reports.empty() && plan.to < Stage::Packed)
    return Failure{"--report has nothing to say with --compile-to=" + o.to +
                   ": kernels are chosen at the packed stage"};
  if (o.tune && !target->runsOnHost())
    return Failure{"--tune measures kernels on this machine, which cannot run " + target->str() + ": " +
                   target->whyNotOn(Target::host())};
  if (!o.tune && !o.tuneCache.empty())
    return Failure{"--tune-cache=" + o.tuneCache + " is for --tune"};
  if (auto failure = checkOutputs(o))
    return *failure;
  if (o.threads != 1 && o.reports.empty())
    return Failure{"--threads=" + std::to_string(o.threads) +
                   " is for --report: the code takes as many threads as its caller lends"};
  if (o.output.empty() && plan.emit == Emit::Object)
    return Failure{"an object needs -o OUT"};
  return plan;
}

Result<std::string> emit(ModuleOp module, const Plan &plan, const CompileOptions &o) {
  EmitOptions options{static_cast<int>(o.level)};
  switch (plan.emit) {
  case Emit::Mlir:
    return printModule(module, !o.stripLocations);
  case Emit::Llvm:
    return emitLLVMIR(module, plan.target, /*optimized=*/true, options);
  case Emit::Asm:
    return emitAssembly(module, plan.target, options);
  case Emit::Object:
    return emitObject(module, plan.target, options);
  case Emit::Header: {
    FailureOr<std::vector<Entry>> entries = readEntries(module);
    if (failed(entries))
      return Failure{"the module's entries cannot be read"};
    return emitHeader(*entries, plan.target);
  }
  }
  return Failure{"nothing to emit"};
}

int compile(const CompileOptions &o) {
  Result<Plan> plan = planOf(o);
  if (!plan)
    return fail(tool, plan.error());
  Result<std::string> text = readModuleText(o.input);
  if (!text)
    return fail(tool, text.error());
  AdvanceOptions options{plan->target.str(), nullptr, o.allowFloat, o.batchTile, false, {}};
  if (!o.weights.empty()) {
    auto weights = readWeights(o.weights);
    if (!weights)
      return fail(tool, weights.error());
    options.weights = *weights;
  }

  if (o.tune)
    options.tune = [&](ModuleOp module) {
      return tuneKernels(module, {plan->target, o.tuneCache.empty() ? TuneCache::defaultDirectory() : o.tuneCache,
                                  std::max<int64_t>(o.batchTile, 1)});
    };

  auto context = makeContext();
  DiagnosticPrinter printer(context.get(), tool.str(), /*remarks=*/true);
  OwningOpRef<ModuleOp> module = parseModule(*context, *text, o.input);
  if (!module)
    return printer.hasErrors() ? 1 : fail(tool, o.input + ": this is no MLIR module");
  if (!o.entry.empty()) {
    Result<func::FuncOp> entry = chooseEntry(*module, o.input, o.entry);
    if (!entry)
      return fail(tool, entry.error());
    auto kept = keepOnly(*module, *entry, options.weights ? *options.weights : WeightTable());
    options.weights = options.weights ? kept : nullptr;
  }
  if (failed(checkFunctions(*module)))
    return 1;
  Stage from = plan->from.value_or(stageOf(*module));
  if (std::string why = whyNotAt(*module, from); !why.empty())
    return fail(tool,
                o.input + ": this module cannot be compiled from the " + stageName(from).str() + " stage: " + why);
  if (from > plan->to)
    return fail(tool, o.input + " is at the " + stageName(from).str() + " stage already, behind --compile-to=" + o.to);
  if (!o.reports.empty() && from == Stage::LLVM)
    return fail(tool, "--report has nothing to say of " + o.input + ": at the llvm stage there are no layers any more");
  if (auto error = weightsError(*module, o.input, from, options.weights.get()))
    return fail(tool, *error);
  if (auto error = batchTileError(*module, o.input, o.batchTile))
    return fail(tool, *error);
  if (o.tune && from >= Stage::Packed)
    return fail(tool, "--tune has no effect on " + o.input + ": its kernels were chosen at the packed stage");
  if (!o.dumpDirectory.empty())
    if (auto failure = makeDirectory(o.dumpDirectory))
      return fail(tool, "--dump-stages: " + failure->message);

  report::Collector collector(plan->target.str());
  LogicalResult done = advance(*module, from, plan->to, options, [&](Stage stage) -> LogicalResult {
    collector.reached(*module, stage);
    if (o.dumpDirectory.empty())
      return success();
    auto failure = writeFile(dumpPath(o.dumpDirectory, stage), printModule(*module, !o.stripLocations));
    if (!failure)
      return success();
    fail(tool, "--dump-stages: " + failure->message);
    return mlir::failure();
  });
  if (failed(done))
    return printer.hasErrors() || !o.dumpDirectory.empty()
               ? 1
               : fail(tool, o.input + ": compilation failed without a message");
  Result<std::string> result = emit(*module, *plan, o);
  if (!result)
    return fail(tool, o.input + ": " + result.error());
  std::vector<std::pair<std::string, std::string>> reports;
  for (const std::string &path : o.reports) {
    if (path == reportToStderr)
      continue;
    Result<std::string> content = reportFile(path, collector.models(), static_cast<int>(o.threads));
    if (!content)
      return fail(tool, content.error());
    reports.emplace_back(path, std::move(*content));
  }
  reports.emplace_back(o.output.empty() ? "-" : o.output, std::move(*result));
  for (const auto &[path, content] : reports)
    if (auto failure = writeFile(path, content))
      return fail(tool, failure->message);
  if (llvm::is_contained(o.reports, reportToStderr))
    llvm::errs() << reportText(collector.models(), static_cast<int>(o.threads));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  CompileOptions options;
  if (std::optional<int> status = parseCompileOptions(argc, argv, options))
    return *status;
  return runGuarded([&] { return compile(options); });
}
