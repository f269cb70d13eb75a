// Training: a graph's step compiled for this machine, its parameters, and evaluation of the graph as it is.
#ifndef NIBBLE_TRAIN_H
#define NIBBLE_TRAIN_H

#include <nibble/graph.h>

#include <variant>

namespace nibble {

/// Stochastic gradient descent with momentum: v = momentum * v + g + decay * w; w = w - rate * v. Parameters of rank 1
/// (biases, batch norm) do not decay.
struct Sgd {
  float momentum = 0.9f; ///< In [0, 1).
  float decay = 0.0f;    ///< At least 0.
};

/// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, with bias correction.
struct Adam {
  float beta1 = 0.9f, beta2 = 0.999f; ///< In [0, 1).
  float epsilon = 1e-8f;              ///< Positive.
};

struct TrainerOptions {
  std::int64_t batch = 64; ///< Images per step, at least 1; no value of so many may have more than 2^40 bytes.
  std::variant<Sgd, Adam> optimizer = Adam{};
  float rate = 1e-3f;            ///< Learning rate of steps that name none: finite, at least 0.
  std::uint64_t seed = 0;        ///< Of the initial parameters.
  int threads = 0;               ///< 1 to 1024; 0: one per CPU. Results do not depend on it.
  float range_momentum = 0.99f;  ///< Of observed activation ranges, in [0, 1).
  float binary_limit = 1.0f;     ///< Latent weights of sign() are clamped to +-this; 0: not at all.
  std::string target = "native"; ///< Must run on this machine.
};

struct StepResult {
  float loss = 0;           ///< Mean softmax cross-entropy of the batch, before the update; finite.
  std::int64_t correct = 0; ///< Images whose largest logit is the one of their label.
};

/// Trains a graph with labels: its only output, or the one named "logits", is [N, classes]. Compiles when it is made.
/// The same graph, options, weights and batches give the same bits, whatever the number of threads. One thread at a
/// time may use a trainer. One that has been moved from throws Error when it is used, and its numbers are 0.
///
/// Initial parameters: zeros and ones as the graph says; he_normal is Random(seed, i).normal() * sqrt(2 / fan-in), i
/// being the index of the parameter in the order of all names (Graph::parameters()).
///
/// A frozen graph trains too: its scales are constants, and only the weights that are left move.
class Trainer {
public:
  /// Throws Error with all diagnostics if an option is outside its range, or the graph is not complete, cannot be
  /// trained or cannot be compiled.
  explicit Trainer(const Graph &graph, const TrainerOptions &options = {});
  /// The same, then load(weights).
  Trainer(const Graph &graph, const Weights &weights, const TrainerOptions &options = {});
  ~Trainer();
  Trainer(Trainer &&) noexcept;
  Trainer &operator=(Trainer &&) noexcept;

  /// One update with a batch: `images` is f32 [batch, ...], `labels` is [batch] of u8, i32 or i64. Throws Error, and
  /// changes nothing, if a type or shape is another one, an image holds NaN or an infinity, a label is no class, or the
  /// rate is negative or not finite.
  ///
  /// Throws Error as well if the loss, a parameter of rank 1 (bias, batch norm) or a running statistic is not finite
  /// afterwards: training has diverged, and the update has been made, so load() weights or a checkpoint before the next
  /// step. Weights are not looked through at each step; load(), Evaluator, freeze() and compile() refuse those that are
  /// not finite. Ranges skip NaN, so one that has observed nothing but 0 and NaN is [0, 0]; freeze() warns of it.
  StepResult step(const Array &images, const Array &labels);
  StepResult step(const Array &images, const Array &labels, float rate);
  /// For graphs with several inputs, in their order.
  StepResult step(std::span<const Array> inputs, const Array &labels, float rate);

  /// The outputs of the graph (running statistics, not those of a batch) with the present parameters, for any number of
  /// images. The first call compiles.
  Array evaluate(const Array &images);
  std::vector<Array> evaluate(std::span<const Array> inputs);

  /// Parameters and states under their names, without the slots of the optimiser.
  Weights weights() const;
  /// Replaces all parameters and states; the optimiser starts anew. Throws one Error that lists everything missing,
  /// extra or misshapen, or all tensors that are not finite. Slots ("conv1.weight:m") and parameters that freezing made
  /// constants may be there and are ignored.
  void load(const Weights &weights);

  /// Parameters, states, slots and the step counter in one file, written atomically; training goes on with the same
  /// bits where it was saved.
  void save_checkpoint(const std::string &path) const;
  /// Throws Error unless it is a checkpoint of this graph and optimiser; the trainer is then as before.
  void load_checkpoint(const std::string &path);

  std::int64_t batch() const noexcept;
  std::int64_t steps() const noexcept; ///< Taken since the start or load().
  int threads() const noexcept;
  /// Floating-point operations of the contractions of one step, forward and backward; a fused multiply-add counts as
  /// two, and padded taps, which are skipped, do not count. GFLOP/s = flops_per_step() * steps / seconds / 1e9.
  std::int64_t flops_per_step() const noexcept;

private:
  struct State;
  std::unique_ptr<State> state_;
};

struct EvaluatorOptions {
  std::int64_t batch = 64;       ///< Images computed at a time, at least 1; results do not depend on it.
  int threads = 0;               ///< 1 to 1024; 0: one per CPU. Results do not depend on it.
  std::string target = "native"; ///< Must run on this machine.
};

/// A graph executed as it is written, frozen or not, in f32 arithmetic that is exact on grids: what training sees. For
/// a frozen graph, compile() gives the same bits in packed integers.
class Evaluator {
public:
  /// Throws Error as Trainer and Trainer::load do.
  Evaluator(const Graph &graph, const Weights &weights, const EvaluatorOptions &options = {});
  ~Evaluator();
  Evaluator(Evaluator &&) noexcept;
  Evaluator &operator=(Evaluator &&) noexcept;

  /// Any number of images. The first form is for graphs with one input and one output. Throws Error if a type or shape
  /// is another one, or this evaluator has been moved from.
  Array run(const Array &images);
  std::vector<Array> run(std::span<const Array> inputs);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace nibble

#endif // NIBBLE_TRAIN_H
