// freeze, compile and compile_to_object: packed integer code against the evaluation of the frozen graph and the
// interpreter; reports; mistakes.
#include "test/unit/ExecuteTestSupport.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <thread>

using namespace nibble;
using nibble::test::expectSame;
using nibble::test::host;
using nibble::test::messageOf;
using testing::HasSubstr;

namespace {

struct Trained {
  Graph graph;
  Weights weights;
};

/// The network of a precision after some steps of training; trained once for all tests.
const Trained &trained(const std::string &precision) {
  static std::map<std::string, Trained> cache;
  auto found = cache.find(precision);
  if (found == cache.end()) {
    Graph graph = test::tinyNet(precision);
    Trainer trainer(graph, {.batch = 16, .rate = 0.01f, .seed = 1});
    for (std::uint64_t i = 0; i < 30; ++i) {
      auto [images, labels] = test::makeImages(16, 100 + i);
      trainer.step(images, labels);
    }
    found = cache.emplace(precision, Trained{graph, trainer.weights()}).first;
  }
  return found->second;
}

Array firstRows(const Array &array, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = static_cast<std::int64_t>(i);
  return gather(array, rows);
}

/// The model run in batches of `size`.
Array runInBatches(const Model &model, const Array &images, std::int64_t size) {
  std::vector<float> all;
  const std::int64_t count = images.shape()[0];
  for (std::int64_t first = 0; first < count; first += size) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = first; i < std::min(count, first + size); ++i)
      rows.push_back(i);
    Array part = model.run(gather(images, rows));
    all.insert(all.end(), part.span<float>().begin(), part.span<float>().end());
  }
  return Array::from<float>({count, static_cast<std::int64_t>(all.size()) / count}, all);
}

class CompilePrecisionTest : public testing::TestWithParam<std::string> {
protected:
  const Graph &graph = trained(GetParam()).graph;
  const Weights &weights = trained(GetParam()).weights;
  Graph frozen = freeze(graph, weights);
  Array images = test::makeImages(61, 77).images;
};

TEST_P(CompilePrecisionTest, EvaluationInterpreterAndCodeAgreeInEveryBit) {
  Array expected = Evaluator(frozen, weights, {.batch = 16, .threads = 2}).run(images);
  expectSame(Trainer(frozen, weights, {.batch = 8}).evaluate(images), expected, "trainer");

  test::Values parameters;
  for (const WeightSpec &spec : frozen.parameters())
    parameters[spec.name] = host(weights.at(spec.name));
  Array few = firstRows(images, 9);
  auto interpreted = test::interpretModel(frozen.to_mlir(), host(few), parameters);
  expectSame(Array::from<float>({9, 4}, interpreted.f32), firstRows(expected, 9), "interpreter");

  for (int threads : {1, 2})
    for (std::int64_t tile : {0, 1, 5, 32}) {
      Model model = compile(frozen, weights, {.threads = threads, .batch_tile = tile});
      EXPECT_EQ(model.threads(), threads);
      const std::string what = std::to_string(threads) + " threads, tiles of " + std::to_string(tile);
      expectSame(model.run(images), expected, what);
      for (std::int64_t size : {std::int64_t(1), std::int64_t(7), model.report().batch_tile})
        expectSame(runInBatches(model, images, size), expected, what + ", batches of " + std::to_string(size));
    }
}

TEST_P(CompilePrecisionTest, TrainsOnAfterFreezingAndCompilesAgain) {
  Trainer last(frozen, weights, {.batch = 16, .rate = 0.003f, .threads = 2});
  for (std::uint64_t i = 0; i < 5; ++i) {
    auto [batch, labels] = test::makeImages(16, 700 + i);
    last.step(batch, labels);
  }
  Weights moved = last.weights();
  EXPECT_NE(moved.at("conv2.weight"), weights.at("conv2.weight"));
  Array expected = last.evaluate(images);
  expectSame(compile(frozen, moved, {}).run(images), expected, "after phase two");
}

