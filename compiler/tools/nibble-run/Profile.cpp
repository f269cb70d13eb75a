// The border to the public API's profiles, which throw where memory ends.
#include "compiler/tools/nibble-run/Profile.h"
#include "compiler/Report/Convert.h"
#include <new>
#include <nibble/report.h>

namespace nibble::tools {

Result<std::string> profileText(const report::Model &model, const report::Profile &profile) noexcept {
  try {
    auto report = report::convert<nibble::Report>(model);
    for (LayerReport &layer : report.layers)
      layer.rejected.clear();
    auto times = report::convert<nibble::Profile>(profile);
    times.limits = measure_limits();
    return to_string(report, times);
  } catch (const std::bad_alloc &) {
    return Failure{"not enough memory to measure the limits of this machine"};
  }
}

} // namespace nibble::tools
