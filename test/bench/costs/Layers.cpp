// Shapes and texts of the layers on which kernels are measured.
#include "test/bench/costs/Layers.h"

#include "compiler/Kernels/Binary.h"
#include "compiler/Kernels/Depthwise.h"
#include "compiler/Kernels/Listed.h"

#include <cstdio>
#include <random>

namespace nibble::bench {
namespace {

enum class Operands { F32, Bytes, Binary, Ternary, TwoBits };

Operands operandsOf(const std::string &kernel) {
  if (const kernels::LookupKernelInfo *lookup = kernels::findLookupKernel(kernel))
    switch (lookup->elements) {
    case kernels::LookupElements::Binary:
      return Operands::Binary;
    case kernels::LookupElements::Ternary:
      return Operands::Ternary;
    case kernels::LookupElements::TwoBits:
      return Operands::TwoBits;
    }
  if (kernel == "portable_binary")
    return Operands::Binary;
  return kernel == "portable_f32" ? Operands::F32 : Operands::Bytes;
}

bool isDepthwise(const std::string &kernel) {
  return kernels::findDepthwiseKernel(kernel) || kernel == "portable_depthwise";
}

/// The largest weight that the kernel takes with activations of 8 bits, whatever the shape.
int64_t largestWeight(const std::string &kernel) {
  const kernels::KernelInfo *dot = kernels::findKernel(kernel);
  if (!dot)
    return 127;
  if (dot->weightBits < 8)
    return dot->weightBits == 4 ? 7 : 1;
  return dot->accumulation == kernels::Accumulation::Windows16 ? 12
         : dot->accumulation == kernels::Accumulation::Pairs32 ? 64
                                                               : 127;
}

std::string floats(int64_t count, const char *value) {
  std::string text = "array<f32: ";
  for (int64_t i = 0; i < count; ++i)
    text += (i ? ", " : "") + std::string(value);
  return text + ">";
}

std::string times(std::initializer_list<int64_t> shape) {
  std::string text;
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text;
}

} // namespace

kernels::Work LayerShape::work() const {
  kernels::Work work;
  work.height = height, work.width = width, work.outputs = outputs, work.rows = work.columns = window;
  work.channels = depthwise ? 1 : channels;
  work.borderRows = std::min(height, window - 1), work.borderColumns = std::min(width, window - 1); // stride 1
  work.flat = flat();
  return work;
}

std::string LayerShape::text() const {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels) + " to " +
         std::to_string(outputs) + ", " + std::to_string(window) + "x" + std::to_string(window) + ", u" +
         std::to_string(activationBits);
}