TEST_P(CompilePrecisionTest, BaselineTargetGivesTheSameBits) {
  Array expected = Evaluator(frozen, weights).run(images);
  expectSame(compile(frozen, weights, {.target = "x86_64-linux-gnu"}).run(images), expected, "no optional features");
}

TEST_P(CompilePrecisionTest, ObjectLinksIntoCAndGivesTheSameBits) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / ("nibble-object-" + GetParam());
  fs::create_directories(folder);
  ObjectCode code = compile_to_object(frozen, weights, "native");
  ObjectCode again = compile_to_object(frozen, weights, "native");
  EXPECT_EQ(code.object, again.object) << "built twice";
  EXPECT_EQ(code.header, again.header);
  code.save(folder.string(), "net");
  std::ofstream(folder / "images.bin", std::ios::binary)
      .write(reinterpret_cast<const char *>(images.bytes().data()), static_cast<std::streamsize>(images.byte_size()));
  std::ofstream(folder / "main.c") << R"(
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  static float images[61 * 64], logits[61 * 4];
  FILE *in = argc == 3 ? fopen(argv[1], "rb") : 0, *out = argc == 3 ? fopen(argv[2], "wb") : 0;
  if (!in || !out || fread(images, 4, 61 * 64, in) != 61 * 64)
    return 1;
  void *arena = aligned_alloc(64, (TINY_ARENA_BYTES(1) + 63) / 64 * 64);
  for (int i = 0; i < 61; ++i)
    if (tiny(images + i * 64, logits + i * 4, 1, arena, 0) != 0)
      return 2;
  free(arena);
  return fwrite(logits, 4, 61 * 4, out) != 61 * 4 || fclose(out);
}
)";
  const std::string at = folder.string();
  const std::string build = std::string(NIBBLE_TEST_CC) + " -std=c11 -Wall -Wextra -Werror -o " + at + "/run " + at +
                            "/main.c " + at + "/net.o";
  // NOLINTBEGIN(bugprone-command-processor): the test is what a user types
  ASSERT_EQ(std::system(build.c_str()), 0) << build;
  ASSERT_EQ(std::system((at + "/run " + at + "/images.bin " + at + "/logits.bin").c_str()), 0);
  // NOLINTEND(bugprone-command-processor)
  std::vector<float> logits(61 * 4);
  std::ifstream(folder / "logits.bin", std::ios::binary)
      .read(reinterpret_cast<char *>(logits.data()), static_cast<std::streamsize>(logits.size() * 4));
  expectSame(Array::from<float>({61, 4}, logits), compile(frozen, weights).run(images), "object");
  fs::remove_all(folder);
}

