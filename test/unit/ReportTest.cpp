// Reports: bytes and operations of a network counted by hand, text, JSON, pages, and the structure of profiles.
#include "test/unit/ExecuteTestSupport.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace nibble;
using nibble::test::messageOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// 8 x 8 x 3 images in 8 bits, a padded convolution to 4 x 4 x 8 in 4 bits, pooling to 2 x 2, a linear layer to 5.
Graph network() {
  Graph g("net");
  Tensor x = g.input("image", f32, {dyn, 8, 8, 3}).fake_quant(quint(8));
  const auto w4 = qint(4).narrow().per_channel(0);
  Tensor h = conv2d(x, g.param("conv.weight", {8, 3, 3, 3}).fake_quant(w4), {.stride = 2, .pad = Pad::same});
  h = max_pool2d(relu(h).fake_quant(quint(4)), {.window = 2});
  g.output("y", linear(flatten(h), g.param("fc.weight", {5, 32}).fake_quant(w4)));
  return g;
}

/// Values between -1 and 1, and ranges as if observed.
Weights weightsOf(const Graph &graph) {
  Weights weights;
  for (const WeightSpec &spec : graph.parameters()) {
    Array array(ElementType::f32, spec.shape);
    auto values = array.span<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(static_cast<int>(i * 7 % 19) - 9) / 9;
    if (spec.name.ends_with(".range"))
      std::copy_n(std::begin({0.0f, 1.0f, 1.0f}), 3, values.begin());
    weights.set(spec.name, std::move(array));
  }
  return weights;
}

const Model &model() {
  static const Model compiled = [] {
    Graph graph = network();
    Weights weights = weightsOf(graph);
    return compile(freeze(graph, weights), weights,
                   {.target = "x86_64-linux-gnu", .threads = 1, .batch_tile = 4}); // portable code: 16-bit words
  }();
  return compiled;
}

Array images(std::int64_t count) { return Array(ElementType::f32, {count, 8, 8, 3}); }

const LayerReport &layerOf(const Report &report, std::string_view name) {
  static const LayerReport none;
  const LayerReport *layer = report.layer(name);
  EXPECT_NE(layer, nullptr) << name;
  return layer ? *layer : none;
}

TEST(ReportTest, CountsOperationsAndBytesOfEveryLayer) {
  const Report &report = model().report();
  std::vector<std::string> names;
  for (const LayerReport &layer : report.layers)
    names.push_back(layer.name);
  ASSERT_THAT(names, ElementsAre("quantize", "conv", "max_pool2d", "fc"));

  const LayerReport &quantize = layerOf(report, "quantize");
  EXPECT_EQ(quantize.input_type + " " + quantize.output_type, "f32 u8");
  EXPECT_EQ(quantize.bytes_read, 8 * 8 * 3 * 4);
  EXPECT_EQ(quantize.bytes_written, 8 * 8 * 3 * 2);
  EXPECT_EQ(quantize.constant_bytes, 2 * 4) << "scale and zero point";
  EXPECT_EQ(quantize.macs, 0);
  EXPECT_EQ(quantize.kernel + quantize.weight_type, "");

  const LayerReport &conv = layerOf(report, "conv");
  EXPECT_EQ(conv.op, "conv2d");
  EXPECT_EQ(conv.kernel, "portable_i16");
  EXPECT_EQ(conv.input_type + " " + conv.weight_type + " " + conv.output_type, "u8 s4 u4");
  EXPECT_THAT(conv.input_shape, ElementsAre(8, 8, 3));
  EXPECT_THAT(conv.weight_shape, ElementsAre(8, 3, 3, 3));
  EXPECT_THAT(conv.output_shape, ElementsAre(4, 4, 8));
  EXPECT_THAT(conv.file, HasSubstr("ReportTest.cpp"));
  // Stride 2 of 8 pixels, window 3: one row of padding behind. Three outputs of a line see 3 taps, the last one 2.
  EXPECT_EQ(conv.macs, (3 + 3 + 3 + 2) * (3 + 3 + 3 + 2) * 3 * 8);
  EXPECT_EQ(conv.bytes_read, 8 * 8 * 3 * 2);
  EXPECT_EQ(conv.bytes_written, 4 * 4 * 8 * 2);
  EXPECT_GT(conv.constant_bytes, conv.weight_bytes) << "scales and biases beside the weights";

  const LayerReport &pool = layerOf(report, "max_pool2d");
  EXPECT_EQ(pool.input_type + " " + pool.output_type, "u4 u4");
  EXPECT_EQ(pool.bytes_read, 4 * 4 * 8 * 2);
  EXPECT_EQ(pool.bytes_written, 2 * 2 * 8 * 2);
  EXPECT_EQ(pool.constant_bytes, 0);

  const LayerReport &fc = layerOf(report, "fc");
  EXPECT_EQ(fc.op, "linear");
  EXPECT_THAT(fc.input_shape, ElementsAre(32));
  EXPECT_THAT(fc.weight_shape, ElementsAre(5, 32));
  EXPECT_THAT(fc.output_shape, ElementsAre(5));
  EXPECT_EQ(fc.macs, 5 * 32);
  EXPECT_EQ(fc.bytes_read, 2 * 2 * 8 * 2);
  EXPECT_EQ(fc.bytes_written, 5 * 4) << "f32";

  std::int64_t constants = 0;
  for (const LayerReport &layer : report.layers)
    constants += layer.constant_bytes;
  EXPECT_EQ(constants, report.weight_bytes) << "no constant is read by two layers of this network, and all are read";
}

