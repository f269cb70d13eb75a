// The list of depthwise kernels, what they refuse, their constants, and the driver of their generators.
#include "compiler/Kernels/Depthwise.h"

#include "compiler/Kernels/Generate.h"
#include "compiler/Kernels/x64/DepthwiseLine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace nibble::kernels {

static constexpr DepthwiseKernelInfo registry[] = {
#define NIBBLE_DEPTHWISE_KERNEL(NAME, FEATURES, PRODUCTS, GENERATOR)                                                   \
  {#NAME, FEATURES, DepthwiseProducts::PRODUCTS, GENERATOR},
#include "compiler/Kernels/Depthwise.def"
};

static constexpr int laneBytes = 4, vectors = 4; // of 8 lanes: one block
static constexpr int groupBytes = depthwiseBlock * laneBytes;

std::span<const DepthwiseKernelInfo> depthwiseKernels() { return registry; }

const DepthwiseKernelInfo *findDepthwiseKernel(std::string_view name) { return findByName(depthwiseKernels(), name); }

std::vector<DepthwiseRows> depthwiseRows(DepthwiseProducts products, int windowRows, int windowColumns) {
  const int slots = products == DepthwiseProducts::Quads ? 4 : 2;
  std::vector<DepthwiseRows> all;
  for (int first = 0; first < windowRows; first += slots) {
    const int rows = std::min(slots, windowRows - first);
    const int height = static_cast<int>(std::bit_ceil(static_cast<unsigned>(rows))), span = slots / height;
    all.push_back({first, rows, height, span, (windowColumns + span - 1) / span});
  }
  return all;
}

bool halvesFit(std::span<const int8_t> weights, int64_t maxActivation) {
  int64_t sums[4] = {}; // positive and negative low halves, high halves
  for (const int8_t w : weights) {
    const auto [low, high] = splitWeight(w);
    sums[low < 0] += std::abs(low);
    sums[2 + (high < 0)] += std::abs(high);
  }
  return maxActivation * *std::max_element(std::begin(sums), std::end(sums)) <= INT16_MAX;
}

static int64_t groupsOf(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params) {
  int64_t groups = 0;
  for (const DepthwiseRows &rows : depthwiseRows(kernel.products, params.windowRows, params.windowColumns))
    groups += rows.groups;
  return groups;
}

int64_t lineBytes(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params) {
  const size_t sets = depthwiseRows(kernel.products, params.windowRows, params.windowColumns).size();
  const int bytes = kernel.products == DepthwiseProducts::Halves ? laneBytes / 2 : laneBytes;
  return params.columns() * static_cast<int64_t>(sets) * depthwiseBlock * bytes;
}

int64_t recordBytes(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params) {
  return (groupsOf(kernel, params) + (params.result == DepthwiseResult::Bytes ? 3 : 1)) * depthwiseBlock * laneBytes;
}

/// Where channel c of a block lies among its lanes: interleaving keeps each half of 16 channels apart.
static int laneOf(int64_t c) { return static_cast<int>(c % 16 / vectors * 8 + c / 16 * 4 + c % 4); }

std::vector<uint8_t> packDepthwise(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params,
                                   const DepthwiseConstants &constants) {
  const auto sets = depthwiseRows(kernel.products, params.windowRows, params.windowColumns);
  const int64_t record = recordBytes(kernel, params), window = int64_t(params.windowRows) * params.windowColumns;
  std::vector<uint8_t> b(params.blocks() * record, 0);
  for (int64_t c = 0; c < params.channels; ++c) {
    const int64_t inBlock = c % depthwiseBlock;
    uint8_t *group = b.data() + c / depthwiseBlock * record; // or what follows the groups
    const auto put = [&](const auto &value) {
      std::memcpy(group + laneOf(inBlock) * laneBytes, &value, sizeof value);
      group += groupBytes;
    };
    for (const DepthwiseRows &set : sets)
      for (int g = 0; g < set.groups; ++g) {
        int8_t taps[laneBytes] = {}; // by slots
        for (int slot = 0; slot < set.height * set.span; ++slot) {
          const int row = slot % set.height, column = g * set.span + slot / set.height;
          if (row < set.rows && column < params.windowColumns)
            taps[slot] = constants.weights[c * window + (set.first + row) * params.windowColumns + column];
        }
        if (kernel.products == DepthwiseProducts::Quads) {
          put(taps);
        } else if (kernel.products == DepthwiseProducts::Pairs) {
          put(std::array<int16_t, 2>{taps[0], taps[1]});
        } else {
          // Lanes of 16 bits: a vector of low halves and one of high ones for each 8 channels of both 16.
          uint8_t *low = group + inBlock % 16 / 8 * 64 + (inBlock / 16 * 8 + inBlock % 8) * 2;
          for (int slot = 0; slot < 2; ++slot) {
            const WeightHalves halves = splitWeight(taps[slot]);
            low[slot] = static_cast<uint8_t>(halves.low), low[32 + slot] = static_cast<uint8_t>(halves.high);
          }
          group += groupBytes;
        }
      }
    put(constants.start[c]);
    if (params.result == DepthwiseResult::Bytes) {
      put(constants.multiplier[c]);
      put(constants.bias[c]);
    }
  }
  return b;
}

std::string depthwiseRefusal(const DepthwiseParams &params) {
  return outsideLimits({{"channels", params.channels, 1, depthwiseMaxStride},
                        {"outputs", params.outputs, 1, depthwiseMaxOutputs},
                        {"rows of the window", params.windowRows, 1, depthwiseMaxWindow},
                        {"columns of the window", params.windowColumns, 1, depthwiseMaxWindow},
                        {"the stride", params.stride, 1, depthwiseMaxWindow},
                        {"the first row", params.firstRow, 0, params.windowRows},
                        {"the last row", params.lastRow, params.firstRow, params.windowRows},
                        {"columns of padding in front", params.before, 0, params.windowColumns - 1},
                        {"columns of the input", params.inputs,
                         params.columns() - params.before - params.windowColumns + 1, depthwiseMaxStride},
                        {"columns of the input", params.inputs, 0, depthwiseMaxStride},
                        {"the row stride", params.aRowStride, 0, depthwiseMaxStride},
                        {"the pixel stride", params.pixelStride, 0, depthwiseMaxStride},
                        {"the padded value", params.zero, 0, 255},
                        {"the offset", params.offset, -1024, 1024},
                        {"the lower bound", params.low, 0, 255},
                        {"the upper bound", params.high, params.low, 255}});
}

MachineCode generate(const DepthwiseKernelInfo &kernel, const DepthwiseParams &params, size_t initialBytes) {
  return generateCode(kernel.name, initialBytes,
                      [&](std::span<uint8_t> buffer) { return kernel.emit(kernel, params, buffer); });
}

} // namespace nibble::kernels
