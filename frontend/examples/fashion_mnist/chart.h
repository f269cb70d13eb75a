// Charts as SVG, for pages that need no other file.
#ifndef NIBBLE_EXAMPLES_FASHION_MNIST_CHART_H
#define NIBBLE_EXAMPLES_FASHION_MNIST_CHART_H

#include <string>
#include <utility>
#include <vector>

namespace fashion {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points; ///< (x, y); those that are not finite are left out.
};

struct Chart {
  std::string title, x, y; ///< y and x: what the axes show, with the unit.
  bool log_x = false;      ///< Then every x must be greater than 0.
  bool lines =
      false; ///< Joins the points of a series, and names the series beside the chart, not at its points; x is whole.
  std::vector<Series> series = {};
};

/// One <svg> element; a text instead if there is no point.
std::string svg(const Chart &chart);

} // namespace fashion

#endif
