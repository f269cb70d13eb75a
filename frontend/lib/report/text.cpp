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

std::string duration(double nanoseconds) {
  const int scale = nanoseconds < 999.5 ? 0 : nanoseconds < 999.5e3 ? 1 : nanoseconds < 999.5e6 ? 2 : 3;
  constexpr const char *units[] = {" ns", " us", " ms", " s"};
  constexpr double factors[] = {1, 1e3, 1e6, 1e9};
  const double value = nanoseconds / factors[scale];
  return fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + units[scale];
}

MachineLimits limits_for(const Report &report, const Profile &profile) {
  const bool measured = profile.layers.size() == report.layers.size() && !profile.limits.memory.empty();
  return measured ? profile.limits : known_limits(report.target);
}

std::string to_string(const Bound &bound) { return "at least " + duration(bound.nanoseconds) + " by " + bound.by; }

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
                               (layer.lists.empty() ? "" : ", lists of " + layer.lists) +
                               (layer.choice.empty() ? "" : ", " + layer.choice)
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

std::string to_string(const Report &report, const Profile &profile) {
  std::vector<Diagnostic> lines;
  const bool timed = !report.layers.empty() && profile.layers.size() == report.layers.size();
  const MachineLimits limits = limits_for(report, profile);
  bool bounded = false;
  double sum = 0;
  for (const Time &time : profile.layers)
    sum += time.min;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const LayerReport &layer = report.layers[i];
    Diagnostic &line = lines.emplace_back();
    line.file = layer.file;
    line.line = layer.line;
    line.severity = Severity::remark;
    line.message = std::string(report.name).append("/").append(layer.name).append(": ").append(to_string(layer));
    const std::optional<Bound> bound = bound_of(report, layer, limits, timed ? profile.threads : 1);
    if (bound)
      line.message += "; " + to_string(*bound);
    if (timed)
      line.message += "; took " + duration(profile.layers[i].min);
    if (timed && bound && bound->nanoseconds > 0)
      line.message += ", " + fixed(profile.layers[i].min / bound->nanoseconds, 2) + " times that";
    if (timed)
      line.message += "; median " + duration(profile.layers[i].median) + "; " +
                      fixed(sum > 0 ? 100 * profile.layers[i].min / sum : 0, 1) + " % of all layers";
    bounded |= bound.has_value();
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
  if (timed)
    total.message += "; per image took " + duration(profile.total.min) + ", median " + duration(profile.total.median) +
                     ": " + grouped(profile.images) + (profile.images == 1 ? " image, " : " images, ") +
                     std::to_string(profile.threads) + (profile.threads == 1 ? " thread, " : " threads, ") +
                     std::to_string(profile.repeat) + (profile.repeat == 1 ? " run" : " runs");
  if (bounded)
    total.message +=
        "; bounds by the limits " + std::string(timed && !profile.limits.memory.empty() ? "" : "of ") + limits.source;
  return format(lines);
}

} // namespace nibble
