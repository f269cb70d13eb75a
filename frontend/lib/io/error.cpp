// Diagnostics as text.
#include <nibble/error.h>

namespace nibble {

static void append(std::string &text, const std::string &file, int line, const char *kind, const std::string &message) {
  if (!text.empty())
    text += '\n';
  text += file.empty() ? "nibble" : file;
  if (line > 0)
    text += ':' + std::to_string(line);
  text += std::string(": ") + kind + ": " + message;
}

std::string format(const std::vector<Diagnostic> &diagnostics) {
  std::string text;
  for (const Diagnostic &d : diagnostics) {
    const char *kind = d.severity == Severity::error ? "error" : d.severity == Severity::warning ? "warning" : "remark";
    append(text, d.file, d.line, kind, d.message);
    for (const Note &n : d.notes)
      append(text, n.file.empty() ? d.file : n.file, n.file.empty() ? d.line : n.line, "note", n.message);
  }
  return text;
}

Error::Error(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(format(diagnostics)), diagnostics_(std::move(diagnostics)) {}

Error::Error(std::string message) : Error(std::vector<Diagnostic>{{.message = std::move(message)}}) {}

Error::Error(std::string file, std::string message)
    : Error(std::vector<Diagnostic>{{.file = std::move(file), .message = std::move(message)}}) {}

} // namespace nibble
