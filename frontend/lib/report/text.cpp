// Reports as text.
#include "frontend/lib/report/numbers.h"

#include <nibble/report.h>

#include <cstdio>

namespace nibble {

std::string grouped(std::int64_t n) {
  std::string text = std::to_string(n);
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > (n < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

const LayerReport *Report::layer(std::string_view name) const noexcept {
  for (const LayerReport &layer : layers)
    if (layer.name == name)
      return &layer;
  return nullptr;
}

std::string to_string(const LayerReport &layer) {
  const bool contraction = !layer.kernel.empty() || !layer.weight_type.empty();
  std::string text = contraction
                         ? "kernel " + (layer.kernel.empty() ? "not chosen" : layer.kernel) + " (" + layer.input_type +
                               " x " + layer.weight_type + ", " + grouped(layer.weight_bytes) + " weight bytes)" +
                               (layer.window.empty() ? "" : ", window of " + layer.window) +
                               (layer.lists.empty() ? "" : ", lists of " + layer.lists)
                     : layer.output_type.empty() ? layer.op
                                                 : layer.input_type + " to " + layer.output_type;
  std::string per_image = contraction ? grouped(layer.macs) + " multiply-accumulates" : "";
  if (layer.bytes_read >= 0)
    per_image += std::string(per_image.empty() ? "" : ", ") + grouped(layer.bytes_read) + " bytes read, " +
                 grouped(layer.bytes_written) + " written";
  if (!per_image.empty())
    text += "; per image " + per_image;
  if (layer.constant_bytes > 0)
    text += "; " + grouped(layer.constant_bytes) + " bytes of constants";
  return text;
}

std::vector<std::string> skipped(const LayerReport &layer) {
  std::vector<std::string> result;
  std::string kernels, reason; // of the group that is open
  auto close = [&] {
    if (!kernels.empty())
      result.push_back(reason.empty() ? kernels : kernels + ": " + reason);
  };
  for (const std::string &entry : layer.rejected) {
    const std::size_t colon = entry.find(": ");
    const std::string kernel = entry.substr(0, colon), why = colon == std::string::npos ? "" : entry.substr(colon + 2);
    if (!kernels.empty() && why == reason) {
      kernels += ", " + kernel;
      continue;
    }
    close();
    kernels = kernel, reason = why;
  }
  close();
  return result;
}

std::string to_string(const Report &report) {
  std::vector<Diagnostic> lines;
  for (const LayerReport &layer : report.layers) {
    Diagnostic &line = lines.emplace_back();
    line.file = layer.file;
    line.line = layer.line;
    line.severity = Severity::remark;
    line.message = std::string(report.name).append("/").append(layer.name).append(": ").append(to_string(layer));
    for (const std::string &kernels : skipped(layer))
      line.notes.push_back({{}, 0, "skipped " + kernels});
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
