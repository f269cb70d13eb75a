// nibble::Graph: a model under construction.
#ifndef NIBBLE_GRAPH_H
#define NIBBLE_GRAPH_H

#include <nibble/error.h>
#include <nibble/tensor.h>
#include <nibble/weights.h>

namespace nibble {

/// Initial values of a parameter. he_normal: normal with standard deviation sqrt(2 / fan-in), fan-in being the product
/// of all extents but the first (He et al., "Delving deep into rectifiers", ICCV 2015).
enum class Initializer { zeros, ones, he_normal };

/// A model: inputs, parameters, layers (nibble/ops.h), outputs. A handle: copies mean the same graph. One thread at a
/// time.
///
/// Mistakes are collected (see Tensor); check(), to_mlir() and whatever else uses the graph throw nibble::Error with
/// all.
class Graph {
public:
  /// `name` names the compiled C function: letters, digits and _, a letter first. No word that C or C++ has given away
  /// (int, NULL), no function of the C library (memcpy, exit; "main" either), and neither std, nibble nor nibble_...
  explicit Graph(std::string_view name, std::source_location where = std::source_location::current());
  Graph(const Graph &) = default; // no move: a handle that was given away still means its graph
  Graph &operator=(const Graph &) = default;

  const std::string &name() const;

  /// An input of f32 elements: {dyn, ...}, the batch first, the other extents fixed. At most Array::max_rank dimensions
  /// with the batch, and 2^40 elements per image. `name` is an identifier.
  Tensor input(std::string_view name, ElementType type, const Shape &shape,
               std::source_location where = std::source_location::current());

  /// A trainable parameter under a name such as "conv1.weight" (letters, digits and _ . - /). The same name again, with
  /// the same shape and initial values, is the same parameter. At most Array::max_rank dimensions and 2^40 elements.
  Tensor param(std::string_view name, const Shape &shape, Initializer init = Initializer::he_normal,
               std::source_location where = std::source_location::current());

  /// Fixed f32 values.
  Tensor constant(const Array &values, std::source_location where = std::source_location::current());

  /// Makes a tensor that depends on an input an output. `name` is an identifier that no input or output has yet.
  void output(std::string_view name, const Tensor &value, std::source_location where = std::source_location::current());

  /// Names and shapes of all parameters, states (running statistics, ranges) included, in the order of their names:
  /// what Weights::check wants. (The order of creation is the compiler's: C++ leaves open which argument of a call
  /// comes first.) Throws Error like check().
  std::vector<WeightSpec> parameters() const;

  /// Mistakes so far, without the completeness that check() asks for.
  std::vector<Diagnostic> diagnostics() const;

  /// Throws Error with everything that is wrong, a missing input or output included.
  void check() const;

  /// Made by freeze() (nibble/compile.h): complete, and not to be extended.
  bool is_frozen() const noexcept;

  /// The graph as text of MLIR's `nibble` dialect, with the user's places on request. Throws Error like check().
  std::string to_mlir(bool locations = false) const;

private:
  friend struct detail::Access;
  Graph() = default;
  std::shared_ptr<detail::GraphState> state_;
};

} // namespace nibble

#endif // NIBBLE_GRAPH_H
