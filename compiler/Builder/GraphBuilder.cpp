// Inputs, parameters, outputs and the finished function.
#include "compiler/Builder/DiagnosticCollector.h"
#include "compiler/Builder/GraphBuilderImpl.h"
#include "compiler/Support/CNames.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace nibble {

static bool isLetter(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isIdentifier(std::string_view name) {
  return !name.empty() && isLetter(name[0]) &&
         llvm::all_of(name, [](char c) { return isLetter(c) || llvm::isDigit(c); });
}
bool isParamName(std::string_view name) {
  return !name.empty() && isLetter(name[0]) &&
         llvm::all_of(name, [](char c) { return isLetter(c) || llvm::isDigit(c) || c == '.' || c == '-' || c == '/'; });
}

static std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

static std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t d : shape)
    text += (text.size() > 1 ? ", " : "") + (d == GraphBuilder::batch ? std::string("dyn") : std::to_string(d));
  return text + "]";
}

std::string GraphBuilder::Impl::tooLarge(const std::vector<int64_t> &shape) {
  if (static_cast<int>(shape.size()) > maxRank)
    return "has " + std::to_string(shape.size()) + " dimensions; tensors have at most " + std::to_string(maxRank);
  int64_t n = 1;
  for (int64_t d : shape) {
    if (d > 0 && n > (int64_t(1) << 40) / d)
      return "has shape " + shapeText(shape) + ", which is more than 2^40 elements";
    n *= std::max<int64_t>(d, 1);
  }
  for (int64_t d : shape)
    if (d > mostOfDimension)
      return "has shape " + shapeText(shape) + ": sizes are at most " + std::to_string(mostOfDimension);
  return {};
}

static bool isStatic(ArrayRef<int64_t> shape) {
  return llvm::all_of(shape, [](int64_t d) { return d >= 1; });
}

GraphBuilder::Impl::Impl(std::string_view name, const SourcePlace &place)
    : context(MLIRContext::Threading::DISABLED), name(name), place(place) {
  context.printOpOnDiagnostic(false); // users of the DSL do not read IR
  context.loadDialect<NibbleDialect, func::FuncDialect>();
  module = ModuleOp::create(locate(place));
  OpBuilder builder(module->getBodyRegion());
  function = func::FuncOp::create(builder, locate(place), isIdentifier(name) ? name : "graph",
                                  builder.getFunctionType({}, {}));
  body = function.addEntryBlock();
}

Location GraphBuilder::Impl::locate(const SourcePlace &place) {
  if (place.line <= 0)
    return UnknownLoc::get(&context);
  return FileLineColLoc::get(&context, place.file, place.line, std::max(place.column, 0));
}

GraphBuilder::Value GraphBuilder::Impl::add(mlir::Value value, bool activation) {
  values.push_back(value);
  activations.push_back(activation);
  return static_cast<Value>(values.size()) - 1;
}

OpBuilder GraphBuilder::Impl::end() {
  if (!body->empty() && isa<func::ReturnOp>(body->back()))
    body->back().erase();
  return OpBuilder::atBlockEnd(body);
}

GraphBuilder::Value GraphBuilder::Impl::error(const SourcePlace &place, std::string message,
                                              std::vector<BuildNote> notes) {
  diagnostics.push_back({place, BuildSeverity::Error, std::move(message), std::move(notes)});
  return poison;
}

bool GraphBuilder::Impl::checkPort(const SourcePlace &where, const char *what, std::string_view portName) {
  if (!isIdentifier(portName)) {
    error(where, std::string(what) + " name " + quoted(portName) + " is not an identifier: use letters, digits and _");
    return false;
  }
  for (auto *ports : {&inputs, &outputs})
    for (const Port &port : *ports)
      if (port.name == portName) {
        error(where, "the name " + quoted(portName) + " is taken: give each input and output its own name",
              {{port.place, "first used here"}});
        return false;
      }
  return true;
}