TEST(ReportTest, StepsCoverEveryLayer) {
  const Report &report = model().report();
  std::vector<int> steps(report.layers.size());
  for (const StepReport &step : report.steps) {
    ASSERT_LT(step.layer, report.layers.size());
    ++steps[step.layer];
  }
  EXPECT_THAT(steps, testing::Each(testing::Gt(0)));
}

TEST(ReportTest, ProfileHasTheTimeOfEveryLayer) {
  for (int threads : {1, 2}) {
    Graph graph = network();
    Weights weights = weightsOf(graph);
    Model compiled = compile(freeze(graph, weights), weights, {.threads = threads, .batch_tile = 4});
    const Array before = compiled.run(images(11));
    const Profile profile = compiled.profile(images(11), {.repeat = 5}); // three tiles, the last one not full
    EXPECT_EQ(profile.images, 11);
    EXPECT_EQ(profile.repeat, 5);
    EXPECT_EQ(profile.threads, threads);
    ASSERT_EQ(profile.layers.size(), compiled.report().layers.size());
    double sum = 0;
    for (const Time &time : profile.layers) {
      EXPECT_GT(time.min, 0);
      EXPECT_LE(time.min, time.median);
      sum += time.min;
    }
    EXPECT_LE(profile.total.min, profile.total.median);
    EXPECT_LE(sum, profile.total.min) << "least times of the layers, and of the call around them";
    EXPECT_EQ(compiled.run(images(11)), before);
  }
}

TEST(ReportTest, ProfileRefusesWhatItCannotMeasure) {
  EXPECT_THAT(messageOf([] { (void)model().profile(images(1), {.repeat = 0}); }),
              HasSubstr("repeat of 1 to 1000000, got 0"));
  EXPECT_THAT(messageOf([] { (void)model().profile(images(0)); }), HasSubstr("at least one image"));
  EXPECT_THAT(messageOf([] { (void)model().profile(Array(ElementType::f32, {1, 4})); }), HasSubstr("takes \"image\""));
}

TEST(ReportTest, TextHasAPlaceForEveryLayer) {
  const std::string text = to_string(model().report());
  EXPECT_THAT(text, HasSubstr(": remark: net/conv: kernel portable_i16 (u8 x s4, "));
  EXPECT_THAT(text, HasSubstr("weight bytes), predicted "));
  EXPECT_THAT(text, HasSubstr("s; per image 2,904 multiply-accumulates, 384 bytes read, 256 written; "));
  EXPECT_THAT(text, HasSubstr(": remark: net/max_pool2d: u4 to u4; per image 256 bytes read, 64 written; at least "));
  EXPECT_THAT(text, HasSubstr(" for tiles of 4 images; bounds by the limits of "));
  EXPECT_THAT(text, HasSubstr("dot_u8s8_6x16_avx2, dot_u8s8_6x16_avx2_exact: target has no avx2\n"));
  const Report &report = model().report();
  std::size_t lines = report.layers.size() + report.remarks.size() + 1;
  for (const LayerReport &layer : report.layers)
    lines += skipped(layer).size();
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1, lines);
}

TEST(ReportTest, KernelsWithOneReasonShareIt) {
  LayerReport layer;
  EXPECT_THAT(skipped(layer), ElementsAre());
  layer.rejected = {"a: x: y", "b: x: y", "c: z", "d: x: y", "e"};
  EXPECT_THAT(skipped(layer), ElementsAre("a, b: x: y", "c: z", "d: x: y", "e"));
}