TEST_P(CompilePrecisionTest, ReportsEveryLayer) {
  Model model = compile(frozen, weights, {.batch_tile = 16});
  const Report &report = model.report();
  EXPECT_EQ(report.name, "tiny");
  EXPECT_EQ(report.batch_tile, 16);
  std::vector<LayerReport> contractions;
  std::copy_if(report.layers.begin(), report.layers.end(), std::back_inserter(contractions),
               [](const LayerReport &layer) { return !layer.kernel.empty(); });
  ASSERT_EQ(contractions.size(), 3u);
  const bool quantized = GetParam() != "float";
  const std::map<std::string, std::pair<std::string, std::string>> middle = {{"float", {"f32", "f32"}},
                                                                             {"w8a8", {"u8", "s8"}},
                                                                             {"w4a4", {"u4", "s4"}},
                                                                             {"w2a8", {"u8", "ternary"}},
                                                                             {"w1a1", {"binary", "binary"}}};
  for (std::size_t i = 0; i < 3; ++i) {
    const LayerReport &layer = contractions[i];
    EXPECT_EQ(layer.name, i == 0 ? "conv1" : i == 1 ? "conv2" : "fc");
    EXPECT_THAT(layer.file, HasSubstr("ExecuteTestNets.cpp"));
    EXPECT_GT(layer.line, 0);
    EXPECT_FALSE(layer.kernel.empty());
    EXPECT_GT(layer.weight_bytes, 0);
    EXPECT_EQ(layer.input_type, i == 1 ? middle.at(GetParam()).first : quantized ? "u8" : "f32");
    EXPECT_EQ(layer.weight_type, i == 1 ? middle.at(GetParam()).second : quantized ? "s8" : "f32");
  }
  std::int64_t sum = 0;
  for (const LayerReport &layer : report.layers)
    sum += layer.weight_bytes;
  EXPECT_GE(model.weight_bytes(), sum) << "all constants include the weights";
  EXPECT_LT(model.weight_bytes(), sum + 1024) << "once, and scales and biases beside them";
  EXPECT_GE(report.arena_planned, report.arena_lower_bound);
  EXPECT_EQ(model.arena_bytes(3), report.arena_planned + 3 * report.arena_scratch);
  const std::string text = to_string(report);
  EXPECT_THAT(text, HasSubstr("remark: tiny/conv2: kernel " + contractions[1].kernel + " ("));
  EXPECT_THAT(text, HasSubstr("bytes of constants; arena"));

  const Profile profile = model.profile(images, {.repeat = 2}); // 61 images: the last tile is not full
  ASSERT_EQ(profile.layers.size(), report.layers.size());
  for (std::size_t i = 0; i < profile.layers.size(); ++i)
    EXPECT_GT(profile.layers[i].min, 0) << report.layers[i].name;
}

INSTANTIATE_TEST_SUITE_P(All, CompilePrecisionTest, testing::ValuesIn(test::precisions()),
                         [](const auto &info) { return info.param; });

TEST(CompileTest, LowBitWeightsAreSmall) {
  auto conv2 = [](const std::string &precision, const char *target = "native") {
    const auto &[graph, weights] = trained(precision);
    return compile_to_object(freeze(graph, weights), weights, target).report.layer("conv2")->weight_bytes;
  };
  EXPECT_LE(conv2("w1a1", "x86_64-linux-gnu") * 8, conv2("float")) << "8 channels take a word of 32 bits";
  EXPECT_LE(conv2("w1a1", "x86_64-linux-gnu,+avx2") * 8, conv2("float")) << "the same";
  EXPECT_LE(conv2("w1a1") * 4, conv2("float")) << "counting kernels have blocks of 32 outputs, of which 16 exist";
  EXPECT_LE(conv2("w2a8") * 8, conv2("float"));
  EXPECT_LE(conv2("w4a4") * 4, conv2("float"));
}

TEST(CompileTest, TunedModelsGiveTheSameBits) {
  const auto &[graph, weights] = trained("w4a8");
  const Graph frozen = freeze(graph, weights);
  const Array images = test::makeImages(9, 3).images;
  const Array expected = compile(frozen, weights).run(images);
  const std::string cache = testing::TempDir() + "nibble-tune";
  std::filesystem::remove_all(cache);
  CompileOptions tuned{.batch_tile = 4, .tune = true, .tune_cache = cache};
  const Model first = compile(frozen, weights, tuned), second = compile(frozen, weights, tuned);
  expectSame(first.run(images), expected, "tuned");
  expectSame(second.run(images), expected, "tuned, from the cache");
  const LayerReport &once = *first.report().layer("conv2"), &again = *second.report().layer("conv2");
  EXPECT_THAT(once.choice, testing::StartsWith("measured "));
  EXPECT_EQ(once.choice + " (cached)", again.choice);
  EXPECT_EQ(once.kernel, again.kernel);
  EXPECT_THAT(once.rejected, testing::Contains(HasSubstr("; " + once.kernel + " ")));
  EXPECT_THAT(messageOf([&] { compile_to_object(frozen, weights, "riscv64-linux-gnu", tuned); }),
              HasSubstr("kernels for riscv64-linux-gnu cannot be measured here: "));
}

