// Named weights: choice of the file format, and the check against what a model expects.
#include <nibble/error.h>
#include <nibble/weights.h>

#include "compiler/Support/Spelling.h"
#include "frontend/lib/io/file.h"
#include "frontend/lib/io/npz.h"
#include "frontend/lib/io/safetensors.h"

#include <set>
#include <utility>

namespace nibble {

enum class Format { safetensors, npz };

static Format formatOf(const std::string &path) {
  if (path.ends_with(".safetensors"))
    return Format::safetensors;
  if (path.ends_with(".npz"))
    return Format::npz;
  throw Error(path, "the name of a weights file must end in .safetensors or .npz");
}

Weights Weights::load(const std::string &path) {
  Format format = formatOf(path);
  std::vector<std::byte> bytes = io::readFile(path);
  Weights weights;
  weights.source_ = path;
  NamedArrays arrays;
  if (format == Format::safetensors) {
    io::Safetensors content = io::decodeSafetensors(bytes, path);
    arrays = std::move(content.arrays);
    weights.metadata_ = std::move(content.metadata);
  } else {
    io::Npz content = io::decodeNpz(bytes, path);
    arrays = std::move(content.arrays);
    weights.metadata_ = io::parseMetadata(content.metadata, path);
  }
  for (auto &[name, array] : arrays) // checks the names
    weights.set(name, std::move(array));
  return weights;
}

void Weights::save(const std::string &path) const {
  bool safetensors = formatOf(path) == Format::safetensors;
  io::writeFileAtomically(path, safetensors ? io::encodeSafetensors(arrays_, metadata_, path)
                                            : io::encodeNpz(arrays_, io::formatMetadata(metadata_, path), path));
}

void Weights::check(const std::vector<WeightSpec> &expected) const {
  std::vector<Diagnostic> problems;
  auto report = [&](std::string message) { problems.push_back({.file = source_, .message = std::move(message)}); };
  std::set<std::string_view> names;
  for (const WeightSpec &spec : expected)
    names.insert(spec.name);
  /// A tensor of the right form under a name that the model does not have and that is nearly this one.
  auto misspelt = [&](const WeightSpec &spec) {
    std::vector<std::string_view> candidates;
    for (const auto &[name, array] : arrays_)
      if (!names.contains(name) && array.shape() == spec.shape && array.type() == spec.type)
        candidates.push_back(name);
    const std::string_view near = nearestSpelling(spec.name, candidates);
    return near.empty() ? std::string() : "; is it '" + std::string(near) + "'?";
  };
  for (const WeightSpec &spec : expected) {
    std::string wanted = to_string(spec.type) + " " + to_string(spec.shape);
    auto it = arrays_.find(spec.name);
    if (it == arrays_.end())
      report("missing tensor '" + spec.name + "': the model expects " + wanted + misspelt(spec));
    else if (it->second.shape() != spec.shape || it->second.type() != spec.type)
      report("tensor '" + spec.name + "' is " + to_string(it->second.type()) + " " + to_string(it->second.shape()) +
             ", but the model expects " + wanted);
  }
  for (const auto &[name, array] : arrays_)
    if (!names.contains(name))
      report("extra tensor '" + name + "' (" + to_string(array.type()) + " " + to_string(array.shape()) +
             "): the model has no parameter of that name");
  if (!problems.empty())
    throw Error(std::move(problems));
}

const Array &Weights::at(std::string_view name) const {
  auto it = arrays_.find(name);
  if (it == arrays_.end())
    throw Error(source_, "there is no tensor '" + std::string(name) + "'");
  return it->second;
}

Array &Weights::at(std::string_view name) { return const_cast<Array &>(std::as_const(*this).at(name)); }

void Weights::set(std::string name, Array array) {
  if (name.empty() || name == io::metadataKey || name.find('\0') != std::string::npos)
    throw Error(source_, "'" + name + "' cannot be the name of a tensor");
  arrays_.insert_or_assign(std::move(name), std::move(array));
}

void Weights::erase(std::string_view name) {
  if (auto it = arrays_.find(name); it != arrays_.end())
    arrays_.erase(it);
}

} // namespace nibble
