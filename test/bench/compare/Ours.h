// A case as a user writes it: a network of one layer, frozen, compiled for this process, and run through its entry.
#pragma once
#include "test/bench/compare/Data.h"

#include <nibble/runtime.h>

#include <functional>
#include <memory>

namespace nibble::bench {

/// The network. Quantised inputs and results have the form of the case's activations: behind the layer stands a second,
/// small one that reads its result, so that this is stored the way a following layer wants it.
class Network {
public:
  /// For runs on at most `threads` threads. Throws std::exception where the product refuses the case, with its message.
  Network(const Case &c, const Data &data, const std::string &target, int threads = 1);
  ~Network();
  Network(const Network &) = delete;
  Network &operator=(const Network &) = delete;

  const std::string &kernel() const { return kernelName; }
  /// "kernel: reason" for each faster kernel, fastest first.
  const std::vector<std::string> &rejected() const { return rejections; }
  int64_t weightBytes() const { return packedBytes; }

  /// The layer while the entry runs: everything between the quantisation of the input and the second layer.
  struct Layer {
    std::function<void()> prepare; ///< Must come before each run; empty where nothing has to.
    std::function<void()> run;
    std::function<void(const nibble_parallel &team)> runOn; ///< On the team's threads.
  };
  /// Calls the entry once and, while it runs, `body`.
  void withLayer(const std::function<void(const Layer &layer)> &body);

  /// Compares the outputs of the last call with the interpreter, on as many images as `macs` multiply-accumulates
  /// allow, the first and the last among them. Gives the share of the outputs that was compared; throws
  /// std::runtime_error with the first difference.
  double check(double macs) const;

private:
  struct State;
  std::unique_ptr<State> state;
  std::string kernelName;
  std::vector<std::string> rejections;
  int64_t packedBytes = 0;
};

} // namespace nibble::bench
