// Writing the C header of compiled entries.
#include "compiler/Emit/Header.h"
#include "compiler/Support/CNames.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

namespace nibble {
namespace {

constexpr const char *parallelDeclaration =
    "\n"
    "/* Threads lent to the compiled code; NULL means none. nibble/runtime.h, where it is installed, has the same type "
    "and a\n"
    " * thread pool. parallel_for splits [0, count) into at most `threads` ranges, calls task(context, begin, end, "
    "thread)\n"
    " * once for each, no two at the same time with the same thread in [0, threads), and returns when all are done. "
    "*/\n"
    "#if defined(__has_include)\n"
    "#if __has_include(<nibble/runtime.h>)\n"
    "#include <nibble/runtime.h>\n"
    "#endif\n"
    "#endif\n"
    "#if !defined(NIBBLE_RUNTIME_H) && !defined(NIBBLE_PARALLEL)\n"
    "#define NIBBLE_PARALLEL\n"
    "typedef void (*nibble_task)(void *context, int64_t begin, int64_t end, int32_t thread);\n"
    "typedef struct nibble_parallel {\n"
    "  void *pool;\n"
    "  int32_t threads; /* >= 1 */\n"
    "  void (*parallel_for)(void *pool, int64_t count, nibble_task task, void *context);\n"
    "} nibble_parallel;\n"
    "#endif\n"
    "\n"
    "/* With GCC, Clang and their like, a call goes by a name that only the object of this very header defines: with "
    "another\n"
    " * one the program does not link. */\n"
    "#ifndef NIBBLE_LINK_NAME\n"
    "#if defined(__GNUC__)\n"
    "#define NIBBLE_LINK_NAME(name) __asm__(name)\n"
    "#else\n"
    "#define NIBBLE_LINK_NAME(name)\n"
    "#endif\n"
    "#endif\n";

/// Names of parameters: C identifiers that mean nothing else in their prototype and do not repeat.
class ParameterNames {
public:
  explicit ParameterNames(std::string macro) : macro(std::move(macro)) {}

  std::string operator()(llvm::StringRef name) {
    static const llvm::StringSet<> ours = {"batch", "arena", "parallel", "arguments", "nibble_parallel", "nibble_task"};
    std::string text;
    for (char c : name)
      text += llvm::isAlnum(c) ? c : '_';
    if (text.empty() || llvm::isDigit(text[0]))
      text.insert(0, "_");
    while (isCKeyword(text) || ours.contains(text) || text == macro || !taken.insert(text).second)
      text += '_';
    return text;
  }

private:
  std::string macro; ///< Of the entry, without parameters of its own: <NAME>_BATCH_TILE.
  llvm::StringSet<> taken;
};

/// "float [batch][28][28][1]"
std::string layoutOf(const EntryArgument &argument) {
  std::string text = cTypeOf(argument.type).str() + " ";
  if (argument.batched)
    text += "[batch]";
  if (argument.shape.empty())
    return text + "[" + std::to_string(argument.elements) + "]";
  for (int64_t extent : argument.shape)
    text += "[" + std::to_string(extent) + "]";
  return text;
}

const char *directionOf(const EntryArgument &argument) {
  switch (argument.direction) {
  case EntryArgument::Direction::In:
    return "read";
  case EntryArgument::Direction::Out:
    return "written";
  case EntryArgument::Direction::InOut:
    return "read and written";
  }
  return "";
}

void writeEntry(llvm::raw_ostream &out, const Entry &entry) {
  std::string capitals = llvm::StringRef(entry.name).upper();
  std::string linkName = " NIBBLE_LINK_NAME(\"" + linkNameOf(entry) + "\");\n";
  out << "\n/* " << entry.name << ": "
      << (entry.model ? "a model, for any number of images" : "a training step, for a batch of ");
  if (!entry.model)
    out << entry.batch << " images";
  out << ". Tensors are contiguous, row-major and aligned to their elements;\n"
         " * outputs overlap no other tensor.\n";
  ParameterNames names(capitals + "_BATCH_TILE");
  std::string parameters;
  for (auto [i, argument] : llvm::enumerate(entry.arguments)) {
    std::string name = names(argument.name);
    if (entry.model)
      parameters += (argument.direction == EntryArgument::Direction::In ? "const " : "") +
                    cTypeOf(argument.type).str() + " *" + name + ", ";
    out << " *   ";
    if (!entry.model)
      out << "arguments[" << i << "] ";
    out << (entry.model ? name : argument.name) << ": " << layoutOf(argument) << ", " << directionOf(argument) << "\n";
  }
  out << " * arena: " << capitals
      << "_ARENA_BYTES(threads) bytes, aligned to 64; its content before and after means nothing.\n"
      << " * parallel: threads to use, or NULL; `threads` above is parallel->threads, or 1. Results do not depend on "
         "it.\n"
      << " * Returns 0, or 1: a null pointer" << (entry.model ? ", a negative batch" : "")
      << " or a nibble_parallel without threads or function, 3: the\n"
      << " * arena is not aligned. It cannot see how large the arena is. Nothing is allocated; one arena serves one "
         "call "
         "at a\n * time. */\n";
  out << "#define " << capitals << "_ARENA_BYTES(threads) (INT64_C(" << *entry.plannedBytes << ") + INT64_C("
      << entry.scratchBytes << ") * (threads))\n";
  if (entry.model) {
    out << "#define " << capitals << "_BATCH_TILE " << entry.batch << " /* images that the arena holds at a time */\n";
    out << "int32_t " << entry.name << "(" << parameters
        << "int64_t batch, void *arena, const nibble_parallel *parallel)" << linkName;
    return;
  }
  out << "#define " << capitals << "_BATCH " << entry.batch << "\n";
  out << "#define " << capitals << "_ARGUMENTS " << entry.arguments.size() << "\n";
  out << "int32_t " << entry.name << "(void *const *arguments, void *arena, const nibble_parallel *parallel)"
      << linkName;
}

} // namespace

std::string linkNameOf(const Entry &entry) {
  uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  auto add = [&](llvm::StringRef text) {
    for (char c : text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash *= 0x100000001b3; // as for a zero: where one text ends
  };
  add(entry.model ? "model" : "step");
  for (const EntryArgument &argument : entry.arguments) {
    add(argument.name);
    add(directionOf(argument));
    add(layoutOf(argument));
  }
  std::string text = entry.name;
  for (int64_t number : {entry.plannedBytes.value_or(0), entry.scratchBytes, entry.batch})
    text += "_" + std::to_string(number);
  return text + "_" + llvm::utohexstr(hash, /*LowerCase=*/true, /*Width=*/16);
}

Result<std::string> emitHeader(std::span<const Entry> entries, const Target &target) {
  if (entries.empty())
    return Failure{"the module has no entry to write a header for"};
  std::string guard = "NIBBLE_COMPILED";
  for (const Entry &entry : entries) {
    if (!entry.plannedBytes)
      return Failure{"entry '" + entry.name + "' has no memory plan; run nibble-plan-memory first"};
    guard += "_" + llvm::StringRef(entry.name).upper();
  }
  guard += "_H";
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "/* Compiled by Nibble for " << target.str() << ". */\n";
  out << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <stdint.h>\n";
  out << parallelDeclaration << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  for (const Entry &entry : entries)
    writeEntry(out, entry);
  out << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}

} // namespace nibble
