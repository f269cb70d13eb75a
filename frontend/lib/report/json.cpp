// Reports as JSON.
#include <nibble/report.h>

#include <nlohmann/json.hpp>

namespace nibble {

using Json = nlohmann::ordered_json;

static Json operand(const std::string &type, const std::vector<std::int64_t> &shape) {
  return {{"type", type}, {"shape", shape}};
}

static Json time(const Time &time) { return {{"min_ns", time.min}, {"median_ns", time.median}}; }

static Json place(const std::string &file, int line) {
  Json json = Json::object();
  if (!file.empty())
    json["file"] = file;
  if (line > 0)
    json["line"] = line;
  return json;
}

static Json to_json(const LayerReport &layer) {
  Json json = {{"name", layer.name},
               {"op", layer.op},
               {"place", place(layer.file, layer.line)},
               {"input", operand(layer.input_type, layer.input_shape)},
               {"output", operand(layer.output_type, layer.output_shape)}};
  if (!layer.weight_type.empty()) {
    json["weight"] = operand(layer.weight_type, layer.weight_shape);
    json["weight"]["bytes"] = layer.weight_bytes;
    json["kernel"] = layer.kernel;
    if (!layer.choice.empty())
      json["choice"] = layer.choice;
    json["rejected"] = Json::array();
    for (const std::string &text : layer.rejected) {
      const std::size_t colon = text.find(": ");
      json["rejected"].push_back(
          {{"kernel", text.substr(0, colon)}, {"reason", colon == std::string::npos ? "" : text.substr(colon + 2)}});
    }
    if (!layer.window.empty())
      json["window"] = layer.window;
    if (!layer.lists.empty())
      json["lists"] = layer.lists;
    json["macs"] = layer.macs;
  }
  if (layer.bytes_read >= 0) {
    json["bytes_read"] = layer.bytes_read;
    json["bytes_written"] = layer.bytes_written;
    json["constant_bytes"] = layer.constant_bytes;
    json["scratch_bytes"] = layer.scratch_bytes;
  }
  return json;
}

std::string to_json(const Report &report, const Profile &profile) {
  const bool timed = !report.layers.empty() && profile.layers.size() == report.layers.size();
  Json json = {{"name", report.name}, {"target", report.target}, {"batch_tile", report.batch_tile}};
  json["constant_bytes"] = report.weight_bytes;
  json["arena"] = {{"planned_bytes", report.arena_planned},
                   {"lower_bound_bytes", report.arena_lower_bound},
                   {"scratch_bytes_per_thread", report.arena_scratch}};
  const MachineLimits limits = limits_for(report, profile);
  if (!limits.memory.empty()) {
    json["limits"] = {{"source", limits.source}};
    for (const InstructionLimit &limit : limits.instructions)
      json["limits"]["instructions"][limit.name] = {{"unit", "G" + limit.unit + "/s"}, {"rate", limit.rate / 1e9}};
    for (const MemoryLimit &level : limits.memory)
      json["limits"]["memory"][level.level] = {{"unit", "GB/s"}, {"rate", level.rate / 1e9}};
  }
  Json layers = Json::array();
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    Json layer = to_json(report.layers[i]);
    layer["steps"] = Json::array();
    for (const StepReport &step : report.steps)
      if (step.layer == i)
        layer["steps"].push_back(step.name);
    if (timed)
      layer["time"] = time(profile.layers[i]);
    if (const auto bound = bound_of(report, report.layers[i], limits, timed ? profile.threads : 1)) {
      layer["bound"] = {{"ns", bound->nanoseconds}, {"by", bound->by}};
      if (timed && profile.layers[i].min > 0)
        layer["bound"]["reached"] = bound->nanoseconds / profile.layers[i].min;
    }
    layers.push_back(std::move(layer));
  }
  json["layers"] = std::move(layers);
  json["remarks"] = Json::array();
  for (const Diagnostic &remark : report.remarks)
    json["remarks"].push_back({{"place", place(remark.file, remark.line)}, {"message", remark.message}});
  if (timed)
    json["profile"] = {{"images", profile.images},
                       {"repeat", profile.repeat},
                       {"threads", profile.threads},
                       {"total", time(profile.total)}};
  // Names come from users and file names from the system: what is no UTF-8 is replaced, not refused.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace nibble
