// compile_to_object, and reports as text.
#include "frontend/lib/execute/bridge.h"
#include "frontend/lib/execute/model.h"
#include "frontend/lib/io/file.h"

#include <cstring>
#include <filesystem>

namespace nibble {

ObjectCode compile_to_object(const Graph &graph, const Weights &weights, const std::string &target,
                             const CompileOptions &options) {
  driver::ModelOptions wanted = model_options(options);
  wanted.target = target;
  std::vector<Diagnostic> remarks;
  const WeightTable table = to_table(checked_weights(graph, weights));
  auto object = value_or_throw(driver::compileObject(module_text(graph), table, wanted), &remarks);
  ObjectCode code;
  code.name = object->report.name;
  auto bytes = std::as_bytes(std::span<const char>(object->bytes));
  code.object.assign(bytes.begin(), bytes.end());
  code.header = std::move(object->header);
  code.report = to_report(object->report, std::move(remarks));
  return code;
}

void ObjectCode::save(const std::string &directory, const std::string &stem) const {
  const std::string base = (std::filesystem::path(directory) / (stem.empty() ? name : stem)).string();
  io::writeFileAtomically(base + ".o", object);
  io::writeFileAtomically(base + ".h", std::as_bytes(std::span<const char>(header)));
}

namespace {
/// 12,345
std::string grouped(std::int64_t n) {
  std::string text = std::to_string(n);
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}
} // namespace

std::string to_string(const Report &report) {
  std::vector<Diagnostic> lines;
  for (const LayerReport &layer : report.layers) {
    Diagnostic &line = lines.emplace_back();
    line.file = layer.file;
    line.line = layer.line;
    line.severity = Severity::remark;
    line.message = report.name + "/" + layer.name + ": kernel " + layer.kernel + " (" + layer.input_type + " x " +
                   layer.weight_type + ", " + grouped(layer.weight_bytes) + " weight bytes)";
    for (const std::string &reason : layer.rejected)
      line.notes.push_back({{}, 0, "skipped " + reason});
  }
  lines.insert(lines.end(), report.remarks.begin(), report.remarks.end());
  Diagnostic &total = lines.emplace_back();
  total.severity = Severity::remark;
  total.message = report.name + " for " + report.target + ": " + grouped(report.weight_bytes) +
                  " bytes of constants; arena " + grouped(report.arena_planned) + " bytes (lower bound " +
                  grouped(report.arena_lower_bound) + ") and " + grouped(report.arena_scratch) +
                  " per thread, for tiles of " + std::to_string(report.batch_tile) + " images";
  return format(lines);
}

} // namespace nibble
