// Between the public API and the compiler's driver: diagnostics, weights, threads, memory.
#pragma once
#include "compiler/Driver/Program.h"
#include "compiler/Graph/WeightTable.h"
#include "frontend/lib/dsl/state.h"

#include <nibble/runtime.h>

namespace nibble {

/// The value of a compilation; its errors (with everything else that was said) as an Error. Remarks and warnings of a
/// compilation that went well go to `remarks`.
template <typename T>
std::unique_ptr<T> value_or_throw(driver::Outcome<T> outcome, std::vector<Diagnostic> *remarks = nullptr) {
  std::vector<Diagnostic> said = to_diagnostics(outcome.diagnostics);
  if (!outcome)
    throw Error(std::move(said));
  if (remarks)
    remarks->insert(remarks->end(), said.begin(), said.end());
  return std::move(outcome.value);
}

/// The state of an object that has not been moved from; throws Error, naming the class, otherwise.
template <typename T>
T &live(const std::unique_ptr<T> &state, const char *what) {
  if (!state)
    throw Error(std::string("this ") + what + " has been moved from: use the one that it was moved to");
  return *state;
}

/// `weights` is all f32, as checked_weights() gives them.
WeightTable to_table(const Weights &weights);

/// `weights` without the slots of an optimiser and what freezing made constants of `graph`; throws Error unless it is
/// exactly the parameters of the graph. They keep the name of their file.
Weights checked_weights(const Graph &graph, const Weights &weights);
/// The same, all of them finite.
Weights finite_weights(const Graph &graph, const Weights &weights);

/// Throws Error, naming `what`, for a status other than NIBBLE_OK.
void check_status(std::int32_t status, const std::string &what);

/// Threads for compiled code.
class Threads {
public:
  /// 0: one per CPU. Throws Error if there cannot be so many.
  explicit Threads(int count);
  int count() const noexcept { return count_; }
  /// Null for one thread.
  const nibble_parallel *parallel() const noexcept { return count_ > 1 ? &parallel_ : nullptr; }

private:
  struct Destroy {
    void operator()(nibble_thread_pool *pool) const noexcept { nibble_thread_pool_destroy(pool); }
  };
  int count_;
  std::unique_ptr<nibble_thread_pool, Destroy> pool_;
  nibble_parallel parallel_{};
};

/// Memory of at least one byte, aligned to 64, for `what` to work in. Throws Error if there is not so much.
Array make_arena(std::int64_t bytes, const std::string &what);

/// Checks inputs against the arguments of a program that are read and no parameters: number, type, and shape behind the
/// batch, which all share. Gives the batch. `what` names the call in messages.
std::int64_t check_inputs(std::span<const Array> inputs, const std::vector<const driver::Argument *> &expected,
                          const std::string &what);

/// Extents behind the batch.
Shape image_shape(const driver::Argument &argument);

/// The only one of several results; throws Error otherwise.
Array only(std::vector<Array> results, const std::string &what);

} // namespace nibble