std::vector<LayerShape> layersFor(const std::string &kernel, bool oneRow) {
  std::vector<LayerShape> layers;
  if (isDepthwise(kernel)) {
    if (!oneRow)
      layers = {{56, 56, 32, 32, 3}, {28, 28, 64, 64, 3},   {14, 14, 128, 128, 3}, {14, 14, 24, 24, 3},
                {7, 7, 256, 256, 3}, {14, 14, 240, 240, 5}, {28, 28, 8, 8, 3},     {14, 14, 37, 37, 5},
                {14, 14, 64, 64, 7}, {7, 7, 48, 48, 5},     {5, 5, 16, 16, 3},     {28, 28, 100, 100, 2}};
    for (LayerShape &layer : layers)
      layer.depthwise = true;
    return layers;
  }
  if (oneRow)
    layers = {{1, 1, 16, 8, 1},      {1, 1, 64, 10, 1},    {1, 1, 32, 32, 1},     {1, 1, 256, 32, 1},
              {1, 1, 128, 128, 1},   {1, 1, 512, 64, 1},   {1, 1, 1024, 10, 1},   {1, 1, 784, 100, 1},
              {1, 1, 512, 512, 1},   {1, 1, 2048, 256, 1}, {1, 1, 1024, 1024, 1}, {1, 1, 3136, 128, 1},
              {1, 1, 4096, 1024, 1}, {1, 1, 64, 512, 1},   {1, 1, 32, 16, 1},     {1, 1, 96, 48, 1}};
  else
    layers = {{14, 14, 64, 64, 3}, {28, 28, 32, 32, 3},  {14, 14, 16, 16, 3},  {7, 7, 128, 128, 3}, {14, 14, 32, 10, 3},
              {28, 28, 8, 16, 3},  {14, 14, 256, 64, 1}, {28, 28, 64, 64, 1},  {8, 8, 512, 128, 1}, {14, 14, 16, 96, 1},
              {10, 10, 32, 24, 5}, {4, 4, 64, 64, 3},    {3, 3, 128, 40, 3},   {2, 2, 256, 64, 2},  {28, 28, 8, 8, 1},
              {14, 14, 8, 128, 1}, {6, 6, 96, 33, 3},    {1, 8, 1024, 256, 1}, {1, 2, 512, 512, 1}, {1, 4, 256, 128, 1},
              {20, 20, 16, 48, 1}, {14, 14, 128, 128, 3}};
  // Lists are long: what they cost shows where they do not fit the nearest cache.
  if (oneRow && kernels::findListedKernel(kernel))
    std::erase_if(layers, [](const LayerShape &layer) { return layer.channels * layer.outputs < 1 << 16; });
  // Listed kernels are no candidates where sums of 16 bits need no lists.
  const int small = kernels::findListedKernel(kernel) ? 7 : 4;
  if (operandsOf(kernel) == Operands::Bytes)
    for (size_t i = 0, count = layers.size(); i < count; ++i) { // each second one as well without widening
      if (i % 2 == 0)
        layers.push_back(layers[i]);
      layers[i].activationBits = i % 2 ? small : 8;
      if (i % 2 == 0)
        layers.back().activationBits = small;
    }
  return layers;
}

std::vector<LayerShape> layersToVerify(const std::string &kernel) {
  std::vector<LayerShape> layers;
  if (isDepthwise(kernel)) {
    layers = {{4, 4, 8, 8, 3},     {8, 8, 8, 8, 5},     {14, 14, 16, 16, 3}, {28, 28, 24, 24, 3}, {56, 56, 16, 16, 3},
              {7, 7, 160, 160, 5}, {20, 20, 40, 40, 5}, {6, 6, 32, 32, 3},   {3, 3, 8, 8, 3},     {28, 28, 12, 12, 5}};
    for (LayerShape &layer : layers)
      layer.depthwise = true;
    return layers;
  }
  return {{1, 1, 8, 4, 1},   {1, 1, 48, 17, 1},   {1, 1, 400, 120, 1}, {1, 1, 1152, 64, 1}, {1, 2, 128, 17, 1},
          {3, 3, 40, 33, 3}, {5, 5, 16, 16, 3},   {12, 12, 32, 64, 3}, {28, 28, 16, 32, 3}, {7, 7, 64, 20, 3},
          {2, 2, 16, 16, 1}, {14, 14, 48, 16, 1}, {28, 28, 16, 8, 1},  {1, 16, 784, 64, 1}, {4, 4, 4, 2, 1},
          {10, 10, 8, 8, 5}, {8, 8, 24, 40, 3},   {14, 14, 64, 128, 1}};
}

