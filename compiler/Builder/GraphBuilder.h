// Builds a model function of the graph stage one checked op at a time: what the DSL and importers stand on. The
// interface is plain C++ without MLIR and without exceptions; problems are collected, and a failed call gives a
// poisoned value that makes every call that takes it fail silently.
#ifndef NIBBLE_COMPILER_BUILDER_GRAPHBUILDER_H
#define NIBBLE_COMPILER_BUILDER_GRAPHBUILDER_H

#include "compiler/Builder/BuildDiagnostic.h"
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace mlir {
class MLIRContext;
class ModuleOp;
} // namespace mlir

namespace nibble {

/// #nibble.quantizer (R1, R2).
struct QuantizerSpec {
  unsigned bits = 8;
  bool isSigned = true, narrow = false, symmetric = true;
  int64_t axis = -1;   ///< -1: one scale per tensor.
  bool clipped = true; ///< The clipped gradient estimator, else identity.
  int64_t group = 0;   ///< So many neighbours of the last dimension have one scale; 0: no groups.
};

/// #nibble.padding; `value` is that of padded taps: 0, 1 or -1.
struct PaddingSpec {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  int value = 0;
};

/// An attribute in MLIR's text form, such as "#nibble.estimator<clipped>"; it must parse.
struct AttributeText {
  std::string text;
};

using AttributeSpec =
    std::variant<int64_t, float, std::vector<int64_t>, std::vector<float>, QuantizerSpec, PaddingSpec, AttributeText>;
using NamedAttributeSpec = std::pair<std::string_view, AttributeSpec>;

enum class ParamRole { Trainable, State };
enum class InitialValue { Zeros, Ones, HeNormal };

struct ParamSpec {
  std::string name;
  std::vector<int64_t> shape;
  ParamRole role = ParamRole::Trainable;
  InitialValue init = InitialValue::HeNormal;
};

/// In shapes of this interface -1 is the batch. A builder owns its MLIR context; one thread at a time may use it.
class GraphBuilder {
public:
  using Value = int32_t;
  static constexpr Value poison = -1;
  static constexpr int64_t batch = -1;

  /// Most dimensions of a tensor, the batch among them; NIBBLE_MAX_RANK of the runtime.
  static constexpr int maxRank = 8;

  /// `name` becomes the function's name and must be a C identifier that a C program may define
  /// (compiler/Support/CNames.h).
  GraphBuilder(std::string_view name, const SourcePlace &place);
  ~GraphBuilder();
  GraphBuilder(const GraphBuilder &) = delete;
  GraphBuilder &operator=(const GraphBuilder &) = delete;

  Value input(const SourcePlace &place, std::string_view name, const std::vector<int64_t> &shape);
  /// A parameter; asking again with the same name, shape, role and initial value gives the same value. States belong to
  /// one layer: asking again for one is an error.
  Value param(const SourcePlace &place, const ParamSpec &spec);
  /// An f32 constant; `values` has as many elements as the shape.
  Value constant(const SourcePlace &place, const std::vector<int64_t> &shape, const std::vector<float> &values);
  /// An op of the nibble dialect whose result type follows from its operands and attributes: "conv2d", "fake_quant",
  /// ...
  Value create(const SourcePlace &place, std::string_view mnemonic, std::span<const Value> operands,
               const std::vector<NamedAttributeSpec> &attributes = {});
  Value reshape(const SourcePlace &place, Value input, const std::vector<int64_t> &shape);
  void output(const SourcePlace &place, std::string_view name, Value value);

  std::vector<int64_t> shape(Value value) const; ///< Of a value that is not poison.
  /// Depends on an input (an activation), not only on parameters and constants (a weight).
  bool isActivation(Value value) const;
  /// The layer a value comes from, followed through unparameterised ops along first operands: the weight's name up to
  /// its last dot ("conv1"), the batch norm's name ("bn1"), or the input's name ("image").
  std::string layerOf(Value value) const;
  /// "conv1.range" if no parameter has that name, else "conv1.2.range", "conv1.3.range", ...
  std::string freeName(std::string_view layer, std::string_view suffix) const;
  /// Where a parameter was made, or null.
  const SourcePlace *findParam(std::string_view name) const;
  /// Parameters in the order of their creation.
  std::vector<ParamSpec> params() const;

  /// Records a problem and gives poison.
  Value error(const SourcePlace &place, std::string message, std::vector<BuildNote> notes = {});
  /// What was recorded so far.
  const std::vector<BuildDiagnostic> &diagnostics() const;
  /// Completes the function (it may be extended afterwards), verifies it, and gives all problems; empty if it is good.
  std::vector<BuildDiagnostic> finish();

  /// The module as text; after finish() found no problem.
  std::string print(bool locations) const;
  /// The module, which this builder keeps; after finish() found no problem. It holds one function of the graph's name.
  /// Passes belong on a clone.
  mlir::ModuleOp module() const;
  mlir::MLIRContext *context() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// A C identifier: letters, digits and _, no digit first.
bool isIdentifier(std::string_view name);
/// The name of a parameter: letters, digits and _ . - /, a letter or _ first.
bool isParamName(std::string_view name);

} // namespace nibble

#endif
