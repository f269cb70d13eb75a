// A module around one tile, compiled and timed.
#include "compiler/Tune/TimedLayer.h"
#include "compiler/Conversion/UkrToLLVM/Entry.h"
#include "compiler/Emit/Call.h"
#include "compiler/Graph/Elements.h"
#include "compiler/Pack/Passes.h"
#include "compiler/Pipelines/Advance.h"
#include "compiler/Report/Collect.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include <algorithm>
#include <chrono>
#include <numeric>
#include <unistd.h>

using namespace mlir;

namespace nibble {
namespace {

constexpr StringLiteral layerName = "layer";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

RankedTensorType withBatch(Type type, int64_t batch, Type element = {}) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = batch;
  return RankedTensorType::get(shape, element ? element : tensor.getElementType(), tensor.getEncoding());
}

/// A 1 x 1 layer of 16 channels that reads `value` in the form in which a following layer would want it.
Value reader(OpBuilder &builder, Value value) {
  constexpr int64_t outputs = 16;
  MLIRContext *context = builder.getContext();
  auto type = cast<RankedTensorType>(value.getType());
  const GridFacts facts = *gridFacts(type.getElementType());
  Type grid = type.getElementType();
  if (!facts.binary && !facts.ternary)
    grid = quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed, builder.getIntegerType(8),
                                            builder.getF32Type(), 1.0, 0, -127, 127);
  const SmallVector<int64_t> shape{outputs, 1, 1, type.getDimSize(3)};
  std::vector<int32_t> ones(outputs * type.getDimSize(3), 1);
  Location loc = NameLoc::get(builder.getStringAttr("reader"), UnknownLoc::get(context));
  Value weight = ConstantOp::create(builder, loc, RankedTensorType::get(shape, grid),
                                    *makeStorage(context, shape, ones, "reader"));
  SmallVector<int64_t> result(type.getShape());
  result[3] = outputs;
  return TileOp::create(builder, loc, RankedTensorType::get(result, builder.getI32Type()), value, weight, Value(),
                        builder.getDenseI64ArrayAttr({1, 1}), builder.getDenseI64ArrayAttr({1, 1}),
                        PaddingAttr::get(context, 0, 0, 0, 0, PadValue::Zero), builder.getI64IntegerAttr(1),
                        builder.getDenseI64ArrayAttr({1, 1}), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                        nullptr, nullptr, nullptr, nullptr);
}

OwningOpRef<ModuleOp> moduleAround(TileOp tile, StringRef kernel) {
  MLIRContext *context = tile.getContext();
  Location loc = NameLoc::get(StringAttr::get(context, layerName), UnknownLoc::get(context));
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  OpBuilder builder(context);
  constexpr int64_t dynamic = ShapedType::kDynamic;
  SmallVector<Value> given{tile.getInput()};
  if (tile.getResidual())
    given.push_back(tile.getResidual());
  SmallVector<Type> arguments;
  for (Value value : given)
    arguments.push_back(withBatch(value.getType(), dynamic, builder.getF32Type()));
  auto function = func::FuncOp::create(UnknownLoc::get(context), "timed", builder.getFunctionType(arguments, {}));
  module->push_back(function);
  builder.setInsertionPointToStart(function.addEntryBlock());

  IRMapping mapping;
  for (auto [value, argument] : llvm::zip(given, function.getArguments())) {
    Value inside = argument;
    if (Type type = withBatch(value.getType(), dynamic); type != inside.getType())
      inside = QuantizeOp::create(builder, UnknownLoc::get(context), type, inside);
    mapping.map(value, inside);
  }
  mapping.map(tile.getWeight(), builder.clone(*tile.getWeight().getDefiningOp())->getResult(0));
  auto inside = cast<TileOp>(builder.clone(*tile, mapping));
  inside->setLoc(loc);
  for (StringRef name : {StringRef(choiceAttrName), StringRef(measuredAttrName)})
    inside->removeAttr(name);
  inside->setAttr(givenKernelAttrName, builder.getStringAttr(kernel));
  inside.getResult().setType(withBatch(tile.getResult().getType(), dynamic));
  Value result = inside.getResult();
  if (isQuantizedType(cast<RankedTensorType>(result.getType()).getElementType()))
    result = reader(builder, result);
  func::ReturnOp::create(builder, UnknownLoc::get(context), result);
  function.setType(builder.getFunctionType(arguments, result.getType()));
  return module;
}

/// Memory that begins with a cache line.
class Lines {
public:
  explicit Lines(int64_t bytes) : lines((bytes + sizeof(Line) - 1) / sizeof(Line) + 1) {}
  void *data() { return lines.data(); }

private:
  struct alignas(64) Line {
    char bytes[64] = {};
  };
  std::vector<Line> lines;
};

} // namespace

struct TimedLayer::Program {
  std::unique_ptr<JitModule> jit;
  ModelFunction *entry = nullptr;
  int64_t batch = 1, widenEvery = 0;
  std::optional<kernels::ListedLength> listed;
  std::vector<Lines> tensors;
  std::vector<bool> isTile; ///< For each step of the code.

  // Of the call that runs:
  double seconds = 0, total = 0;
  size_t step = 0;

