// Reports as pages: XHTML, which browsers and XML parsers read alike.
#include "frontend/lib/report/numbers.h"

#include <nibble/report.h>

namespace nibble {
namespace {

constexpr const char *style = R"(
body { font: 15px/1.45 system-ui, sans-serif; color: #1c2530; background: #fff; max-width: 78em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; } h2 { font-size: 1.25em; margin-top: 2em; } h3 { font-size: 1.05em; }
table { border-collapse: collapse; font-size: 13px; margin: 0.6em 0; }
th, td { padding: 0.25em 0.7em; border-bottom: 1px solid #d8dee6; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #8894a4; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.sum td { font-weight: 600; border-top: 2px solid #8894a4; }
.scroll { overflow-x: auto; }
.note { color: #5a6675; font-size: 13px; }
details ul { margin: 0.3em 0; padding-left: 1.2em; }
code { font: 12px ui-monospace, monospace; }
svg { max-width: 100%; height: auto; }
)";

/// Bytes of the UTF-8 character that `text` begins with; 0 if it is none that XML can hold.
std::size_t characterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80)
    return first >= 0x20 || first == '\t' || first == '\n' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length)
    return 0;
  unsigned code = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool shortest = length == 2 || code >= (length == 3 ? 0x800u : 0x10000u);
  const bool held = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) && code != 0xFFFE && code != 0xFFFF;
  return shortest && held ? length : 0;
}

std::string shapeText(const std::vector<std::int64_t> &shape) {
  std::string text;
  for (std::int64_t extent : shape)
    text += (text.empty() ? "" : " × ") + std::to_string(extent);
  return text;
}

std::string cell(const std::string &escaped) { return "<td>" + escaped + "</td>"; }
std::string number(const std::string &text) { return "<td class=\"n\">" + text + "</td>"; }
std::string known(std::int64_t bytes) { return number(bytes >= 0 ? grouped(bytes) : ""); }

std::string kernelCell(const LayerReport &layer) {
  if (layer.kernel.empty())
    return cell("");
  std::string text = "<code>" + html::escape(layer.kernel) + "</code>";
  if (!layer.choice.empty())
    text += "<br/>" + html::escape(layer.choice);
  if (!layer.window.empty())
    text += "<br/>window of " + html::escape(layer.window);
  if (!layer.lists.empty())
    text += "<br/>lists of " + html::escape(layer.lists);
  if (!layer.rejected.empty()) {
    text += "<details><summary>" + std::to_string(layer.rejected.size()) + " others</summary><ul>";
    for (const std::string &reason : layer.rejected)
      text += "<li>" + html::escape(reason) + "</li>";
    text += "</ul></details>";
  }
  return cell(text);
}

std::string formats(const LayerReport &layer) {
  return html::escape(layer.input_type) + (layer.weight_type.empty() ? "" : " × " + html::escape(layer.weight_type)) +
         " → " + html::escape(layer.output_type);
}

} // namespace

std::string html::escape(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = characterLength(text);
    if (length == 0)
      result += "\xEF\xBF\xBD"; // U+FFFD, the replacement character
    else if (text[0] == '&')
      result += "&amp;";
    else if (text[0] == '<')
      result += "&lt;";
    else if (text[0] == '>')
      result += "&gt;";
    else if (text[0] == '"')
      result += "&quot;";
    else if (text[0] == '\'')
      result += "&#39;";
    else
      result += text.substr(0, length);
    text.remove_prefix(length ? length : 1);
  }
  return result;
}

