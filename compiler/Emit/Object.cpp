// The LLVM part of code generation: translation, optimisation, emission, and the check of the symbols that are left.
#include "compiler/Emit/Object.h"
#include "compiler/Emit/Header.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include <mutex>

namespace nibble {

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
#define NIBBLE_INITIALIZE(NAME)                                                                                        \
  LLVMInitialize##NAME##TargetInfo();                                                                                  \
  LLVMInitialize##NAME##Target();                                                                                      \
  LLVMInitialize##NAME##TargetMC();                                                                                    \
  LLVMInitialize##NAME##AsmPrinter();                                                                                  \
  LLVMInitialize##NAME##AsmParser()
    NIBBLE_INITIALIZE(X86);
    NIBBLE_INITIALIZE(AArch64);
    NIBBLE_INITIALIZE(RISCV);
    NIBBLE_INITIALIZE(WebAssembly);
#undef NIBBLE_INITIALIZE
  });
}

namespace {

Result<std::unique_ptr<llvm::TargetMachine>> makeMachine(const Target &target, int level) {
  initializeTargets();
  llvm::Triple triple(target.llvmTriple());
  std::string error;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return Failure{"LLVM has no code generator for " + target.str() + ": " + error};
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // a * b + c is two roundings unless it says fma
  options.MCOptions.ABIName = target.llvmAbi();
  options.FunctionSections = options.DataSections = true;
  // Wasm has no position-dependent addresses; its PIC is for dynamic linking only.
  auto model = target.arch() == Arch::wasm32 ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  auto machine = std::unique_ptr<llvm::TargetMachine>(
      found->createTargetMachine(triple, target.llvmCpu(), target.llvmFeatures(), options, model, std::nullopt,
                                 static_cast<llvm::CodeGenOptLevel>(std::clamp(level, 0, 3))));
  if (!machine)
    return Failure{"LLVM cannot generate code for " + target.str()};
  return machine;
}

/// The C library as LLVM may see it: it must neither recognise nor invent a call of anything else.
llvm::TargetLibraryInfoImpl makeLibrary(const llvm::Triple &triple) {
  llvm::TargetLibraryInfoImpl library(triple);
  library.disableAllFunctions();
  library.setAvailable(llvm::LibFunc_memcpy);
  library.setAvailable(llvm::LibFunc_memset);
  return library;
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine, int level) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // The loops that matter come as vector code with their registers planned; vectorising and unrolling what is left
  // (edges, tails, packing) doubles the time of compiling and gains nothing that can be measured.
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopInterleaving = tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(&machine, tuning);
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(makeLibrary(machine.getTargetTriple())); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  if (level <= 0)
    return builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0).run(module, modules), void();
  auto speed = level == 1   ? llvm::OptimizationLevel::O1
               : level == 2 ? llvm::OptimizationLevel::O2
                            : llvm::OptimizationLevel::O3;
  builder.buildPerModuleDefaultPipeline(speed).run(module, modules);
}

/// Keeps errors of the code generator, which else would end the process.
struct ErrorCollector : llvm::DiagnosticHandler {
  explicit ErrorCollector(std::string &errors) : errors(errors) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    llvm::raw_string_ostream stream(errors);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    stream << (errors.empty() ? "" : "; ");
    info.print(printer);
    return true;
  }
  std::string &errors;
};

/// An LLVM module with everything that it lives on.
struct Translated {
  std::unique_ptr<std::string> errors;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
};

Result<Translated> translate(mlir::ModuleOp module, const Target &target, int level) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
  auto machine = makeMachine(target, level);
  if (!machine)
    return Failure{machine.error()};
  Translated result{std::make_unique<std::string>(), std::make_unique<llvm::LLVMContext>(), std::move(*machine),
                    nullptr};
  result.context->setDiagnosticHandler(std::make_unique<ErrorCollector>(*result.errors));
  result.module = mlir::translateModuleToLLVMIR(module, *result.context, "nibble");
  if (!result.module)
    return Failure{"the module is not in the LLVM dialect; run the pipeline nibble-to-llvm first"};
  result.module->setSourceFileName("nibble"); // lands in the object: must not be a path
  result.module->setTargetTriple(result.machine->getTargetTriple());
  result.module->setDataLayout(result.machine->createDataLayout());
  result.module->setPICLevel(llvm::PICLevel::SmallPIC);
  mlir::FailureOr<std::vector<Entry>> entries = readEntries(module);
  if (mlir::failed(entries))
    return Failure{"the module's entries cannot be read"};
  for (const Entry &entry : *entries)
    if (llvm::Function *function = result.module->getFunction(entry.name);
        function && !function->isDeclaration() && !function->hasLocalLinkage() && entry.plannedBytes)
      llvm::GlobalAlias::create(linkNameOf(entry), function);
  std::string broken;
  llvm::raw_string_ostream stream(broken);
  if (llvm::verifyModule(*result.module, &stream))
    return Failure{"LLVM rejects the module: " + broken};
  return result;
}

Result<std::string> emit(mlir::ModuleOp module, const Target &target, int level, llvm::CodeGenFileType type) {
  Result<Translated> code = translate(module, target, level);
  if (!code)
    return Failure{code.error()};
  optimize(*code->module, *code->machine, level);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  passes.add(new llvm::TargetLibraryInfoWrapperPass(makeLibrary(code->machine->getTargetTriple())));
  if (code->machine->addPassesToEmitFile(passes, stream, nullptr, type))
    return Failure{"LLVM cannot write this kind of file for " + target.str()};
  passes.run(*code->module);
  if (!code->errors->empty())
    return Failure{"LLVM cannot compile the module for " + target.str() + ": " + *code->errors};
  return std::string(bytes.begin(), bytes.end());
}

/// Names the symbols that the object needs and may not.
Result<std::string> checkSymbols(std::string bytes) {
  auto object = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(bytes, "object"));
  if (!object)
    return Failure{"the emitted object is broken: " + llvm::toString(object.takeError())};
  static constexpr llvm::StringLiteral allowed[] = {"",
                                                    "memcpy",
                                                    "memset",
                                                    "_GLOBAL_OFFSET_TABLE_",
                                                    "__linear_memory",
                                                    "__stack_pointer",
                                                    "__indirect_function_table"};
  std::string extra;
  for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !llvm::is_contained(allowed, *name))
      extra += (extra.empty() ? "" : ", ") + name->str();
  }
  if (!extra.empty())
    return Failure{"the compiled code would need these symbols from a library: " + extra};
  return bytes;
}

} // namespace

Result<std::string> emitObject(mlir::ModuleOp module, const Target &target, const EmitOptions &options) {
  Result<std::string> bytes = emit(module, target, options.level, llvm::CodeGenFileType::ObjectFile);
  return bytes ? checkSymbols(std::move(*bytes)) : bytes;
}

Result<std::string> emitAssembly(mlir::ModuleOp module, const Target &target, const EmitOptions &options) {
  return emit(module, target, options.level, llvm::CodeGenFileType::AssemblyFile);
}

Result<std::string> emitLLVMIR(mlir::ModuleOp module, const Target &target, bool optimized,
                               const EmitOptions &options) {
  Result<Translated> code = translate(module, target, options.level);
  if (!code)
    return Failure{code.error()};
  if (optimized)
    optimize(*code->module, *code->machine, options.level);
  std::string text;
  llvm::raw_string_ostream stream(text);
  code->module->print(stream, nullptr);
  return text;
}

} // namespace nibble
