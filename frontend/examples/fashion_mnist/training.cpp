// Two phases of training, with the epoch chosen on validation images.
#include "frontend/examples/fashion_mnist/training.h"

#include <nibble/compile.h>
#include <nibble/progress.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

using namespace nibble;

namespace fashion {

Images Images::from(const Dataset &dataset) {
  Images images{Array(ElementType::f32, {dataset.size(), 28, 28, 1}), dataset.labels};
  auto bytes = dataset.images.span<std::uint8_t>();
  auto pixels = images.pixels.span<float>();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    pixels[i] = static_cast<float>(bytes[i]) / 255.0f;
  return images;
}

Images Images::select(std::span<const std::int64_t> indices) const {
  return {gather(pixels, indices), gather(labels, indices)};
}

double accuracy(const Array &logits, const Array &labels) {
  auto values = logits.span<float>();
  auto wanted = labels.span<std::uint8_t>();
  std::size_t classes = values.size() / wanted.size(), correct = 0;
  for (std::size_t row = 0; row < wanted.size(); ++row) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes; ++c)
      if (values[row * classes + c] > values[row * classes + best])
        best = c;
    correct += best == wanted[row];
  }
  return 100.0 * static_cast<double>(correct) / static_cast<double>(wanted.size());
}

namespace {

/// Time and work of training steps.
struct Meter {
  double seconds = 0, flops = 0;
};

/// One pass over the training images; the rate falls along a half cosine from `from` to `to` of `rate`.
Epoch run_epoch(Trainer &trainer, const Images &images, std::uint64_t seed, int epoch, float rate, double from,
                double to, Progress &progress, Meter &meter) {
  Batches batches(images.size(), trainer.batch(),
                  {.seed = seed, .epoch = static_cast<std::uint64_t>(epoch), .drop_last = true});
  std::int64_t done = 0, correct = 0;
  double loss = 0;
  char message[64];
  for (auto indices : batches) {
    Images batch = images.select(indices);
    double where = from + (to - from) * static_cast<double>(done) / static_cast<double>(batches.size());
    auto step_rate = static_cast<float>(rate * 0.5 * (1.0 + std::cos(std::numbers::pi * where)));
    auto start = std::chrono::steady_clock::now();
    StepResult result = trainer.step(batch.pixels, batch.labels, step_rate);
    meter.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    meter.flops += static_cast<double>(trainer.flops_per_step());
    correct += result.correct;
    loss += result.loss;
    ++done;
    std::snprintf(message, sizeof message, "loss %.3f", result.loss);
    progress.advance(1, message);
  }
  return {.number = epoch + 1,
          .loss = loss / static_cast<double>(done),
          .training = 100.0 * static_cast<double>(correct) / static_cast<double>(done * trainer.batch())};
}

} // namespace

Trained train(Precision precision, const Images &images, const Images &validation, const Plan &plan) {
  Graph graph = network(precision);
  const float rate = precision == Precision::w1a1 ? 5e-3f : 3e-3f;
  Trained best{.frozen = graph, .weights = {}, .before = graph, .weights_before = {}};
  best.validation = -1;
  Meter meter;
  const std::int64_t steps = images.size() / plan.batch;
  for (std::uint64_t seed : plan.seeds) {
    std::string label = name_of(precision) + (plan.seeds.size() > 1 ? ", seed " + std::to_string(seed) : "");
    Progress progress("training " + label, steps * (plan.epochs + plan.frozen_epochs));

    // Phase 1: scales follow the running ranges and the weights, batch norm its batches.
    Trainer trainer(graph,
                    {.batch = plan.batch, .optimizer = Adam{}, .rate = rate, .seed = seed, .threads = plan.threads});
    std::vector<Epoch> curve;
    for (int epoch = 0; epoch < plan.epochs; ++epoch) {
      curve.push_back(run_epoch(trainer, images, seed, epoch, rate, static_cast<double>(epoch) / plan.epochs,
                                static_cast<double>(epoch + 1) / plan.epochs, progress, meter));
      curve.back().validation = accuracy(trainer.evaluate(validation.pixels), validation.labels);
    }
    Weights before = trainer.weights();

    // Phase 2: what is evaluated from here on is what is shipped.
    Graph frozen = freeze(graph, before);
    Trainer tuner(frozen, before, {.batch = plan.batch, .optimizer = Adam{}, .seed = seed, .threads = plan.threads});
    auto consider = [&] {
      double score = accuracy(tuner.evaluate(validation.pixels), validation.labels);
      if (score > best.validation) {
        best.frozen = frozen, best.weights = tuner.weights(), best.before = graph, best.weights_before = before;
        best.validation = score;
      }
      return score;
    };
    const double before_seed = best.validation;
    double score = consider();
    for (int epoch = 0; epoch < plan.frozen_epochs; ++epoch) {
      curve.push_back(run_epoch(tuner, images, seed, plan.epochs + epoch, rate * 0.03f,
                                static_cast<double>(epoch) / plan.frozen_epochs,
                                static_cast<double>(epoch + 1) / plan.frozen_epochs, progress, meter));
      score = consider();
      curve.back().frozen = true;
      curve.back().validation = score;
    }
    if (best.validation > before_seed)
      best.curve = std::move(curve);
    char text[64];
    std::snprintf(text, sizeof text, "validation %.2f %% (best %.2f %%)", score, best.validation);
    progress.finish(text);
  }
  best.seconds = meter.seconds;
  best.gflops = meter.flops / meter.seconds / 1e9;
  return best;
}

} // namespace fashion
