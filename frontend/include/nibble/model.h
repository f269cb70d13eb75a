// nibble::Model: a compiled network, and what the compiler did with each layer.
#ifndef NIBBLE_MODEL_H
#define NIBBLE_MODEL_H

#include <nibble/array.h>
#include <nibble/error.h>

namespace nibble {

/// What became of one convolution or linear layer.
struct LayerReport {
  std::string name; ///< "conv1": the weight's name up to its last dot.
  std::string file; ///< Where the layer was written.
  int line = 0;
  std::string kernel;
  std::vector<std::string> rejected;   ///< "kernel: reason" for each faster kernel, fastest first.
  std::string input_type, weight_type; ///< "u4", "s8", "binary", "ternary" or "f32".
  std::int64_t weight_bytes = 0;       ///< As packed for the kernel.
};

struct Report {
  std::string name;   ///< Of the compiled C function.
  std::string target; ///< In canonical form, such as "x86_64-linux-gnu,+avx2".
  std::vector<LayerReport> layers;
  std::int64_t weight_bytes = 0;      ///< All constants: weights, scales, biases, thresholds.
  std::int64_t batch_tile = 0;        ///< Images computed at a time.
  std::int64_t arena_planned = 0;     ///< Bytes for the values of a tile of images, as placed by the memory planner,
  std::int64_t arena_lower_bound = 0; ///< and the most that is alive at once;
  std::int64_t arena_scratch = 0;     ///< bytes per thread on top.
  std::vector<Diagnostic> remarks;    ///< What the compiler remarked, such as float ops that were allowed.

  std::int64_t arena_bytes(int threads) const noexcept { return arena_planned + threads * arena_scratch; }
};

/// As text, one line per layer:
///   model.cpp:23: remark: small_cnn/fc: kernel portable_i16 (u4 x s4, 25,088 weight bytes)
///   model.cpp:23: note: skipped dot_u8s8_6x16_avx2: target has no avx2
std::string to_string(const Report &report);

/// A network compiled for this machine, made by compile(). Any number of threads may call run(); calls wait for each
/// other. One that has been moved from throws Error from run(), and its report is empty.
class Model {
public:
  Model(Model &&) noexcept;
  Model &operator=(Model &&) noexcept;
  ~Model();

  /// For models with one input and one output: f32 [N, ...] to f32 [N, ...], any N. Results do not depend on N or on
  /// the number of threads. Throws Error if the input has another type or shape.
  Array run(const Array &input) const;
  /// Inputs and outputs in the order of the graph.
  std::vector<Array> run(std::span<const Array> inputs) const;

  const Report &report() const noexcept;
  std::int64_t weight_bytes() const noexcept { return report().weight_bytes; }
  std::int64_t arena_bytes(int threads) const noexcept { return report().arena_bytes(threads); }
  int threads() const noexcept;

private:
  friend struct ModelAccess;
  struct State;
  explicit Model(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace nibble

#endif // NIBBLE_MODEL_H
