// Interpretation of module text and the comparison of a module before and after a pass.
#include "test/unit/Equivalence.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Reference/Quantize.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/Format.h"

#include <bit>
#include <mutex>

using namespace mlir;
using nibble::reference::HostGrid;

namespace nibble::test {

Session::Session() : context(MLIRContext::Threading::DISABLED) {
  static std::once_flag once;
  std::call_once(once, registerPasses);
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    llvm::raw_string_ostream stream(diagnostics);
    stream << (diagnostic.getSeverity() == DiagnosticSeverity::Error ? "error: " : "note: ") << diagnostic << "\n";
    for (Diagnostic &note : diagnostic.getNotes())
      stream << "note: " << note << "\n";
  });
}

OwningOpRef<ModuleOp> Session::parse(StringRef text) {
  auto module = parseSourceString<ModuleOp>(text, &context);
  EXPECT_TRUE(module) << diagnostics;
  return module;
}

LogicalResult Session::runPipeline(ModuleOp module, StringRef pipeline) {
  PassManager manager(&context);
  llvm::raw_string_ostream stream(diagnostics);
  if (failed(parsePassPipeline(pipeline, manager, stream)))
    return failure();
  return manager.run(module);
}

static FailureOr<std::vector<HostTensor>> runFirst(Session &session, StringRef text, ArrayRef<HostTensor> inputs,
                                                   const Parameters *parameters) {
  auto module = session.parse(text);
  if (!module)
    return failure();
  auto functions = module->getOps<func::FuncOp>();
  if (functions.empty()) {
    session.diagnostics += "error: the text has no function\n";
    return failure();
  }
  return interpret(*functions.begin(), inputs, parameters);
}

std::vector<HostTensor> run(StringRef text, ArrayRef<HostTensor> inputs, const Parameters *parameters) {
  Session session;
  auto results = runFirst(session, text, inputs, parameters);
  EXPECT_TRUE(succeeded(results)) << session.diagnostics;
  return succeeded(results) ? std::move(*results) : std::vector<HostTensor>();
}

std::string runError(StringRef text, ArrayRef<HostTensor> inputs, const Parameters *parameters) {
  Session session;
  auto results = runFirst(session, text, inputs, parameters);
  EXPECT_TRUE(failed(results)) << "no error";
  return session.diagnostics;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

bool sameBits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (a != a && b != b);
}

std::string difference(ArrayRef<HostTensor> before, ArrayRef<HostTensor> after) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (before.size() != after.size())
    stream << before.size() << " results before, " << after.size() << " after";
  for (auto [r, a, b] : llvm::enumerate(before.take_front(after.size()), after.take_front(before.size()))) {
    if (a.shape != b.shape || a.f32.size() != b.f32.size()) {
      stream << "result " << r << " has another shape or kind\n";
      continue;
    }
    for (std::size_t i = 0; i < a.f32.size(); ++i)
      if (!sameBits(a.f32[i], b.f32[i])) {
        stream << "result " << r << ", element " << i << ": " << llvm::format("%a", a.f32[i]) << " before, "
               << llvm::format("%a", b.f32[i]) << " after\n";
        break;
      }
    for (std::size_t i = 0; i < std::min(a.ints.size(), b.ints.size()); ++i)
      if (a.ints[i] != b.ints[i]) {
        stream << "result " << r << ", element " << i << ": integer " << a.ints[i] << " before, " << b.ints[i]
               << " after\n";
        break;
      }
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Random values
//===----------------------------------------------------------------------===//

namespace {

/// The same sequence everywhere for one seed (splitmix64).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t bits() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t integer(int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(bits() % static_cast<uint64_t>(hi - lo + 1));
  }
  float real(float lo, float hi) { return lo + (hi - lo) * static_cast<float>(bits() >> 40) * 0x1p-24f; }

private:
  uint64_t state;
};

/// A mixture: arbitrary numbers, multiples of 1/64 (ties of many quantisers), zeros of both signs.
float randomFloat(Random &random, bool special) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  static const float unusual[] = {inf,       -inf,       std::numeric_limits<float>::quiet_NaN(),
                                  0x1p-140f, -0x1p-149f, 0x1.8p127f};
  switch (random.integer(0, 15)) {
  case 0:
    return 0.0f;
  case 1:
    return -0.0f;
  case 2:
    return special ? unusual[random.integer(0, 5)] : 1.0f;
  case 3:
  case 4:
  case 5:
  case 6:
    return static_cast<float>(random.integer(-256, 256)) / 64.0f;
  default:
    return random.real(-1.0f, 1.0f) * random.real(0.0f, 4.0f);
  }
}

enum class Role { Any, Range, Positive, Rate, Label };

/// What the users of a value expect of it; for labels also how many classes there are.
std::pair<Role, int64_t> roleOf(Value value) {
  for (Operation *user : value.getUsers()) {
    auto classes = [](Value logits) { return cast<RankedTensorType>(logits.getType()).getShape().back(); };
    if (auto op = dyn_cast<FakeQuantOp>(user); op && op.getRange() == value)
      return {Role::Range, 0};
    if (auto op = dyn_cast<FakeQuantGradOp>(user); op && op.getRange() == value)
      return {Role::Range, 0};
    if (auto op = dyn_cast<ObserveRangeOp>(user); op && op.getRange() == value)
      return {Role::Range, 0};
    if (auto op = dyn_cast<BatchNormOp>(user); op && op.getVariance() == value)
      return {Role::Positive, 0};
    if (auto op = dyn_cast<BatchNormTrainOp>(user); op && op.getVariance() == value)
      return {Role::Positive, 0};
    if (auto op = dyn_cast<BatchNormGradOp>(user); op && op.getBatchInvStd() == value)
      return {Role::Positive, 0};
    if (auto op = dyn_cast<AdamOp>(user); op && (op.getSecond() == value || op.getCorrection() == value))
      return {Role::Positive, 0};
    if (auto op = dyn_cast<AdamOp>(user); op && op.getRate() == value)
      return {Role::Rate, 0};
    if (auto op = dyn_cast<SgdOp>(user); op && op.getRate() == value)
      return {Role::Rate, 0};
    if (auto op = dyn_cast<SoftmaxCrossEntropyOp>(user); op && op.getLabels() == value)
      return {Role::Label, classes(op.getLogits())};
    if (auto op = dyn_cast<SoftmaxCrossEntropyGradOp>(user); op && op.getLabels() == value)
      return {Role::Label, classes(op.getLogits())};
    if (auto op = dyn_cast<CountCorrectOp>(user); op && op.getLabels() == value)
      return {Role::Label, classes(op.getLogits())};
  }
  return {Role::Any, 0};
}

} // namespace