TEST(ReportTest, FlattenedWindowsAndListsAreNamed) {
  Report report;
  LayerReport &layer = report.layers.emplace_back();
  layer.kernel = "dot_a", layer.input_type = "u8", layer.weight_type = "s4", layer.weight_bytes = 192,
  layer.macs = 1440;
  EXPECT_EQ(to_string(layer), "kernel dot_a (u8 x s4, 192 weight bytes); per image 1,440 multiply-accumulates");
  EXPECT_FALSE(nlohmann::json::parse(to_json(report))["layers"][0].contains("window"));
  layer.window = "3 x 3 x 1 flattened to 3 runs of 4";
  layer.lists = "9 groups in 4 windows, 3 groups more than the weights fill";
  EXPECT_EQ(to_string(layer), "kernel dot_a (u8 x s4, 192 weight bytes), window of 3 x 3 x 1 flattened to 3 runs of 4, "
                              "lists of 9 groups in 4 windows, 3 groups more than the weights fill; "
                              "per image 1,440 multiply-accumulates");
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["layers"][0]["lists"], layer.lists);
  EXPECT_THAT(to_html(report), HasSubstr("lists of 9 groups"));
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["layers"][0]["window"], layer.window);
  EXPECT_THAT(to_html(report), HasSubstr("window of 3 x 3 x 1 flattened to 3 runs of 4"));
}

/// Round numbers: 2 ops a cycle of a GHz for pairs, 4 for 16-bit sums, and so on.
MachineLimits limits() {
  return {"a machine",
          {{"fma", 1e9, "ops"},
           {"vpmaddwd+vpaddd", 1e9, "ops"},
           {"vpmaddubsw+vpmaddwd+vpaddd", 2e9, "ops"},
           {"vpmaddubsw+vpaddw", 4e9, "ops"},
           {"vpdpbusd-512", 8e9, "ops"},
           {"vpshufb+vpaddb", 10e9, "lookups"},
           {"xor+vpopcntq-512", 100e9, "bits"}},
          {{"L1", 1000, 1e9}, {"L2", 100000, 0.5e9}, {"DRAM", 1 << 30, 0.1e9}}};
}

TEST(ReportTest, BoundsAreTheLongerOfArithmeticAndMemory) {
  Report report;
  report.target = "x86_64-linux-gnu,+avx2";
  report.batch_tile = 4;
  LayerReport layer;
  layer.kernel = "dot_u8s8_6x16_avx2", layer.input_type = "u8", layer.weight_type = "s8", layer.output_type = "u8";
  layer.macs = 100000;
  EXPECT_FALSE(bound_of(report, layer, limits())) << "no bytes are known";
  layer.bytes_read = 100, layer.bytes_written = 50, layer.constant_bytes = 400;
  const auto expect = [&](double nanoseconds, const std::string &by, int threads = 1) {
    const std::optional<Bound> bound = bound_of(report, layer, limits(), threads);
    ASSERT_TRUE(bound);
    EXPECT_DOUBLE_EQ(bound->nanoseconds, nanoseconds);
    EXPECT_EQ(bound->by, by);
  };
  expect(100e3, "vpmaddubsw+vpmaddwd+vpaddd");
  expect(50e3, "vpmaddubsw+vpmaddwd+vpaddd", 2);
  layer.kernel = "dot_u8s8_6x16_avx2_exact";
  expect(200e3, "vpmaddwd+vpaddd");
  layer.kernel = "dot_u8s8_16_6x16_avx2";
  expect(50e3, "vpmaddubsw+vpaddw");
  layer.kernel = "dot_u8s4_12x8_avx2", layer.weight_type = "s4";
  expect(50e3, "vpmaddubsw+vpaddw");
  report.target = "x86_64-linux-gnu,+avx512vnni";
  expect(25e3, "vpdpbusd-512");
  layer.input_type = "u2";
  for (const char *weight : {"s2", "ternary", "binary"}) {
    layer.weight_type = weight;
    expect(5e3, "vpshufb+vpaddb");
  }
  layer.weight_type = layer.input_type = "ternary";
  expect(5e3, "vpshufb+vpaddb");
  layer.weight_type = layer.input_type = "binary";
  expect(2.5e3, "vpshufb+vpaddb");
  report.target = "x86_64-linux-gnu,+avx512vpopcntdq";
  expect(1e3, "xor+vpopcntq-512");
  layer.weight_type = layer.input_type = "f32";
  expect(200e3, "fma");
  report.target = "x86_64-linux-gnu";
  EXPECT_FALSE(bound_of(report, layer, limits())) << "no sequence is known for this target";

  layer = {};
  layer.bytes_read = 100, layer.bytes_written = 50, layer.constant_bytes = 400; // 4 images: 1000 bytes
  expect(250, "L1");
  layer.constant_bytes = 404;
  expect(502, "L2");
  layer.bytes_read = std::int64_t(1) << 40;
  EXPECT_EQ(bound_of(report, layer, limits())->by, "DRAM");
  EXPECT_FALSE(bound_of(report, layer, {"nothing", {}, {}}));
}

