// Small models through the whole compiler.
#include "test/unit/SupportRun.h"
#include "compiler/Emit/Header.h"
#include "compiler/Pipelines/Advance.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include <regex>

using namespace mlir;

namespace nibble::test {

namespace {

/// The place in the model that a location stands for.
std::string placeOf(Location location) {
  std::string place;
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file || file.getFilename() != cellFile)
      return WalkResult::advance();
    place = std::string(cellFile) + ":" + std::to_string(file.getLine());
    return WalkResult::interrupt();
  });
  return place;
}

/// The message with its notes.
std::string textOf(Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  for (Diagnostic &note : diagnostic.getNotes())
    if (!StringRef(note.str()).starts_with("see current operation"))
      text += "; " + note.str();
  return text;
}

/// The refusal of `action`, whose diagnostics go nowhere else.
std::optional<Refusal> refusalOf(MLIRContext *context, llvm::function_ref<bool()> action) {
  std::optional<Refusal> refusal;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !refusal)
      refusal = Refusal{textOf(diagnostic), placeOf(diagnostic.getLocation())};
    return success();
  });
  if (action())
    return std::nullopt;
  return refusal ? refusal : Refusal{};
}

} // namespace

std::string Refusal::flaw() const {
  if (message.empty())
    return "there is no error";
  static const std::regex op("'nibble\\.[a-z0-9_]+' op |quantisation|conv2d|linear");
  static const std::regex advice("(;|: |, or| or) ?[^;]*\\b(use|quantise|put|allow|split|multiply|pad|keep)\\b");
  std::string missing;
  if (place.empty())
    missing += "place ";
  if (!std::regex_search(message, op))
    missing += "op ";
  if (!std::regex_search(message, advice))
    missing += "advice ";
  return missing;
}

std::string Refusal::reason() const {
  std::string text = std::regex_replace(message, std::regex("^'nibble\\.([a-z0-9_]+)' op "), "");
  text = std::regex_replace(text, std::regex("'tensor<[^']*'"), "a tensor");
  text = std::regex_replace(text, std::regex(" \\(dimension [0-9]+\\)"), "");
  text = std::regex_replace(text, std::regex("-?[0-9]+\\.\\.-?[0-9]+"), "N..N");
  return std::regex_replace(text, std::regex("output channel [0-9]+"), "output channel N");
}

std::optional<Refusal> CellRun::add(const std::string &what, OwningOpRef<ModuleOp> module, Stage stage) {
  OwningOpRef<ModuleOp> lowered = module->clone();
  AdvanceOptions options;
  options.target = target;
  options.batchTile = tile;
  auto refusal =
      refusalOf(&session.context, [&] { return succeeded(advance(*lowered, stage, Stage::Kernels, options)); });
  if (refusal)
    return refusal;
  if (!kernels)
    kernels = ModuleOp::create(UnknownLoc::get(&session.context));
  kernels->getBody()->getOperations().splice(kernels->getBody()->end(), lowered->getBody()->getOperations());
  accepted.push_back({what, std::move(module)});
  return std::nullopt;
}

std::optional<Refusal> CellRun::add(const Cell &cell) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&session.context));
  size_t number = accepted.size();
  std::string name = "f" + std::to_string(number);
  if (auto refusal = refusalOf(&session.context, [&] { return buildCell(*module, name, cell, number + 1); }))
    return refusal;
  return add(cell.text(), std::move(module), Stage::Frozen);
}

std::optional<Refusal> CellRun::add(const std::string &what, const std::string &text) {
  auto module = session.parse(text);
  if (!module)
    return Refusal{};
  (*module->getOps<func::FuncOp>().begin()).setName("f" + std::to_string(accepted.size()));
  return add(what, std::move(module), Stage::Quantized);
}

std::vector<CellRun::Case> CellRun::cases() {
  std::vector<Case> cases;
  for (auto [number, one] : llvm::enumerate(accepted)) {
    func::FuncOp function = *one.source->getOps<func::FuncOp>().begin();
    Case c{one.what, function.getName().str(), randomInputs(function, number + 1, {.batch = batch}), {}};
    auto expected = reference::interpret(function, c.inputs);
    EXPECT_TRUE(succeeded(expected)) << one.what << ": the interpreter failed: " << session.diagnostics;
    if (succeeded(expected))
      for (const HostTensor &e : *expected)
        c.expected.push_back(e.offGrid());
    cases.push_back(std::move(c));
  }
  return cases;
}

int CellRun::run() {
  if (accepted.empty())
    return 0;
  OwningOpRef<ModuleOp> module = kernels->clone();
  auto compiled = Compiled::fromKernels(session, *module, target, level);
  EXPECT_TRUE(compiled) << "functions from " << accepted.front().what << " on";
  int good = 0;
  for (const Case &c : cases()) {
    bool same = compiled != nullptr;
    for (int threads : {1, 2}) {
      std::string wrong =
          compiled ? difference(c.expected, compiled->run(c.name, c.inputs, threads, batch)) : "it was not compiled";
      same &= wrong.empty();
      EXPECT_EQ(wrong, "") << c.what << ", " << threads << " threads";
    }
    good += same;
  }
  return good;
}

std::pair<std::string, std::string> CellRun::object() {
  OwningOpRef<ModuleOp> module = kernels->clone();
  auto machine = Target::parse(target);
  EXPECT_TRUE(machine);
  if (!machine || failed(session.runPipeline(*module, "nibble-plan-memory"))) {
    ADD_FAILURE() << session.diagnostics;
    return {};
  }
  auto entries = readEntries(*module);
  if (failed(entries) || failed(session.runPipeline(*module, "nibble-to-llvm{target=" + target + "}"))) {
    ADD_FAILURE() << session.diagnostics;
    return {};
  }
  auto bytes = emitObject(*module, *machine, {level});
  auto header = emitHeader(*entries, *machine);
  EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error());
  EXPECT_TRUE(header) << (header ? "" : header.error());
  return {bytes ? *bytes : "", header ? *header : ""};
}

std::map<std::string, int> CellRun::generatedKernels() {
  std::map<std::string, int> count;
  if (kernels)
    kernels->walk([&](ukr::KernelOp kernel) { ++count[kernel.getGenerator().str()]; });
  return count;
}

void SupportTest::SetUp() {
  auto parsed = Target::parse(prefix + GetParam());
  ASSERT_TRUE(parsed) << parsed.error();
  target = *parsed;
  if (!target->runsOnHost())
    GTEST_SKIP() << target->whyNotOn(Target::host());
}

void SupportTest::TearDown() {
  for (const auto &[name, count] : generated)
    std::printf("%5d pieces of machine code from %s\n", count, name.c_str());
}

static void expectNone(const std::optional<Refusal> &refusal, const std::string &what) {
  EXPECT_FALSE(refusal) << what << ": " << refusal->message;
}

void SupportTest::expectAdded(CellRun &run, const Cell &cell) { expectNone(run.add(cell), cell.text()); }

void SupportTest::expectAdded(CellRun &run, const std::string &what, const std::string &text) {
  expectNone(run.add(what, text), what);
}

void SupportTest::expectExact(CellRun &run, const std::string &what) {
  for (const auto &[name, count] : run.generatedKernels())
    generated[name] += count;
  EXPECT_EQ(run.run(), run.size()) << what;
}

std::string targetName(const testing::TestParamInfo<const char *> &info) {
  std::string name(info.param);
  llvm::erase_if(name, [](char c) { return !llvm::isAlnum(c); });
  return name;
}

} // namespace nibble::test
