// Fashion-MNIST at five precisions: trained, frozen, compiled, checked bit for bit and shipped. --help lists the
// options.
#include "frontend/examples/fashion_mnist/pages.h"

#include <nibble/error.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unistd.h>

using namespace fashion;

namespace {

struct Arguments {
  std::string out = "build/demo", data = "/usr/share/datasets/fashion-mnist";
  std::vector<std::string> models;
  std::int64_t limit = 0; ///< Images of the training and of the test set; 0: all.
  Plan plan;
};

/// Fills `a`; gives the exit status if the program is done: 0 after --help, 1 after an error.
std::optional<int> parse(int argc, char **argv, Arguments &a) {
  std::vector<std::string> names;
  for (Precision precision : all_precisions())
    names.push_back(name_of(precision));
  std::string known;
  for (const std::string &name : names)
    known += (known.empty() ? "" : " ") + name;
  auto model = [&](const std::string &name) {
    bool found = std::find(names.begin(), names.end(), name) != names.end();
    return found ? std::string() : "there is no model '" + name + "'; known: " + known;
  };
  CLI::App app("Trains small networks at five precisions on Fashion-MNIST, freezes, compiles, checks and ships them.",
               "fashion_mnist_demo");
  int seeds = 1;
  app.add_option("--out", a.out, "Folder for results and models; it is made if it is missing")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--data", a.data, "Folder of the four files of Fashion-MNIST")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--models", a.models, "Some of " + known + ", joined by ',' [default: all of them]")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->check(model);
  auto number = [&](const char *flag, auto &value, int least, int greatest, const char *description) {
    app.add_option(flag, value, description)->type_name("N")->check(CLI::Range(least, greatest));
  };
  number("--epochs", a.plan.epochs, 1, 1000, "Epochs of training before freezing [default: 6]");
  number("--frozen-epochs", a.plan.frozen_epochs, 0, 1000, "Epochs of training after freezing [default: 1]");
  number("--seeds", seeds, 1, 1000, "Trainings of each model, of which the best is kept [default: 1]");
  number("--threads", a.plan.threads, 1, 1024, "Threads for training; changes no result [default: 2]");
  number("--limit", a.limit, 256, 60000,
         "Use only the first N training and test images: a quick check that everything works, not a result");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    std::fprintf(stderr, "fashion_mnist_demo: error: %s (see --help)\n", error.what());
    return 1;
  }
  a.plan.seeds.resize(static_cast<std::size_t>(seeds));
  std::iota(a.plan.seeds.begin(), a.plan.seeds.end(), 1);
  return std::nullopt;
}

/// Makes the folder, before hours of training whose results it could not take.
void prepare(const std::string &out) {
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (!error && access(out.c_str(), W_OK | X_OK) != 0)
    error = std::error_code(errno, std::generic_category());
  if (error)
    throw nibble::Error(out, "--out: results cannot be written to this folder: " + error.message());
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
  Arguments arguments;
  if (std::optional<int> status = parse(argc, argv, arguments))
    return *status;
  auto start = std::chrono::steady_clock::now();
  auto data = nibble::fashion_mnist(arguments.data);
  if (arguments.limit)
    data = {first(data.train, arguments.limit), first(data.test, arguments.limit)};
  auto parts = nibble::split(data.train.size(), std::min<std::int64_t>(5000, data.train.size() / 4), /*seed=*/0);
  Images all = Images::from(data.train), train_images = all.select(parts.train),
         validation = all.select(parts.validation), test = Images::from(data.test);

  prepare(arguments.out);
  std::vector<Result> results;
  for (Precision precision : all_precisions()) {
    const auto &chosen = arguments.models;
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name_of(precision)) == chosen.end())
      continue;
    Trained trained = train(precision, train_images, validation, arguments.plan);
    results.push_back(ship(precision, trained, test, arguments.out + "/" + name_of(precision)));
    write_json(results, arguments.out + "/results.json");
    write_page(results, arguments.out + "/report.html");
  }
  print_table(results);
  print_layers(results);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("\n%zu models in %.0f s; results and models are in %s, charts in %s/report.html\n", results.size(),
              seconds, arguments.out.c_str(), arguments.out.c_str());
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
