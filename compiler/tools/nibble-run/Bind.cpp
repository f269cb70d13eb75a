// Files, names and shapes of inputs.
#include "compiler/tools/nibble-run/Bind.h"
#include "compiler/Support/Spelling.h"
#include "compiler/tools/support/CommandLine.h"
#include "compiler/tools/support/Files.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace nibble::tools {

Result<std::vector<std::string>> matchFiles(llvm::StringRef flag, llvm::ArrayRef<std::string> files,
                                            llvm::ArrayRef<Port> ports) {
  std::vector<std::string> matched(ports.size());
  std::vector<std::string_view> names;
  for (const Port &port : ports)
    names.push_back(port.name);
  for (const std::string &file : files) {
    auto about = [&](const llvm::Twine &message) { return (flag + "=" + file + message).str(); };
    auto [name, path] = splitNamed(file);
    size_t at = ports.size();
    if (name.empty()) {
      at = static_cast<size_t>(llvm::find_if(matched, [](auto &m) { return m.empty(); }) - matched.begin());
      if (at == ports.size())
        return Failure{about(": the function has only " + llvm::Twine(ports.size()) +
                             (flag == "--input" ? " inputs" : " outputs"))};
    } else {
      at = static_cast<size_t>(llvm::find(names, std::string_view(name)) - names.begin());
      if (at == ports.size()) {
        std::string_view nearest = nearestSpelling(name, names);
        std::string text = about(": there is no '" + name + "'; known: ") + llvm::join(names, " ");
        return Failure{nearest.empty() ? text : text + "; did you mean '" + std::string(nearest) + "'?"};
      }
      if (!matched[at].empty())
        return Failure{about(": '" + name + "' is given twice")};
    }
    if (path.empty())
      return Failure{about(": the name of a file is missing")};
    matched[at] = path;
  }
  return matched;
}

Result<Inputs> readInputs(llvm::ArrayRef<std::string> files, llvm::ArrayRef<Port> ports) {
  Inputs inputs;
  std::string errors;
  auto error = [&](const Port &port, const std::string &message) {
    errors +=
        (errors.empty() ? "" : "; ") + ("input '" + port.name + "' (" + textOf(port.type, port.shape) + ") ") + message;
  };
  std::optional<int64_t> batch;
  for (auto [file, port] : llvm::zip(files, ports)) {
    if (file.empty()) {
      error(port, "is missing: give --input=" + port.name + "=FILE");
      continue;
    }
    auto array = readArray(file);
    if (!array) {
      error(port, "cannot be read: " + array.error());
      continue;
    }
    const Shape &shape = (*array)->shape();
    bool fits = (*array)->type() == port.type && shape.size() == port.shape.size();
    for (size_t d = 0; fits && d < shape.size(); ++d)
      fits = port.shape[d] < 0 || port.shape[d] == shape[d];
    if (!fits) {
      error(port, "does not fit " + file + ", which is " + textOf((*array)->type(), shape));
      continue;
    }
    if (!shape.empty() && port.shape[0] < 0) {
      if (batch && *batch != shape[0])
        error(port, "has a batch of " + std::to_string(shape[0]) + ", the inputs before it " + std::to_string(*batch));
      batch = shape[0];
    }
    inputs.arrays.push_back(*array);
  }
  if (!errors.empty())
    return Failure{errors};
  inputs.batch = batch.value_or(1);
  return inputs;
}

} // namespace nibble::tools