TEST(ReportTest, LimitsAreMeasuredOrKnown) {
  const MachineLimits known = known_limits("x86_64-linux-gnu,+avx2");
  EXPECT_THAT(known.source, HasSubstr("family"));
  EXPECT_EQ(known.memory.size(), 4u);
  EXPECT_TRUE(known_limits("aarch64-linux-gnu").memory.empty());
#if defined(__x86_64__)
  const MachineLimits measured = measure_limits(0.1);
  EXPECT_EQ(measured.source, "measured in this process");
  ASSERT_EQ(measured.memory.size(), 4u);
  for (const MemoryLimit &level : measured.memory)
    EXPECT_GT(level.rate, 1e8) << level.level;
  for (const InstructionLimit &limit : measured.instructions)
    EXPECT_GT(limit.rate, 1e8) << limit.name;
#endif
}

TEST(ReportTest, BoundsStandBesideTheTimes) {
  Report report;
  report.name = "net", report.target = "x86_64-linux-gnu,+avx2", report.batch_tile = 1;
  LayerReport &layer = report.layers.emplace_back();
  layer.name = "conv", layer.kernel = "dot_a", layer.choice = "predicted 1.00 us";
  layer.input_type = "u8", layer.weight_type = "s4", layer.output_type = "u8", layer.macs = 100000;
  layer.bytes_read = layer.bytes_written = 10;
  Profile profile{1, 1, 1, {{100e3, 200e3}}, {100e3, 200e3}, limits()};
  const std::string text = to_string(report, profile);
  EXPECT_THAT(text, HasSubstr("net/conv: kernel dot_a (u8 x s4, 0 weight bytes), predicted 1.00 us; per image 100,000 "
                              "multiply-accumulates, 10 bytes read, 10 written; at least 50.0 us by vpmaddubsw+vpaddw; "
                              "took 100 us, 2.00 times that; median 200 us; 100.0 % of all layers\n"));
  EXPECT_THAT(text, HasSubstr("; per image took 100 us, median 200 us: 1 image, 1 thread, 1 run; bounds by the "));
  EXPECT_THAT(text, HasSubstr("; bounds by the limits a machine"));
  const auto json = nlohmann::json::parse(to_json(report, profile));
  EXPECT_EQ(json["limits"]["source"], "a machine");
  EXPECT_EQ(json["limits"]["memory"]["L1"]["rate"], 1);
  EXPECT_EQ(json["layers"][0]["choice"], "predicted 1.00 us");
  EXPECT_EQ(json["layers"][0]["bound"]["ns"], 50e3);
  EXPECT_EQ(json["layers"][0]["bound"]["by"], "vpmaddubsw+vpaddw");
  EXPECT_EQ(json["layers"][0]["bound"]["reached"], 0.5);
  const std::string page = to_html(report, profile);
  EXPECT_THAT(page, HasSubstr("<td class=\"n\">50000</td><td>vpmaddubsw+vpaddw</td><td class=\"n\">0.50</td>"));
  EXPECT_THAT(page, HasSubstr("from limits a machine."));

  const std::string untimed = to_string(report);
  EXPECT_THAT(untimed, HasSubstr("bounds by the limits of " + known_limits(report.target).source));
  EXPECT_THAT(untimed, testing::Not(HasSubstr("took")));
  EXPECT_FALSE(nlohmann::json::parse(to_json(report))["layers"][0]["bound"].contains("reached"));
}

