// From a trained network to an object file, with every output compared bit for bit on the way.
#include "frontend/examples/fashion_mnist/shipping.h"

#include <nibble/compile.h>
#include <nibble/npy.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace nibble;

namespace fashion {
namespace {

/// Images first .. first + count - 1.
Array slice(const Array &images, std::int64_t first, std::int64_t count) {
  Shape shape = images.shape();
  std::size_t bytes = images.byte_size() / static_cast<std::size_t>(shape[0]);
  shape[0] = count;
  Array part(images.type(), shape);
  std::memcpy(part.bytes().data(), images.bytes().data() + static_cast<std::size_t>(first) * bytes,
              static_cast<std::size_t>(count) * bytes);
  return part;
}

/// Runs the model on `batch` images at a time.
Array in_batches(const Model &model, const Array &images, std::int64_t batch) {
  std::int64_t count = images.shape()[0];
  Array logits(ElementType::f32, {count, 10});
  for (std::int64_t first = 0; first < count; first += batch) {
    Array part = model.run(slice(images, first, std::min(batch, count - first)));
    std::memcpy(logits.bytes().data() + static_cast<std::size_t>(first) * 40, part.bytes().data(), part.byte_size());
  }
  return logits;
}

double nanoseconds_per_image(const Model &model, const Array &images) {
  Array batch = slice(images, 0, 256);
  double best = 1e30;
  for (int repeat = 0; repeat < 20; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    model.run(batch);
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  return best / 256;
}

void write_file(const std::string &path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush())
    throw Error(path, "cannot write this file; is the disk full?");
}

/// Builds classify.c with the object and runs it on all images, one at a time.
Array run_object(const ObjectCode &code, const Array &images, const std::string &directory) {
  const std::string program = directory + "/classify", input = directory + "/images.f32",
                    output = directory + "/logits.f32";
  std::string upper = code.name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  const char *compiler = std::getenv("CC");
  auto run = [](const std::string &command) {
    if (std::system(command.c_str()) != 0) // NOLINT(bugprone-command-processor): the user's own compiler and paths
      throw Error("this command failed: " + command);
  };
  run(std::string(compiler ? compiler : "cc") + " -std=c11 -O2 -DMODEL=" + code.name + " -DMODEL_ARENA_BYTES=" + upper +
      "_ARENA_BYTES -DMODEL_HEADER='\"" + code.name + ".h\"' -I'" + directory + "' '" CLASSIFY_SOURCE "' '" +
      directory + "/" + code.name + ".o' -o '" + program + "'");
  write_file(input, images.bytes());
  run("'" + program + "' '" + input + "' '" + output + "'");
  std::ifstream file(output, std::ios::binary);
  Array logits(ElementType::f32, {images.shape()[0], 10});
  file.read(reinterpret_cast<char *>(logits.bytes().data()), static_cast<std::streamsize>(logits.byte_size()));
  if (!file || file.peek() != std::ifstream::traits_type::eof())
    throw Error(output, "does not hold 10 logits for each image");
  std::filesystem::remove(input);
  std::filesystem::remove(output);
  return logits;
}

/// Positions at which not all arrays have the same bits.
std::int64_t mismatches(const std::vector<Array> &ways) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < ways.front().size(); ++i) {
    auto bits = [&](const Array &a) { return a.bytes().subspan(static_cast<std::size_t>(i) * 4, 4); };
    count += std::any_of(ways.begin() + 1, ways.end(),
                         [&](const Array &a) { return !std::ranges::equal(bits(a), bits(ways.front())); });
  }
  return count;
}

std::string curve_json(const std::vector<Epoch> &curve) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Epoch &epoch : curve)
    rows.push_back({{"epoch", epoch.number},
                    {"frozen", epoch.frozen},
                    {"loss", epoch.loss},
                    {"training_accuracy", epoch.training},
                    {"validation_accuracy", epoch.validation}});
  return rows.dump(2) + "\n";
}

} // namespace

Result ship(Precision precision, const Trained &trained, const Images &test, const std::string &directory) {
  std::filesystem::create_directories(directory);
  Result result{.model = name_of(precision),
                .train_seconds = trained.seconds,
                .train_gflops = trained.gflops,
                .curve = trained.curve};

  // What training saw.
  result.accuracy_before_freeze =
      accuracy(Evaluator(trained.before, trained.weights_before, {}).run(test.pixels), test.labels);
  Array frozen = Evaluator(trained.frozen, trained.weights, {}).run(test.pixels);
  result.accuracy_frozen = accuracy(frozen, test.labels);

  // What compiled code computes: one thread, two threads and odd batches, and an object without any library.
  Model one = compile(trained.frozen, trained.weights, {.threads = 1}),
        two = compile(trained.frozen, trained.weights, {.threads = 2});
  Array t1 = in_batches(one, test.pixels, 256), t2 = in_batches(two, test.pixels, 7);
  result.accuracy_compiled = accuracy(t1, test.labels);
  result.ns_per_image = nanoseconds_per_image(one, test.pixels);
  result.report = one.report();
  result.profile = one.profile(slice(test.pixels, 0, 256), {.repeat = 20});

  ObjectCode code = compile_to_object(trained.frozen, trained.weights, "native");
  code.save(directory);
  Array shipped = run_object(code, test.pixels, directory);
  result.mismatched_outputs = mismatches({frozen, t1, t2, shipped});
  result.weight_bytes = code.weight_bytes();
  result.arena_bytes = code.arena_bytes(1);
  result.object_bytes = static_cast<std::int64_t>(code.object.size());

  auto write_text = [&](const char *name, const std::string &text) {
    write_file(directory + "/" + name, std::as_bytes(std::span(text)));
  };
  write_text("frozen.mlir", trained.frozen.to_mlir());
  write_text("report.txt", to_string(result.report));
  write_text("report.json", to_json(result.report, result.profile));
  write_text("learning.json", curve_json(result.curve));
  trained.weights.save(directory + "/weights.safetensors");
  save_npy(directory + "/logits_frozen.npy", frozen);
  save_npy(directory + "/logits_jit_t1_b256.npy", t1);
  save_npy(directory + "/logits_jit_t2_b7.npy", t2);
  save_npy(directory + "/logits_object_b1.npy", shipped);
  return result;
}

} // namespace fashion