GraphBuilder::GraphBuilder(std::string_view name, const SourcePlace &place)
    : impl(std::make_unique<Impl>(name, place)) {
  if (!isIdentifier(name))
    error(place,
          "graph name " + quoted(name) + " is not an identifier: it names a C function, so use letters, digits and _");
  else if (std::string_view why = whyNotEntryName(name); !why.empty())
    error(place, "graph name " + quoted(name) + " " + std::string(why) +
                     "; the graph's name is that of the compiled C function, so choose another one");
}
GraphBuilder::~GraphBuilder() = default;

GraphBuilder::Value GraphBuilder::input(const SourcePlace &place, std::string_view name,
                                        const std::vector<int64_t> &shape) {
  if (!impl->checkPort(place, "input", name))
    return poison;
  impl->inputs.push_back({std::string(name), place, poison});
  if (shape.empty() || shape[0] != batch || !isStatic(ArrayRef(shape).drop_front()))
    return error(place, "input " + quoted(name) + " has shape " + shapeText(shape) +
                            ": the first dimension is the batch (nibble::dyn), the others are fixed and at least 1");
  if (std::string why = Impl::tooLarge(shape); !why.empty())
    return error(place, "input " + quoted(name) + " " + why);
  SmallVector<int64_t> extents(shape.begin(), shape.end());
  extents[0] = ShapedType::kDynamic;
  auto argument = impl->body->addArgument(f32Tensor(extents, &impl->context), impl->locate(place));
  return impl->inputs.back().value = impl->add(argument, /*activation=*/true);
}

/// Parameters with a name in common must be the same parameter.
static std::string conflict(const ParamSpec &before, const ParamSpec &now) {
  std::string name = "parameter " + quoted(now.name);
  if (now.role == ParamRole::State || before.role == ParamRole::State)
    return name + " is the state of another layer: give this one another name";
  if (before.shape != now.shape)
    return name + " has shape " + shapeText(now.shape) + " here, but " + shapeText(before.shape) +
           " before: give one of them another name";
  if (before.init != now.init)
    return name + " has another initial value here than before: use the same one, or another name";
  return {};
}

GraphBuilder::Value GraphBuilder::param(const SourcePlace &place, const ParamSpec &spec) {
  if (!isParamName(spec.name))
    return error(place, "parameter name " + quoted(spec.name) +
                            " is not valid: use letters, digits and _ . - /, a letter or _ first");
  if (auto found = impl->paramIndex.find(spec.name); found != impl->paramIndex.end()) {
    const Impl::Param &before = impl->params[found->second];
    std::string message = conflict(before.spec, spec);
    if (message.empty())
      return before.value;
    return error(place, std::move(message), {{before.place, "first used here"}});
  }
  if (!isStatic(spec.shape))
    return error(place, "parameter " + quoted(spec.name) + " has shape " + shapeText(spec.shape) +
                            ": every extent is fixed and at least 1");
  if (std::string why = Impl::tooLarge(spec.shape); !why.empty())
    return error(place, "parameter " + quoted(spec.name) + " " + why);
  OpBuilder builder = impl->end();
  ParamKind kind = spec.role == ParamRole::State ? ParamKind::State : ParamKind::Trainable;
  Init init = spec.init == InitialValue::Zeros  ? Init::Zeros
              : spec.init == InitialValue::Ones ? Init::Ones
                                                : Init::HeNormal;
  auto op = ParamOp::create(builder, impl->locate(place), f32Tensor(spec.shape, &impl->context), spec.name, kind, init);
  Value value = impl->add(op.getResult(), /*activation=*/false);
  impl->paramIndex.emplace(spec.name, impl->params.size());
  impl->params.push_back({spec, place, value});
  return value;
}

GraphBuilder::Value GraphBuilder::constant(const SourcePlace &place, const std::vector<int64_t> &shape,
                                           const std::vector<float> &values) {
  int64_t count = 1;
  bool fits = isStatic(shape) && Impl::tooLarge(shape).empty();
  for (int64_t d : shape)
    count = fits ? count * d : 0;
  if (!fits || count != static_cast<int64_t>(values.size()))
    return error(place, "a constant of shape " + shapeText(shape) + " cannot hold " + std::to_string(values.size()) +
                            " values");
  OpBuilder builder = impl->end();
  auto type = f32Tensor(shape, &impl->context);
  auto op =
      ConstantOp::create(builder, impl->locate(place), type, DenseElementsAttr::get(type, ArrayRef<float>(values)));
  return impl->add(op.getResult(), /*activation=*/false);
}

