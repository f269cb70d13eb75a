// The report of a compilation as text and files; the renderings are those of the public API.
#include "compiler/tools/nibble-compile/Report.h"
#include "compiler/Report/Convert.h"

#include <nibble/report.h>

namespace nibble::tools {
namespace {

/// "; skipped dot_a, dot_b (target has no avx2), dot_c (...)"
std::string skippedIn(const LayerReport &layer) {
  std::string text;
  for (const std::string &group : skipped(layer)) {
    const size_t colon = group.find(": ");
    text += (text.empty() ? "; skipped " : ", ") + group.substr(0, colon);
    if (colon != std::string::npos)
      text += " (" + group.substr(colon + 2) + ")";
  }
  return text;
}

std::string boundOf(const nibble::Report &report, const LayerReport &layer) {
  const auto bound = bound_of(report, layer, known_limits(report.target));
  return bound ? "; " + to_string(*bound) : "";
}

} // namespace

std::string reportText(std::span<const report::Model> models, int threads) {
  const std::string remark = "nibble: remark: ";
  std::string lines;
  int64_t constants = 0;
  for (const report::Model &model : models) {
    const auto report = report::convert<nibble::Report>(model);
    for (const LayerReport &layer : report.layers)
      lines += remark + model.name + "/" + layer.name + ": " + to_string(layer) + boundOf(report, layer) +
               skippedIn(layer) + "\n";
    constants += model.constantBytes;
  }
  if (constants)
    lines += remark + "weights and all other constants: " + std::to_string(constants) + " bytes\n";
  for (const report::Model &model : models)
    if (model.isPlanned)
      lines += remark + model.name + ": " + std::to_string(model.arena.planned) + " bytes planned (lower bound " +
               std::to_string(model.arena.lowerBound) + "), " + std::to_string(model.arena.scratch) +
               " of scratch a thread: an arena of " + std::to_string(model.arena.bytes(threads)) + " bytes for " +
               std::to_string(threads) + (threads == 1 ? " thread; " : " threads; ") +
               (model.training ? "batch " : "batch tile ") + std::to_string(model.batch) + "\n";
  return lines;
}

std::optional<Failure> checkReportPath(std::string_view path) {
  if (path.ends_with(".json") || path.ends_with(".html") || path.ends_with(".txt"))
    return std::nullopt;
  return Failure{"--report=" + std::string(path) + ": a report is a file that ends in .json, .html or .txt"};
}

Result<std::string> reportFile(std::string_view path, std::span<const report::Model> models, int threads) noexcept {
  if (path.ends_with(".txt"))
    return reportText(models, threads);
  if (models.size() != 1)
    return Failure{"--report=" + std::string(path) + " is of one model, and this module has " +
                   std::to_string(models.size()) + "; choose it with --entry"};
  const auto report = report::convert<nibble::Report>(models.front());
  return path.ends_with(".json") ? to_json(report) : to_html(report);
}

} // namespace nibble::tools
