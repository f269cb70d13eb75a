// Reading and printing of modules; files from anywhere must not crash the parser or a pass.
#include "compiler/tools/support/Modules.h"
#include "compiler/Pipelines/Register.h"
#include "compiler/Support/Spelling.h"
#include "compiler/Tile/Passes.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace nibble::tools {
namespace {

constexpr int deepestNesting = 1000;

/// How deeply brackets nest, outside strings and comments.
int nestingOf(StringRef text) {
  int depth = 0, deepest = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i)
        i += text[i] == '\\';
    } else if (c == '/' && i + 1 < text.size() && text[i + 1] == '/') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '(' || c == '[' || c == '{' || c == '<') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ')' || c == ']' || c == '}' || (c == '>' && i > 0 && text[i - 1] != '-')) {
      --depth;
    }
  }
  return deepest;
}

/// A module in the module, which no stage has: its functions would be passed over.
LogicalResult checkNesting(ModuleOp module) {
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](ModuleOp inner) {
    if (inner == module)
      return WalkResult::advance();
    inner->emitError("a module inside a module; functions stand in the outermost one");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Every resource that a constant names is there and has the size of its type.
LogicalResult checkResources(ModuleOp module) {
  LogicalResult result = success();
  module.walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](DenseResourceElementsAttr attribute) {
      StringRef name = attribute.getRawHandle().getKey();
      AsmResourceBlob *blob = attribute.getRawHandle().getBlob();
      Type element = attribute.getElementType();
      int64_t bytes = attribute.getNumElements();
      if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0)
        result = op->emitError() << "the resource '" << name << "' has elements of " << element
                                 << ", which are no whole bytes";
      else if (!blob)
        result = op->emitError() << "the resource '" << name << "' has no value in this file";
      else if (__builtin_mul_overflow(bytes, element.getIntOrFloatBitWidth() / 8, &bytes) ||
               blob->getData().size() != static_cast<size_t>(bytes))
        result = op->emitError() << "the resource '" << name << "' has " << blob->getData().size()
                                 << " bytes, but its type " << attribute.getType() << " needs " << bytes;
    });
  });
  return result;
}

} // namespace

Result<std::string> readModuleText(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return Failure{path.str() + ": " + buffer.getError().message()};
  StringRef text = (*buffer)->getBuffer();
  if (text.starts_with("ML\xefR"))
    return Failure{path.str() + ": this is MLIR bytecode; give the text form"};
  if (text.contains('\0'))
    return Failure{path.str() + ": this is no text file; an MLIR module is expected"};
  if (text.trim().empty())
    return Failure{path.str() + ": the file is empty; an MLIR module is expected"};
  if (int depth = nestingOf(text); depth > deepestNesting)
    return Failure{path.str() + ": brackets are nested " + std::to_string(depth) + " deep; at most " +
                   std::to_string(deepestNesting) + " are read"};
  return text.str();
}

OwningOpRef<ModuleOp> parseModule(MLIRContext &context, StringRef text, StringRef path) {
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context), path);
  if (!module || failed(checkNesting(*module)) || failed(checkResources(*module)))
    return {};
  if (module->getBody()->empty()) {
    module->emitError("the module is empty");
    return {};
  }
  return module;
}

std::string printModule(ModuleOp module, bool locations) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(locations);
  module.print(stream, flags);
  stream << "\n";
  return text;
}

std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->printOpOnDiagnostic(false); // an op may hold kilobytes of constants
  context->loadAllAvailableDialects();
  return context;
}

Result<func::FuncOp> chooseEntry(ModuleOp module, StringRef path, StringRef name) {
  SmallVector<func::FuncOp> functions;
  std::vector<std::string_view> names;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal()) {
      functions.push_back(function);
      names.push_back(function.getName());
    }
  if (name.empty() && functions.size() == 1)
    return functions.front();
  for (func::FuncOp function : functions)
    if (function.getName() == name)
      return function;
  if (functions.empty())
    return Failure{path.str() + " has no function with a body"};
  std::string text = name.empty() ? path.str() + " has several functions; choose with --entry=NAME; known: "
                                  : "--entry=" + name.str() + ": there is no such function; known: ";
  text += llvm::join(names, " ");
  std::string_view nearest = nearestSpelling(name, names);
  return Failure{nearest.empty() ? text : text + "; did you mean " + std::string(nearest) + "?"};
}

LogicalResult checkFunctions(ModuleOp module) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  for (auto function : module.getOps<func::FuncOp>()) {
    bool unused = function.getNumResults() == 0 && llvm::any_of(function.getArgumentTypes(), isTensor);
    if (function.isExternal() || unused)
      return emitError(function.getLoc()) << "@" << function.getName() << " has no " << (unused ? "result" : "body")
                                          << ", so there is nothing to compile";
  }
  return success();
}

static llvm::SetVector<StringRef> paramNames(ModuleOp module) {
  llvm::SetVector<StringRef> names;
  module.walk([&](ParamOp param) { names.insert(param.getName()); });
  return names;
}

std::shared_ptr<const WeightTable> keepOnly(ModuleOp module, func::FuncOp entry, const WeightTable &weights) {
  llvm::SetVector<StringRef> before = paramNames(module);
  for (auto other : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (other != entry)
      other.erase();
  llvm::SetVector<StringRef> after = paramNames(module);
  auto kept = std::make_shared<WeightTable>();
  for (const auto &[name, tensor] : weights)
    if (!before.contains(name) || after.contains(name))
      kept->emplace(name, tensor);
  return kept;
}

std::optional<std::string> weightsError(ModuleOp module, StringRef path, Stage stage, const WeightTable *weights) {
  if (stage > Stage::Frozen && weights)
    return ("--weights: " + path + " is at the " + stageName(stage) +
            " stage, where constants have taken the place of weights; leave the flag out")
        .str();
  llvm::SetVector<StringRef> names = paramNames(module);
  if (weights || names.empty())
    return std::nullopt;
  return (path + ": the model has " + llvm::Twine(names.size()) +
          " parameters; give their values with --weights=FILE: ")
             .str() +
         llvm::join(names, ", ");
}

std::optional<std::string> batchTileError(ModuleOp module, StringRef path, int64_t tile) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  auto isStatic = [](Type type) { return cast<TensorType>(type).hasStaticShape(); };
  for (Operation &op : *module.getBody()) {
    std::optional<int64_t> fixed; // by nibble-tile-batch, in an entry, or by the type
    for (StringRef name : {StringRef(batchTileAttrName), StringRef("ukr.batch_tile"), StringRef("ukr.batch")})
      if (auto attribute = op.getAttrOfType<IntegerAttr>(name))
        fixed = attribute.getInt();
    auto function = dyn_cast<func::FuncOp>(op);
    auto types = function ? function.getArgumentTypes() : ArrayRef<Type>();
    bool untiled = !fixed && !types.empty() && llvm::all_of(types, isTensor) && llvm::all_of(types, isStatic);
    if (tile && ((fixed && *fixed != tile) || untiled))
      return "--batch-tile=" + std::to_string(tile) + ": the batch of @" +
             SymbolTable::getSymbolName(&op).getValue().str() + " in " + path.str() + " is fixed already" +
             (fixed ? ", to " + std::to_string(*fixed) : "") + "; leave the flag out, or start from an earlier stage";
  }
  return std::nullopt;
}

} // namespace nibble::tools
