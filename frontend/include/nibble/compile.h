// From a trained graph to compiled code: freezing, compiling for this process, and object files.
#ifndef NIBBLE_COMPILE_H
#define NIBBLE_COMPILE_H

#include <nibble/graph.h>
#include <nibble/model.h>

namespace nibble {

/// The inference form of a graph (rule R8 of docs/spec.md): scales and running statistics become constants, and
/// everything between a convolution and the next quantiser becomes one rounding. The result can be trained further
/// (Trainer), evaluated (Trainer, Evaluator), compiled and printed, but not extended. `remarks`, if given, receives
/// what was folded into each layer, and warnings. Throws Error with all diagnostics: weights that are missing, extra,
/// misshapen or not finite; a range that has seen no batch, is not finite or has min > max; a quantiser of weights
/// whose operand is computed from parameters (quantise the parameter itself, reshaped at most).
Graph freeze(const Graph &graph, const Weights &weights, std::vector<Diagnostic> *remarks = nullptr);

struct CompileOptions {
  /// A target string such as "x86_64-linux-gnu,+avx2"; "native" is this machine.
  std::string target = "native";
  int threads = 0; ///< Of Model::run: 1 to 1024; 0: one per CPU. Results do not depend on it.
  /// Images computed at a time: 1 or more; 0: chosen. Kernels are chosen for so many, or for one. Results do not depend
  /// on it.
  std::int64_t batch_tile = 0;
  bool allow_float = false; ///< Accept float ops between two quantisers; each is a remark of the report.
  /// Measure the kernels of each layer on this machine, for batch_tile images or one, and take the fastest, instead of
  /// those that are predicted to be. Results do not depend on it, but the code may differ each time. The target must
  /// run here.
  bool tune = false;
  /// Where measured times are kept for the next time; empty: $XDG_CACHE_HOME/nibble or ~/.cache/nibble.
  std::string tune_cache = {};
};

/// Compiles a frozen graph (or one without quantisers and states) for this process. Throws Error with all diagnostics:
/// weights that do not fit or are not finite, a graph that is not frozen, a layer without integer form, a target that
/// does not run here.
Model compile(const Graph &graph, const Weights &weights, const CompileOptions &options = {});

/// A compiled network for a linker. It needs no library: of the C library memcpy and memset, and memory from its
/// caller.
struct ObjectCode {
  std::string name;              ///< Of the C function; see nibble/runtime.h for its form.
  std::vector<std::byte> object; ///< ELF (or wasm); the same graph, weights and options give the same bytes.
  std::string header;            ///< C and C++: the function, NAME_ARENA_BYTES(threads), how tensors lie in memory.
  Report report;

  std::int64_t weight_bytes() const noexcept { return report.weight_bytes; }
  std::int64_t arena_bytes(int threads) const noexcept { return report.arena_bytes(threads); }
  /// Writes `directory`/`stem`.o and .h, each atomically; the directory must exist. An empty stem is the name.
  void save(const std::string &directory, const std::string &stem = {}) const;
};

/// As compile(), for any target; options.target is not looked at, nor options.threads.
ObjectCode compile_to_object(const Graph &graph, const Weights &weights, const std::string &target,
                             const CompileOptions &options = {});

} // namespace nibble

#endif // NIBBLE_COMPILE_H
