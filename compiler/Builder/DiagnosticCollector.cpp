// From MLIR's diagnostics to text and places.
#include "compiler/Builder/DiagnosticCollector.h"

using namespace mlir;

namespace nibble {

SourcePlace placeOf(Location location) {
  if (auto line = location->findInstanceOf<FileLineColLoc>())
    return {line.getFilename().str(), static_cast<int>(line.getLine()), static_cast<int>(line.getColumn())};
  return {};
}

std::string messageOf(Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  constexpr StringRef head = "'nibble.", tail = "' op ";
  if (StringRef(text).starts_with(head))
    if (size_t end = text.find(tail.str()); end != std::string::npos)
      return text.substr(head.size(), end - head.size()) + " " + text.substr(end + tail.size());
  return text;
}

static BuildSeverity severityOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return BuildSeverity::Error;
  case DiagnosticSeverity::Warning:
    return BuildSeverity::Warning;
  default:
    return BuildSeverity::Remark;
  }
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *context, std::vector<BuildDiagnostic> &out)
    : handler(context, [&out](Diagnostic &d) {
        BuildDiagnostic result{placeOf(d.getLocation()), severityOf(d.getSeverity()), messageOf(d)};
        for (Diagnostic &note : d.getNotes()) {
          SourcePlace place = note.getLocation() == d.getLocation() ? SourcePlace() : placeOf(note.getLocation());
          result.notes.push_back({place, messageOf(note)});
        }
        out.push_back(std::move(result));
        return success();
      }) {}

} // namespace nibble
