// Ranges of training options.
#include "frontend/lib/execute/options.h"

#include <cmath>
#include <limits>
#include <sstream>

namespace nibble {

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Ranges {
public:
  explicit Ranges(const Graph &graph) : subject_("training graph \"" + graph.name() + "\" needs ") {}

  /// At least `lo` (greater, if `open`) and less than `hi`.
  void want(const char *what, float value, float lo, float hi, bool open = false) {
    if ((open ? value > lo : value >= lo) && value < hi)
      return;
    std::ostringstream text;
    text << subject_ << what;
    if (hi == kInfinity)
      text << " that is finite and " << (open ? "greater than " : "at least ") << lo;
    else
      text << " in [" << lo << ", " << hi << ")";
    text << ", got " << value;
    problems_.push_back({.message = text.str()});
  }
  void finish() {
    if (!problems_.empty())
      throw Error(std::move(problems_));
  }

private:
  std::string subject_;
  std::vector<Diagnostic> problems_;
};
} // namespace

void check_options(const Graph &graph, const TrainerOptions &options) {
  Ranges ranges(graph);
  ranges.want("a learning rate", options.rate, 0, kInfinity);
  ranges.want("a range momentum", options.range_momentum, 0, 1);
  if (options.binary_limit != kInfinity) // which clamps nothing
    ranges.want("a limit of binary weights", options.binary_limit, 0, kInfinity);
  if (const auto *sgd = std::get_if<Sgd>(&options.optimizer)) {
    ranges.want("a momentum of Sgd", sgd->momentum, 0, 1);
    ranges.want("a decay of Sgd", sgd->decay, 0, kInfinity);
  } else {
    const Adam &adam = std::get<Adam>(options.optimizer);
    ranges.want("a beta1 of Adam", adam.beta1, 0, 1);
    ranges.want("a beta2 of Adam", adam.beta2, 0, 1);
    ranges.want("an epsilon of Adam", adam.epsilon, 0, kInfinity, /*open=*/true);
  }
  ranges.finish();
}

void check_rate(const Graph &graph, float rate) {
  Ranges ranges(graph);
  ranges.want("a learning rate", rate, 0, kInfinity);
  ranges.finish();
}

} // namespace nibble
