// What a training step is made with. Plain C++, for callers without MLIR.
#ifndef NIBBLE_TRAIN_TRAININGOPTIONS_H
#define NIBBLE_TRAIN_TRAININGOPTIONS_H

#include <cstdint>
#include <string>

namespace nibble {

enum class Optimizer { Sgd, Adam };

struct TrainingOptions {
  std::string step = "train_step"; ///< Name of the function to make; must be free.
  int64_t batch = 64;              ///< Images per step, at least 1.
  std::string logits = {};         ///< Result to train on; empty: the only one, or the one named "logits".
  float rangeMomentum = 0.99f;     ///< Of observed activation ranges, in [0, 1).
  Optimizer optimizer = Optimizer::Sgd;
  float momentum = 0.9f; ///< SGD, in [0, 1).
  float decay = 0.0f;    ///< SGD weight decay, at least 0, for parameters of rank 2 and more; 0 with Adam.
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1.0e-8f; ///< Adam (Kingma and Ba 2015).
  /// Latent weights of sign() are clamped to [-limit, limit] after each update; 0: not clamped.
  float binaryLimit = 1.0f;
};

} // namespace nibble

#endif
