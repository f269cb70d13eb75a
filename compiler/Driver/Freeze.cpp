// Freezing from text to text.
#include "compiler/Driver/Freeze.h"
#include "compiler/Driver/Session.h"
#include "compiler/Graph/Passes.h"
#include "compiler/Graph/Weights.h"

using namespace mlir;

namespace nibble::driver {

static std::string print(ModuleOp module, bool locations) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(locations);
  module.print(stream, flags);
  return text;
}

Outcome<FrozenModule> freeze(std::string_view module, const WeightTable &weights) {
  Session session;
  if (!session.load(module) || failed(checkWeights(*session.module, weights, /*refuseExtra=*/true)))
    return session.failure<FrozenModule>();
  FreezeOptions options;
  options.report = true;
  // The pass outlives no caller: the table is borrowed, not copied.
  std::shared_ptr<const WeightTable> borrowed(&weights, [](const WeightTable *) {});
  if (failed(session.run(createFreeze(borrowed, options))))
    return session.failure<FrozenModule>();
  auto frozen = std::make_unique<FrozenModule>(
      FrozenModule{print(*session.module, false), print(*session.module, true), paramsOf(*session.module), {}});
  if (auto absorbed = (*session.module)->getAttrOfType<ArrayAttr>(absorbedAttrName))
    for (auto name : absorbed.getAsRange<StringAttr>())
      frozen->absorbed.push_back(name.str());
  return session.outcome(std::move(frozen));
}

} // namespace nibble::driver
