// Tables of layers on the terminal, and everything as one page.
#include "frontend/examples/fashion_mnist/pages.h"
#include "frontend/examples/fashion_mnist/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

using nibble::html::escape;

namespace fashion {
namespace {

std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// The names of the layers of all networks: the order of each network is kept.
std::vector<std::string> layer_names(const std::vector<Result> &results) {
  std::vector<std::string> names;
  for (const Result &result : results) {
    auto next = names.begin();
    for (const nibble::LayerReport &layer : result.report.layers) {
      auto found = std::find(names.begin(), names.end(), layer.name);
      next = (found == names.end() ? names.insert(next, layer.name) : found) + 1;
    }
  }
  return names;
}

/// Nanoseconds for one image, or NaN for a network without such a layer.
double layer_time(const Result &result, const std::string &name) {
  for (std::size_t i = 0; i < result.report.layers.size(); ++i)
    if (result.report.layers[i].name == name)
      return result.profile.layers[i].min;
  return NAN;
}

std::string heading(const std::string &text) { return "<h2>" + escape(text) + "</h2>\n"; }

/// A table; the first column holds names, the others numbers.
std::string table(const std::vector<std::string> &columns, const std::vector<std::vector<std::string>> &rows) {
  std::string text = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < columns.size(); ++i)
    text += (i ? "<th class=\"n\">" : "<th>") + escape(columns[i]) + "</th>";
  text += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string> &row : rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      text += (i ? "<td class=\"n\">" : "<td>") + escape(row[i]) + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string summary(const std::vector<Result> &results) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(results.size());
  for (const Result &r : results)
    rows.push_back({r.model, number(r.accuracy_before_freeze, 2), number(r.accuracy_frozen, 2),
                    number(r.accuracy_compiled, 2), std::to_string(r.mismatched_outputs),
                    std::to_string(r.weight_bytes), std::to_string(r.arena_bytes), std::to_string(r.object_bytes),
                    number(r.ns_per_image, 0), number(r.train_seconds, 1)});
  return table({"network", "before freezing %", "frozen %", "compiled %", "mismatches", "weight bytes", "arena bytes",
                "object bytes", "ns per image", "training s"},
               rows) +
         "<p class=\"note\">Accuracies are of the test images. Mismatches: logits that differ in any bit between "
         "training's "
         "evaluation, compiled code on one and two threads, and the object in a C program.</p>\n";
}

std::string tradeoffs(const std::vector<Result> &results) {
  Chart size{
      .title = "Accuracy over size", .x = "bytes of weights and constants", .y = "test accuracy, %", .log_x = true};
  Chart latency{.title = "Accuracy over latency", .x = "µs per image, one thread", .y = "test accuracy, %"};
  for (const Result &r : results) {
    size.series.push_back({r.model, {{static_cast<double>(r.weight_bytes), r.accuracy_compiled}}});
    latency.series.push_back({r.model, {{r.ns_per_image / 1000, r.accuracy_compiled}}});
  }
  return svg(size) + svg(latency);
}

std::string curves(const std::vector<Result> &results) {
  Chart loss{.title = "Loss in training", .x = "epoch", .y = "mean cross-entropy", .lines = true};
  Chart validation{.title = "Validation", .x = "epoch", .y = "accuracy, %", .lines = true};
  for (const Result &r : results) {
    Series losses{r.model, {}}, scores{r.model, {}};
    for (const Epoch &epoch : r.curve) {
      losses.points.emplace_back(epoch.number, epoch.loss);
      scores.points.emplace_back(epoch.number, epoch.validation);
    }
    loss.series.push_back(std::move(losses));
    validation.series.push_back(std::move(scores));
  }
  return svg(loss) + svg(validation) +
         "<p class=\"note\">The last epochs train the frozen network, whose numbers are the ones that are "
         "shipped.</p>\n";
}

std::string layers(const std::vector<Result> &results) {
  std::vector<std::string> columns = {"layer"};
  for (const Result &r : results)
    columns.push_back(r.model);
  std::vector<std::vector<std::string>> rows;
  for (const std::string &name : layer_names(results)) {
    std::vector<std::string> &row = rows.emplace_back(1, name);
    for (const Result &r : results) {
      const double time = layer_time(r, name);
      row.push_back(std::isnan(time) ? "" : number(time, 0));
    }
  }
  std::vector<std::string> &total = rows.emplace_back(1, "whole call");
  for (const Result &r : results)
    total.push_back(number(r.profile.total.min, 0));
  return table(columns, rows);
}

} // namespace

void print_layers(const std::vector<Result> &results) {
  std::printf("\nns per image of each layer, one thread\n%-20s", "layer");
  for (const Result &r : results)
    std::printf(" %8s", r.model.c_str());
  std::printf("\n");
  for (const std::string &name : layer_names(results)) {
    std::printf("%-20s", name.c_str());
    for (const Result &r : results) {
      const double time = layer_time(r, name);
      std::printf(" %8s", std::isnan(time) ? "" : number(time, 0).c_str());
    }
    std::printf("\n");
  }
  std::printf("%-20s", "whole call");
  for (const Result &r : results)
    std::printf(" %8s", number(r.profile.total.min, 0).c_str());
  std::printf("\n");
}

void write_page(const std::vector<Result> &results, const std::string &path) {
  std::string body = heading("Results") + summary(results) + heading("Accuracy, size, latency") + tradeoffs(results) +
                     heading("Learning curves") + curves(results) + heading("Time of the layers") +
                     "<p>Nanoseconds for one image, one thread, the least of all runs.</p>\n" + layers(results);
  for (const Result &r : results)
    body += heading("Layers of " + r.model) + "<p>" + escape(r.report.target) + "</p>\n" +
            nibble::html::layer_table(r.report, r.profile);
  std::ofstream file(path, std::ios::binary);
  file << nibble::html::page("Fashion-MNIST at several precisions", body);
  if (!file.flush())
    throw nibble::Error(path, "cannot write the page");
}

} // namespace fashion
