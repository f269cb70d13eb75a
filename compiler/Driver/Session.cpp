// Contexts, parsing, passes, linking, and the plain form of an entry.
#include "compiler/Driver/Session.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Train/Train.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace nibble::driver {

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Session::Session() : context(makeRegistry(), MLIRContext::Threading::DISABLED), collector(&context, diagnostics) {
  context.printOpOnDiagnostic(false); // users of the DSL do not read IR
  context.loadAllAvailableDialects();
}

func::FuncOp Session::load(std::string_view text) {
  module = parseSourceString<ModuleOp>(llvm::StringRef(text), ParserConfig(&context), "graph");
  if (!module)
    return {};
  FailureOr<func::FuncOp> model = findModel(*module, "");
  return succeeded(model) ? *model : func::FuncOp();
}

LogicalResult Session::run(std::unique_ptr<Pass> pass) {
  PassManager manager(&context);
  manager.addPass(std::move(pass));
  return manager.run(*module);
}

void Session::error(std::string message) { diagnostics.push_back({{}, BuildSeverity::Error, std::move(message), {}}); }

FailureOr<Entry> Session::entry() {
  FailureOr<std::vector<Entry>> entries = readEntries(*module);
  if (mlir::failed(entries))
    return mlir::failure();
  if (entries->size() != 1)
    return module->emitError("has ") << entries->size() << " entries where one is expected";
  return entries->front();
}

std::unique_ptr<JitModule> Session::link(const std::string &target, int level) {
  Result<Target> machine = Target::parse(target);
  if (!machine) {
    error(machine.error());
    return nullptr;
  }
  Result<std::unique_ptr<JitModule>> linked = JitModule::create(*module, *machine, {level});
  if (!linked) {
    error(linked.error());
    return nullptr;
  }
  return std::move(*linked);
}

ParamRole roleOf(ParamKind kind) { return kind == ParamKind::State ? ParamRole::State : ParamRole::Trainable; }

InitialValue initialValueOf(Init init) {
  switch (init) {
  case Init::Zeros:
    return InitialValue::Zeros;
  case Init::Ones:
    return InitialValue::Ones;
  default:
    return InitialValue::HeNormal;
  }
}

std::vector<ParamSpec> paramsOf(ModuleOp module) {
  std::vector<ParamSpec> params;
  llvm::StringSet<> known;
  module.walk([&](ParamOp param) {
    if (known.insert(param.getName()).second)
      params.push_back({param.getName().str(), param.getResult().getType().getShape().vec(), roleOf(param.getKind()),
                        initialValueOf(param.getInit())});
  });
  return params;
}

Outcome<std::vector<ParamSpec>> listParams(std::string_view module) {
  Session session;
  if (!session.load(module))
    return session.failure<std::vector<ParamSpec>>();
  return session.outcome(std::make_unique<std::vector<ParamSpec>>(paramsOf(*session.module)));
}

int64_t Argument::elements() const {
  int64_t n = 1;
  for (int64_t d : shape)
    n *= d;
  return n;
}

std::vector<Argument> argumentTable(const Entry &entry) {
  std::vector<Argument> table;
  for (const EntryArgument &from : entry.arguments) {
    Argument to;
    to.name = from.name;
    to.direction = from.direction == EntryArgument::Direction::In    ? Argument::Direction::In
                   : from.direction == EntryArgument::Direction::Out ? Argument::Direction::Out
                                                                     : Argument::Direction::InOut;
    to.integer = from.type.isInteger(32);
    to.shape = from.shape;
    to.batched = from.batched;
    table.push_back(std::move(to));
  }
  return table;
}

void markParameters(std::vector<Argument> &table, ArrayAttr argumentAttributes) {
  if (!argumentAttributes)
    return;
  for (auto [argument, attributes] : llvm::zip(table, argumentAttributes.getAsRange<DictionaryAttr>())) {
    if (!attributes.contains(attr::param))
      continue;
    argument.role = Argument::Role::Parameter;
    if (auto kind = attributes.getAs<ParamKindAttr>(attr::kind))
      argument.param = roleOf(kind.getValue());
    if (auto init = attributes.getAs<InitAttr>(attr::init))
      argument.init = initialValueOf(init.getValue());
  }
}

ArenaSize arenaOf(const Entry &entry) {
  return {entry.plannedBytes.value_or(0), entry.lowerBoundBytes, entry.scratchBytes};
}

} // namespace nibble::driver
