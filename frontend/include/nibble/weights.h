// nibble::Weights: named arrays with metadata, in .safetensors and .npz files.
#ifndef NIBBLE_WEIGHTS_H
#define NIBBLE_WEIGHTS_H

#include <nibble/array.h>
#include <nibble/npy.h>

#include <string_view>

namespace nibble {

/// What a model expects under a name.
struct WeightSpec {
  std::string name;
  Shape shape;
  ElementType type = ElementType::f32;
};

/// The weights of a model: an ordered map from name to Array, and a map of strings that travels with them.
class Weights {
public:
  using Metadata = std::map<std::string, std::string, std::less<>>;

  /// Reads .safetensors or .npz, by the extension. Throws Error, naming the file, for an unknown extension and for any
  /// damage: truncation, overlapping or missing byte ranges, unknown types, repeated names, overlong headers.
  static Weights load(const std::string &path);

  /// Writes .safetensors or .npz, by the extension; atomically (temporary file in the same directory, fsync, rename),
  /// and the same weights give the same bytes. In .npz the metadata is the entry __metadata__.json.
  void save(const std::string &path) const;

  /// Throws one Error that lists every missing, extra and misshapen or wrongly typed tensor; does nothing if all agree.
  /// For a missing one it names an extra one of the same form whose name may be a misspelling.
  void check(const std::vector<WeightSpec> &expected) const;

  /// The tensor of that name; throws Error if there is none.
  const Array &at(std::string_view name) const;
  Array &at(std::string_view name);
  bool contains(std::string_view name) const { return arrays_.contains(name); }
  /// Adds or replaces a tensor. The name may not be empty, "__metadata__" or hold a zero byte (Error).
  void set(std::string name, Array array);
  void erase(std::string_view name);

  std::size_t size() const noexcept { return arrays_.size(); }
  auto begin() const noexcept { return arrays_.begin(); } ///< In order of the names; yields pair<const string, Array>.
  auto end() const noexcept { return arrays_.end(); }

  const Metadata &metadata() const noexcept { return metadata_; }
  Metadata &metadata() noexcept { return metadata_; }

  /// Equal tensors and metadata.
  friend bool operator==(const Weights &a, const Weights &b) noexcept {
    return a.arrays_ == b.arrays_ && a.metadata_ == b.metadata_;
  }

private:
  NamedArrays arrays_;
  Metadata metadata_;
  std::string source_; // the file they were loaded from, for messages
};

} // namespace nibble

#endif // NIBBLE_WEIGHTS_H