TEST(CompileTest, FrozenGraphs) {
  const auto &[graph, weights] = trained("w4a4");
  std::vector<Diagnostic> remarks;
  Graph frozen = freeze(graph, weights, &remarks);
  EXPECT_FALSE(remarks.empty());
  EXPECT_TRUE(frozen.is_frozen());
  EXPECT_FALSE(graph.is_frozen());
  EXPECT_EQ(frozen.name(), "tiny");
  EXPECT_THAT(frozen.to_mlir(), HasSubstr("nibble.requantize"));
  EXPECT_EQ(frozen.to_mlir(), freeze(graph, weights).to_mlir());
  std::vector<std::string> names;
  for (const WeightSpec &spec : frozen.parameters())
    names.push_back(spec.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "conv2.weight", "fc.weight"}));

  Graph twice = freeze(frozen, weights);
  Array images = test::makeImages(5, 3).images;
  EXPECT_EQ(compile(twice, weights).run(images), compile(frozen, weights).run(images));

  frozen.param("more.weight", {4});
  const std::string message = messageOf([&] { frozen.check(); });
  EXPECT_THAT(message, HasSubstr("CompileTest.cpp:"));
  EXPECT_THAT(message, HasSubstr("is frozen and cannot be extended"));
}

TEST(CompileTest, MistakesAreOneClearError) {
  const auto &[graph, weights] = trained("w8a8");
  Graph frozen = freeze(graph, weights);
  EXPECT_THAT(messageOf([&, &graph = graph, &weights = weights] { compile(graph, weights); }),
              HasSubstr("graph \"tiny\" is not frozen: freeze it first"));
  Weights bad = weights;
  bad.erase("conv1.weight");
  bad.set("fc.weight", Array(ElementType::f32, {4, 1}));
  bad.set("other", Array(ElementType::f32, {1}));
  for (const std::string &message : {messageOf([&] { compile(frozen, bad); }),
                                     messageOf([&] { compile_to_object(frozen, bad, "x86_64-linux-gnu"); })}) {
    EXPECT_THAT(message, HasSubstr("missing tensor 'conv1.weight': the model expects f32 [8, 3, 3, 1]\n"));
    EXPECT_THAT(message, HasSubstr("tensor 'fc.weight' is f32 [4, 1], but the model expects f32 [4, 64]"));
    EXPECT_THAT(message, HasSubstr("extra tensor 'other'"));
  }
  bad = weights;
  bad.set("fc.weight", Array(ElementType::i32, {4, 64}));
  EXPECT_THAT(messageOf([&] { compile(frozen, bad); }),
              HasSubstr("tensor 'fc.weight' is i32 [4, 64], but the model expects f32"));
  bad = weights;
  bad.set("fc.wieght", bad.at("fc.weight"));
  bad.erase("fc.weight");
  for (const std::string &message :
       {messageOf([&] { compile(frozen, bad); }), messageOf([&, &graph = graph] { freeze(graph, bad); }),
        messageOf([&] { Evaluator(frozen, bad); })})
    EXPECT_THAT(message, HasSubstr("missing tensor 'fc.weight': the model expects f32 [4, 64]; is it 'fc.wieght'?"));
  EXPECT_THAT(messageOf([&, &weights = weights] { compile(frozen, weights, {.target = "z80"}); }), HasSubstr("z80"));
  EXPECT_THAT(messageOf([&, &weights = weights] { compile(frozen, weights, {.target = "aarch64-linux-gnu"}); }),
              HasSubstr("cannot run here"));
  EXPECT_THAT(messageOf([&, &weights = weights] { compile(frozen, weights, {.batch_tile = -1}); }),
              HasSubstr("batch tile of -1"));
  Model model = compile(frozen, weights);
  EXPECT_THAT(messageOf([&] { model.run(Array(ElementType::u8, {1, 8, 8, 1})); }),
              HasSubstr("tiny takes \"image\" as f32 [N, 8, 8, 1], got u8 [1, 8, 8, 1]"));
  EXPECT_EQ(model.run(Array(ElementType::f32, {0, 8, 8, 1})).shape(), (Shape{0, 4}));

  // A range that never saw a batch: all at the place where the quantiser was written.
  Weights fresh = Trainer(graph).weights();
  EXPECT_THAT(messageOf([&, &graph = graph] { freeze(graph, fresh); }), HasSubstr("ExecuteTestNets.cpp:"));
}

