// Fashion-MNIST at five precisions: trained, frozen, compiled, checked bit for bit and shipped.
//
//   fashion_mnist_demo [--out DIR] [--data DIR] [--models float,w8a8,...] [--epochs N] [--frozen-epochs N] [--seeds N]
//                      [--threads N] [--limit N]
//
// --limit N uses only the first N (256 or more) training and test images: a quick check that everything works, not a
// result.
#include "frontend/examples/fashion_mnist/shipping.h"

#include <nibble/error.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

using namespace fashion;

namespace {

struct Arguments {
  std::string out = "build/demo", data = "/usr/share/datasets/fashion-mnist", models;
  std::int64_t limit = 0; ///< Images of the training and of the test set; 0: all.
  Plan plan;
};

Arguments parse(int argc, char **argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 == argc)
        throw nibble::Error(flag + " needs a value");
      return argv[++i];
    };
    auto number = [&](int least = 0, int greatest = 1000) {
      std::string text = value();
      char *end = nullptr;
      long n = std::strtol(text.c_str(), &end, 10);
      if (text.empty() || *end || n < least || n > greatest)
        throw nibble::Error(flag + " needs a number from " + std::to_string(least) + " to " + std::to_string(greatest) +
                            ", not '" + text + "'");
      return static_cast<int>(n);
    };
    if (flag == "--out")
      a.out = value();
    else if (flag == "--data")
      a.data = value();
    else if (flag == "--models")
      a.models = "," + value() + ",";
    else if (flag == "--epochs")
      a.plan.epochs = number();
    else if (flag == "--frozen-epochs")
      a.plan.frozen_epochs = number();
    else if (flag == "--threads")
      a.plan.threads = number();
    else if (flag == "--limit")
      a.limit = number(256, 60000);
    else if (flag == "--seeds") {
      a.plan.seeds.clear();
      for (int n = number(), s = 1; s <= n; ++s)
        a.plan.seeds.push_back(static_cast<std::uint64_t>(s));
    } else
      throw nibble::Error("unknown argument " + flag +
                          "; known are --out, --data, --models, --epochs, --frozen-epochs, "
                          "--seeds, --threads and --limit");
  }
  return a;
}

/// The first `count` images, or all if there are fewer.
nibble::Dataset first(const nibble::Dataset &dataset, std::int64_t count) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(count, dataset.size())));
  std::iota(indices.begin(), indices.end(), 0);
  return {nibble::gather(dataset.images, indices), nibble::gather(dataset.labels, indices)};
}

void print_table(const std::vector<Result> &results) {
  std::printf("\n%-6s %9s %8s %9s %10s %9s %9s %9s %9s %8s %8s\n", "model", "before %", "frozen %", "compiled%",
              "mismatches", "weights B", "arena B", "object B", "ns/image", "train s", "GFLOP/s");
  for (const Result &r : results)
    std::printf("%-6s %9.2f %8.2f %9.2f %10lld %9lld %9lld %9lld %9.0f %8.1f %8.1f\n", r.model.c_str(),
                r.accuracy_before_freeze, r.accuracy_frozen, r.accuracy_compiled,
                static_cast<long long>(r.mismatched_outputs), static_cast<long long>(r.weight_bytes),
                static_cast<long long>(r.arena_bytes), static_cast<long long>(r.object_bytes), r.ns_per_image,
                r.train_seconds, r.train_gflops);
}

void write_json(const std::vector<Result> &results, const std::string &path) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Result &r : results)
    rows.push_back({{"model", r.model},
                    {"accuracy_before_freeze", r.accuracy_before_freeze},
                    {"accuracy_frozen", r.accuracy_frozen},
                    {"accuracy_compiled", r.accuracy_compiled},
                    {"mismatched_outputs", r.mismatched_outputs},
                    {"weight_bytes", r.weight_bytes},
                    {"arena_bytes", r.arena_bytes},
                    {"object_bytes", r.object_bytes},
                    {"ns_per_image", r.ns_per_image},
                    {"train_seconds", r.train_seconds},
                    {"train_gflops", r.train_gflops}});
  std::ofstream file(path);
  file << rows.dump(2) << "\n";
  if (!file.flush())
    throw nibble::Error(path, "cannot write the results");
}

} // namespace

int main(int argc, char **argv) try {
  Arguments arguments = parse(argc, argv);
  auto start = std::chrono::steady_clock::now();
  auto data = nibble::fashion_mnist(arguments.data);
  if (arguments.limit)
    data = {first(data.train, arguments.limit), first(data.test, arguments.limit)};
  auto parts = nibble::split(data.train.size(), std::min<std::int64_t>(5000, data.train.size() / 4), /*seed=*/0);
  Images all = Images::from(data.train), train_images = all.select(parts.train),
         validation = all.select(parts.validation), test = Images::from(data.test);

  std::filesystem::create_directories(arguments.out);
  std::vector<Result> results;
  for (Precision precision : all_precisions()) {
    if (!arguments.models.empty() && arguments.models.find("," + name_of(precision) + ",") == std::string::npos)
      continue;
    Trained trained = train(precision, train_images, validation, arguments.plan);
    results.push_back(ship(precision, trained, test, arguments.out + "/" + name_of(precision)));
    write_json(results, arguments.out + "/results.json");
  }
  print_table(results);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("\n%zu models in %.0f s; results and models are in %s\n", results.size(), seconds, arguments.out.c_str());
  for (const Result &r : results)
    if (r.mismatched_outputs)
      throw nibble::Error(r.model + ": " + std::to_string(r.mismatched_outputs) +
                          " outputs differ between training and compiled code");
  return 0;
} catch (const nibble::Error &error) {
  std::fprintf(stderr, "fashion_mnist_demo: %s\n", error.what());
  return 1;
} catch (const std::exception &error) {
  std::fprintf(stderr, "fashion_mnist_demo: %s\n", error.what());
  return 1;
}
