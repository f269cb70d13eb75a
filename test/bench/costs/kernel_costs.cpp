// Writes compiler/Kernels/Costs.def: measures each kernel on layers of many shapes, compiled one by one, and fits the
// costs of Costs.h to the times. Pin it, on a quiet machine: taskset -c 1 kernel_costs > compiler/Kernels/Costs.def
// With --verify it shows on other layers how good the choices are that the compiler makes by them.
#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Costs.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Pack/KernelChoice.h"
#include "compiler/Pack/StorageLayouts.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Target/Target.h"
#include "compiler/Tune/TimedLayer.h"
#include "frontend/lib/limits/loops.h"
#include "mlir/Parser/Parser.h"
#include "test/bench/costs/Fit.h"
#include "test/bench/costs/Layers.h"
#include "test/bench/costs/Machine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace nibble;
using namespace nibble::bench;

namespace {

std::vector<std::string> allNames() {
  std::vector<std::string> names;
  for (const auto &kernel : kernels::depthwiseKernels())
    names.emplace_back(kernel.name);
  for (const auto &kernel : kernels::lookupKernels())
    names.emplace_back(kernel.name);
  for (const auto &kernel : kernels::listedKernels())
    names.emplace_back(kernel.name);
  for (const auto &kernel : kernels::allKernels())
    names.emplace_back(kernel.name);
  for (llvm::StringRef kernel : {portableBinary, portableI16, portableF32, portableDepthwise})
    names.push_back(kernel.str());
  return names;
}

std::string_view featuresOf(std::string_view name) {
  if (const auto *kernel = kernels::findKernel(name))
    return kernel->features;
  if (const auto *kernel = kernels::findListedKernel(name))
    return kernel->features;
  if (const auto *kernel = kernels::findLookupKernel(name))
    return kernel->features;
  if (const auto *kernel = kernels::findDepthwiseKernel(name))
    return kernel->features;
  return {};
}

std::string targetOf(std::string_view features) {
  std::string text = "x86_64-linux-gnu";
  SmallVector<StringRef> parts;
  StringRef(features).split(parts, ',', -1, false);
  for (StringRef part : parts)
    text += ",+" + part.str();
  return text;
}

bool hasAll(const Target &target, std::string_view features) {
  SmallVector<StringRef> parts;
  StringRef(features).split(parts, ',', -1, false);
  return llvm::all_of(parts, [&](StringRef part) { return target.has({part.data(), part.size()}); });
}

/// Whether the costs of the kernel are those of a level below: a generated kernel is the same code at each level that
/// has its features. Portable code is not, but population counts are for binary operands alone.
bool isKnownBelow(StringRef name, const kernels::CostLevel &level) {
  if (name.starts_with("portable_"))
    return level.name == "avx512popcnt" && name != portableBinary;
  for (const kernels::CostLevel &below : kernels::costLevels()) {
    if (below.name == level.name)
      break;
    if (Result<Target> target = Target::parse(targetOf(below.features));
        target && hasAll(*target, featuresOf(name.str())))
      return true;
  }
  return false;
}

struct Options {
  std::string level, kernel;
  bool verbose = false, verify = false;
};

/// The tile of a text from layerText; the module keeps it alive.
std::pair<OwningOpRef<ModuleOp>, TileOp> parseLayer(MLIRContext &context, const std::string &text) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  TileOp tile;
  if (module)
    module->walk([&](TileOp op) { tile = op; });
  if (!tile)
    llvm::errs() << "kernel_costs: a layer is no module:\n" << text.substr(0, 2000) << "\n";
  return {std::move(module), tile};
}

/// Measures every kernel that can compute layers which the costs were not fitted to, and compares the fastest with the
/// one that would be chosen and with the first of the order.
void verify(MLIRContext &context, const Target &target, std::string_view level, const std::string &part) {
  double lossOfChoice = 0, lossOfFirst = 0;
  int count = 0, changed = 0;
  for (const char *like : {"dot_u8s8_6x16_avx2_exact", "dot_u8s8_6x16_avx2", "dot_u8s8_16_6x16_avx2",
                           "listed_u8s8_10x8_avx2", "dot_u8s4_12x8_avx2", "dot_u8s2_12x8_avx2", "dot_u8s1_12x8_avx2",
                           "lookup_b1b1_avx2", "lookup_t2t2_avx2", "lookup_u2s2_avx2", "depthwise_u8s8_avx2"})
    for (const LayerShape &shape : layersToVerify(like)) {
      if (!StringRef(like).contains(part))
        continue;
      auto [module, tile] = parseLayer(context, layerText(like, shape));
      FailureOr<TileFacts> facts = tile ? tileFacts(tile) : FailureOr<TileFacts>();
      if (failed(facts))
        continue;
      const kernels::Selection selection = chooseKernel(tile, *facts, target);
      struct Timed {
        std::string name;
        std::unique_ptr<TimedLayer> layer;
        double best = 1e18;
      };
      std::vector<Timed> all;
      for (const kernels::Candidate &candidate : candidatesOf(tile, *facts, target))
        if (candidate.reason.empty())
          if (auto layer = TimedLayer::create(tile, candidate.kernel, target))
            all.push_back({candidate.kernel, std::move(*layer)});
      for (int round = 0; round < 5; ++round)
        for (Timed &timed : all)
          timed.best = std::min(timed.best, timed.layer->measure(1e-3));
      if (all.empty())
        continue;
      const Timed &best = *llvm::min_element(all, [](auto &a, auto &b) { return a.best < b.best; });
      auto chosen = llvm::find_if(all, [&](auto &t) { return t.name == selection.kernel; });
      if (chosen == all.end())
        continue;
      ++count, changed += chosen != all.begin();
      lossOfChoice += chosen->best / best.best - 1, lossOfFirst += all.front().best / best.best - 1;
      llvm::outs() << llvm::formatv(
          "{0,-12} {1,-26} {2,-28} chosen {3} {4} ({5}), first {6} {7}, fastest {8} {9}{10}\n", level, like,
          shape.text(), chosen->name, kernels::durationText(chosen->best), selection.choice, all.front().name,
          kernels::durationText(all.front().best), best.name, kernels::durationText(best.best),
          chosen->best > 1.1 * best.best ? " SLOW" : "");
    }
  if (count)
    llvm::outs() << llvm::formatv(
        "{0}: {1} layers, {2} not with the first kernel; above the fastest: chosen {3:P1}, first {4:P1}\n", level,
        count, changed, lossOfChoice / count, lossOfFirst / count);
}