TEST(CompileTest, NumbersThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (const char *precision : {"float", "w8a8", "w2a8", "w1a1"}) {
    const auto &[graph, weights] = trained(precision);
    Graph frozen = freeze(graph, weights);
    for (const char *name : {"conv1.weight", "conv2.weight", "fc.bias"}) {
      Weights bad = weights;
      bad.at(name).span<float>()[3] = name[0] == 'f' ? -inf : nan;
      const std::string where = std::string("param @") + name + " has a value that is no finite number, " +
                                (name[0] == 'f'   ? "-inf at [3]"
                                 : name[4] == '1' ? "nan at [0, 1, 0, 0]"
                                                  : "nan at [0, 0, 0, 3]");
      const std::string message = messageOf([&, &graph = graph] { freeze(graph, bad); });
      EXPECT_THAT(message, HasSubstr(where));
      EXPECT_THAT(message, HasSubstr("ExecuteTestNets.cpp:"));
      EXPECT_THAT(messageOf([&, &graph = graph] { Evaluator(graph, bad); }), HasSubstr("no finite number"));
      if (name[0] == 'c') { // what freezing has not made a constant
        EXPECT_THAT(messageOf([&] { compile(frozen, bad); }), HasSubstr(where));
        EXPECT_THAT(messageOf([&] { compile_to_object(frozen, bad, "x86_64-linux-gnu"); }), HasSubstr(where));
      }
    }
  }
  const auto &[graph, weights] = trained("w8a8");
  Weights bad = weights;
  bad.set("image.range", Array::from<float>({3}, {3, -3, 1}));
  EXPECT_THAT(messageOf([&, &graph = graph] { freeze(graph, bad); }),
              HasSubstr("fake_quant cannot be frozen: its range [3.000000e+00, -3.000000e+00] ends before it starts"));
  bad.set("image.range", Array::from<float>({3}, {0, inf, 1}));
  EXPECT_THAT(messageOf([&, &graph = graph] { freeze(graph, bad); }), HasSubstr("is not finite"));
  // Zeros alone are possible (a dead layer), but said.
  bad.set("image.range", Array::from<float>({3}, {0, 0, 1}));
  std::vector<Diagnostic> remarks;
  freeze(graph, bad, &remarks);
  auto warning =
      std::find_if(remarks.begin(), remarks.end(), [](const Diagnostic &d) { return d.severity == Severity::warning; });
  ASSERT_NE(warning, remarks.end());
  EXPECT_THAT(warning->message, HasSubstr("fake_quant has the range [0, 0]"));
}

