// First layers: few channels, whose windows become runs of values for dot kernels. Bit-exact at the packed stage, in
// the interpreter, and compiled, for each instruction set that this machine has.
#include "compiler/Pack/Passes.h"
#include "compiler/Pack/StorageLayouts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/unit/SupportRun.h"
#include "llvm/Support/FormatVariadic.h"

using namespace nibble;
using namespace nibble::test;
using llvm::formatv;

namespace {

struct Pair {
  int64_t y, x;
};

struct FirstLayer {
  std::string input, weight;
  int64_t channels, outputs;
  Pair image, window, strides, dilations;
  int64_t padding[4]; ///< top, left, bottom, right
  std::string result; ///< Element type, or "f32".

  static int64_t size(int64_t in, int64_t pad, int64_t window, int64_t stride, int64_t dilation) {
    return (in + pad - (window - 1) * dilation - 1) / stride + 1;
  }
  int64_t height() const { return size(image.y, padding[0] + padding[2], window.y, strides.y, dilations.y); }
  int64_t width() const { return size(image.x, padding[1] + padding[3], window.x, strides.x, dilations.x); }

  std::string what() const {
    return formatv("{0} x {1}, {2} -> {3} channels, image {4} x {5}, window {6} x {7}, strides {8} x {9}, dilations "
                   "{10} x {11}, padding {12} {13} {14} {15}, to {16}",
                   input, weight, channels, outputs, image.y, image.x, window.y, window.x, strides.y, strides.x,
                   dilations.y, dilations.x, padding[0], padding[1], padding[2], padding[3], result)
        .str();
  }

