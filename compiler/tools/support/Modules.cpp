// Reading and printing of modules; files from anywhere must not crash the parser or a pass.
#include "compiler/tools/support/Modules.h"
#include "compiler/Pipelines/Register.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
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
        result = op->emitError() << "the resource '" << name << "' has elements of " << element << ", which are no whole bytes";
      else if (!blob)
        result = op->emitError() << "the resource '" << name << "' has no value in this file";
      else if (__builtin_mul_overflow(bytes, element.getIntOrFloatBitWidth() / 8, &bytes) ||
               blob->getData().size() != static_cast<size_t>(bytes))
        result = op->emitError() << "the resource '" << name << "' has " << blob->getData().size() << " bytes, but its type "
                                 << attribute.getType() << " needs " << bytes;
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
  if (!module || failed(checkResources(*module)))
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

} // namespace nibble::tools