TEST(CompileTest, WeightArithmeticSaysWhatToDo) {
  auto weights = [](const Graph &graph) {
    Weights made;
    for (const WeightSpec &spec : graph.parameters()) {
      Array array(ElementType::f32, spec.shape);
      for (float &v : array.span<float>())
        v = 0.5f;
      made.set(spec.name, std::move(array));
    }
    return made;
  };
  auto network = [](auto weight) {
    Graph g("arithmetic");
    Tensor x = g.input("x", f32, {dyn, 12}).fake_quant(quint(8));
    g.output("y", linear(x, weight(g)));
    return g;
  };
  const int line = __LINE__;
  Graph scaled = network([](Graph &g) { return (g.param("w", {3, 12}) * 2.0f).fake_quant(qint(8)); });
  Graph ternary = network([](Graph &g) { return (g.param("w", {3, 12}) * 2.0f).ternarize(); });
  Graph reshaped = network([](Graph &g) { return reshape(g.param("w", {36}).fake_quant(qint(8)), {3, 12}); });
  Graph good = network([](Graph &g) { return reshape(g.param("w", {36}), {3, 12}).fake_quant(qint(8)); });
  std::string message = messageOf([&] { freeze(scaled, weights(scaled)); });
  EXPECT_THAT(message,
              HasSubstr("CompileTest.cpp:" + std::to_string(line + 1) + ": error: fake_quant cannot be frozen"));
  EXPECT_THAT(message, HasSubstr("computed from parameters by mul; quantise the parameter itself"));
  EXPECT_THAT(message, HasSubstr(std::to_string(line + 1) + ": note: computed here"));
  EXPECT_THAT(messageOf([&] { freeze(ternary, weights(ternary)); }),
              HasSubstr("computed from parameters by mul; quantise the parameter itself"));
  message = messageOf([&] { compile(freeze(reshaped, weights(reshaped)), weights(reshaped)); });
  EXPECT_THAT(message, HasSubstr("linear has weights that are computed at run time"));
  EXPECT_THAT(message, HasSubstr(std::to_string(line + 3) + ": note: computed here by reshape"));
  EXPECT_EQ(messageOf([&] { compile(freeze(good, weights(good)), weights(good)); }), "no error");
}

TEST(CompileTest, ModelsThatWereMovedFrom) {
  const auto &[graph, weights] = trained("float");
  Model model = compile(graph.is_frozen() ? graph : freeze(graph, weights), weights);
  Model other = std::move(model);
  // NOLINTBEGIN(bugprone-use-after-move): what is tested
  EXPECT_THAT(messageOf([&] { model.run(Array(ElementType::f32, {1, 8, 8, 1})); }),
              HasSubstr("this Model has been moved from"));
  EXPECT_EQ(model.threads(), 0);
  EXPECT_TRUE(model.report().layers.empty());
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_EQ(other.run(Array(ElementType::f32, {1, 8, 8, 1})).shape(), (Shape{1, 4}));
  Evaluator evaluator(graph, weights), moved = std::move(evaluator);
  EXPECT_THAT(messageOf([&] { evaluator.run(Array(ElementType::f32, {1, 8, 8, 1})); }),
              HasSubstr("this Evaluator has been moved from"));
}

TEST(CompileTest, SeveralThreadsCompileAndRunAtOnce) {
  const auto &[graph, weights] = trained("w4a4");
  Graph frozen = freeze(graph, weights);
  Array images = test::makeImages(33, 5).images;
  Model shared = compile(frozen, weights, {.threads = 2});
  Array expected = shared.run(images);
  std::vector<Array> results(6);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i, &weights = weights] {
      if (i < 2)
        results[i] = shared.run(images);
      else if (i < 4) // a frozen graph is only read
        results[i] = compile(frozen, weights, {.threads = 1}).run(images);
      else // others belong to one thread at a time
        results[i] = compile(freeze(test::tinyNet("w4a4"), weights), weights, {.threads = 1}).run(images);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const Array &result : results)
    EXPECT_EQ(result, expected);
}

TEST(CompileTest, ObjectsForOtherTargets) {
  const auto &[graph, weights] = trained("w4a4");
  Graph frozen = freeze(graph, weights);
  ObjectCode arm = compile_to_object(frozen, weights, "aarch64-linux-gnu");
  ASSERT_GT(arm.object.size(), 20u);
  EXPECT_EQ(std::memcmp(arm.object.data(), "\177ELF", 4), 0);
  EXPECT_EQ(static_cast<int>(arm.object[18]), 183) << "EM_AARCH64";
  EXPECT_EQ(arm.report.target.rfind("aarch64-linux-gnu", 0), 0u);
  EXPECT_THAT(messageOf([&] { arm.save("/nonexistent/folder"); }), HasSubstr("/nonexistent/folder"));
}

} // namespace
