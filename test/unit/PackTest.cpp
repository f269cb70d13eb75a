// The packed and tiled stages compute what the quantized stage does: every pass, every kernel, every pair of operands.
#include "test/unit/Equivalence.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace nibble::test;
using llvm::formatv;

namespace {

const std::string passes[] = {
    "func.func(nibble-form-tiles)",
    "func.func(nibble-form-tiles,nibble-select-kernels{target=x86_64-linux-gnu,+avx2},nibble-assign-layouts)",
    ("func.func(nibble-form-tiles,nibble-select-kernels{target=x86_64-linux-gnu,+avx2},nibble-assign-layouts,"
     "nibble-materialize-layouts,nibble-verify-layouts)"),
    "nibble-to-packed{target=x86_64-linux-gnu,+avx2}",
    "nibble-to-packed{target=aarch64-linux-gnu}",
    "nibble-to-packed{target=x86_64-linux-gnu,+avx2},nibble-to-tiled{target=x86_64-linux-gnu batch-tile=3}"};

void expectAllEquivalent(const std::string &text) {
  for (const std::string &pipeline : passes) {
    SCOPED_TRACE(pipeline);
    expectEquivalent(text, pipeline, {.rounds = 2, .batch = 3});
    if (testing::Test::HasFatalFailure())
      return;
  }
}

/// Values in [lo, hi] without 0 for binary ones, always the same for one seed, as nested brackets.
std::string dense(ArrayRef<int64_t> shape, int64_t lo, int64_t hi, uint64_t &state, const char *suffix = "") {
  if (shape.empty()) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    int64_t value = lo + static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(hi - lo + 1));
    return std::to_string(value) + suffix;
  }
  std::string text;
  for (int64_t i = 0; i < shape[0]; ++i)
    text += (i ? ", " : "") + dense(shape.drop_front(), lo, hi, state, suffix);
  return "[" + text + "]";
}

struct Number {
  std::string type;
  int64_t lo, hi; ///< of weights
};

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text;
}

std::string weights(const Number &number, ArrayRef<int64_t> shape) {
  uint64_t state = 7;
  std::string value = number.type == "!nibble.binary"
                          ? dense(shape, 0, 1, state)
                          : dense(shape, number.lo, number.hi, state, number.type == "f32" ? ".5" : "");
  if (number.type == "!nibble.binary")
    for (size_t at = 0; (at = value.find('0', at)) != std::string::npos;)
      value.replace(at, 1, "-1");
  std::string storage = number.type == "f32" ? "f32" : number.hi > 127 ? "i16" : "i8";
  return formatv("nibble.constant dense<{0}> : tensor<{1}{2}> : tensor<{1}{3}>", value, shapeText(shape), storage,
                 number.type);
}

struct Layer {
  int64_t size, channels, outputs, window, groups = 1, stride = 1, pad = 0;
};

/// One convolution from f32 through a quantiser to f32, with zero padding or, for a binary input, padding of +1.
std::string convolution(const Number &x, const Number &w, const Layer &l) {
  int64_t out = (l.size + 2 * l.pad - l.window) / l.stride + 1;
  std::string in = formatv("tensor<?x{0}x{0}x{1}x", l.size, l.channels);
  std::string y = formatv("tensor<?x{0}x{0}x{1}x", out, l.outputs);
  std::string kernel = formatv("tensor<{0}x{1}x{1}x{2}x{3}>", l.outputs, l.window, l.channels / l.groups, w.type);
  bool floats = x.type == "f32";
  std::string body = floats ? "" : formatv("%q = nibble.quantize %x : ({0}f32>) -> {0}{1}>\n", in, x.type).str();
  std::string sum = floats ? "f32" : "i32";
  body += formatv("%w = {0}\n", weights(w, {l.outputs, l.window, l.window, l.channels / l.groups}));
  body +=
      formatv("%a = nibble.conv2d {0}, %w {{strides = array<i64: {1}, {1}>, padding = #nibble.padding<{2}, {2}, {2}, "
              "{2}{3}>, groups = {4} : i64} : ({5}{6}>, {7}) -> {8}{9}>\n",
              floats ? "%x" : "%q", l.stride, l.pad, l.pad && x.type == "!nibble.binary" ? ", plus_one" : "", l.groups,
              in, x.type, kernel, y, sum);
  return formatv(
      "func.func @f(%x: {0}f32>) -> {1}f32> {{\n{2}%y = nibble.requantize %a {{multiplier = array<f32: 0.37>, bias "
      "= array<f32: 0.7>, lo = array<f32: -50.0>, hi = array<f32: 0x7F800000>} : ({1}{3}>) -> {1}f32>\nreturn "
      "%y : {1}f32>\n}\n",
      in, y, body, sum);
}