TEST(ReportTest, JsonHasEveryField) {
  const Report &report = model().report();
  const auto json = nlohmann::json::parse(to_json(report, model().profile(images(4), {.repeat = 3})));
  EXPECT_EQ(json["name"], "net");
  EXPECT_EQ(json["target"], "x86_64-linux-gnu");
  EXPECT_EQ(json["batch_tile"], 4);
  EXPECT_EQ(json["constant_bytes"], report.weight_bytes);
  EXPECT_EQ(json["arena"]["planned_bytes"], report.arena_planned);
  EXPECT_EQ(json["arena"]["lower_bound_bytes"], report.arena_lower_bound);
  EXPECT_EQ(json["arena"]["scratch_bytes_per_thread"], report.arena_scratch);
  EXPECT_EQ(json["profile"]["images"], 4);
  EXPECT_EQ(json["profile"]["repeat"], 3);
  EXPECT_EQ(json["profile"]["threads"], 1);
  EXPECT_GE(json["profile"]["total"]["median_ns"], json["profile"]["total"]["min_ns"]);
  ASSERT_EQ(json["layers"].size(), 4u);
  const auto &conv = json["layers"][1], &pool = json["layers"][2];
  EXPECT_EQ(conv["name"], "conv");
  EXPECT_EQ(conv["macs"], 2904);
  EXPECT_EQ(conv["weight"]["type"], "s4");
  EXPECT_EQ(conv["weight"]["shape"], (std::vector<int>{8, 3, 3, 3}));
  EXPECT_EQ(conv["weight"]["bytes"], layerOf(report, "conv").weight_bytes);
  EXPECT_EQ(conv["bytes_read"], 384);
  EXPECT_EQ(conv["steps"], (std::vector<std::string>{"conv.tile"}));
  ASSERT_FALSE(conv["rejected"].empty());
  EXPECT_NE(conv["rejected"][0]["reason"], "");
  EXPECT_GT(conv["time"]["min_ns"], 0);
  EXPECT_GT(conv["place"]["line"], 0);
  EXPECT_NE(conv["choice"], "");
  EXPECT_FALSE(pool.contains("kernel") || pool.contains("weight") || pool.contains("macs"));

  const auto bare = nlohmann::json::parse(to_json(report));
  EXPECT_FALSE(bare.contains("profile") || bare["layers"][0].contains("time"));
  EXPECT_FALSE(nlohmann::json::parse(to_json(report, Profile{1, 1, 1, {{1, 1}}, {1, 1}})).contains("profile"))
      << "a profile of another network";
}

/// What a strict parser of XML says about a page; empty if nothing.
std::string faultsOf(const std::string &page) {
  const std::string path = testing::TempDir() + "nibble-report.html";
  std::ofstream(path, std::ios::binary) << page;
  const std::string command =
      "python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' '" + path + "' > '" + path + ".txt' 2>&1";
  // NOLINTNEXTLINE(bugprone-command-processor): nothing of a user
  const bool good = std::system(command.c_str()) == 0;
  std::ifstream said(path + ".txt");
  return good ? "" : "not well-formed: " + std::string(std::istreambuf_iterator<char>(said), {});
}

TEST(ReportTest, PageIsWellFormed) {
  const std::string page = to_html(model().report(), model().profile(images(4), {.repeat = 2}));
  EXPECT_EQ(faultsOf(page), "");
  EXPECT_THAT(page, HasSubstr("<title>Report of net</title>"));
  EXPECT_THAT(page, HasSubstr("<td>conv</td><td>u8 × s4 → u4</td><td>8 × 8 × 3 → 4 × 4 × 8</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"n\">2,904</td><td class=\"n\">384</td><td class=\"n\">256</td>"));
  EXPECT_THAT(page, testing::Not(HasSubstr("<script")));
  EXPECT_EQ(faultsOf(to_html(Report())), "");
}

TEST(ReportTest, NamesAreEscaped) {
  Report report = model().report();
  report.name = "<b>&\"'";
  report.layers[0].name = "bad \x01\xff\xc0\x80\xed\xa0\x80 good \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa";
  report.layers[1].rejected = {"k<1>: 2 > 1 & 1 < 2"};
  report.remarks = {{.file = "a<b>.cpp", .line = 3, .severity = Severity::remark, .message = "]]> -- <!--"}};
  const std::string page = to_html(report);
  EXPECT_EQ(faultsOf(page), "");
  EXPECT_THAT(page, HasSubstr("<title>Report of &lt;b&gt;&amp;&quot;&#39;</title>"));
  EXPECT_THAT(page, HasSubstr(" good \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa<"));
  EXPECT_THAT(page, HasSubstr("<li>k&lt;1&gt;: 2 &gt; 1 &amp; 1 &lt; 2</li>"));
  EXPECT_THAT(page, HasSubstr("a&lt;b&gt;.cpp:3: remark: ]]&gt; -- &lt;!--"));
  EXPECT_EQ(html::escape(std::string_view("\0\xf4\x90\x80\x80", 5)),
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_FALSE(nlohmann::json::parse(to_json(report))["layers"].empty()) << "JSON replaces them as well";
}

} // namespace