  /// At the quantized stage; weights are drawn from all values of their grid.
  std::string text(uint32_t seed) const {
    const int64_t count = outputs * window.y * window.x * channels;
    auto facts = std::pair<int, int>{-127, 127};
    if (weight == "!nibble.binary" || weight.starts_with("!nibble.ternary"))
      facts = {-1, 1};
    else if (weight.find("i4") != std::string::npos)
      facts = {-7, 7};
    std::string hex;
    for (int64_t i = 0; i < count; ++i) {
      seed = seed * 1664525u + 1013904223u;
      int value = facts.first + static_cast<int>((seed >> 8) % static_cast<uint32_t>(facts.second - facts.first + 1));
      if (weight == "!nibble.binary")
        value = seed >> 31 ? 1 : -1;
      hex += formatv("{0}{1}", "0123456789ABCDEF"[(value >> 4) & 15], "0123456789ABCDEF"[value & 15]).str();
    }
    const std::string in = formatv("tensor<?x{0}x{1}x{2}x", image.y, image.x, channels),
                      w = formatv("tensor<{0}x{1}x{2}x{3}x", outputs, window.y, window.x, channels),
                      y = formatv("tensor<?x{0}x{1}x{2}x", height(), width(), outputs);
    const bool real = result == "f32", sign = result == "!nibble.binary";
    std::string out = y + (real ? "f32>" : "f32, #nibble.grid<" + result + ">>");
    std::string bounds = real   ? "lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>"
                         : sign ? "lo = array<f32: -1.0>, hi = array<f32: 1.0>"
                                : "lo = array<f32: 0.0>, hi = array<f32: 15.0>";
    std::string body = formatv(
        "  %q = nibble.quantize %x : ({0}f32>) -> {0}{1}>\n"
        "  %w = nibble.constant dense<\"0x{2}\"> : {3}i8> : {3}{4}>\n"
        "  %a = nibble.conv2d %q, %w {{strides = array<i64: {5}, {6}>, dilations = array<i64: {7}, {8}>, padding = "
        "#nibble.padding<{9}, {10}, {11}, {12}>} : ({0}{1}>, {3}{4}>) -> {13}i32>\n"
        "  %r = nibble.requantize %a {{multiplier = array<f32: 0.013>, bias = array<f32: 1.3>, {14}} : ({13}i32>) -> "
        "{13}{15}>\n",
        in, input, hex, w, weight, strides.y, strides.x, dilations.y, dilations.x, padding[0], padding[1], padding[2],
        padding[3], y, bounds, result);
    if (!real)
      body += formatv("  %d = nibble.dequantize %r : ({0}{1}>) -> {2}\n", y, result, out);
    return formatv("func.func @f(%x: {0}f32> {{nibble.name = \"x\"}) -> ({1} {{nibble.name = \"y\"}) {{\n{2}  return "
                   "{3} : {1}\n}\n",
                   in, out, body, real ? "%r" : "%d");
  }
};

std::vector<FirstLayer> firstLayers() {
  const std::string inputs[] = {
      "!quant.uniform<u8:f32, 7.8125e-03:127>",  "!quant.uniform<u8:f32, 1.5625e-02>",
      "!quant.uniform<i8:f32, 1.5625e-02:-128>", "!quant.uniform<i8<-127:127>:f32, 1.5625e-02>",
      "!quant.uniform<u4:f32, 1.25e-01:5>",      "!quant.uniform<i4:f32, 2.5e-01:-3>"};
  const std::string weights[] = {"!quant.uniform<i8<-127:127>:f32, 0.5>", "!quant.uniform<i4<-7:7>:f32, 0.5>",
                                 "!nibble.ternary<0.5>", "!nibble.binary"};
  const std::string results[] = {"f32", "!quant.uniform<u4:f32, 2.5e-01>", "!quant.uniform<i8:f32, 2.5e-01:2>",
                                 "!nibble.binary"};
  struct Window {
    int64_t channels;
    Pair window, strides, dilations;
    int64_t padding[4];
  };
  const Window windows[] = {
      {1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {1, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}},
      {1, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {1, {5, 5}, {1, 2}, {1, 1}, {2, 0, 1, 3}},
      {1, {7, 2}, {2, 1}, {1, 1}, {0, 1, 2, 0}}, {2, {3, 3}, {1, 1}, {2, 2}, {2, 2, 2, 2}},
      {2, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {2, {2, 3}, {2, 2}, {3, 1}, {0, 2, 0, 1}},
      {3, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, {3, {3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}},
      {3, {7, 7}, {2, 2}, {1, 1}, {3, 3, 3, 3}}, {3, {1, 3}, {1, 3}, {1, 1}, {0, 1, 0, 1}},
      {5, {2, 2}, {1, 1}, {1, 2}, {1, 0, 0, 1}}, {6, {3, 3}, {1, 2}, {2, 1}, {1, 1, 1, 1}},
      {8, {3, 3}, {1, 1}, {2, 2}, {2, 2, 2, 2}}, {3, {3, 1}, {1, 2}, {1, 1}, {1, 0, 1, 0}},
  };
  const Pair images[] = {{9, 7}, {8, 28}, {11, 31}, {7, 13}, {13, 9}};
  const int64_t outputs[] = {16, 5, 33, 8, 17};
  std::vector<FirstLayer> layers;
  for (size_t n = 0; const Window &w : windows)
    for (size_t i = 0; i < 3; ++i, ++n) {
      FirstLayer layer{inputs[(n + n / 6) % 6],
                       weights[(n + n / 4) % 4],
                       w.channels,
                       outputs[n % 5],
                       images[(n / 3 + i) % 5],
                       w.window,
                       w.strides,
                       w.dilations,
                       {},
                       results[(n + n / 12) % 4]};
      std::copy(w.padding, w.padding + 4, layer.padding);
      if (layer.height() > 0 && layer.width() > 0 && layer.image.y >= 7)
        layers.push_back(layer);
    }
  return layers;
}

class SupportFlatten : public SupportTest {};

TEST_P(SupportFlatten, FirstLayers) {
  if (!target->has("avx2"))
    GTEST_SKIP() << "the target has no generated kernels";
  const std::vector<FirstLayer> layers = firstLayers();
  ASSERT_GE(layers.size(), 44u);
  auto compiled = std::make_unique<CellRun>(target->str());
  for (size_t n = 0; n < layers.size(); ++n) {
    const std::string text = layers[n].text(static_cast<uint32_t>(n));
    // The interpreter before and after; the tile is the one that is meant.
    Session session;
    auto module = session.parse(text);
    ASSERT_TRUE(module) << layers[n].what() << "\n" << session.diagnostics;
    mlir::func::FuncOp function = *module->getOps<mlir::func::FuncOp>().begin();
    std::vector<HostTensor> inputs = randomInputs(function, n);
    auto before = reference::interpret(function, inputs);
    ASSERT_TRUE(mlir::succeeded(before)) << session.diagnostics;
    ASSERT_TRUE(mlir::succeeded(session.runPipeline(*module, "nibble-to-packed{target=" + target->str() + "}")))
        << layers[n].what() << "\n"
        << session.diagnostics;
    int flattened = 0;
    // Taps that lie apart are runs of their own where they have enough channels.
    const bool apart = layers[n].dilations.x > 1 && layers[n].channels >= 4;
    module->walk([&](TileOp tile) {
      flattened += tile->hasAttr(flattenedAttrName);
      EXPECT_EQ(isByteKernel(*tile.getKernel()), apart || tile->hasAttr(flattenedAttrName)) << layers[n].what();
    });
    // Pairs of 16 bits are worth it for some windows only.
    const bool isExact = target->has("avx512vnni") || target->has("avxvnni");
    if (isExact || layers[n].weight.find("i8") == std::string::npos)
      EXPECT_EQ(flattened, !apart) << layers[n].what();
    auto after = reference::interpret(*module->getOps<mlir::func::FuncOp>().begin(), inputs);
    ASSERT_TRUE(mlir::succeeded(after)) << session.diagnostics;
    EXPECT_EQ(difference(*before, *after), "") << layers[n].what();
    // The whole way.
    expectAdded(*compiled, layers[n].what(), text);
    if (n % 8 == 7 || n + 1 == layers.size()) {
      expectExact(*compiled);
      compiled = std::make_unique<CellRun>(target->str());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, SupportFlatten,
                         testing::Values("x86_64-linux-gnu,+avx2", "x86_64-linux-gnu,+avxvnni",
                                         "x86_64-linux-gnu,+avx512vnni,+avx512bw", "native"),
                         [](const auto &info) { return "target" + std::to_string(info.index); });

} // namespace
