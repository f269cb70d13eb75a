// Training one network: fake quantisation with running statistics, then frozen.
#ifndef NIBBLE_EXAMPLES_FASHION_MNIST_TRAINING_H
#define NIBBLE_EXAMPLES_FASHION_MNIST_TRAINING_H

#include "frontend/examples/fashion_mnist/network.h"

#include <nibble/dataset.h>
#include <nibble/train.h>

namespace fashion {

/// Images as the networks take them, f32 [N, 28, 28, 1] in [0, 1], and labels u8 [N].
struct Images {
  nibble::Array pixels, labels;

  static Images from(const nibble::Dataset &dataset);
  /// The images of these indices.
  Images select(std::span<const std::int64_t> indices) const;
  std::int64_t size() const { return labels.size(); }
};

struct Plan {
  int epochs = 6, frozen_epochs = 1;
  std::int64_t batch = 128;
  std::vector<std::uint64_t> seeds = {1};
  int threads = 2;
};

/// One pass over the training images.
struct Epoch {
  int number = 0;                      ///< From 1, over both phases.
  bool frozen = false;                 ///< Of the second phase.
  double loss = 0;                     ///< Mean over the batches, each before its update.
  double training = 0, validation = 0; ///< Accuracy in percent: of the batches as they came, and afterwards.
};

struct Trained {
  nibble::Graph frozen;
  nibble::Weights weights;        ///< Of the frozen graph, from the epoch that was best on the validation images.
  nibble::Graph before;           ///< The graph as it was trained before freezing,
  nibble::Weights weights_before; ///< and its weights then.
  double validation = 0;          ///< Accuracy of the chosen epoch, in percent.
  std::vector<Epoch> curve = {};  ///< Of the seed that was kept.
  double seconds = 0, gflops = 0; ///< Of the training steps alone; GFLOP/s over both phases.
};

/// Percent of rows of `logits` whose first largest value is at the label.
double accuracy(const nibble::Array &logits, const nibble::Array &labels);

/// Trains with every seed of the plan; keeps the seed and the epoch that are best on `validation`.
Trained train(Precision precision, const Images &train, const Images &validation, const Plan &plan);

} // namespace fashion

#endif