HostTensor randomTensor(Value value, uint64_t seed, const EquivalenceOptions &options) {
  Random random(seed);
  auto type = cast<RankedTensorType>(value.getType());
  auto [role, classes] = roleOf(value);
  HostTensor tensor;
  for (int64_t d : type.getShape())
    tensor.shape.push_back(ShapedType::isDynamic(d) ? options.batch : d);
  std::size_t count = tensor.size();

  Type gridType = gridTypeOf(type);
  auto facts = gridType ? gridFacts(gridType) : std::nullopt;
  if (facts) {
    HostGrid grid{{0.125f}, {facts->isSigned ? 0 : facts->qmin + (facts->qmax - facts->qmin) / 3}};
    if (facts->known)
      grid = {{facts->scales.begin(), facts->scales.end()},
              {facts->zeros.begin(), facts->zeros.end()},
              facts->axis,
              facts->group};
    std::vector<int64_t> q(count);
    for (int64_t &v : q)
      v = facts->binary ? 2 * random.integer(0, 1) - 1 : random.integer(facts->qmin, facts->qmax);
    return HostTensor::onGrid(tensor.shape, std::move(q), std::move(grid));
  }
  if (type.getElementType().isInteger(32)) {
    for (std::size_t i = 0; i < count; ++i)
      tensor.ints.push_back(role == Role::Label ? random.integer(0, classes - 1)
                                                : random.integer(-3000, 3000) * (random.integer(0, 7) ? 1 : 700'000));
    return tensor;
  }
  if (role == Role::Range)
    return HostTensor::ofFloats(tensor.shape, {-random.real(0.0f, 3.0f), random.real(0.0f, 5.0f), 4.0f});
  for (std::size_t i = 0; i < count; ++i)
    tensor.f32.push_back(role == Role::Positive ? random.real(0.25f, 2.0f)
                         : role == Role::Rate   ? 0.015625f
                                                : randomFloat(random, options.special));
  return tensor;
}

std::vector<HostTensor> randomInputs(func::FuncOp function, uint64_t seed, const EquivalenceOptions &options) {
  std::vector<HostTensor> inputs;
  for (BlockArgument argument : function.getArguments())
    inputs.push_back(randomTensor(argument, seed * 1000 + argument.getArgNumber(), options));
  return inputs;
}

Parameters randomParameters(ModuleOp module, uint64_t seed, const EquivalenceOptions &options) {
  Parameters parameters = options.parameters;
  // Always finite: constants that are folded into others must be.
  EquivalenceOptions finite = options;
  finite.special = false;
  uint64_t number = 500;
  module.walk([&](ParamOp param) {
    auto value = randomTensor(param.getResult(), seed * 1000 + number++, finite);
    parameters.try_emplace(param.getName().str(), std::move(value));
  });
  return parameters;
}

//===----------------------------------------------------------------------===//
// Equivalence
//===----------------------------------------------------------------------===//

void expectEquivalent(StringRef text, std::function<LogicalResult(ModuleOp)> transform,
                      const EquivalenceOptions &options) {
  Session session;
  auto before = session.parse(text);
  if (!before)
    return;
  OwningOpRef<ModuleOp> after(before->clone());
  ASSERT_TRUE(succeeded(transform(*after)) && succeeded(mlir::verify(*after))) << session.diagnostics;
  for (auto function : before->getOps<func::FuncOp>()) {
    std::string name = function.getName().str();
    auto transformed = after->lookupSymbol<func::FuncOp>(name);
    ASSERT_TRUE(transformed) << "the pass has removed @" << name;
    for (int round = 0; round < options.rounds; ++round) {
      uint64_t seed = options.seed + static_cast<uint64_t>(round);
      Parameters parameters = randomParameters(*before, seed, options);
      parameters.merge(randomParameters(*after, seed, options));
      std::vector<HostTensor> inputs = randomInputs(function, seed, options);
      auto expected = interpret(function, inputs, &parameters);
      ASSERT_TRUE(succeeded(expected)) << "@" << name << " before: " << session.diagnostics;
      auto actual = interpret(transformed, inputs, &parameters);
      ASSERT_TRUE(succeeded(actual)) << "@" << name << " after: " << session.diagnostics;
      ASSERT_EQ(difference(*expected, *actual), "") << "@" << name << ", seed " << seed;
    }
  }
}

void expectEquivalent(StringRef text, StringRef pipeline, const EquivalenceOptions &options) {
  expectEquivalent(
      text,
      [&](ModuleOp module) -> LogicalResult {
        PassManager manager(module.getContext());
        std::string errors;
        llvm::raw_string_ostream stream(errors);
        if (failed(parsePassPipeline(pipeline, manager, stream)))
          return module.emitError(errors);
        return manager.run(module);
      },
      options);
}

} // namespace nibble::test