std::string layerText(const std::string &kernel, const LayerShape &s) {
  const Operands operands = operandsOf(kernel);
  const kernels::KernelInfo *dot = kernels::findKernel(kernel);
  const bool signs = operands == Operands::Binary || (dot && dot->weightBits == 1);
  std::string x, w, y;
  switch (operands) {
  case Operands::F32:
    x = w = y = "f32";
    break;
  case Operands::Binary:
    x = w = y = "!nibble.binary";
    break;
  case Operands::Ternary:
    x = w = y = "!nibble.ternary<0.5>";
    break;
  case Operands::TwoBits:
    x = y = "!quant.uniform<u2:f32, 0.25>";
    w = "!quant.uniform<i2:f32, 0.5>";
    break;
  case Operands::Bytes:
    x = y = "!quant.uniform<u" + std::to_string(s.activationBits) + ":f32, 0.25>";
    w = signs ? "!nibble.binary" : "!quant.uniform<i8<-127:127>:f32, 0.5>";
  }
  const int64_t inner = s.depthwise ? 1 : s.channels, count = s.outputs * s.window * s.window * inner;
  std::mt19937 random(1);
  std::string hex = "\"0x";
  const bool isNormal = kernels::findListedKernel(kernel); // as weights are that have a few large ones
  const auto most = static_cast<uint32_t>(operands == Operands::Ternary ? 1 : largestWeight(kernel));
  for (int64_t i = 0; i < count; ++i) {
    char text[16];
    if (operands == Operands::F32) {
      hex += "0000003F"; // 0.5, little endian
      continue;
    }
    auto upTo = [&](uint32_t n) { return static_cast<int>(random() % (2 * n + 1)) - static_cast<int>(n); };
    const int value = operands == Operands::TwoBits ? static_cast<int>(random() % 4) - 2
                      : signs                       ? (random() % 2 ? 1 : -1)
                      : isNormal                    ? upTo(32) + upTo(32) + upTo(32) + upTo(31)
                                                    : upTo(most);
    std::snprintf(text, sizeof text, "%02X", static_cast<unsigned>(value) & 0xFF);
    hex += text;
  }
  hex += "\"";
  const std::string element = operands == Operands::F32 ? "f32" : "i8";
  const std::string window = times({s.outputs, s.window, s.window, inner});
  const int64_t before = (s.window - 1) / 2, behind = s.window - 1 - before;
  const std::string padding = std::to_string(before) + ", " + std::to_string(before) + ", " + std::to_string(behind) +
                              ", " + std::to_string(behind);
  std::string epilogue;
  if (operands == Operands::Binary) {
    std::string zeros;
    for (int64_t i = 0; i < s.outputs; ++i)
      zeros += i ? ", 0" : "0";
    epilogue = ", thresholds = array<i32: " + zeros + ">, flips = array<i32: " + zeros + ">";
  }
  if (operands != Operands::F32) {
    const bool isSigned = operands == Operands::Binary || operands == Operands::Ternary;
    const std::string high = isSigned                        ? "1.0"
                             : operands == Operands::TwoBits ? "3.0"
                             : s.activationBits == 4         ? "15.0"
                             : s.activationBits == 7         ? "127.0"
                                                             : "255.0";
    epilogue += ", lo = " + floats(1, isSigned ? "-1.0" : "0.0") + ", hi = " + floats(1, high.c_str());
  }
  if (operands != Operands::F32)
    epilogue += ", multiplier = " + floats(s.outputs, "0.01") + ", bias = " + floats(s.outputs, "0.5");
  const std::string image = times({s.height, s.width, s.channels}), result = times({s.height, s.width, s.outputs});
  return "func.func @layer(%x: tensor<?x" + image + x + ">) -> tensor<?x" + result + y +
         "> {\n  %w = nibble.constant dense<" + hex + "> : tensor<" + window + element + "> : tensor<" + window + w +
         ">\n  %y = nibble.tile %x, %w {groups = " + std::to_string(s.depthwise ? s.channels : 1) +
         " : i64, window = array<i64: " + std::to_string(s.window) + ", " + std::to_string(s.window) +
         ">, strides = array<i64: 1, 1>, padding = #nibble.padding<" + padding + ">" + epilogue + "} : (tensor<?x" +
         image + x + ">, tensor<" + window + w + ">) -> tensor<?x" + result + y + ">\n  return %y : tensor<?x" +
         result + y + ">\n}\n";
}

} // namespace nibble::bench
