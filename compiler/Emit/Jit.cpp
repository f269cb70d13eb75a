// Linking an object into this process. The only file that includes ORC.
#include "compiler/Emit/Jit.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Object/ObjectFile.h"
#include <cstring>

namespace nibble {

struct JitModule::Linked {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  llvm::StringMap<void *> functions;
};

JitModule::JitModule(std::unique_ptr<Linked> linked) : linked(std::move(linked)) {}
JitModule::~JitModule() = default;

void *JitModule::lookup(std::string_view name) const { return linked->functions.lookup(llvm::StringRef(name)); }

Result<std::unique_ptr<JitModule>> JitModule::create(mlir::ModuleOp module, const Target &target,
                                                     const EmitOptions &options) {
  Result<Target> machine = Target::readHost();
  if (!machine)
    return Failure{machine.error()};
  if (std::string why = target.whyNotOn(*machine); !why.empty())
    return Failure{"code for " + target.str() + " cannot run here: " + why + Target::capText()};
  Result<std::string> object = emitObject(module, target, options);
  if (!object)
    return Failure{object.error()};
  return load(*object);
}

/// What the object defines for others, with the names as C has them.
static llvm::Expected<std::vector<std::string>> definedFunctions(const llvm::object::ObjectFile &object) {
  std::vector<std::string> names;
  for (const llvm::object::SymbolRef &symbol : object.symbols()) {
    auto type = symbol.getType();
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    llvm::Error error = llvm::joinErrors(llvm::joinErrors(type.takeError(), flags.takeError()), name.takeError());
    if (error)
      return std::move(error);
    constexpr uint32_t global = llvm::object::SymbolRef::SF_Global, undefined = llvm::object::SymbolRef::SF_Undefined;
    if (*type == llvm::object::SymbolRef::ST_Function && (*flags & global) && !(*flags & undefined))
      names.push_back(name->str());
  }
  return names;
}

Result<std::unique_ptr<JitModule>> JitModule::load(std::string_view bytes) {
  using namespace llvm::orc;
  auto failed = [](llvm::Error error) {
    return Failure{"the code cannot be loaded: " + llvm::toString(std::move(error))};
  };
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(bytes), "nibble");
  auto object = llvm::object::ObjectFile::createObjectFile(buffer->getMemBufferRef());
  if (!object)
    return failed(object.takeError());
  auto names = definedFunctions(**object);
  if (!names)
    return failed(names.takeError());

  // The object is finished code, so ORC needs neither a compiler nor a platform, and nothing of this process but two
  // functions: a symbol that is missing shows here as it would with a linker.
  initializeTargets();
  auto jit = LLJITBuilder()
                 .setJITTargetMachineBuilder(JITTargetMachineBuilder((*object)->makeTriple()))
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(setUpInactivePlatform)
                 .create();
  if (!jit)
    return failed(jit.takeError());
  (*jit)->getExecutionSession().setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  SymbolMap symbols;
  auto define = [&](const char *name, auto *function) {
    symbols[(*jit)->mangleAndIntern(name)] =
        ExecutorSymbolDef(ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported);
  };
  define("memcpy", static_cast<void *(*)(void *, const void *, size_t)>(std::memcpy));
  define("memset", static_cast<void *(*)(void *, int, size_t)>(std::memset));
  if (llvm::Error error = (*jit)->getMainJITDylib().define(absoluteSymbols(std::move(symbols))))
    return failed(std::move(error));
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer)))
    return failed(std::move(error));

  auto linked = std::make_unique<Linked>();
  for (const std::string &name : *names) {
    auto address = (*jit)->lookup(name);
    if (!address)
      return failed(address.takeError());
    linked->functions[name] = address->toPtr<void *>();
  }
  linked->jit = std::move(*jit);
  return std::unique_ptr<JitModule>(new JitModule(std::move(linked)));
}

} // namespace nibble
