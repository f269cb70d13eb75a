// Ops that move or pool stored values, on every storage of activations: bit-exact, with and without a layer behind them
// that decides the storage.
#include "compiler/Target/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/unit/SupportRun.h"
#include "llvm/Support/FormatVariadic.h"

using namespace nibble;
using namespace nibble::test;
using llvm::formatv;

namespace {

using Shape = std::vector<int64_t>;

std::string tensor(const Shape &shape, const std::string &element) {
  std::string text = "tensor<?x";
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text + element + ">";
}

/// Weights in {-1, 1}, which every signed grid has; always the same.
std::string signs(int64_t count) {
  std::string hex = "dense<\"0x";
  for (uint32_t i = 0, state = 9; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    hex += state >> 31 ? "FF" : "01";
  }
  return hex + "\">";
}

/// Numbers in [-4, 4), always the same.
std::string floats(int64_t count) {
  std::string hex = "dense<\"0x";
  for (uint32_t i = 0, state = 5; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    const uint32_t bits = llvm::bit_cast<uint32_t>(static_cast<float>(state >> 20) / 512 - 4);
    for (int byte = 0; byte < 4; ++byte)
      hex += formatv("{0:X-2}", (bits >> (8 * byte)) & 255).str();
  }
  return hex + "\">";
}

std::string givenKernel(const std::string &name) { return "nibble.given_kernel = \"" + name + "\""; }

struct Numbers {
  std::string name, type, weights; ///< Element types; weights of the layer behind it, or none.
  std::vector<int64_t> channels;
  float onGrid;           ///< A value of the grid that is not 0.
  int64_t outputs = 7;    ///< Of the layer behind it.
  std::string given = {}; ///< Its kernel, where there is AVX2.
};

const Numbers numbers[] = {
    {"f32", "f32", "", {5, 8}, 2.5f},
    {"words", "!quant.uniform<u4:f32, 2.500000e-01:5>", "", {3, 8}, 0.75f},
    {"words of 16 bits",
     "!quant.uniform<i16:f32, 3.906250e-03>",
     "!quant.uniform<i4<-7:7>:f32, 5.000000e-01>",
     {5, 16},
     -2.5f},
    {"ternary words", "!nibble.ternary<5.000000e-01>", "!nibble.ternary<5.000000e-01>", {4, 9}, -0.5f},
    {"binary words", "!nibble.binary", "", {5, 32}, -1.0f},
    {"bytes", "!quant.uniform<u8:f32, 3.125000e-02:9>", "!quant.uniform<i4<-7:7>:f32, 5.000000e-01>", {8, 12}, 0.25f},
    {"bits", "!nibble.binary", "!nibble.binary", {32, 64, 33, 5}, -1.0f, 7, "lookup_b1b1_avx2"},
    {"fields of two bits",
     "!nibble.ternary<5.000000e-01>",
     "!nibble.ternary<5.000000e-01>",
     {32, 48, 33, 40},
     -0.5f,
     31,
     "lookup_t2t2_avx2"},
    {"fields of 0 to 3",
     "!quant.uniform<u2:f32, 5.000000e-01:1>",
     "!quant.uniform<i2:f32, 5.000000e-01>",
     {32, 48, 33, 40},
     0.5f,
     31,
     "lookup_u2s2_avx2"},
    {"fields of -2 to 1",
     "!quant.uniform<i2:f32, 1.000000e+00>",
     "!nibble.binary",
     {32, 37},
     -2.0f,
     64,
     "lookup_u2s2_packed_avx2"},
    {"fields of 0 and 1",
     "!quant.uniform<u1:f32, 5.000000e-01>",
     "!nibble.ternary<5.000000e-01>",
     {32, 37},
     0.5f,
     32,
     "lookup_t2t2_packed_avx2"},
};

struct Step {
  std::string name, op, attributes;
  int operands;
  Shape result;
  bool real = false; ///< The result is f32.
};

std::vector<Step> steps(const Numbers &n, int64_t c) {
  auto pool = [](int64_t window, int64_t stride, int64_t pad) {
    return formatv("{{window = array<i64: {0}, {0}>, strides = array<i64: {1}, {1}>, padding = #nibble.padding<{2}, "
                   "{2}, {2}, {2}>}",
                   window, stride, pad)
        .str();
  };
  auto pad = [](const char *low, const char *high, float value) {
    return formatv("{{low = array<i64: {0}>, high = array<i64: {1}>, value = {2:e} : f32}", low, high, value).str();
  };
  std::vector<Step> list = {
      {"max_pool2d 2 / 2", "max_pool2d", pool(2, 2, 0), 1, {2, 3, c}},
      {"max_pool2d 3 / 1, padded", "max_pool2d", pool(3, 1, 1), 1, {4, 6, c}},
      {"pad with a value", "pad", pad("0, 1, 0, 0", "0, 2, 1, 0", n.onGrid), 1, {7, 7, c}},
      {"concat of rows", "concat", "{axis = 1 : i64}", 2, {8, 6, c}},
      {"concat of columns", "concat", "{axis = 2 : i64}", 2, {4, 12, c}},
      {"concat of channels", "concat", "{axis = 3 : i64}", 2, {4, 6, 2 * c}},
      {"reshape that keeps channels", "reshape", "", 1, {6, 4, c}},
      {"flatten", "reshape", "", 1, {24 * c}},
      {"reshape to rows of 12", "reshape", "", 1, {2, c, 12}},
      {"reshape to rows of all", "reshape", "", 1, {1, 2, 12 * c}},
      {"avg_pool2d", "avg_pool2d", pool(2, 2, 0), 1, {2, 3, c}, true},
      {"global_avg_pool", "global_avg_pool", "", 1, {c}, true},
  };
  if (n.type != "!nibble.binary") {
    list.push_back({"pad with 0", "pad", pad("0, 1, 1, 0", "0, 0, 2, 0", 0.0f), 1, {5, 9, c}});
    list.push_back({"pad of channels", "pad", pad("0, 0, 0, 1", "0, 0, 0, 2", n.onGrid), 1, {4, 6, c + 3}});
  } else {
    list.push_back({"pad with +1", "pad", pad("0, 1, 1, 0", "0, 0, 2, 0", 1.0f), 1, {5, 9, c}});
  }
  return list;
}

std::string model(const Numbers &n, int64_t channels, const Step &step) {
  Shape image{4, 6, channels};
  bool floats = n.type == "f32";
  std::string in = tensor(image, n.type), result = tensor(step.result, step.real ? "f32" : n.type), x = "%x", y = "%r";
  std::string body;
  if (!floats) {
    body += formatv("  %q = nibble.quantize %x : ({0}) -> {1}\n", tensor(image, "f32"), in);
    x = "%q";
  }
  std::string operands = x, types = in;
  if (step.operands == 2) { // another value: so that its order shows
    body += formatv("  %m = nibble.max_pool2d {0} {{window = array<i64: 3, 1>, strides = array<i64: 1, 1>, padding = "
                    "#nibble.padding<1, 0, 1, 0>} : ({1}) -> {1}\n",
                    x, in);
    operands += ", %m", types += ", " + in;
  }
  body += formatv("  %r = nibble.{0} {1} {2} : ({3}) -> {4}\n", step.op, operands, step.attributes, types, result);
  std::string type = tensor(step.result, "f32");
  if (!step.real && !floats && n.weights.empty()) {
    type = formatv("{0}, #nibble.grid<{1}>>", llvm::StringRef(type).drop_back(), n.type).str();
    body += formatv("  %d = nibble.dequantize %r : ({0}) -> {1}\n", result, type);
    y = "%d";
  } else if (!step.real && !n.weights.empty()) {
    bool conv = step.result.size() == 3;
    int64_t last = step.result.back();
    std::string shape = conv ? formatv("{1}x1x1x{0}x", last, n.outputs) : formatv("{1}x{0}x", last, n.outputs);
    Shape out = step.result;
    out.back() = n.outputs;
    type = tensor(out, "f32");
    body += formatv("  %w = nibble.constant {0} : tensor<{1}i8> : tensor<{1}{2}>\n", signs(n.outputs * last), shape,
                    n.weights);
    std::string attributes = conv ? "strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>" : "";
    if (!n.given.empty() && Target::host().has("avx2"))
      attributes += (conv ? ", " : "") + givenKernel(n.given);
    body += formatv("  %a = nibble.{0} %r, %w {{{1}} : ({2}, tensor<{3}{4}>) -> {5}\n", conv ? "conv2d" : "linear",
                    attributes, result, shape, n.weights, tensor(out, "i32"));
    body +=
        formatv("  %y = nibble.requantize %a {{multiplier = array<f32: 0.37>, bias = array<f32: 0.7>, lo = array<f32: "
                "0xFF800000>, hi = array<f32: 0x7F800000>} : ({0}) -> {1}\n",
                tensor(out, "i32"), type);
    y = "%y";
  }
  return formatv(
      "func.func @f(%x: {0} {{nibble.name = \"x\"}) -> ({1} {{nibble.name = \"y\"}) {{\n{2}  return {3} : {1}\n}\n",
      tensor(image, "f32"), type, body, y);
}

TEST(SupportShapes, EveryOpOnEveryStorage) {
  int exact = 0, all = 0;
  for (const Numbers &n : numbers)
    for (int64_t channels : n.channels) {
      CellRun run;
      for (const Step &step : steps(n, channels)) {
        std::string what = n.name + ", " + std::to_string(channels) + " channels, " + step.name;
        std::string text = model(n, channels, step);
        auto refusal = run.add(what, text);
        EXPECT_FALSE(refusal) << what << ": " << refusal->message << "\n" << text;
        ++all;
      }
      exact += run.run();
    }
  EXPECT_EQ(exact, all);
  std::printf("shape ops x storage: %d of %d bit-exact\n", exact, all);
}

/// Graphs around the layers: values with several users, requantisation without a contraction, results that are inputs.
const std::pair<const char *, const char *> graphs[] = {
    {"accumulators with two users", R"(
func.func @f(%x: tensor<?x3x4x6xf32>) -> (tensor<?x3x4x9xf32>, tensor<?x3x4x9xf32, #nibble.grid<!nibble.binary>>) {
  %q = nibble.quantize %x : (tensor<?x3x4x6xf32>) -> tensor<?x3x4x6x!u8>
  %w = nibble.constant WEIGHTS54 : tensor<9x1x1x6xi8> : tensor<9x1x1x6x!i4>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x4x6x!u8>, tensor<9x1x1x6x!i4>) -> tensor<?x3x4x9xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.01>, bias = array<f32: 0.3>, lo = array<f32: 0.0>, hi = array<f32: 0x7F800000>} : (tensor<?x3x4x9xi32>) -> tensor<?x3x4x9xf32>
  %b = nibble.requantize %a {multiplier = array<f32: -0.5>, bias = array<f32: 3.5>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x3x4x9xi32>) -> tensor<?x3x4x9x!nibble.binary>
  %d = nibble.dequantize %b : (tensor<?x3x4x9x!nibble.binary>) -> tensor<?x3x4x9xf32, #nibble.grid<!nibble.binary>>
  return %y, %d : tensor<?x3x4x9xf32>, tensor<?x3x4x9xf32, #nibble.grid<!nibble.binary>>
})"},
    {"bits and bytes with users of both kinds", R"(
func.func @f(%x: tensor<?x3x4x32xf32>) -> (tensor<?x3x4x5xf32>, tensor<?x3x4x32xf32, #nibble.grid<!nibble.binary>>) {
  %q = nibble.quantize %x : (tensor<?x3x4x32xf32>) -> tensor<?x3x4x32x!nibble.binary>
  %w = nibble.constant WEIGHTS160 : tensor<5x1x1x32xi8> : tensor<5x1x1x32x!nibble.binary>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x3x4x32x!nibble.binary>, tensor<5x1x1x32x!nibble.binary>) -> tensor<?x3x4x5xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x3x4x5xi32>) -> tensor<?x3x4x5xf32>
  %d = nibble.dequantize %q : (tensor<?x3x4x32x!nibble.binary>) -> tensor<?x3x4x32xf32, #nibble.grid<!nibble.binary>>
  return %y, %d : tensor<?x3x4x5xf32>, tensor<?x3x4x32xf32, #nibble.grid<!nibble.binary>>
})"},
    {"sum of two grids, pooled, for a layer of bytes", R"(
func.func @f(%x: tensor<?x4x4x8xf32>, %z: tensor<?x4x4x8xf32>) -> tensor<?x2x2x5xf32> {
  %q = nibble.quantize %x : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8x!u8>
  %p = nibble.quantize %z : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8x!i4>
  %d = nibble.dequantize %q : (tensor<?x4x4x8x!u8>) -> tensor<?x4x4x8xf32, #nibble.grid<!u8>>
  %s = nibble.requantize %d, %p {multiplier = array<f32: 12.5>, bias = array<f32: 100.5>, lo = array<f32: 0.0>, hi = array<f32: 255.0>, residual_multiplier = 3.5 : f32} : (tensor<?x4x4x8xf32, #nibble.grid<!u8>>, tensor<?x4x4x8x!i4>) -> tensor<?x4x4x8x!u8>
  %m = nibble.avg_pool2d %s {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x8x!u8>) -> tensor<?x2x2x8xf32>
  %r = nibble.requantize %m {multiplier = array<f32: 30.0>, bias = array<f32: 9.0>, lo = array<f32: 9.0>, hi = array<f32: 255.0>} : (tensor<?x2x2x8xf32>) -> tensor<?x2x2x8x!u8>
  %w = nibble.constant WEIGHTS40 : tensor<5x1x1x8xi8> : tensor<5x1x1x8x!i4>
  %a = nibble.conv2d %r, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x8x!u8>, tensor<5x1x1x8x!i4>) -> tensor<?x2x2x5xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x2x2x5xi32>) -> tensor<?x2x2x5xf32>
  return %y : tensor<?x2x2x5xf32>
})"},
    {"signs of a float layer for a binary layer", R"(
func.func @f(%x: tensor<?x7xf32>) -> tensor<?x5xf32> {
  %v = nibble.constant dense<[[0.5, -1.5, 0.25, 1.0, -0.75, 2.0, -0.125], [-0.5, 1.0, 0.75, -1.0, 0.25, 1.5, -2.0], [1.0, 1.0, -1.0, 0.5, -0.5, 0.25, 0.0]]> : tensor<3x7xf32> : tensor<3x7xf32>
  %f = nibble.linear %x, %v : (tensor<?x7xf32>, tensor<3x7xf32>) -> tensor<?x3xf32>
  %b = nibble.requantize %f {multiplier = array<f32: 1.0, -2.0, 0.5>, bias = array<f32: 0.1>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x3xf32>) -> tensor<?x3x!nibble.binary>
  %w = nibble.constant WEIGHTS15 : tensor<5x3xi8> : tensor<5x3x!nibble.binary>
  %a = nibble.linear %b, %w : (tensor<?x3x!nibble.binary>, tensor<5x3x!nibble.binary>) -> tensor<?x5xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x5xi32>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
})"},
    {"ternary layers in a row, with tails of words, a pool, a residual and a flattening between", R"(
func.func @f(%x: tensor<?x5x6x35xf32>) -> (tensor<?x24xf32>, tensor<?x4x5x24xf32, #nibble.grid<!t>>) {
  %q = nibble.quantize %x : (tensor<?x5x6x35xf32>) -> tensor<?x5x6x35x!t>
  %w = nibble.constant WEIGHTS13545 : tensor<43x3x3x35xi8> : tensor<43x3x3x35x!t>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x5x6x35x!t>, tensor<43x3x3x35x!t>) -> tensor<?x5x6x43xi32>
  %b = nibble.requantize %a {multiplier = array<f32: 0.07>, bias = array<f32: 0.2>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x5x6x43xi32>) -> tensor<?x5x6x43x!t>
  %p = nibble.max_pool2d %b {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x5x6x43x!t>) -> tensor<?x4x5x43x!t>
  %v = nibble.constant WEIGHTS1032 : tensor<24x1x1x43xi8> : tensor<24x1x1x43x!t>
  %c = nibble.conv2d %p, %v {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x5x43x!t>, tensor<24x1x1x43x!t>) -> tensor<?x4x5x24xi32>
  %d = nibble.requantize %c {multiplier = array<f32: 0.15>, bias = array<f32: -0.1>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x4x5x24xi32>) -> tensor<?x4x5x24x!t>
  %k = nibble.constant WEIGHTS5184 : tensor<24x3x3x24xi8> : tensor<24x3x3x24x!t>
  %e = nibble.conv2d %d, %k {strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x4x5x24x!t>, tensor<24x3x3x24x!t>) -> tensor<?x4x5x24xi32>
  %r = nibble.requantize %e, %d {multiplier = array<f32: 0.06>, bias = array<f32: 0.0>, lo = array<f32: -1.0>, hi = array<f32: 1.0>, residual_multiplier = 0.4 : f32} : (tensor<?x4x5x24xi32>, tensor<?x4x5x24x!t>) -> tensor<?x4x5x24x!t>
  %g = nibble.reshape %r : (tensor<?x4x5x24x!t>) -> tensor<?x480x!t>
  %u = nibble.constant WEIGHTS11520 : tensor<24x480xi8> : tensor<24x480x!t>
  %l = nibble.linear %g, %u : (tensor<?x480x!t>, tensor<24x480x!t>) -> tensor<?x24xi32>
  %y = nibble.requantize %l {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x24xi32>) -> tensor<?x24xf32>
  %z = nibble.dequantize %r : (tensor<?x4x5x24x!t>) -> tensor<?x4x5x24xf32, #nibble.grid<!t>>
  return %y, %z : tensor<?x24xf32>, tensor<?x4x5x24xf32, #nibble.grid<!t>>
})"},
    {"bits, and reshaped to one dimension", R"(
func.func @f(%x: tensor<?x1xf32>) -> (tensor<?x8xf32>, tensor<?xf32, #nibble.grid<!nibble.binary>>) {
  %q = nibble.quantize %x : (tensor<?x1xf32>) -> tensor<?x1x!nibble.binary>
  %w = nibble.constant WEIGHTS8 : tensor<8x1xi8> : tensor<8x1x!nibble.binary>
  %a = nibble.linear %q, %w : (tensor<?x1x!nibble.binary>, tensor<8x1x!nibble.binary>) -> tensor<?x8xi32>
  %y = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x8xi32>) -> tensor<?x8xf32>
  %r = nibble.reshape %q : (tensor<?x1x!nibble.binary>) -> tensor<?x!nibble.binary>
  %d = nibble.dequantize %r : (tensor<?x!nibble.binary>) -> tensor<?xf32, #nibble.grid<!nibble.binary>>
  return %y, %d : tensor<?x8xf32>, tensor<?xf32, #nibble.grid<!nibble.binary>>
})"},
    {"layers that read one value in different forms", R"(
func.func @f(%x: tensor<?x4x6x16xf32>) -> (tensor<?x4x6x16xf32>, tensor<?x4x6x16xf32>, tensor<?x4x6x16xf32>) {
  %q = nibble.quantize %x : (tensor<?x4x6x16xf32>) -> tensor<?x4x6x16x!u2>
  %w = nibble.constant WEIGHTS256 : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!i4>
  %v = nibble.constant WEIGHTS16 : tensor<16x1x1x1xi8> : tensor<16x1x1x1x!i4>
  %u = nibble.constant WEIGHTS256 : tensor<16x1x1x16xi8> : tensor<16x1x1x16x!i2>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x6x16x!u2>, tensor<16x1x1x16x!i4>) -> tensor<?x4x6x16xi32>
  %b = nibble.conv2d %q, %v {groups = 16 : i64, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>, nibble.given_kernel = "portable_depthwise"} : (tensor<?x4x6x16x!u2>, tensor<16x1x1x1x!i4>) -> tensor<?x4x6x16xi32>
  %c = nibble.conv2d %q, %u {strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>LOOKUP} : (tensor<?x4x6x16x!u2>, tensor<16x1x1x16x!i2>) -> tensor<?x4x6x16xi32>
  %d = nibble.requantize %a {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x4x6x16xi32>) -> tensor<?x4x6x16xf32>
  %e = nibble.requantize %b {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x4x6x16xi32>) -> tensor<?x4x6x16xf32>
  %g = nibble.requantize %c {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x4x6x16xi32>) -> tensor<?x4x6x16xf32>
  return %d, %e, %g : tensor<?x4x6x16xf32>, tensor<?x4x6x16xf32>, tensor<?x4x6x16xf32>
})"},
    {"the input and one value twice as results", R"(
func.func @f(%x: tensor<?x3x5xf32>) -> (tensor<?x3x5xf32>, tensor<?x15xf32>, tensor<?x3x5xf32>, tensor<?x3x5xf32>) {
  %r = nibble.relu %x : (tensor<?x3x5xf32>) -> tensor<?x3x5xf32>
  %s = nibble.reshape %x : (tensor<?x3x5xf32>) -> tensor<?x15xf32>
  return %r, %s, %x, %r : tensor<?x3x5xf32>, tensor<?x15xf32>, tensor<?x3x5xf32>, tensor<?x3x5xf32>
})"},
    {"f32 values that still lie on a grid: joined with others, averaged", R"(
func.func @f(%x: tensor<?x4x4x8xf32>, %z: tensor<?x4x4x8xf32>) -> (tensor<?x4x4x16xf32>, tensor<?x2x2x8xf32>, tensor<?x8xf32>, tensor<?x4x4x16xf32>) {
  %q = nibble.quantize %x : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8x!u8>
  %p = nibble.quantize %z : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8x!i4>
  %d = nibble.dequantize %q : (tensor<?x4x4x8x!u8>) -> tensor<?x4x4x8xf32, #nibble.grid<!u8>>
  %e = nibble.dequantize %p : (tensor<?x4x4x8x!i4>) -> tensor<?x4x4x8xf32, #nibble.grid<!i4>>
  %c = nibble.concat %d, %e {axis = 3 : i64} : (tensor<?x4x4x8xf32, #nibble.grid<!u8>>, tensor<?x4x4x8xf32, #nibble.grid<!i4>>) -> tensor<?x4x4x16xf32>
  %a = nibble.avg_pool2d %d {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x8xf32, #nibble.grid<!u8>>) -> tensor<?x2x2x8xf32>
  %g = nibble.global_avg_pool %e : (tensor<?x4x4x8xf32, #nibble.grid<!i4>>) -> tensor<?x8xf32>
  %s = nibble.concat %x, %d {axis = 3 : i64} : (tensor<?x4x4x8xf32>, tensor<?x4x4x8xf32, #nibble.grid<!u8>>) -> tensor<?x4x4x16xf32>
  return %c, %a, %g, %s : tensor<?x4x4x16xf32>, tensor<?x2x2x8xf32>, tensor<?x8xf32>, tensor<?x4x4x16xf32>
})"},
    {"weights only", R"(
func.func @f(%x: tensor<?x8xf32>) -> tensor<?x5xf32> {
  %w = nibble.constant WEIGHTS40 : tensor<5x8xi8> : tensor<5x8x!i4>
  %v = nibble.dequantize %w : (tensor<5x8x!i4>) -> tensor<5x8xf32, #nibble.grid<!i4>>
  %y = nibble.linear %x, %v : (tensor<?x8xf32>, tensor<5x8xf32, #nibble.grid<!i4>>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
})"},
};

/// Text with WEIGHTS<n> as n signs.
std::string withWeights(std::string text) {
  for (size_t at; (at = text.find("WEIGHTS")) != std::string::npos;) {
    size_t length = 0;
    int64_t count = std::stoll(text.substr(at + 7), &length);
    text.replace(at, 7 + length, signs(count));
  }
  return text;
}

TEST(SupportShapes, GraphsAroundLayers) {
  CellRun run;
  for (auto [what, graph] : graphs) {
    std::string text = withWeights(graph);
    text = "!u8 = !quant.uniform<u8:f32, 3.125000e-02:9>\n!i4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>\n"
           "!t = !nibble.ternary<5.000000e-01>\n!u2 = !quant.uniform<u2:f32, 5.000000e-01:1>\n"
           "!i2 = !quant.uniform<i2:f32, 5.000000e-01>\n" +
           text;
    if (size_t at = text.find("LOOKUP"); at != std::string::npos)
      text.replace(at, 6, Target::host().has("avx2") ? ", " + givenKernel("lookup_u2s2_avx2") : "");
    auto refusal = run.add(what, text);
    EXPECT_FALSE(refusal) << what << ": " << refusal->message;
  }
  EXPECT_EQ(run.run(), static_cast<int>(std::size(graphs)));
}

/// One value that layers, residuals, averages and conversions read where it lies, packed.
TEST(SupportShapes, PackedValuesWithReadersOfAllKinds) {
  constexpr const char *graph = R"(
func.func @f(%x: tensor<?x6x6x40xf32>) -> (tensor<?x6x6x40xf32, #nibble.grid<!x>>, tensor<?x3x3x40xf32>, tensor<?x40xf32>, tensor<?x6x6x40xf32, #nibble.grid<!x>>, tensor<?x6x6x40xf32>) {
  %q = nibble.quantize %x : (tensor<?x6x6x40xf32>) -> tensor<?x6x6x40x!x>
  %w = nibble.constant WEIGHTS14400 : tensor<40x3x3x40xi8> : tensor<40x3x3x40x!w>
  %a = nibble.conv2d %q, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<BORDER>GIVEN} : (tensor<?x6x6x40x!x>, tensor<40x3x3x40x!w>) -> tensor<?x6x6x40xi32>
  %r = nibble.requantize %a, %q {multiplier = array<f32: 0.05>, bias = array<f32: 1.5>, BOUNDS, residual_multiplier = 0.4 : f32} : (tensor<?x6x6x40xi32>, tensor<?x6x6x40x!x>) -> tensor<?x6x6x40x!x>
  %b = nibble.conv2d %r, %w {strides = array<i64: 1, 1>, padding = #nibble.padding<BORDER>GIVEN} : (tensor<?x6x6x40x!x>, tensor<40x3x3x40x!w>) -> tensor<?x6x6x40xi32>
  %y = nibble.requantize %b, %q {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, residual_multiplier = 0.7 : f32} : (tensor<?x6x6x40xi32>, tensor<?x6x6x40x!x>) -> tensor<?x6x6x40xf32>
  %m = nibble.avg_pool2d %r {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x40x!x>) -> tensor<?x3x3x40xf32>
  %g = nibble.global_avg_pool %q : (tensor<?x6x6x40x!x>) -> tensor<?x40xf32>
  %d = nibble.dequantize %q : (tensor<?x6x6x40x!x>) -> tensor<?x6x6x40xf32, #nibble.grid<!x>>
  %e = nibble.dequantize %q : (tensor<?x6x6x40x!x>) -> tensor<?x6x6x40xf32, #nibble.grid<!x>>
  %s = nibble.requantize %e, %r {multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, BOUNDS, residual_multiplier = 0.5 : f32} : (tensor<?x6x6x40xf32, #nibble.grid<!x>>, tensor<?x6x6x40x!x>) -> tensor<?x6x6x40x!x>
  %z = nibble.dequantize %s : (tensor<?x6x6x40x!x>) -> tensor<?x6x6x40xf32, #nibble.grid<!x>>
  return %d, %m, %g, %z, %y : tensor<?x6x6x40xf32, #nibble.grid<!x>>, tensor<?x3x3x40xf32>, tensor<?x40xf32>, tensor<?x6x6x40xf32, #nibble.grid<!x>>, tensor<?x6x6x40xf32>
})";
  struct Packed {
    const char *types, *kernel, *border, *bounds;
  };
  const char *signs = "lo = array<f32: -1.0>, hi = array<f32: 1.0>";
  const Packed all[] = {
      {"!x = !nibble.binary\n!w = !nibble.binary\n", "lookup_b1b1_avx2", "1, 1, 1, 1, plus_one", signs},
      {"!x = !nibble.ternary<0.5>\n!w = !nibble.ternary<0.5>\n", "lookup_t2t2_avx2", "1, 1, 1, 1", signs},
      {"!x = !quant.uniform<u2:f32, 0.5:1>\n!w = !quant.uniform<i2:f32, 0.5>\n", "lookup_u2s2_avx2", "1, 1, 1, 1",
       "lo = array<f32: 0.0>, hi = array<f32: 3.0>"}};
  CellRun run;
  for (const Packed &packed : all) {
    std::string text = packed.types + withWeights(graph);
    auto replace = [&](const std::string &what, const std::string &with) {
      for (size_t at; (at = text.find(what)) != std::string::npos;)
        text.replace(at, what.size(), with);
    };
    replace("GIVEN", Target::host().has("avx2") ? ", " + givenKernel(packed.kernel) : "");
    replace("BORDER", packed.border);
    replace("BOUNDS", packed.bounds);
    auto refusal = run.add(packed.kernel, text);
    EXPECT_FALSE(refusal) << refusal->message << "\n" << text;
  }
  EXPECT_EQ(run.run(), static_cast<int>(std::size(all)));
}

/// Bytes that a layer of generated kernels reads and that are pooled: vectors of all widths, tails that overlap them,
/// windows with and without loops, averages of more taps than sums of 16 bits allow.
TEST(SupportShapes, PoolsOfBytes) {
  constexpr const char *text = R"(
!u8 = !quant.uniform<u8:f32, 3.125000e-02:9>
!i4 = !quant.uniform<i4<-7:7>:f32, 5.000000e-01>
func.func @f(%x: tensor<?x{0}x16x{1}xf32>) -> (tensor<?x{0}x16x8xf32>, tensor<?x{2}x8x{1}xf32>, tensor<?x{1}xf32>, tensor<?x{2}x8x{1}xf32, #nibble.grid<!u8>>, tensor<?x{0}x16x{1}xf32, #nibble.grid<!u8>>) {{
  %q = nibble.quantize %x : (tensor<?x{0}x16x{1}xf32>) -> tensor<?x{0}x16x{1}x!u8>
  %w = nibble.constant WEIGHTS{3} : tensor<8x1x1x{1}xi8> : tensor<8x1x1x{1}x!i4>
  %a = nibble.conv2d %q, %w {{strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x{0}x16x{1}x!u8>, tensor<8x1x1x{1}x!i4>) -> tensor<?x{0}x16x8xi32>
  %y = nibble.requantize %a {{multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x{0}x16x8xi32>) -> tensor<?x{0}x16x8xf32>
  %m = nibble.avg_pool2d %q {{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x{0}x16x{1}x!u8>) -> tensor<?x{2}x8x{1}xf32>
  %g = nibble.global_avg_pool %q : (tensor<?x{0}x16x{1}x!u8>) -> tensor<?x{1}xf32>
  %p = nibble.max_pool2d %q {{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x{0}x16x{1}x!u8>) -> tensor<?x{2}x8x{1}x!u8>
  %r = nibble.max_pool2d %q {{window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<?x{0}x16x{1}x!u8>) -> tensor<?x{0}x16x{1}x!u8>
  %d = nibble.dequantize %p : (tensor<?x{2}x8x{1}x!u8>) -> tensor<?x{2}x8x{1}xf32, #nibble.grid<!u8>>
  %e = nibble.dequantize %r : (tensor<?x{0}x16x{1}x!u8>) -> tensor<?x{0}x16x{1}xf32, #nibble.grid<!u8>>
  return %y, %m, %g, %d, %e : tensor<?x{0}x16x8xf32>, tensor<?x{2}x8x{1}xf32>, tensor<?x{1}xf32>, tensor<?x{2}x8x{1}xf32, #nibble.grid<!u8>>, tensor<?x{0}x16x{1}xf32, #nibble.grid<!u8>>
})";
  CellRun run;
  int all = 0;
  for (const int64_t channels : {1, 3, 4, 8, 12, 16, 20, 36, 44, 68, 140, 152, 300}) {
    const int64_t rows = channels < 20 ? 18 : 4;
    const std::string what = std::to_string(channels) + " channels";
    auto refusal = run.add(what, withWeights(formatv(text, rows, channels, rows / 2, 8 * channels).str()));
    EXPECT_FALSE(refusal) << what << ": " << refusal->message;
    ++all;
  }
  EXPECT_EQ(run.run(), all);
}

/// Portable depthwise layers, f32 and words of 16 bits: outputs together and one by one, overlapping the last ones, and
/// channels of all widths of vectors.
TEST(SupportShapes, DepthwiseOfFloatsAndWords) {
  struct Window {
    int64_t rows, columns, stride, dilation, padding;
  };
  CellRun run;
  int all = 0;
  for (const bool real : {true, false})
    for (const int64_t channels : {3, 8, 11, 16, 20, 37, 40})
      for (const Window &w : std::vector<Window>{{3, 3, 1, 1, 1},
                                                 {3, 3, 2, 1, 1},
                                                 {5, 5, 1, 1, 2},
                                                 {1, 2, 3, 1, 0},
                                                 {2, 9, 1, 1, 4},
                                                 {2, 10, 1, 1, 1},
                                                 {3, 3, 1, 3, 3},
                                                 {3, 4, 2, 2, 2}}) {
        const int64_t height = 6, width = 13;
        const auto outputs = [&](int64_t size, int64_t taps) {
          return (size + 2 * w.padding - (taps - 1) * w.dilation - 1) / w.stride + 1;
        };
        const Shape image{height, width, channels},
            result{outputs(height, w.rows), outputs(width, w.columns), channels};
        const std::string number = real ? "f32" : "!quant.uniform<i16:f32, 3.906250e-03>", in = tensor(image, number),
                          sums = tensor(result, real ? "f32" : "i32"), y = tensor(result, "f32"),
                          shape = formatv("{0}x{1}x{2}x1x", channels, w.rows, w.columns).str();
        std::string body, x = "%x";
        if (real) {
          body += formatv("  %w = nibble.constant {1} : tensor<{0}f32> : tensor<{0}f32>\n", shape,
                          floats(channels * w.rows * w.columns));
        } else {
          body += formatv("  %q = nibble.quantize %x : ({0}) -> {1}\n", tensor(image, "f32"), in);
          body +=
              formatv("  %w = nibble.constant {0} : tensor<{1}i8> : tensor<{1}!quant.uniform<i4<-7:7>:f32, 5.0e-01>>\n",
                      signs(channels * w.rows * w.columns), shape);
          x = "%q";
        }
        body += formatv(
            "  %a = nibble.conv2d {0}, %w {{strides = array<i64: {1}, {1}>, padding = #nibble.padding<{2}, {2}, "
            "{2}, {2}>, dilations = array<i64: {3}, {3}>, groups = {4} : i64} : ({5}, tensor<{6}{7}>) -> {8}\n",
            x, w.stride, w.padding, w.dilation, channels, in, shape,
            real ? "f32" : "!quant.uniform<i4<-7:7>:f32, 5.0e-01>", sums);
        if (!real)
          body += formatv("  %y = nibble.requantize %a {{multiplier = array<f32: 0.37>, bias = array<f32: 0.7>, lo = "
                          "array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : ({0}) -> {1}\n",
                          sums, y);
        const std::string text = formatv("func.func @f(%x: {0} {{nibble.name = \"x\"}) -> ({1} {{nibble.name = \"y\"}) "
                                         "{{\n{2}  return {3} : {1}\n}\n",
                                         tensor(image, "f32"), y, body, real ? "%a" : "%y");
        const std::string what = formatv("{0}, {1} channels, {2} x {3}, stride {4}, dilation {5}", real ? "f32" : "i16",
                                         channels, w.rows, w.columns, w.stride, w.dilation);
        auto refusal = run.add(what, text);
        EXPECT_FALSE(refusal) << what << ": " << refusal->message << "\n" << text;
        ++all;
      }
  EXPECT_EQ(run.run(), all);
}

/// No layer makes such tiles, whose padding is a third value; but their form allows them.
TEST(SupportShapes, BinaryTilesSkipPaddedTaps) {
  std::string text = withWeights(R"(
func.func @f(%x: tensor<3x4x5x33xf32>) -> (tensor<3x4x5x7xf32>, tensor<3x2x3x40xf32>, tensor<3x4x5x1xf32>) {
  %q = nibble.quantize %x : (tensor<3x4x5x33xf32>) -> tensor<3x4x5x33x!nibble.binary>
  %w = nibble.constant WEIGHTS2079 : tensor<7x3x3x33xi8> : tensor<7x3x3x33x!nibble.binary>
  %y = nibble.tile %q, %w {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, window = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1>} : (tensor<3x4x5x33x!nibble.binary>, tensor<7x3x3x33x!nibble.binary>) -> tensor<3x4x5x7xf32>
  %v = nibble.constant WEIGHTS33000 : tensor<40x5x5x33xi8> : tensor<40x5x5x33x!nibble.binary>
  %z = nibble.tile %q, %v {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, window = array<i64: 5, 5>, strides = array<i64: 2, 2>, padding = #nibble.padding<2, 2, 2, 2>} : (tensor<3x4x5x33x!nibble.binary>, tensor<40x5x5x33x!nibble.binary>) -> tensor<3x2x3x40xf32>
  %u = nibble.constant WEIGHTS297 : tensor<1x3x3x33xi8> : tensor<1x3x3x33x!nibble.binary>
  %t = nibble.tile %q, %u {multiplier = array<f32: 0.5>, bias = array<f32: 0.3>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, window = array<i64: 3, 3>, strides = array<i64: 3, 3>, padding = #nibble.padding<4, 5, 4, 7>} : (tensor<3x4x5x33x!nibble.binary>, tensor<1x3x3x33x!nibble.binary>) -> tensor<3x4x5x1xf32>
  return %y, %z, %t : tensor<3x4x5x7xf32>, tensor<3x2x3x40xf32>, tensor<3x4x5x1xf32>
})");
  Session session;
  auto module = session.parse(text);
  ASSERT_TRUE(module);
  std::vector<HostTensor> inputs = randomInputs(*module->getOps<mlir::func::FuncOp>().begin(), 1);
  auto expected = reference::interpret(*module->getOps<mlir::func::FuncOp>().begin(), inputs);
  ASSERT_TRUE(succeeded(expected)) << session.diagnostics;
  int ran = 0;
  for (auto [name, kernel] : {std::pair("x86_64-linux-gnu", "portable_binary"),
                              {"x86_64-linux-gnu,+avx2", "lookup_b1b1_avx2"},
                              {"x86_64-linux-gnu,+avx2", "lookup_b1b1_packed_avx2"},
                              {"x86_64-linux-gnu,+avx512vpopcntdq,+avx512bw,+avx512vl", "count_b1b1_avx512vpopcntdq"},
                              {"native", "portable_binary"}}) {
    auto target = Target::parse(name);
    if (!target || !target->runsOnHost())
      continue;
    ++ran;
    auto packed = session.parse(text);
    packed->walk(
        [&](TileOp tile) { tile->setAttr("nibble.given_kernel", mlir::StringAttr::get(tile.getContext(), kernel)); });
    ASSERT_TRUE(succeeded(session.runPipeline(*packed, "nibble-to-packed{target=" + target->str() + "}")))
        << kernel << ": " << session.diagnostics;
    auto compiled = Compiled::fromTiled(session, *packed, target->str());
    ASSERT_TRUE(compiled) << kernel;
    EXPECT_EQ(difference(*expected, compiled->run("f", inputs)), "") << kernel << " for " << name;
  }
  if (!ran)
    GTEST_SKIP() << "this machine runs no x86-64 code";
}

} // namespace