TEST(PackTest, EveryPairOfOperandsAndEveryKernel) {
  const Number inputs[] = {{"f32", 0, 0},
                           {"!quant.uniform<u8:f32, 3.125000e-02:5>", 0, 0},
                           {"!quant.uniform<u3:f32, 5.000000e-01>", 0, 0},
                           {"!quant.uniform<i8:f32, 3.125000e-02>", 0, 0},
                           {"!quant.uniform<i16:f32, 1.562500e-02>", 0, 0},
                           {"!nibble.ternary<0.5>", 0, 0},
                           {"!nibble.binary", 0, 0}};
  const Number numbers[] = {{"f32", -2, 2},
                            {"!quant.uniform<i8<-127:127>:f32, 5.000000e-01>", -127, 127},
                            {"!quant.uniform<u8:f32, 5.000000e-01>", 0, 255},
                            {"!quant.uniform<i5<-15:15>:f32, 5.000000e-01>", -15, 15},
                            {"!quant.uniform<i4<-7:7>:f32, 5.000000e-01>", -7, 7},
                            {"!quant.uniform<u4:f32, 5.000000e-01>", 0, 15},
                            {"!quant.uniform<i3<-3:3>:f32, 5.000000e-01>", -3, 3},
                            {"!quant.uniform<i2:f32, 5.000000e-01>", -2, 1},
                            {"!quant.uniform<u1:f32, 5.000000e-01>", 0, 1},
                            {"!nibble.ternary<0.5>", -1, 1},
                            {"!nibble.binary", -1, 1}};
  const Layer layers[] = {
      {3, 8, 3, 3}, {4, 3, 17, 3, 1, 2, 1}, {3, 4, 4, 3, 4, 1, 1}, {3, 4, 6, 2, 2, 1, 0}, {1, 33, 5, 1}};
  for (const Number &x : inputs)
    for (const Number &w : numbers) {
      if ((x.type == "f32") != (w.type == "f32"))
        continue;
      for (const Layer &layer : layers) {
        SCOPED_TRACE(
            formatv("{0} x {1}, {2} channels in {3} groups", x.type, w.type, layer.channels, layer.groups).str());
        std::string text = convolution(x, w, layer);
        expectEquivalent(text, "nibble-to-packed{target=x86_64-linux-gnu,+avx2}", {.rounds = 1});
        expectEquivalent(text, "nibble-to-packed{target=riscv64-linux-gnu}", {.rounds = 1});
        if (HasFatalFailure())
          return;
      }
    }
}

