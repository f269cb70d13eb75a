// Measuring the kernels of each tile.
#include "compiler/Tune/TuneKernels.h"
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/KernelChoice.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Tune/TimedLayer.h"
#include "compiler/Tune/TuneCache.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"
#include "llvm/TargetParser/Host.h"
#include <cmath>
#include <sched.h>

using namespace mlir;

namespace nibble {
namespace {

/// This thread stays on the CPU that it is on, as far as the system allows it.
class Pinned {
public:
  Pinned() : known(sched_getaffinity(0, sizeof before, &before) == 0) {
    const int cpu = sched_getcpu();
    if (!known || cpu < 0)
      return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~Pinned() {
    if (known)
      sched_setaffinity(0, sizeof before, &before);
  }
  Pinned(const Pinned &) = delete;
  Pinned &operator=(const Pinned &) = delete;

private:
  cpu_set_t before;
  bool known;
};

/// Everything that times depend on, as hexadecimal digits.
std::string keyOf(TileOp tile, const TileFacts &facts, ArrayRef<std::string> kernels, const TuneOptions &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << NIBBLE_VERSION << '\n' << options.target.str() << '\n' << llvm::sys::getHostCPUName() << '\n';
  for (const kernels::KernelInfo &kernel : kernels::allKernels())
    stream << StringRef(kernel.name) << ' ';
  stream << '\n' << llvm::join(kernels, " ") << '\n' << options.images << '\n';
  stream << tile.getInput().getType() << tile.getWeight().getType() << tile.getResult().getType() << '\n';
  if (tile.getResidual())
    stream << tile.getResidual().getType();
  for (NamedAttribute attribute : tile->getAttrs())
    stream << attribute.getName().getValue() << '=' << attribute.getValue() << '\n';
  llvm::SHA256 hash;
  hash.update(text);
  if (auto integers = readIntegers(facts.values))
    hash.update(ArrayRef(reinterpret_cast<const uint8_t *>(integers->data()), integers->size() * sizeof(int32_t)));
  else if (auto floats = readFloats(facts.values))
    hash.update(ArrayRef(reinterpret_cast<const uint8_t *>(floats->data()), floats->size() * sizeof(float)));
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

/// The least times of the kernels, in turns; an error of the op if one cannot be compiled.
FailureOr<std::vector<double>> measure(TileOp tile, ArrayRef<std::string> kernels, const TuneOptions &options) {
  std::vector<std::unique_ptr<TimedLayer>> layers;
  for (const std::string &kernel : kernels) {
    auto layer = TimedLayer::create(tile, kernel, options.target, options.images);
    if (!layer)
      return tile.emitOpError("cannot be measured with ") << kernel << ": " << layer.error();
    layers.push_back(std::move(*layer));
  }
  constexpr int rounds = 5;
  constexpr double secondsOfRound = 2e-3;
  const Pinned pinned;
  std::vector<double> times(layers.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < rounds; ++round)
    for (auto [layer, time] : llvm::zip(layers, times))
      time = std::min(time, layer->measure(secondsOfRound));
  return times;
}

LogicalResult tuneTile(TileOp tile, const TuneCache &cache, const TuneOptions &options) {
  FailureOr<TileFacts> facts = tileFacts(tile);
  if (failed(facts))
    return failure();
  std::vector<std::string> kernels;
  for (const kernels::Candidate &candidate : candidatesOf(tile, *facts, options.target))
    if (candidate.reason.empty())
      kernels.push_back(candidate.kernel);
  if (kernels.size() < 2)
    return success();
  const std::string key = keyOf(tile, *facts, kernels, options);
  std::string damage;
  std::optional<std::vector<double>> times = cache.find(key, kernels, damage);
  if (!damage.empty())
    tile.emitWarning() << "the tuning cache entry " << damage << "; the layer is measured again";
  const bool isCached = times.has_value();
  if (!times) {
    FailureOr<std::vector<double>> measured = measure(tile, kernels, options);
    if (failed(measured))
      return failure();
    times = std::move(*measured);
    for (double &time : *times)
      time = std::round(time * 1e3) / 1e3; // as the cache keeps it, so that what it gives is the same choice
    if (std::string error = cache.store(key, kernels, *times); !error.empty())
      tile.emitWarning() << "times of kernels are not kept: " << error;
  }
  Builder builder(tile.getContext());
  NamedAttrList attributes;
  for (auto [kernel, time] : llvm::zip_equal(kernels, *times))
    attributes.set(kernel, builder.getF64FloatAttr(time));
  if (isCached)
    attributes.set("cached", builder.getUnitAttr());
  tile->setAttr(measuredAttrName, attributes.getDictionary(tile.getContext()));
  return success();
}

} // namespace

LogicalResult tuneKernels(ModuleOp module, const TuneOptions &options) {
  const Target host = Target::host();
  if (!options.target.runsOn(host))
    return module.emitError() << "kernels for " << options.target.str()
                              << " cannot be measured here: " << options.target.whyNotOn(host);
  const TuneCache cache(options.cache);
  SmallVector<TileOp> tiles;
  module.walk([&](TileOp tile) {
    if (!tile->hasAttr(givenKernelAttrName) && !tile->hasAttr(measuredAttrName))
      tiles.push_back(tile);
  });
  for (TileOp tile : tiles)
    if (failed(tuneTile(tile, cache, options)))
      return failure();
  return success();
}

} // namespace nibble
