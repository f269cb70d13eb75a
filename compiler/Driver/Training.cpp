// Training steps and evaluations: from a graph to code with a static batch.
#include "compiler/Driver/Training.h"
#include "compiler/Driver/Session.h"
#include "compiler/Emit/Call.h"
#include "compiler/Pipelines/Advance.h"
#include "compiler/Report/Flops.h"
#include "compiler/Train/Train.h"
#include "dialects/Nibble/IR/NibbleShapes.h"

using namespace mlir;

namespace nibble::driver {

namespace {
/// The first value whose `batch` images would take more than 2^40 bytes, or null.
Value tooLarge(func::FuncOp model, int64_t batch) {
  auto isTooLarge = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    std::optional<int64_t> elements = type ? elementCount(type.getShape()) : std::nullopt; // of one image
    return elements && *elements > 0 && !type.hasStaticShape() && batch > (int64_t(1) << 38) / *elements;
  };
  for (Value input : model.getArguments())
    if (isTooLarge(input))
      return input;
  for (Operation &op : model.getBody().front())
    for (Value result : op.getResults())
      if (isTooLarge(result))
        return result;
  return {};
}

/// What the caller chose, apart from the graph: reported without a place in it.
LogicalResult checkChoices(Session &session, func::FuncOp model, int64_t batch, const std::string &target) {
  const std::string subject =
      "graph \"" + model.getName().str() + "\" cannot work on batches of " + std::to_string(batch) + " images";
  size_t before = session.diagnostics.size();
  if (Result<Target> parsed = Target::parse(target); !parsed)
    session.error(parsed.error());
  if (batch < 1) {
    session.error(subject + "; give a batch of at least 1");
  } else if (Value value = tooLarge(model, batch)) {
    session.error(subject + ": a value of so many has more than 2^40 bytes; give a smaller batch");
    session.diagnostics.back().notes.push_back({placeOf(value.getLoc()), "this value"});
  }
  return success(session.diagnostics.size() == before);
}
} // namespace

struct FixedBatchProgram::Code {
  std::unique_ptr<JitModule> jit;
  StepFunction *entry = nullptr;
};

FixedBatchProgram::FixedBatchProgram() = default;
FixedBatchProgram::~FixedBatchProgram() = default;

int32_t FixedBatchProgram::run(void *const *arguments, void *arena, const nibble_parallel *parallel) const {
  return code->entry(arguments, arena, parallel);
}

struct ProgramBuilder {
  /// Lowers `function`, alone in its module, into `program`.
  static LogicalResult finish(Session &session, func::FuncOp function, const std::string &target, int64_t batch,
                              FixedBatchProgram &program) {
    ArrayAttr attributes = function.getAllArgAttrs();
    SmallVector<func::FuncOp> others;
    for (auto other : session.module->getOps<func::FuncOp>())
      if (other != function)
        others.push_back(other);
    for (func::FuncOp other : others)
      other.erase();
    AdvanceOptions way;
    way.target = target;
    if (failed(advance(*session.module, Stage::Tiled, Stage::LLVM, way)))
      return failure();
    FailureOr<Entry> entry = session.entry();
    if (failed(entry))
      return failure();
    program.table = argumentTable(*entry);
    markParameters(program.table, attributes);
    program.memory = arenaOf(*entry);
    program.images = batch;
    program.code = std::make_unique<FixedBatchProgram::Code>();
    program.code->jit = session.link(target, /*level=*/3);
    if (!program.code->jit)
      return failure();
    program.code->entry = program.code->jit->function<StepFunction>(entry->name);
    if (program.code->entry)
      return success();
    session.error("the compiled code does not define " + entry->name);
    return failure();
  }
};

Outcome<TrainingProgram> TrainingProgram::create(std::string_view module, const TrainingOptions &options,
                                                 const std::string &target) {
  Session session;
  func::FuncOp model = session.load(module);
  if (!model)
    return session.failure<TrainingProgram>();
  if (failed(checkChoices(session, model, options.batch, target)))
    return session.failure<TrainingProgram>();
  FailureOr<func::FuncOp> step = buildTrainingStep(*session.module, model, options);
  if (failed(step))
    return session.failure<TrainingProgram>();
  auto program = std::make_unique<TrainingProgram>();
  program->operations = 2 * report::multiplyAccumulates(*step);
  step->walk([&](SoftmaxCrossEntropyOp loss) {
    program->labels = cast<RankedTensorType>(loss.getLogits().getType()).getShape().back();
  });
  if (failed(ProgramBuilder::finish(session, *step, target, options.batch, *program)))
    return session.failure<TrainingProgram>();
  return session.outcome(std::move(program));
}

Outcome<EvaluationProgram> EvaluationProgram::create(std::string_view module, int64_t batch,
                                                     const std::string &target) {
  Session session;
  func::FuncOp model = session.load(module);
  if (!model)
    return session.failure<EvaluationProgram>();
  if (failed(checkChoices(session, model, batch, target)))
    return session.failure<EvaluationProgram>();
  std::string name = model.getName().str() + "_evaluation";
  FailureOr<func::FuncOp> evaluation = buildEvaluation(*session.module, model, name, batch);
  auto program = std::make_unique<EvaluationProgram>();
  if (failed(evaluation) || failed(ProgramBuilder::finish(session, *evaluation, target, batch, *program)))
    return session.failure<EvaluationProgram>();
  return session.outcome(std::move(program));
}

} // namespace nibble::driver
