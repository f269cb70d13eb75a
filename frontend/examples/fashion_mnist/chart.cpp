// Axes, points and lines as SVG.
#include "frontend/examples/fashion_mnist/chart.h"

#include <nibble/report.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

using nibble::html::escape;

namespace fashion {
namespace {

constexpr double width = 560, height = 330, left = 64, right = 110, top = 30, bottom = 48;
constexpr const char *colors[] = {"#3465a4", "#cc5500", "#2e7d32", "#8e44ad",
                                  "#b71c1c", "#00796b", "#5d4037", "#455a64"};

std::string number(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// A coordinate of the picture.
std::string at(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

/// One axis: a range of values, where ticks stand (`least` apart or more), and the way to the picture.
class Axis {
public:
  Axis(double lo, double hi, bool log, double least, double from, double to) : log_(log), from_(from), to_(to) {
    if (log) {
      lo_ = std::log10(lo) - 0.1, hi_ = std::log10(hi) + 0.1;
      for (int power = static_cast<int>(std::floor(lo_)); power <= std::ceil(hi_); ++power)
        for (double digit : {1, 2, 5})
          addTick(digit * std::pow(10.0, power));
    } else {
      const double room = hi > lo ? 0.05 * (hi - lo) : std::max(0.05 * std::abs(hi), 0.5);
      lo_ = lo - room, hi_ = hi + room;
      const double raw = (hi_ - lo_) / 5, unit = std::pow(10.0, std::floor(std::log10(raw)));
      const double step = std::max(least, unit * (raw / unit > 5 ? 10 : raw / unit > 2 ? 5 : raw / unit > 1 ? 2 : 1));
      const auto first = static_cast<std::int64_t>(std::ceil(lo_ / step)),
                 last = static_cast<std::int64_t>(std::floor(hi_ / step));
      for (std::int64_t i = first; i <= last; ++i)
        addTick(static_cast<double>(i) * step);
    }
  }
  double operator()(double value) const {
    return from_ + ((log_ ? std::log10(value) : value) - lo_) / (hi_ - lo_) * (to_ - from_);
  }
  const std::vector<double> &ticks() const { return ticks_; }

private:
  void addTick(double value) {
    const double place = log_ ? std::log10(value) : value;
    if (place >= lo_ && place <= hi_)
      ticks_.push_back(value);
  }
  bool log_;
  double from_, to_, lo_ = 0, hi_ = 1;
  std::vector<double> ticks_;
};

std::string text(double x, double y, const char *anchor, const std::string &words, const std::string &more = "") {
  return "<text x=\"" + at(x) + "\" y=\"" + at(y) + "\" text-anchor=\"" + anchor + "\"" + more + ">" + escape(words) +
         "</text>\n";
}

std::string line(double x0, double y0, double x1, double y1, const char *color) {
  return "<line x1=\"" + at(x0) + "\" y1=\"" + at(y0) + "\" x2=\"" + at(x1) + "\" y2=\"" + at(y1) + "\" stroke=\"" +
         color + "\"/>\n";
}

/// Names of points, none on another.
class Labels {
public:
  /// The height at which a name can stand: y, or below the names that are there.
  double place(double x, double y) {
    auto taken = [&](const std::pair<double, double> &other) {
      return std::abs(other.first - x) < 60 && std::abs(other.second - y) < 13;
    };
    for (auto found = places_.begin(); (found = std::find_if(places_.begin(), places_.end(), taken)) != places_.end();)
      y = found->second + 13;
    places_.emplace_back(x, y);
    return y;
  }

private:
  std::vector<std::pair<double, double>> places_;
};

} // namespace

std::string svg(const Chart &chart) {
  double x_lo = INFINITY, x_hi = -INFINITY, y_lo = INFINITY, y_hi = -INFINITY;
  auto good = [](const std::pair<double, double> &p) { return std::isfinite(p.first) && std::isfinite(p.second); };
  for (const Series &series : chart.series)
    for (const auto &point : series.points)
      if (good(point)) {
        x_lo = std::min(x_lo, point.first), x_hi = std::max(x_hi, point.first);
        y_lo = std::min(y_lo, point.second), y_hi = std::max(y_hi, point.second);
      }
  if (x_lo > x_hi)
    return "<p>" + escape(chart.title) + ": no values.</p>\n";
  const Axis x(x_lo, x_hi, chart.log_x, chart.lines ? 1 : 0, left, width - right),
      y(y_lo, y_hi, false, 0, height - bottom, top);

  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + at(width) + "\" height=\"" + at(height) +
      "\" viewBox=\"0 0 " + at(width) + " " + at(height) +
      "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#1c2530\" role=\"img\">\n<title>" +
      escape(chart.title) + "</title>\n";
  out += text(left, 16, "start", chart.title, " font-weight=\"600\"");
  for (double tick : x.ticks()) {
    out += line(x(tick), top, x(tick), height - bottom, "#e4e8ee");
    out += text(x(tick), height - bottom + 16, "middle", number(tick));
  }
  for (double tick : y.ticks()) {
    out += line(left, y(tick), width - right, y(tick), "#e4e8ee");
    out += text(left - 6, y(tick) + 4, "end", number(tick));
  }
  out += line(left, height - bottom, width - right, height - bottom, "#5a6675");
  out += line(left, top, left, height - bottom, "#5a6675");
  out += text((left + width - right) / 2, height - 10, "middle", chart.x);
  const std::string middle = at((top + height - bottom) / 2);
  out += text(14, (top + height - bottom) / 2, "middle", chart.y, " transform=\"rotate(-90 14 " + middle + ")\"");

  Labels labels;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series &series = chart.series[i];
    const std::string color = colors[i % std::size(colors)];
    std::string path;
    for (const auto &point : series.points) {
      if (!good(point))
        continue;
      const double px = x(point.first), py = y(point.second);
      path += (path.empty() ? "" : " ") + at(px) + "," + at(py);
      out += "<circle cx=\"" + at(px) + "\" cy=\"" + at(py) + "\" r=\"" + (chart.lines ? "2.5" : "5") + "\" fill=\"" +
             color + "\"><title>" + escape(series.name) + ": " + number(point.first) + ", " + number(point.second) +
             "</title></circle>\n";
      if (!chart.lines)
        out += text(px + 8, labels.place(px + 8, py + 4), "start", series.name);
    }
    if (chart.lines) {
      out.append("<polyline points=\"").append(path).append("\" fill=\"none\" stroke=\"").append(color);
      out.append("\" stroke-width=\"1.8\"/>\n");
      const double row = top + 14 + 18 * static_cast<double>(i);
      out +=
          "<circle cx=\"" + at(width - right + 16) + "\" cy=\"" + at(row - 4) + "\" r=\"5\" fill=\"" + color + "\"/>\n";
      out += text(width - right + 26, row, "start", series.name);
    }
  }
  return out + "</svg>\n";
}

} // namespace fashion
