// Printing diagnostics, and what keeps a tool from crashing.
#include "compiler/tools/support/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/thread.h"
#include <csignal>
#include <new>
#include <unistd.h>

using namespace mlir;

namespace nibble::tools {
namespace {

constexpr size_t longestMessage = 2000; ///< A type may hold thousands of scales.
constexpr unsigned mostErrors = 20;
constexpr unsigned stackBytes = 512u << 20; ///< Address space; pages are taken as they are used.

std::string shortened(std::string text) {
  if (text.size() > longestMessage)
    text = text.substr(0, longestMessage) + "...";
  return text;
}

/// "model.mlir:3:5: ", or nothing.
std::string placeOf(Location location) {
  auto line = location->findInstanceOf<FileLineColLoc>();
  if (!line)
    return "";
  std::string text = line.getFilename().str() + ":" + std::to_string(line.getLine());
  return text + (line.getColumn() ? ":" + std::to_string(line.getColumn()) : "") + ": ";
}

[[noreturn]] void outOfMemory() {
  // No allocation here: the message is written as it is.
  constexpr char message[] = "nibble: error: not enough memory\n";
  [[maybe_unused]] auto written = write(STDERR_FILENO, message, sizeof(message) - 1);
  _exit(1);
}

/// LLVM gives up on what its code generator cannot do, such as an intrinsic of another machine.
[[noreturn]] void giveUp(void *, const char *reason, bool) {
  llvm::errs() << "nibble: error: LLVM cannot compile the module: " << shortened(reason) << "\n";
  llvm::errs().flush();
  _exit(1);
}

} // namespace

int fail(llvm::StringRef tool, const llvm::Twine &message) {
  llvm::errs() << tool << ": error: " << shortened(message.str()) << "\n";
  return 1;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string tool, bool remarks)
    : tool(std::move(tool)), remarks(remarks), handler(context, [this](Diagnostic &diagnostic) {
        print(diagnostic);
        return success();
      }) {}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  const char *severity = "remark";
  if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
    severity = "error";
  else if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
    severity = "warning";
  else if (!remarks)
    return;
  if (diagnostic.getSeverity() == DiagnosticSeverity::Error && ++errors > mostErrors) {
    if (errors == mostErrors + 1)
      llvm::errs() << tool << ": error: there are more errors\n";
    return;
  }
  auto line = [&](Location location, const char *kind, std::string text) {
    std::string place = placeOf(location);
    llvm::errs() << (place.empty() ? tool + ": " : place) << kind << ": " << shortened(std::move(text)) << "\n";
  };
  line(diagnostic.getLocation(), severity, diagnostic.str());
  for (Diagnostic &note : diagnostic.getNotes())
    line(note.getLocation(), "note", note.str());
}

int runGuarded(const std::function<int()> &body) {
  std::set_new_handler(outOfMemory);
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { outOfMemory(); });
  llvm::install_fatal_error_handler(giveUp);
  std::signal(SIGPIPE, SIG_IGN);
  int status = 1;
  llvm::thread worker(std::optional<unsigned>(stackBytes), [&] { status = body(); });
  worker.join();
  return status;
}

} // namespace nibble::tools