/// The seconds that a loop over registers takes, which is longer while another program shares the core.
double secondsOfLoop() {
  static const limits::Loop &loop = limits::all_loops()[3];
  static const long turns = limits::turns_for(loop, 30e-6);
  const double start = limits::seconds();
  loop.run(turns);
  return limits::seconds() - start;
}

/// Nanoseconds of the layer, the least of three measurements at times when the core was this program's own.
double steadyTime(TimedLayer &layer) {
  static double loop = [] {
    double best = 1;
    for (int i = 0; i < 3000; ++i)
      best = std::min(best, secondsOfLoop());
    return best;
  }();
  // What was once reached is forgotten by and by: the clock may have fallen for good.
  constexpr double nearly = 1.04, forgotten = 1.0005;
  constexpr int wanted = 3, most = 500;
  double best = 1e18, any = 1e18;
  auto isAlone = [] {
    const double now = std::min(secondsOfLoop(), secondsOfLoop());
    const bool isNear = now <= loop * nearly;
    loop = isNear ? std::min(loop, now) : loop * forgotten;
    return isNear;
  };
  for (int attempt = 0, good = 0; attempt < most && good < wanted; ++attempt) {
    const bool before = isAlone();
    const double time = layer.measure(2e-3);
    any = std::min(any, time);
    if (before && isAlone())
      best = std::min(best, time), ++good;
  }
  if (best > 1e17)
    llvm::errs() << "kernel_costs: the core was never free\n";
  return std::min(best, any);
}

/// The times of one kernel on all its layers, and what fits them; nothing if there are none.
std::optional<Fitted> costsOf(MLIRContext &context, const std::string &name, const Target &target, bool oneRow,
                              bool verbose) {
  std::vector<Sample> samples;
  for (const LayerShape &shape : layersFor(name, oneRow)) {
    auto [module, tile] = parseLayer(context, layerText(name, shape));
    if (!tile)
      return std::nullopt;
    Result<std::unique_ptr<TimedLayer>> layer = TimedLayer::create(tile, name, target);
    if (!layer) {
      if (verbose)
        llvm::errs() << name << " " << shape.text() << ": " << layer.error() << "\n";
      continue;
    }
    const double best = steadyTime(**layer);
    const kernels::Work work = shape.work();
    samples.push_back(
        {*kernels::termsOf(name, work, (*layer)->widenEvery(), (*layer)->listed()), best * 1000, shape.text()});
  }
  if (samples.size() < kernels::costTerms)
    return std::nullopt;
  Fitted fitted = fit(samples);
  if (verbose)
    for (const Sample &sample : samples)
      llvm::errs() << llvm::format("%-30s %-28s %10.3f us, fitted %+5.1f %%\n", name.c_str(), sample.what.c_str(),
                                   sample.picoseconds * 1e-6, 100 * fitted.errorOf(sample));
  return fitted;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    StringRef argument = argv[i];
    if (argument.consume_front("--level="))
      options.level = argument.str();
    else if (argument.consume_front("--kernel="))
      options.kernel = argument.str();
    else if (argument == "--verbose")
      options.verbose = true;
    else if (argument == "--verify")
      options.verify = true;
    else {
      llvm::errs() << "usage: kernel_costs [--level=NAME] [--kernel=PART] [--verbose] [--verify]\n";
      return 1;
    }
  }
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();

  if (!options.verify)
    llvm::outs() << costsHead(machineName());
  for (const kernels::CostLevel &level : kernels::costLevels()) {
    if (!options.verify)
      llvm::outs() << "NIBBLE_COST_LEVEL(" << StringRef(level.name) << ", \"" << StringRef(level.features) << "\")\n";
    const std::string text = targetOf(level.features);
    Result<Target> target = Target::parse(text);
    if (!target || !target->runsOnHost()) {
      llvm::errs() << "kernel_costs: this machine cannot run " << text << "; the level has no costs\n";
      continue;
    }
    if (options.verify && (options.level.empty() || options.level == level.name))
      verify(context, *target, level.name, options.kernel);
    for (const std::string &name : allNames()) {
      if (options.verify || (!options.level.empty() && options.level != level.name) ||
          !StringRef(name).contains(options.kernel))
        continue;
      if (!hasAll(*target, featuresOf(name)) || isKnownBelow(name, level))
        continue;
      for (bool oneRow : {false, true})
        if (std::optional<Fitted> fitted = costsOf(context, name, *target, oneRow, options.verbose)) {
          llvm::outs() << costsLine(level.name, name, oneRow, *fitted);
          llvm::outs().flush();
        }
    }
  }
  if (!options.verify)
    llvm::outs() << costsTail();
  return 0;
}