TEST(PackTest, BytesThroughPoolingLinearAndResidual) {
  uint64_t state = 3;
  std::string w1 = dense({16, 3, 3, 4}, -7, 7, state), w2 = dense({5, 64}, -7, 7, state),
              w3 = dense({5, 5}, -7, 7, state);
  expectAllEquivalent(formatv(R"(
!u8 = !quant.uniform<u8:f32, 0.03125:9>
!v8 = !quant.uniform<u8:f32, 0.5>
!w4 = !quant.uniform<i4<-7:7>:f32, 0.5>
func.func @f(%x: tensor<?x6x6x4xf32>) -> (tensor<?x5xf32>, tensor<?x5xf32, #nibble.grid<!v8>>) {{
  %q = nibble.quantize %x : (tensor<?x6x6x4xf32>) -> tensor<?x6x6x4x!u8>
  %w = nibble.constant dense<{0}> : tensor<16x3x3x4xi8> : tensor<16x3x3x4x!w4>
  %a = nibble.conv2d %q, %w {{strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x6x6x4x!u8>, tensor<16x3x3x4x!w4>) -> tensor<?x4x4x16xi32>
  %r = nibble.requantize %a {{multiplier = array<f32: 0.125>, bias = array<f32: 10.5>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x4x4x16xi32>) -> tensor<?x4x4x16x!v8>
  %p = nibble.max_pool2d %r {{window = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = #nibble.padding<1, 1, 0, 0>} : (tensor<?x4x4x16x!v8>) -> tensor<?x2x2x16x!v8>
  %f = nibble.reshape %p : (tensor<?x2x2x16x!v8>) -> tensor<?x64x!v8>
  %v = nibble.constant dense<{1}> : tensor<5x64xi8> : tensor<5x64x!w4>
  %l = nibble.linear %f, %v : (tensor<?x64x!v8>, tensor<5x64x!w4>) -> tensor<?x5xi32>
  %s = nibble.requantize %l {{multiplier = array<f32: 0.25>, bias = array<f32: 1.0>, lo = array<f32: 0.0>, hi = array<f32: 255.0>} : (tensor<?x5xi32>) -> tensor<?x5x!v8>
  %u = nibble.constant dense<{2}> : tensor<5x5xi8> : tensor<5x5x!w4>
  %k = nibble.linear %s, %u : (tensor<?x5x!v8>, tensor<5x5x!w4>) -> tensor<?x5xi32>
  %y = nibble.requantize %k, %s {{multiplier = array<f32: 0.5, 1.0, 2.0, 0.1, 0.3>, bias = array<f32: 1.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>, residual_multiplier = 0.5 : f32} : (tensor<?x5xi32>, tensor<?x5x!v8>) -> tensor<?x5xf32>
  %z = nibble.dequantize %s : (tensor<?x5x!v8>) -> tensor<?x5xf32, #nibble.grid<!v8>>
  return %y, %z : tensor<?x5xf32>, tensor<?x5xf32, #nibble.grid<!v8>>
})",
                              w1, w2, w3));
}

TEST(PackTest, BitsThroughPadPoolConcatAndReshape) {
  std::string w1 = weights({"!nibble.binary", -1, 1}, {32, 3, 3, 5});
  std::string w2 = weights({"!nibble.binary", -1, 1}, {7, 3, 3, 64});
  std::string w3 = weights({"!nibble.binary", -1, 1}, {3, 28});
  expectAllEquivalent(formatv(R"(
!b = !nibble.binary
func.func @f(%x: tensor<?x4x4x5xf32>) -> (tensor<?x3xf32>, tensor<?x2x2x7xf32>) {{
  %q = nibble.quantize %x : (tensor<?x4x4x5xf32>) -> tensor<?x4x4x5x!b>
  %w = {0}
  %a = nibble.conv2d %q, %w {{strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, minus_one>} : (tensor<?x4x4x5x!b>, tensor<32x3x3x5x!b>) -> tensor<?x4x4x32xi32>
  %r = nibble.requantize %a {{multiplier = array<f32: -0.5>, bias = array<f32: 1.25>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x4x4x32xi32>) -> tensor<?x4x4x32x!b>
  %c = nibble.concat %r, %r {{axis = 3 : i64} : (tensor<?x4x4x32x!b>, tensor<?x4x4x32x!b>) -> tensor<?x4x4x64x!b>
  %p = nibble.max_pool2d %c {{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x4x4x64x!b>) -> tensor<?x2x2x64x!b>
  %v = {1}
  %d = nibble.conv2d %p, %v {{strides = array<i64: 1, 1>, padding = #nibble.padding<1, 1, 1, 1, plus_one>} : (tensor<?x2x2x64x!b>, tensor<7x3x3x64x!b>) -> tensor<?x2x2x7xi32>
  %s = nibble.requantize %d {{multiplier = array<f32: 0.5>, bias = array<f32: 0.25>, lo = array<f32: -1.0>, hi = array<f32: 1.0>} : (tensor<?x2x2x7xi32>) -> tensor<?x2x2x7x!b>
  %f = nibble.reshape %s : (tensor<?x2x2x7x!b>) -> tensor<?x28x!b>
  %u = {2}
  %l = nibble.linear %f, %u : (tensor<?x28x!b>, tensor<3x28x!b>) -> tensor<?x3xi32>
  %y = nibble.requantize %l {{multiplier = array<f32: 0.5>, bias = array<f32: 1.0>, lo = array<f32: 0xFF800000>, hi = array<f32: 0x7F800000>} : (tensor<?x3xi32>) -> tensor<?x3xf32>
  %z = nibble.avg_pool2d %s {{window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = #nibble.padding<0, 0, 0, 0>} : (tensor<?x2x2x7x!b>) -> tensor<?x2x2x7xf32>
  return %y, %z : tensor<?x3xf32>, tensor<?x2x2x7xf32>
})",
                              w1, w2, w3));
}

TEST(PackTest, FloatsWeightOnlyAndQuantisedBoundaries) {
  std::string w1 = weights({"f32", -3, 3}, {5, 12}),
              w2 = weights({"!quant.uniform<i4<-7:7>:f32:0, {0.5, 0.25}>", -7, 7}, {2, 5});
  expectAllEquivalent(formatv(R"(
!u8 = !quant.uniform<u8:f32, 0.03125:9>
!w4 = !quant.uniform<i4<-7:7>:f32:0, {{0.5, 0.25}>
func.func @floats(%x: tensor<?x2x2x3xf32>) -> tensor<?x2xf32> {{
  %f = nibble.reshape %x : (tensor<?x2x2x3xf32>) -> tensor<?x12xf32>
  %w = {0}
  %a = nibble.linear %f, %w : (tensor<?x12xf32>, tensor<5x12xf32>) -> tensor<?x5xf32>
  %r = nibble.relu %a : (tensor<?x5xf32>) -> tensor<?x5xf32>
  %q = {1}
  %v = nibble.dequantize %q : (tensor<2x5x!w4>) -> tensor<2x5xf32, #nibble.grid<!w4>>
  %y = nibble.linear %r, %v : (tensor<?x5xf32>, tensor<2x5xf32, #nibble.grid<!w4>>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
func.func @boundaries(%x: tensor<?x2x2x3x!u8>, %b: tensor<?x40x!nibble.binary>) -> (tensor<?x12x!u8>, tensor<?x5x8x!nibble.binary>) {{
  %f = nibble.reshape %x : (tensor<?x2x2x3x!u8>) -> tensor<?x12x!u8>
  %c = nibble.reshape %b : (tensor<?x40x!nibble.binary>) -> tensor<?x5x8x!nibble.binary>
  return %f, %c : tensor<?x12x!u8>, tensor<?x5x8x!nibble.binary>
})",
                              w1, w2));
}

} // namespace