std::string html::layer_table(const Report &report, const Profile &profile) {
  const bool timed = !report.layers.empty() && profile.layers.size() == report.layers.size();
  std::string text =
      "<div class=\"scroll\"><table>\n<thead><tr><th>layer</th><th>operands</th><th>shapes</th><th>kernel</th>"
      "<th class=\"n\">multiply-accumulates</th><th class=\"n\">bytes read</th><th class=\"n\">bytes written</th>"
      "<th class=\"n\">constants, bytes</th>";
  const MachineLimits limits = limits_for(report, profile);
  text += "<th class=\"n\">bound, ns</th><th>bound by</th>";
  if (timed)
    text += "<th class=\"n\">of the bound</th><th class=\"n\">ns, least</th><th class=\"n\">ns, median</th><th "
            "class=\"n\">share %</th>"
            "<th class=\"n\">GMAC/s</th>";
  text += "</tr></thead>\n<tbody>\n";
  double sum = 0;
  for (const Time &time : profile.layers)
    sum += time.min;
  std::int64_t macs = 0;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    const LayerReport &layer = report.layers[i];
    macs += layer.macs;
    text += "<tr>" + cell(escape(layer.name)) + cell(formats(layer)) +
            cell(shapeText(layer.input_shape) + " → " + shapeText(layer.output_shape)) + kernelCell(layer) +
            number(layer.kernel.empty() ? "" : grouped(layer.macs)) + known(layer.bytes_read) +
            known(layer.bytes_written) + known(layer.constant_bytes);
    const std::optional<Bound> bound = bound_of(report, layer, limits, timed ? profile.threads : 1);
    text += number(bound ? fixed(bound->nanoseconds, bound->nanoseconds < 100 ? 1 : 0) : "") +
            cell(bound ? escape(bound->by) : "");
    if (timed) {
      const Time &time = profile.layers[i];
      text += number(bound && time.min > 0 ? fixed(bound->nanoseconds / time.min, 2) : "");
      text += number(fixed(time.min, 0)) + number(fixed(time.median, 0)) +
              number(fixed(sum > 0 ? 100 * time.min / sum : 0, 1)) +
              number(layer.macs && time.min > 0 ? fixed(static_cast<double>(layer.macs) / time.min, 1) : "");
    }
    text += "</tr>\n";
  }
  text += "<tr class=\"sum\">" + cell("all layers") + cell("") + cell("") + cell("") + number(grouped(macs)) +
          number("") + number("") + known(report.weight_bytes) + number("") + cell("");
  if (timed)
    text += number("") + number(fixed(profile.total.min, 0)) + number(fixed(profile.total.median, 0)) + number("") +
            number(profile.total.min > 0 ? fixed(static_cast<double>(macs) / profile.total.min, 1) : "");
  text += "</tr>\n</tbody></table></div>\n<p class=\"note\">Operations and bytes are for one image, constants for each "
          "tile of " +
          std::to_string(report.batch_tile) + " images; each buffer that a layer touches counts once and whole.";
  if (timed)
    text += " Times are for one image: " + std::to_string(profile.images) + " images, " +
            std::to_string(profile.threads) + (profile.threads == 1 ? " thread, " : " threads, ") +
            std::to_string(profile.repeat) + " runs; the last row is the whole call.";
  if (!limits.memory.empty())
    text += " Bounds: the least time by arithmetic or memory, from limits " +
            std::string(timed && !profile.limits.memory.empty() ? "" : "of ") + escape(limits.source) + ".";
  return text + "</p>\n";
}

std::string html::page(std::string_view title, std::string_view body) {
  return "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">\n<head>\n<meta "
         "charset=\"UTF-8\"/>\n<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>" +
         escape(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>" + escape(title) + "</h1>\n" +
         std::string(body) + "</body>\n</html>\n";
}

std::string to_html(const Report &report, const Profile &profile) {
  std::string body = "<p>" + html::escape(report.target) + "; " + grouped(report.weight_bytes) +
                     " bytes of constants; arena of " + grouped(report.arena_planned) + " bytes (lower bound " +
                     grouped(report.arena_lower_bound) + ") and " + grouped(report.arena_scratch) +
                     " for each thread, for tiles of " + std::to_string(report.batch_tile) + " images.</p>\n";
  body += html::layer_table(report, profile);
  if (!report.remarks.empty()) {
    body += "<h2>Remarks</h2>\n<ul>\n";
    for (const Diagnostic &remark : report.remarks)
      body += "<li>" + html::escape(format({remark})) + "</li>\n";
    body += "</ul>\n";
  }
  return html::page("Report of " + report.name, body);
}

} // namespace nibble