  /// Repeats a step of the tile, which leaves its operands alone; the shortest run counts.
  void run(int64_t count, nibble_task task, void *context) {
    auto once = [&](int64_t times) {
      const double start = now();
      for (int64_t i = 0; i < times; ++i)
        task(context, 0, count, 0);
      return (now() - start) / static_cast<double>(times);
    };
    double best = once(1);
    if (isTile[step++ % isTile.size()]) {
      // Looking at the clock takes some 50 ns; so many runs together that this does not count.
      constexpr double together = 4e-6;
      best = std::min(best, once(3));
      const auto times = static_cast<int64_t>(std::clamp(together / std::max(best, 1e-9), 1.0, 1000.0));
      const double end = now() + seconds;
      do
        best = std::min(best, once(times));
      while (now() < end);
      total += best;
    }
  }
};

TimedLayer::TimedLayer(std::unique_ptr<Program> program) : program(std::move(program)) {}
TimedLayer::~TimedLayer() = default;
int64_t TimedLayer::widenEvery() const { return program->widenEvery; }
std::optional<kernels::ListedLength> TimedLayer::listed() const { return program->listed; }

Result<std::unique_ptr<TimedLayer>> TimedLayer::create(TileOp tile, StringRef kernel, const Target &target,
                                                       int64_t images) {
  std::string said;
  ScopedDiagnosticHandler quiet(tile.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && said.empty())
      said = diagnostic.str();
    return success();
  });
  auto failure = [&](std::string what) { return Failure{said.empty() ? std::move(what) : std::move(said)}; };
  const int64_t batch = cast<RankedTensorType>(tile.getInput().getType()).getDimSize(0);
  auto program = std::make_unique<Program>();
  program->batch = ShapedType::isDynamic(batch) ? images : batch;

  OwningOpRef<ModuleOp> module = moduleAround(tile, kernel);
  AdvanceOptions options;
  options.target = target.str(), options.batchTile = program->batch, options.packedEntries = true;
  options.allowFloat = true;
  PassManager packing(tile.getContext());
  buildToPackedPipeline(packing, {options.target, std::min(program->batch, mostImages)});
  report::Collector collector(options.target);
  auto reached = [&](Stage stage) {
    collector.reached(*module, stage);
    return success();
  };
  if (failed(packing.run(*module)))
    return failure("the layer cannot be packed");
  module->walk([&](TileOp op) {
    if (!op->hasAttr(givenKernelAttrName))
      return;
    program->widenEvery = op.getWidenEvery().value_or(0);
    if (auto lists = op->getAttrOfType<DenseI64ArrayAttr>(listedAttrName))
      program->listed = {
          .window = static_cast<int>(program->widenEvery), .windows = lists[1], .groups = lists[0], .bytes = lists[2]};
  });
  if (failed(advance(*module, Stage::Packed, Stage::LLVM, options, reached)))
    return failure("the layer cannot be compiled");
  FailureOr<std::vector<Entry>> entries = readEntries(*module);
  if (failed(entries) || entries->size() != 1 || collector.models().size() != 1)
    return failure("the layer has no entry");
  const report::Model &model = collector.models().front();
  for (const report::Step &step : model.steps)
    program->isTile.push_back(model.layers[step.layer].name == layerName);
  if (!llvm::is_contained(program->isTile, true))
    return failure("the layer cannot be told apart in its code");
  const Entry &entry = entries->front();
  std::vector<int64_t> sizes;
  for (const EntryArgument &argument : entry.arguments) {
    sizes.push_back(program->batch * 4);
    for (int64_t d : argument.shape)
      sizes.back() *= d;
  }
  sizes.push_back(entry.arenaBytes(1));
  // Of several kernels, each has its own.
  const int64_t needed = std::accumulate(sizes.begin(), sizes.end(), int64_t(0)),
                most = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / 32;
  if (needed > most)
    return Failure{std::to_string(program->batch) + (program->batch == 1 ? " image takes " : " images take ") +
                   std::to_string(needed >> 20) + " MiB, and a measurement at most " + std::to_string(most >> 20) +
                   " MiB on this machine; tune " +
                   (program->batch == 1 ? "on one with more memory" : "with a smaller batch tile")};
  for (int64_t size : sizes)
    program->tensors.emplace_back(size);
  Result<std::unique_ptr<JitModule>> jit = JitModule::create(*module, target);
  if (!jit)
    return Failure{jit.error()};
  program->jit = std::move(*jit);
  program->entry = program->jit->function<ModelFunction>(entry.name + "_packed");
  if (!program->entry)
    return failure("the compiled layer defines no entry");
  return std::unique_ptr<TimedLayer>(new TimedLayer(std::move(program)));
}

double TimedLayer::measure(double seconds) {
  Program &p = *program;
  p.seconds = seconds / static_cast<double>(llvm::count(p.isTile, true));
  p.total = 0, p.step = 0;
  std::vector<void *> pointers;
  pointers.reserve(p.tensors.size());
  for (Lines &tensor : p.tensors)
    pointers.push_back(tensor.data());
  void *arena = pointers.back();
  pointers.pop_back();
  const nibble_parallel parallel{&p, 1, [](void *self, int64_t count, nibble_task task, void *context) {
                                   static_cast<Program *>(self)->run(count, task, context);
                                 }};
  p.entry(pointers.data(), p.batch, arena, &parallel);
  return p.total * 1e9;
}

} // namespace nibble
