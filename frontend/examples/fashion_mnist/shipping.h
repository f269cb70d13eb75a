// Compiling a trained network, checking it, and shipping it as an object in a C program.
#ifndef NIBBLE_EXAMPLES_FASHION_MNIST_SHIPPING_H
#define NIBBLE_EXAMPLES_FASHION_MNIST_SHIPPING_H

#include "frontend/examples/fashion_mnist/training.h"

namespace fashion {

/// One row of the table and of results.json; accuracies in percent of the test images.
struct Result {
  std::string model;
  double accuracy_before_freeze = 0, accuracy_frozen = 0, accuracy_compiled = 0;
  std::int64_t mismatched_outputs = 0; ///< Logits that differ in any bit between the four ways of computing them.
  std::int64_t weight_bytes = 0;       ///< All constants of the object.
  std::int64_t arena_bytes = 0;        ///< One thread.
  std::int64_t object_bytes = 0;
  double ns_per_image = 0; ///< One thread, batch 256, minimum.
  double train_seconds = 0, train_gflops = 0;

  // Not in results.json.
  std::vector<Epoch> curve = {};
  nibble::Report report = {};   ///< Of the code in this process, one thread,
  nibble::Profile profile = {}; ///< and the times of its layers, batch 256.
};

/// Evaluates all test images in four ways and writes `directory`: frozen.mlir, weights.safetensors, logits_*.npy,
/// report.txt, report.json, learning.json, the object, its header, and the C program that uses it. Throws
/// nibble::Error.
Result ship(Precision precision, const Trained &trained, const Images &test, const std::string &directory);

} // namespace fashion

#endif
