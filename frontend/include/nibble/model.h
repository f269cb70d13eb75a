// nibble::Model: a compiled network.
#ifndef NIBBLE_MODEL_H
#define NIBBLE_MODEL_H

#include <nibble/array.h>
#include <nibble/error.h>
#include <nibble/report.h>

namespace nibble {

struct ProfileOptions {
  int repeat = 20; ///< Measured runs, 1 to 1,000,000; one that is not measured comes first.
  /// Also measures what the machine can do at most, for bounds; without it those of a known machine are reported.
  bool limits = true;
};

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

  /// Runs the inputs `repeat` times and measures every layer, on the threads of the model and between the parallel
  /// regions of the same code that run() executes. At least one image; as many as a user has gives the times that
  /// count. Throws Error as run() does, and for a repeat out of range.
  Profile profile(const Array &input, const ProfileOptions &options = {}) const;
  Profile profile(std::span<const Array> inputs, const ProfileOptions &options = {}) const;

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
