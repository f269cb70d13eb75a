// Frozen graphs to packed integer code, and what to report about it.
#include "compiler/Driver/Model.h"
#include "compiler/Driver/Session.h"
#include "compiler/Emit/Call.h"
#include "compiler/Emit/Header.h"
#include "compiler/Graph/Weights.h"
#include "compiler/Pipelines/Advance.h"
#include "compiler/Report/Collect.h"
#include "compiler/Tune/TuneCache.h"
#include "compiler/Tune/TuneKernels.h"
#include "dialects/Nibble/IR/Nibble.h"

using namespace mlir;

namespace nibble::driver {
namespace {

/// Freezing leaves its mark on the module; a batch norm that it could not fold keeps its statistics as parameters.
LogicalResult checkFrozen(func::FuncOp model) {
  if (model->getParentOfType<ModuleOp>()->hasAttr(absorbedAttrName))
    return success();
  ParamOp state;
  model.walk([&](ParamOp param) {
    if (!state && param.getKind() == ParamKind::State)
      state = param;
  });
  if (!state)
    return success();
  auto error = model.emitError("graph \"") << model.getName() << "\" is not frozen: freeze it first, then compile it";
  error.attachNote(state.getLoc()) << "the state " << state.getName() << " is still a parameter";
  return error;
}

/// A frozen module to the LLVM dialect; `packed`: with the entry NAME_packed.
FailureOr<Entry> lower(Session &session, std::string_view text, const WeightTable &weights, const ModelOptions &options,
                       ModelReport &report, bool packed) {
  func::FuncOp model = session.load(text);
  if (!model)
    return failure();
  Result<Target> target = Target::parse(options.target);
  if (!target) {
    session.error(target.error());
    return failure();
  }
  if (options.batchTile < 0) {
    session.error("a batch tile of " + std::to_string(options.batchTile) +
                  " images is not possible; give 1 or more, or 0 for a choice");
    return failure();
  }
  report::Collector collector(target->str());
  if (failed(checkFrozen(model)))
    return failure();
  AdvanceOptions way;
  way.target = target->str();
  way.weights = std::shared_ptr<const WeightTable>(&weights, [](const WeightTable *) {}); // borrowed, not copied
  way.allowFloat = options.allowFloat;
  way.batchTile = options.batchTile;
  way.packedEntries = packed;
  if (options.tune)
    way.tune = [&](ModuleOp module) {
      return tuneKernels(module,
                         {*target, options.tuneCache.empty() ? TuneCache::defaultDirectory() : options.tuneCache,
                          std::max<int64_t>(options.batchTile, 1)});
    };
  auto reached = [&](Stage stage) {
    collector.reached(*session.module, stage);
    return success();
  };
  if (failed(advance(*session.module, Stage::Graph, Stage::LLVM, way, reached)))
    return failure();
  FailureOr<Entry> entry = session.entry();
  if (failed(entry))
    return failure();
  for (const report::Model &model : collector.models())
    if (model.name == entry->name)
      report = model;
  return entry;
}

} // namespace

struct ModelProgram::Code {
  std::unique_ptr<JitModule> jit;
  ModelFunction *entry = nullptr;
};

ModelProgram::ModelProgram() : code(std::make_unique<Code>()) {}
ModelProgram::~ModelProgram() = default;

Outcome<ModelProgram> ModelProgram::create(std::string_view module, const WeightTable &weights,
                                           const ModelOptions &options) {
  Session session;
  auto program = std::unique_ptr<ModelProgram>(new ModelProgram());
  FailureOr<Entry> entry = lower(session, module, weights, options, program->facts, /*packed=*/true);
  if (failed(entry))
    return session.failure<ModelProgram>();
  program->table = argumentTable(*entry);
  program->code->jit = session.link(program->facts.target, options.level);
  if (!program->code->jit)
    return session.failure<ModelProgram>();
  program->code->entry = program->code->jit->function<ModelFunction>(entry->name + "_packed");
  if (!program->code->entry) {
    session.error("the compiled code does not define " + entry->name + "_packed");
    return session.failure<ModelProgram>();
  }
  return session.outcome(std::move(program));
}

int32_t ModelProgram::run(void *const *arguments, int64_t batch, void *arena, const nibble_parallel *parallel) const {
  return code->entry(arguments, batch, arena, parallel);
}

Outcome<ModelObject> compileObject(std::string_view module, const WeightTable &weights, const ModelOptions &options) {
  Session session;
  auto object = std::make_unique<ModelObject>();
  FailureOr<Entry> entry = lower(session, module, weights, options, object->report, /*packed=*/false);
  if (failed(entry))
    return session.failure<ModelObject>();
  Result<Target> target = Target::parse(object->report.target);
  Result<std::string> bytes = emitObject(*session.module, *target, {options.level});
  Result<std::string> header = emitHeader(ArrayRef<Entry>(*entry), *target);
  for (const Result<std::string> *result : {&bytes, &header})
    if (!*result)
      session.error(result->error());
  if (!bytes || !header)
    return session.failure<ModelObject>();
  object->bytes = std::move(*bytes);
  object->header = std::move(*header);
  return session.outcome(std::move(object));
}

} // namespace nibble::driver
