// The program of docs/quickstart.md: a network is written, trained, frozen, compiled, run and shipped.
#include <nibble/nibble.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

using namespace nibble;

Graph small_cnn() {
  Graph g("small_cnn");
  const auto a8 = quint(8).asymmetric();           // one scale and zero point per tensor
  const auto w4 = qint(4).narrow().per_channel(0); // [-7, 7], one scale per output channel
  Tensor x = g.input("image", f32, {dyn, 28, 28, 1}).fake_quant(a8);
  Tensor h = conv2d(x, g.param("conv1.weight", {16, 3, 3, 1}).fake_quant(w4), {.pad = Pad::same});
  h = relu(batch_norm(h, "bn1")).fake_quant(quint(4));
  h = max_pool2d(h, {.window = 2});
  g.output("logits", linear(flatten(h), g.param("fc.weight", {10, 14 * 14 * 16}).fake_quant(w4)));
  return g;
}

/// u8 [N, 28, 28] -> f32 [N, 28, 28, 1] in [0, 1].
Array pixels(const Array &images) {
  Array result(f32, {images.shape()[0], 28, 28, 1});
  for (std::int64_t i = 0; i < images.size(); ++i)
    result.span<float>()[i] = static_cast<float>(images.span<std::uint8_t>()[i]) / 255.0f;
  return result;
}

std::int64_t class_of(const Array &logits, std::int64_t row) {
  std::span<const float> values = logits.span<float>().subspan(static_cast<std::size_t>(row) * 10, 10);
  return std::max_element(values.begin(), values.end()) - values.begin();
}

double percent_correct(const Array &logits, const Array &labels) {
  std::int64_t correct = 0;
  for (std::int64_t row = 0; row < labels.size(); ++row)
    correct += class_of(logits, row) == labels.span<std::uint8_t>()[row];
  return 100.0 * static_cast<double>(correct) / static_cast<double>(labels.size());
}

int main() try {
  TrainTest data = fashion_mnist();
  Array images = pixels(data.test.images);

  // Train: fake quantisation, scales from running ranges and from the weights.
  Graph graph = small_cnn();
  Trainer trainer(graph, {.batch = 128, .rate = 3e-3f, .seed = 1});
  Batches batches(data.train.size(), trainer.batch(), {.seed = 1, .drop_last = true});
  Progress progress("training small_cnn", batches.size());
  for (std::span<const std::int64_t> batch : batches) {
    StepResult step = trainer.step(pixels(gather(data.train.images, batch)), gather(data.train.labels, batch));
    progress.advance(1, "loss " + std::to_string(step.loss));
  }
  progress.finish();
  trainer.save_checkpoint("small_cnn.safetensors");

  // Freeze: scales and statistics become constants. What is evaluated from here on is what is shipped.
  Weights weights = trainer.weights();
  Graph frozen = freeze(graph, weights);
  Array expected = Evaluator(frozen, weights).run(images);
  std::printf("test images: %.2f %% correct in training form, %.2f %% frozen\n",
              percent_correct(trainer.evaluate(images), data.test.labels), percent_correct(expected, data.test.labels));

  // Compile for this machine and run: packed integers, the same bits.
  Model model = compile(frozen, weights);
  Array logits = model.run(images);
  std::printf("compiled: %.2f %% correct, %s\n", percent_correct(logits, data.test.labels),
              logits == expected ? "the same bits" : "DIFFERENT BITS");
  std::printf("%s\n", to_string(model.report()).c_str());

  // Ship: an object and a header for any target, which need no library.
  compile_to_object(frozen, weights, "native").save(".");

  // For classify.c and the tools: one image as raw floats, eight as an array, their logits, and the graph as text.
  std::span<const std::byte> first = images.bytes().first(28 * 28 * sizeof(float));
  std::ofstream("image.f32", std::ios::binary).write(reinterpret_cast<const char *>(first.data()), first.size());
  Array sample = gather(images, std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7});
  save_npy("sample.npy", sample);
  save_npy("logits.npy", model.run(sample));
  std::ofstream("frozen.mlir") << frozen.to_mlir(/*locations=*/true);
  std::printf("image 0: class %lld, label %d\n", static_cast<long long>(class_of(logits, 0)),
              data.test.labels.span<std::uint8_t>()[0]);
  return logits == expected ? 0 : 1;
} catch (const Error &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
