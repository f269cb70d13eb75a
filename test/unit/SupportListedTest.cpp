// Layers of 8-bit weights whose pairs saturate, on listed kernels where these are chosen: bit-exact, with worst cases,
// padded taps, tails of channels and pixels.
#include "compiler/Pack/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/unit/SupportRun.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <random>

using namespace nibble;
using namespace nibble::test;
using llvm::formatv;

namespace {

enum class Values { Normal, Wide, WorstCase, Lowest, OnePair };
constexpr std::pair<Values, const char *> allValues[] = {{Values::Normal, "normal weights"},
                                                         {Values::Wide, "wide weights"},
                                                         {Values::WorstCase, "+-127"},
                                                         {Values::Lowest, "-128"},
                                                         {Values::OnePair, "one pair that saturates"}};

struct ListedLayer {
  int64_t height, width, channels, outputs, rows, columns, stride = 1, dilation = 1; ///< Dilation of rows.
  int64_t padding[4] = {};                                                           ///< top, left, bottom, right

  std::string what() const {
    return formatv("{0} x {1} x {2} -> {3}, window {4} x {5}, stride {6}, dilation {7}, padding {8} {9} {10} {11}",
                   height, width, channels, outputs, rows, columns, stride, dilation, padding[0], padding[1],
                   padding[2], padding[3])
        .str();
  }

  /// At the quantized stage.
  std::string text(Values values, const std::string &input, uint32_t seed) const {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, values == Values::Wide ? 42 : 26);
    const int64_t count = outputs * rows * columns * channels;
    std::string hex;
    for (int64_t i = 0; i < count; ++i) {
      int value = static_cast<int>(std::clamp(std::round(normal(random)), -127.f, 127.f));
      if (values == Values::WorstCase)
        value = random() % 2 ? 127 : -127;
      if (values == Values::Lowest)
        value = -128;
      if (values == Values::OnePair)
        value = i / 2 == count / 4 ? 127 : 20;
      hex += formatv("{0}{1}", "0123456789ABCDEF"[(value >> 4) & 15], "0123456789ABCDEF"[value & 15]).str();
    }
    const auto size = [](int64_t in, int64_t pad, int64_t window, int64_t step) {
      return (in + pad - window) / step + 1;
    };
    const std::string in = formatv("tensor<?x{0}x{1}x{2}x", height, width, channels),
                      w = formatv("tensor<{0}x{1}x{2}x{3}x", outputs, rows, columns, channels),
                      y = formatv("tensor<?x{0}x{1}x{2}x",
                                  size(height, padding[0] + padding[2], (rows - 1) * dilation + 1, stride),
                                  size(width, padding[1] + padding[3], columns, stride), outputs);
    return formatv("func.func @f(%x: {0}f32> {{nibble.name = \"x\"}) -> ({1}f32> {{nibble.name = \"y\"}) {{\n"
                   "  %q = nibble.quantize %x : ({0}f32>) -> {0}{2}>\n"
                   "  %w = nibble.constant dense<\"0x{3}\"> : {4}i8> : {4}!quant.uniform<i8:f32, 0.5>>\n"
                   "  %a = nibble.conv2d %q, %w {{strides = array<i64: {5}, {5}>, dilations = array<i64: {6}, 1>, "
                   "padding = #nibble.padding<{7}, {8}, {9}, {10}>} : ({0}{2}>, {4}!quant.uniform<i8:f32, 0.5>>) -> "
                   "{1}i32>\n"
                   "  %r = nibble.requantize %a {{multiplier = array<f32: 1.0>, bias = array<f32: 0.5>, lo = "
                   "array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : ({1}i32>) -> {1}f32>\n"
                   "  return %r : {1}f32>\n}\n",
                   in, y, input, hex, w, stride, dilation, padding[0], padding[1], padding[2], padding[3]);
  }
};

std::vector<ListedLayer> layers() {
  return {{9, 23, 24, 19, 3, 3, 1, 1, {1, 1, 1, 1}},
          {14, 14, 64, 16, 3, 3, 1, 1, {1, 1, 1, 1}},
          {13, 11, 8, 40, 3, 3, 2, 1, {1, 1, 1, 1}},
          {12, 7, 12, 9, 5, 3, 1, 2, {4, 0, 4, 2}},
          {10, 12, 37, 24, 3, 3, 1, 1},
          {6, 21, 20, 8, 1, 3, 1, 1, {0, 1, 0, 1}},
          {7, 9, 131, 33, 1, 1},
          {1, 1, 1531, 21, 1, 1},
          {1, 1, 35, 130, 1, 1},
          {5, 5, 16, 8, 3, 3, 1, 1, {2, 2, 2, 2}}};
}

class SupportListed : public SupportTest {};

TEST_P(SupportListed, WhateverTheWeightsAre) {
  const std::string inputs[] = {"!quant.uniform<u8:f32, 7.8125e-03:127>", "!quant.uniform<u8:f32, 7.8125e-03>",
                                "!quant.uniform<i8:f32, 1.5625e-02:-3>"};
  size_t n = 0;
  for (const auto &[values, name] : allValues) {
    CellRun run(target->str());
    for (const ListedLayer &layer : layers()) {
      const std::string what = layer.what() + ", " + name;
      expectAdded(run, what, layer.text(values, inputs[n % std::size(inputs)], static_cast<uint32_t>(n)));
      ++n;
    }
    expectExact(run, name);
  }
  if (target->has("avx2") && !target->has("avx512vnni") && !target->has("avxvnni")) {
    EXPECT_GT(generated["listed_u8s8_10x8_avx2"], 0);
    EXPECT_GT(generated["dot_u8s8_6x16_avx2_exact"], 0) << "the worst case takes fewer operations there";
  }
}

// Padding cuts lists at the taps of a row; where few channels make these short, the columns are padded in front.
TEST(SupportListedWindows, PaddedColumnsAreFlattenedWhereThatPays) {
  for (const auto &[layer, flattened] : {std::pair<ListedLayer, bool>{{28, 28, 16, 16, 3, 3, 1, 1, {1, 1, 1, 1}}, true},
                                         {{4, 4, 256, 16, 3, 3, 1, 1, {1, 1, 1, 1}}, false},
                                         {{28, 28, 16, 16, 3, 3, 1, 1, {1, 0, 1, 0}}, false}}) {
    Session session;
    auto module = session.parse(layer.text(Values::Wide, "!quant.uniform<u8:f32, 7.8125e-03:7>", 5));
    ASSERT_TRUE(module) << session.diagnostics;
    ASSERT_TRUE(mlir::succeeded(session.runPipeline(*module, "nibble-to-packed{target=x86_64-linux-gnu,+avx2}")))
        << session.diagnostics;
    int tiles = 0;
    module->walk([&](TileOp tile) {
      ++tiles;
      EXPECT_EQ(tile->hasAttr(flattenedAttrName), flattened) << layer.what();
      EXPECT_TRUE(tile->hasAttr(listedAttrName)) << layer.what();
      EXPECT_EQ(*tile.getKernel(), "listed_u8s8_10x8_avx2") << layer.what();
    });
    EXPECT_EQ(tiles, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportListed, testing::Values("x86_64-linux-gnu,+avx2", "native"),
                         [](const auto &info) { return "target" + std::to_string(info.index); });

} // namespace