void GraphBuilder::output(const SourcePlace &place, std::string_view name, Value value) {
  if (!impl->checkPort(place, "output", name))
    return;
  impl->outputs.push_back({std::string(name), place, value});
  if (value != poison && !isActivation(value))
    error(place, "output " + quoted(name) + " does not depend on an input");
}

std::vector<int64_t> GraphBuilder::shape(Value value) const {
  std::vector<int64_t> result(cast<RankedTensorType>(impl->values[value].getType()).getShape());
  std::replace(result.begin(), result.end(), ShapedType::kDynamic, batch);
  return result;
}

bool GraphBuilder::isActivation(Value value) const { return value != poison && impl->activations[value]; }

std::string GraphBuilder::freeName(std::string_view layer, std::string_view suffix) const {
  std::string name = std::string(layer) + std::string(suffix);
  for (int n = 2; impl->paramIndex.contains(name); ++n)
    name = std::string(layer) + "." + std::to_string(n) + std::string(suffix);
  return name;
}

const SourcePlace *GraphBuilder::findParam(std::string_view name) const {
  auto found = impl->paramIndex.find(name);
  return found == impl->paramIndex.end() ? nullptr : &impl->params[found->second].place;
}

std::vector<ParamSpec> GraphBuilder::params() const {
  std::vector<ParamSpec> result;
  for (const Impl::Param &param : impl->params)
    result.push_back(param.spec);
  return result;
}

GraphBuilder::Value GraphBuilder::error(const SourcePlace &place, std::string message, std::vector<BuildNote> notes) {
  return impl->error(place, std::move(message), std::move(notes));
}
const std::vector<BuildDiagnostic> &GraphBuilder::diagnostics() const { return impl->diagnostics; }

std::vector<BuildDiagnostic> GraphBuilder::finish() {
  std::vector<BuildDiagnostic> found = impl->diagnostics;
  auto missing = [&](const char *what, const char *call) {
    found.push_back(
        {impl->place, BuildSeverity::Error, "graph " + quoted(impl->name) + " has no " + what + ": call " + call});
  };
  if (impl->inputs.empty())
    missing("input", "input(name, f32, {dyn, ...})");
  if (impl->outputs.empty())
    missing("output", "output(name, tensor)");
  if (!found.empty())
    return found;

  OpBuilder builder = impl->end();
  SmallVector<mlir::Value> results;
  for (const Impl::Port &port : impl->outputs)
    results.push_back(impl->values[port.value]);
  func::FuncOp function = impl->function;
  auto last = func::ReturnOp::create(builder, function.getLoc(), results);
  function.setFunctionType(builder.getFunctionType(impl->body->getArgumentTypes(), last.getOperandTypes()));
  auto names = [&](const std::vector<Impl::Port> &ports) {
    SmallVector<Attribute> all;
    for (const Impl::Port &port : ports)
      all.push_back(builder.getDictionaryAttr(builder.getNamedAttr("nibble.name", builder.getStringAttr(port.name))));
    return all;
  };
  function.setAllArgAttrs(names(impl->inputs));
  function.setAllResultAttrs(names(impl->outputs));
  DiagnosticCollector collector(&impl->context, found);
  if (failed(mlir::verify(*impl->module)) && found.empty())
    found.push_back({impl->place, BuildSeverity::Error, "graph " + quoted(impl->name) + " does not verify"});
  return found;
}

std::string GraphBuilder::print(bool locations) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(locations);
  impl->module->print(stream, flags);
  return text;
}

ModuleOp GraphBuilder::module() const { return *impl->module; }
MLIRContext *GraphBuilder::context() const { return &impl->context; }

} // namespace nibble
