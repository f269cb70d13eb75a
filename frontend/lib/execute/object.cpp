// compile_to_object.
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

} // namespace nibble
